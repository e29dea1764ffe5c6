//! Requests that are to happen once.

use lictor_store::{Claim, StoreError};
use tokio::task::JoinSet;

use crate::database::Database;
use crate::fixture::{ONE, TWO};

const REQUEST: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

#[tokio::test]
async fn a_key_stands_for_one_request_and_then_for_its_answer() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let claim = async |request| store.once_claim(ONE, "k", request).await.unwrap();
    assert_eq!(claim(REQUEST).await, Claim::Fresh);
    assert_eq!(claim(REQUEST).await, Claim::Running);
    assert_eq!(claim(OTHER).await, Claim::Taken);
    store.once_answer(ONE, "k", "done").await.unwrap();
    assert_eq!(claim(REQUEST).await, Claim::Answered("done".to_owned()));
    assert_eq!(claim(OTHER).await, Claim::Taken);
    // What was answered stays, whoever says otherwise.
    store.once_free(ONE, "k").await.unwrap();
    assert_eq!(claim(REQUEST).await, Claim::Answered("done".to_owned()));
}

#[tokio::test]
async fn a_key_that_was_given_back_is_fresh() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    store.once_claim(ONE, "k", REQUEST).await.unwrap();
    store.once_free(ONE, "k").await.unwrap();
    let claim = store.once_claim(ONE, "k", OTHER).await.unwrap();
    assert_eq!(claim, Claim::Fresh);
}

#[tokio::test]
async fn what_a_lost_leader_claimed_is_neither_fresh_nor_running() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    store.once_claim(ONE, "k", REQUEST).await.unwrap();
    store.term_advance(TWO).await.unwrap();
    let claim = store.once_claim(TWO, "k", REQUEST).await.unwrap();
    assert_eq!(claim, Claim::Lost);
    let late = store.once_answer(ONE, "k", "done").await.unwrap_err();
    assert!(matches!(late, StoreError::StaleTerm { .. }), "{late}");
}

#[tokio::test]
async fn of_two_who_claim_at_once_one_is_fresh() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let mut asking = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        asking.spawn(async move { store.once_claim(ONE, "k", REQUEST).await.unwrap() });
    }
    let claims = asking.join_all().await;
    let fresh = claims.iter().filter(|claim| **claim == Claim::Fresh);
    assert_eq!(fresh.count(), 1, "{claims:?}");
}
