//! The table and its recent history.
//!
//! Law: the kept changes follow one another without a gap; they lead from the
//! origin to the table.

use std::collections::VecDeque;
use std::sync::Arc;

use lictor_domain::{
    ClusterName, ClusterRoute, Config, Epoch, Revision, RoutingDelta, RoutingTable, Term,
};
use lictor_engine::routing;
use thiserror::Error;

use super::filter::Filter;
use super::sight::Sight;

/// Changes kept for subscribers that come back.
pub(super) const HISTORY: usize = 128;

/// A table with its history.
#[derive(Debug)]
pub(super) struct Ledger {
    /// What the table is made of; `None` while it is another instance's.
    config: Option<Arc<Config>>,
    /// The table before the oldest kept change.
    origin: RoutingTable,
    changes: VecDeque<RoutingDelta>,
    table: Arc<RoutingTable>,
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Refused {
    /// No term has begun.
    #[error("term {term} has not begun")]
    NotBegun {
        /// The change's term.
        term: Term,
    },
    /// The table is another instance's.
    #[error("the table is the leader's, and relayed here")]
    Relayed,
    /// It is not above the table.
    #[error("revision {offered} is not above {held}")]
    NotNewer {
        /// The offered table's revision.
        offered: Revision,
        /// The table's revision.
        held: Revision,
    },
    /// It is of another term than the table.
    #[error("it is of term {term}, and the table is of term {current}")]
    OtherTerm {
        /// The change's term.
        term: Term,
        /// The table's term.
        current: Term,
    },
    /// A cluster would go back to an older primacy.
    #[error("cluster {cluster} would go back from epoch {held} to {offered}")]
    OlderEpoch {
        /// The cluster.
        cluster: ClusterName,
        /// The table's epoch.
        held: Epoch,
        /// The change's epoch.
        offered: Epoch,
    },
}

impl Ledger {
    /// The first one of a process: a complete table of a term.
    pub(super) fn new(term: Term, config: Arc<Config>, routes: Vec<ClusterRoute>) -> Self {
        let routes = routes.into_iter().map(|route| (route.name.clone(), route));
        let table = routing::table(Revision::default().next(term), &config, routes.collect());
        Self::of(Some(config), table)
    }

    /// The first one of a process, as another instance has it.
    pub(super) fn relayed(table: RoutingTable) -> Self {
        Self::of(None, table)
    }

    fn of(config: Option<Arc<Config>>, table: RoutingTable) -> Self {
        Self {
            config,
            origin: table.clone(),
            changes: VecDeque::new(),
            table: Arc::new(table),
        }
    }

    /// Whether the table is another instance's.
    pub(super) const fn is_relayed(&self) -> bool {
        self.config.is_none()
    }

    /// Takes over the leader's table under its revision; `false` when it is that
    /// already.
    pub(super) fn adopt(&mut self, table: RoutingTable) -> Result<bool, Refused> {
        let (offered, held) = (table.revision, self.revision());
        if offered == held && self.is_relayed() {
            return Ok(false);
        }
        if offered <= held {
            return Err(Refused::NotNewer { offered, held });
        }
        let older = table.clusters.values();
        let mut older = older.filter_map(|route| Some((self.newer_than(route)?, route)));
        if let Some((newer, route)) = older.next() {
            return Err(Refused::OlderEpoch {
                cluster: route.name.clone(),
                held: newer.epoch,
                offered: route.epoch,
            });
        }
        self.config = None;
        self.follow(table);
        Ok(true)
    }

    /// Begins a later term with a complete table. Where a route is of an older
    /// epoch than the one in force, that one stays: subscribers hold it and
    /// would refuse the whole table.
    pub(super) fn begin(
        &mut self,
        term: Term,
        config: Arc<Config>,
        routes: Vec<ClusterRoute>,
    ) -> Result<(), Refused> {
        let current = self.revision().term;
        if term <= current {
            return Err(Refused::OtherTerm { term, current });
        }
        let newest = |route: ClusterRoute| {
            let Some(newer) = self.newer_than(&route).cloned() else {
                return route;
            };
            tracing::warn!(
                cluster = %route.name, offered = %route.epoch, held = %newer.epoch,
                "the route of the newer epoch stays"
            );
            newer
        };
        let routes = routes.into_iter().map(newest);
        let routes = routes.map(|route| (route.name.clone(), route)).collect();
        let table = routing::table(self.revision().next(term), &config, routes);
        self.config = Some(config);
        self.follow(table);
        Ok(())
    }

    /// Takes in another route of a cluster; `false` when it is the same.
    pub(super) fn publish(&mut self, term: Term, route: ClusterRoute) -> Result<bool, Refused> {
        let revision = self.next_revision(term)?;
        let config = self.config.clone().ok_or(Refused::Relayed)?;
        if self.table.clusters.get(&route.name) == Some(&route) {
            return Ok(false);
        }
        if let Some(newer) = self.newer_than(&route) {
            return Err(Refused::OlderEpoch {
                held: newer.epoch,
                cluster: route.name,
                offered: route.epoch,
            });
        }
        let mut routes = self.table.clusters.clone();
        routes.insert(route.name.clone(), route);
        self.follow(routing::table(revision, &config, routes));
        Ok(true)
    }

    /// Puts another configuration in force; `false` when it changes nothing in
    /// the table.
    pub(super) fn configure(&mut self, term: Term, config: Arc<Config>) -> Result<bool, Refused> {
        let revision = self.next_revision(term)?;
        if self.is_relayed() {
            return Err(Refused::Relayed);
        }
        let table = routing::table(revision, &config, self.table.clusters.clone());
        self.config = Some(config);
        let changes = !self.table.diff(&table).is_empty();
        if changes {
            self.follow(table);
        }
        Ok(changes)
    }

    pub(super) fn revision(&self) -> Revision {
        self.table.revision
    }

    pub(super) const fn table(&self) -> &Arc<RoutingTable> {
        &self.table
    }

    /// Whether this was a revision of the table, as far back as is known.
    pub(super) fn knows(&self, revision: Revision) -> bool {
        revision == self.revision()
            || self
                .changes
                .binary_search_by_key(&revision, |change| change.from)
                .is_ok()
    }

    /// The table and its history as a filter shows them.
    pub(super) fn seen_through(&self, filter: &Filter) -> Sight {
        let mut table = self.origin.clone();
        let mut sight = Sight::new(filter.of_table(&Arc::new(table.clone())));
        for change in &self.changes {
            if table.apply(change.clone()).is_err() {
                return Sight::new(filter.of_table(&self.table));
            }
            sight.follow(filter.of_table(&Arc::new(table.clone())));
        }
        sight
    }

    /// The next revision, if the table is of this term.
    fn next_revision(&self, term: Term) -> Result<Revision, Refused> {
        match self.revision() {
            revision if revision.term == term => Ok(revision.next(term)),
            Revision { term: current, .. } => Err(Refused::OtherTerm { term, current }),
        }
    }

    fn follow(&mut self, table: RoutingTable) {
        self.changes.push_back(self.table.diff(&table));
        self.table = Arc::new(table);
        if self.changes.len() > HISTORY
            && let Some(oldest) = self.changes.pop_front()
            && self.origin.apply(oldest).is_err()
        {
            // A history that does not fit is none.
            self.changes.clear();
            self.origin = RoutingTable::clone(&self.table);
        }
    }

    /// The route in force, if it is of a newer epoch than this one.
    fn newer_than(&self, route: &ClusterRoute) -> Option<&ClusterRoute> {
        let held = self.table.clusters.get(&route.name);
        held.filter(|held| held.epoch > route.epoch)
    }
}
