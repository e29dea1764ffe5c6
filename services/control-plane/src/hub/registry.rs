//! Who is subscribed. A subscriber is here exactly as long as its subscription
//! lives, among those who want the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use super::Hub;
use super::filter::Filter;
use super::ledger::Ledger;
use super::subscriber::Entry;
use super::view::View;
use crate::telemetry;

/// Different filters at most: each costs a little with every change.
const FILTERS: usize = 1000;

/// The hub takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum TooMany {
    /// Subscribers.
    #[error("there are {0} subscribers already, and no more are taken; ask another instance")]
    Subscribers(u32),
    /// Different filters.
    #[error(
        "subscribers have {FILTERS} different filters already, and no other is taken; use one \
         that others have, or none"
    )]
    Filters,
}

/// Everyone who is subscribed, by what they want.
#[derive(Debug, Default)]
pub(super) struct Registry {
    views: BTreeMap<Filter, Arc<View>>,
    joined: u64,
    present: u32,
}

impl Registry {
    pub(super) fn views(&self) -> impl Iterator<Item = &Arc<View>> {
        self.views.values()
    }

    /// Takes up one more, if there are fewer than `most`.
    pub(super) fn join(
        &mut self,
        filter: Filter,
        entry: Arc<Entry>,
        ledger: Option<&Ledger>,
        most: u32,
    ) -> Result<(Arc<View>, u64), TooMany> {
        if self.present >= most {
            return Err(TooMany::Subscribers(most));
        }
        let view = match self.views.get(&filter) {
            Some(view) => view.clone(),
            None if self.views.len() >= FILTERS => return Err(TooMany::Filters),
            None => {
                let view = Arc::new(View::new(filter.clone(), ledger));
                self.views.insert(filter, view.clone());
                view
            }
        };
        self.joined += 1;
        view.join(self.joined, entry);
        self.counts(self.present + 1);
        Ok((view, self.joined))
    }

    fn leave(&mut self, view: &View, key: u64) {
        if view.leave(key) {
            self.views.remove(view.filter());
        }
        self.counts(self.present - 1);
    }

    fn counts(&mut self, present: u32) {
        self.present = present;
        telemetry::subscribed(present);
    }
}

/// A place in the registry, until it is dropped.
#[derive(Debug)]
pub(super) struct Membership {
    pub(super) hub: Hub,
    pub(super) view: Arc<View>,
    pub(super) entry: Arc<Entry>,
    pub(super) key: u64,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.hub
            .with(|_, registry| registry.leave(&self.view, self.key));
        self.entry.leave();
        self.hub.answered();
    }
}
