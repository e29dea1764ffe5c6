//! A recovery: the story of one failover or switchover, as it is stored and told.
//!
//! It is written step by step while it happens, so that another leader can
//! read where it stands; finished, it is history.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::evidence::human;
use crate::gtid::GtidSet;
use crate::names::{ClusterName, Instance, NodeName};
use crate::order::Epoch;
use crate::policy::words;
use crate::problem::Problem;

/// A recovery's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecoveryId(pub Uuid);

impl fmt::Display for RecoveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for RecoveryId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// What kind of recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryKind {
    /// Unplanned: the primary was lost.
    Failover,
    /// Planned: another primary is wanted while this one lives.
    Switchover,
}
words!(
    RecoveryKind, "recovery kind",
    Failover => "failover", Switchover => "switchover",
);

/// The phases of a recovery, in order; a failover and a switchover each have
/// some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// From the first sign to the verdict.
    Detect,
    /// The old primary is kept from acknowledging anything more.
    Fence,
    /// The candidate is chosen by what each replica received.
    Elect,
    /// The intent is stored, and long transactions are out of the way.
    Prepare,
    /// Subscribers hold their writes.
    Hold,
    /// The old primary is closed for writes.
    Close,
    /// The candidate applies all it is to hold.
    CatchUp,
    /// The candidate is opened for writes.
    Promote,
    /// The new route is pushed.
    Publish,
    /// The other replicas follow the new primary.
    Repoint,
    /// What was done before it was given up is undone.
    Undo,
}
words!(
    Phase, "phase",
    Detect => "detect", Fence => "fence", Elect => "elect", Prepare => "prepare",
    Hold => "hold", Close => "close", CatchUp => "catch_up", Promote => "promote",
    Publish => "publish", Repoint => "repoint", Undo => "undo",
);

/// How it was made certain that the old primary acknowledges nothing more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "proof", rename_all = "snake_case")]
pub enum FencingProof {
    /// The process is gone: its live host refused the connection.
    ProcessDead,
    /// So many receivers were stopped that no commit can gather its
    /// acknowledgements any more.
    QuorumRevoked {
        /// Replicas whose receivers were stopped.
        stopped: Vec<NodeName>,
        /// Replicas that could acknowledge (N).
        possible_ackers: u32,
        /// Acknowledgements a commit needs (k).
        acks: u32,
    },
    /// It answered, and it is `super_read_only`.
    ReadOnlySet,
    /// Its agent lets it live only under a lease, and no lease that this leader
    /// granted can still be valid.
    LeaseExpired {
        /// Which start of the server that was.
        instance: Instance,
        /// How long ago its agent was heard last.
        heard_ago: Duration,
    },
    /// A named operator took the responsibility.
    Overridden {
        /// Who.
        operator: String,
        /// Why.
        reason: String,
    },
    /// It is not fenced, and the cluster's policy accepts that.
    Unfenced,
}

impl fmt::Display for FencingProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProcessDead => f.write_str("its process is dead: its host refuses connections"),
            Self::QuorumRevoked {
                stopped,
                possible_ackers,
                acks,
            } => {
                let names: Vec<_> = stopped.iter().map(NodeName::as_str).collect();
                write!(
                    f,
                    "its acknowledgements were revoked: receivers stopped on {} ({} of {} \
                     possible; a commit needs {acks})",
                    names.join(", "),
                    stopped.len(),
                    possible_ackers
                )
            }
            Self::ReadOnlySet => f.write_str("it answered and is super_read_only"),
            Self::LeaseExpired {
                instance,
                heard_ago,
            } => write!(
                f,
                "its lease has expired: its agent, last heard {} ago, has killed it (start \
                 {instance})",
                human(*heard_ago)
            ),
            Self::Overridden { operator, reason } => {
                write!(f, "{operator} took the responsibility: {reason}")
            }
            Self::Unfenced => f.write_str(
                "it is NOT fenced, two primaries may take writes, and what the old one takes \
                 is lost; the cluster's policy accepts that",
            ),
        }
    }
}

