//! The simulation bites: each deliberate flaw is caught within some seeds, by
//! an invariant that it endangers.

use lictor_sim::soak::soak;
use lictor_sim::{Breach, Flaw};

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
