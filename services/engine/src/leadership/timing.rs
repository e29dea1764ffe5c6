//! The times of the lease, and the inequalities that make them safe.

use std::time::Duration;

use thiserror::Error;

/// How long leases last and how often they are looked after.
///
/// All instances of one control plane must have the same `lease`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTiming {
    pub(super) lease: Duration,
    pub(super) renew: Duration,
    pub(super) poll: Duration,
    pub(super) deadline: Duration,
    pub(super) margin: Duration,
}

/// Why a set of times cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LeaseTimingError {
    /// A time is zero.
    #[error("each of the lease's times must be longer than zero")]
    Zero,
    /// The margin does not cover the drift of two clocks.
    #[error("the margin must be a tenth of the lease or more: clocks may drift")]
    MarginTooSmall,
    /// One lost renewal would lose the lease.
    #[error(
        "renew + 2 × deadline must be less than lease − margin: \
         one renewal may be lost, noticed and repeated"
    )]
    NoTimeToRetry,
}

impl LeaseTiming {
    /// Clocks may run this much faster or slower than true, in percent.
    pub const DRIFT_PERCENT: u32 = 5;

    /// Times that hold together.
    ///
    /// - `lease`: an observer calls a record free that it has seen unchanged
    ///   for this long.
    /// - `renew`: between two renewals of one record by its holder.
    /// - `poll`: between two looks at a record by anyone else, and between two
    ///   tries at a store that fails.
    /// - `deadline`: every command is answered within this.
    /// - `margin`: a holder's lease ends this much earlier than `lease`.
    ///
    /// `margin ≥ lease / 10`: a holder whose clock is 5 % slow ends at
    /// `0.9 / 0.95 = 0.947` of a true lease, an observer whose clock is 5 % fast
    /// waits for `1 / 1.05 = 0.952`. What the margin has beyond that is for
    /// commands still on their way to a node.
    ///
    /// `renew + 2 × deadline < lease − margin`: of two renewals in a row one may
    /// be lost (a deadline until that is known), and the reading and writing
    /// that repeat it may together take as long again.
    pub fn new(
        lease: Duration,
        renew: Duration,
        poll: Duration,
        deadline: Duration,
        margin: Duration,
    ) -> Result<Self, LeaseTimingError> {
        if [lease, renew, poll, deadline].iter().any(Duration::is_zero) {
            return Err(LeaseTimingError::Zero);
        }
        if margin < lease / 10 {
            return Err(LeaseTimingError::MarginTooSmall);
        }
        let to_retry = renew.saturating_add(deadline.saturating_mul(2));
        if to_retry >= lease.saturating_sub(margin) {
            return Err(LeaseTimingError::NoTimeToRetry);
        }
        Ok(Self {
            lease,
            renew,
            poll,
            deadline,
            margin,
        })
    }

    /// Within this the control plane answers every command: with `Unreachable`
    /// or `Unknown` if the store has not.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The jitter of a step is drawn uniformly from zero to this.
    #[must_use]
    pub const fn max_jitter(&self) -> Duration {
        self.renew
    }

    /// How long a lease lasts for its holder, from the issue of a write.
    pub(super) const fn validity(&self) -> Duration {
        self.lease.saturating_sub(self.margin)
    }
}

impl Default for LeaseTiming {
    /// Lease 1.5 s, renewal 0.4 s, poll 0.2 s, deadline 0.35 s, margin 0.3 s.
    fn default() -> Self {
        Self {
            lease: Duration::from_millis(1500),
            renew: Duration::from_millis(400),
            poll: Duration::from_millis(200),
            deadline: Duration::from_millis(350),
            margin: Duration::from_millis(300),
        }
    }
}
