//! A failover does not begin while the primary runs and anybody reaches it, unless
//! a receiver that nobody had stopped has lost it.

use lictor_domain::{ProblemCode, Recovery, RecoveryKind};

use crate::agenda::{MS, Micros, SECOND};
use crate::invariants::{Breach, Premise};
use crate::mysqld::HEARTBEAT;
use crate::network::Way;
use crate::world::World;

/// A primary that hung until just now may still look lost.
const SETTLED: Micros = 2 * SECOND;

/// Testimony of this age still counts.
const YOUNG: Micros = 600 * MS;

/// Looks at a failover's intent.
#[must_use]
pub fn at_beginning(world: &mut World, record: &Recovery) -> Option<Breach> {
    let ordered = record.verdict.code == ProblemCode::FailoverOrdered;
    if record.kind != RecoveryKind::Failover || ordered {
        return None;
    }
    world.ledger.premises.saw(Premise::FailoverBegan);
    let now = world.agenda.now();
    let primary = &world.nodes[world.place(&record.old_primary)?];
    let others = world
        .nodes
        .iter()
        .filter(|node| node.place != primary.place);
    let mut ways = others
        .map(|other| Way::between(primary.place, other.place))
        .chain([Way::Lictor(primary.place)]);
    let reached = ways.any(|way| world.passes(way));
    let well = primary.runs() && now > primary.since + SETTLED && reached;
    let lost = world.nodes.iter().any(|node| {
        let Some(channel) = &node.channel else {
            return false;
        };
        let deaf = channel.heard_at.is_none_or(|at| now > at + 2 * HEARTBEAT);
        node.receives_from(primary.place)
            && (deaf || !channel.is_connected() || now < channel.back_at + YOUNG)
    });
    (well && !lost).then(|| {
        Breach::of(
            "no needless failover",
            format!(
                "{} runs, and no receiver has lost it: {}",
                primary.name, record.verdict
            ),
        )
    })
}
