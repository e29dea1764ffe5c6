//! Recoveries: in a line each, and as a story.

use lictor_wire::v1;

use crate::problem::Problem;
use crate::time::At;
use crate::{all, epoch};

words! {
    /// What kind of recovery.
    RecoveryKind from RecoveryKind {
        /// Unplanned: the primary was lost.
        Failover = "failover",
        /// Planned: another primary was wanted while this one lived.
        Switchover = "switchover",
    }
}

words! {
    /// How a recovery stands.
    RecoveryState from RecoveryState {
        /// It runs.
        Running = "running",
        /// The cluster has its new primary, and every replica that answers follows.
        Done = "done",
        /// It was given up, and nothing stays half done; or the policy withheld it.
        Aborted = "aborted",
    }
}

words! {
    /// The phases of a recovery; a failover and a switchover each have some of them.
    PhaseName from Phase {
        /// From the first sign to the verdict.
        Detect = "detect",
        /// The old primary is kept from acknowledging anything more.
        Fence = "fence",
        /// The candidate is chosen by what each replica received.
        Elect = "elect",
        /// The candidate applies all it received.
        CatchUp = "catch_up",
        /// The candidate is opened for writes.
        Promote = "promote",
        /// The new route is pushed.
        Publish = "publish",
        /// The other replicas follow the new primary.
        Repoint = "repoint",
        /// The intent of a switchover is stored, and long transactions are out of
        /// the way.
        Prepare = "prepare",
        /// Subscribers hold their writes.
        Hold = "hold",
        /// The old primary is closed for writes.
        Close = "close",
        /// What was done before it was given up is undone.
        Undo = "undo",
    }
}

shown! {
    /// A recovery in one line.
    pub struct RecoverySummary {
        /// Its identity, a UUID of version 7.
        pub id: String,
        /// The cluster.
        pub cluster: String,
        /// What kind.
        pub kind: RecoveryKind,
        /// The epoch it makes.
        pub epoch: String,
        /// When its first sign was seen, or it was ordered.
        pub started_at: Option<At>,
        /// Name of the primary that was lost, or gives its place away.
        pub old_primary: String,
        /// Name of the node that was chosen; null while there is none.
        pub new_primary: Option<String>,
        /// How it stands.
        pub state: RecoveryState,
        /// Why it was given up.
        pub abort_reason: Option<String>,
        /// Stable name of the verdict, such as `DeadPrimary`.
        pub verdict: String,
        /// From the first sign or the order until the new primary accepted writes,
        /// in microseconds; null when it did not come to that.
        pub time_to_writable_us: Option<u64>,
        /// How long a switchover kept everyone from writing, in microseconds; null
        /// when it did not come to that, and for a failover.
        pub write_pause_us: Option<u64>,
    }

    /// How it was made certain that the old primary acknowledges nothing more.
    pub struct Fencing {
        /// Stable name of the proof.
        pub proof: String,
        /// The proof.
        pub sentence: String,
    }

    /// What an election found about one replica.
    pub struct Candidate {
        /// The replica.
        pub node: String,
        /// Its rank, the best is 1; null when it is rejected.
        pub rank: Option<u32>,
        /// What its rank rests on.
        pub reason: String,
        /// Why it is rejected; empty when it is eligible.
        pub rejections: Vec<String>,
        /// What it received: a GTID set.
        pub received: String,
    }

    /// A phase of a recovery. Phases overlap where steps ran side by side.
    pub struct Phase {
        /// Which.
        pub name: PhaseName,
        /// From the begin of its first step to the end of its last, in microseconds.
        pub took_us: u64,
        /// Its steps.
        pub steps: Vec<PhaseStep>,
    }

    /// A step within its phase.
    pub struct PhaseStep {
        /// When it began, in microseconds since the recovery began.
        pub began_us: u64,
        /// How long it took, in microseconds; null while it runs.
        pub took_us: Option<u64>,
        /// What was done.
        pub sentence: String,
    }

    /// A step.
    pub struct Step {
        /// The phase it belongs to.
        pub phase: PhaseName,
        /// When it began, in microseconds since the recovery began.
        pub began_us: u64,
        /// How long it took, in microseconds; null while it runs.
        pub took_us: Option<u64>,
        /// What was done.
        pub sentence: String,
    }
}

