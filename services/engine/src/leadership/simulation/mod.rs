//! Three contenders, two stores, and everything that goes wrong, from a seed.

mod parts;
mod world;

use lictor_domain::Term;

use self::parts::{MS, Micros, SECOND};
use self::world::{Flaw, LATEST, Outage, TWO_LEAD, World};
use super::{Event, Store};

/// Sends one world through a storm and into calm water.
fn storm(seed: u64, flaw: Flaw) -> World {
    let mut world = World::new(seed, flaw);
    world.storm(20 * SECOND);
    world.calm_down();
    world.run(LATEST + 3 * SECOND);
    match world.leader() {
        Some(leader) => world.run_under(leader, 5 * SECOND),
        None => world.complain("nobody leads though nothing fails"),
    }
    world
}

/// A leader is frozen with a write under way, and cut off when it goes on.
fn surprise(seed: u64, flaw: Flaw) -> World {
    let mut world = World::new(seed, flaw);
    world.run(SECOND);
    if let Some((who, _)) = world.leader() {
        let pause = world.up_to(SECOND);
        world.pause_while_writing(who, pause);
        world.isolate(who, 4 * SECOND);
    }
    world.run(4 * SECOND);
    world
}

/// A world in which somebody leads and nothing fails.
fn calm(seed: u64) -> (World, (usize, Term)) {
    let mut world = World::new(seed, Flaw::None);
    world.run(SECOND);
    let leader = world.leader().expect("a leader within a second");
    (world, leader)
}

#[test]
fn two_never_lead_at_one_instant_terms_rise_and_calm_brings_a_leader() {
    let mut reigns = 0;
    for seed in 0..300 {
        reigns += storm(seed, Flaw::None).finish().len();
    }
    assert!(reigns > 900, "only {reigns} reigns: too little happens");
}

#[test]
fn a_leader_surprised_at_the_worst_moment_has_stopped_before_the_next_begins() {
    for seed in 0..300 {
        assert_eq!(surprise(seed, Flaw::None).finish().len(), 2);
    }
}

#[test]
fn the_simulation_catches_every_flaw_it_knows() {
    for flaw in [
        Flaw::NoMargin,
        Flaw::CountsFromTheAnswer,
        Flaw::ActsWithoutLooking,
        Flaw::TakesLostForWritten,
        Flaw::TakesOnlyOne,
    ] {
        let two_lead = |world: World| world.broken.is_some_and(|what| what == TWO_LEAD);
        let caught =
            (0..300).any(|seed| two_lead(surprise(seed, flaw)) || two_lead(storm(seed, flaw)));
        assert!(caught, "{flaw:?} went unnoticed");
    }
}

#[test]
fn a_running_leader_survives_the_loss_of_either_store_one_after_the_other() {
    for seed in 0..20 {
        let (mut world, leader) = calm(seed);
        for round in 0..8 {
            let outage = Outage::ALL[round / 2];
            let store = Store::BOTH[round % 2];
            world.fail(store, outage, 5 * SECOND);
            world.run_under(leader, 8 * SECOND);
        }
        let leads = world.status(leader.0).stores;
        assert!(leads.both().iter().all(|store| store.valid_for.is_some()));
        assert_eq!(world.finish(), [leader.1]);
    }
}

#[test]
fn a_store_that_comes_back_empty_is_taken_again_by_the_leader() {
    for seed in 0..20 {
        let (mut world, leader) = calm(seed);
        world.forgetful = true;
        for round in 0..6 {
            world.stores.get_mut(Store::BOTH[round % 2]).record = None;
            world.run_under(leader, 4 * SECOND);
        }
        for store in Store::BOTH {
            let record = world.stores.get(store).record.as_ref();
            assert_eq!(record.map(|record| record.term), Some(leader.1));
        }
        assert_eq!(world.finish(), [leader.1]);
    }
}

#[test]
fn a_dead_leader_is_replaced_within_a_lease_and_two_polls() {
    for seed in 0..50 {
        let (mut world, (who, term)) = calm(seed);
        let time = world.up_to(SECOND);
        world.run(time);
        world.instances[who].paused_until = Micros::MAX / 2;
        let slowest = (1500 + 2 * 200) * MS * 100 / 95;
        world.run(slowest);
        let (_, next) = world.leader().expect("a new leader");
        assert_eq!(world.finish(), [term, next]);
    }
}

#[test]
fn a_leader_that_resigns_is_replaced_within_three_polls() {
    for seed in 0..50 {
        let (mut world, (who, term)) = calm(seed);
        let time = world.up_to(SECOND);
        world.run(time);
        world.step(who, Event::Resign);
        world.run(600 * MS);
        assert!(world.instances[who].machine.has_left());
        let (_, next) = world.leader().expect("a new leader");
        assert_eq!(world.finish(), [term, next]);
    }
}

#[test]
fn a_leader_cut_off_from_both_stores_is_replaced_and_stops_before_that() {
    for seed in 0..50 {
        let (mut world, (who, term)) = calm(seed);
        for store in Store::BOTH {
            world.cut_off(who, store, Micros::MAX / 2);
        }
        world.run(2200 * MS);
        let (next, _) = world.leader().expect("a new leader");
        assert_ne!(next, who);
        let led = world.finish();
        assert_eq!(led.len(), 2);
        assert!(led[0] == term && led[1] > term);
    }
}
