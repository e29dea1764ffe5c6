//! Hostgroups, as in ProxySQL: named pools of servers that query rules send
//! statements to. One is filled by a role in a cluster, so that a failover
//! changes it by itself, or listed by hand.
//!
//! A hostgroup that exists is valid by itself; that its cluster exists is the
//! configuration's business.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::names::{ClusterName, HostgroupName, NodeAddress};
use crate::policy::words;

/// A hostgroup's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostgroupId(pub u32);

impl fmt::Display for HostgroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a hostgroup is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostgroupKind {
    /// Takes writes.
    Writer,
    /// Serves reads.
    Reader,
    /// Anything else.
    Custom,
}
words!(HostgroupKind, "hostgroup kind", Writer => "writer", Reader => "reader", Custom => "custom");

/// Which nodes of a cluster fill a hostgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The primary, while it takes writes.
    Primary,
    /// Whoever serves the cluster's reads now.
    Replica,
}
words!(Role, "role", Primary => "primary", Replica => "replica");

/// Whether a server listed by hand is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerStatus {
    /// It is used.
    #[default]
    Online,
    /// What it has begun ends there, and nothing new goes to it.
    OfflineSoft,
    /// Nothing goes to it, and what it has begun is cut off.
    OfflineHard,
}
words!(
    ServerStatus, "server status",
    Online => "online", OfflineSoft => "offline_soft", OfflineHard => "offline_hard",
);

/// How much a server is to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capacity {
    /// Its share, relative to the others' in the hostgroup; 0 gives it nothing.
    pub weight: u32,
    /// Connections that one proxy may have to it.
    pub max_connections: u32,
    /// Further behind than this many seconds it is left out; 0 for however far.
    pub max_replication_lag: u32,
}

impl Capacity {
    /// ProxySQL takes no higher weight.
    pub const MAX_WEIGHT: u32 = 10_000_000;
    /// Seconds; ProxySQL takes no higher limit: 4 years.
    pub const MAX_LAG: u32 = 126_144_000;
}

impl Default for Capacity {
    /// As in ProxySQL.
    fn default() -> Self {
        Self {
            weight: 1,
            max_connections: 1000,
            max_replication_lag: 0,
        }
    }
}

/// A server listed by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ServerDocument", into = "ServerDocument")]
pub struct Server {
    /// Where it listens.
    pub address: NodeAddress,
    /// Whether it is used.
    pub status: ServerStatus,
    /// How much it is to carry.
    pub capacity: Capacity,
}

/// What fills a hostgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// Nodes of a cluster, by role.
    ByRole {
        /// The cluster.
        cluster: ClusterName,
        /// Which of its nodes.
        role: Role,
        /// How much each is to carry.
        capacity: Capacity,
    },
    /// These servers, in order of address, each once.
    Listed(Vec<Server>),
}

/// A hostgroup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "HostgroupDocument", into = "HostgroupDocument")]
pub struct Hostgroup {
    /// Its number.
    pub id: HostgroupId,
    /// Its name, unique.
    pub name: HostgroupName,
    /// What it is for.
    pub kind: HostgroupKind,
    /// What fills it.
    pub members: Members,
}

impl Hostgroup {
    /// The cluster that it is filled from, if any.
    #[must_use]
    pub const fn cluster(&self) -> Option<&ClusterName> {
        match &self.members {
            Members::ByRole { cluster, .. } => Some(cluster),
            Members::Listed(_) => None,
        }
    }
}

