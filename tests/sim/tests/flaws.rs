//! The simulation bites: each deliberate flaw is caught within some seeds, by
//! an invariant that it endangers.

use lictor_sim::{Flaw, run};

const SEEDS: u64 = 3_000;

fn is_caught(flaw: Flaw, by: &[&str]) {
    let caught = (0..SEEDS).find_map(|seed| {
        let breach = run(seed, flaw).breach?;
        by.contains(&breach.invariant).then_some((seed, breach))
    });
    assert!(caught.is_some(), "{flaw:?} went unnoticed");
}

const SPLIT: &[&str] = &["promoted only fenced", "one acknowledger", "no lost write"];
const LOSS: &[&str] = &["no lost write"];

#[test]
fn promoting_before_fencing_is_caught() {
    is_caught(Flaw::PromotesBeforeFencing, SPLIT);
}

#[test]
fn skipping_one_receiver_is_caught() {
    is_caught(Flaw::SkipsAReceiver, SPLIT);
}

#[test]
fn comparing_executed_sets_is_caught() {
    is_caught(Flaw::ComparesExecuted, LOSS);
}

#[test]
fn testimony_of_a_replica_that_its_operator_stopped_is_caught() {
    is_caught(Flaw::OperatorStoppedTestifies, &["no needless failover"]);
}

#[test]
fn opening_a_candidate_that_has_not_caught_up_is_caught() {
    is_caught(Flaw::SkipsCatchingUp, LOSS);
}

#[test]
fn trusting_a_primary_that_falls_back_is_caught() {
    is_caught(Flaw::TrustsAFallBack, LOSS);
}
