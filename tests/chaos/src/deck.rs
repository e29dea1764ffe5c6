//! Which faults there are, and the order in which they come.
//!
//! They are dealt like cards: each kind comes once before any comes again, so
//! that a short run has seen most of them. The seed alone decides.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    KillPrimary,
    HangPrimary,
    KillReplica,
    HangReplica,
    StopReceiver,
    BreakReplication,
    KillLictord,
    KillLictordAndPrimary,
    RestartConsul,
    RestartPostgres,
    KillPrimaryWithoutConsul,
    KillPrimaryWithoutPostgres,
    SwitchOver,
    InSwitchover(Blow),
    CutPrimaryFromServers,
    CutPrimaryFromAll,
    CutPrimaryFromLictord,
    CutReplicaFromPrimary,
    CutHalves,
}

/// What happens while a switchover runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    KillLictord,
    KillPrimary,
    HangPrimary,
    KillCandidate,
    HangCandidate,
}

/// What needs no network of one's own.
const ANYWHERE: [Kind; 18] = [
    Kind::KillPrimary,
    Kind::HangPrimary,
    Kind::KillReplica,
    Kind::HangReplica,
    Kind::StopReceiver,
    Kind::BreakReplication,
    Kind::KillLictord,
    Kind::KillLictordAndPrimary,
    Kind::RestartConsul,
    Kind::RestartPostgres,
    Kind::KillPrimaryWithoutConsul,
    Kind::KillPrimaryWithoutPostgres,
    Kind::SwitchOver,
    Kind::InSwitchover(Blow::KillLictord),
    Kind::InSwitchover(Blow::KillPrimary),
    Kind::InSwitchover(Blow::HangPrimary),
    Kind::InSwitchover(Blow::KillCandidate),
    Kind::InSwitchover(Blow::HangCandidate),
];

const PARTITIONS: [Kind; 5] = [
    Kind::CutPrimaryFromServers,
    Kind::CutPrimaryFromAll,
    Kind::CutPrimaryFromLictord,
    Kind::CutReplicaFromPrimary,
    Kind::CutHalves,
];

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// Which replica it hits: this one modulo their number, in order of name.
    pub(crate) replica: usize,
    /// How long after the beginning of what it comes amid.
    pub(crate) after: Duration,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::KillPrimary => "kill the primary",
            Kind::HangPrimary => "hang the primary",
            Kind::KillReplica => "kill a replica",
            Kind::HangReplica => "hang a replica",
            Kind::StopReceiver => "stop a replica's receiver",
            Kind::BreakReplication => "give a replica a wrong password",
            Kind::KillLictord => "kill lictord",
            Kind::KillLictordAndPrimary => "kill lictord and the primary",
            Kind::RestartConsul => "restart Consul",
            Kind::RestartPostgres => "restart Postgres",
            Kind::KillPrimaryWithoutConsul => "kill Consul and the primary",
            Kind::KillPrimaryWithoutPostgres => "kill Postgres and the primary",
            Kind::SwitchOver => "switch over",
            Kind::InSwitchover(Blow::KillLictord) => "switch over and kill lictord meanwhile",
            Kind::InSwitchover(Blow::KillPrimary) => {
                "switch over and kill the old primary meanwhile"
            }
            Kind::InSwitchover(Blow::HangPrimary) => {
                "switch over and hang the old primary meanwhile"
            }
            Kind::InSwitchover(Blow::KillCandidate) => {
                "switch over and kill the candidate meanwhile"
            }
            Kind::InSwitchover(Blow::HangCandidate) => {
                "switch over and hang the candidate meanwhile"
            }
            Kind::CutPrimaryFromServers => "cut the primary from every server, not from clients",
            Kind::CutPrimaryFromAll => "cut the primary from everybody",
            Kind::CutPrimaryFromLictord => "cut the primary from lictord",
            Kind::CutReplicaFromPrimary => "cut a replica from the primary",
            Kind::CutHalves => "cut the primary and a replica from the other half",
        })
    }
}

/// The faults to come.
pub(crate) struct Deck {
    dice: StdRng,
    kinds: Vec<Kind>,
    left: Vec<Kind>,
}

impl Deck {
    /// With partitions, or without.
    pub(crate) fn shuffled(seed: u64, partitions: bool) -> Self {
        let mut kinds = ANYWHERE.to_vec();
        if partitions {
            kinds.extend(PARTITIONS);
        }
        Self {
            dice: StdRng::seed_from_u64(seed),
            kinds,
            left: vec![],
        }
    }

    /// The next fault.
    pub(crate) fn deal(&mut self) -> Fault {
        if self.left.is_empty() {
            self.left.clone_from(&self.kinds);
            self.left.shuffle(&mut self.dice);
        }
        Fault {
            kind: self.left.pop().unwrap_or(Kind::KillPrimary),
            replica: self.dice.random_range(0..1_000),
            after: Duration::from_millis(self.dice.random_range(0..300)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt(seed: u64, count: usize) -> Vec<Fault> {
        let mut deck = Deck::shuffled(seed, true);
        (0..count).map(|_| deck.deal()).collect()
    }

    #[test]
    fn a_seed_always_deals_the_same() {
        assert_eq!(dealt(7, 50), dealt(7, 50));
        assert_ne!(dealt(7, 50), dealt(8, 50));
    }

    #[test]
    fn every_kind_comes_once_before_any_comes_again() {
        let kinds = ANYWHERE.len() + PARTITIONS.len();
        for turn in dealt(1, kinds * 3).chunks(kinds) {
            for kind in ANYWHERE.iter().chain(&PARTITIONS) {
                let times = turn.iter().filter(|fault| fault.kind == *kind).count();
                assert_eq!(times, 1, "{kind:?}");
            }
        }
    }
}
