//! The pools of all nodes that the routing table names, each with a connection
//! kept ready, so that after a failover the first write needs no login.
//!
//! The pool of a node that lost its writer's place to another is closed at
//! once: what runs there is void. A node that only left the table keeps its
//! pool for a while, since replicas leave and return during a failover.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lictor_domain::{
    ClusterName, Endpoint, Hints, NodeAddress, RoutingTable, Server, ServerStatus,
};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::config::ClientConfig;
use crate::hostgroup::is_used;
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
        let (mut changes, mut hints) = (routes.changes(), routes.hint_changes());
        loop {
            changes.mark_unchanged();
            hints.mark_unchanged();
            self.adopt(&routes.table(), &routes.hints(), Instant::now());
            tokio::select! {
                _ = changes.changed() => {}
                _ = hints.changed() => {}
                () = sleep(LINGER) => {}
            }
        }
    }

    fn adopt(&self, table: &RoutingTable, hints: &Hints, now: Instant) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        for deposed in members.note_writers(table) {
            members.pools.remove(&deposed);
        }
        for gone in closed(table) {
            members.pools.remove(gone);
        }
        for address in addresses(table) {
            let member = self.member(&mut members, address);
            member.routed = now;
            member.pool.resize(self.limit(table, hints, address));
        }
        members
            .pools
            .retain(|_, member| now.duration_since(member.routed) < LINGER);
    }

    /// How many connections there may be to a node: no more than its share of
    /// what the node takes, and than a hostgroup that lists it allows.
    fn limit(&self, table: &RoutingTable, hints: &Hints, address: &NodeAddress) -> usize {
        let share = endpoints(table)
            .find(|endpoint| endpoint.address == *address)
            .and_then(|endpoint| hints.connections(&endpoint.node))
            .and_then(|share| usize::try_from(share).ok());
        let own = self.config.pool.maximum_pool_size;
        let own = share.map_or(own, |share| own.min(share));
        let listed = servers(table).filter(|it| it.address == *address);
        let allowed = listed.map(|it| it.capacity.max_connections).max();
        let allowed = allowed.and_then(|most| usize::try_from(most).ok());
        // One at least: who is used needs a connection.
        allowed.map_or(own, |most| own.min(most.max(1)))
    }

    fn member<'a>(&self, members: &'a mut Members, address: &NodeAddress) -> &'a mut Member {
        members.pools.entry(address.clone()).or_insert_with(|| {
            let ClientConfig {
                credentials,
                mysql_tls,
                pool,
                ..
            } = &self.config;
            let (address, limit) = (address.clone(), pool.maximum_pool_size);
            let options = credentials.options(&address, mysql_tls.as_ref());
            let pool = Arc::new(NodePool::new(address, options, pool.clone(), limit));
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

/// Every node that something new may go to.
fn addresses(table: &RoutingTable) -> impl Iterator<Item = &NodeAddress> {
    let routed = endpoints(table).map(|endpoint| &endpoint.address);
    let listed = servers(table).filter(|server| is_used(server));
    routed.chain(listed.map(|server| &server.address))
}

fn endpoints(table: &RoutingTable) -> impl Iterator<Item = &Endpoint> {
    table.clusters.values().flat_map(|route| {
        let readers = route.readers.iter().map(|reader| &reader.endpoint);
        route.writer().into_iter().chain(readers)
    })
}

fn servers(table: &RoutingTable) -> impl Iterator<Item = &Server> {
    table.hostgroups.values().flat_map(|group| &group.servers)
}

/// Servers that nothing goes to any more, and that are cut off.
fn closed(table: &RoutingTable) -> impl Iterator<Item = &NodeAddress> {
    let open: BTreeSet<_> = addresses(table).collect();
    servers(table)
        .filter(|server| server.status == ServerStatus::OfflineHard)
        .map(|server| &server.address)
        .filter(move |address| !open.contains(address))
}

#[cfg(test)]
mod tests {
    use lictor_domain::{
        Capacity, ClusterRoute, Epoch, HostgroupId, HostgroupKind, HostgroupRoute, NodeHint,
        NodeName, Reader, Revision, RouteState, Term,
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
            ..RoutingTable::default()
        }
    }

    fn pool(fleet: &Fleet, number: u32) -> Arc<NodePool> {
        fleet.pool(&endpoint(number).address)
    }

    #[tokio::test]
    async fn a_deposed_writer_loses_its_connections_even_after_a_time_without_primary() {
        let (fleet, now) = (fleet(), Instant::now());
        fleet.adopt(&table(Some(1), &[2]), &Hints::default(), now);
        let (old, candidate) = (pool(&fleet, 1), pool(&fleet, 2));
        fleet.adopt(&table(None, &[]), &Hints::default(), now);
        assert!(
            Arc::ptr_eq(&old, &pool(&fleet, 1)),
            "nobody took its place yet"
        );

        fleet.adopt(&table(Some(2), &[1]), &Hints::default(), now);
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
    async fn a_hostgroup_limits_and_closes_the_servers_it_lists() {
        let (fleet, now) = (fleet(), Instant::now());
        let listed = |status, max_connections| {
            let server = Server {
                address: endpoint(9).address,
                status,
                capacity: Capacity {
                    max_connections,
                    ..Capacity::default()
                },
            };
            let route = HostgroupRoute {
                id: HostgroupId(30),
                name: "reports".parse().unwrap(),
                kind: HostgroupKind::Custom,
                filled_by: None,
                servers: vec![server],
            };
            RoutingTable {
                hostgroups: [(route.id, route)].into(),
                ..table(Some(1), &[])
            }
        };
        let first = listed(ServerStatus::Online, 3);
        let server = endpoint(9).address;
        let (unknown, wide) = (Hints::default(), listed(ServerStatus::Online, 1000));
        assert_eq!(fleet.limit(&first, &unknown, &server), 3);
        assert_eq!(fleet.limit(&wide, &unknown, &server), 32);
        assert_eq!(fleet.limit(&first, &unknown, &endpoint(1).address), 32);

        fleet.adopt(&first, &Hints::default(), now);
        let used = pool(&fleet, 9);
        fleet.adopt(
            &listed(ServerStatus::OfflineSoft, 3),
            &Hints::default(),
            now,
        );
        assert!(
            Arc::ptr_eq(&used, &pool(&fleet, 9)),
            "what has begun ends there"
        );
        fleet.adopt(
            &listed(ServerStatus::OfflineHard, 3),
            &Hints::default(),
            now,
        );
        assert!(!Arc::ptr_eq(&used, &pool(&fleet, 9)));
    }

    #[tokio::test]
    async fn the_smaller_of_the_share_and_the_own_maximum_counts() {
        let (fleet, table) = (fleet(), table(Some(1), &[2]));
        let share = |connections| Hints {
            nodes: [(
                endpoint(1).node,
                NodeHint {
                    connections,
                    ..NodeHint::default()
                },
            )]
            .into(),
        };
        let limit = |hints: &Hints, number| fleet.limit(&table, hints, &endpoint(number).address);
        assert_eq!(limit(&share(Some(4)), 1), 4);
        assert_eq!(limit(&share(Some(400)), 1), 32);
        assert_eq!(limit(&share(None), 1), 32);
        assert_eq!(limit(&share(Some(4)), 2), 32, "of another node");
    }

    #[tokio::test]
    async fn a_node_that_left_the_table_is_forgotten_after_a_while() {
        let (fleet, now) = (fleet(), Instant::now());
        fleet.adopt(&table(Some(1), &[2]), &Hints::default(), now);
        let left = pool(&fleet, 2);
        fleet.adopt(&table(Some(1), &[]), &Hints::default(), now + LINGER / 2);
        assert!(Arc::ptr_eq(&left, &pool(&fleet, 2)), "it may come back");
        fleet.adopt(&table(Some(1), &[]), &Hints::default(), now + LINGER);
        assert!(!Arc::ptr_eq(&left, &pool(&fleet, 2)));
    }
}
