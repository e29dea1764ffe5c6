//! Something that is better or worse, told without flooding anybody when it
//! flaps.
//!
//! Worse is told once it has lasted for `worse_after`, better once it has lasted
//! for a while that doubles each time it was worse again soon: from
//! [`CALM`] up to [`CALM_MAX`]. So what flaps for ever is told twice in
//! [`CALM_MAX`] at most, and each change is dated when it began.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain::Now;

/// Better must last so long at first.
pub const CALM: Duration = Duration::from_secs(5);
/// And never longer than this.
pub const CALM_MAX: Duration = Duration::from_mins(5);
/// Worse again within so many times of the calm before is soon.
const SOON: u32 = 4;

/// What is told of one thing; a greater level is worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damper<L> {
    told: L,
    /// Another level than was told, and since when it is on that side.
    other: Option<Other>,
    calm: Duration,
    /// When better was told last.
    eased: Option<Now>,
    worse_after: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Other {
    since: Now,
    worse: bool,
}

impl<L: Ord + Copy> Damper<L> {
    /// One of which `told` is known already.
    pub(super) const fn new(told: L, worse_after: Duration) -> Self {
        Self {
            told,
            other: None,
            calm: CALM,
            eased: None,
            worse_after,
        }
    }

    /// What was told last.
    pub(super) const fn told(&self) -> L {
        self.told
    }

    /// Takes in what it is now: when it became so, once that is to be told.
    pub(super) fn see(&mut self, level: L, now: Now) -> Option<DateTime<Utc>> {
        if level == self.told {
            self.other = None;
            return None;
        }
        let worse = level > self.told;
        let other = self.other.filter(|other| other.worse == worse);
        let other = *self
            .other
            .insert(other.unwrap_or(Other { since: now, worse }));
        let lasts = now.mono.since(other.since.mono);
        let needed = if worse { self.worse_after } else { self.calm };
        if lasts < needed {
            return None;
        }
        if worse {
            let soon = self.calm * SOON;
            let again = |eased: Now| now.mono.since(eased.mono) < soon;
            self.calm = if self.eased.is_some_and(again) {
                (self.calm * 2).min(CALM_MAX)
            } else {
                CALM
            };
        } else {
            self.eased = Some(now);
        }
        self.told = level;
        self.other = None;
        Some(other.since.wall)
    }

    /// Whether nothing of it is worth remembering, when this is its best level.
    pub(super) fn is_forgotten(&self, best: L, now: Now) -> bool {
        let soon = self.calm * SOON;
        let over = |eased: Now| now.mono.since(eased.mono) >= soon;
        self.told == best && self.other.is_none() && self.eased.is_none_or(over)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{at, ms};

    fn told(
        damper: &mut Damper<bool>,
        changes: impl IntoIterator<Item = (u64, bool)>,
    ) -> Vec<(u64, bool)> {
        let started = at(0).wall;
        let tell = |(millis, level)| {
            let since = damper.see(level, at(millis))?;
            let since = (since - started).num_milliseconds();
            Some((u64::try_from(since).unwrap(), level))
        };
        changes.into_iter().filter_map(tell).collect()
    }

    #[test]
    fn what_is_worse_is_told_at_once_and_what_is_better_when_it_lasts() {
        let mut damper = Damper::new(false, Duration::ZERO);
        let seen = [
            (0, false),
            (100, true),
            (200, false),
            (5_100, false),
            (5_200, false),
        ];
        assert_eq!(told(&mut damper, seen), [(100, true), (200, false)]);
    }

    #[test]
    fn what_comes_back_within_the_calm_never_went() {
        let mut damper = Damper::new(true, Duration::ZERO);
        let seen = [
            (0, false),
            (4_900, false),
            (4_950, true),
            (5_100, false),
            (9_000, false),
        ];
        assert_eq!(told(&mut damper, seen), []);
        assert!(damper.told());
    }

    #[test]
    fn worse_that_does_not_last_is_not_told_where_it_has_to() {
        let mut damper = Damper::new(false, ms(1_000));
        let seen = [
            (0, true),
            (900, true),
            (950, false),
            (1_000, true),
            (2_000, true),
        ];
        assert_eq!(told(&mut damper, seen), [(1_000, true)]);
    }

    #[test]
    fn what_flaps_for_an_hour_is_told_a_few_times() {
        let mut damper = Damper::new(false, Duration::ZERO);
        let minute_by_minute = (0..3_600).map(|second| (second * 1_000, second % 20 < 10));
        let told = told(&mut damper, minute_by_minute);
        assert!((3..20).contains(&told.len()), "{told:?}");
    }

    #[test]
    fn what_was_calm_for_long_is_new_when_it_comes_again() {
        let mut damper = Damper::new(false, Duration::ZERO);
        assert!(damper.is_forgotten(false, at(0)));
        let seen = [
            (0, true),
            (10, false),
            (6_000, false),
            (7_000, true),
            (7_010, false),
        ];
        told(&mut damper, seen);
        assert_eq!(damper.calm, CALM * 2);
        told(&mut damper, [(18_000, false)]);
        assert!(!damper.is_forgotten(false, at(20_000)));
        assert!(damper.is_forgotten(false, at(60_000)));
        told(&mut damper, [(90_000, true)]);
        assert_eq!(damper.calm, CALM);
    }

    proptest! {
        #[test]
        fn levels_alternate_in_time_and_the_rate_is_bounded(
            gaps in proptest::collection::vec((1..30_000_u64, any::<bool>()), 1..300),
        ) {
            let mut damper = Damper::new(false, Duration::ZERO);
            let mut millis = 0;
            let seen = gaps.into_iter().map(|(gap, level)| { millis += gap; (millis, level) });
            let told = told(&mut damper, seen);
            prop_assert!(told.is_sorted_by_key(|(at, _)| *at));
            prop_assert!(told.windows(2).all(|pair| pair[0].1 != pair[1].1));
            prop_assert!(told.first().is_none_or(|(_, level)| *level));
            let calm = u64::try_from(CALM.as_millis()).unwrap();
            let openings: Vec<_> = told.iter().filter(|(_, level)| *level).collect();
            prop_assert!(openings.windows(2).all(|pair| pair[1].0 - pair[0].0 >= calm));
        }
    }
}