/// A recovery in full.
#[derive(Clone, Debug, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Recovery {
    /// What its line in the list says.
    #[serde(flatten)]
    pub summary: RecoverySummary,
    /// What was wrong, with its evidence.
    #[schema(required)]
    pub problem: Option<Problem>,
    /// How the old primary was fenced; null while it is not.
    #[schema(required)]
    pub fencing: Option<Fencing>,
    /// What the election found about each replica, the chosen one first.
    pub candidates: Vec<Candidate>,
    /// What was done, phase by phase.
    pub phases: Vec<Phase>,
}

impl From<v1::RecoverySummary> for RecoverySummary {
    fn from(summary: v1::RecoverySummary) -> Self {
        Self {
            id: summary.id,
            cluster: summary.cluster,
            kind: RecoveryKind::read(summary.kind),
            epoch: epoch(summary.epoch.as_ref()),
            started_at: At::read(summary.started_at.as_ref()),
            old_primary: summary.old_primary,
            new_primary: summary.new_primary,
            state: RecoveryState::read(summary.state),
            abort_reason: summary.abort_reason,
            verdict: summary.verdict_code,
            time_to_writable_us: summary.time_to_writable_us,
            write_pause_us: summary.write_pause_us,
        }
    }
}

impl From<v1::Recovery> for Recovery {
    fn from(recovery: v1::Recovery) -> Self {
        let steps = &recovery.steps;
        let phases = recovery.phases.iter().map(|span| Phase {
            name: PhaseName::read(span.phase),
            took_us: span.took_us,
            steps: steps
                .iter()
                .filter(|step| step.phase == span.phase)
                .map(PhaseStep::from)
                .collect(),
        });
        Self {
            phases: phases.collect(),
            summary: recovery.summary.unwrap_or_default().into(),
            problem: recovery.verdict.map(Into::into),
            fencing: recovery.fencing.map(|proof| Fencing {
                proof: proof.code,
                sentence: proof.sentence,
            }),
            candidates: all(recovery.candidates),
        }
    }
}

impl From<v1::Candidate> for Candidate {
    fn from(candidate: v1::Candidate) -> Self {
        Self {
            node: candidate.node,
            rank: candidate.rank,
            reason: candidate.reason,
            rejections: candidate.rejections,
            received: candidate.received,
        }
    }
}

impl From<&v1::Step> for PhaseStep {
    fn from(step: &v1::Step) -> Self {
        Self {
            began_us: step.began_us,
            took_us: step.took_us,
            sentence: step.sentence.clone(),
        }
    }
}

impl From<v1::Step> for Step {
    fn from(step: v1::Step) -> Self {
        Self {
            phase: PhaseName::read(step.phase),
            began_us: step.began_us,
            took_us: step.took_us,
            sentence: step.sentence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_stands_in_its_phase_and_the_summary_beside_them() {
        let step = |phase: v1::Phase, began_us| v1::Step {
            phase: phase.into(),
            began_us,
            took_us: None,
            sentence: String::new(),
        };
        let span = |phase: v1::Phase| v1::PhaseSpan {
            phase: phase.into(),
            took_us: 4,
        };
        let recovery = Recovery::from(v1::Recovery {
            summary: Some(v1::RecoverySummary {
                id: "7".to_owned(),
                epoch: Some(v1::Epoch { term: 2, n: 1 }),
                verdict_code: "DeadPrimary".to_owned(),
                ..v1::RecoverySummary::default()
            }),
            steps: vec![
                step(v1::Phase::Detect, 0),
                step(v1::Phase::CatchUp, 5),
                step(v1::Phase::Detect, 2),
            ],
            phases: vec![span(v1::Phase::Detect), span(v1::Phase::CatchUp)],
            ..v1::Recovery::default()
        });
        let json = serde_json::to_value(recovery).unwrap();
        assert_eq!(json["id"], "7");
        assert_eq!(json["epoch"], "2.1");
        assert_eq!(json["verdict"], "DeadPrimary");
        assert_eq!(json["phases"][0]["steps"][1]["began_us"], 2);
        assert_eq!(json["phases"][1]["name"], "catch_up");
        assert_eq!(json["fencing"], serde_json::Value::Null);
    }
}
