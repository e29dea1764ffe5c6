//! The only place that reads a clock: everything below takes the time as a
//! value.

use std::sync::OnceLock;
use std::time::Instant;

use chrono::Utc;
use lictor_domain::{Mono, Now};

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// The monotonic time since this process first asked.
pub(crate) fn mono() -> Mono {
    Mono::from_origin(origin().elapsed())
}

/// The time for a decision.
pub(crate) fn now() -> Now {
    Now {
        mono: mono(),
        wall: Utc::now(),
    }
}

/// The instant of the runtime's timers at which `at` is reached.
pub(crate) fn instant(at: Mono) -> tokio::time::Instant {
    tokio::time::Instant::from_std(origin() + at.since(Mono::default()))
}
