//! The table and its recent history, as one value: each change makes another.
//!
//! Law: the kept changes follow one another without a gap, and the last leads
//! to the table.

use std::collections::VecDeque;
use std::sync::Arc;

use lictor_domain::{ClusterName, ClusterRoute, Epoch, Revision, RoutingDelta, RoutingTable, Term};
use thiserror::Error;

/// Changes kept for subscribers that come back.
pub(super) const HISTORY: usize = 128;

/// A table with its history.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    table: Arc<RoutingTable>,
    changes: VecDeque<Arc<RoutingDelta>>,
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
    /// The first ledger of a term: a complete table. Where a route is of an
    /// older epoch than the one in force, that one stays: subscribers hold it
    /// and would refuse the whole table.
    pub(super) fn begun(
        held: Option<&Self>,
        term: Term,
        routes: Vec<ClusterRoute>,
    ) -> Result<Self, Refused> {
        if let Some(current) = held.map(|held| held.table.revision.term)
            && term <= current
        {
            return Err(Refused::OtherTerm { term, current });
        }
        let newest = |route: ClusterRoute| {
            let newer = held.and_then(|held| held.newer_than(&route));
            let Some(newer) = newer.cloned() else {
                return route;
            };
            tracing::warn!(
                cluster = %route.name, offered = %route.epoch, held = %newer.epoch,
                "the route of the newer epoch stays"
            );
            newer
        };
        let routes = routes.into_iter().map(newest);
        let table = RoutingTable {
            revision: Revision::default().next(term),
            clusters: routes.map(|route| (route.name.clone(), route)).collect(),
        };
        Ok(match held {
            None => Self {
                table: Arc::new(table),
                changes: VecDeque::new(),
            },
            Some(held) => held.followed_by(table),
        })
    }

    /// The ledger, if it is of this term.
    pub(super) fn in_term(held: Option<&Self>, term: Term) -> Result<&Self, Refused> {
        let held = held.ok_or(Refused::NotBegun { term })?;
        match held.revision().term {
            current if current == term => Ok(held),
            current => Err(Refused::OtherTerm { term, current }),
        }
    }

    /// With another route of a cluster; `None` when it is the same.
    pub(super) fn published(&self, route: ClusterRoute) -> Result<Option<Self>, Refused> {
        if self.table.clusters.get(&route.name) == Some(&route) {
            return Ok(None);
        }
        if let Some(newer) = self.newer_than(&route) {
            return Err(Refused::OlderEpoch {
                held: newer.epoch,
                cluster: route.name,
                offered: route.epoch,
            });
        }
        let mut table = self.next_table();
        table.clusters.insert(route.name.clone(), route);
        Ok(Some(self.followed_by(table)))
    }

    pub(super) fn revision(&self) -> Revision {
        self.table.revision
    }

    pub(super) fn table(&self) -> Arc<RoutingTable> {
        self.table.clone()
    }

    /// The changes after `revision`, in order; `None` when that is not known
    /// any more, or never was.
    pub(super) fn since(&self, revision: Revision) -> Option<impl Iterator<Item = &RoutingDelta>> {
        let first = if revision == self.revision() {
            self.changes.len()
        } else {
            let at = self
                .changes
                .binary_search_by_key(&revision, |change| change.from);
            at.ok()?
        };
        Some(self.changes.range(first..).map(AsRef::as_ref))
    }

    fn next_table(&self) -> RoutingTable {
        let revision = self.revision();
        RoutingTable {
            revision: revision.next(revision.term),
            clusters: self.table.clusters.clone(),
        }
    }

    fn followed_by(&self, table: RoutingTable) -> Self {
        let mut changes = self.changes.clone();
        if changes.len() == HISTORY {
            changes.pop_front();
        }
        changes.push_back(Arc::new(self.table.diff(&table)));
        Self {
            table: Arc::new(table),
            changes,
        }
    }

    /// The route in force, if it is of a newer epoch than this one.
    fn newer_than(&self, route: &ClusterRoute) -> Option<&ClusterRoute> {
        let held = self.table.clusters.get(&route.name);
        held.filter(|held| held.epoch > route.epoch)
    }
}
