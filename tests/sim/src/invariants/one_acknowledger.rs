//! At most one node acknowledges writes in an epoch. More than that: at no moment
//! could two of them, whatever their epochs. A live, writable node with as many
//! live receivers pointed at it as its commits wait for could do so at once, hung
//! or not.

use super::Breach;
use crate::mysqld::Mysqld;
use crate::world::World;

/// Looks at every server.
#[must_use]
pub fn at_any_time(world: &World) -> Option<Breach> {
    let able: Vec<&Mysqld> = world
        .nodes
        .iter()
        .filter(|node| could_acknowledge(world, node))
        .collect();
    if able.len() < 2 {
        return None;
    }
    let names: Vec<_> = able.iter().map(|node| node.name.as_str()).collect();
    Some(Breach::of(
        "one acknowledger",
        format!("{} could all acknowledge writes", names.join(" and ")),
    ))
}

fn could_acknowledge(world: &World, node: &Mysqld) -> bool {
    let receivers = world
        .nodes
        .iter()
        .filter(|replica| replica.lives() && replica.receives_from(node.place));
    let needed = node.waits_for.unwrap_or_default();
    node.lives() && node.writable && receivers.count() >= needed
}
