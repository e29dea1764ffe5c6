use std::time::Duration;

use lictor_lab::{Lab, Server, eventually};
use lictor_store::{AuditFilter, Store, StoreConfig, StoreError};
use secrecy::SecretString;
use tokio::task::JoinSet;

use crate::cut;
use crate::database::{self, Database, laboratory};
use crate::fixture::{ONE, TWO, cluster, entry, name, recovery};

/// A guard against a call that never ends; far above any deadline here.
const HANGS: Duration = Duration::from_mins(1);

fn impatient(url: &str) -> Store {
    let mut config = StoreConfig::new(SecretString::from(url));
    config.deadline = Duration::from_secs(1);
    Store::new(&config).unwrap()
}

/// A server whose store has begun term one and knows the cluster `orders`.
async fn with_orders() -> Lab {
    let lab = laboratory().await;
    let store = database::store(&lab.postgres().url());
    store.migrate().await.unwrap();
    store.term_advance(ONE).await.unwrap();
    store
        .cluster_add(ONE, &cluster("orders", 1), &entry("add"))
        .await
        .unwrap();
    lab
}

async fn works(store: &Store) {
    eventually("the store to work", HANGS, || async {
        store.ping().await?;
        store.cluster_get(&name("orders")).await?;
        store.recovery_save(ONE, &recovery("orders", 1, 0)).await?;
        store.audit_append(ONE, &entry("note")).await
    })
    .await
    .unwrap();
}

/// More calls of every kind than there are connections; each must end, as
/// unavailable.
async fn all_calls_are_unavailable(store: &Store) {
    let mut calls = JoinSet::new();
    for _ in 0..12 {
        let store = store.clone();
        calls.spawn(async move {
            [
                store.ping().await.unwrap_err(),
                store.cluster_get(&name("orders")).await.unwrap_err(),
                store.audit_append(ONE, &entry("note")).await.unwrap_err(),
                store.lease_read().await.unwrap_err(),
                store
                    .recovery_save(ONE, &recovery("orders", 1, 0))
                    .await
                    .unwrap_err(),
            ]
        });
    }
    let errors = tokio::time::timeout(HANGS, calls.join_all()).await.unwrap();
    for error in errors.into_iter().flatten() {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_postgres_is_unavailable_until_it_is_back() {
    let lab = with_orders().await;
    let store = impatient(&lab.postgres().url());
    works(&store).await;

    lab.postgres().kill().unwrap();
    lab.postgres().gone(HANGS).await.unwrap();
    all_calls_are_unavailable(&store).await;

    lab.postgres().start().await.unwrap();
    works(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_postgres_is_unavailable_until_it_goes_on() {
    let lab = with_orders().await;
    let store = impatient(&lab.postgres().url());
    works(&store).await;

    lab.postgres().freeze().unwrap();
    all_calls_are_unavailable(&store).await;

    lab.postgres().thaw().unwrap();
    works(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_can_be_made_before_postgres_starts() {
    let lab = laboratory().await;
    lab.postgres().kill().unwrap();
    lab.postgres().gone(HANGS).await.unwrap();
    let store = database::store(&lab.postgres().url());
    let away = store.migrate().await.unwrap_err();
    assert!(matches!(away, StoreError::Unavailable(_)), "{away:?}");

    lab.postgres().start().await.unwrap();
    store.migrate().await.unwrap();
    store.term_advance(ONE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_cut_off_in_the_middle_of_a_write_does_not_stop_the_next() {
    let (database, next) = Database::with_store().await;
    next.term_advance(ONE).await.unwrap();
    // It holds the term, and then the network is cut.
    let cut = cut::until(database.address(), b"INSERT INTO audit").await;
    let old = impatient(&database.url_through(cut));
    let unheard = old.audit_append(ONE, &entry("note")).await.unwrap_err();
    assert!(matches!(unheard, StoreError::Unavailable(_)), "{unheard:?}");

    eventually("the next term to begin", HANGS, || next.term_advance(TWO))
        .await
        .unwrap();
    assert_eq!(
        next.audit_list(&AuditFilter::default(), 1, None)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_went_dead_are_replaced() {
    let (database, _store) = Database::with_store().await;
    let cut = cut::until(database.address(), b"FROM lease").await;
    let store = impatient(&database.url_through(cut));
    // More than the store has for this.
    for _ in 0..4 {
        let unheard = store.lease_read().await.unwrap_err();
        assert!(matches!(unheard, StoreError::Unavailable(_)), "{unheard:?}");
    }
    eventually("new connections", HANGS, || store.term_advance(ONE))
        .await
        .unwrap();
}
