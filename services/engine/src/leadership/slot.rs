//! What one instance knows of one store, and what it has asked of it.
//!
//! Invariant: at most one question is open per store, so answers cannot
//! overtake each other.

use std::time::Duration;

use lictor_domain::lease::LeaseRecord;
use lictor_domain::{Mono, Term};

use super::message::{CasAnswer, Unreachable};

/// One store, as seen from here.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    seen: Option<Seen>,
    certainty: Certainty,
    pending: Option<Pending>,
    due: Mono,
}

/// A record, or its absence, and since when it was seen just so.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) record: Option<LeaseRecord>,
    pub(super) since: Mono,
}

/// How far `seen` can be relied on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Certainty {
    /// The last question was answered with it.
    Current,
    /// The store did not answer a read.
    #[default]
    Unread,
    /// A write of ours may have been made, or may be yet.
    Unsettled,
}

#[derive(Clone, Debug)]
enum Pending {
    Read { asked: Mono },
    Cas { asked: Mono, new: LeaseRecord },
}

impl Seen {
    /// Whether the record bears the name `me`.
    pub(super) fn is_of(&self, me: &str) -> bool {
        self.record
            .as_ref()
            .is_some_and(|record| record.holder.as_deref() == Some(me))
    }

    /// The record's term; zero where there is none.
    pub(super) fn term(&self) -> Term {
        self.record.as_ref().map_or(Term(0), |record| record.term)
    }

    /// The record's counter; zero where there is none.
    pub(super) fn counter(&self) -> u64 {
        self.record.as_ref().map_or(0, |record| record.counter)
    }

    /// When `me` may take it: at once what was given back or bears its own
    /// name, else when nobody can rely on it any more.
    ///
    /// A missing record is free at once only where the other store has none
    /// either (`both_missing`): otherwise it was lost, perhaps by a holder that
    /// does not know yet.
    pub(super) fn free_at(&self, me: &str, lease: Duration, both_missing: bool) -> Mono {
        let free = match &self.record {
            None => both_missing,
            Some(record) => record.holder.as_deref().is_none_or(|holder| holder == me),
        };
        if free { self.since } else { self.since + lease }
    }
}

impl Slot {
    /// What was last seen, be it current or not.
    pub(super) const fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }

    /// What is known to be there, if nothing is being asked just now.
    pub(super) fn known(&self) -> Option<&Seen> {
        self.seen
            .as_ref()
            .filter(|_| self.is_idle() && self.is_current())
    }

    pub(super) fn is_current(&self) -> bool {
        self.certainty == Certainty::Current
    }

    pub(super) const fn is_idle(&self) -> bool {
        self.pending.is_none()
    }

    /// When to ask next, unless an answer calls for more.
    pub(super) const fn due(&self) -> Mono {
        self.due
    }

    pub(super) fn is_due(&self, now: Mono) -> bool {
        self.is_idle() && now >= self.due
    }

    pub(super) fn set_due(&mut self, due: Mono) {
        self.due = due;
    }

    /// Whether a record of `me` is here, or may be.
    pub(super) fn may_bear(&self, me: &str) -> bool {
        matches!(self.pending, Some(Pending::Cas { .. }))
            || self.certainty == Certainty::Unsettled
            || self.seen.as_ref().is_some_and(|seen| seen.is_of(me))
    }

    /// A read goes out.
    pub(super) fn read_asked(&mut self, now: Mono) {
        self.pending = Some(Pending::Read { asked: now });
    }

    /// A compare-and-set to `new` goes out.
    pub(super) fn cas_asked(&mut self, new: LeaseRecord, now: Mono) {
        self.pending = Some(Pending::Cas { asked: now, new });
    }

    /// The answer to the open read; nothing happens where none is open.
    pub(super) fn read_answered(
        &mut self,
        result: Result<Option<LeaseRecord>, Unreachable>,
        now: Mono,
        poll: Duration,
    ) {
        let Some(Pending::Read { asked }) = self.pending else {
            return;
        };
        self.pending = None;
        self.due = asked + poll;
        match result {
            Ok(record) => self.see(record, now),
            Err(Unreachable) if self.is_current() => self.certainty = Certainty::Unread,
            Err(Unreachable) => {}
        }
    }

    /// The answer to the open compare-and-set: the instant it was issued.
    /// `None` where no such attempt is open.
    pub(super) fn cas_answered(
        &mut self,
        attempt: u64,
        answer: CasAnswer,
        now: Mono,
        poll: Duration,
    ) -> Option<Mono> {
        let open = self
            .pending
            .take_if(|open| matches!(open, Pending::Cas { new, .. } if new.counter == attempt));
        let Some(Pending::Cas { asked, new }) = open else {
            return None;
        };
        self.due = asked + poll;
        match answer {
            CasAnswer::Held => self.see(Some(new), now),
            CasAnswer::Refused | CasAnswer::Unknown => self.certainty = Certainty::Unsettled,
        }
        Some(asked)
    }

    fn see(&mut self, record: Option<LeaseRecord>, now: Mono) {
        self.certainty = Certainty::Current;
        if self.seen.as_ref().is_none_or(|seen| seen.record != record) {
            self.seen = Some(Seen { record, since: now });
        }
    }
}
