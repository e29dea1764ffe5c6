//! Evidence: the facts a decision rests on, typed, each with its sentence.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::gtid::GtidSet;
use crate::names::{NodeAddress, NodeName};
use crate::report::{ReceiverState, Stall};

/// Which set of a node's GTIDs is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GtidRole {
    /// Committed there.
    Executed,
    /// Received from its source, applied or not, and what it executed itself.
    Received,
    /// Held there, but not by the primary.
    Errant,
    /// Held by another, not there.
    Missing,
}

impl fmt::Display for GtidRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Executed => "executed",
            Self::Received => "received",
            Self::Errant => "errant",
            Self::Missing => "missing",
        })
    }
}

/// One fact. `Display` is its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Evidence {
    /// The standing connection to the node ended.
    ConnectionLost {
        /// The node.
        node: NodeName,
    },
    /// The node's host refuses connections: no process listens there.
    ConnectionRefused {
        /// The node.
        node: NodeName,
    },
    /// The node gave no sign of life for a time.
    NoAnswer {
        /// The node.
        node: NodeName,
        /// Since its last sign of life.
        silent_for: Duration,
        /// The time after which it counts as hung.
        threshold: Duration,
    },
    /// Asking the node failed.
    Unreachable {
        /// The node.
        node: NodeName,
        /// What the network said, or the node.
        reason: String,
    },
    /// The node answered.
    Answers {
        /// The node.
        node: NodeName,
        /// How long ago.
        ago: Duration,
    },
    /// A replica lost its connection to the primary.
    ReceiverLost {
        /// The replica.
        replica: NodeName,
        /// Its receiver's state.
        receiver: ReceiverState,
        /// Since it last heard from the primary.
        silent_for: Option<Duration>,
    },
    /// A replica's connection stands, but nothing comes through it.
    ReceiverSilent {
        /// The replica.
        replica: NodeName,
        /// Since it last heard from the primary.
        silent_for: Duration,
        /// How often it should hear something.
        heartbeat_period: Duration,
    },
    /// A replica still hears the primary.
    ReceiverHears {
        /// The replica.
        replica: NodeName,
        /// Since it last heard from the primary.
        heard_ago: Option<Duration>,
    },
    /// Another instance of the control plane reaches the node.
    MemberReaches {
        /// The instance.
        member: String,
        /// The node.
        node: NodeName,
        /// How long ago it was asked.
        ago: Duration,
    },
    /// Another instance of the control plane does not reach the node either.
    MemberMisses {
        /// The instance.
        member: String,
        /// The node.
        node: NodeName,
        /// What came instead of an answer.
        reason: String,
    },
    /// A replica that cannot testify.
    NoWitness {
        /// The replica.
        replica: NodeName,
        /// Why its word does not count.
        reason: String,
    },
    /// A set of GTIDs on a node.
    Gtids {
        /// The node.
        node: NodeName,
        /// Which set.
        role: GtidRole,
        /// The set.
        set: GtidSet,
    },
    /// A setting that is not as it should be.
    Setting {
        /// The node.
        node: NodeName,
        /// The variable.
        name: String,
        /// Its value.
        value: String,
        /// What it should be.
        wanted: String,
    },
    /// An error the server reported.
    ServerSays {
        /// The node.
        node: NodeName,
        /// MySQL's error number.
        number: u32,
        /// MySQL's message.
        message: String,
    },
    /// Where a replica replicates from.
    Follows {
        /// The replica.
        replica: NodeName,
        /// Its source.
        source: NodeAddress,
    },
    /// How far a replica is behind.
    Lag {
        /// The replica.
        replica: NodeName,
        /// `None` when unknown.
        lag: Option<Duration>,
        /// What the policy allows.
        allowed: Duration,
    },
    /// Sessions that wait to commit.
    Waits {
        /// The node.
        node: NodeName,
        /// What they wait for, and how many.
        stall: Stall,
    },
    /// Nothing is committed while sessions wait to commit.
    NothingCommitted {
        /// The node.
        node: NodeName,
        /// For how long.
        since: Duration,
        /// The time after which it counts as stalled.
        threshold: Duration,
    },
    /// Why a replica could not be promoted now.
    CannotBePromoted {
        /// The replica.
        replica: NodeName,
        /// Each reason.
        reason: String,
    },
    /// Failovers done within the budget's window.
    BudgetSpent {
        /// Failovers done.
        done: u32,
        /// Failovers allowed.
        allowed: u32,
        /// The window.
        window: Duration,
        /// When the next one is allowed; `None` while the budget allows none.
        #[serde(default)]
        next_at: Option<DateTime<Utc>>,
    },
}

