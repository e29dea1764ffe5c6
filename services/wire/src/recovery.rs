//! Recoveries, as they are told.

use lictor_domain as domain;
use lictor_domain::RecoveryOutcome;

use crate::time::{micros, timestamp};
use crate::v1;

impl From<domain::RecoveryKind> for v1::RecoveryKind {
    fn from(kind: domain::RecoveryKind) -> Self {
        match kind {
            domain::RecoveryKind::Failover => Self::Failover,
            domain::RecoveryKind::Switchover => Self::Switchover,
        }
    }
}

impl From<domain::Phase> for v1::Phase {
    fn from(phase: domain::Phase) -> Self {
        match phase {
            domain::Phase::Detect => Self::Detect,
            domain::Phase::Fence => Self::Fence,
            domain::Phase::Elect => Self::Elect,
            domain::Phase::Prepare => Self::Prepare,
            domain::Phase::Hold => Self::Hold,
            domain::Phase::Close => Self::Close,
            domain::Phase::CatchUp => Self::CatchUp,
            domain::Phase::Promote => Self::Promote,
            domain::Phase::Publish => Self::Publish,
            domain::Phase::Repoint => Self::Repoint,
            domain::Phase::Undo => Self::Undo,
        }
    }
}

impl From<&RecoveryOutcome> for v1::RecoveryState {
    fn from(outcome: &RecoveryOutcome) -> Self {
        match outcome {
            RecoveryOutcome::Running => Self::Running,
            RecoveryOutcome::Done => Self::Done,
            RecoveryOutcome::Aborted { .. } => Self::Aborted,
        }
    }
}

impl From<&domain::FencingProof> for v1::FencingProof {
    fn from(proof: &domain::FencingProof) -> Self {
        use domain::FencingProof as Proof;
        let code = match proof {
            Proof::ProcessDead => "process_dead",
            Proof::QuorumRevoked { .. } => "quorum_revoked",
            Proof::ReadOnlySet => "read_only_set",
            Proof::LeaseExpired { .. } => "lease_expired",
            Proof::Overridden { .. } => "overridden",
            Proof::Unfenced => "unfenced",
        };
        Self {
            code: code.to_owned(),
            sentence: proof.to_string(),
        }
    }
}

impl From<&domain::CandidateVerdict> for v1::Candidate {
    fn from(verdict: &domain::CandidateVerdict) -> Self {
        Self {
            node: verdict.node.to_string(),
            received: verdict.received.to_string(),
            rank: verdict.rank,
            rejections: verdict.rejections.iter().map(ToString::to_string).collect(),
            reason: verdict.reason.clone(),
        }
    }
}

impl From<&domain::Step> for v1::Step {
    fn from(step: &domain::Step) -> Self {
        Self {
            phase: v1::Phase::from(step.phase).into(),
            began_us: micros(step.began),
            took_us: step.took.map(micros),
            sentence: step.sentence.clone(),
        }
    }
}

impl From<&domain::Recovery> for v1::RecoverySummary {
    fn from(recovery: &domain::Recovery) -> Self {
        let abort_reason = match &recovery.outcome {
            RecoveryOutcome::Aborted { reason } => Some(reason.to_string()),
            RecoveryOutcome::Running | RecoveryOutcome::Done => None,
        };
        Self {
            id: recovery.id.to_string(),
            cluster: recovery.cluster.to_string(),
            kind: v1::RecoveryKind::from(recovery.kind).into(),
            epoch: Some(recovery.epoch.into()),
            started_at: Some(timestamp(recovery.started_at)),
            old_primary: recovery.old_primary.to_string(),
            new_primary: recovery.new_primary.as_ref().map(ToString::to_string),
            state: v1::RecoveryState::from(&recovery.outcome).into(),
            abort_reason,
            verdict_code: recovery.verdict.code.as_str().to_owned(),
            time_to_writable_us: recovery.time_to_writable().map(micros),
            write_pause_us: recovery.write_pause().map(micros),
        }
    }
}

