//! Who answered a scatter, and who did not.

use std::fmt;
use std::sync::Arc;

use lictor_domain::{ClusterName, ShardName};
use mysql_async::FromRowError;
use thiserror::Error;

use crate::error::{ClientError, with_sources};

/// A cluster that was asked, and the shards that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The cluster.
    pub cluster: ClusterName,
    /// The keyspace's shards on it.
    pub shards: Vec<ShardName>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shards: Vec<_> = self.shards.iter().map(ShardName::as_str).collect();
        write!(f, "{} ({})", self.cluster, shards.join(", "))
    }
}

/// A cluster that answered in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which.
    pub origin: Arc<Origin>,
    /// How many rows it had.
    pub rows: u64,
}

/// A cluster that did not answer, or not in full.
#[derive(Debug)]
pub struct Failure {
    /// Which.
    pub origin: Arc<Origin>,
    /// Why.
    pub error: ClientError,
}

/// Who answered a scatter, and who did not.
#[derive(Debug, Default)]
pub struct ScatterReport {
    /// Those that answered in full, in the order in which they were done.
    pub answered: Vec<Answer>,
    /// Those that did not; of these some rows may have come.
    pub failed: Vec<Failure>,
}

impl ScatterReport {
    /// Whether nobody failed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty()
    }
}

/// Rows from everywhere, each with the cluster it is from.
#[derive(Debug)]
pub struct Gathered<T> {
    /// The rows, in the order in which they came.
    pub rows: Vec<(Arc<Origin>, T)>,
    /// Who answered, and who did not.
    pub report: ScatterReport,
}

/// Why a scatter failed.
#[derive(Debug, Error)]
pub enum ScatterError {
    /// It could not begin.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Somebody did not answer, and all had to.
    #[error("not every cluster answered: {}", failures(.0))]
    Incomplete(ScatterReport),
    /// A row does not have the columns that were asked for.
    #[error("a row cannot be read")]
    Row(#[source] FromRowError),
}

fn failures(report: &ScatterReport) -> String {
    let each = report
        .failed
        .iter()
        .map(|failure| format!("{}: {}", failure.origin, with_sources(&failure.error)));
    each.collect::<Vec<_>>().join("; ")
}
