//! A failover as an operator orders it, and what is found before it begins.

use std::fmt;

use crate::names::NodeName;
use crate::recovery::{CandidateVerdict, RecoveryId};

/// An operator's order to take the primacy away from the primary, which may be
/// dead, or hang, or stall although it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailoverOrder {
    /// Who is to be the primary; the best replica when it is not said.
    pub to: Option<NodeName>,
    /// Whether to go on without a proof of fencing, and with a replica that
    /// lacks something; each thing that is overridden is written down.
    pub force: bool,
    /// Who orders it.
    pub operator: String,
    /// Why.
    pub reason: String,
}

/// Something that stands in the way of an ordered failover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// The mode is `observe`.
    OnlyObserved,
    /// Another recovery runs.
    UnderWay(RecoveryId),
    /// A recovery of another leader is not settled.
    Unfinished {
        /// Which.
        recovery: RecoveryId,
        /// What is waited for.
        why: String,
    },
    /// A hand may still be opening the primary.
    BeingOpened(NodeName),
    /// The node asked for is no replica of the cluster.
    NoSuchReplica(NodeName),
    /// No replica can be promoted, or not the one asked for.
    NoCandidate(String),
    /// The old primary could not be fenced.
    NotFenced(String),
}

impl Blocker {
    /// Its stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OnlyObserved => "OnlyObserved",
            Self::UnderWay(_) => "UnderWay",
            Self::Unfinished { .. } => "Unfinished",
            Self::BeingOpened(_) => "BeingOpened",
            Self::NoSuchReplica(_) => "NoSuchReplica",
            Self::NoCandidate(_) => "NoCandidate",
            Self::NotFenced(_) => "NotFenced",
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::OnlyObserved => "set the cluster's mode to manual or auto",
            Self::UnderWay(_) => "wait until it is over",
            Self::BeingOpened(_) => "try again in some seconds",
            Self::Unfinished { .. } => {
                "start the nodes that do not answer; if they never come back, make sure yourself \
                 that they take no writes, and use --force to give the recovery up: what only \
                 they hold is lost (with --to naming the primary, it stays the primary)"
            }
            Self::NoSuchReplica(_) => "name one of the cluster's replicas",
            Self::NoCandidate(_) => {
                "start the nodes that do not answer, or name a replica with --to and take the \
                 loss of what it lacks with --force"
            }
            Self::NotFenced(_) => {
                "start the nodes that do not answer, or make sure yourself that the old primary \
                 takes no writes, and use --force"
            }
        }
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlyObserved => f.write_str("the cluster is only observed"),
            Self::UnderWay(id) => write!(f, "recovery {id} is under way"),
            Self::Unfinished { recovery, why } => {
                write!(
                    f,
                    "recovery {recovery} lost its leader and is not settled yet: {why}"
                )
            }
            Self::BeingOpened(node) => write!(f, "{node} is just being opened"),
            Self::NoSuchReplica(node) => write!(f, "{node} is no replica of the cluster"),
            Self::NoCandidate(why) => write!(f, "no replica can be promoted: {why}"),
            Self::NotFenced(why) => write!(f, "the old primary could not be fenced: {why}"),
        }
    }
}

/// What an ordered failover would find, by what is known now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// The replica that would be promoted.
    pub candidate: Option<NodeName>,
    /// What would be found about each replica.
    pub candidates: Vec<CandidateVerdict>,
    /// What would be done, in order, as sentences.
    pub steps: Vec<String>,
    /// What stands in the way.
    pub blockers: Vec<Blocker>,
}
