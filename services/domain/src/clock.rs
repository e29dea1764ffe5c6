//! Time as a value. Nothing below the control plane reads a clock: the caller
//! says what time it is, so that a simulator can own it.

use std::ops::{Add, Sub};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A point on one process's monotonic clock, counted from an arbitrary origin.
///
/// Only comparable with points of the same process; never stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(Duration);

impl Mono {
    /// The point `since_origin` after the process's origin.
    #[must_use]
    pub const fn from_origin(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// Time passed from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Mono {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

impl Sub<Duration> for Mono {
    type Output = Self;

    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by))
    }
}

/// The instant a decision is made: `mono` decides, `wall` is only written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Monotonic time: every comparison uses it.
    #[serde(skip)]
    pub mono: Mono,
    /// Wall-clock time, for history and people only.
    pub wall: DateTime<Utc>,
}
