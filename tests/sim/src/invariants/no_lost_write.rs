//! No write that a client was told is done is ever lost: whoever is opened holds
//! them all, and whoever was deposed acknowledges none that the newer primary
//! does not hold.

use lictor_domain::gtid::Gtid;

use super::Breach;
use crate::network::Place;
use crate::world::World;

const NAME: &str = "no lost write";

/// Looks at a node that was just opened.
#[must_use]
pub fn at_opening(world: &World, place: Place) -> Option<Breach> {
    let node = &world.nodes[place];
    let lost = world.ledger.acknowledged.subtract(&node.executed);
    (!lost.is_empty()).then(|| {
        Breach::of(
            NAME,
            format!("{} is opened without the acknowledged {lost}", node.name),
        )
    })
}

/// Looks at a write that is acknowledged now.
#[must_use]
pub fn at_acknowledgement(world: &World, place: Place, gtid: &Gtid) -> Option<Breach> {
    let newest = world.ledger.newest()?;
    let held = newest.place == place || world.nodes[newest.place].executed.contains(gtid);
    (!held).then(|| {
        Breach::of(
            NAME,
            format!(
                "{} acknowledges a write that {}, opened for epoch {}, does not hold",
                world.nodes[place].name, world.nodes[newest.place].name, newest.epoch
            ),
        )
    })
}
