//! Virtual time and what will happen in it.
//!
//! Invariant: things happen in order of their time, and at the same time in the
//! order in which they were planned.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_domain::Mono;

/// Virtual time in microseconds since the world began.
pub type Micros = u64;
/// A millisecond.
pub const MS: Micros = 1_000;
/// A second.
pub const SECOND: Micros = 1_000 * MS;

/// Virtual time as a length.
#[must_use]
pub fn micros(time: Duration) -> Micros {
    Micros::try_from(time.as_micros()).unwrap_or(Micros::MAX)
}

/// A process's monotonic clock, which started long before the world, and runs a
/// little too fast or too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Its microseconds in a true second.
    rate: u64,
}

impl Clock {
    /// A clock that gains `drift` microseconds in a second, or loses them.
    #[must_use]
    pub const fn drifting(drift: i64) -> Self {
        Self {
            rate: SECOND.saturating_add_signed(drift),
        }
    }

    /// Whether it is wrong by more than a hundredth.
    #[must_use]
    pub const fn is_wrong(self) -> bool {
        self.rate.abs_diff(SECOND) > SECOND / 100
    }

    /// What it shows at a moment.
    #[must_use]
    pub fn at(self, now: Micros) -> Mono {
        Mono::from_origin(ORIGIN + Duration::from_micros(now * self.rate / SECOND))
    }

    /// The first moment at which it shows this.
    #[must_use]
    pub fn moment(self, shown: Mono) -> Micros {
        let shown = micros(shown.since(Mono::from_origin(ORIGIN)));
        (shown * SECOND).div_ceil(self.rate)
    }
}

const ORIGIN: Duration = Duration::from_secs(1_000);

/// What will happen, and when.
#[derive(Debug)]
pub struct Agenda<T> {
    now: Micros,
    planned: u64,
    entries: BTreeMap<(Micros, u64), T>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            now: 0,
            planned: 0,
            entries: BTreeMap::new(),
        }
    }
}

impl<T> Agenda<T> {
    /// The time of what is happening.
    #[must_use]
    pub const fn now(&self) -> Micros {
        self.now
    }

    /// Plans something `after` so many microseconds.
    pub fn plan(&mut self, after: Micros, what: T) {
        self.plan_at(self.now.saturating_add(after), what);
    }

    /// Plans something for a moment; one that has passed means now.
    pub fn plan_at(&mut self, at: Micros, what: T) {
        self.planned += 1;
        self.entries.insert((at.max(self.now), self.planned), what);
    }

    /// Moves on to what happens next.
    pub fn advance(&mut self) -> Option<T> {
        let ((at, _), what) = self.entries.pop_first()?;
        self.now = at;
        Some(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_in_order_of_time_and_then_of_planning() {
        let mut agenda = Agenda::default();
        for (after, what) in [(5, "c"), (1, "a"), (5, "d"), (3, "b")] {
            agenda.plan(after, what);
        }
        let told: String = std::iter::from_fn(|| agenda.advance()).collect();
        assert_eq!(told, "abcd");
        assert_eq!(agenda.now(), 5);
    }

    #[test]
    fn a_clock_reads_back_whatever_its_rate() {
        for drift in [-50_000, -1, 0, 3, 50_000] {
            let clock = Clock::drifting(drift);
            for at in [0, 1, 999, 1_234_567, 90 * SECOND] {
                let moment = clock.moment(clock.at(at));
                assert!(moment <= at && clock.at(moment) == clock.at(at));
            }
        }
    }
}
