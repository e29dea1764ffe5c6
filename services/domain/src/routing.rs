//! The routing table that subscribers hold, and the delta between two of them.
//!
//! Law: for any tables `a` and `b`, applying `diff(a, b)` to `a` gives `b`. A
//! table never goes back to a lower revision, and a delta fits only the table
//! it was made from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::hostgroup::{HostgroupId, HostgroupKind, Role, Server};
use crate::keyspace::Keyspace;
use crate::names::{ClusterName, HostgroupName, KeyspaceName, NodeAddress, NodeName};
use crate::order::{Epoch, Revision};
use crate::rule::{QueryRule, RuleId};

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

/// A hostgroup as it is filled now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostgroupRoute {
    /// Its number.
    pub id: HostgroupId,
    /// Its name.
    pub name: HostgroupName,
    /// What it is for.
    pub kind: HostgroupKind,
    /// What fills it by itself; `None` where its servers are listed by hand.
    pub filled_by: Option<Filling>,
    /// Its servers, in order of address.
    pub servers: Vec<Server>,
}

/// The nodes of a cluster that fill a hostgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filling {
    /// The cluster.
    pub cluster: ClusterName,
    /// Which of its nodes.
    pub role: Role,
}

/// Everything a subscriber needs, at one revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingTable {
    /// Which state this is.
    pub revision: Revision,
    /// One route for each cluster.
    pub clusters: BTreeMap<ClusterName, ClusterRoute>,
    /// The keyspaces.
    pub keyspaces: BTreeMap<KeyspaceName, Arc<Keyspace>>,
    /// The hostgroups, as they are filled now.
    pub hostgroups: BTreeMap<HostgroupId, HostgroupRoute>,
    /// The query rules, in the order in which they are tried.
    pub query_rules: BTreeMap<RuleId, QueryRule>,
}

/// What changes one map into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes<K: Ord, V> {
    /// Entries that are new or different.
    pub changed: BTreeMap<K, V>,
    /// Entries that are gone.
    pub removed: BTreeSet<K>,
}

impl<K: Ord, V> Default for Changes<K, V> {
    fn default() -> Self {
        Self {
            changed: BTreeMap::new(),
            removed: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Clone, V: PartialEq + Clone> Changes<K, V> {
    /// The changes that lead from one map to the other.
    #[must_use]
    pub fn between(from: &BTreeMap<K, V>, to: &BTreeMap<K, V>) -> Self {
        let different = to
            .iter()
            .filter(|(key, value)| from.get(*key) != Some(value));
        let gone = from.keys().filter(|key| !to.contains_key(*key));
        Self {
            changed: different
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            removed: gone.cloned().collect(),
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.removed.is_empty()
    }

    fn apply_to(self, map: &mut BTreeMap<K, V>) {
        map.retain(|key, _| !self.removed.contains(key));
        map.extend(self.changed);
    }
}

/// What changes a table of revision `from` into the one of revision `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingDelta {
    /// The revision it fits.
    pub from: Revision,
    /// The revision it leads to.
    pub to: Revision,
    /// Routes of clusters.
    pub clusters: Changes<ClusterName, ClusterRoute>,
    /// Keyspaces.
    pub keyspaces: Changes<KeyspaceName, Arc<Keyspace>>,
    /// Hostgroups.
    pub hostgroups: Changes<HostgroupId, HostgroupRoute>,
    /// Query rules.
    pub query_rules: Changes<RuleId, QueryRule>,
}

impl RoutingDelta {
    /// Whether it changes nothing but the revision.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty()
            && self.keyspaces.is_empty()
            && self.hostgroups.is_empty()
            && self.query_rules.is_empty()
    }
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
        RoutingDelta {
            from: self.revision,
            to: to.revision,
            clusters: Changes::between(&self.clusters, &to.clusters),
            keyspaces: Changes::between(&self.keyspaces, &to.keyspaces),
            hostgroups: Changes::between(&self.hostgroups, &to.hostgroups),
            query_rules: Changes::between(&self.query_rules, &to.query_rules),
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
        self.refuse_older_epochs(delta.clusters.changed.values())?;
        delta.clusters.apply_to(&mut self.clusters);
        delta.keyspaces.apply_to(&mut self.keyspaces);
        delta.hostgroups.apply_to(&mut self.hostgroups);
        delta.query_rules.apply_to(&mut self.query_rules);
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
            ..RoutingTable::default()
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
