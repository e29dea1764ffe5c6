//! Many seeds hold every invariant, each of which was put to the test; one seed
//! tells the same story twice, and a broken one tells no more than it must.

use lictor_sim::invariants::Premise;
use lictor_sim::shrink::shrink;
use lictor_sim::soak::soak;
use lictor_sim::{Flaw, Scenario, run, tell};

const SEEDS: u64 = 5_000;
/// Each premise came about at least so often.
const OFTEN: u64 = 10;

#[test]
fn no_seed_loses_a_write_splits_the_brain_or_stays_broken() {
    let soaked = soak(0..SEEDS, Flaw::None, |_| true, |_| {});
    if let Some((seed, breach)) = soaked.broken.first() {
        panic!("{breach}; tell it with: sim --seed {seed}");
    }
    println!(
        "{} seeds: {} primacies, {} acknowledged writes; what was put to the test:\n{}",
        soaked.seeds, soaked.primacies, soaked.acknowledged, soaked.premises
    );
    for premise in Premise::ALL {
        let count = soaked.premises.count(*premise);
        assert!(count >= OFTEN, "only {count} times {premise}");
    }
    assert!(
        soaked.primacies as u64 > SEEDS / 2,
        "only {} primacies: the storm is too mild, or nobody dares to act",
        soaked.primacies
    );
    assert!(
        soaked.acknowledged > u128::from(SEEDS) * 100,
        "too few writes"
    );
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in [3, 14, 159] {
        let scenario = Scenario::of(seed);
        let (once, again) = (tell(&scenario, Flaw::None), tell(&scenario, Flaw::None));
        assert_eq!(once.transcript.lines(), again.transcript.lines());
        assert!(once.transcript.lines().len() > 10);
    }
}

#[test]
fn a_broken_story_is_told_with_no_trouble_that_it_does_not_need() {
    let flaw = Flaw::PromotesBeforeTheIntent;
    let cut_short = (0..20).find_map(|seed| {
        let whole = Scenario::of(seed);
        let shortest = shrink(&whole, flaw)?;
        (shortest.troubles.len() < whole.troubles.len()).then_some(shortest)
    });
    let shortest = cut_short.expect("a seed that breaks, with a trouble too many");
    assert!(run(&shortest, flaw).breach.is_some());
    assert!(!shortest.troubles.is_empty());
    for place in 0..shortest.troubles.len() {
        let mut shorter = shortest.clone();
        shorter.troubles.remove(place);
        assert!(
            run(&shorter, flaw).breach.is_none(),
            "{place} is not needed"
        );
    }
}
