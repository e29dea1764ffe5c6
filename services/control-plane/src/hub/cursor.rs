//! Where one subscriber stands, and what it is to be sent next. Pure.
//!
//! Laws: what is sent leads the subscriber from what it holds to the table of
//! a revision, seen through its filter; a revision that changes nothing for it
//! is not sent; one that it refused is not sent again.

use std::sync::Arc;

use lictor_domain::Revision;
use thiserror::Error;

use super::ledger::HISTORY;
use super::parcel::{Parcel, Update};
use super::sight::Sight;

/// Further behind than this many changes, a subscriber gets a snapshot.
pub(super) const LIVE: usize = 16;

/// An answer to a revision that was never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("revision {0} was not sent on this stream")]
pub(crate) struct NeverSent(Revision);

/// Where one subscriber stands.
#[derive(Debug)]
pub(super) struct Cursor {
    /// What it holds, and the next delta starts from; without it the next
    /// thing sent is a snapshot.
    base: Option<Revision>,
    /// Everything up to here was sent, or does not concern it.
    seen: Option<Revision>,
    /// It holds this revision, which was never one of this hub's: it is sent
    /// only what is higher.
    foreign: Option<Revision>,
    /// The last revision sent, or held from before.
    sent: Option<Revision>,
    /// The highest revision it refused.
    refused: Option<Revision>,
    /// Changes it may be behind without getting a snapshot.
    patience: usize,
}

impl Cursor {
    /// A subscriber that holds the table of `last`, or nothing. What it missed
    /// since is sent change by change as far as the revision is `known`.
    pub(super) fn new(last: Option<Revision>, known: bool) -> Self {
        let held = last.filter(|_| known);
        Self {
            base: held,
            seen: held,
            foreign: last.filter(|_| !known),
            sent: last,
            refused: None,
            patience: HISTORY,
        }
    }

    /// What to send now; it counts as sent.
    pub(super) fn next(&mut self, sight: &Sight) -> Option<Arc<Parcel<Update>>> {
        if let Some(foreign) = self.foreign {
            return (sight.head() > foreign).then(|| self.snapshot(sight));
        }
        let Some(mut missed) = self.seen.and_then(|seen| sight.since(seen)) else {
            return Some(self.snapshot(sight));
        };
        let patience = self.patience;
        if missed.len() <= 1 {
            self.patience = LIVE;
        }
        let behind = missed.len();
        let step = missed.next()?;
        match self.base {
            Some(base) if behind <= patience => {
                self.holds(step.to());
                Some(step.from(base))
            }
            _ => Some(self.snapshot(sight)),
        }
    }

    /// The whole table once more, where nothing is missing and only its revision has
    /// risen; it counts as sent.
    pub(super) fn risen(&mut self, sight: &Sight) -> Option<Arc<Parcel<Update>>> {
        let follows = self.base.is_some() && self.base == self.sent;
        (follows && Some(sight.head()) > self.sent).then(|| self.snapshot(sight))
    }

    /// Whether it was sent nothing yet, and came with nothing.
    pub(super) const fn holds_nothing(&self) -> bool {
        self.sent.is_none()
    }

    /// It holds the table of `revision` now.
    pub(super) fn acked(&mut self, revision: Revision) -> Result<(), NeverSent> {
        self.was_sent(revision)?;
        if self.sent == Some(revision) && self.foreign.is_none() {
            self.base = Some(revision);
            self.seen = self.seen.max(Some(revision));
        }
        Ok(())
    }

    /// It refused `revision`, and whatever was on its way to be put on top. Once
    /// there is something newer, that is sent as a snapshot. Tells whether the
    /// refusal is news, and not one of what was on its way.
    pub(super) fn nacked(&mut self, revision: Revision) -> Result<bool, NeverSent> {
        self.was_sent(revision)?;
        // Each refusal can cause one more snapshot, so none counts twice.
        if self.refused >= Some(revision) {
            return Ok(false);
        }
        self.refused = Some(revision);
        self.base = None;
        self.seen = Some(revision);
        Ok(true)
    }

    fn was_sent(&self, revision: Revision) -> Result<(), NeverSent> {
        match self.sent {
            Some(sent) if revision <= sent => Ok(()),
            _ => Err(NeverSent(revision)),
        }
    }

    fn snapshot(&mut self, sight: &Sight) -> Arc<Parcel<Update>> {
        let parcel = sight.snapshot(self.sent);
        self.holds(parcel.content().revision());
        self.foreign = None;
        self.patience = LIVE;
        parcel
    }

    const fn holds(&mut self, revision: Revision) {
        self.base = Some(revision);
        self.seen = Some(revision);
        self.sent = Some(revision);
    }
}
