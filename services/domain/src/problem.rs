//! A problem: something about a cluster that is not as it should be, with its
//! evidence and with what Lictor does about it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::names::NodeName;
use crate::policy::words;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Redundancy or freshness suffers.
    Warning,
    /// Writes or data are in danger.
    Critical,
}
words!(Severity, "severity", Info => "info", Warning => "warning", Critical => "critical");

/// The stable name of a kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProblemCode {
    /// The primary's process is gone, and its replicas lost it.
    DeadPrimary,
    /// The primary gives no sign of life, to us or to its replicas.
    HungPrimary,
    /// We cannot reach the primary, but someone still hears it.
    UnreachablePrimary,
    /// We reach neither the primary nor its replicas: we are the ones cut off.
    PrimaryAndReplicasUnreachable,
    /// The primary answers and accepts no writes.
    PrimaryReadOnly,
    /// The cluster has no primary.
    NoPrimary,
    /// More than one node accepts writes.
    MultiplePrimaries,
    /// A replica accepts writes.
    ReplicaIsWritable,
    /// A replica's applier stopped.
    ReplicationBroken,
    /// A replica's receiver is stopped or cannot connect.
    ReceiverDown,
    /// A replica is further behind than the policy allows, or it is unknown.
    ReplicaLagging,
    /// A replica holds transactions that the primary does not.
    ErrantGtid,
    /// A replica follows something else than the primary.
    WrongSource,
    /// A replica gives no sign of life.
    UnreachableReplica,
    /// The primary does not enforce the durability policy.
    SemiSyncNotEnforced,
    /// Fewer replicas can acknowledge than the policy demands.
    SemiSyncStarved,
    /// No replica can be promoted.
    NoViableCandidate,
    /// Failovers are used up for now.
    FailoverBudgetSpent,
    /// The policy does not let Lictor act by itself.
    ActionWithheld,
}
words!(
    ProblemCode, "problem code",
    DeadPrimary => "DeadPrimary",
    HungPrimary => "HungPrimary",
    UnreachablePrimary => "UnreachablePrimary",
    PrimaryAndReplicasUnreachable => "PrimaryAndReplicasUnreachable",
    PrimaryReadOnly => "PrimaryReadOnly",
    NoPrimary => "NoPrimary",
    MultiplePrimaries => "MultiplePrimaries",
    ReplicaIsWritable => "ReplicaIsWritable",
    ReplicationBroken => "ReplicationBroken",
    ReceiverDown => "ReceiverDown",
    ReplicaLagging => "ReplicaLagging",
    ErrantGtid => "ErrantGtid",
    WrongSource => "WrongSource",
    UnreachableReplica => "UnreachableReplica",
    SemiSyncNotEnforced => "SemiSyncNotEnforced",
    SemiSyncStarved => "SemiSyncStarved",
    NoViableCandidate => "NoViableCandidate",
    FailoverBudgetSpent => "FailoverBudgetSpent",
    ActionWithheld => "ActionWithheld",
);

/// One problem of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Its kind.
    pub code: ProblemCode,
    /// How much it matters.
    pub severity: Severity,
    /// The node it is about, where it is about one.
    pub node: Option<NodeName>,
    /// What is wrong, as a sentence.
    pub sentence: String,
    /// What Lictor does about it, or what the operator can do, as a sentence.
    pub response: String,
    /// The facts it rests on.
    pub evidence: Vec<Evidence>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.sentence)
    }
}
