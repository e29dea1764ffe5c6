use lictor_domain::{HappeningKind, RecoveryId, RecoveryOutcome, Span};
use lictor_store::{AuditFilter, AuditNote, HappeningFilter, StoreError};
use sqlx::types::Uuid;

use crate::fixture::{ONE, TWO, entry, minute, name, recovery};
use crate::happening::{happening, store};

#[tokio::test]
async fn an_entry_of_the_audit_log_is_added_once_with_its_own_time_however_often_it_is_tried() {
    let (_database, store) = store().await;
    let note = AuditNote {
        key: Uuid::from_u128(7),
        at: minute(3),
        entry: entry("pause"),
    };
    for term in [Some(ONE), Some(ONE), None] {
        store.audit_note_once(term, &note).await.unwrap();
    }
    let filter = AuditFilter {
        action: Some("pause".to_owned()),
        ..AuditFilter::default()
    };
    let found = store.audit_list(&filter, 9, None).await.unwrap();
    let [record] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!((record.at, &record.entry), (note.at, &note.entry));

    store.term_advance(TWO).await.unwrap();
    let stale = store.audit_note_once(Some(ONE), &note).await.unwrap_err();
    assert!(matches!(stale, StoreError::StaleTerm { .. }), "{stale:?}");
}

#[tokio::test]
async fn what_is_told_late_is_shown_and_says_nothing_about_how_things_stand() {
    let (_database, store) = store().await;
    let up = happening("orders", HappeningKind::Available, "DeadPrimary", minute(1));
    store
        .happening_append(ONE, std::slice::from_ref(&up))
        .await
        .unwrap();
    let before = store.happening_past().await.unwrap();
    let late = [
        happening(
            "orders",
            HappeningKind::ProblemOpened,
            "DeadPrimary",
            minute(2),
        ),
        happening(
            "orders",
            HappeningKind::Unavailable,
            "DeadPrimary",
            minute(2),
        ),
        happening(
            "orders",
            HappeningKind::PrimaryChanged,
            "Failover",
            minute(3),
        ),
        happening("orders", HappeningKind::NodeHealth, "critical", minute(3)),
    ];
    for _ in 0..2 {
        store.happening_append_late(&late).await.unwrap();
    }
    let all = HappeningFilter::default();
    let shown = store.happening_list(&all, 99, None).await.unwrap();
    assert_eq!(shown.len(), 5);
    assert_eq!(store.happening_past().await.unwrap(), before);
    assert_eq!(store.happening_lasting().await.unwrap(), []);
    let range = Span {
        from: minute(0),
        until: minute(9),
    };
    let orders = name("orders");
    let records = store.happening_availability(Some(&orders), range).await;
    let told = &records.unwrap()[&orders].happenings;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].kind, HappeningKind::Available);
}

#[tokio::test]
async fn a_recovery_that_is_stored_already_is_not_written_over_late() {
    let (_database, store) = store().await;
    let running = recovery("orders", 1, 0);
    store.recovery_save(ONE, &running).await.unwrap();
    store.term_advance(TWO).await.unwrap();
    let ended = |id| lictor_domain::Recovery {
        id: RecoveryId(Uuid::from_u128(id)),
        outcome: RecoveryOutcome::Done,
        ..running.clone()
    };
    for recovery in [ended(1), ended(2), ended(2)] {
        store.recovery_add_late(&recovery).await.unwrap();
    }
    let stored = async |id| store.recovery_get(RecoveryId(Uuid::from_u128(id))).await;
    assert_eq!(stored(1).await.unwrap().outcome, running.outcome);
    assert_eq!(stored(2).await.unwrap().outcome, RecoveryOutcome::Done);
}
