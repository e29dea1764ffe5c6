//! One live subscription: waits for what its subscriber is to be sent, and
//! takes its answers. Dropping it ends it.

use std::sync::Arc;

use lictor_domain::Revision;
use tokio::sync::watch;

use super::cursor::{Cursor, NeverSent, Update};
use super::ledger::Ledger;
use super::registry::{Membership, Refusal};
use crate::clock;

/// A refused revision's reason is kept up to this many characters.
const REASON_MAX: usize = 500;

/// One live subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    membership: Membership,
    cursor: Cursor,
    ledger: watch::Receiver<Option<Arc<Ledger>>>,
}

impl Subscription {
    pub(super) fn begin(
        membership: Membership,
        ledger: watch::Receiver<Option<Arc<Ledger>>>,
        last: Option<Revision>,
    ) -> Self {
        if let Some(last) = last {
            membership.held(last);
        }
        Self {
            cursor: Cursor::new(membership.introduction().filter.clone(), last),
            membership,
            ledger,
        }
    }

    /// Waits for the next update. Dropping the wait loses nothing.
    pub(crate) async fn next(&mut self) -> Update {
        loop {
            let ledger = self.ledger.borrow_and_update().clone();
            let update = ledger.and_then(|ledger| self.cursor.next(&ledger));
            if let Some(update) = update {
                self.membership.sent(update.revision(), clock::mono());
                return update;
            }
            if self.ledger.changed().await.is_err() {
                // The hub is gone: there is nothing more to come.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The subscriber applied everything up to `revision`.
    ///
    /// # Errors
    /// [`NeverSent`], when it was sent no such revision.
    pub(crate) fn acked(&mut self, revision: Revision) -> Result<(), NeverSent> {
        self.cursor.acked(revision)?;
        self.membership.acked(revision, clock::mono());
        Ok(())
    }

    /// The subscriber refused `revision`.
    ///
    /// # Errors
    /// [`NeverSent`], when it was sent no such revision.
    pub(crate) fn nacked(&mut self, revision: Revision, reason: &str) -> Result<(), NeverSent> {
        let reason: String = reason.chars().take(REASON_MAX).collect();
        if self.cursor.nacked(revision)? {
            let subscriber = &self.membership.introduction().id;
            tracing::warn!(subscriber, %revision, reason, "a subscriber refused a revision");
        }
        self.membership.nacked(Refusal { revision, reason });
        Ok(())
    }
}
