//! Deliberate breakage outside the engine, each standing for a mistake that a
//! failover tool can make: it bends what goes into the engine or what comes out
//! of it. The simulation must catch every one of them, or it would prove nothing
//! of the right one.

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Receivers are reported as stopped, and never are.
    SkipsTheFencing,
    /// A failover that lacks its proof is done all the same.
    IgnoresTheProof,
    /// Receivers are reported as stopped at once, and stopped a little later:
    /// the candidate is promoted before the old primary is fenced.
    PromotesBeforeFencing,
    /// The old primary of a switchover is reported as closed at once, and closed
    /// a little later: the candidate is opened before.
    OpensBeforeClosing,
    /// One replica is never asked to stop, and reported as if it had been.
    SkipsAReceiver,
    /// A replica that does not answer counts as stopped.
    TakesSilenceForStopped,
    /// A commit is taken to wait for one replica more than it does, so that the
    /// quorum is one too small.
    FencesOneTooFew,
    /// A primary that does not answer counts as refusing connections.
    TakesSilenceForDeath,
    /// Replicas are compared by what they executed, not by what they received.
    ComparesExecuted,
    /// A receiver stopped by its operator looks as if it had lost the primary.
    OperatorStoppedTestifies,
    /// The candidate is said to have applied everything without waiting for it.
    SkipsCatchingUp,
    /// The primary falls back to asynchronous, and is reported as enforcing.
    TrustsAFallBack,
    /// A node is opened without semi-sync, and reported as enforcing.
    KeepsSemiSyncOff,
    /// A primary whose commits wait for fewer than the policy demands is reported
    /// as if they waited for all.
    TrustsALoosenedPrimary,
    /// A copy that was broken off counts as whole.
    TrustsHalfACopy,
    /// That an operator took a node or the cluster out of its hands is not heard.
    TouchesWhatIsTakenOut,
    /// That a recovery is over is not written down.
    ForgetsTheEnd,
    /// Replicas are reported as following the new primary, and left where they are.
    LeavesReplicasBehind,
    /// A replica whose place is below another is reported as moved, away from a
    /// source that died and back, and left where it is.
    LeavesTheTreeAsItIs,
    /// The intent counts as stored before it is.
    PromotesBeforeTheIntent,
    /// A leader acts until it hears that it was deposed, without a look at its
    /// leases.
    ActsWithoutALease,
    /// Every command of a recovery is carried out a second time, later.
    ResumesTwice,
    /// A replica that does not know its lag counts as having none.
    TakesUnknownLagForNone,
    /// The lease of an agent is forgotten as soon as it is granted: its end is not
    /// waited for.
    ForgetsTheLease,
    /// A subscriber takes whatever snapshot it is sent.
    AcceptsAnOlderRevision,
}

const SPLIT: &[&str] = &["promoted only fenced", "one acknowledger", "no lost write"];

impl Flaw {
    /// Every real flaw.
    pub const ALL: [Self; 25] = [
        Self::SkipsTheFencing,
        Self::IgnoresTheProof,
        Self::PromotesBeforeFencing,
        Self::OpensBeforeClosing,
        Self::SkipsAReceiver,
        Self::TakesSilenceForStopped,
        Self::FencesOneTooFew,
        Self::TakesSilenceForDeath,
        Self::ComparesExecuted,
        Self::OperatorStoppedTestifies,
        Self::SkipsCatchingUp,
        Self::TrustsAFallBack,
        Self::KeepsSemiSyncOff,
        Self::TrustsALoosenedPrimary,
        Self::TrustsHalfACopy,
        Self::TouchesWhatIsTakenOut,
        Self::ForgetsTheEnd,
        Self::LeavesReplicasBehind,
        Self::LeavesTheTreeAsItIs,
        Self::PromotesBeforeTheIntent,
        Self::ActsWithoutALease,
        Self::ResumesTwice,
        Self::TakesUnknownLagForNone,
        Self::ForgetsTheLease,
        Self::AcceptsAnOlderRevision,
    ];

    /// The invariants it endangers: one of them must catch it.
    #[must_use]
    pub const fn endangers(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::SkipsTheFencing
            | Self::IgnoresTheProof
            | Self::PromotesBeforeFencing
            | Self::OpensBeforeClosing
            | Self::SkipsAReceiver
            | Self::TakesSilenceForStopped
            | Self::FencesOneTooFew
            | Self::TakesSilenceForDeath
            | Self::ForgetsTheLease
            | Self::ResumesTwice => SPLIT,
            Self::ComparesExecuted
            | Self::SkipsCatchingUp
            | Self::TrustsAFallBack
            | Self::KeepsSemiSyncOff
            | Self::TrustsALoosenedPrimary
            | Self::TrustsHalfACopy => &["no lost write"],
            Self::TouchesWhatIsTakenOut => &["hands off"],
            Self::ForgetsTheEnd => &["recoveries end"],
            Self::LeavesReplicasBehind | Self::LeavesTheTreeAsItIs => &["whole again"],
            Self::OperatorStoppedTestifies => &["no needless failover"],
            Self::PromotesBeforeTheIntent => &["intent first"],
            Self::ActsWithoutALease => &["one leader"],
            Self::TakesUnknownLagForNone => &["no stale reader"],
            Self::AcceptsAnOlderRevision => &["epochs rise", "never an older writer"],
        }
    }
}
