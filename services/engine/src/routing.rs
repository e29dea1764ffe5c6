//! The route of one cluster, built from what is known and decided; and the table
//! of all clusters, built from these routes and what is configured. Pure: the
//! same routes and the same configuration make the same table.

use std::collections::{BTreeMap, BTreeSet};

use lictor_domain::{
    Capacity, ClusterName, ClusterRoute, Config, Endpoint, Filling, Hostgroup, HostgroupId,
    HostgroupRoute, Members, Mono, NoReaders, Node, NodeName, Reader, Revision, Role, RouteState,
    RoutingTable, Server, ServerStatus,
};

use crate::timing::Timing;
use crate::view::ClusterView;

/// The route of a cluster whose primary takes writes or not, with its readers.
#[must_use]
pub fn route(
    view: &ClusterView,
    timing: &Timing,
    serving: bool,
    readers: &BTreeSet<NodeName>,
    now: Mono,
) -> ClusterRoute {
    let endpoint = |node: &Node| Endpoint {
        node: node.name.clone(),
        address: node.address.clone(),
    };
    let writer = view.primary_node().filter(|_| serving).map(endpoint);
    let replicas = view
        .cluster
        .replicas()
        .filter(|node| readers.contains(&node.name))
        .map(|node| Reader {
            endpoint: endpoint(node),
            weight: 1,
        });
    let mut readers: Vec<_> = replicas.collect();
    // Consul, too, names only who answers.
    let primary = view.primary();
    let answers = primary.fresh_report(now, timing.reader_patience).is_some();
    if readers.is_empty() && answers && view.cluster.policy.no_readers == NoReaders::Primary {
        readers.extend(writer.clone().map(|endpoint| Reader {
            endpoint,
            weight: 1,
        }));
    }
    ClusterRoute {
        name: view.cluster.name.clone(),
        epoch: view.cluster.epoch,
        state: writer.map_or(RouteState::NoPrimary, |writer| RouteState::Serving {
            writer,
        }),
        readers,
    }
}

/// The table of these routes under this configuration.
#[must_use]
pub fn table(
    revision: Revision,
    config: &Config,
    clusters: BTreeMap<ClusterName, ClusterRoute>,
) -> RoutingTable {
    RoutingTable {
        revision,
        hostgroups: filled(config.hostgroups().values(), &clusters),
        keyspaces: config.keyspaces().clone(),
        query_rules: config.query_rules().clone(),
        clusters,
    }
}

/// The hostgroups as the clusters' routes fill them. One whose cluster has no
/// route yet is empty.
fn filled<'a>(
    hostgroups: impl IntoIterator<Item = &'a Hostgroup>,
    clusters: &BTreeMap<ClusterName, ClusterRoute>,
) -> BTreeMap<HostgroupId, HostgroupRoute> {
    let fill = |hostgroup: &Hostgroup| {
        let (filled_by, servers) = match &hostgroup.members {
            Members::Listed(servers) => (None, servers.clone()),
            Members::ByRole {
                cluster,
                role,
                capacity,
            } => {
                let filling = Filling {
                    cluster: cluster.clone(),
                    role: *role,
                };
                let route = clusters.get(cluster);
                let servers = route.map(|route| by_role(route, *role, *capacity));
                (Some(filling), servers.unwrap_or_default())
            }
        };
        HostgroupRoute {
            id: hostgroup.id,
            name: hostgroup.name.clone(),
            kind: hostgroup.kind,
            filled_by,
            servers,
        }
    };
    let hostgroups = hostgroups.into_iter();
    hostgroups.map(|one| (one.id, fill(one))).collect()
}

/// The servers of a role, in order of address, each with its share of the
/// hostgroup's weight.
fn by_role(route: &ClusterRoute, role: Role, capacity: Capacity) -> Vec<Server> {
    let server = |endpoint: &Endpoint, weight: u32| Server {
        address: endpoint.address.clone(),
        status: ServerStatus::Online,
        capacity: Capacity {
            weight: capacity
                .weight
                .saturating_mul(weight)
                .min(Capacity::MAX_WEIGHT),
            ..capacity
        },
    };
    let mut servers: Vec<_> = match role {
        Role::Primary => route.writer().map(|it| server(it, 1)).into_iter().collect(),
        Role::Replica => {
            let readers = route.readers.iter();
            readers.map(|it| server(&it.endpoint, it.weight)).collect()
        }
    };
    servers.sort_by(|a, b| a.address.cmp(&b.address));
    servers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, NOW, TIMING, name};

    fn readers(policy: NoReaders, serving: bool, replicas: &[u32]) -> Vec<NodeName> {
        let view = Fixture::healthy(1).policy(|p| p.no_readers = policy).view();
        let replicas = replicas.iter().map(|n| name(*n)).collect();
        let route = route(&view, &TIMING, serving, &replicas, NOW);
        route.readers.into_iter().map(|r| r.endpoint.node).collect()
    }

    #[test]
    fn the_primary_serves_reads_only_where_no_replica_does_and_the_policy_says_so() {
        assert_eq!(readers(NoReaders::Primary, true, &[2]), [name(2)]);
        assert_eq!(readers(NoReaders::Primary, true, &[]), [name(1)]);
        assert_eq!(readers(NoReaders::Primary, false, &[]), []);
        assert_eq!(readers(NoReaders::None, true, &[]), []);
    }

    #[test]
    fn a_failover_changes_who_fills_a_hostgroup() {
        let view = Fixture::healthy(2).view();
        let orders = view.cluster.name.clone();
        let hostgroup = |id, role| Hostgroup {
            id: HostgroupId(id),
            name: "orders-group".parse().unwrap(),
            kind: lictor_domain::HostgroupKind::Custom,
            members: Members::ByRole {
                cluster: orders.clone(),
                role,
                capacity: Capacity {
                    weight: 7,
                    ..Capacity::default()
                },
            },
        };
        let groups = [hostgroup(1, Role::Primary), hostgroup(2, Role::Replica)];
        let readers = [name(2), name(3)].into();
        let before = route(&view, &TIMING, true, &readers, NOW);
        let lost = route(&view, &TIMING, false, &[name(3)].into(), NOW);
        let servers = |route: &ClusterRoute| {
            let routes = [(orders.clone(), route.clone())].into();
            let filled = filled(&groups, &routes);
            filled
                .into_values()
                .map(|it| it.servers)
                .collect::<Vec<_>>()
        };
        let addresses = |servers: &[Server]| {
            let addresses = servers.iter().map(|it| it.address.clone());
            addresses.collect::<Vec<_>>()
        };
        let all = servers(&before);
        let of = |n: u32| view.cluster.node(&name(n)).unwrap().address.clone();
        assert_eq!(addresses(&all[0]), [of(1)]);
        assert_eq!(addresses(&all[1]), [of(2), of(3)]);
        assert!(all.concat().iter().all(|it| it.capacity.weight == 7));
        let all = servers(&lost);
        assert_eq!(addresses(&all[0]), []);
        assert_eq!(addresses(&all[1]), [of(3)]);
    }
}
