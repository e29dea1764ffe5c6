//! An operation: whatever lasts, under one view. A recovery is one, and so is a
//! rebuild; each keeps its identity and all it tells.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::{ClusterName, NodeName};
use crate::policy::words;
use crate::rebuild::{Rebuild, RebuildState};
use crate::recovery::{Recovery, RecoveryOutcome};

/// An operation's identity: that of the recovery or the rebuild. Of version 7, so
/// identities sort as operations began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub Uuid);

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for OperationId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// How an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// It runs.
    Running,
    /// It reached its end.
    Done,
    /// It was given up or withheld.
    Failed,
}
words!(
    OperationState, "operation state",
    Running => "running", Done => "done", Failed => "failed",
);

/// Something that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A failover or a switchover.
    Recovery(Box<Recovery>),
    /// A rebuild of a node.
    Rebuild(Box<Rebuild>),
}

impl From<Recovery> for Operation {
    fn from(recovery: Recovery) -> Self {
        Self::Recovery(Box::new(recovery))
    }
}

impl From<Rebuild> for Operation {
    fn from(rebuild: Rebuild) -> Self {
        Self::Rebuild(Box::new(rebuild))
    }
}

impl Operation {
    /// Its identity.
    #[must_use]
    pub fn id(&self) -> OperationId {
        OperationId(match self {
            Self::Recovery(recovery) => recovery.id.0,
            Self::Rebuild(rebuild) => rebuild.id.0,
        })
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &ClusterName {
        match self {
            Self::Recovery(recovery) => &recovery.cluster,
            Self::Rebuild(rebuild) => &rebuild.cluster,
        }
    }

    /// The node it is about: the rebuilt one, or the new primary once there is one.
    #[must_use]
    pub fn node(&self) -> Option<&NodeName> {
        match self {
            Self::Recovery(recovery) => recovery.new_primary.as_ref(),
            Self::Rebuild(rebuild) => Some(&rebuild.node),
        }
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> OperationState {
        match self {
            Self::Recovery(recovery) => match recovery.outcome {
                RecoveryOutcome::Running => OperationState::Running,
                RecoveryOutcome::Done => OperationState::Done,
                RecoveryOutcome::Aborted { .. } => OperationState::Failed,
            },
            Self::Rebuild(rebuild) => match rebuild.state {
                RebuildState::Done => OperationState::Done,
                RebuildState::Failed { .. } => OperationState::Failed,
                _ => OperationState::Running,
            },
        }
    }

    /// When it began.
    #[must_use]
    pub fn started_at(&self) -> DateTime<Utc> {
        match self {
            Self::Recovery(recovery) => recovery.started_at,
            Self::Rebuild(rebuild) => rebuild.started_at,
        }
    }

    /// When it was over; `None` while it runs.
    #[must_use]
    pub fn finished_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Recovery(recovery) => recovery.finished_at(),
            Self::Rebuild(rebuild) => rebuild.finished_at,
        }
    }

    /// What it is at: the phase of a recovery, or the state of a rebuild; `None`
    /// when it is over.
    #[must_use]
    pub fn stage(&self) -> Option<&'static str> {
        if self.state() != OperationState::Running {
            return None;
        }
        match self {
            Self::Recovery(recovery) => {
                let running = recovery.steps.iter().rfind(|step| step.took.is_none());
                let at = running.or_else(|| recovery.steps.last());
                at.map(|step| step.phase.as_str())
            }
            Self::Rebuild(rebuild) => Some(rebuild.state.as_str()),
        }
    }
}

/// All of it in a sentence.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovery(recovery) => tell_recovery(recovery, f),
            Self::Rebuild(rebuild) => tell_rebuild(rebuild, f),
        }
    }
}

fn tell_recovery(recovery: &Recovery, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (kind, cluster, old) = (recovery.kind, &recovery.cluster, &recovery.old_primary);
    match (&recovery.outcome, &recovery.new_primary) {
        (RecoveryOutcome::Aborted { reason }, _) => write!(f, "{kind} of {cluster}: {reason}"),
        (RecoveryOutcome::Done, Some(new)) => {
            write!(f, "{kind} of {cluster}: {new} took over from {old}")
        }
        (_, Some(new)) => write!(f, "{kind} of {cluster}: {new} takes over from {old}"),
        (_, None) => write!(
            f,
            "{kind} of {cluster}: nobody is chosen yet to take over from {old}"
        ),
    }
}

fn tell_rebuild(rebuild: &Rebuild, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (node, donor) = (&rebuild.node, &rebuild.donor);
    write!(f, "rebuild of {node}: ")?;
    match &rebuild.state {
        RebuildState::Checking => write!(f, "{node} and {donor} are asked whether they can"),
        RebuildState::Copying { .. } => write!(f, "its data is replaced by {donor}'s"),
        RebuildState::Restarting { by_hand: false } => f.write_str("it restarts on the copy"),
        RebuildState::Restarting { by_hand: true } => {
            f.write_str("the copy is whole, and no supervisor starts mysqld: somebody has to")
        }
        RebuildState::Rejoining => f.write_str("it is made to follow the primary"),
        RebuildState::Done => write!(f, "it has {donor}'s data and takes part again"),
        RebuildState::Failed { reason } => f.write_str(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rebuild::{CopyProgress, RebuildId};

    fn rebuild(state: RebuildState) -> Operation {
        let cluster: ClusterName = "orders".parse().unwrap();
        Rebuild {
            id: RebuildId(Uuid::nil()),
            node: NodeName::numbered(&cluster, 3),
            donor: NodeName::numbered(&cluster, 2),
            cluster,
            actor: "ann".to_owned(),
            started_at: DateTime::UNIX_EPOCH,
            finished_at: None,
            state,
        }
        .into()
    }

    #[test]
    fn a_rebuild_says_what_it_is_at_until_it_is_over() {
        let progress = CopyProgress::default();
        let copying = rebuild(RebuildState::Copying { progress });
        assert_eq!(copying.stage(), Some("copying"));
        assert_eq!(copying.state(), OperationState::Running);
        assert_eq!(
            copying.to_string(),
            "rebuild of orders-3: its data is replaced by orders-2's"
        );
        let failed = rebuild(RebuildState::Failed {
            reason: "the donor went away".to_owned(),
        });
        assert_eq!(failed.stage(), None);
        assert_eq!(failed.state(), OperationState::Failed);
        assert_eq!(
            failed.to_string(),
            "rebuild of orders-3: the donor went away"
        );
    }
}
