//! The simulation bites: each deliberate flaw is caught within some seeds, by
//! an invariant that it endangers, and each invariant catches some flaw.

use std::collections::BTreeSet;

use lictor_sim::soak::soak;
use lictor_sim::{Breach, Flaw, conduct, invariants};

const SEEDS: u64 = 5_000;

#[test]
fn each_flaw_is_caught_by_an_invariant_that_it_endangers() {
    let mut unnoticed = Vec::new();
    for flaw in Flaw::ALL {
        let endangered = |breach: &Breach| flaw.endangers().contains(&breach.invariant);
        let soaked = soak(0..SEEDS, flaw, endangered, |_| {});
        let mut broken = soaked.broken.iter();
        match broken.find(|(_, breach)| endangered(breach)) {
            Some((seed, breach)) => println!("{flaw:?}: caught by seed {seed}: {breach}"),
            None => unnoticed.push(flaw),
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

#[test]
fn each_invariant_is_endangered_by_a_flaw() {
    let endangered: BTreeSet<&str> = Flaw::ALL
        .iter()
        .flat_map(|flaw| flaw.endangers())
        .copied()
        .collect();
    let unproven: Vec<_> = invariants::NAMES
        .iter()
        .chain(conduct::NAMES)
        .filter(|name| !endangered.contains(**name))
        .collect();
    assert!(unproven.is_empty(), "{unproven:?}");
}
