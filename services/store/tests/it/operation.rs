//! Operations: recoveries and rebuilds, read together.

use lictor_domain::{
    AbortReason, NodeName, Operation, OperationId, OperationState, Rebuild, RebuildId,
    RebuildState, RecoveryOutcome,
};
use lictor_store::{Store, StoreError};
use sqlx::types::Uuid;

use crate::database::Database;
use crate::fixture::{ONE, minute, name, only, recovery};

fn rebuild(id: u128, state: RebuildState) -> Rebuild {
    let node = |number| NodeName::numbered(&name("orders"), number);
    Rebuild {
        id: RebuildId(Uuid::from_u128(id)),
        cluster: name("orders"),
        node: node(2),
        donor: node(1),
        actor: "ada".into(),
        started_at: minute(0),
        finished_at: state.is_over().then(|| minute(1)),
        state,
    }
}

/// A rebuild that runs, a recovery that was given up, a rebuild that is done, and a
/// recovery of another cluster that runs; numbered from 4 down.
async fn four_of_them(store: &Store) -> Vec<Operation> {
    store.term_advance(ONE).await.unwrap();
    let (checking, done) = (
        rebuild(4, RebuildState::Checking),
        rebuild(2, RebuildState::Done),
    );
    let mut aborted = recovery("orders", 3, 0);
    aborted.outcome = RecoveryOutcome::Aborted {
        reason: AbortReason::PrimaryAnswered,
    };
    let running = recovery("billing", 1, 0);
    for rebuild in [&checking, &done] {
        store.rebuild_save(ONE, rebuild, None).await.unwrap();
    }
    for recovery in [&aborted, &running] {
        store.recovery_save(ONE, recovery).await.unwrap();
    }
    vec![checking.into(), aborted.into(), done.into(), running.into()]
}

#[tokio::test]
async fn operations_are_listed_the_newest_first_by_cluster_and_state() {
    let (_database, store) = Database::with_store().await;
    let all = four_of_them(&store).await;
    let listed = async |cluster: Option<&str>, state, limit, before: Option<u128>| {
        let of = only(cluster.map(name).as_ref());
        let before = before.map(|id| OperationId(Uuid::from_u128(id)));
        let listed = store.operation_list(&of, state, limit, before);
        listed.await.unwrap()
    };
    assert_eq!(listed(None, None, 9, None).await, all);
    assert_eq!(listed(None, None, 2, Some(4)).await, all[1..3]);
    assert_eq!(listed(Some("orders"), None, 9, None).await, all[..3]);
    let of_state = async |state| listed(None, Some(state), 9, None).await;
    let running = of_state(OperationState::Running).await;
    assert_eq!(running, [all[0].clone(), all[3].clone()]);
    assert_eq!(of_state(OperationState::Failed).await, all[1..2]);
    assert_eq!(of_state(OperationState::Done).await, all[2..3]);
}

#[tokio::test]
async fn an_operation_is_found_by_its_id() {
    let (_database, store) = Database::with_store().await;
    for operation in four_of_them(&store).await {
        let found = store.operation_get(operation.id()).await.unwrap();
        assert_eq!(found, operation);
    }
    let nobody = store.operation_get(OperationId(Uuid::max())).await;
    assert!(
        matches!(nobody, Err(StoreError::NotFound { .. })),
        "{nobody:?}"
    );
}
