use std::time::Duration;

use chrono::TimeDelta;
use lictor_domain::{
    AbortReason, CandidateVerdict, Evidence, FencingProof, GtidRole, GtidSet, NodeAddress,
    NodeName, Phase, ReceiverState, Recovery, RecoveryId, RecoveryOutcome, Rejection, Scope, Step,
};
use lictor_store::{Kind, StoreError};
use sqlx::types::Uuid;

use crate::database::Database;
use crate::fixture::{ONE, TWO, done, minute, name, node_name, recovery};

/// What MySQL says may hold any character, the one that jsonb refuses too.
const SAID: &str = "Duplicate entry 'a\0\u{1f980}\\u0000\"' for key 'PRIMARY'";

fn gtids() -> GtidSet {
    "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:11-9223372036854775806"
        .parse()
        .unwrap()
}

fn proofs() -> Vec<FencingProof> {
    vec![
        FencingProof::ProcessDead,
        FencingProof::QuorumRevoked {
            stopped: vec![node_name("orders-2"), node_name("orders-3")],
            possible_ackers: 2,
            acks: 1,
        },
        FencingProof::ReadOnlySet,
        FencingProof::LeaseExpired {
            instance: "ffffffff-ffff-ffff-ffff-ffffffffffff".parse().unwrap(),
            heard_ago: std::time::Duration::from_millis(7_800),
        },
        FencingProof::Overridden {
            operator: "ada".into(),
            reason: "I pulled its plug".into(),
        },
        FencingProof::Unfenced,
    ]
}

fn rejections() -> Vec<Rejection> {
    vec![
        Rejection::NoAnswer {
            reason: SAID.into(),
        },
        Rejection::Behind {
            than: node_name("orders-3"),
            missing: gtids(),
        },
        Rejection::Diverged {
            from: node_name("orders-3"),
            errant: gtids(),
        },
        Rejection::MustNot,
        Rejection::Quarantined {
            reason: "errant".into(),
        },
        Rejection::CannotBeSource,
        Rejection::ApplierBroken {
            message: SAID.into(),
        },
        Rejection::Delayed {
            by: Duration::from_hours(1),
        },
    ]
}

fn outcomes() -> Vec<RecoveryOutcome> {
    let aborted = [
        AbortReason::PrimaryAnswered,
        AbortReason::NotFenced {
            missing: "a second replica".into(),
        },
        AbortReason::NoViableCandidate {
            blocker: "all are behind".into(),
        },
        AbortReason::PromotionFailed { error: SAID.into() },
        AbortReason::NotDurable {
            error: "no store answers".into(),
        },
        AbortReason::LeadershipLost,
        AbortReason::OnlyObserved,
    ];
    let aborted = aborted.map(|reason| RecoveryOutcome::Aborted { reason });
    [
        vec![RecoveryOutcome::Running, RecoveryOutcome::Done],
        aborted.into(),
    ]
    .concat()
}

fn evidence() -> Vec<Evidence> {
    let (node, replica) = (node_name("orders-1"), node_name("orders-2"));
    let second = Duration::new(1, 999_999_999);
    let of_node = |node: NodeName| {
        vec![
            Evidence::ConnectionLost { node: node.clone() },
            Evidence::ConnectionRefused { node: node.clone() },
            Evidence::NoAnswer {
                node: node.clone(),
                silent_for: second,
                threshold: second,
            },
            Evidence::Unreachable {
                node: node.clone(),
                reason: SAID.into(),
            },
            Evidence::Answers {
                node: node.clone(),
                ago: second,
            },
            Evidence::Gtids {
                node: node.clone(),
                role: GtidRole::Errant,
                set: gtids(),
            },
            Evidence::Setting {
                node: node.clone(),
                name: "read_only".into(),
                value: "OFF".into(),
                wanted: "ON".into(),
            },
            Evidence::ServerSays {
                node,
                number: 1062,
                message: SAID.into(),
            },
        ]
    };
    let of_replica = |replica: NodeName| {
        vec![
            Evidence::ReceiverLost {
                replica: replica.clone(),
                receiver: ReceiverState::Connecting,
                silent_for: Some(second),
            },
            Evidence::ReceiverSilent {
                replica: replica.clone(),
                silent_for: second,
                heartbeat_period: second,
            },
            Evidence::ReceiverHears {
                replica: replica.clone(),
                heard_ago: None,
            },
            Evidence::NoWitness {
                replica: replica.clone(),
                reason: "stopped".into(),
            },
            Evidence::Follows {
                replica: replica.clone(),
                source: NodeAddress::new("::1", 3306).unwrap(),
            },
            Evidence::Lag {
                replica,
                lag: None,
                allowed: second,
            },
            Evidence::BudgetSpent {
                done: 3,
                allowed: 3,
                window: second,
                next_at: Some(chrono::DateTime::UNIX_EPOCH),
            },
        ]
    };
    [of_node(node), of_replica(replica)].concat()
}

