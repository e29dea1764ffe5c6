//! Operations: whatever lasts, under one view.

use lictor_wire::v1;

use crate::all;
use crate::recovery::Step;
use crate::time::At;

words! {
    /// What kind of operation.
    OperationKind from OperationKind {
        /// Unplanned: the primary was lost.
        Failover = "failover",
        /// Planned: another primary was wanted while this one lived.
        Switchover = "switchover",
        /// A node's data is replaced by a copy of a donor's.
        Rebuild = "rebuild",
    }
}

words! {
    /// How an operation stands.
    OperationState from OperationState {
        /// It runs.
        Running = "running",
        /// It reached its end.
        Done = "done",
        /// It was given up, or the policy withheld it.
        Failed = "failed",
    }
}

shown! {
    /// Something that lasts.
    pub struct Operation {
        /// Its identity: that of the recovery or the rebuild.
        pub id: String,
        /// What kind.
        pub kind: OperationKind,
        /// The cluster.
        pub cluster: String,
        /// The node: the rebuilt one, or the new primary; null while there is none.
        pub node: Option<String>,
        /// How it stands.
        pub state: OperationState,
        /// When it began.
        pub started_at: Option<At>,
        /// When it was over; null while it runs.
        pub finished_at: Option<At>,
        /// Who wanted it, where that is known.
        pub actor: Option<String>,
        /// What it is at: a phase of a recovery such as `catch_up`, or the state of
        /// a rebuild such as `copying`; null when it is over.
        pub stage: Option<String>,
        /// Bytes copied; null unless a rebuild copies.
        pub copied_bytes: Option<u64>,
        /// Bytes there are to copy, as MySQL estimates; null unless a rebuild
        /// copies.
        pub estimated_bytes: Option<u64>,
        /// The steps of a recovery, in order.
        pub steps: Vec<Step>,
        /// All of it in a sentence.
        pub sentence: String,
    }
}

impl From<v1::Operation> for Operation {
    fn from(operation: v1::Operation) -> Self {
        Self {
            id: operation.id,
            kind: OperationKind::read(operation.kind),
            cluster: operation.cluster,
            node: operation.node,
            state: OperationState::read(operation.state),
            started_at: At::read(operation.started_at.as_ref()),
            finished_at: At::read(operation.finished_at.as_ref()),
            actor: operation.actor,
            stage: operation.stage,
            copied_bytes: operation.copied_bytes,
            estimated_bytes: operation.estimated_bytes,
            steps: all(operation.steps),
            sentence: operation.sentence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::assert_fields;

    #[test]
    fn an_operation_has_the_fields_of_the_contract_and_its_steps() {
        let operation = Operation::from(v1::Operation {
            kind: v1::OperationKind::Rebuild.into(),
            steps: vec![v1::Step {
                phase: v1::Phase::CatchUp.into(),
                ..v1::Step::default()
            }],
            ..v1::Operation::default()
        });
        assert_eq!(operation.kind, OperationKind::Rebuild);
        assert_eq!(operation.state, OperationState::Unknown);
        let steps = serde_json::to_value(&operation.steps).unwrap();
        assert_eq!(steps[0]["phase"], "catch_up");
        assert_fields(
            operation,
            "id kind cluster node state started_at finished_at actor stage copied_bytes \
             estimated_bytes steps sentence",
        );
    }
}
