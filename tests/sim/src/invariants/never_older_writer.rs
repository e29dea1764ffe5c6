//! A subscriber that was told of an epoch never again writes to the primary of
//! an older one.

use super::{Breach, Premise};
use crate::network::Place;
use crate::world::World;

/// Looks at a write on its way to a node.
#[must_use]
pub fn at_write(world: &mut World, who: usize, place: Place) -> Option<Breach> {
    let told = world.subscribers[who].told;
    let holder = world.ledger.holder(told)?;
    let older = |node: &&crate::mysqld::Mysqld| {
        node.place != holder && node.lives() && node.writable && world.ledger.was_used(node.place)
    };
    if world.nodes.iter().any(|node| older(&node)) {
        world.ledger.premises.saw(Premise::WroteBesideOlderPrimary);
    }
    (place != holder).then(|| {
        Breach::of(
            "never an older writer",
            format!(
                "subscriber {who} was told of epoch {told} on {}, and writes to {}",
                world.nodes[holder].name, world.nodes[place].name
            ),
        )
    })
}
