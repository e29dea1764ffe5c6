//! A MySQL node as it should stand in the catalog, and the operations that put
//! it there.
//!
//! The Consul node is external (`external-node`) and not to be probed by
//! others (`external-probe`), so that Lictor is the only writer of its checks.
//! Its service has no address of its own: the node's is the only one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lictor_domain::{ClusterName, Epoch, NodeAddress, NodeName, ServerVersion};

use crate::txn::{CheckBody, NodeBody, Op, ServiceBody, Verb};

/// What each Consul node of ours carries, for `consul-esm` and other readers.
pub(crate) const NODE_MARKS: [(&str, &str); 2] =
    [("external-node", "true"), ("external-probe", "false")];

/// What a node is to its cluster; the tag that apps look up in DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It follows the primary and takes reads.
    Replica,
}

impl Role {
    const ALL: [Self; 2] = [Self::Primary, Self::Replica];

    /// The tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        }
    }
}

/// The checks that Lictor keeps of every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckKind {
    /// Whether it takes connections.
    Connect,
    /// How fast it answers a query.
    QueryLatency,
    /// How far it is behind its primary.
    ReplicationLag,
}

impl CheckKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Connect, Self::QueryLatency, Self::ReplicationLag];

    /// Consul's id of the check, unique on its node.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::QueryLatency => "query-latency",
            Self::ReplicationLag => "replication-lag",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Connect => "MySQL takes connections",
            Self::QueryLatency => "MySQL query latency",
            Self::ReplicationLag => "MySQL replication lag",
        }
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A check's status; DNS hides what is critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// As it should be.
    Passing,
    /// Served still, but worth a look.
    Warning,
    /// Not to be used.
    Critical,
}

impl Status {
    /// Consul's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One check with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which one.
    pub kind: CheckKind,
    /// How it went.
    pub status: Status,
    /// Why, as a sentence.
    pub output: String,
}

/// A MySQL node as the catalog should show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEntry {
    /// Its cluster: the service.
    pub cluster: ClusterName,
    /// Its name: the Consul node is [`NodeName::consul_node`].
    pub node: NodeName,
    /// Where it listens.
    pub address: NodeAddress,
    /// Its role tags; a node without one is found by no role.
    pub roles: BTreeSet<Role>,
    /// Its zone tag. A zone called like a role is no tag, for it would send
    /// that role's clients here.
    pub zone: Option<String>,
    /// The primacy in which it has its role.
    pub epoch: Epoch,
    /// Its server's version, once known.
    pub version: Option<ServerVersion>,
    /// Its checks, each kind once.
    pub checks: Vec<Check>,
}

impl NodeEntry {
    /// The service's tags.
    #[must_use]
    pub fn tags(&self) -> BTreeSet<String> {
        let names_a_role = |zone: &&String| Role::ALL.iter().any(|role| role.tag() == *zone);
        let zone = self.zone.iter().filter(|zone| !names_a_role(zone)).cloned();
        let roles = self.roles.iter().map(|role| role.tag().to_owned());
        roles.chain(zone).collect()
    }

    /// The service's meta.
    #[must_use]
    pub fn meta(&self) -> BTreeMap<String, String> {
        let version = self.version.map(|version| ("version", version.to_string()));
        [
            ("node", self.node.to_string()),
            ("epoch", self.epoch.to_string()),
        ]
        .into_iter()
        .chain(version)
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }

    /// Puts node, service and checks as this entry says.
    pub(crate) fn register_ops(&self) -> Vec<Op> {
        let mut ops = vec![self.node_op()];
        ops.extend(self.flip_ops());
        ops
    }

    /// Puts service and checks; the service first, as checks copy its tags.
    pub(crate) fn flip_ops(&self) -> Vec<Op> {
        let mut ops = vec![self.service_op()];
        ops.extend(self.check_ops());
        ops
    }

