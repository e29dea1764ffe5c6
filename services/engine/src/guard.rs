//! What is known of the agent that guards a node, and until when its lease may
//! last.
//!
//! An agent is the parent of a `mysqld` and lets it live only under a lease, once
//! it is bound: it is bound by the first grant that reaches it, and kills the
//! server when a lease ends that was not renewed. It counts from before it asked;
//! here it is counted from after that, and longer by what two clocks may drift
//! and by what the killing may take. So this end is never before the other one.
//!
//! A grant may get lost, so it binds nobody: only an agent that says what it still
//! holds is known to be bound. What an earlier leader granted counts as far as the
//! agent says so to this one; of an agent that has not renewed in this term
//! nothing is known. All this takes it that the server's start is the one that the
//! node shows, and that an agent which is frozen while its server goes on is
//! ended by its watchdog (`services/agent`).

use std::time::Duration;

use lictor_domain::{Instance, Mono, RecoveryId};
use thiserror::Error;

/// From the end of a lease until the server is gone: the agent wakes up and kills
/// it, or its watchdog ends both within a second, and the kernel ends its threads.
pub const DYING: Duration = Duration::from_secs(2);

/// Without a renewal for this long an agent counts as silent: it renews at least
/// every second.
pub const SILENT: Duration = Duration::from_secs(5);

/// What an agent says when it asks for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The start of the server that it guards.
    pub instance: Instance,
    /// Counts the renewals for this start: one that comes late is told by it.
    pub number: u64,
    /// What was left of its lease when it asked; `None` if it is not bound.
    pub holds: Option<Duration>,
}

/// What it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A lease for so long, from before it asked.
    Bound(Duration),
    /// It needs none: its server is closed, or Lictor does not act there.
    Free,
    /// No lease: the one it has runs out.
    Refused(Refusal),
}

/// Why there is no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The node shows another start of its server, or has not answered yet.
    #[error("no node shows this start of a server")]
    Unknown,
    /// A later renewal has come already.
    #[error("a later renewal has been answered already")]
    Late,
    /// A failover takes the primacy away from it.
    #[error("it is being fenced by recovery {0}")]
    Fencing(RecoveryId),
    /// It is not the primary, and was not seen closed since another node is.
    #[error("it is not the primary, and is not known to be closed")]
    Deposed,
}

/// An agent, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The start of the server that the node shows.
    pub instance: Instance,
    /// When the node showed it first.
    pub since: Mono,
    /// When its agent renewed last.
    pub heard_at: Option<Mono>,
    /// When the server is dead at the latest, unless a lease is granted; `None`
    /// if its agent is not known to be bound.
    pub ends: Option<Mono>,
    /// The number of the last renewal.
    number: u64,
}

impl Guard {
    /// A start that a node shows, and whose agent has not been heard.
    #[must_use]
    pub const fn new(instance: Instance, now: Mono) -> Self {
        Self {
            instance,
            since: now,
            heard_at: None,
            ends: None,
            number: 0,
        }
    }

    /// Whether a renewal is the agent's newest word.
    pub fn expects(&self, renewal: &Renewal) -> Result<(), Refusal> {
        if renewal.instance != self.instance {
            return Err(Refusal::Unknown);
        }
        if renewal.number <= self.number {
            return Err(Refusal::Late);
        }
        Ok(())
    }

    /// The agent has asked, and is being told `answer` now or later. Whoever is
    /// told that it is free may be bound until it hears that.
    pub fn renewed(&mut self, renewal: &Renewal, answer: Answer, now: Mono) {
        self.number = renewal.number;
        self.heard_at = Some(now);
        let granted = match answer {
            Answer::Bound(lease) => lease,
            Answer::Refused(_) => Duration::ZERO,
            Answer::Free => return self.ends = None,
        };
        self.ends = renewal
            .holds
            .map(|holds| now + stretched(holds.max(granted)) + DYING);
    }

    /// Whether its agent, which ought to be heard, is not.
    #[must_use]
    pub fn is_silent(&self, now: Mono) -> bool {
        now.since(self.heard_at.unwrap_or(self.since)) > SILENT
    }
}

/// A time on one clock is no longer than this on another, where each may be
/// `LeaseTiming::DRIFT_PERCENT` off: 9 / 8 > 1.05 / 0.95.
fn stretched(time: Duration) -> Duration {
    time.saturating_add(time / 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leadership::LeaseTiming;

    const LEASE: Duration = Duration::from_secs(6);

    fn at(secs: u64) -> Mono {
        Mono::from_origin(Duration::from_secs(secs))
    }

    fn guard() -> Guard {
        Guard::new(Instance(uuid::Uuid::from_u128(1)), at(0))
    }

    fn renewal(number: u64, holds: Option<Duration>) -> Renewal {
        Renewal {
            instance: guard().instance,
            number,
            holds,
        }
    }

    #[test]
    fn the_margin_covers_the_drift_of_two_clocks() {
        let (slow, fast) = (
            100 - LeaseTiming::DRIFT_PERCENT,
            100 + LeaseTiming::DRIFT_PERCENT,
        );
        assert!(stretched(LEASE) >= LEASE * fast / slow);
    }

    #[test]
    fn a_grant_that_may_be_lost_binds_nobody() {
        let mut guard = guard();
        guard.renewed(&renewal(1, None), Answer::Bound(LEASE), at(10));
        assert_eq!(guard.ends, None);
        guard.renewed(&renewal(2, Some(LEASE)), Answer::Bound(LEASE), at(11));
        assert_eq!(guard.ends, Some(at(11) + LEASE + LEASE / 8 + DYING));
    }

    #[test]
    fn a_refused_agent_still_holds_what_it_says() {
        let mut guard = guard();
        let refused = Answer::Refused(Refusal::Deposed);
        guard.renewed(&renewal(1, Some(LEASE)), refused, at(10));
        assert_eq!(guard.ends, Some(at(10) + LEASE + LEASE / 8 + DYING));
    }

    #[test]
    fn a_longer_lease_of_an_earlier_leader_counts() {
        let (mut guard, longer) = (guard(), LEASE * 4);
        guard.renewed(&renewal(1, Some(longer)), Answer::Bound(LEASE), at(10));
        assert_eq!(guard.ends, Some(at(10) + longer + longer / 8 + DYING));
    }

    #[test]
    fn a_renewal_that_comes_late_or_from_another_start_is_refused() {
        let mut guard = guard();
        guard.renewed(&renewal(2, None), Answer::Free, at(10));
        assert_eq!(guard.expects(&renewal(2, None)), Err(Refusal::Late));
        assert_eq!(guard.expects(&renewal(3, None)), Ok(()));
        let other = Renewal {
            instance: Instance(uuid::Uuid::from_u128(2)),
            ..renewal(4, None)
        };
        assert_eq!(guard.expects(&other), Err(Refusal::Unknown));
    }

    #[test]
    fn an_agent_that_is_not_heard_is_silent() {
        let mut guard = guard();
        assert!(!guard.is_silent(at(5)));
        assert!(guard.is_silent(at(6)));
        guard.renewed(&renewal(1, None), Answer::Free, at(6));
        assert!(!guard.is_silent(at(11)));
        assert!(guard.is_silent(at(12)));
    }
}
