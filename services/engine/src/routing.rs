//! The route of one cluster, built from what is known and decided. The table of
//! all clusters is these routes under one revision (`domain::routing`).

use std::collections::BTreeSet;

use lictor_domain::{ClusterRoute, Endpoint, Mono, NoReaders, Node, NodeName, Reader, RouteState};

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
}
