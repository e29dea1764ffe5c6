//! The lease of one start of a server, as its agent counts it: pure.
//!
//! Invariant: it ends no later than what was granted, counted from before it was
//! asked for. Whoever grants counts from after that (`lictor-engine`, `guard`).

use std::time::Duration;

use lictor_wire::domain::Mono;

/// Whether the server may live, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lease {
    /// Renewals asked for so far.
    number: u64,
    /// The server is killed then; `None` as long as no grant has bound it.
    ends: Option<Mono>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Renewal {
    /// Counts the renewals, from 1.
    pub(crate) number: u64,
    /// What is left of the lease; `None` when it is not bound.
    pub(crate) holds: Option<Duration>,
    /// When, before anything is sent.
    pub(crate) asked: Mono,
}

/// What the leader says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A lease for so long, from when it was asked.
    Bound(Duration),
    /// No lease is needed.
    Free,
    /// The lease it has runs out.
    Refused,
}

impl Lease {
    /// Asks once more. One renewal is under way at a time: the answer to an
    /// earlier one is not taken any more.
    pub(crate) fn renewal(&mut self, now: Mono) -> Renewal {
        self.number += 1;
        Renewal {
            number: self.number,
            holds: self.ends.map(|ends| ends.since(now)),
            asked: now,
        }
    }

    /// Takes the answer to its last renewal.
    pub(crate) fn take(&mut self, renewal: &Renewal, answer: Answer) {
        if renewal.number != self.number {
            return;
        }
        match answer {
            Answer::Bound(lease) => self.ends = Some(renewal.asked + lease),
            Answer::Free => self.ends = None,
            Answer::Refused => {}
        }
    }

    /// Whether the server must not live any more.
    pub(crate) fn has_ended(&self, now: Mono) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }
}

#[cfg(test)]
mod tests;
