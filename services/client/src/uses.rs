//! Which clusters' writers are in use in this process: what a hold waits for.
//!
//! A use is counted before the route is looked at once more, and the route is
//! stored before the count is read. So when a hold finds none in use, whoever
//! comes later finds the hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use lictor_domain::{ClusterName, RouteState, RoutingTable};
use tokio::sync::watch;

/// How often each cluster's writer is in use.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    counts: watch::Sender<BTreeMap<ClusterName, usize>>,
}

/// One use; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Use {
    uses: Arc<Uses>,
    cluster: ClusterName,
}

impl Uses {
    /// A writer of the cluster is in use from now on.
    pub(crate) fn begin(self: &Arc<Self>, cluster: &ClusterName) -> Use {
        self.counts.send_if_modified(|counts| {
            *counts.entry(cluster.clone()).or_default() += 1;
            false
        });
        Use {
            uses: Arc::clone(self),
            cluster: cluster.clone(),
        }
    }

    /// Tells when the last writer of a cluster came out of use.
    pub(crate) fn ends(&self) -> watch::Receiver<BTreeMap<ClusterName, usize>> {
        self.counts.subscribe()
    }

    /// Whether no writer is in use of any cluster that the table holds.
    pub(crate) fn keep(&self, table: &RoutingTable) -> bool {
        let counts = self.counts.borrow();
        let mut held = table.clusters.values();
        held.all(|route| route.state != RouteState::Held || !counts.contains_key(&route.name))
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.uses.counts.send_if_modified(|counts| {
            let left = counts.get(&self.cluster).map_or(0, |count| count - 1);
            if left == 0 {
                counts.remove(&self.cluster);
            } else {
                counts.insert(self.cluster.clone(), left);
            }
            left == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use lictor_domain::{ClusterRoute, Epoch, Revision};

    use super::*;

    fn held(name: &str) -> RoutingTable {
        let name: ClusterName = name.parse().unwrap();
        let route = ClusterRoute {
            name: name.clone(),
            epoch: Epoch::default(),
            state: RouteState::Held,
            readers: vec![],
        };
        RoutingTable {
            revision: Revision::default(),
            clusters: [(name, route)].into(),
        }
    }

    #[test]
    fn a_hold_is_kept_once_the_last_use_has_ended() {
        let (uses, orders) = (Arc::new(Uses::default()), "orders".parse().unwrap());
        assert!(uses.keep(&held("orders")));
        let (one, other) = (uses.begin(&orders), uses.begin(&orders));
        let mut ends = uses.ends();
        drop(one);
        assert!(!uses.keep(&held("orders")));
        assert!(uses.keep(&held("users")), "another cluster's writer");
        assert!(!ends.has_changed().unwrap());
        drop(other);
        assert!(uses.keep(&held("orders")));
        assert!(ends.has_changed().unwrap());
        ends.mark_unchanged();
    }
}
