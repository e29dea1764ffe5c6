//! Operations, as they are told.

use lictor_domain as domain;
use lictor_domain::{RebuildState, RecoveryKind};

use crate::time::timestamp;
use crate::v1;

impl From<domain::OperationState> for v1::OperationState {
    fn from(state: domain::OperationState) -> Self {
        match state {
            domain::OperationState::Running => Self::Running,
            domain::OperationState::Done => Self::Done,
            domain::OperationState::Failed => Self::Failed,
        }
    }
}

impl From<&domain::Operation> for v1::Operation {
    fn from(operation: &domain::Operation) -> Self {
        let common = Self {
            id: operation.id().to_string(),
            cluster: operation.cluster().to_string(),
            node: operation.node().map(ToString::to_string),
            state: v1::OperationState::from(operation.state()).into(),
            started_at: Some(timestamp(operation.started_at())),
            finished_at: operation.finished_at().map(timestamp),
            stage: operation.stage().map(str::to_owned),
            sentence: operation.to_string(),
            ..Self::default()
        };
        match operation {
            domain::Operation::Recovery(recovery) => Self {
                kind: match recovery.kind {
                    RecoveryKind::Failover => v1::OperationKind::Failover,
                    RecoveryKind::Switchover => v1::OperationKind::Switchover,
                }
                .into(),
                steps: recovery.steps.iter().map(Into::into).collect(),
                ..common
            },
            domain::Operation::Rebuild(rebuild) => {
                let progress = match &rebuild.state {
                    RebuildState::Copying { progress } => Some(progress),
                    _ => None,
                };
                Self {
                    kind: v1::OperationKind::Rebuild.into(),
                    actor: Some(rebuild.actor.clone()),
                    copied_bytes: progress.map(|progress| progress.copied),
                    estimated_bytes: progress.map(|progress| progress.estimate),
                    ..common
                }
            }
        }
    }
}
