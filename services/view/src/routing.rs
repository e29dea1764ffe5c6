//! Where traffic goes.

use lictor_wire::domain;

use crate::keyspace::Keyspace;
use crate::rule::{Hostgroup, QueryRule};

words! {
    /// What writers of a cluster are to do.
    RouteState {
        /// Write to the primary.
        Serving = "serving",
        /// Hold writes for a moment: a switchover is under way.
        Held = "held",
        /// There is no primary now: wait for the next route.
        NoPrimary = "no_primary",
    }
}

shown! {
    /// The routing table, at one revision.
    pub struct RoutingTable {
        /// Which state this is.
        pub revision: String,
        /// One route for each cluster, in order of name.
        pub clusters: Vec<Route>,
        /// The keyspaces, in order of name.
        pub keyspaces: Vec<Keyspace>,
        /// The hostgroups as they are filled now, in order of id.
        pub hostgroups: Vec<Hostgroup>,
        /// The query rules, in the order in which they are tried.
        pub query_rules: Vec<QueryRule>,
    }

    /// Where one cluster's traffic goes.
    pub struct Route {
        /// The cluster.
        pub cluster: String,
        /// The primacy this route belongs to.
        pub epoch: String,
        /// What writers are to do.
        pub state: RouteState,
        /// Whom they write to; null unless the cluster takes writes.
        pub writer: Option<Endpoint>,
        /// Who serves reads, in order of name.
        pub readers: Vec<Reader>,
    }

    /// A node that traffic can go to.
    pub struct Endpoint {
        /// Its name.
        pub node: String,
        /// Where it listens.
        pub address: String,
    }

    /// A node that serves reads.
    pub struct Reader {
        /// Its name.
        pub node: String,
        /// Where it listens.
        pub address: String,
        /// Its share of the reads, relative to the other readers'.
        pub weight: u32,
    }
}

impl From<&domain::RoutingTable> for RoutingTable {
    fn from(table: &domain::RoutingTable) -> Self {
        let keyspaces = table.keyspaces.values();
        Self {
            revision: table.revision.to_string(),
            clusters: table.clusters.values().map(Into::into).collect(),
            keyspaces: keyspaces.map(|it| Keyspace::new(it, table)).collect(),
            hostgroups: table.hostgroups.values().map(Into::into).collect(),
            query_rules: table.query_rules.values().map(Into::into).collect(),
        }
    }
}

impl From<&domain::ClusterRoute> for Route {
    fn from(route: &domain::ClusterRoute) -> Self {
        let readers = route.readers.iter().map(|reader| Reader {
            node: reader.endpoint.node.to_string(),
            address: reader.endpoint.address.to_string(),
            weight: reader.weight,
        });
        Self {
            cluster: route.name.to_string(),
            epoch: route.epoch.to_string(),
            state: match route.state {
                domain::RouteState::Serving { .. } => RouteState::Serving,
                domain::RouteState::Held => RouteState::Held,
                domain::RouteState::NoPrimary => RouteState::NoPrimary,
            },
            writer: route.writer().map(|writer| Endpoint {
                node: writer.node.to_string(),
                address: writer.address.to_string(),
            }),
            readers: readers.collect(),
        }
    }
}