    /// Puts the checks.
    pub(crate) fn check_ops(&self) -> Vec<Op> {
        self.checks
            .iter()
            .map(|check| self.check_op(check))
            .collect()
    }

    fn node_op(&self) -> Op {
        let mark = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Op::Node {
            verb: Verb::Set,
            node: NodeBody {
                node: self.node.consul_node(),
                address: self.address.host().to_owned(),
                meta: NODE_MARKS.map(mark).into(),
            },
        }
    }

    fn service_op(&self) -> Op {
        Op::Service {
            verb: Verb::Set,
            node: self.node.consul_node(),
            service: ServiceBody {
                id: self.cluster.to_string(),
                service: self.cluster.to_string(),
                port: self.address.port(),
                tags: self.tags(),
                meta: self.meta(),
            },
        }
    }

    fn check_op(&self, check: &Check) -> Op {
        Op::Check {
            verb: Verb::Set,
            check: CheckBody {
                node: self.node.consul_node(),
                check_id: check.kind.id().to_owned(),
                name: check.kind.title().to_owned(),
                status: check.status.to_string(),
                output: check.output.clone(),
                service_id: self.cluster.to_string(),
                service_name: self.cluster.to_string(),
            },
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use lictor_domain::Term;
    use serde_json::json;

    use super::*;

    pub(crate) fn entry(number: u32, role: Option<Role>) -> NodeEntry {
        let cluster: ClusterName = "orders".parse().unwrap();
        NodeEntry {
            node: NodeName::numbered(&cluster, number),
            cluster,
            address: NodeAddress::new(&format!("127.0.9.{number}"), 3306).unwrap(),
            roles: role.into_iter().collect(),
            zone: Some("eu-1".to_owned()),
            epoch: Epoch {
                term: Term(3),
                n: 7,
            },
            version: Some(ServerVersion::new(9, 7, 0)),
            checks: vec![Check {
                kind: CheckKind::Connect,
                status: Status::Passing,
                output: "It answers.".to_owned(),
            }],
        }
    }

    #[test]
    fn a_registration_has_the_shape_consul_documents() {
        let ops = entry(1, Some(Role::Primary)).register_ops();
        assert_eq!(
            serde_json::to_value(ops).unwrap(),
            json!([
                {"Node": {"Verb": "set", "Node": {
                    "Node": "mysql-orders-1",
                    "Address": "127.0.9.1",
                    "Meta": {"external-node": "true", "external-probe": "false"},
                }}},
                {"Service": {"Verb": "set", "Node": "mysql-orders-1", "Service": {
                    "ID": "orders",
                    "Service": "orders",
                    "Port": 3306,
                    "Tags": ["eu-1", "primary"],
                    "Meta": {"node": "orders-1", "epoch": "3.7", "version": "9.7.0"},
                }}},
                {"Check": {"Verb": "set", "Check": {
                    "Node": "mysql-orders-1",
                    "CheckID": "connect",
                    "Name": "MySQL takes connections",
                    "Status": "passing",
                    "Output": "It answers.",
                    "ServiceID": "orders",
                    "ServiceName": "orders",
                }}},
            ])
        );
    }

    #[test]
    fn a_node_without_a_role_has_no_role_tag() {
        let mut entry = entry(1, None);
        assert_eq!(entry.tags(), BTreeSet::from(["eu-1".to_owned()]));
        entry.zone = None;
        assert_eq!(entry.tags(), BTreeSet::new());
    }

    #[test]
    fn a_zone_called_primary_makes_no_replica_a_primary() {
        let entry = NodeEntry {
            zone: Some("primary".to_owned()),
            ..entry(2, Some(Role::Replica))
        };
        assert_eq!(entry.tags(), BTreeSet::from(["replica".to_owned()]));
    }

    #[test]
    fn an_unknown_version_is_left_out_of_the_meta() {
        let entry = NodeEntry {
            version: None,
            ..entry(1, None)
        };
        assert!(!entry.meta().contains_key("version"));
    }
}
