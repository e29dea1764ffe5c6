//! How often there was something to break: an invariant that holds because its
//! premise never came about proves nothing.

use std::fmt;
use std::ops::AddAssign;

macro_rules! premises {
    ($($variant:ident => $sentence:literal,)+) => {
        /// A state of affairs in which an invariant is put to the test.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Premise {
            $(#[doc = $sentence] $variant,)+
        }

        impl Premise {
            /// Each of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        impl fmt::Display for Premise {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $sentence),+ })
            }
        }
    };
}

premises! {
    // What goes wrong.
    Crashed => "a server crashed",
    Hung => "a server hung",
    PowerLost => "a host lost its power",
    RestartedUnacknowledged => "a server went down with commits that nobody had acknowledged",
    WasSlow => "a server was slow to answer",
    CutOffFromLictor => "a command found its server out of reach",
    ServersApart => "a replica could not reach its source",
    CommandLost => "a command was lost on its way",
    CommandLate => "a command took effect after it was given up",
    AnswerLost => "a command was carried out, and its answer was lost",
    CommandOutlivedLeader => "a command reached a node when a newer leader led",
    ClockDrifted => "a leader began whose clock runs more than a hundredth wrong",
    LeaseGranted => "an agent was granted a lease",
    KilledByAgent => "an agent killed its server",
    MinorityLost => "a server was never repaired",
    PrimaryLost => "a primary was never repaired",
    // What operators do.
    SwitchoverOrdered => "a switchover was ordered",
    FailoverOrdered => "a failover was ordered",
    FailoverForced => "a failover was forced",
    ClusterPaused => "a cluster was paused",
    ModeChanged => "the mode was changed",
    DurabilityChanged => "the durability was changed",
    Maintained => "a node was put into maintenance",
    ActionWithheld => "a failover was written down, and left to the operator",
    // One acknowledger.
    OpenedBesideAnother => "a node was opened while another was open",
    // No lost write.
    OpenedAfterWrites => "a node was opened after writes had been acknowledged",
    LossAccepted => "a primary was replaced with the loss of a write, as it was wanted",
    Loosened => "commits were let wait for fewer replicas than the policy demands",
    Tightened => "commits were made to wait for more replicas",
    WroteLoosened => "a write was acknowledged with fewer replicas than the policy demands",
    Rebuilt => "a node's data was replaced by another's",
    CopyBrokenOff => "a copy was broken off",
    // Epochs rise.
    EpochReachedSubscriber => "a new epoch reached a subscriber",
    OlderRouteRefused => "a subscriber was sent an older route",
    // Never an older writer.
    WroteBesideOlderPrimary => "a subscriber wrote while an older primary was open",
    // No failover without a proof.
    PromotedByDeath => "a candidate was promoted because the process was dead",
    PromotedByQuorum => "a candidate was promoted because a quorum was revoked",
    PromotedByClosing => "a candidate was promoted because the primary was closed",
    PromotedByLease => "a candidate was promoted because an agent's lease had expired",
    PromotedByForce => "a candidate was promoted because an operator took the responsibility",
    // Recoveries end.
    RecoveryInherited => "a leader found an unfinished recovery",
    RebuildInherited => "a leader found an unfinished rebuild",
    // A healthy majority ends with one primary.
    WholeUnderAnother => "a cluster was whole again under another primary",
    MovedInTheTree => "a replica was moved to where the tree wants it",
    WholeWithoutOne => "a cluster was whole again without a server that was lost",
    // Conduct.
    PromotedAfterIntent => "a candidate was promoted after its intent was stored",
    FailoverBegan => "a failover began",
    PrimaryOnlyUnseen => "a primary that ran well was out of sight",
    SecondStep => "a better-placed replica took over from the one that had saved the data",
    Gathered => "a replica got what it lacked from one that must not be primary",
    DeposedLeaderWoke => "a paused leader went on while a newer one led",
    HeldBack => "a leader did nothing because its leases had run out",
    ReplicaDeaf => "a replica had heard nothing for longer than a reader may",
}

/// How many premises there are.
const COUNT: usize = Premise::ALL.len();

/// How often each premise came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Premises([u64; COUNT]);

impl Default for Premises {
    fn default() -> Self {
        Self([0; COUNT])
    }
}

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
            writeln!(f, "{:>12} × {premise}", self.count(*premise))?;
        }
        Ok(())
    }
}
