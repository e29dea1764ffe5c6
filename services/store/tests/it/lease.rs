use lictor_domain::Term;
use lictor_domain::lease::LeaseRecord;
use tokio::task::JoinSet;

use crate::database::Database;

fn record(holder: Option<&str>, term: u64, counter: u64) -> LeaseRecord {
    LeaseRecord {
        holder: holder.map(str::to_owned),
        advertise: "http://10.0.0.1:7400".into(),
        term: Term(term),
        counter,
    }
}

#[tokio::test]
async fn the_first_record_is_only_set_where_there_is_none() {
    let (_database, store) = Database::with_store().await;
    assert_eq!(store.lease_read().await.unwrap(), None);
    let first = record(Some("a"), 1, 1);
    assert!(store.lease_compare_and_set(None, &first).await.unwrap());
    let late = record(Some("b"), 1, 1);
    assert!(!store.lease_compare_and_set(None, &late).await.unwrap());
    assert_eq!(store.lease_read().await.unwrap(), Some(first));
}

#[tokio::test]
async fn a_record_is_only_replaced_by_who_has_seen_all_of_it() {
    let (_database, store) = Database::with_store().await;
    let held = record(Some("a"), 1, 7);
    assert!(store.lease_compare_and_set(None, &held).await.unwrap());
    let renewed = record(Some("a"), 1, 8);
    let mut elsewhere = held.clone();
    elsewhere.advertise = "http://10.0.0.9:7400".into();
    for wrong in [
        record(Some("b"), 1, 7),
        record(None, 1, 7),
        record(Some("a"), 2, 7),
        record(Some("a"), 1, 6),
        elsewhere,
    ] {
        let swapped = store
            .lease_compare_and_set(Some(&wrong), &renewed)
            .await
            .unwrap();
        assert!(!swapped, "{wrong:?}");
    }
    assert!(
        store
            .lease_compare_and_set(Some(&held), &renewed)
            .await
            .unwrap()
    );
    assert_eq!(store.lease_read().await.unwrap(), Some(renewed));
}

#[tokio::test]
async fn a_lease_given_back_can_be_taken() {
    let (_database, store) = Database::with_store().await;
    let free = record(None, 4, 9);
    assert!(store.lease_compare_and_set(None, &free).await.unwrap());
    let taken = record(Some("b"), 5, 1);
    assert!(
        store
            .lease_compare_and_set(Some(&free), &taken)
            .await
            .unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_who_race_for_the_lease_one_wins() {
    let (database, store) = Database::with_store().await;
    let mut expected = None;
    for term in 1..=20 {
        let mut race = JoinSet::new();
        for racer in 0..8 {
            let (expected, new) = (expected.clone(), record(Some(&racer.to_string()), term, 1));
            let store = crate::database::store(database.url());
            race.spawn(async move {
                let won = store
                    .lease_compare_and_set(expected.as_ref(), &new)
                    .await
                    .unwrap();
                won.then_some(new)
            });
        }
        let winners: Vec<_> = race.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "term {term}: {winners:?}");
        expected = store.lease_read().await.unwrap();
        assert_eq!(expected.as_ref(), winners.first());
    }
}
