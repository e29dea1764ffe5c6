//! What happened to a cluster, as it is written down: problems that came and
//! went, how its nodes were, who was its primary, when it took no writes, and
//! when anybody was there to see.
//!
//! A happening never changes once it is told. It says nothing of time that
//! nobody observed: only the spans tell which time that was.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::names::{ClusterName, NodeName};
use crate::policy::words;
use crate::problem::Severity;
use crate::recovery::RecoveryId;

/// What kind of happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HappeningKind {
    /// A problem was found. Its code is the problem's.
    ProblemOpened,
    /// It has not been found for a while; dated when it was found last.
    ProblemClosed,
    /// A node's health is another one. Its code is `passing`, `warning` or
    /// `critical`.
    NodeHealth,
    /// Another node takes the writes. Its code is `Switchover`, `Failover` or
    /// `FailoverUnproven`, where nothing proves that no acknowledged write was
    /// lost.
    PrimaryChanged,
    /// Nobody can write from now on. Its code says why, as a problem's does.
    Unavailable,
    /// Writes are taken again.
    Available,
    /// Somebody begins to observe the cluster, or ceases to. Its code is `Begun`
    /// or `Ended`.
    Observation,
}
words!(
    HappeningKind, "kind of happening",
    ProblemOpened => "problem_opened", ProblemClosed => "problem_closed",
    NodeHealth => "node_health", PrimaryChanged => "primary_changed",
    Unavailable => "unavailable", Available => "available", Observation => "observation",
);

/// Codes of primary changes.
pub mod change {
    /// One that was wanted: nothing is lost.
    pub const SWITCHOVER: &str = "Switchover";
    /// One that lost nothing that was acknowledged, by its proof.
    pub const FAILOVER: &str = "Failover";
    /// One of which nothing proves that.
    pub const UNPROVEN: &str = "FailoverUnproven";
}

/// Codes of observations.
pub mod observation {
    /// Somebody observes the cluster from now on.
    pub const BEGUN: &str = "Begun";
    /// Nobody does, or what was seen tells nothing.
    pub const ENDED: &str = "Ended";
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When, by the wall clock of who saw it.
    pub at: DateTime<Utc>,
    /// To which cluster.
    pub cluster: ClusterName,
    /// To which node, where it is about one.
    pub node: Option<NodeName>,
    /// What kind.
    pub kind: HappeningKind,
    /// Its stable name within the kind.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// What happened, as a sentence.
    pub sentence: String,
    /// The facts it rests on, as sentences.
    pub evidence: Vec<String>,
    /// What is done about it, as a sentence; only for a problem that was found.
    pub response: Option<String>,
    /// The recovery it belongs to.
    pub recovery: Option<RecoveryId>,
    /// Whether somebody wanted it so: a switchover, or work on a paused cluster.
    pub planned: bool,
}

/// A time without a gap in which somebody knew whether a cluster takes writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// From this moment on.
    pub from: DateTime<Utc>,
    /// Until this one.
    pub until: DateTime<Utc>,
}
