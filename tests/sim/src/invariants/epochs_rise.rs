//! Epochs and revisions only rise, at every subscriber too, and each epoch has
//! one holder. An epoch that nobody ever used
//! may be given up by a later leader; the old primary then goes on in a newer
//! one.

use lictor_domain::{ClusterRoute, Epoch};

use super::{Breach, no_lost_write};
use crate::network::Place;
use crate::subscribers::Standing;
use crate::world::World;

const NAME: &str = "epochs rise";

/// Looks at a node that is opened for an epoch.
#[must_use]
pub fn at_opening(world: &World, epoch: Epoch, place: Place) -> Option<Breach> {
    let newest = world.ledger.newest()?;
    let holder = world.ledger.holder(epoch);
    let fine = epoch >= newest.epoch && holder.is_none_or(|holder| holder == place);
    (!fine).then(|| {
        Breach::of(
            NAME,
            format!(
                "{} is opened for epoch {epoch} after {} was for epoch {}",
                world.nodes[place].name, world.nodes[newest.place].name, newest.epoch
            ),
        )
    })
}

/// Looks at a subscriber that was sent something.
#[must_use]
pub fn at_subscriber(who: usize, before: &Standing, after: &Standing) -> Option<Breach> {
    let rises = after.revision >= before.revision && after.epoch >= before.epoch;
    (!rises).then(|| {
        Breach::of(
            NAME,
            format!(
                "subscriber {who} goes back from revision {} and epoch {} to {} and {}",
                before.revision, before.epoch, after.revision, after.epoch
            ),
        )
    })
}

/// Looks at a route that is about to be pushed: its writer was opened for its
/// epoch, and holds all that was acknowledged when its epoch is a new one.
#[must_use]
pub fn at_publishing(world: &mut World, route: &ClusterRoute) -> Option<Breach> {
    let writer = world.place(&route.writer()?.node)?;
    let newest = world.ledger.newest()?;
    let holder = world.ledger.holder(route.epoch);
    if holder.is_some_and(|holder| holder != writer) {
        return Some(Breach::of(
            NAME,
            format!(
                "the route of epoch {} sends writers to {}, but another was opened for it",
                route.epoch, world.nodes[writer].name
            ),
        ));
    }
    if route.epoch > newest.epoch {
        return no_lost_write::at_opening(world, writer);
    }
    None
}