/// Why a replica cannot be promoted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rejection", rename_all = "snake_case")]
pub enum Rejection {
    /// It gave no answer, or its receiver could not be stopped.
    NoAnswer {
        /// What happened.
        reason: String,
    },
    /// It lacks transactions that another replica received.
    Behind {
        /// Who holds them.
        than: NodeName,
        /// What it lacks.
        missing: GtidSet,
    },
    /// It could get what it lacks from another replica alone, and that one has
    /// removed it from its binary logs.
    Purged {
        /// From whose.
        by: NodeName,
        /// What is gone.
        missing: GtidSet,
    },
    /// It did not get what it lacks from another replica.
    NotGathered {
        /// From whom.
        from: NodeName,
        /// What happened.
        reason: String,
    },
    /// It holds transactions that the most advanced replica does not.
    Diverged {
        /// From whom.
        from: NodeName,
        /// What it holds alone.
        errant: GtidSet,
    },
    /// Its promotion rule says `must_not`.
    MustNot,
    /// An operator works on it.
    InMaintenance {
        /// By whom, and why.
        reason: String,
    },
    /// It is quarantined.
    Quarantined {
        /// Why.
        reason: String,
    },
    /// It writes no binary log, or does not log what it replicates.
    CannotBeSource,
    /// Its applier is stopped by an error.
    ApplierBroken {
        /// MySQL's message.
        message: String,
    },
    /// Its operator delays it on purpose.
    Delayed {
        /// By how much.
        by: Duration,
    },
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer { reason } => write!(f, "no answer: {reason}"),
            Self::Behind { than, missing } => {
                write!(f, "behind {than}, missing {}", missing.summary(4))
            }
            Self::Purged { by, missing } => write!(
                f,
                "it could only get what it lacks from {by}, which has purged {}",
                missing.summary(4)
            ),
            Self::NotGathered { from, reason } => {
                write!(f, "it did not get what it lacks from {from}: {reason}")
            }
            Self::Diverged { from, errant } => {
                write!(f, "diverged from {from}, holds alone {}", errant.summary(4))
            }
            Self::MustNot => f.write_str("its promotion rule is must_not"),
            Self::InMaintenance { reason } => write!(f, "in maintenance: {reason}"),
            Self::Quarantined { reason } => write!(f, "quarantined: {reason}"),
            Self::CannotBeSource => {
                f.write_str("log_bin or log_replica_updates is off, so nobody could follow it")
            }
            Self::ApplierBroken { message } => write!(f, "its applier is stopped: {message}"),
            Self::Delayed { by } => write!(f, "delayed on purpose by {}", human(*by)),
        }
    }
}

/// What the election found about one replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateVerdict {
    /// The replica.
    pub node: NodeName,
    /// What it had received; empty when it gave no answer.
    pub received: GtidSet,
    /// Its place among the eligible, from 1; `None` when rejected.
    pub rank: Option<u32>,
    /// Why it is rejected; empty when eligible.
    pub rejections: Vec<Rejection>,
    /// What its rank rests on, as a sentence.
    pub reason: String,
}

/// One step of a recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The phase it belongs to.
    pub phase: Phase,
    /// Since the recovery began.
    pub began: Duration,
    /// How long it took; `None` while it runs.
    pub took: Option<Duration>,
    /// What was done, as a sentence.
    pub sentence: String,
}

/// Why a recovery was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "abort", rename_all = "snake_case")]
pub enum AbortReason {
    /// The primary gave a sign of life before anything was opened.
    PrimaryAnswered,
    /// The old primary could not be fenced.
    NotFenced {
        /// What is missing for a proof.
        missing: String,
    },
    /// No replica can be promoted.
    NoViableCandidate {
        /// What stands in the way.
        blocker: String,
    },
    /// The candidate did not open.
    PromotionFailed {
        /// What it said.
        error: String,
    },
    /// The intent could be stored nowhere.
    NotDurable {
        /// What the stores said.
        error: String,
    },
    /// Its leader was lost on the way, and the next one undid it.
    LeadershipLost,
    /// Its leader was lost on the way, and an operator would not wait until it is
    /// certain what had been done.
    GivenUp {
        /// Who.
        operator: String,
        /// Why.
        reason: String,
    },
    /// The policy lets Lictor only watch; this is what it would have done.
    OnlyObserved,
    /// The old primary was lost before the candidate was opened.
    PrimaryLost,
    /// Long transactions were in the way.
    TransactionsInTheWay {
        /// Which.
        error: String,
    },
    /// The candidate stopped answering.
    CandidateLost,
    /// The old primary did not close.
    NotClosed {
        /// What it said.
        error: String,
    },
    /// The candidate did not catch up with the closed primary.
    NotCaughtUp {
        /// What it said.
        error: String,
    },
    /// Nobody could write for longer than was allowed.
    PauseExceeded {
        /// What was allowed.
        pause: Duration,
        /// What was waited for.
        during: Phase,
    },
}

