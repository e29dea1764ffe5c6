//! What an application tells the library.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lictor_domain::{ClusterName, HostgroupId, KeyspaceName, NodeAddress};
use lictor_tls::ClientTls;
use lictor_wire::{TokenSource, v1};
use mysql_async::{ClientIdentity, Opts, OptsBuilder, SslOpts};
use secrecy::{ExposeSecret, SecretString};

use crate::pool::PoolConfig;

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
    /// URLs of the control plane, such as `https://lictor-1:7400`; tried in
    /// turn.
    pub endpoints: Vec<String>,
    /// Whom to trust at endpoints of `https`, and what to show there.
    pub tls: ClientTls,
    /// The token to show: one of the role subscriber is enough. A file is read anew
    /// for each connection.
    pub token: Option<TokenSource>,
    /// This process's name, for people: unique among subscribers and stable
    /// over restarts.
    pub id: String,
    /// What kind of subscriber it is.
    pub kind: SubscriberKind,
    /// Only these clusters. Without any cluster, keyspace and hostgroup,
    /// everything.
    pub clusters: Vec<ClusterName>,
    /// Only these keyspaces, and the clusters that hold their shards.
    pub keyspaces: Vec<KeyspaceName>,
    /// Only these hostgroups, and the query rules.
    pub hostgroups: Vec<HostgroupId>,
    /// Where to keep the last good table for the next start, and to begin with
    /// when no control plane answers then. One file for each process; its folder
    /// has to exist. Remove it when the control plane is set up anew: its
    /// revisions begin again, and an older one is never taken.
    pub cache_file: Option<PathBuf>,
}

impl SubscribeConfig {
    /// Everything, for an application, without a cache file.
    #[must_use]
    pub fn new(id: impl Into<String>, endpoints: Vec<String>) -> Self {
        Self {
            endpoints,
            tls: ClientTls::default(),
            token: None,
            id: id.into(),
            kind: SubscriberKind::default(),
            clusters: Vec::new(),
            keyspaces: Vec::new(),
            hostgroups: Vec::new(),
            cache_file: None,
        }
    }

    /// What is subscribed to, on one line: revisions of two subscriptions compare
    /// only when it is the same.
    pub(crate) fn scope(&self) -> String {
        let clusters = sorted(&self.clusters);
        let keyspaces = sorted(&self.keyspaces);
        let hostgroups = sorted(&self.hostgroups);
        format!("clusters={clusters} keyspaces={keyspaces} hostgroups={hostgroups}")
    }
}

fn sorted(names: &[impl ToString]) -> String {
    let mut names: Vec<_> = names.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names.join(",")
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
    pub(crate) fn options(&self, address: &NodeAddress, tls: Option<&ClientTls>) -> Opts {
        OptsBuilder::default()
            .ip_or_hostname(address.host())
            .tcp_port(address.port())
            .user(Some(self.user.as_str()))
            .pass(Some(self.password.expose_secret()))
            .db_name(self.database.as_deref())
            .prefer_socket(false)
            .ssl_opts(tls.map(protection))
            .into()
    }
}

fn protection(tls: &ClientTls) -> SslOpts {
    let options = match &tls.ca_file {
        Some(path) => SslOpts::default()
            .with_root_certs(vec![path.clone().into()])
            .with_disable_built_in_roots(true),
        None => SslOpts::default(),
    };
    let identity = tls.identity.clone();
    options.with_client_identity(
        identity.map(|identity| {
            ClientIdentity::new(identity.cert_file.into(), identity.key_file.into())
        }),
    )
}

/// Everything [`Lictor`](crate::Lictor) needs to know.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// How to subscribe.
    pub subscribe: SubscribeConfig,
    /// How to log in to the MySQL nodes.
    pub credentials: Credentials,
    /// Whom to trust at the MySQL nodes, whose certificates are verified with their
    /// names, and what to show there. Without it they are talked to in plaintext.
    pub mysql_tls: Option<ClientTls>,
    /// How many connections to hold to each node, and how long to wait for one.
    pub pool: PoolConfig,
    /// How long [`with_writer`](crate::Lictor::with_writer) lets the work run.
    pub statement_timeout: Duration,
    /// Where [`route`](crate::Lictor::route) sends what no query rule decides;
    /// where there is only one cluster, to that one anyway.
    pub default_cluster: Option<ClusterName>,
}

impl ClientConfig {
    /// A configuration for all clusters, with the usual limits: those of
    /// [`PoolConfig`], and 60 s for a statement.
    #[must_use]
    pub fn new(id: impl Into<String>, endpoints: Vec<String>, credentials: Credentials) -> Self {
        Self {
            subscribe: SubscribeConfig::new(id, endpoints),
            credentials,
            mysql_tls: None,
            pool: PoolConfig::default(),
            statement_timeout: Duration::from_mins(1),
            default_cluster: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_password_or_the_token() {
        let mut config = ClientConfig::new(
            "shop",
            vec![],
            Credentials {
                user: "app".to_owned(),
                password: "hunter2".into(),
                database: None,
            },
        );
        config.subscribe.token = Some(TokenSource::Text("lictor_0a_feed".into()));
        let shown = format!("{config:?}");
        assert!(shown.contains("app"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!shown.contains("feed"), "{shown}");
    }
}
