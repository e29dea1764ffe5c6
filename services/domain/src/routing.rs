//! The routing table that subscribers hold, and the delta between two of them.
//!
//! Law: for any tables `a` and `b`, applying `diff(a, b)` to `a` gives `b`. A
//! table never goes back to a lower revision, and a delta fits only the table
//! it was made from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::names::{ClusterName, NodeAddress, NodeName};
use crate::order::{Epoch, Revision};

/// A node that traffic can go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its name.
    pub node: NodeName,
    /// Where it listens.
    pub address: NodeAddress,
}

/// A node that serves reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// The node.
    pub endpoint: Endpoint,
    /// Its share of the reads, relative to the other readers'; at least 1.
    pub weight: u32,
}

/// What writers are to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RouteState {
    /// Write here.
    Serving {
        /// The primary.
        writer: Endpoint,
    },
    /// Hold writes for a moment: a switchover is under way.
    Held,
    /// There is no primary now.
    NoPrimary,
}

/// Where one cluster's traffic goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRoute {
    /// The cluster.
    pub name: ClusterName,
    /// The primacy this route belongs to.
    pub epoch: Epoch,
    /// What writers are to do.
    pub state: RouteState,
    /// Who serves reads, in order of name; never a quarantined node.
    pub readers: Vec<Reader>,
}

impl ClusterRoute {
    /// The node that takes writes, when there is one.
    #[must_use]
    pub const fn writer(&self) -> Option<&Endpoint> {
        match &self.state {
            RouteState::Serving { writer } => Some(writer),
            RouteState::Held | RouteState::NoPrimary => None,
        }
    }
}

/// Everything a subscriber needs, at one revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingTable {
    /// Which state this is.
    pub revision: Revision,
    /// One route for each cluster.
    pub clusters: BTreeMap<ClusterName, ClusterRoute>,
}

/// What changes a table of revision `from` into the one of revision `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingDelta {
    /// The revision it fits.
    pub from: Revision,
    /// The revision it leads to.
    pub to: Revision,
    /// Routes that are new or different.
    pub changed: Vec<ClusterRoute>,
    /// Clusters that are gone.
    pub removed: Vec<ClusterName>,
}

/// Why a delta cannot be applied; the subscriber needs a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// It was made for another revision.
    #[error("the delta starts at revision {from}, the table is at {held}")]
    Gap {
        /// Where the delta starts.
        from: Revision,
        /// What the table is at.
        held: Revision,
    },
    /// It would lead back.
    #[error("revision {to} does not rise above {held}")]
    NotRising {
        /// Where the delta leads.
        to: Revision,
        /// What the table is at.
        held: Revision,
    },
    /// A cluster would go back to an older primacy.
    #[error("cluster {cluster} would go back from epoch {held} to {to}")]
    OlderEpoch {
        /// The cluster.
        cluster: ClusterName,
        /// The delta's epoch.
        to: Epoch,
        /// The table's epoch.
        held: Epoch,
    },
}

impl RoutingTable {
    /// The delta that leads from `self` to `to`.
    #[must_use]
    pub fn diff(&self, to: &Self) -> RoutingDelta {
        let changed = to
            .clusters
            .values()
            .filter(|route| self.clusters.get(&route.name) != Some(route))
            .cloned()
            .collect();
        let removed = self
            .clusters
            .keys()
            .filter(|name| !to.clusters.contains_key(*name))
            .cloned()
            .collect();
        RoutingDelta {
            from: self.revision,
            to: to.revision,
            changed,
            removed,
        }
    }

    /// Applies a delta as a whole; on an error nothing changes.
    pub fn apply(&mut self, delta: RoutingDelta) -> Result<(), ApplyError> {
        let held = self.revision;
        if delta.from != held {
            return Err(ApplyError::Gap {
                from: delta.from,
                held,
            });
        }
        if delta.to <= held {
            return Err(ApplyError::NotRising { to: delta.to, held });
        }
        self.refuse_older_epochs(delta.changed.iter())?;
        for name in &delta.removed {
            self.clusters.remove(name);
        }
        for route in delta.changed {
            self.clusters.insert(route.name.clone(), route);
        }
        self.revision = delta.to;
        Ok(())
    }

    /// Replaces the table by a snapshot; an older one is refused.
    pub fn replace(&mut self, snapshot: Self) -> Result<(), ApplyError> {
        if snapshot.revision < self.revision {
            return Err(ApplyError::NotRising {
                to: snapshot.revision,
                held: self.revision,
            });
        }
        self.refuse_older_epochs(snapshot.clusters.values())?;
        *self = snapshot;
        Ok(())
    }

    fn refuse_older_epochs<'a>(
        &self,
        routes: impl Iterator<Item = &'a ClusterRoute>,
    ) -> Result<(), ApplyError> {
        for route in routes {
            let held = self.clusters.get(&route.name).map(|held| held.epoch);
            if let Some(held) = held.filter(|held| *held > route.epoch) {
                return Err(ApplyError::OlderEpoch {
                    cluster: route.name.clone(),
                    to: route.epoch,
                    held,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::order::Term;

    fn route(name: &str, epoch: u64, writer: Option<u32>) -> ClusterRoute {
        let name: ClusterName = name.parse().unwrap();
        let endpoint = |number| Endpoint {
            node: NodeName::numbered(&name, number),
            address: NodeAddress::new("127.0.0.1", 3306).unwrap(),
        };
        ClusterRoute {
            epoch: Epoch {
                term: Term(1),
                n: epoch,
            },
            state: writer.map_or(RouteState::NoPrimary, |number| RouteState::Serving {
                writer: endpoint(number),
            }),
            readers: vec![],
            name,
        }
    }

    fn table(n: u64, routes: Vec<ClusterRoute>) -> RoutingTable {
        RoutingTable {
            revision: Revision { term: Term(1), n },
            clusters: routes.into_iter().map(|r| (r.name.clone(), r)).collect(),
        }
    }

    fn routes() -> impl Strategy<Value = Vec<ClusterRoute>> {
        let one = ("[a-d]", proptest::option::of(1..4_u32));
        proptest::collection::vec(one, 0..5)
            .prop_map(|routes| routes.iter().map(|(n, w)| route(n, 1, *w)).collect())
    }

    proptest! {
        #[test]
        fn applying_the_difference_gives_the_other_table(a in routes(), b in routes()) {
            let (mut a, b) = (table(1, a), table(2, b));
            a.apply(a.diff(&b)).unwrap();
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn a_delta_for_another_revision_changes_nothing() {
        let (a, b) = (table(1, vec![]), table(2, vec![route("a", 1, Some(1))]));
        let mut other = table(7, vec![]);
        let before = other.clone();
        assert!(matches!(
            other.apply(a.diff(&b)),
            Err(ApplyError::Gap { .. })
        ));
        assert_eq!(other, before);
    }

    #[test]
    fn an_older_snapshot_or_epoch_is_refused() {
        let mut held = table(5, vec![route("a", 4, Some(1))]);
        let older = table(4, vec![]);
        assert!(matches!(
            held.replace(older),
            Err(ApplyError::NotRising { .. })
        ));
        let older_epoch = table(6, vec![route("a", 3, Some(2))]);
        assert!(matches!(
            held.replace(older_epoch),
            Err(ApplyError::OlderEpoch { .. })
        ));
    }
}
