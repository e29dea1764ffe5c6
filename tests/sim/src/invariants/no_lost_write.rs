//! No write that a client was told is done is ever lost: whoever is opened holds
//! them all, and whoever was deposed acknowledges none that the newer primary
//! does not hold. An asynchronous cluster may lose those, and only those, that
//! no replica had received which could have been promoted instead; and an operator
//! may accept a loss by name.

use lictor_domain::gtid::Gtid;
use lictor_domain::{GtidSet, NodeName, Recovery};
use lictor_engine::message::Care;

use super::{Breach, Premise};
use crate::network::Place;
use crate::world::World;

const NAME: &str = "no lost write";

/// Looks at a node that was just opened.
#[must_use]
pub fn at_opening(world: &mut World, place: Place) -> Option<Breach> {
    if !world.nodes[place].is_whole() {
        let name = &world.nodes[place].name;
        let sentence = format!("{name} is opened without the data that its GTIDs promise");
        return Some(Breach::of(NAME, sentence));
    }
    if world.ledger.acknowledged.is_empty() {
        return None;
    }
    world.ledger.premises.saw(Premise::OpenedAfterWrites);
    let lost = lost_under(world, place);
    if lost.is_empty() {
        return None;
    }
    if is_accepted(world, place, &lost) {
        world.ledger.accept_loss(&lost);
        return None;
    }
    breach(world, place, &lost)
}

/// Looks at care for a node: none is let back whose data is half gone.
#[must_use]
pub fn at_care(world: &World, node: &NodeName, care: &Care) -> Option<Breach> {
    let place = world.place(node)?;
    let wrong = *care == Care::Quarantine(None) && !world.nodes[place].is_whole();
    let sentence = || format!("{node} is let back without the data that its GTIDs promise");
    wrong.then(|| Breach::of(NAME, sentence()))
}

/// Looks at a node that has long been primary.
#[must_use]
pub fn under(world: &World, place: Place) -> Option<Breach> {
    breach(world, place, &lost_under(world, place))
}

fn lost_under(world: &World, place: Place) -> GtidSet {
    world
        .ledger
        .acknowledged
        .subtract(&world.nodes[place].executed)
}

fn breach(world: &World, place: Place, lost: &GtidSet) -> Option<Breach> {
    let name = &world.nodes[place].name;
    let sentence = || format!("{name} is opened without the acknowledged {lost}");
    (!lost.is_empty()).then(|| Breach::of(NAME, sentence()))
}

/// An operator who forces a failover accepts whatever is lost. Otherwise only an
/// asynchronous cluster loses anything: a primary that goes on nothing, a
/// candidate only what no other candidate had received. Of a recovery whose leader
/// is gone nobody knows who answered.
fn is_accepted(world: &World, place: Place, lost: &GtidSet) -> bool {
    let forced = |record: &Recovery| {
        let chosen = record.new_primary.as_ref() == Some(&world.nodes[place].name);
        chosen && world.ledger.forced.contains(&record.id)
    };
    if world.store.recoveries().any(forced) {
        return true;
    }
    if world.scenario.acks > 0 {
        return false;
    }
    let name = &world.nodes[place].name;
    let recoveries = world.leaders.iter().filter_map(|l| l.keeper.recovery());
    let mut of_it = recoveries.filter(|record| record.new_primary.as_ref() == Some(name));
    let spared = |record: &Recovery| {
        let mut fit = record.candidates.iter().filter(|one| one.rank.is_some());
        fit.all(|one| one.received.subtract(lost) == one.received)
    };
    match of_it.next() {
        Some(record) => spared(record),
        None => world
            .ledger
            .newest()
            .is_none_or(|newest| newest.place != place),
    }
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
