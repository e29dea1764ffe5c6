//! The clock that leases are counted on: it goes on while the machine sleeps, so
//! that a lease does not outlive a suspend.

use std::time::Duration;

use lictor_wire::domain::Mono;
use rustix::time::{ClockId, clock_gettime};

/// The time since the machine has booted.
pub(crate) fn now() -> Mono {
    let time = clock_gettime(ClockId::Boottime);
    let secs = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    Mono::from_origin(Duration::from_secs(secs) + Duration::from_nanos(nanos))
}
