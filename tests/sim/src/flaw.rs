//! Deliberate breakage outside the engine, each standing for a mistake that a
//! failover tool can make. The simulation must catch every one of them, or it
//! would prove nothing of the right one.

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Receivers are reported as stopped at once, and stopped a little later:
    /// the candidate is promoted before the old primary is fenced.
    PromotesBeforeFencing,
    /// One replica is never asked to stop, and reported as if it had been.
    SkipsAReceiver,
    /// Replicas are compared by what they executed, not by what they received.
    ComparesExecuted,
    /// A receiver stopped by its operator looks as if it had lost the primary.
    OperatorStoppedTestifies,
    /// The candidate is said to have applied everything without waiting for it.
    SkipsCatchingUp,
    /// The primary falls back to asynchronous, and is reported as enforcing.
    TrustsAFallBack,
}

impl Flaw {
    /// Every real flaw.
    pub const ALL: [Self; 6] = [
        Self::PromotesBeforeFencing,
        Self::SkipsAReceiver,
        Self::ComparesExecuted,
        Self::OperatorStoppedTestifies,
        Self::SkipsCatchingUp,
        Self::TrustsAFallBack,
    ];
}
