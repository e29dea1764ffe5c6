//! A rebuild: a node's data replaced by a copy of a donor's, by MySQL's CLONE
//! plugin.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::{ClusterName, NodeName};

/// A rebuild's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RebuildId(pub Uuid);

impl fmt::Display for RebuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// How far a copy has come (`performance_schema.clone_progress`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyProgress {
    /// The stage under way, as MySQL calls it, such as `FILE COPY`; empty
    /// before the first.
    pub stage: String,
    /// Bytes copied, over all stages.
    pub copied: u64,
    /// Bytes there are to copy, as MySQL estimates.
    pub estimate: u64,
}

/// `Checking → Copying → Restarting → Rejoining → Done`, and from any of them
/// `Failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RebuildState {
    /// Both servers are asked whether they can; nothing has been changed.
    Checking,
    /// The donor's data replaces the node's.
    Copying {
        /// How far it is.
        progress: CopyProgress,
    },
    /// The copy is whole; the server has shut down to start on it.
    Restarting {
        /// No supervisor starts it again: somebody has to.
        by_hand: bool,
    },
    /// It runs on the copy, and is made to follow the primary.
    Rejoining,
    /// It takes part again.
    Done,
    /// It ended without success; the node stays quarantined.
    Failed {
        /// Why, as a sentence.
        reason: String,
    },
}

impl RebuildState {
    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Done | Self::Failed { .. })
    }

    /// The word that the API and the store know it by.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Copying { .. } => "copying",
            Self::Restarting { .. } => "restarting",
            Self::Rejoining => "rejoining",
            Self::Done => "done",
            Self::Failed { .. } => "failed",
        }
    }
}

/// One rebuild of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuild {
    /// Its identity.
    pub id: RebuildId,
    /// The cluster.
    pub cluster: ClusterName,
    /// The node that is rebuilt.
    pub node: NodeName,
    /// Whose data it gets.
    pub donor: NodeName,
    /// Who wanted it: an operator, or `lictor` by the cluster's policy.
    pub actor: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it was over.
    pub finished_at: Option<DateTime<Utc>>,
    /// How it stands.
    pub state: RebuildState,
}
