//! Many seeds hold every invariant, and one seed tells the same story twice.

use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use lictor_sim::transcript::Stamp;
use lictor_sim::{Flaw, run, tell};

const SEEDS: usize = 2_000;

/// Runs every `step`th seed; counts primacies and acknowledged writes.
fn run_some(seeds: Range<usize>, step: usize) -> (usize, u128) {
    let mut sum = (0, 0);
    for seed in seeds.step_by(step) {
        let ending = run(seed as u64, Flaw::None);
        let at = Stamp(ending.at);
        let tell = format!("at {at}; tell it with: sim --seed {seed} --verbose");
        assert_eq!(ending.breach, None, "{tell}");
        sum.0 += ending.primacies;
        sum.1 += ending.acknowledged;
    }
    sum
}

#[test]
fn no_seed_loses_a_write_splits_the_brain_or_stays_broken() {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (primacies, writes) = thread::scope(|scope| {
        let begin = |first| scope.spawn(move || run_some(first..SEEDS, threads));
        let workers: Vec<_> = (0..threads).map(begin).collect();
        let ends = workers.into_iter().map(thread::ScopedJoinHandle::join);
        let sums = ends.map(|end| end.unwrap_or_else(|panic| resume_unwind(panic)));
        sums.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    });
    assert!(
        primacies > SEEDS / 2,
        "only {primacies} primacies: the storm is too mild, or nobody dares to act"
    );
    assert!(writes > SEEDS as u128 * 100, "only {writes} writes");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in [3, 14, 159] {
        let (once, again) = (tell(seed, Flaw::None), tell(seed, Flaw::None));
        assert_eq!(once.transcript.lines(), again.transcript.lines());
        assert!(once.transcript.lines().len() > 10);
    }
}
