//! What must hold, one file for each, and the ledger of what happened that they
//! rest on.

pub mod epochs_rise;
pub mod never_older_writer;
pub mod no_lost_write;
pub mod one_acknowledger;
pub mod premise;
pub mod promoted_only_fenced;
pub mod recoveries_end;
pub mod whole_again;

use std::collections::BTreeSet;
use std::fmt;

use lictor_domain::gtid::Gtid;
use lictor_domain::{Epoch, GtidSet, RecoveryId};

use crate::agenda::Micros;
use crate::network::Place;
use crate::world::World;

pub use premise::{Premise, Premises};
pub use whole_again::whole;

/// What each is called.
pub const NAMES: &[&str] = &[
    "one acknowledger",
    "no lost write",
    "epochs rise",
    "never an older writer",
    "recoveries end",
    "whole again",
    "promoted only fenced",
];

/// Something that must not happen has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which invariant was broken.
    pub invariant: &'static str,
    /// How, as a sentence.
    pub sentence: String,
}

impl Breach {
    /// A breach of an invariant.
    #[must_use]
    pub fn of(invariant: &'static str, sentence: impl Into<String>) -> Self {
        Self {
            invariant,
            sentence: sentence.into(),
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.sentence)
    }
}

/// What happened so far.
#[derive(Debug)]
pub struct Ledger {
    /// Writes whose clients were told that they are done.
    pub acknowledged: GtidSet,
    /// When the last of them was.
    pub acknowledged_at: Micros,
    /// Everything has been repaired.
    pub calmed: bool,
    /// What was put to the test, and how often.
    pub premises: Premises,
    /// Failovers that an operator forced: he has made sure that the old primary is
    /// gone, and accepts what is lost.
    pub forced: BTreeSet<RecoveryId>,
    /// Who was opened for which epoch; the first server has the first.
    opened: Vec<Primacy>,
}

/// A node that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Primacy {
    /// For which epoch.
    pub epoch: Epoch,
    /// Who.
    pub place: Place,
    /// Clients were sent there, or a write was acknowledged there. A primacy
    /// that was never used is void when its leader is gone.
    pub used: bool,
}

impl Ledger {
    /// The first server holds the first epoch.
    #[must_use]
    pub fn beginning(epoch: Epoch) -> Self {
        Self {
            acknowledged: GtidSet::default(),
            acknowledged_at: 0,
            calmed: false,
            premises: Premises::default(),
            forced: BTreeSet::new(),
            opened: vec![Primacy {
                epoch,
                place: 0,
                used: true,
            }],
        }
    }

    /// A client was told that its write is done.
    pub fn acknowledge(&mut self, gtid: Gtid, place: Place, now: Micros) {
        self.acknowledged.insert(gtid);
        self.acknowledged_at = now;
        let last = self.opened.iter_mut().rev().find(|one| one.place == place);
        if let Some(primacy) = last {
            primacy.used = true;
        }
    }

    /// A node was opened.
    pub fn open(&mut self, epoch: Epoch, place: Place) {
        if self.holder(epoch).is_none() {
            self.opened.push(Primacy {
                epoch,
                place,
                used: false,
            });
        }
    }

    /// Clients are sent to the holder of an epoch.
    pub fn publish(&mut self, epoch: Epoch) {
        let holder = self.opened.iter_mut().find(|one| one.epoch == epoch);
        if let Some(primacy) = holder {
            primacy.used = true;
        }
    }

    /// Who was opened for an epoch.
    #[must_use]
    pub fn holder(&self, epoch: Epoch) -> Option<Place> {
        let primacy = self.opened.iter().find(|one| one.epoch == epoch)?;
        Some(primacy.place)
    }

    /// The newest primacy that was used.
    #[must_use]
    pub fn newest(&self) -> Option<Primacy> {
        let used = self.opened.iter().filter(|one| one.used);
        used.max_by_key(|one| one.epoch).copied()
    }

    /// Whether clients ever used a node as primary.
    #[must_use]
    pub fn was_used(&self, place: Place) -> bool {
        let mut used = self.opened.iter().filter(|one| one.used);
        used.any(|one| one.place == place)
    }

    /// Writes that are gone, as the policy of an asynchronous cluster, or an
    /// operator who forces a failover, accepts.
    pub fn accept_loss(&mut self, lost: &GtidSet) {
        self.acknowledged = self.acknowledged.subtract(lost);
        self.premises.saw(Premise::LossAccepted);
    }

    /// Primacies that began after the first.
    #[must_use]
    pub fn primacies(&self) -> usize {
        self.opened.len() - 1
    }
}

/// What must hold at every moment.
#[must_use]
pub fn always(world: &World) -> Option<Breach> {
    one_acknowledger::at_any_time(world)
}
