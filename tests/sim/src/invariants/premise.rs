//! How often there was something to break: an invariant that holds because its
//! premise never came about proves nothing.

use std::fmt;
use std::ops::AddAssign;

/// A state of affairs in which an invariant is put to the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Premise {
    /// For *one acknowledger*.
    OpenedBesideAnother,
    /// For *no lost write*.
    OpenedAfterWrites,
    /// For *no lost write*, where the policy accepts one.
    LossAccepted,
    /// For *epochs rise*.
    EpochReachedSubscriber,
    /// For *epochs rise*.
    OlderRouteRefused,
    /// For *never an older writer*.
    WroteBesideOlderPrimary,
    /// For *promoted only fenced*.
    PromotedByDeath,
    /// For *promoted only fenced*.
    PromotedByQuorum,
    /// For *promoted only fenced*.
    PromotedByClosing,
    /// For *intent first*.
    PromotedAfterIntent,
    /// For *no needless failover*.
    FailoverBegan,
    /// For *no needless failover*.
    PrimaryOnlyUnseen,
    /// For *recoveries end*.
    RecoveryInherited,
    /// For *whole again*.
    WholeUnderAnother,
    /// For *one leader*.
    DeposedLeaderWoke,
    /// For *one leader*.
    HeldBack,
    /// For *no stale reader*.
    ReplicaDeaf,
    /// For *whole again*.
    MovedInTheTree,
    /// For all of them: a command outlived its leader.
    CommandOutlivedLeader,
}

/// How many premises there are.
const COUNT: usize = Premise::ALL.len();

impl Premise {
    /// Each of them, in order.
    pub const ALL: [Self; 19] = [
        Self::OpenedBesideAnother,
        Self::OpenedAfterWrites,
        Self::LossAccepted,
        Self::EpochReachedSubscriber,
        Self::OlderRouteRefused,
        Self::WroteBesideOlderPrimary,
        Self::PromotedByDeath,
        Self::PromotedByQuorum,
        Self::PromotedByClosing,
        Self::PromotedAfterIntent,
        Self::FailoverBegan,
        Self::PrimaryOnlyUnseen,
        Self::RecoveryInherited,
        Self::WholeUnderAnother,
        Self::DeposedLeaderWoke,
        Self::HeldBack,
        Self::ReplicaDeaf,
        Self::MovedInTheTree,
        Self::CommandOutlivedLeader,
    ];
}

impl fmt::Display for Premise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenedBesideAnother => "a node was opened while another was open",
            Self::OpenedAfterWrites => "a node was opened after writes had been acknowledged",
            Self::LossAccepted => "an asynchronous primary was replaced with the loss of a write",
            Self::EpochReachedSubscriber => "a new epoch reached a subscriber",
            Self::OlderRouteRefused => "a subscriber was sent an older route",
            Self::WroteBesideOlderPrimary => "a subscriber wrote while an older primary was open",
            Self::PromotedByDeath => "a candidate was promoted because the process was dead",
            Self::PromotedByQuorum => "a candidate was promoted because a quorum was revoked",
            Self::PromotedByClosing => "a candidate was promoted because the primary was closed",
            Self::PromotedAfterIntent => "a candidate was promoted after its intent was stored",
            Self::FailoverBegan => "a failover began",
            Self::PrimaryOnlyUnseen => "a primary that ran well was out of sight",
            Self::RecoveryInherited => "a leader found an unfinished recovery",
            Self::WholeUnderAnother => "a cluster was whole again under another primary",
            Self::DeposedLeaderWoke => "a paused leader went on while a newer one led",
            Self::HeldBack => "a leader did nothing because its leases had run out",
            Self::ReplicaDeaf => "a replica had heard nothing for longer than a reader may",
            Self::MovedInTheTree => "a replica was moved to where the tree wants it",
            Self::CommandOutlivedLeader => "a command reached a node when a newer leader led",
        })
    }
}

/// How often each premise came about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Premises([u64; COUNT]);

impl Premises {
    /// It came about.
    pub fn saw(&mut self, premise: Premise) {
        self.0[premise as usize] += 1;
    }

    /// How often it did.
    #[must_use]
    pub fn count(&self, premise: Premise) -> u64 {
        self.0[premise as usize]
    }
}

impl AddAssign<&Self> for Premises {
    fn add_assign(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum += count;
        }
    }
}

impl fmt::Display for Premises {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for premise in Premise::ALL {
            writeln!(f, "{:>12} × {premise}", self.count(premise))?;
        }
        Ok(())
    }
}
