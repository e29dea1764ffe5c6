//! Whose turn it is, by weight.

use lictor_domain::Reader;

/// Something that carries a share.
pub(crate) trait Weighted {
    fn weight(&self) -> u32;
}

impl Weighted for Reader {
    fn weight(&self) -> u32 {
        self.weight
    }
}

impl<T: Weighted> Weighted for &T {
    fn weight(&self) -> u32 {
        (*self).weight()
    }
}

/// Every one once, beginning with the one whose turn it is.
pub(crate) fn in_turn<T: Weighted>(all: &[T], turn: u64) -> impl Iterator<Item = &T> {
    let total: u64 = all.iter().map(|one| u64::from(one.weight())).sum();
    let mut at = turn % total.max(1);
    let first = all
        .iter()
        .position(|one| {
            let weight = u64::from(one.weight());
            let hit = at < weight;
            at = at.saturating_sub(weight);
            hit
        })
        .unwrap_or(0);
    all.iter().cycle().skip(first).take(all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weighted for u32 {
        fn weight(&self) -> u32 {
            *self
        }
    }

    #[test]
    fn they_come_first_in_proportion_to_their_weight() {
        let mut first = [0, 0];
        for turn in 0..400 {
            match in_turn(&[1, 3], turn).next() {
                Some(1) => first[0] += 1,
                _ => first[1] += 1,
            }
        }
        assert_eq!(first, [100, 300]);
    }

    #[test]
    fn every_one_gets_its_chance_when_the_first_does_not_answer() {
        for turn in 0..7 {
            let mut all: Vec<_> = in_turn(&[1, 2, 5], turn).collect();
            all.sort_unstable();
            assert_eq!(all, [&1, &2, &5]);
        }
    }
}
