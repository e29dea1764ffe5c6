//! What can go wrong for an application, by what it does next.

use std::error::Error;
use std::time::Duration;

use lictor_domain::keyspace::Unresolved;
use lictor_domain::{ClusterName, HostgroupId, KeyspaceName, NodeAddress, NodeName, ShardName};
use thiserror::Error;

/// Why the library could not do what it was asked for.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The configuration makes no sense; correct it.
    #[error("the configuration is not valid: {0}")]
    InvalidConfig(String),
    /// No control plane could be reached, and there is no table yet.
    #[error("no control plane sent a routing table within {waited:?}: {reason}")]
    NoTable {
        /// How long it was waited for.
        waited: Duration,
        /// What the last attempt said.
        reason: String,
    },
    /// The routing table knows no such cluster.
    #[error("the routing table has no cluster `{0}`")]
    UnknownCluster(String),
    /// The routing table knows no such keyspace.
    #[error("the routing table has no keyspace `{0}`")]
    UnknownKeyspace(String),
    /// The routing table knows no such hostgroup.
    #[error("the routing table has no hostgroup {0}")]
    UnknownHostgroup(HostgroupId),
    /// No server of the hostgroup gave a connection in time; try again later.
    #[error("no server of hostgroup {hostgroup} gave a connection within {waited:?}{}", last_of(.last.as_deref()))]
    NoServer {
        /// The hostgroup.
        hostgroup: HostgroupId,
        /// How long it was tried.
        waited: Duration,
        /// The server tried last and what stood in the way; none when no server
        /// of it is used.
        last: Option<Box<(NodeAddress, CheckoutError)>>,
    },
    /// No query rule decides about the statement, and there are several clusters:
    /// set `default_cluster`.
    #[error("no query rule decides about the statement, and `default_cluster` is not set")]
    NoDestination,
    /// A query rule refuses the statement.
    #[error("a query rule refuses the statement: {message}")]
    Refused {
        /// What the rule says.
        message: String,
    },
    /// The key belongs to no shard; correct it, or the keyspace.
    #[error("{0}")]
    Unresolved(Box<Unresolved>),
    /// The cluster had no primary all the time; try again later.
    #[error("cluster {cluster} had no primary for {waited:?}")]
    NoPrimary {
        /// The cluster.
        cluster: ClusterName,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Writes were held all the time for a switchover; try again later.
    #[error("writes to cluster {cluster} were held for {waited:?}")]
    Held {
        /// The cluster.
        cluster: ClusterName,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Writes to the shard were held all the time, because its data is being
    /// moved; try again later.
    #[error("writes to shard {shard} of keyspace {keyspace} were held for {waited:?}")]
    ShardHeld {
        /// The keyspace.
        keyspace: KeyspaceName,
        /// The shard.
        shard: ShardName,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The node gave no connection in time; try again later.
    #[error("no connection to {node} of cluster {cluster} within {waited:?}")]
    TimedOut {
        /// The cluster.
        cluster: ClusterName,
        /// The node tried last.
        node: NodeAddress,
        /// How long it was tried.
        waited: Duration,
        /// What stood in the way last.
        source: Box<CheckoutError>,
    },
    /// The node does not let these credentials in; correct them.
    #[error("{node} refuses the login")]
    Denied {
        /// The node.
        node: NodeAddress,
        /// What it said.
        source: mysql_async::Error,
    },
    /// No reader may serve this read, and the writer was not to be asked.
    #[error("no reader of cluster {cluster} is fit after {waited:?}: {}", listed(.readers))]
    NoFitReader {
        /// The cluster.
        cluster: ClusterName,
        /// How long it was waited for.
        waited: Duration,
        /// Every reader there is, and what is against it.
        readers: Vec<UnfitReader>,
    },
    /// The server belongs to no cluster, so that nothing is known of what it has
    /// seen.
    #[error("{node} belongs to no cluster: what it has seen means nothing elsewhere")]
    NoCluster {
        /// The server.
        node: NodeAddress,
    },
    /// The work was cut off: it may have been done or not. Look before doing it
    /// again.
    #[error("it is unknown whether the work on cluster {cluster} was done")]
    MaybeExecuted {
        /// The cluster.
        cluster: ClusterName,
        /// What cut it off.
        source: Interruption,
    },
    /// MySQL refused the work, and nothing of the failing statement was done.
    #[error("MySQL refused the statement")]
    Sql(#[source] mysql_async::Error),
}

impl From<Unresolved> for ClientError {
    fn from(error: Unresolved) -> Self {
        Self::Unresolved(Box::new(error))
    }
}

impl ClientError {
    pub(crate) fn maybe_executed(cluster: &ClusterName, source: Interruption) -> Self {
        Self::MaybeExecuted {
            cluster: cluster.clone(),
            source,
        }
    }
}

/// A reader that may not serve a read.
#[derive(Debug)]
pub struct UnfitReader {
    /// The reader.
    pub node: NodeName,
    /// What is against it.
    pub why: Unfit,
}

impl UnfitReader {
    /// Whether all its connections are in use.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let Unfit::NoConnection(error) = &self.why else {
            return false;
        };
        let ClientError::TimedOut { source, .. } = &**error else {
            return false;
        };
        matches!(**source, CheckoutError::Exhausted(_))
    }

    /// Whether it gave no connection, and may be fit.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(self.why, Unfit::NoConnection(_))
    }
}

