//! What operators do stands in the audit log, refusals included. What is done is
//! written with its entry in one transaction; this is for all else.

use lictor_domain::Term;
use lictor_store::AuditEntry;

use crate::app::Shared;

/// Writes an entry. What it tells has happened, so what hinders it is only
/// logged.
pub(crate) async fn write(app: &Shared, term: Term, entry: &AuditEntry) {
    if let Err(error) = app.store.audit_append(term, entry).await {
        let AuditEntry {
            action,
            target,
            result,
            ..
        } = entry;
        tracing::warn!(%error, action, target, result, "not in the audit log");
    }
}
