//! Lictor touches nothing by itself that its operator has taken out of its hands:
//! no node in maintenance, and no cluster that is only observed; and it fails
//! over by itself, and takes the second step after it, in mode auto alone, when the
//! cluster is not paused.

use lictor_domain::{AbortReason, Mode, NodeName, ProblemCode, Recovery, RecoveryOutcome};

use crate::invariants::{Breach, Premise};
use crate::world::World;

const NAME: &str = "hands off";

/// Looks at care for a node, outside any recovery.
#[must_use]
pub fn at_care(world: &World, node: &NodeName) -> Option<Breach> {
    let cluster = world.defined();
    let known = cluster.node(node)?;
    if cluster.mode() == Mode::Observe {
        let sentence = format!("{node} is touched, and the mode is observe");
        return Some(Breach::of(NAME, sentence));
    }
    let worked_on = known.maintenance.is_some() && cluster.primary != *node;
    let sentence = || format!("{node} is touched, and somebody works on it");
    worked_on.then(|| Breach::of(NAME, sentence()))
}

/// Looks at the intent of a failover, or of a second step after one.
#[must_use]
pub fn at_beginning(world: &World, record: &Recovery) -> Option<Breach> {
    let ordered = record.verdict.code == ProblemCode::FailoverOrdered;
    let cluster = world.defined();
    let wrong = match cluster.mode() {
        Mode::Observe => true,
        Mode::Manual => !ordered,
        Mode::Auto => false,
    };
    let mode = cluster.mode();
    wrong.then(|| {
        let paused = if cluster.pause.is_some() {
            ", paused"
        } else {
            ""
        };
        Breach::of(
            NAME,
            format!("a {} begins in mode {mode}{paused}", record.kind),
        )
    })
}

/// Looks at what is written down instead of done.
pub fn at_record(world: &mut World, record: &Recovery) {
    let second_step = record.verdict.code == ProblemCode::BetterPlacedReplica;
    let reason = match &record.outcome {
        RecoveryOutcome::Aborted { reason } => reason,
        RecoveryOutcome::Done if second_step => {
            return world.ledger.premises.saw(Premise::SecondStep);
        }
        RecoveryOutcome::Running | RecoveryOutcome::Done => return,
    };
    if *reason == AbortReason::OnlyObserved {
        world.ledger.premises.saw(Premise::ActionWithheld);
    }
}
