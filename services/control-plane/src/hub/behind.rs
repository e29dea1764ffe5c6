//! What stands behind a subscriber: itself, or those of a lictord that relays.

use std::collections::BTreeMap;

use lictor_domain::ClusterName;

/// Those who stand behind a lictord.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Behind {
    /// How many there are.
    pub(crate) subscribers: u32,
    /// How many want each cluster, and how many pools of connections they keep to
    /// each of its nodes.
    pub(crate) clusters: BTreeMap<ClusterName, Share>,
}

/// Those who want one cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    /// How many want it.
    pub(crate) subscribers: u32,
    /// How many pools of connections they keep to each of its nodes.
    pub(crate) pools: u32,
}

impl Behind {
    /// How many want the cluster; all of them without one.
    pub(super) fn wanting(&self, cluster: Option<&ClusterName>) -> u32 {
        cluster.map_or(self.subscribers, |name| self.share(name).subscribers)
    }

    /// Those who want the cluster.
    pub(super) fn share(&self, cluster: &ClusterName) -> Share {
        self.clusters.get(cluster).copied().unwrap_or_default()
    }
}
