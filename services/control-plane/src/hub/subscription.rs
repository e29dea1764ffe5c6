//! One live subscription: says what its subscriber is to be sent, and takes its
//! answers. Dropping it ends it.

use std::sync::Arc;
use std::task::{Context, Poll};

use lictor_domain::{Hints, Revision};

use super::behind::Behind;
use super::cursor::{Cursor, NeverSent};
use super::parcel::{Next, Parcel};
use super::registry::Membership;
use super::subscriber::{Refusal, SubscriberKind};
use crate::clock;

/// A refused revision's reason is kept up to this many characters.
const REASON_MAX: usize = 500;

/// One live subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    membership: Membership,
    cursor: Cursor,
    /// The number of the last hints sent.
    hints: u64,
}

impl Subscription {
    pub(super) const fn new(membership: Membership, cursor: Cursor) -> Self {
        Self {
            membership,
            cursor,
            hints: 0,
        }
    }

    /// What is to be sent next, which counts as sent; `None` when the hub has
    /// ended.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Next>> {
        self.membership.entry.listen(context.waker());
        if self.membership.hub.has_ended() || self.is_circular() {
            return Poll::Ready(None);
        }
        let relays = self.is_relay();
        let next = self.membership.view.look(|sight| {
            let next = self.cursor.next(sight);
            // Those behind it may come with any revision.
            next.or_else(|| relays.then(|| self.cursor.risen(sight)).flatten())
        });
        if let Some(parcel) = next {
            let revision = parcel.content().revision();
            self.membership.entry.sent(revision, clock::mono());
            return Poll::Ready(Some(Next::Update(parcel)));
        }
        self.next_hints().map_or(Poll::Pending, |parcel| {
            Poll::Ready(Some(Next::Hints(parcel)))
        })
    }

    /// Whether a lictord would relay what is relayed here.
    fn is_circular(&self) -> bool {
        self.is_relay() && self.membership.hub.is_relayed()
    }

    /// Whether the subscriber is a lictord that relays.
    pub(crate) fn is_relay(&self) -> bool {
        self.membership.entry.introduction.kind == SubscriberKind::Lictord
    }

    /// The newest revision of the hub's table.
    pub(crate) fn head(&self) -> Option<Revision> {
        self.membership.hub.revision()
    }

    /// What stands behind the subscriber, and how many there did not acknowledge
    /// the revision that they have answered to.
    ///
    /// # Errors
    /// [`NeverSent`], when it was sent no such revision.
    pub(crate) fn relayed(
        &mut self,
        revision: Option<Revision>,
        behind: Behind,
        late: u32,
    ) -> Result<(), NeverSent> {
        self.membership.entry.relays(behind, late);
        revision.map_or(Ok(()), |revision| self.acked(revision))
    }

    fn next_hints(&mut self) -> Option<Arc<Parcel<Hints>>> {
        if !self.membership.entry.introduction.hints || self.cursor.holds_nothing() {
            return None;
        }
        let (number, parcel) = self.membership.view.hints_after(self.hints)?;
        self.hints = number;
        Some(parcel)
    }

    /// The subscriber applied everything up to `revision`.
    ///
    /// # Errors
    /// [`NeverSent`], when it was sent no such revision.
    pub(crate) fn acked(&mut self, revision: Revision) -> Result<(), NeverSent> {
        self.cursor.acked(revision)?;
        self.membership.entry.acked(revision, clock::mono());
        self.membership.hub.answered();
        Ok(())
    }

    /// The subscriber refused `revision`.
    ///
    /// # Errors
    /// [`NeverSent`], when it was sent no such revision.
    pub(crate) fn nacked(&mut self, revision: Revision, reason: &str) -> Result<(), NeverSent> {
        let reason: String = reason.chars().take(REASON_MAX).collect();
        if self.cursor.nacked(revision)? {
            let subscriber = &self.membership.entry.introduction.id;
            tracing::warn!(subscriber, %revision, reason, "a subscriber refused a revision");
        }
        self.membership.entry.nacked(Refusal { revision, reason });
        self.membership.hub.answered();
        Ok(())
    }
}
