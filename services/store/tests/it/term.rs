use std::pin::Pin;

use lictor_domain::{GtidSet, Policy, Quarantine, Term, Version};
use lictor_store::{Store, StoreError};
use tokio::task::JoinSet;

use crate::database::Database;
use crate::fixture::{
    ONE, TWO, cluster, entry, epoch, name, node, node_name, recovery, token, with_hostgroup,
};

type Write<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

#[tokio::test]
async fn the_term_only_rises() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(Term(3)).await.unwrap();
    store.term_advance(Term(3)).await.unwrap();
    let stale = store.term_advance(TWO).await.unwrap_err();
    assert!(
        matches!(
            stale,
            StoreError::StaleTerm {
                held: TWO,
                current: Term(3)
            }
        ),
        "{stale:?}"
    );
    store.term_advance(Term(5)).await.unwrap();
    store.audit_append(Term(5), &entry("add")).await.unwrap();
}

#[tokio::test]
async fn every_write_of_another_term_is_refused_and_writes_nothing() {
    let (database, store) = Database::with_store().await;
    store.term_advance(TWO).await.unwrap();
    store
        .cluster_add(TWO, &cluster("orders", 1), &entry("add"))
        .await
        .unwrap();
    store
        .recovery_save(TWO, &recovery("orders", 1, 0))
        .await
        .unwrap();
    let before = database.content().await;
    for term in [ONE, Term(3)] {
        for (what, write) in every_write(&store, term) {
            let error = write.await.unwrap_err();
            assert!(
                matches!(error, StoreError::StaleTerm { held, current: TWO } if held == term),
                "{what}: {error:?}"
            );
        }
    }
    assert_eq!(database.content().await, before);
}

#[tokio::test]
async fn every_write_of_the_current_term_is_taken() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(TWO).await.unwrap();
    store
        .cluster_add(TWO, &cluster("orders", 1), &entry("add"))
        .await
        .unwrap();
    for (what, write) in every_write(&store, TWO) {
        write
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
}

async fn head_of(store: &Store) -> Result<Version, StoreError> {
    let head = store.config_head().await?;
    Ok(head.map_or(0, |head| head.version))
}

/// Each would change something that [`cluster`] `orders` has, or who may call.
fn every_write(store: &Store, term: Term) -> Vec<(&'static str, Write<'_>)> {
    let mut every = writes_about_clusters(store, term);
    every.extend(writes_about_tokens(store, term));
    every
}

fn writes_about_tokens(store: &Store, term: Term) -> Vec<(&'static str, Write<'_>)> {
    vec![
        (
            "token_add",
            Box::pin(async move {
                let (token, entry) = (token(1, "ci"), entry("token.create"));
                store.token_add(term, &token, &[1; 32], &entry).await
            }),
        ),
        (
            "token_revoke",
            Box::pin(async move {
                let (id, entry) = (token(1, "ci").id, entry("token.revoke"));
                let revoked = store.token_revoke(term, &id, "ada", &entry);
                revoked.await.map(drop)
            }),
        ),
    ]
}

fn writes_about_clusters(store: &Store, term: Term) -> Vec<(&'static str, Write<'_>)> {
    vec![
        (
            "cluster_add",
            Box::pin(async move {
                store
                    .cluster_add(term, &cluster("billing", 11), &entry("add"))
                    .await
            }),
        ),
        (
            "cluster_set_policy",
            Box::pin(async move {
                let mut policy = Policy::default();
                policy.max_read_lag_secs += 1;
                store
                    .cluster_set_policy(term, &name("orders"), &policy, &entry("policy"))
                    .await
            }),
        ),
        (
            "cluster_set_primary",
            Box::pin(async move {
                let (cluster, primary) = (name("orders"), node_name("orders-2"));
                store
                    .cluster_set_primary(term, &cluster, epoch(2, 1), &primary)
                    .await
            }),
        ),
        (
            "node_add",
            Box::pin(async move {
                store
                    .node_add(
                        term,
                        &name("orders"),
                        &node("orders", 3, 21),
                        &entry("node"),
                    )
                    .await
            }),
        ),
        (
            "node_update",
            Box::pin(async move {
                store
                    .node_update(
                        term,
                        &name("orders"),
                        &node("orders", 2, 22),
                        &entry("node"),
                    )
                    .await
            }),
        ),
        (
            "node_set_quarantine",
            Box::pin(async move {
                let quarantine = Quarantine {
                    reason: "errant".into(),
                    errant: GtidSet::default(),
                    incomplete: false,
                };
                store
                    .node_set_quarantine(term, &node_name("orders-2"), Some(&quarantine))
                    .await
            }),
        ),
        (
            "recovery_save of a known one",
            Box::pin(async move {
                let mut known = recovery("orders", 1, 0);
                known.new_primary = Some(node_name("orders-2"));
                store.recovery_save(term, &known).await
            }),
        ),
        (
            "recovery_save of a new one",
            Box::pin(async move { store.recovery_save(term, &recovery("orders", 2, 0)).await }),
        ),
        (
            "config_apply",
            Box::pin(async move {
                let (base, draft) = (head_of(store).await?, with_hostgroup(7));
                let entry = entry("config.apply");
                let applied = store.config_apply(term, base, &draft, &[], &entry);
                applied.await.map(drop)
            }),
        ),
        (
            "audit_append",
            Box::pin(async move { store.audit_append(term, &entry("note")).await }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_term_has_advanced_no_write_of_an_older_one_is_still_to_come() {
    let (database, store) = Database::with_store().await;
    for round in 1..=10 {
        store.term_advance(Term(round)).await.unwrap();
        let mut writes = JoinSet::new();
        for id in 0..16_u128 {
            let store = store.clone();
            writes.spawn(async move {
                let id = id + u128::from(round) * 100;
                let saved = store
                    .recovery_save(Term(round), &recovery("orders", id, 0))
                    .await;
                let noted = store.audit_append(Term(round), &entry("note")).await;
                saved.is_ok() && noted.is_ok()
            });
        }
        let first = writes.join_next().await.unwrap().unwrap();
        assert!(first, "the first write met no newer term");
        let newer = crate::database::store(database.url());
        newer.term_advance(Term(round + 1)).await.unwrap();
        let after = database.content().await;
        writes.join_all().await;
        assert_eq!(database.content().await, after, "round {round}");
    }
}
