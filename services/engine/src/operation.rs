//! The operation under way on a cluster: a failover or a switchover, never both.
//!
//! The keeper moves either by the same events; what is different about them is
//! told here and in their own modules.

use lictor_domain::{Endpoint, Mono, NodeName, Now, Recovery, RouteState};

use crate::failover::Failover;
use crate::message::{Command, Done};
use crate::settling::Settling;
use crate::switchover::Switchover;
use crate::view::ClusterView;

/// A failover or a switchover under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The primary was lost.
    Failover(Box<Failover>),
    /// Another primary is wanted while this one lives.
    Switchover(Box<Switchover>),
}

/// Where an operation stands after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    Running(Operation),
    /// It is over, done or given up.
    Over(Box<Recovery>),
}

/// What a step gives: where the operation stands, and what is to be done.
pub type Next = (Progress, Vec<Command>);

impl Operation {
    /// Its record so far.
    #[must_use]
    pub const fn record(&self) -> &Recovery {
        match self {
            Self::Failover(failover) => failover.record(),
            Self::Switchover(switchover) => switchover.record(),
        }
    }

    /// Nodes that it may leave in need of care: the receivers it stops, which no
    /// operator had stopped, or the primary it closes.
    #[must_use]
    pub fn touched(&self) -> Vec<NodeName> {
        match self {
            Self::Failover(failover) => failover.asked().cloned().collect(),
            Self::Switchover(switchover) => switchover.touched(),
        }
    }

    /// Whether an operator said who is to be the primary.
    #[must_use]
    pub fn names_its_winner(&self) -> bool {
        match self {
            Self::Failover(failover) => failover.names_its_winner(),
            Self::Switchover(_) => true,
        }
    }

    /// The new primary, once it accepts writes.
    #[must_use]
    pub fn opened(&self) -> Option<&Endpoint> {
        self.settling().map(Settling::new_primary)
    }

    /// Its end, once that has begun.
    pub(crate) const fn settling(&self) -> Option<&Settling> {
        match self {
            Self::Failover(failover) => failover.settling(),
            Self::Switchover(switchover) => switchover.settling(),
        }
    }

    /// What writers are told while it runs; `None` when it does not matter to
    /// them.
    #[must_use]
    pub const fn route_state(&self) -> Option<RouteState> {
        match self {
            Self::Switchover(switchover) if switchover.holds_writes() => Some(RouteState::Held),
            _ => None,
        }
    }

    /// When it must be looked at although nothing happens.
    #[must_use]
    pub fn wake_at(&self) -> Option<Mono> {
        match self {
            Self::Failover(failover) => failover.wake_at(),
            Self::Switchover(switchover) => switchover.wake_at(),
        }
    }

    /// Whether the loss of the primary ends it.
    #[must_use]
    pub const fn gives_way(&self) -> bool {
        match self {
            Self::Failover(_) => false,
            Self::Switchover(switchover) => switchover.gives_way(),
        }
    }

    /// Takes in the end of a command.
    #[must_use]
    pub fn finished(self, done: Done, view: &ClusterView, now: Now) -> Next {
        match self {
            Self::Failover(failover) => failover.finished(done, view, now),
            Self::Switchover(switchover) => switchover.finished(done, view, now),
        }
    }

    /// Takes in that time has passed.
    #[must_use]
    pub fn ticked(self, view: &ClusterView, now: Now) -> Next {
        match self {
            Self::Failover(failover) => failover.ticked(view, now),
            Self::Switchover(switchover) => switchover.ticked(view, now),
        }
    }

    /// Takes in that the primary gave a sign of life.
    #[must_use]
    pub fn primary_answered(self, now: Now) -> Next {
        match self {
            Self::Failover(failover) => failover.primary_answered(now),
            Self::Switchover(_) => (Progress::Running(self), vec![]),
        }
    }

    /// Takes in that the primary is lost.
    #[must_use]
    pub fn primary_lost(self, now: Now) -> Next {
        match self {
            Self::Failover(_) => (Progress::Running(self), vec![]),
            Self::Switchover(switchover) => switchover.primary_lost(now),
        }
    }
}
