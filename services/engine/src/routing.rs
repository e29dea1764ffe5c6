//! The route of one cluster, built from what is known and decided. The table of
//! all clusters is these routes under one revision (`domain::routing`).

use std::collections::BTreeSet;

use lictor_domain::{ClusterRoute, Endpoint, Node, NodeName, Reader, RouteState};

use crate::view::ClusterView;

/// The route of a cluster whose primary takes writes or not, with its readers.
#[must_use]
pub fn route(view: &ClusterView, serving: bool, readers: &BTreeSet<NodeName>) -> ClusterRoute {
    let endpoint = |node: &Node| Endpoint {
        node: node.name.clone(),
        address: node.address.clone(),
    };
    let writer = view.primary_node().filter(|_| serving).map(endpoint);
    let readers = view
        .cluster
        .replicas()
        .filter(|node| readers.contains(&node.name))
        .map(|node| Reader {
            endpoint: endpoint(node),
            weight: 1,
        });
    ClusterRoute {
        name: view.cluster.name.clone(),
        epoch: view.cluster.epoch,
        state: writer.map_or(RouteState::NoPrimary, |writer| RouteState::Serving {
            writer,
        }),
        readers: readers.collect(),
    }
}
