//! No reader is offered whose data may be older than the policy allows: one
//! whose lag is unknown is out before that.

use crate::agenda::{Micros, SECOND, micros};
use crate::invariants::{Breach, Premise};
use crate::leader::Leader;
use crate::mysqld::Mysqld;
use crate::world::World;

/// What a leader needs to notice: a probe that ends, and its next step.
const NOTICED: Micros = 2 * SECOND;

/// Looks at who is offered now by whoever may act.
#[must_use]
pub fn at_a_look(world: &mut World) -> Option<Breach> {
    let leader = world.leader()?;
    if !world.may_act(leader.reign) || world.paused_until(leader.reign).is_some() {
        return None;
    }
    let limit = micros(leader.keeper.cluster().policy.max_read_lag()) + NOTICED;
    let deaf: Vec<&Mysqld> = world
        .nodes
        .iter()
        .filter(|node| silence(world, node) > limit)
        .collect();
    let stale = deaf.iter().find(|node| is_offered(leader, node));
    let breach = stale.map(|node| {
        let silence = silence(world, node) / SECOND;
        let sentence = format!(
            "{} is offered, and heard nothing for {silence} s",
            node.name
        );
        Breach::of("no stale reader", sentence)
    });
    if !deaf.is_empty() {
        world.ledger.premises.saw(Premise::ReplicaDeaf);
    }
    breach
}

fn silence(world: &World, node: &Mysqld) -> Micros {
    let heard_at = node.channel.as_ref().map(|channel| channel.heard_at);
    heard_at.map_or(0, |at| world.now() - at.unwrap_or(world.now()))
}

fn is_offered(leader: &Leader, node: &Mysqld) -> bool {
    let routes = leader
        .table
        .iter()
        .flat_map(|table| table.clusters.values());
    let mut readers = routes.flat_map(|route| &route.readers);
    readers.any(|reader| reader.endpoint.node == node.name)
}