/// A duration as people read it: milliseconds below ten seconds, then seconds.
#[must_use]
pub fn human(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs())
    }
}

const SHOWN_INTERVALS: usize = 6;

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectionLost { node } => {
                write!(f, "the standing connection to {node} ended")
            }
            Self::ConnectionRefused { node } => {
                write!(
                    f,
                    "the host of {node} refuses connections: nothing listens there"
                )
            }
            Self::NoAnswer {
                node,
                silent_for,
                threshold,
            } => write!(
                f,
                "{node} gave no sign of life for {} (threshold {})",
                human(*silent_for),
                human(*threshold)
            ),
            Self::Unreachable { node, reason } => write!(f, "{node} cannot be asked: {reason}"),
            Self::Answers { node, ago } => write!(f, "{node} answered {} ago", human(*ago)),
            Self::ReceiverLost {
                replica,
                receiver,
                silent_for,
            } => receiver_lost(f, replica, *receiver, *silent_for),
            Self::ReceiverSilent {
                replica,
                silent_for,
                heartbeat_period,
            } => write!(
                f,
                "{replica} has heard nothing from the primary for {} (heartbeat every {})",
                human(*silent_for),
                human(*heartbeat_period)
            ),
            Self::ReceiverHears { replica, heard_ago } => match heard_ago {
                Some(ago) => write!(f, "{replica} heard the primary {} ago", human(*ago)),
                None => write!(f, "{replica} is connected to the primary"),
            },
            Self::MemberReaches { member, node, ago } => {
                write!(f, "{member} reached {node} {} ago", human(*ago))
            }
            Self::MemberMisses {
                member,
                node,
                reason,
            } => write!(f, "{member} does not reach {node}: {reason}"),
            Self::NoWitness { replica, reason } => {
                write!(f, "{replica} is no witness: {reason}")
            }
            Self::Gtids { node, role, set } => {
                write!(f, "{role} on {node}: {}", set.summary(SHOWN_INTERVALS))
            }
            Self::Setting {
                node,
                name,
                value,
                wanted,
            } => write!(f, "{node} has {name}={value}, wanted {wanted}"),
            Self::ServerSays {
                node,
                number,
                message,
            } => write!(f, "{node} reports error {number}: {message}"),
            Self::Follows { replica, source } => {
                write!(f, "{replica} replicates from {source}")
            }
            Self::Lag {
                replica,
                lag,
                allowed,
            } => lags(f, replica, *lag, *allowed),
            Self::Waits { node, stall } => write!(f, "{node}: {stall}"),
            Self::NothingCommitted {
                node,
                since,
                threshold,
            } => write!(
                f,
                "{node} has committed nothing for {} (threshold {})",
                human(*since),
                human(*threshold)
            ),
            Self::CannotBePromoted { replica, reason } => {
                write!(f, "{replica} cannot be promoted: {reason}")
            }
            Self::BudgetSpent {
                done,
                allowed,
                window,
                next_at,
            } => budget_spent(f, (*done, *allowed), *window, *next_at),
        }
    }
}

fn lags(
    f: &mut fmt::Formatter<'_>,
    replica: &NodeName,
    lag: Option<Duration>,
    allowed: Duration,
) -> fmt::Result {
    let Some(lag) = lag else {
        return write!(f, "how far {replica} is behind is unknown");
    };
    let (lag, allowed) = (human(lag), human(allowed));
    write!(f, "{replica} is {lag} behind (allowed {allowed})")
}

fn budget_spent(
    f: &mut fmt::Formatter<'_>,
    (done, allowed): (u32, u32),
    window: Duration,
    next_at: Option<DateTime<Utc>>,
) -> fmt::Result {
    let window = human(window);
    write!(
        f,
        "{done} failovers in the last {window} (allowed {allowed}"
    )?;
    match next_at {
        Some(at) => write!(f, ", the next at {})", at.format("%H:%M:%S UTC")),
        None => f.write_str(")"),
    }
}

fn receiver_lost(
    f: &mut fmt::Formatter<'_>,
    replica: &NodeName,
    receiver: ReceiverState,
    silent_for: Option<Duration>,
) -> fmt::Result {
    let state = match receiver {
        ReceiverState::Running => "running",
        ReceiverState::Connecting => "reconnecting",
        ReceiverState::Stopped => "stopped",
    };
    write!(f, "{replica} lost the primary: its receiver is {state}")?;
    match silent_for {
        Some(time) => write!(f, ", last heard {} ago", human(time)),
        None => Ok(()),
    }
}
