//! The pools of all nodes that the routing table names, each with a connection
//! kept ready, so that after a failover the first write needs no login.
//!
//! The pool of a node that lost its writer's place to another is closed at
//! once: what runs there is void. A node that only left the table keeps its
//! pool for a while, since replicas leave and return during a failover.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lictor_domain::{ClusterName, NodeAddress, RoutingTable};
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::config::ClientConfig;
use crate::pool::NodePool;
use crate::routes::Routes;

/// How long a node that left the table keeps its connections.
const LINGER: Duration = Duration::from_secs(30);

struct Member {
    pool: Arc<NodePool>,
    /// When it was last seen in the table.
    routed: Instant,
    _keeper: AbortOnDropHandle<()>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.pool.retire();
    }
}

#[derive(Default)]
struct Members {
    pools: HashMap<NodeAddress, Member>,
    /// Who last took each cluster's writes.
    writers: BTreeMap<ClusterName, NodeAddress>,
}

/// The pools of all nodes.
pub(crate) struct Fleet {
    config: ClientConfig,
    members: Mutex<Members>,
}

impl Fleet {
    pub(crate) fn new(config: ClientConfig) -> Self {
        Self {
            config,
            members: Mutex::default(),
        }
    }

    /// The pool of one node.
    pub(crate) fn pool(&self, address: &NodeAddress) -> Arc<NodePool> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&self.member(&mut members, address).pool)
    }

    /// Follows the table, for as long as it is polled.
    pub(crate) async fn follow(self: Arc<Self>, routes: Arc<Routes>) {
        let mut changes = routes.changes();
        loop {
            changes.mark_unchanged();
            self.adopt(&routes.table(), Instant::now());
            let _ = timeout(LINGER, changes.changed()).await;
        }
    }

    fn adopt(&self, table: &RoutingTable, now: Instant) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        for deposed in members.note_writers(table) {
            members.pools.remove(&deposed);
        }
        for address in addresses(table) {
            self.member(&mut members, address).routed = now;
        }
        members
            .pools
            .retain(|_, member| now.duration_since(member.routed) < LINGER);
    }

    fn member<'a>(&self, members: &'a mut Members, address: &NodeAddress) -> &'a mut Member {
        members.pools.entry(address.clone()).or_insert_with(|| {
            let pool = Arc::new(NodePool::new(address.clone(), &self.config));
            Member {
                routed: Instant::now(),
                _keeper: AbortOnDropHandle::new(tokio::spawn(Arc::clone(&pool).keep_warm())),
                pool,
            }
        })
    }
}

impl Members {
    /// Remembers who takes writes, and names those who lost that place to
    /// another. A cluster without a primary deposes nobody yet.
    fn note_writers(&mut self, table: &RoutingTable) -> BTreeSet<NodeAddress> {
        let writers = table.clusters.values().filter_map(|route| {
            let writer = route.writer()?;
            Some((route.name.clone(), writer.address.clone()))
        });
        let mut deposed = BTreeSet::new();
        for (cluster, now) in writers {
            let before = self.writers.insert(cluster, now.clone());
            deposed.extend(before.filter(|before| *before != now));
        }
        deposed
    }
}

fn addresses(table: &RoutingTable) -> impl Iterator<Item = &NodeAddress> {
    table.clusters.values().flat_map(|route| {
        let readers = route.readers.iter().map(|reader| &reader.endpoint);
        let all = route.writer().into_iter().chain(readers);
        all.map(|endpoint| &endpoint.address)
    })
}

#[cfg(test)]
mod tests {
    use lictor_domain::{
        ClusterRoute, Endpoint, Epoch, NodeName, Reader, Revision, RouteState, Term,
    };

    use super::*;
    use crate::config::Credentials;

    fn fleet() -> Fleet {
        let credentials = Credentials {
            user: "app".to_owned(),
            password: "secret".into(),
            database: None,
        };
        Fleet::new(ClientConfig::new("shop-1", vec![], credentials))
    }

    fn endpoint(number: u32) -> Endpoint {
        let cluster = "orders".parse().unwrap();
        Endpoint {
            node: NodeName::numbered(&cluster, number),
            address: NodeAddress::new(&format!("127.0.0.{number}"), 1).unwrap(),
        }
    }

    fn table(writer: Option<u32>, readers: &[u32]) -> RoutingTable {
        let name: ClusterName = "orders".parse().unwrap();
        let route = ClusterRoute {
            name: name.clone(),
            epoch: Epoch {
                term: Term(1),
                n: 1,
            },
            state: writer.map_or(RouteState::NoPrimary, |number| RouteState::Serving {
                writer: endpoint(number),
            }),
            readers: readers
                .iter()
                .map(|number| Reader {
                    endpoint: endpoint(*number),
                    weight: 1,
                })
                .collect(),
        };
        RoutingTable {
            revision: Revision::default(),
            clusters: [(name, route)].into(),
        }
    }

    fn pool(fleet: &Fleet, number: u32) -> Arc<NodePool> {
        fleet.pool(&endpoint(number).address)
    }

    #[tokio::test]
    async fn a_deposed_writer_loses_its_connections_even_after_a_time_without_primary() {
        let (fleet, now) = (fleet(), Instant::now());
        fleet.adopt(&table(Some(1), &[2]), now);
        let (old, candidate) = (pool(&fleet, 1), pool(&fleet, 2));
        fleet.adopt(&table(None, &[]), now);
        assert!(
            Arc::ptr_eq(&old, &pool(&fleet, 1)),
            "nobody took its place yet"
        );

        fleet.adopt(&table(Some(2), &[1]), now);
        assert!(
            !Arc::ptr_eq(&old, &pool(&fleet, 1)),
            "it has a pool of its own as a reader"
        );
        assert!(
            Arc::ptr_eq(&candidate, &pool(&fleet, 2)),
            "the connection kept ready for the new writer is still there"
        );
    }

    #[tokio::test]
    async fn a_node_that_left_the_table_is_forgotten_after_a_while() {
        let (fleet, now) = (fleet(), Instant::now());
        fleet.adopt(&table(Some(1), &[2]), now);
        let left = pool(&fleet, 2);
        fleet.adopt(&table(Some(1), &[]), now + LINGER / 2);
        assert!(Arc::ptr_eq(&left, &pool(&fleet, 2)), "it may come back");
        fleet.adopt(&table(Some(1), &[]), now + LINGER);
        assert!(!Arc::ptr_eq(&left, &pool(&fleet, 2)));
    }
}
