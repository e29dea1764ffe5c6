//! A healthy majority ends with one primary. When nothing fails any more, but for
//! a minority that is never repaired, the cluster is whole again within a bound:
//! one writable primary that everyone agrees on, everyone else where the tree wants it,
//! commits waiting for what the policy demands, and writes acknowledged.

use super::{Breach, no_lost_write, recoveries_end};
use crate::agenda::{Micros, SECOND};
use crate::flaw::Flaw;
use crate::leader::engine_time;
use crate::mysqld::Mysqld;
use crate::network::Place;
use crate::world::World;

const NAME: &str = "whole again";
/// A write was acknowledged within this.
const RECENT: Micros = SECOND;

/// Whether it is whole; otherwise what is missing.
pub fn whole(world: &World) -> Result<(), Breach> {
    let missing = |sentence: String| Err(Breach::of(NAME, sentence));
    let Some(leader) = world.leader() else {
        return missing("nobody leads".to_owned());
    };
    recoveries_end::at_the_end(world, leader)?;
    let cluster = leader.keeper.cluster();
    let Some(primary) = world.place(&cluster.primary) else {
        return missing(format!("{} does not exist", cluster.primary));
    };
    one_writable(world, primary)?;
    everyone_follows(world, primary)?;
    policy_holds(world, primary)?;
    if let Some(breach) = no_lost_write::under(world, primary) {
        return Err(breach);
    }
    if world.now() > world.ledger.acknowledged_at + RECENT {
        return missing(format!(
            "no write is acknowledged any more{}",
            blockers(world)
        ));
    }
    let stored = world.store.inheritance().cluster;
    if (stored.epoch, &stored.primary) != (cluster.epoch, &cluster.primary) {
        return missing(format!("the store names {} as primary", stored.primary));
    }
    if world
        .subscribers
        .iter()
        .any(|subscriber| world.writer_of(subscriber) != Some(primary))
    {
        return missing("a subscriber does not write to the primary".to_owned());
    }
    Ok(())
}

/// Whether it is one of those that were repaired.
fn is_healthy(world: &World, node: &Mysqld) -> bool {
    world.lost != Some(node.place)
}

fn policy_holds(world: &World, primary: Place) -> Result<(), Breach> {
    let waits_for = world.nodes[primary].waits_for.unwrap_or_default();
    if waits_for == world.scenario.acks || world.flaw == Flaw::KeepsSemiSyncOff {
        return Ok(());
    }
    let sentence = format!("commits wait for {waits_for} replica(s){}", blockers(world));
    Err(Breach::of(NAME, sentence))
}

fn one_writable(world: &World, primary: Place) -> Result<(), Breach> {
    let mut healthy = world.nodes.iter().filter(|node| is_healthy(world, node));
    let wrong = healthy.find(|node| node.writable != (node.place == primary) || !node.runs());
    match wrong {
        None => Ok(()),
        Some(node) => Err(Breach::of(
            NAME,
            format!(
                "{} is {:?} and {}{}",
                node.name,
                node.process,
                if node.writable { "writable" } else { "closed" },
                blockers(world)
            ),
        )),
    }
}

fn everyone_follows(world: &World, primary: Place) -> Result<(), Breach> {
    let mut healthy = world.nodes.iter().filter(|node| is_healthy(world, node));
    let stray = healthy.find(|node| {
        let channel = node.channel.as_ref();
        let source = world.wanted_source(&node.name);
        node.place != primary
            && !channel.is_some_and(|c| Some(c.source) == source && c.is_connected() && c.applying)
    });
    match stray {
        None => Ok(()),
        Some(node) => Err(Breach::of(
            NAME,
            format!(
                "{} does not follow whom it is to, under {}: {:?}{}",
                node.name,
                world.nodes[primary].name,
                node.channel,
                blockers(world)
            ),
        )),
    }
}

fn blockers(world: &World) -> String {
    let Some(leader) = world.leader() else {
        return String::new();
    };
    let problems = leader
        .keeper
        .problems(engine_time(leader.clock, world.now()));
    let each: Vec<_> = problems.iter().map(ToString::to_string).collect();
    format!(" ({})", each.join("; "))
}