impl fmt::Display for AbortReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrimaryAnswered => f.write_str("the primary gave a sign of life"),
            Self::NotFenced { missing } => {
                write!(f, "the old primary could not be fenced: {missing}")
            }
            Self::NoViableCandidate { blocker } => {
                write!(f, "no replica can be promoted: {blocker}")
            }
            Self::PromotionFailed { error } => write!(f, "the candidate did not open: {error}"),
            Self::NotDurable { error } => {
                write!(f, "neither store took the intent: {error}")
            }
            Self::LeadershipLost => {
                f.write_str("its leader was lost on the way, and the next one undid it")
            }
            Self::GivenUp { operator, reason } => write!(
                f,
                "its leader was lost on the way, and {operator} gave it up: {reason}"
            ),
            Self::OnlyObserved => f.write_str("the policy lets Lictor only watch"),
            Self::PrimaryLost => {
                f.write_str("the old primary was lost before the candidate was opened")
            }
            Self::TransactionsInTheWay { error } => {
                write!(f, "long transactions were in the way: {error}")
            }
            Self::CandidateLost => f.write_str("the candidate stopped answering"),
            Self::NotClosed { error } => write!(f, "the old primary did not close: {error}"),
            Self::NotCaughtUp { error } => write!(f, "the candidate did not catch up: {error}"),
            Self::PauseExceeded { pause, during } => write!(
                f,
                "writes may be paused for {}, and that was over during {}",
                human(*pause),
                during.as_str().replace('_', " ")
            ),
        }
    }
}

/// How a recovery stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RecoveryOutcome {
    /// It runs.
    Running,
    /// The cluster has its new primary, and every replica that answers follows.
    Done,
    /// It was given up, and nothing stays half done.
    Aborted {
        /// Why.
        reason: AbortReason,
    },
}

/// How far a recovery has come, for what depends on it when its leader is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It runs and has chosen nobody: nothing was opened.
    Begun,
    /// It runs and names the only node that it may have opened.
    Chosen,
    /// It is over.
    Ended,
}

/// One failover or switchover, from the first sign or the order to the last
/// replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Its identity.
    pub id: RecoveryId,
    /// The cluster.
    pub cluster: ClusterName,
    /// What kind.
    pub kind: RecoveryKind,
    /// The epoch it makes.
    pub epoch: Epoch,
    /// When its first sign was seen, or it was ordered.
    pub started_at: DateTime<Utc>,
    /// The primary that was lost, or gives its place away.
    pub old_primary: NodeName,
    /// Who was chosen.
    pub new_primary: Option<NodeName>,
    /// The verdict, with its evidence.
    pub verdict: Problem,
    /// How the old primary was fenced.
    pub fencing: Option<FencingProof>,
    /// What the election found about each replica.
    pub candidates: Vec<CandidateVerdict>,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// How it stands.
    pub outcome: RecoveryOutcome,
}

impl Recovery {
    /// How far it has come. A store never lets a record fall back to an earlier
    /// standing: a late write must not make it forget whom it opened.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (&self.outcome, &self.new_primary) {
            (RecoveryOutcome::Running, None) => Standing::Begun,
            (RecoveryOutcome::Running, Some(_)) => Standing::Chosen,
            (RecoveryOutcome::Done | RecoveryOutcome::Aborted { .. }, _) => Standing::Ended,
        }
    }

    /// When its last step ended, once it does not run any more.
    #[must_use]
    pub fn finished_at(&self) -> Option<DateTime<Utc>> {
        if self.outcome == RecoveryOutcome::Running {
            return None;
        }
        let steps = self.steps.iter();
        let end = steps.map(|step| step.began + step.took.unwrap_or_default());
        Some(self.started_at + end.max().unwrap_or_default())
    }

    /// What the one that was chosen is known to have received, so to have held
    /// when it was opened.
    #[must_use]
    pub fn chosen_with(&self) -> Option<&GtidSet> {
        let chosen = self.new_primary.as_ref()?;
        let mut candidates = self.candidates.iter();
        let candidate = candidates.find(|candidate| candidate.node == *chosen)?;
        Some(&candidate.received)
    }

    /// From the first sign until the new primary accepted writes.
    #[must_use]
    pub fn time_to_writable(&self) -> Option<Duration> {
        self.steps
            .iter()
            .find(|step| step.phase == Phase::Promote)
            .and_then(|step| Some(step.began + step.took?))
    }

    /// How long a switchover kept everyone from writing: from the hold until the
    /// new primary accepted writes.
    #[must_use]
    pub fn write_pause(&self) -> Option<Duration> {
        let hold = self.steps.iter().find(|step| step.phase == Phase::Hold)?;
        let writable = self.time_to_writable()?;
        Some(writable.saturating_sub(hold.began))
    }

    /// Each phase with its length: from the begin of its first step to the end
    /// of its last; phases overlap where steps ran side by side.
    #[must_use]
    pub fn phases(&self) -> BTreeMap<Phase, Duration> {
        let mut spans: BTreeMap<Phase, (Duration, Duration)> = BTreeMap::new();
        for step in &self.steps {
            let end = step.began + step.took.unwrap_or_default();
            spans
                .entry(step.phase)
                .and_modify(|(from, to)| {
                    *from = (*from).min(step.began);
                    *to = (*to).max(end);
                })
                .or_insert((step.began, end));
        }
        spans
            .into_iter()
            .map(|(phase, (from, to))| (phase, to.saturating_sub(from)))
            .collect()
    }
}
