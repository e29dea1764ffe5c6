//! Lictor touches nothing by itself that its operator has taken out of its hands:
//! no node in maintenance, and no cluster that is only observed; and it fails
//! over by itself in mode auto alone, when the cluster is not paused.

use lictor_domain::{
    AbortReason, Mode, NodeName, ProblemCode, Recovery, RecoveryKind, RecoveryOutcome,
};

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

/// Looks at a failover's intent.
#[must_use]
pub fn at_beginning(world: &World, record: &Recovery) -> Option<Breach> {
    let ordered = record.verdict.code == ProblemCode::FailoverOrdered;
    let cluster = world.defined();
    if record.kind != RecoveryKind::Failover {
        return None;
    }
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
        Breach::of(NAME, format!("a failover begins in mode {mode}{paused}"))
    })
}

/// Looks at what is written down instead of done.
pub fn at_record(world: &mut World, record: &Recovery) {
    let reason = match &record.outcome {
        RecoveryOutcome::Aborted { reason } => reason,
        RecoveryOutcome::Running | RecoveryOutcome::Done => return,
    };
    if *reason == AbortReason::OnlyObserved {
        world.ledger.premises.saw(Premise::ActionWithheld);
    }
}
