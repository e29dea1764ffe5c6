//! The shortest story that still breaks: troubles are left out, first from the
//! end, then one by one, for as long as the same invariant is broken.

use crate::flaw::Flaw;
use crate::scenario::Scenario;
use crate::{Breach, run};

/// With fewer troubles small chances fall otherwise: so many are tried.
const CHANCES: u64 = 4;

/// The shortest of what is left of a scenario that breaks; `None` if it holds.
#[must_use]
pub fn shrink(scenario: &Scenario, flaw: Flaw) -> Option<Scenario> {
    let breach = run(scenario, flaw).breach?;
    let breaks = |shorter: &Scenario| still_broken(shorter, flaw, &breach);
    let whole = scenario.clone();
    let mut prefixes = (0..whole.troubles.len()).map(|length| prefix(&whole, length));
    let mut left = prefixes.find_map(|one| breaks(&one)).unwrap_or(whole);
    loop {
        let shorter = without_one(&left).find_map(|one| breaks(&one));
        match shorter {
            Some(shorter) => left = shorter,
            None => return Some(left),
        }
    }
}

fn prefix(scenario: &Scenario, length: usize) -> Scenario {
    let mut shorter = scenario.clone();
    shorter.troubles.truncate(length);
    shorter
}

fn without_one(scenario: &Scenario) -> impl Iterator<Item = Scenario> + '_ {
    (0..scenario.troubles.len()).map(|place| {
        let mut shorter = scenario.clone();
        shorter.troubles.remove(place);
        shorter
    })
}

fn still_broken(scenario: &Scenario, flaw: Flaw, breach: &Breach) -> Option<Scenario> {
    let chances = (0..CHANCES).map(|more| scenario.chance.wrapping_add(more));
    let mut told = chances.map(|chance| scenario.by_chance(chance));
    told.find(|one| {
        let broken = run(one, flaw).breach;
        broken.is_some_and(|broken| broken.invariant == breach.invariant)
    })
}
