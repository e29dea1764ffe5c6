//! The dice and the clocks of the simulation.

use std::time::Duration;

use lictor_domain::Mono;

use crate::leadership::Store;

/// Real time.
pub(super) type Micros = u64;
pub(super) const MS: Micros = 1_000;
pub(super) const SECOND: Micros = 1_000 * MS;

pub(super) fn micros(time: Duration) -> Micros {
    Micros::try_from(time.as_micros()).unwrap()
}

/// splitmix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from + 1)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.next() % 100 < chance
    }

    pub(super) fn store(&mut self) -> Store {
        Store::BOTH[self.below(2)]
    }
}

/// One instance's clock.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) origin: Micros,
    /// Microseconds of this clock in a second of real time.
    pub(super) rate: u64,
}

impl Clock {
    pub(super) fn at(self, real: Micros) -> Mono {
        Mono::from_origin(Duration::from_micros(
            self.origin + real * self.rate / SECOND,
        ))
    }

    /// The first real instant at which this clock shows `mono`.
    pub(super) fn real(self, mono: Mono) -> Micros {
        let shown = micros(mono.since(Mono::default()));
        (shown.saturating_sub(self.origin) * SECOND).div_ceil(self.rate)
    }
}
