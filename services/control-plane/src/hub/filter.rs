//! What a subscriber wants of the table, and what it may have of that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lictor_domain::{ClusterName, HostgroupId, Keyspace, KeyspaceName, RoutingTable};

/// What a subscriber wants: the union of what is named here, and of what that
/// needs; everything when nothing is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Filter {
    /// Clusters.
    pub(crate) clusters: BTreeSet<ClusterName>,
    /// Keyspaces, which need the clusters that hold their shards.
    pub(crate) keyspaces: BTreeSet<KeyspaceName>,
    /// Hostgroups, which need the clusters that fill them, and the query rules.
    pub(crate) hostgroups: BTreeSet<HostgroupId>,
    /// The only clusters it may have, whatever it wants; every one when none is
    /// named.
    pub(crate) within: BTreeSet<ClusterName>,
}

impl Filter {
    /// Whether everything is wanted.
    pub(crate) fn is_all(&self) -> bool {
        self.clusters.is_empty() && self.keyspaces.is_empty() && self.hostgroups.is_empty()
    }

    /// Whether the cluster is wanted, whatever the table is.
    pub(super) fn names(&self, cluster: &ClusterName) -> bool {
        self.allows(cluster) && (self.is_all() || self.clusters.contains(cluster))
    }

    fn allows(&self, cluster: &ClusterName) -> bool {
        self.within.is_empty() || self.within.contains(cluster)
    }

    /// The part of the table that it lets through.
    pub(crate) fn of_table(&self, table: &Arc<RoutingTable>) -> Arc<RoutingTable> {
        let wanted = self.wanted(table);
        if self.within.is_empty() {
            return wanted;
        }
        Arc::new(self.allowed(Arc::unwrap_or_clone(wanted)))
    }

    /// What it may have of what it wants. A keyspace or a hostgroup of which a part
    /// lies elsewhere is not there at all: with the rest alone, keys and connections
    /// would go astray. Servers that are listed by hand lie in no cluster.
    fn allowed(&self, mut table: RoutingTable) -> RoutingTable {
        table.clusters.retain(|name, _| self.allows(name));
        let keyspaces = &mut table.keyspaces;
        keyspaces.retain(|_, it| it.clusters().all(|name| self.allows(name)));
        let hostgroups = &mut table.hostgroups;
        hostgroups.retain(|_, it| {
            let filling = it.filled_by.as_ref();
            filling.is_some_and(|filling| self.allows(&filling.cluster))
        });
        if table.hostgroups.is_empty() {
            table.query_rules.clear();
        }
        table
    }

    fn wanted(&self, table: &Arc<RoutingTable>) -> Arc<RoutingTable> {
        if self.is_all() {
            return table.clone();
        }
        let keyspaces = part(&table.keyspaces, &self.keyspaces);
        let hostgroups = part(&table.hostgroups, &self.hostgroups);
        let holding = keyspaces.values().flat_map(|it| Keyspace::clusters(it));
        let filling = hostgroups.values().filter_map(|it| it.filled_by.as_ref());
        let needed = holding.chain(filling.map(|filling| &filling.cluster));
        let clusters = self.clusters.iter().chain(needed).cloned().collect();
        let query_rules = if self.hostgroups.is_empty() {
            BTreeMap::new()
        } else {
            table.query_rules.clone()
        };
        Arc::new(RoutingTable {
            revision: table.revision,
            clusters: part(&table.clusters, &clusters),
            keyspaces,
            hostgroups,
            query_rules,
        })
    }
}

/// The entries of these keys.
fn part<K: Ord + Clone, V: Clone>(map: &BTreeMap<K, V>, keys: &BTreeSet<K>) -> BTreeMap<K, V> {
    let there = keys.iter().filter_map(|key| map.get_key_value(key));
    there
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
