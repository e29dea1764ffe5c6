//! Whose writers are in use in this process: what a hold waits for.
//!
//! A use is counted before the table is looked at once more, and the table is
//! stored before the count is read. So when a hold finds none in use, whoever
//! comes later finds the hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use lictor_domain::{ClusterName, KeyspaceName, RouteState, RoutingTable, ShardName, Writes};
use tokio::sync::watch;

/// Something whose writes can be held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Cluster(ClusterName),
    Shard(KeyspaceName, ShardName),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(cluster) => cluster.fmt(f),
            Self::Shard(keyspace, shard) => write!(f, "{keyspace}/{shard}"),
        }
    }
}

/// Everything whose writes the table holds.
pub(crate) fn held(table: &RoutingTable) -> BTreeSet<Subject> {
    let clusters = table.clusters.values();
    let clusters = clusters
        .filter(|route| route.state == RouteState::Held)
        .map(|route| Subject::Cluster(route.name.clone()));
    let shards = table.keyspaces.values().flat_map(|keyspace| {
        let shards = keyspace.shards().iter();
        shards
            .filter(|shard| shard.writes == Writes::Held)
            .map(|shard| Subject::Shard(keyspace.name.clone(), shard.name.clone()))
    });
    clusters.chain(shards).collect()
}

/// How often each writer is in use.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    counts: watch::Sender<BTreeMap<Subject, usize>>,
}

/// One use; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Use {
    uses: Arc<Uses>,
    subject: Subject,
}

impl Uses {
    /// A writer is in use from now on.
    pub(crate) fn begin(self: &Arc<Self>, subject: Subject) -> Use {
        self.counts.send_if_modified(|counts| {
            *counts.entry(subject.clone()).or_default() += 1;
            false
        });
        Use {
            uses: Arc::clone(self),
            subject,
        }
    }

    /// Tells when the last writer of something came out of use.
    pub(crate) fn ends(&self) -> watch::Receiver<BTreeMap<Subject, usize>> {
        self.counts.subscribe()
    }

    /// Whether no writer is in use of anything that the table holds.
    pub(crate) fn keep(&self, table: &RoutingTable) -> bool {
        let counts = self.counts.borrow();
        counts.is_empty() || !held(table).iter().any(|held| counts.contains_key(held))
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.uses.counts.send_if_modified(|counts| {
            let left = counts.get(&self.subject).map_or(0, |count| count - 1);
            if left == 0 {
                counts.remove(&self.subject);
            } else {
                counts.insert(self.subject.clone(), left);
            }
            left == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use lictor_domain::keyspace::{Function, HashAlgorithm, KeyType, Position, Ranges, Span};
    use lictor_domain::{ClusterRoute, Epoch, Keyspace, Shard};

    use super::*;

    fn held_cluster(name: &str) -> RoutingTable {
        let name: ClusterName = name.parse().unwrap();
        let route = ClusterRoute {
            name: name.clone(),
            epoch: Epoch::default(),
            state: RouteState::Held,
            readers: vec![],
        };
        RoutingTable {
            clusters: [(name, route)].into(),
            ..RoutingTable::default()
        }
    }

    fn held_shard(name: &str) -> RoutingTable {
        let half: Position = "80".parse().unwrap();
        let shard = |shard: &str| Shard {
            name: shard.parse().unwrap(),
            cluster: "orders".parse().unwrap(),
            writes: if shard == name {
                Writes::Held
            } else {
                Writes::Serving
            },
        };
        let ranges = Ranges::new(vec![
            (shard("s0"), Span::new(None, Some(half))),
            (shard("s1"), Span::new(Some(half), None)),
        ]);
        let shop = Keyspace {
            name: "shop".parse().unwrap(),
            function: Function::Hash {
                algorithm: HashAlgorithm::Xxh3,
                key: KeyType::Unsigned,
                ranges: ranges.unwrap(),
            },
        };
        RoutingTable {
            keyspaces: [(shop.name.clone(), Arc::new(shop))].into(),
            ..RoutingTable::default()
        }
    }

    fn cluster(name: &str) -> Subject {
        Subject::Cluster(name.parse().unwrap())
    }

    fn shard(name: &str) -> Subject {
        Subject::Shard("shop".parse().unwrap(), name.parse().unwrap())
    }

    #[test]
    fn a_hold_is_kept_once_the_last_use_has_ended() {
        let (uses, orders) = (Arc::new(Uses::default()), held_cluster("orders"));
        assert!(uses.keep(&orders));
        let (one, other) = (uses.begin(cluster("orders")), uses.begin(cluster("orders")));
        let mut ends = uses.ends();
        drop(one);
        assert!(!uses.keep(&orders));
        assert!(
            uses.keep(&held_cluster("users")),
            "another cluster's writer"
        );
        assert!(!ends.has_changed().unwrap());
        drop(other);
        assert!(uses.keep(&orders));
        assert!(ends.has_changed().unwrap());
        ends.mark_unchanged();
    }

    #[test]
    fn a_held_shard_waits_for_its_own_writers_only() {
        let uses = Arc::new(Uses::default());
        let _same_cluster = (uses.begin(cluster("orders")), uses.begin(shard("s1")));
        assert!(uses.keep(&held_shard("s0")));
        let writer = uses.begin(shard("s0"));
        assert!(!uses.keep(&held_shard("s0")));
        drop(writer);
        assert!(uses.keep(&held_shard("s0")));
    }
}
