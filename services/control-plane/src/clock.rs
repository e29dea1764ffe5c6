//! The only place that reads a clock: everything below takes the time as a
//! value.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use chrono::Utc;
use lictor_domain::{Mono, Now};

/// The clock starts here and not at zero, so that what lies some time before
/// the start of the process can be said.
const HEAD_START: Duration = Duration::from_hours(24 * 365);

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// The monotonic time.
pub(crate) fn mono() -> Mono {
    Mono::from_origin(HEAD_START + origin().elapsed())
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
    tokio::time::Instant::from_std(origin() + at.since(Mono::from_origin(HEAD_START)))
}