/// A recovery with everything in it that can be.
fn full(id: u128) -> Recovery {
    let mut full = recovery("orders", id, 0);
    full.new_primary = Some(node_name("orders-2"));
    full.verdict.evidence = evidence();
    full.candidates = vec![
        CandidateVerdict {
            node: node_name("orders-2"),
            received: gtids(),
            rank: Some(1),
            rejections: Vec::new(),
            reason: "it received all there is".into(),
        },
        CandidateVerdict {
            node: node_name("orders-3"),
            received: GtidSet::default(),
            rank: None,
            rejections: rejections(),
            reason: SAID.into(),
        },
    ];
    full.steps = Phase::ALL
        .iter()
        .zip(1..)
        .map(|(phase, n)| Step {
            phase: *phase,
            began: Duration::from_micros(n),
            took: (*phase != Phase::Repoint).then_some(Duration::from_nanos(n)),
            sentence: format!("{phase} was done"),
        })
        .collect();
    full
}

#[tokio::test]
async fn a_recovery_reads_back_as_it_was_saved() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let mut id = 0;
    for outcome in outcomes() {
        for proof in proofs() {
            id += 1;
            let mut saved = full(id);
            saved.fencing = Some(proof);
            saved.outcome = outcome.clone();
            store.recovery_save(ONE, &saved).await.unwrap();
            assert_eq!(store.recovery_get(saved.id).await.unwrap(), saved);
        }
    }
}

#[tokio::test]
async fn a_save_takes_the_place_of_the_state_before() {
    let (database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let intent = recovery("orders", 1, 0);
    store.recovery_save(ONE, &intent).await.unwrap();
    let mut ended = done(full(1), 7);
    ended.epoch = crate::fixture::epoch(1, 9);
    store.recovery_save(ONE, &ended).await.unwrap();
    assert_eq!(
        store.recovery_list(&Scope::All, 9, None).await.unwrap(),
        [ended]
    );
    let columns = "SELECT concat_ws(' ', cluster, kind, state, epoch_term, epoch_n,
                   extract(epoch FROM finished_at - started_at)::int, old_primary, new_primary)
                   FROM recovery";
    assert_eq!(
        database.text(columns).await,
        "orders failover done 1 9 7 orders-1 orders-2"
    );
}

#[tokio::test]
async fn a_save_that_comes_late_changes_nothing() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let mut chosen = full(1);
    chosen.outcome = RecoveryOutcome::Running;
    let mut begun = chosen.clone();
    begun.new_primary = None;
    let ended = done(full(1), 7);
    let stages = [&begun, &chosen, &ended];
    for (n, saved) in stages.iter().enumerate() {
        store.recovery_save(ONE, saved).await.unwrap();
        for late in &stages[..n] {
            store.recovery_save(ONE, late).await.unwrap();
        }
        let found = store.recovery_get(saved.id).await.unwrap();
        assert_eq!(found, **saved);
    }
    store.term_advance(TWO).await.unwrap();
    let stale = store.recovery_save(ONE, &begun).await.unwrap_err();
    assert!(matches!(stale, StoreError::StaleTerm { .. }), "{stale:?}");
}

#[tokio::test]
async fn an_unknown_recovery_is_not_found() {
    let (_database, store) = Database::with_store().await;
    let id = RecoveryId(Uuid::from_u128(9));
    let got = store.recovery_get(id).await.unwrap_err();
    let paged = store
        .recovery_list(&Scope::All, 9, Some(id))
        .await
        .unwrap_err();
    for error in [got, paged] {
        assert!(
            matches!(&error, StoreError::NotFound { kind: Kind::Recovery, name } if *name == id.to_string()),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_new_leader_finds_what_still_runs_the_oldest_first() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let mut aborted = recovery("orders", 1, 0);
    aborted.outcome = RecoveryOutcome::Aborted {
        reason: AbortReason::PrimaryAnswered,
    };
    let (older, newer) = (recovery("billing", 3, 5), recovery("orders", 2, 9));
    for saved in [&newer, &aborted, &older, &done(recovery("orders", 4, 1), 1)] {
        store.recovery_save(ONE, saved).await.unwrap();
    }
    assert_eq!(store.recovery_unfinished().await.unwrap(), [older, newer]);
}

#[tokio::test]
async fn the_budget_sees_when_each_completed_failover_of_the_cluster_ended() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let mut aborted = recovery("orders", 1, 20);
    aborted.outcome = RecoveryOutcome::Aborted {
        reason: AbortReason::PrimaryAnswered,
    };
    for saved in [
        &done(recovery("orders", 2, 1), 59),
        &done(recovery("orders", 3, 9), 60),
        &done(recovery("orders", 4, 11), 1),
        &done(recovery("billing", 5, 11), 1),
        &recovery("orders", 6, 12),
        &aborted,
    ] {
        store.recovery_save(ONE, saved).await.unwrap();
    }
    let finished = store
        .recovery_finished_since(&name("orders"), minute(10))
        .await
        .unwrap();
    assert_eq!(finished, [minute(10), minute(11) + TimeDelta::seconds(1)]);
}

#[tokio::test]
async fn a_document_that_is_no_recovery_is_named_by_its_row() {
    let (database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let saved = recovery("orders", 1, 0);
    store.recovery_save(ONE, &saved).await.unwrap();
    database.sql("UPDATE recovery SET document = '{}'").await;
    match store.recovery_unfinished().await.unwrap_err() {
        StoreError::Corrupt {
            table: "recovery",
            column: "document",
            row,
            ..
        } => {
            assert_eq!(row, saved.id.to_string());
        }
        other => panic!("{other:?}"),
    }
}