/// Why a description is no hostgroup.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HostgroupError {
    /// It is not clear what fills it.
    #[error(
        "hostgroup {id}: {found}; give either `cluster` and `role`, or `servers`, to say what fills it"
    )]
    Filling {
        /// The hostgroup.
        id: HostgroupId,
        /// What it says of that.
        found: &'static str,
    },
    /// Two servers at one address.
    #[error("hostgroup {id}: server {address} is listed twice")]
    Twice {
        /// The hostgroup.
        id: HostgroupId,
        /// The address.
        address: NodeAddress,
    },
    /// A number that ProxySQL would not take.
    #[error("{field} is {found}; {max} at most is allowed")]
    TooLarge {
        /// The field.
        field: &'static str,
        /// Its value.
        found: u32,
        /// What is allowed.
        max: u32,
    },
    /// Of a hostgroup that is filled by role, something only a list has.
    #[error(
        "hostgroup {id}: `{field}` goes with `cluster` and `role`; write it for each of the `servers`"
    )]
    Misplaced {
        /// The hostgroup.
        id: HostgroupId,
        /// The field.
        field: &'static str,
    },
}

/// A server as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerDocument {
    address: NodeAddress,
    #[serde(default)]
    status: ServerStatus,
    #[serde(default)]
    weight: Option<u32>,
    #[serde(default)]
    max_connections: Option<u32>,
    #[serde(default)]
    max_replication_lag: Option<u32>,
}

/// A hostgroup as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostgroupDocument {
    id: HostgroupId,
    name: HostgroupName,
    kind: HostgroupKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster: Option<ClusterName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_connections: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_replication_lag: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    servers: Option<Vec<Server>>,
}

/// What is said of the capacity, with ProxySQL's defaults for the rest.
fn capacity(
    weight: Option<u32>,
    max_connections: Option<u32>,
    max_replication_lag: Option<u32>,
) -> Result<Capacity, HostgroupError> {
    let usual = Capacity::default();
    Capacity {
        weight: weight.unwrap_or(usual.weight),
        max_connections: max_connections.unwrap_or(usual.max_connections),
        max_replication_lag: max_replication_lag.unwrap_or(usual.max_replication_lag),
    }
    .checked()
}

impl Capacity {
    /// Refuses what ProxySQL would not take.
    pub fn checked(self) -> Result<Self, HostgroupError> {
        let limits = [
            ("weight", self.weight, Self::MAX_WEIGHT),
            (
                "max_replication_lag",
                self.max_replication_lag,
                Self::MAX_LAG,
            ),
        ];
        for (field, found, max) in limits {
            if found > max {
                return Err(HostgroupError::TooLarge { field, found, max });
            }
        }
        Ok(self)
    }
}

impl TryFrom<ServerDocument> for Server {
    type Error = HostgroupError;

    fn try_from(read: ServerDocument) -> Result<Self, HostgroupError> {
        Ok(Self {
            address: read.address,
            status: read.status,
            capacity: capacity(read.weight, read.max_connections, read.max_replication_lag)?,
        })
    }
}

impl From<Server> for ServerDocument {
    fn from(server: Server) -> Self {
        Self {
            address: server.address,
            status: server.status,
            weight: Some(server.capacity.weight),
            max_connections: Some(server.capacity.max_connections),
            max_replication_lag: Some(server.capacity.max_replication_lag),
        }
    }
}

impl Members {
    /// These servers.
    ///
    /// # Errors
    /// [`HostgroupError::Twice`], when one is there twice.
    pub fn listed(id: HostgroupId, mut servers: Vec<Server>) -> Result<Self, HostgroupError> {
        servers.sort_by(|a, b| a.address.cmp(&b.address));
        match servers
            .windows(2)
            .find(|two| two[0].address == two[1].address)
        {
            Some(two) => Err(HostgroupError::Twice {
                id,
                address: two[0].address.clone(),
            }),
            None => Ok(Self::Listed(servers)),
        }
    }
}

impl TryFrom<HostgroupDocument> for Hostgroup {
    type Error = HostgroupError;

