//! Nothing is promoted without a proof of the right kind, and the proof is true
//! of the world at that moment.

use lictor_domain::FencingProof;
use lictor_engine::message::Act;

use super::{Breach, Premise};
use crate::leader::Reign;
use crate::mysqld::Mysqld;
use crate::world::World;

/// Looks at a command before it is sent.
#[must_use]
pub fn at_command(world: &mut World, reign: Reign, act: &Act) -> Option<Breach> {
    let Act::Promote { node, fenced } = act else {
        return None;
    };
    world.ledger.premises.saw(match fenced.proof() {
        FencingProof::ProcessDead => Premise::PromotedByDeath,
        FencingProof::ReadOnlySet => Premise::PromotedByClosing,
        FencingProof::LeaseExpired { .. } => Premise::PromotedByLease,
        FencingProof::Overridden { .. } => Premise::PromotedByForce,
        _ => Premise::PromotedByQuorum,
    });
    let recovery = world.leader_of(reign)?.keeper.recovery()?;
    let (id, old) = (recovery.id, recovery.old_primary.clone());
    let old = &world.nodes[world.place(&old)?];
    let wrong = match fenced.proof() {
        FencingProof::ProcessDead => (old.lives() && old.writable)
            .then(|| format!("{} is said to be dead, and is writable", old.name)),
        FencingProof::QuorumRevoked {
            stopped,
            possible_ackers,
            acks,
        } => {
            let receiving = stopped.iter().find(|name| {
                let place = world.place(name);
                place.is_some_and(|place| {
                    let node = &world.nodes[place];
                    node.lives() && node.receives_from(old.place)
                })
            });
            let enough = stopped.len() + *acks as usize > *possible_ackers as usize;
            match receiving {
                Some(name) => Some(format!("{name} is said to have stopped, and receives")),
                None if !enough || needs_fewer(old, *acks) => {
                    Some(format!("too few were stopped: {}", fenced.proof()))
                }
                None => None,
            }
        }
        FencingProof::ReadOnlySet => (old.lives() && old.writable)
            .then(|| format!("{} is said to be closed, and is writable", old.name)),
        FencingProof::LeaseExpired { .. } => (old.lives() && old.writable)
            .then(|| format!("{} is said to have been killed, and is writable", old.name)),
        FencingProof::Overridden { .. } if world.ledger.forced.contains(&id) => None,
        other => Some(format!("`{other}` is no proof for a recovery")),
    };
    wrong.map(|wrong| {
        Breach::of(
            "promoted only fenced",
            format!("{node} is to be promoted: {wrong}"),
        )
    })
}

/// Whether it could acknowledge with fewer replicas than the proof takes it for.
fn needs_fewer(old: &Mysqld, acks: u32) -> bool {
    let needed = old.waits_for.unwrap_or_default();
    old.lives() && old.writable && needed < acks as usize
}
