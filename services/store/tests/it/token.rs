//! Tokens, and what their texts are known by.

use std::net::IpAddr;

use lictor_domain::access::LastUse;
use lictor_domain::{Actor, Scope, Token, TokenId};
use lictor_store::{AuditFilter, Conflict, Kind, Store, StoreError};
use tokio::task::JoinSet;

use crate::database::Database;
use crate::fixture::{ONE, entry, minute, name, token};

async fn store() -> (Database, Store) {
    let (database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    (database, store)
}

async fn add(store: &Store, token: &Token, hash: u8) -> Result<(), StoreError> {
    let entry = entry("token.create");
    store.token_add(ONE, token, &[hash; 32], &entry).await
}

async fn listed(store: &Store) -> Vec<Token> {
    let tokens = store.token_list().await.unwrap().into_iter();
    tokens.map(|stored| stored.token).collect()
}

async fn written(store: &Store) -> Vec<String> {
    let all = AuditFilter::default();
    let records = store.audit_list(&all, 99, None).await.unwrap();
    let actions = records.into_iter().map(|record| record.entry.action);
    actions.collect()
}

fn is_taken(result: &Result<(), StoreError>) -> bool {
    matches!(
        result,
        Err(StoreError::Conflict(Conflict::TokenExists { .. }))
    )
}

#[tokio::test]
async fn a_token_reads_back_as_it_was_made_and_is_in_the_audit_log() {
    let (_database, store) = store().await;
    let whole = Token {
        scope: Scope::of([name("orders"), name("users")].into()),
        expires_at: Some(minute(9)),
        ..token(1, "ci")
    };
    add(&store, &whole, 199).await.unwrap();
    add(&store, &token(2, "backup"), 8).await.unwrap();
    let stored = store.token_list().await.unwrap();
    assert_eq!(listed(&store).await, [token(2, "backup"), whole]);
    assert_eq!((stored[0].hash, stored[1].hash), ([8; 32], [199; 32]));
    assert!(!format!("{stored:?}").contains("199"), "{stored:?}");
    assert_eq!(written(&store).await, ["token.create", "token.create"]);
}

#[tokio::test]
async fn a_name_is_taken_until_its_token_was_revoked() {
    let (_database, store) = store().await;
    add(&store, &token(1, "ci"), 1).await.unwrap();
    assert!(is_taken(&add(&store, &token(2, "ci"), 2).await));
    assert_eq!(written(&store).await.len(), 1);
    let revoked = entry("token.revoke");
    let id = token(1, "ci").id;
    store.token_revoke(ONE, &id, "ada", &revoked).await.unwrap();
    add(&store, &token(2, "ci"), 2).await.unwrap();
    let left = listed(&store).await;
    assert_eq!(left[0], token(2, "ci"));
    assert_eq!(left[1].id, id);
    let ended = left[1].revoked.clone().unwrap();
    assert_eq!(ended.by, "ada");
}

#[tokio::test]
async fn a_token_is_revoked_once_and_by_one() {
    let (_database, store) = store().await;
    add(&store, &token(1, "ci"), 1).await.unwrap();
    let revoke = async |by| {
        let id = token(1, "ci").id;
        let revoked = entry("token.revoke");
        store.token_revoke(ONE, &id, by, &revoked).await.unwrap()
    };
    let first = revoke("ada").await;
    assert_eq!(first.revoked.clone().unwrap().by, "ada");
    assert_eq!(revoke("bob").await, first);
    assert_eq!(written(&store).await, ["token.revoke", "token.create"]);
}

#[tokio::test]
async fn a_token_that_is_not_there_cannot_be_revoked() {
    let (_database, store) = store().await;
    let id: TokenId = "0123456789ab".parse().unwrap();
    let revoke = entry("token.revoke");
    let missing = store.token_revoke(ONE, &id, "ada", &revoke);
    let missing = missing.await.unwrap_err();
    let of_a_token = matches!(
        &missing,
        StoreError::NotFound {
            kind: Kind::Token,
            ..
        }
    );
    assert!(of_a_token, "{missing:?}");
    assert!(written(&store).await.is_empty());
}

#[tokio::test]
async fn of_several_first_tokens_one_is_added() {
    let (_database, store) = store().await;
    let mut beginning = JoinSet::new();
    for n in 1..=8_u8 {
        let store = store.clone();
        beginning.spawn(async move {
            let (token, hash) = (token(n, &format!("bootstrap-{n}")), [n; 32]);
            let entry = entry("token.begin");
            store.token_begin(ONE, &token, &hash, &entry).await.unwrap()
        });
    }
    let begun = beginning.join_all().await;
    assert_eq!(begun.iter().filter(|begun| **begun).count(), 1, "{begun:?}");
    assert_eq!(listed(&store).await.len(), 1);
    assert_eq!(written(&store).await, ["token.begin"]);
}

#[tokio::test]
async fn a_revoked_token_is_none_to_begin_after() {
    let (_database, store) = store().await;
    let first = token(1, "bootstrap");
    add(&store, &first, 1).await.unwrap();
    let revoked = entry("token.revoke");
    let revoked = store.token_revoke(ONE, &first.id, "ada", &revoked);
    revoked.await.unwrap();
    let again = token(2, "bootstrap");
    let begin = entry("token.begin");
    let made = store.token_begin(ONE, &again, &[2; 32], &begin);
    assert!(!made.await.unwrap());
    assert_eq!(listed(&store).await.len(), 1);
}

#[tokio::test]
async fn the_last_use_of_a_token_only_moves_forward() {
    let (_database, store) = store().await;
    let (ci, backup) = (token(1, "ci"), token(2, "backup"));
    add(&store, &ci, 1).await.unwrap();
    add(&store, &backup, 2).await.unwrap();
    let used = |minutes, from: Option<IpAddr>| LastUse {
        at: minute(minutes),
        from,
    };
    let here = Some([10, 0, 0, 9].into());
    let last = async || {
        let tokens = listed(&store).await.into_iter();
        tokens.map(|token| token.last_use).collect::<Vec<_>>()
    };
    assert_eq!(last().await, [None, None]);
    store.token_used(&[]).await.unwrap();
    let first = [
        (ci.id.clone(), used(2, None)),
        (backup.id.clone(), used(1, None)),
        (ci.id.clone(), used(3, here)),
    ];
    store.token_used(&first).await.unwrap();
    assert_eq!(last().await, [Some(used(1, None)), Some(used(3, here))]);
    let second = [(ci.id, used(2, None)), (backup.id, used(4, here))];
    store.token_used(&second).await.unwrap();
    assert_eq!(last().await, [Some(used(4, here)), Some(used(3, here))]);
}

#[tokio::test]
async fn who_did_something_stands_in_the_audit_log_with_what_proves_it() {
    let (_database, store) = store().await;
    let mut deed = entry("cluster.set");
    deed.actor = Actor {
        name: "ada".to_owned(),
        token: Some("ci".to_owned()),
        from: Some("2001:db8::1".parse().unwrap()),
    };
    store.audit_append(ONE, &deed).await.unwrap();
    let all = AuditFilter::default();
    let records = store.audit_list(&all, 9, None).await.unwrap();
    assert_eq!(records[0].entry, deed);
}
