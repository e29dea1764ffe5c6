//! What operators do stands in the audit log, refusals included. What is done is
//! written with its entry in one transaction; this is for all else, and what
//! Postgres does not take waits on disk.

use lictor_domain::Term;
use lictor_store::{AuditEntry, StoreError};

use crate::app::App;
use crate::spool::{self, Entry};

/// Writes an entry. What it tells has happened, so what hinders it is only
/// logged.
pub(crate) async fn write(app: &App, term: Term, entry: &AuditEntry) {
    let note = spool::noted(entry.clone());
    if app.spool.is_empty() {
        match app.store.audit_note_once(Some(term), &note).await {
            Ok(()) => return,
            Err(
                StoreError::Unavailable(_) | StoreError::Denied(_) | StoreError::StaleTerm { .. },
            ) => {}
            Err(error) => {
                let AuditEntry {
                    action,
                    target,
                    result,
                    ..
                } = entry;
                tracing::warn!(%error, action, target, result, "not in the audit log");
                return;
            }
        }
    }
    app.spool
        .put(term, vec![Entry::Audit(Box::new(note))])
        .await;
}
