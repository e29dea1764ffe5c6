//! What can go wrong, by what the caller does next.

use std::error::Error;

use lictor_domain::{
    ClusterName, Epoch, NodeAddress, NodeName, ServerUuid, Term, TokenName, Version,
};
use sqlx::migrate::MigrateError;
use thiserror::Error;

/// What the library underneath said.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a call to the store failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Postgres cannot be reached or gave no answer in time: try again later.
    /// Whether a write took effect is then unknown.
    #[error("Postgres is unavailable")]
    Unavailable(#[source] Cause),
    /// The write's term is not the current one, and nothing was written: a
    /// newer leader exists, so stop leading.
    #[error("term {held} may not write: the current term is {current}")]
    StaleTerm {
        /// The term of the write.
        held: Term,
        /// The term that may write.
        current: Term,
    },
    /// The value contradicts one that is stored: tell the user, for trying
    /// again changes nothing.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// What the call is about is not stored.
    #[error("there is no {kind} `{name}`", kind = .kind.as_str())]
    NotFound {
        /// What kind of thing.
        kind: Kind,
        /// Its name or identity.
        name: String,
    },
    /// A stored value is none that Lictor writes: an operator must look.
    #[error("table {table} holds a wrong {column} in row `{row}`")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's primary key.
        row: String,
        /// What is wrong with the value.
        #[source]
        source: Cause,
    },
    /// The URL is not usable as it is: its role, password, database or options
    /// must be put right.
    #[error("the database URL is refused; check its role, password, database and options")]
    Denied(#[source] Cause),
    /// Postgres and Lictor disagree about SQL or schema: a defect.
    #[error("Postgres did not do what was asked")]
    Internal(#[source] Cause),
}

/// What is stored already and stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Conflict {
    /// The cluster's name is taken.
    #[error("there is a cluster `{name}` already")]
    ClusterExists {
        /// The name.
        name: ClusterName,
    },
    /// The node's name is taken.
    #[error("cluster `{owner}` has a node `{name}` already")]
    NodeExists {
        /// The name.
        name: NodeName,
        /// The cluster whose node has it.
        owner: ClusterName,
    },
    /// Another node listens at the address.
    #[error("address {address} belongs to a node of cluster `{owner}`")]
    AddressTaken {
        /// The address.
        address: NodeAddress,
        /// The cluster whose node has it.
        owner: ClusterName,
    },
    /// Another node is this very server.
    #[error("the server with server_uuid {server_uuid} belongs to cluster `{owner}`")]
    ServerTaken {
        /// The server.
        server_uuid: ServerUuid,
        /// The cluster whose node it is.
        owner: ClusterName,
    },
    /// A token that was not revoked has the name.
    #[error("there is a token `{name}` already; revoke it, or choose another name")]
    TokenExists {
        /// The name.
        name: TokenName,
    },
    /// The configuration has changed since that version.
    #[error("the configuration is at version {head} by now, and this was made from version {base}")]
    ConfigMoved {
        /// The version the change was made from.
        base: Version,
        /// The newest version.
        head: Version,
    },
    /// The cluster has reached that epoch already.
    #[error("epoch {offered} does not follow the cluster's epoch {current}")]
    EpochNotRising {
        /// The epoch of the write.
        offered: Epoch,
        /// The epoch that is stored.
        current: Epoch,
    },
}

/// The kinds of things that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A cluster.
    Cluster,
    /// A node.
    Node,
    /// An operation.
    Operation,
    /// A recovery.
    Recovery,
    /// A version of the configuration.
    Version,
    /// A token.
    Token,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Node => "node",
            Self::Operation => "operation",
            Self::Recovery => "recovery",
            Self::Version => "version of the configuration",
            Self::Token => "token",
        }
    }
}

impl StoreError {
    pub(crate) fn not_found(kind: Kind, name: &impl ToString) -> Self {
        Self::NotFound {
            kind,
            name: name.to_string(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Io(_)
            | E::Tls(_)
            | E::Protocol(_)
            | E::PoolTimedOut
            | E::PoolClosed
            | E::BeginFailed
            | E::WorkerCrashed => Self::Unavailable(error.into()),
            E::Configuration(_) => Self::Denied(error.into()),
            E::Database(reply) => {
                let make = of_sqlstate(reply.code().as_deref().unwrap_or_default());
                make(error.into())
            }
            _ => Self::Internal(error.into()),
        }
    }
}

/// By the classes and codes of "Appendix A. `PostgreSQL` Error Codes".
fn of_sqlstate(code: &str) -> fn(Cause) -> StoreError {
    match code {
        // Wrong role or password; no such database; a privilege is missing.
        "3D000" | "42501" => StoreError::Denied,
        _ if code.starts_with("28") => StoreError::Denied,
        // Postgres was promoted away from us, or has not been promoted yet.
        "25006" |
        // It broke off a transaction that held its locks too long.
        "25P03" | "55P03" => StoreError::Unavailable,
        // Connection, deadlock, resources, cancelled or shutting down.
        _ if ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Unavailable
        }
        _ => StoreError::Internal,
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Internal(other.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlstate_tells_what_to_do_next() {
        let kind = |code| of_sqlstate(code)("said".into());
        for code in ["28P01", "28000", "3D000", "42501"] {
            assert!(matches!(kind(code), StoreError::Denied(_)), "{code}");
        }
        for code in [
            "08006", "57P01", "57014", "53300", "40P01", "25006", "25P03",
        ] {
            assert!(matches!(kind(code), StoreError::Unavailable(_)), "{code}");
        }
        for code in ["42P01", "23505", "XX000", ""] {
            assert!(matches!(kind(code), StoreError::Internal(_)), "{code}");
        }
    }

    #[test]
    fn a_conflict_names_the_owner() {
        let error = StoreError::from(Conflict::AddressTaken {
            address: "db1:3306".parse().unwrap(),
            owner: "orders".parse().unwrap(),
        });
        assert_eq!(
            error.to_string(),
            "address db1:3306 belongs to a node of cluster `orders`"
        );
    }
}
