//! Names and addresses. Each is valid once it exists, so that it can go into
//! DNS, Consul and SQL (as a bound value) without another check.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// Longest cluster name, leaving room for `mysql-` and a node's number in one
/// 63-byte DNS label.
const CLUSTER_MAX: usize = 48;
const LABEL_MAX: usize = 63;

/// Why a text is not a name or an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// The text is empty.
    #[error("{what} is empty")]
    Empty {
        /// What was being read.
        what: &'static str,
    },
    /// The text is longer than allowed.
    #[error("{what} `{shown}` is too long: {max} characters at most")]
    TooLong {
        /// What was being read.
        what: &'static str,
        /// The text, shortened.
        shown: String,
        /// Characters allowed.
        max: usize,
    },
    /// A character that a DNS label cannot hold.
    #[error(
        "{what} `{shown}` is no DNS label: `{found}` at character {at}; use a-z, 0-9 and inner hyphens, starting with a letter"
    )]
    NotALabel {
        /// What was being read.
        what: &'static str,
        /// The text.
        shown: String,
        /// The character.
        found: char,
        /// Its position, from 1.
        at: usize,
    },
    /// A name that Lictor uses itself.
    #[error("{what} `{shown}` is reserved: Lictor or Consul uses this service name itself")]
    Reserved {
        /// What was being read.
        what: &'static str,
        /// The text.
        shown: String,
    },
    /// Not `host:port`.
    #[error("address `{shown}` is not host:port: {why}")]
    NotAnAddress {
        /// The text, shortened.
        shown: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

fn shorten(text: &str) -> String {
    const SHOWN: usize = 80;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("{head}…")
}

fn dns_label(what: &'static str, text: &str, max: usize) -> Result<String, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    if text.chars().count() > max {
        return Err(NameError::TooLong {
            what,
            shown: shorten(text),
            max,
        });
    }
    let last = text.chars().count() - 1;
    let wrong = text.chars().enumerate().find(|&(at, c)| match c {
        'a'..='z' => false,
        '0'..='9' => at == 0,
        '-' => at == 0 || at == last,
        _ => true,
    });
    match wrong {
        None => Ok(text.to_owned()),
        Some((at, found)) => Err(NameError::NotALabel {
            what,
            shown: text.to_owned(),
            found,
            at: at + 1,
        }),
    }
}

macro_rules! text_value {
    ($type:ident) => {
        impl $type {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }
    };
}

/// A cluster's name: a DNS label of at most 48 characters, for it is the Consul
/// service that apps look up (`primary.<cluster>.service.consul`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterName(String);
text_value!(ClusterName);

impl FromStr for ClusterName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        const WHAT: &str = "cluster name";
        let name = dns_label(WHAT, text, CLUSTER_MAX)?;
        if matches!(name.as_str(), "consul" | "lictor") {
            return Err(NameError::Reserved {
                what: WHAT,
                shown: name,
            });
        }
        Ok(Self(name))
    }
}

/// A node's name, unique over all clusters: `<cluster>-<number>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeName(String);
text_value!(NodeName);

impl NodeName {
    /// The `number`th node of `cluster`, counted from 1.
    #[must_use]
    pub fn numbered(cluster: &ClusterName, number: u32) -> Self {
        Self(format!("{cluster}-{number}"))
    }

    /// The cluster that it is named after; none for a name of another form.
    #[must_use]
    pub fn cluster(&self) -> Option<ClusterName> {
        self.0.rsplit_once('-')?.0.parse().ok()
    }

    /// The Consul node that stands for this MySQL node.
    #[must_use]
    pub fn consul_node(&self) -> String {
        format!("mysql-{}", self.0)
    }
}

impl FromStr for NodeName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        dns_label("node name", text, LABEL_MAX).map(Self)
    }
}

/// A hostgroup's name: a DNS label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostgroupName(String);
text_value!(HostgroupName);

impl FromStr for HostgroupName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        dns_label("hostgroup name", text, LABEL_MAX).map(Self)
    }
}

/// A keyspace's name: a DNS label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyspaceName(String);
text_value!(KeyspaceName);

/// So that a keyspace is found by its name's text, without a copy of it.
impl Borrow<str> for KeyspaceName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyspaceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        dns_label("keyspace name", text, LABEL_MAX).map(Self)
    }
}

/// A shard's name, unique in its keyspace: a DNS label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShardName(String);
text_value!(ShardName);

impl FromStr for ShardName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        dns_label("shard name", text, LABEL_MAX).map(Self)
    }
}

/// Where nodes stand together, such as an availability zone: a DNS label, for it
/// is a tag of the Consul service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(String);
text_value!(Zone);

impl FromStr for Zone {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        dns_label("zone", text, LABEL_MAX).map(Self)
    }
}

/// Where a MySQL node listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeAddress {
    host: String,
    port: u16,
}

