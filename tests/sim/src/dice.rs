//! The only source of chance: the seed's generator. Nothing else may be random.

use std::ops::RangeInclusive;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::agenda::{Clock, MS, Micros};

/// The dice of one seed.
#[derive(Debug)]
pub struct Dice(StdRng);

impl Dice {
    /// Dice that always fall alike for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A number from a range.
    pub fn number(&mut self, range: RangeInclusive<usize>) -> usize {
        self.0.random_range(range)
    }

    /// A time from a range of microseconds.
    pub fn time(&mut self, range: RangeInclusive<Micros>) -> Micros {
        self.0.random_range(range)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, chance: u32) -> bool {
        self.0.random_ratio(chance.min(100), 100)
    }

    /// One of several; `None` of none.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.choose(&mut self.0).copied()
    }

    /// A process's clock: its rate is up to 5 % wrong.
    pub fn clock(&mut self) -> Clock {
        Clock::drifting(self.0.random_range(-50_000..=50_000))
    }

    /// How long a small thing takes on a local network: mostly around a
    /// millisecond, at times much longer.
    pub fn hop(&mut self) -> Micros {
        match self.number(0..=199) {
            0 => self.time(50 * MS..=600 * MS),
            1..=9 => self.time(5 * MS..=40 * MS),
            _ => self.time(200..=2 * MS),
        }
    }
}