/// What is against a reader.
#[derive(Debug, Error)]
pub enum Unfit {
    /// It gave no connection.
    #[error("{0}")]
    NoConnection(Box<ClientError>),
    /// It is not known how far it is behind.
    #[error("it is not known how far it is behind")]
    LagUnknown,
    /// It may be further behind than the read allows.
    #[error("it may be {at_most:?} behind")]
    Lagging {
        /// How far at most.
        at_most: Duration,
    },
    /// It has not applied what the read has to see.
    #[error("it had not applied what the read has to see after {waited:?}")]
    Behind {
        /// How long it was waited for.
        waited: Duration,
    },
    /// It could not say what it has applied.
    #[error("it cannot say what it has applied: {0}")]
    Unsure(mysql_async::Error),
    /// It is not known what the read has to see, and only the writer certainly
    /// has it.
    #[error("only the writer is known to have what the read has to see")]
    OnlyTheWriter,
}

fn last_of(last: Option<&(NodeAddress, CheckoutError)>) -> String {
    match last {
        Some((node, why)) => format!("; last {node}: {}", with_sources(why)),
        None => "; it has none that is used".to_owned(),
    }
}

fn listed(readers: &[UnfitReader]) -> String {
    if readers.is_empty() {
        return "there is none".to_owned();
    }
    let each = readers.iter().map(|r| format!("{}: {}", r.node, r.why));
    each.collect::<Vec<_>>().join("; ")
}

/// Why a node gave no connection.
#[derive(Debug, Error)]
pub enum CheckoutError {
    /// Every connection that may be in use is in use.
    #[error("all {0} connections are in use")]
    Exhausted(usize),
    /// It did not answer in time.
    #[error("no answer within {0:?}")]
    NoAnswer(Duration),
    /// It turned the connection away, for now.
    #[error("the connection failed")]
    Failed(#[source] mysql_async::Error),
    /// It refuses the credentials.
    #[error("the login is refused")]
    Denied(#[source] mysql_async::Error),
}

/// What cut work off while it ran.
#[derive(Debug, Error)]
pub enum Interruption {
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] mysql_async::Error),
    /// The writer moved to another node meanwhile.
    #[error("the writer moved to {0}")]
    Moved(NodeAddress),
    /// It took longer than `statement_timeout`.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
}

/// What an error of MySQL means for the one who met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The node takes no writes: nothing was done, another node may take it.
    NotWriter,
    /// MySQL rolled the transaction, or this statement, back: nothing was done,
    /// and it may do better next time.
    RolledBack,
    /// The credentials, or what they may see, are wrong.
    Denied,
    /// The connection is gone, and with it the answer.
    Lost,
    /// The server's answer to this statement; nothing was done.
    Refused,
}

/// Reads an error; numbers as in MySQL's `mysqld_error.h`.
pub(crate) fn meaning(error: &mysql_async::Error) -> Meaning {
    let mysql_async::Error::Server(error) = error else {
        return match error {
            mysql_async::Error::Driver(driver) if !is_loss(driver) => Meaning::Refused,
            _ => Meaning::Lost,
        };
    };
    match error.code {
        // ER_OPTION_PREVENTS_STATEMENT is about other options too.
        1290 if error.message.contains("read-only") => Meaning::NotWriter,
        // ER_READ_ONLY_MODE, ER_SERVER_OFFLINE_MODE.
        1836 | 3032 => Meaning::NotWriter,
        // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK.
        1205 | 1213 => Meaning::RolledBack,
        // ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_BAD_DB_ERROR,
        // ER_ACCESS_DENIED_NO_PASSWORD_ERROR, ER_MUST_CHANGE_PASSWORD_LOGIN,
        // ER_ACCOUNT_HAS_BEEN_LOCKED.
        1044 | 1045 | 1049 | 1698 | 1862 | 3118 => Meaning::Denied,
        // ER_SERVER_SHUTDOWN, ER_SESSION_WAS_KILLED: a commit may have been
        // waiting for its acknowledgement.
        1053 | 3169 => Meaning::Lost,
        _ => Meaning::Refused,
    }
}

/// Whether the driver's error means that an answer may be missing; the others
/// are about values that it could not convert.
fn is_loss(error: &mysql_async::DriverError) -> bool {
    use mysql_async::DriverError as Driver;
    matches!(
        error,
        Driver::ConnectionClosed | Driver::PacketOutOfOrder | Driver::UnexpectedPacket { .. }
    )
}

/// An error with what caused it, on one line.
pub(crate) fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use mysql_async::{DriverError, ServerError};

    use super::*;

    fn server(code: u16) -> mysql_async::Error {
        said(code, "")
    }

    fn said(code: u16, message: &str) -> mysql_async::Error {
        mysql_async::Error::Server(ServerError {
            code,
            message: message.to_owned(),
            state: String::new(),
        })
    }

    #[test]
    fn a_read_only_node_has_done_nothing() {
        let option = |name: &str| {
            let message = format!("The MySQL server is running with the --{name} option");
            meaning(&said(1290, &message))
        };
        assert_eq!(option("super-read-only"), Meaning::NotWriter);
        assert_eq!(option("secure-file-priv"), Meaning::Refused);
        assert_eq!(meaning(&server(1836)), Meaning::NotWriter);
        assert_eq!(meaning(&server(1213)), Meaning::RolledBack);
    }

    #[test]
    fn an_answer_of_the_server_is_final() {
        assert_eq!(meaning(&server(1062)), Meaning::Refused);
        assert_eq!(meaning(&server(1045)), Meaning::Denied);
    }

    #[test]
    fn without_an_answer_nothing_is_certain() {
        assert_eq!(meaning(&server(1053)), Meaning::Lost);
        let closed = mysql_async::Error::Driver(DriverError::ConnectionClosed);
        assert_eq!(meaning(&closed), Meaning::Lost);
    }
}