impl NodeAddress {
    /// An address from its parts; the host may be a name or an IP address.
    pub fn new(host: &str, port: u16) -> Result<Self, NameError> {
        let wrong = |why| NameError::NotAnAddress {
            shown: shorten(&format!("{host}:{port}")),
            why,
        };
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        if host.len() > 253 {
            return Err(wrong("the host is longer than 253 characters"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if !host.chars().all(allowed) {
            return Err(wrong("the host has a character no host name has"));
        }
        if port == 0 {
            return Err(wrong("the port is 0"));
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port,
        })
    }

    /// Host name or IP address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for NodeAddress {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = |why| NameError::NotAnAddress {
            shown: shorten(text),
            why,
        };
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| wrong("the port is missing"))?;
        let port = port
            .parse()
            .map_err(|_| wrong("the port is no number from 1 to 65535"))?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        if bare.is_none() && host.contains(':') {
            return Err(wrong("an IPv6 host needs brackets"));
        }
        Self::new(bare.unwrap_or(host), port)
    }
}

impl TryFrom<String> for NodeAddress {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<NodeAddress> for String {
    fn from(address: NodeAddress) -> Self {
        address.to_string()
    }
}

/// A MySQL server's `@@server_uuid`: what it is, wherever it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerUuid(pub Uuid);

impl fmt::Display for ServerUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for ServerUuid {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// One start of a `mysqld` by its agent. The server shows it by the name of its
/// pid file, so that what it says of itself can be told from what another start
/// at the same address said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instance(pub Uuid);

impl Instance {
    const PREFIX: &str = "lictor-agent-";
    const SUFFIX: &str = ".pid";

    /// The name of its pid file.
    #[must_use]
    pub fn pid_file(self) -> String {
        format!("{}{self}{}", Self::PREFIX, Self::SUFFIX)
    }

    /// The start that a server with this `@@pid_file` is; `None` for one that no
    /// agent has started.
    #[must_use]
    pub fn of_pid_file(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let uuid = name
            .strip_prefix(Self::PREFIX)?
            .strip_suffix(Self::SUFFIX)?;
        uuid.parse().ok()
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for Instance {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_node_is_named_after_its_cluster() {
        let cluster: ClusterName = "orders-eu".parse().unwrap();
        let node = NodeName::numbered(&cluster, 12);
        assert_eq!(node.cluster(), Some(cluster));
        assert_eq!("orders".parse::<NodeName>().unwrap().cluster(), None);
    }

    #[test]
    fn a_cluster_name_is_a_dns_label() {
        for good in ["orders", "o", "orders-eu-1", "a1"] {
            assert_eq!(good.parse::<ClusterName>().unwrap().as_str(), good);
        }
        for bad in [
            "", "Orders", "1orders", "-a", "a-", "a.b", "a_b", "ö", "a b",
        ] {
            assert!(bad.parse::<ClusterName>().is_err(), "{bad:?} was taken");
        }
        assert!("a".repeat(49).parse::<ClusterName>().is_err());
    }

    #[test]
    fn the_error_names_the_character_and_what_is_allowed() {
        let error = "or_ders".parse::<ClusterName>().unwrap_err().to_string();
        assert_eq!(
            error,
            "cluster name `or_ders` is no DNS label: `_` at character 3; use a-z, 0-9 and inner \
             hyphens, starting with a letter"
        );
    }

    #[test]
    fn service_names_in_use_are_reserved() {
        assert!(matches!(
            "lictor".parse::<ClusterName>(),
            Err(NameError::Reserved { .. })
        ));
    }

    #[test]
    fn addresses_read_back_as_written() {
        for good in ["127.0.10.11:3306", "db-1.example.org:3307", "[::1]:3306"] {
            assert_eq!(good.parse::<NodeAddress>().unwrap().to_string(), good);
        }
    }

    #[test]
    fn a_server_shows_its_start_by_its_pid_file() {
        let instance = Instance(Uuid::from_u128(7));
        let path = format!("/var/lib/mysql/{}", instance.pid_file());
        assert_eq!(Instance::of_pid_file(&path), Some(instance));
        assert_eq!(Instance::of_pid_file(&instance.pid_file()), Some(instance));
        for other in ["", "/run/mysqld/mysqld.pid", "lictor-agent-x.pid"] {
            assert_eq!(Instance::of_pid_file(other), None, "{other}");
        }
    }

    #[test]
    fn a_wrong_address_says_what_is_missing() {
        for (bad, why) in [
            ("127.0.0.1", "the port is missing"),
            ("127.0.0.1:", "the port is no number from 1 to 65535"),
            ("127.0.0.1:99999", "the port is no number from 1 to 65535"),
            (":3306", "the host is missing"),
            ("::1:3306", "an IPv6 host needs brackets"),
            ("a b:3306", "the host has a character no host name has"),
            ("a:0", "the port is 0"),
        ] {
            let error = bad.parse::<NodeAddress>().unwrap_err().to_string();
            assert!(error.ends_with(why), "{bad}: {error}");
        }
    }
}