    fn try_from(read: HostgroupDocument) -> Result<Self, HostgroupError> {
        let id = read.id;
        let said = [
            ("weight", read.weight),
            ("max_connections", read.max_connections),
            ("max_replication_lag", read.max_replication_lag),
        ];
        let members = match (read.cluster, read.role, read.servers) {
            (Some(cluster), Some(role), None) => Members::ByRole {
                cluster,
                role,
                capacity: capacity(said[0].1, said[1].1, said[2].1)?,
            },
            (None, None, Some(servers)) => {
                if let Some((field, _)) = said.iter().find(|(_, value)| value.is_some()) {
                    return Err(HostgroupError::Misplaced { id, field });
                }
                Members::listed(id, servers)?
            }
            (None, None, None) => return Err(filling(id, "nothing fills it")),
            (_, _, Some(_)) => return Err(filling(id, "it has both a cluster and servers")),
            (Some(_), None, None) => return Err(filling(id, "`role` is missing")),
            (None, Some(_), None) => return Err(filling(id, "`cluster` is missing")),
        };
        Ok(Self {
            id,
            name: read.name,
            kind: read.kind,
            members,
        })
    }
}

const fn filling(id: HostgroupId, found: &'static str) -> HostgroupError {
    HostgroupError::Filling { id, found }
}

impl From<Hostgroup> for HostgroupDocument {
    fn from(hostgroup: Hostgroup) -> Self {
        let empty = Self {
            id: hostgroup.id,
            name: hostgroup.name,
            kind: hostgroup.kind,
            cluster: None,
            role: None,
            weight: None,
            max_connections: None,
            max_replication_lag: None,
            servers: None,
        };
        match hostgroup.members {
            Members::ByRole {
                cluster,
                role,
                capacity,
            } => Self {
                cluster: Some(cluster),
                role: Some(role),
                weight: Some(capacity.weight),
                max_connections: Some(capacity.max_connections),
                max_replication_lag: Some(capacity.max_replication_lag),
                ..empty
            },
            Members::Listed(servers) => Self {
                servers: Some(servers),
                ..empty
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Hostgroup, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_hostgroup_reads_back_as_written() {
        let by_role = r#"{"id":10,"name":"orders-writer","kind":"writer","cluster":"orders","role":"primary"}"#;
        let listed = r#"{"id":30,"name":"reports","kind":"custom","servers":[
            {"address":"10.0.0.2:3306"},{"address":"10.0.0.1:3306","weight":5,"status":"offline_soft"}]}"#;
        for json in [by_role, listed] {
            let hostgroup = read(json).unwrap();
            let written = serde_json::to_string(&hostgroup).unwrap();
            assert_eq!(read(&written).unwrap(), hostgroup);
        }
        let Members::Listed(servers) = read(listed).unwrap().members else {
            panic!("it lists its servers");
        };
        assert_eq!(servers[0].address.to_string(), "10.0.0.1:3306");
        assert_eq!(servers[0].capacity.weight, 5);
        assert_eq!(servers[1].capacity, Capacity::default());
    }

    #[test]
    fn what_is_wrong_with_a_hostgroup_is_named() {
        let cases = [
            (r#""cluster":"orders""#, "`role` is missing"),
            (r#""role":"replica""#, "`cluster` is missing"),
            (r#""comment":"x""#, "unknown field `comment`"),
            (r#""servers":[],"weight":3"#, "`weight` goes with"),
            (
                r#""servers":[],"cluster":"orders","role":"primary""#,
                "both a cluster and servers",
            ),
            (
                r#""servers":[{"address":"a:1"},{"address":"a:1"}]"#,
                "server a:1 is listed twice",
            ),
            (
                r#""cluster":"orders","role":"replica","weight":10000001"#,
                "weight is 10000001; 10000000 at most is allowed",
            ),
        ];
        for (rest, told) in cases {
            let error = read(&format!(r#"{{"id":1,"name":"a","kind":"reader",{rest}}}"#));
            let error = error.unwrap_err();
            assert!(error.contains(told), "{rest}: {error}");
        }
        let error = read(r#"{"id":1,"name":"a","kind":"reader"}"#).unwrap_err();
        assert!(error.contains("nothing fills it"), "{error}");
    }
}
