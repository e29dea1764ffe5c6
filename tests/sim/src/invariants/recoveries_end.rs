//! Every recovery ends: none is under way, and none is left in the store, when
//! all is well again.

use super::Breach;
use crate::leader::Leader;
use crate::world::World;

/// Looks at a leader that has had time.
pub fn at_the_end(world: &World, leader: &Leader) -> Result<(), Breach> {
    let breach = |sentence: String| Err(Breach::of("recoveries end", sentence));
    if let Some(record) = leader.keeper.recovery() {
        return breach(format!("recovery {} does not end", record.id));
    }
    if let Some(record) = world.store.inheritance().unfinished {
        return breach(format!("recovery {} was left unfinished", record.id));
    }
    Ok(())
}
