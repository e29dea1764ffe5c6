//! What an application tells the library.

use std::fmt;
use std::time::Duration;

use lictor_domain::{ClusterName, NodeAddress};
use lictor_wire::v1;
use mysql_async::{Opts, OptsBuilder};
use secrecy::{ExposeSecret, SecretString};

/// What kind of subscriber this is, for those who look at the control plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubscriberKind {
    /// An application.
    #[default]
    Client,
    /// A proxy, or what configures one.
    Proxy,
    /// Anything else.
    Other,
}

impl From<SubscriberKind> for v1::SubscriberKind {
    fn from(kind: SubscriberKind) -> Self {
        match kind {
            SubscriberKind::Client => Self::Client,
            SubscriberKind::Proxy => Self::Proxy,
            SubscriberKind::Other => Self::Other,
        }
    }
}

/// How to subscribe to the routing table.
#[derive(Clone, Debug)]
pub struct SubscribeConfig {
    /// URLs of the control plane, such as `http://127.0.0.1:7400`; tried in
    /// turn.
    pub endpoints: Vec<String>,
    /// This process's name, for people: unique among subscribers and stable
    /// over restarts.
    pub id: String,
    /// What kind of subscriber it is.
    pub kind: SubscriberKind,
    /// Only these clusters; all when empty.
    pub clusters: Vec<ClusterName>,
}

/// How to log in to the MySQL nodes.
#[derive(Clone)]
pub struct Credentials {
    /// The account.
    pub user: String,
    /// Its password.
    pub password: SecretString,
    /// The database to start in.
    pub database: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// How to connect to one node with them. Always over TCP: a unix socket
    /// says nothing about which node answers.
    pub(crate) fn options(&self, address: &NodeAddress) -> Opts {
        OptsBuilder::default()
            .ip_or_hostname(address.host())
            .tcp_port(address.port())
            .user(Some(self.user.as_str()))
            .pass(Some(self.password.expose_secret()))
            .db_name(self.database.as_deref())
            .prefer_socket(false)
            .into()
    }
}

/// Everything [`Lictor`](crate::Lictor) needs to know.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// How to subscribe.
    pub subscribe: SubscribeConfig,
    /// How to log in to the MySQL nodes.
    pub credentials: Credentials,
    /// How long to wait for a connection, and so for a failover to end.
    pub acquire_timeout: Duration,
    /// How long one login, or one check of an idle connection, may take.
    pub connect_timeout: Duration,
    /// How long [`with_writer`](crate::Lictor::with_writer) lets the work run.
    pub statement_timeout: Duration,
    /// How many connections to one node may be in use at a time.
    pub max_connections_per_node: usize,
}

impl ClientConfig {
    /// A configuration for all clusters, with the usual limits: 10 s to get a
    /// connection, 2 s for a login, 60 s for a statement, 32 connections in use
    /// per node.
    #[must_use]
    pub fn new(id: impl Into<String>, endpoints: Vec<String>, credentials: Credentials) -> Self {
        Self {
            subscribe: SubscribeConfig {
                endpoints,
                id: id.into(),
                kind: SubscriberKind::default(),
                clusters: Vec::new(),
            },
            credentials,
            acquire_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_mins(1),
            max_connections_per_node: 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_password() {
        let config = ClientConfig::new(
            "shop",
            vec![],
            Credentials {
                user: "app".to_owned(),
                password: "hunter2".into(),
                database: None,
            },
        );
        let shown = format!("{config:?}");
        assert!(shown.contains("app"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
