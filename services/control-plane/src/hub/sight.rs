//! The table as one filter shows it, with what changed in it lately. Pure.
//!
//! Laws: each step leads from the part that the filter lets through of one
//! table to that of another, so the steps follow one another without a gap and
//! the last leads to the present; a revision that changes nothing in the part
//! makes no step. Two revisions with no step between show the same.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lictor_domain::{Revision, RoutingDelta, RoutingTable};

use super::ledger::HISTORY;
use super::parcel::{Parcel, Update};

/// A step is kept ready for so many revisions that subscribers hold: they
/// differ only where snapshots were taken between two steps.
const BASES: usize = 4;

/// The part of the table, and how it came to be.
#[derive(Debug)]
pub(super) struct Sight {
    /// The revision of the whole table.
    head: Revision,
    /// Its revision is the last one that changed something in it.
    part: Arc<RoutingTable>,
    /// What was before this revision is not known.
    floor: Revision,
    steps: VecDeque<Step>,
    snapshot: Mutex<Option<Arc<Parcel<Update>>>>,
}

/// One change of the part.
#[derive(Debug)]
pub(super) struct Step {
    delta: RoutingDelta,
    parcels: Mutex<Vec<Arc<Parcel<Update>>>>,
}

impl Sight {
    /// Begins with a table seen through the filter.
    pub(super) fn new(part: Arc<RoutingTable>) -> Self {
        Self {
            head: part.revision,
            floor: part.revision,
            part,
            steps: VecDeque::new(),
            snapshot: Mutex::default(),
        }
    }

    /// Follows the hub's table to what it is now; whether the part is another.
    pub(super) fn follow(&mut self, now: Arc<RoutingTable>) -> bool {
        if now.revision.term > self.head.term {
            // One who comes with a revision of the term before is to see it rise.
            self.forget_snapshot();
        }
        self.head = now.revision;
        let delta = self.part.diff(&now);
        if delta.is_empty() {
            return false;
        }
        if self.steps.len() == HISTORY
            && let Some(oldest) = self.steps.pop_front()
        {
            self.floor = oldest.delta.to;
        }
        self.steps.push_back(Step {
            delta,
            parcels: Mutex::default(),
        });
        self.part = now;
        self.forget_snapshot();
        true
    }

    /// The revision of the whole table.
    pub(super) const fn head(&self) -> Revision {
        self.head
    }

    /// What is seen.
    pub(super) const fn part(&self) -> &Arc<RoutingTable> {
        &self.part
    }

    /// The steps after `revision`, in order; `None` when they are not known any
    /// more.
    pub(super) fn since(&self, revision: Revision) -> Option<impl ExactSizeIterator<Item = &Step>> {
        let first = self.steps.partition_point(|step| step.to() <= revision);
        (revision >= self.floor).then(|| self.steps.range(first..))
    }

    /// The lowest revision at which the part is what it is at `revision`.
    pub(super) fn same_as(&self, revision: Revision) -> Revision {
        let steps = self.steps.partition_point(|step| step.to() <= revision);
        let last = steps.checked_sub(1).and_then(|at| self.steps.get(at));
        last.map_or(self.floor.min(revision), Step::to)
    }

    /// The whole part, under a revision that is not below `least`, if there is
    /// such a one.
    pub(super) fn snapshot(&self, least: Option<Revision>) -> Arc<Parcel<Update>> {
        let mut kept = lock(&self.snapshot);
        if let Some(parcel) = kept.as_ref()
            && Some(parcel.content().revision()) >= least
        {
            return parcel.clone();
        }
        let mut part = self.part.clone();
        if part.revision != self.head {
            Arc::make_mut(&mut part).revision = self.head;
        }
        let parcel = Parcel::new(Update::Snapshot(part));
        *kept = Some(parcel.clone());
        parcel
    }

    fn forget_snapshot(&mut self) {
        let kept = self.snapshot.get_mut();
        *kept.unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Step {
    /// The revision it leads to.
    pub(super) const fn to(&self) -> Revision {
        self.delta.to
    }

    /// The step for one who holds `base`, which shows what was before it.
    pub(super) fn from(&self, base: Revision) -> Arc<Parcel<Update>> {
        let mut parcels = lock(&self.parcels);
        let fits = |parcel: &&Arc<Parcel<Update>>| matches!(parcel.content(), Update::Delta(delta) if delta.from == base);
        if let Some(parcel) = parcels.iter().find(fits) {
            return parcel.clone();
        }
        let parcel = Parcel::new(Update::Delta(Box::new(RoutingDelta {
            from: base,
            ..self.delta.clone()
        })));
        if parcels.len() < BASES {
            parcels.push(parcel.clone());
        }
        parcel
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
