//! The newest events of every subject, in order of their numbers.
//!
//! Invariant: what is kept, followed from any number that [`Ring::follows`], leads
//! to the same state as every event since would have.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use super::{Event, Notice, Subject};

/// The ring.
#[derive(Debug)]
pub(super) struct Ring {
    most: usize,
    /// The number of the newest event.
    head: u64,
    /// The newest event that was dropped for want of room.
    dropped: u64,
    leads: bool,
    kept: BTreeMap<u64, Arc<Notice>>,
    newest: BTreeMap<Subject, u64>,
}

impl Ring {
    /// Keeps at most so many events.
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            head: 0,
            dropped: 0,
            leads: false,
            kept: BTreeMap::new(),
            newest: BTreeMap::new(),
        }
    }

    /// The number of the newest event.
    pub(super) const fn head(&self) -> u64 {
        self.head
    }

    /// What was told of the leadership last.
    pub(super) const fn leads(&self) -> bool {
        self.leads
    }

    /// Whether everything since this number is kept.
    pub(super) fn follows(&self, number: u64) -> bool {
        (self.dropped..=self.head).contains(&number)
    }

    /// Takes an event up; its number.
    pub(super) fn push(&mut self, event: Event, id: impl FnOnce(u64) -> String) -> u64 {
        if let Event::Leads(leads) = event {
            self.leads = leads;
        }
        self.head += 1;
        if let Some(older) = self.newest.insert(event.subject(), self.head) {
            self.kept.remove(&older);
        }
        let notice = Notice {
            id: id(self.head),
            event,
            wire: OnceLock::new(),
            json: OnceLock::new(),
        };
        self.kept.insert(self.head, Arc::new(notice));
        while self.kept.len() > self.most
            && let Some((number, notice)) = self.kept.pop_first()
        {
            self.newest.remove(&notice.event.subject());
            self.dropped = number;
        }
        self.head
    }

    /// The first kept event after this number that is wanted, with its number; that
    /// of the newest event when none is.
    pub(super) fn next(
        &self,
        after: u64,
        wanted: impl Fn(&Notice) -> bool,
    ) -> (u64, Option<Arc<Notice>>) {
        let later = (Bound::Excluded(after), Bound::Unbounded);
        let mut later = self.kept.range(later);
        later.find(|(_, notice)| wanted(notice)).map_or_else(
            || (self.head, None),
            |(number, notice)| (*number, Some(notice.clone())),
        )
    }
}
