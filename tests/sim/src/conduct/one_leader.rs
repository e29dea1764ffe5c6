//! At no moment may two processes act, and none commands a node once a newer
//! leader has begun.

use crate::invariants::Breach;
use crate::leader::Reign;
use crate::world::World;

const NAME: &str = "one leader";

/// Looks at the leases after each step of one of them.
#[must_use]
pub fn at_step(world: &World) -> Option<Breach> {
    let acting = world.acting();
    (acting > 1).then(|| Breach::of(NAME, format!("{acting} processes may act at one moment")))
}

/// Looks at a command that is sent to a node.
#[must_use]
pub fn at_command(world: &World, reign: Reign) -> Option<Breach> {
    let newest = world.leader()?.reign;
    (newest > reign).then(|| {
        let sentence = format!("term {reign} commands a node, and term {newest} has begun");
        Breach::of(NAME, sentence)
    })
}
