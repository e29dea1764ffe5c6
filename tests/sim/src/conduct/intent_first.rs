//! Nothing is promoted before a store has the intent that names it: the next
//! leader could not know of it.

use lictor_engine::message::Act;

use crate::invariants::{Breach, Premise};
use crate::leader::Reign;
use crate::world::World;

/// Looks at a command before it is sent.
#[must_use]
pub fn at_command(world: &mut World, reign: Reign, act: &Act) -> Option<Breach> {
    let Act::Promote { node, .. } = act else {
        return None;
    };
    let id = world.leader_of(reign)?.keeper.recovery()?.id;
    if world.store.has_intent(id, node) {
        world.ledger.premises.saw(Premise::PromotedAfterIntent);
        return None;
    }
    Some(Breach::of(
        "intent first",
        format!("{node} is to be promoted, and no store knows of it"),
    ))
}
