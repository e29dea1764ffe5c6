//! Many seeds, over all cores.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::flaw::Flaw;
use crate::invariants::Premises;
use crate::scenario::Scenario;
use crate::{Breach, run};

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Soaked {
    /// Seeds that were run.
    pub seeds: u64,
    /// Primacies that began.
    pub primacies: usize,
    /// Writes that were acknowledged.
    pub acknowledged: u128,
    /// What was put to the test, and how often.
    pub premises: Premises,
    /// Seeds that broke an invariant, in order.
    pub broken: Vec<(u64, Breach)>,
}

impl Soaked {
    fn add(&mut self, other: &mut Self) {
        self.seeds += other.seeds;
        self.primacies += other.primacies;
        self.acknowledged += other.acknowledged;
        self.premises += &other.premises;
        self.broken.append(&mut other.broken);
        self.broken.sort_by_key(|(seed, _)| *seed);
    }
}

/// Runs many seeds, up to a breach that is `enough`; `progress` is told each
/// time how many are done.
pub fn soak(
    seeds: Range<u64>,
    flaw: Flaw,
    enough: impl Fn(&Breach) -> bool + Sync,
    progress: impl Fn(u64) + Sync,
) -> Soaked {
    let next = AtomicU64::new(seeds.start);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut soaked = Soaked::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !seeds.contains(&seed) {
                return soaked;
            }
            let ending = run(&Scenario::of(seed), flaw);
            soaked.seeds += 1;
            soaked.primacies += ending.primacies;
            soaked.acknowledged += ending.acknowledged;
            soaked.premises += &ending.premises;
            if let Some(breach) = ending.breach {
                if enough(&breach) {
                    next.store(seeds.end, Ordering::Relaxed);
                }
                soaked.broken.push((seed, breach));
            }
            progress(seed + 1 - seeds.start);
        }
    };
    let mut sum = Soaked::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let mut part = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
            sum.add(&mut part);
        }
    });
    sum
}
