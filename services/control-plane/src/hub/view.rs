//! Everyone who wants the same, and what they see. Work on a change is done
//! once here, and only a wake-up is left for each of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use lictor_domain::{ClusterName, Hints, Revision};

use super::filter::Filter;
use super::ledger::Ledger;
use super::parcel::Parcel;
use super::sight::Sight;
use super::subscriber::Entry;

/// A filter, what it shows, and who looks through it.
#[derive(Debug)]
pub(super) struct View {
    filter: Filter,
    /// `None` before the first term.
    sight: RwLock<Option<Sight>>,
    /// The last hints, by a number that rises.
    hints: RwLock<Option<(u64, Arc<Parcel<Hints>>)>>,
    members: Mutex<BTreeMap<u64, Arc<Entry>>>,
}

impl View {
    pub(super) fn new(filter: Filter, ledger: Option<&Ledger>) -> Self {
        Self {
            sight: RwLock::new(ledger.map(|ledger| ledger.seen_through(&filter))),
            hints: RwLock::default(),
            members: Mutex::default(),
            filter,
        }
    }

    pub(super) const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Follows the table to what it is now; whether something else is seen.
    pub(super) fn follow(&self, ledger: &Ledger) -> bool {
        let mut sight = self.sight.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(sight) = sight.as_mut() {
            return sight.follow(self.filter.of_table(ledger.table()));
        }
        *sight = Some(ledger.seen_through(&self.filter));
        true
    }

    /// What is seen now; `None` before the first term.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Sight) -> Option<T>) -> Option<T> {
        let sight = self.sight.read().unwrap_or_else(PoisonError::into_inner);
        sight.as_ref().and_then(look)
    }

    /// Takes over the hints about the clusters that are seen; whether they are
    /// news.
    pub(super) fn hint(&self, told: &BTreeMap<ClusterName, Hints>) -> bool {
        let clusters = self.look(|sight| Some(sight.part().clusters.clone()));
        let clusters = clusters.unwrap_or_default();
        let concerning = told.iter().filter(|(name, _)| clusters.contains_key(*name));
        let nodes = concerning
            .flat_map(|(_, hints)| hints.nodes.clone())
            .collect();
        let now = Hints { nodes };
        let mut held = self.hints.write().unwrap_or_else(PoisonError::into_inner);
        let number = match held.as_ref() {
            Some((_, parcel)) if *parcel.content() == now => return false,
            None if now.nodes.is_empty() => return false,
            Some((number, _)) => number + 1,
            None => 1,
        };
        *held = Some((number, Parcel::new(now)));
        true
    }

    /// The hints, if there are any after those of this number.
    pub(super) fn hints_after(&self, number: u64) -> Option<(u64, Arc<Parcel<Hints>>)> {
        let held = self.hints.read().unwrap_or_else(PoisonError::into_inner);
        held.clone().filter(|(held, _)| *held > number)
    }

    /// Whether its members are concerned by what happens to a cluster.
    pub(super) fn concerns(&self, name: &ClusterName) -> bool {
        let shows = |sight: &Sight| Some(sight.part().clusters.contains_key(name));
        self.filter.names(name) || self.look(shows) == Some(true)
    }

    /// Whoever has acknowledged this revision has all that its filter shows of
    /// `revision`.
    pub(super) fn due(&self, revision: Revision) -> Revision {
        self.look(|sight| Some(sight.same_as(revision)))
            .unwrap_or(revision)
    }

    pub(super) fn join(&self, key: u64, entry: Arc<Entry>) {
        self.members().insert(key, entry);
    }

    /// Whether nobody is left.
    pub(super) fn leave(&self, key: u64) -> bool {
        let mut members = self.members();
        members.remove(&key);
        members.is_empty()
    }

    pub(super) fn members(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Entry>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many its members stand for, of those who want the cluster.
    pub(super) fn stand_for(&self, cluster: Option<&ClusterName>) -> u32 {
        let members = self.members();
        let each = members.values().map(|entry| entry.stands_for(cluster));
        each.fold(0, u32::saturating_add)
    }

    /// Tells every member to look.
    pub(super) fn wake(&self) {
        for entry in self.members().values() {
            entry.wake();
        }
    }
}