impl From<&domain::Recovery> for v1::Recovery {
    fn from(recovery: &domain::Recovery) -> Self {
        let mut candidates: Vec<v1::Candidate> =
            recovery.candidates.iter().map(Into::into).collect();
        candidates.sort_by_key(|candidate| candidate.rank.unwrap_or(u32::MAX));
        let phases = recovery.phases().into_iter();
        Self {
            summary: Some(recovery.into()),
            verdict: Some((&recovery.verdict).into()),
            fencing: recovery.fencing.as_ref().map(Into::into),
            candidates,
            steps: recovery.steps.iter().map(Into::into).collect(),
            phases: phases
                .map(|(phase, took)| v1::PhaseSpan {
                    phase: v1::Phase::from(phase).into(),
                    took_us: micros(took),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use domain::{
        CandidateVerdict, ClusterName, Epoch, Evidence, GtidSet, NodeName, Phase, Problem,
        ProblemCode, Recovery, RecoveryId, RecoveryKind, Rejection, Severity, Step, Term,
    };
    use uuid::Uuid;

    use super::*;

    fn step(phase: Phase, began: u64, took: Option<u64>) -> Step {
        Step {
            phase,
            began: Duration::from_micros(began),
            took: took.map(Duration::from_micros),
            sentence: format!("did {phase}"),
        }
    }

    fn recovery(outcome: RecoveryOutcome) -> Recovery {
        let cluster: ClusterName = "orders".parse().unwrap();
        let node = |number| NodeName::numbered(&cluster, number);
        let candidate = |number, rank, rejections| CandidateVerdict {
            node: node(number),
            received: GtidSet::default(),
            rank,
            rejections,
            reason: String::new(),
        };
        Recovery {
            id: RecoveryId(Uuid::nil()),
            kind: RecoveryKind::Failover,
            epoch: Epoch {
                term: Term(2),
                n: 1,
            },
            started_at: DateTime::UNIX_EPOCH,
            old_primary: node(1),
            new_primary: Some(node(3)),
            verdict: Problem {
                code: ProblemCode::DeadPrimary,
                severity: Severity::Critical,
                node: Some(node(1)),
                sentence: "It is gone.".to_owned(),
                response: "Fail over.".to_owned(),
                evidence: vec![Evidence::ConnectionRefused { node: node(1) }],
            },
            fencing: Some(domain::FencingProof::ProcessDead),
            candidates: vec![
                candidate(2, None, vec![Rejection::MustNot]),
                candidate(3, Some(1), vec![]),
            ],
            steps: vec![
                step(Phase::Detect, 0, Some(900)),
                step(Phase::Promote, 1_000, Some(250)),
                step(Phase::Repoint, 1_300, None),
            ],
            outcome,
            cluster,
        }
    }

    #[test]
    fn a_recovery_is_told_whole() {
        let told = v1::Recovery::from(&recovery(RecoveryOutcome::Done));
        let summary = told.summary.unwrap();
        assert_eq!(summary.state(), v1::RecoveryState::Done);
        assert_eq!(summary.abort_reason, None);
        assert_eq!(summary.verdict_code, "DeadPrimary");
        assert_eq!(summary.time_to_writable_us, Some(1_250));
        assert_eq!(told.fencing.unwrap().code, "process_dead");
        assert_eq!(
            told.verdict.unwrap().evidence[0].sentence,
            "the host of orders-1 refuses connections: nothing listens there"
        );
        let candidates: Vec<_> = told.candidates.iter().map(|c| c.node.as_str()).collect();
        assert_eq!(candidates, ["orders-3", "orders-2"], "the chosen one first");
        assert_eq!(told.steps[1].took_us, Some(250));
        assert_eq!(told.steps[2].took_us, None, "it runs");
        assert_eq!(told.phases[0].took_us, 900);
    }

    #[test]
    fn an_abort_says_why() {
        let aborted = recovery(RecoveryOutcome::Aborted {
            reason: domain::AbortReason::PrimaryAnswered,
        });
        let summary = v1::RecoverySummary::from(&aborted);
        assert_eq!(summary.state(), v1::RecoveryState::Aborted);
        assert_eq!(
            summary.abort_reason.as_deref(),
            Some("the primary gave a sign of life")
        );
    }
}
