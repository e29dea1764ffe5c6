use std::time::Duration;

use lictor_lab::{Lab, Server, eventually};
use lictor_store::{AuditFilter, Store, StoreConfig, StoreError};
use secrecy::SecretString;
use sqlx::{Connection, PgConnection};

use crate::database::laboratory;
use crate::fixture::{ONE, entry};

/// A guard against a call that never ends; far above any deadline here.
const HANGS: Duration = Duration::from_mins(1);

async fn with_standby() -> Lab {
    Box::pin(Lab::builder().standby().start()).await.unwrap()
}

/// A store that knows a server and its standby, the standby first.
fn store(lab: &Lab) -> Store {
    let hosts = [lab.standby(), lab.postgres()].map(|it| it.address().to_string());
    let url = format!(
        "postgres://lictor@{}/lictor?target_session_attrs=read-write",
        hosts.join(",")
    );
    let mut config = StoreConfig::new(SecretString::from(url));
    config.deadline = Duration::from_secs(2);
    Store::new(&config).unwrap()
}

async fn notes(store: &Store, what: &str) {
    let entry = entry(what);
    eventually("the store to be written", HANGS, || {
        store.audit_append(ONE, &entry)
    })
    .await
    .unwrap();
}

async fn noted(store: &Store) -> Vec<String> {
    let all = AuditFilter::default();
    let entries = store.audit_list(&all, 10, None).await.unwrap();
    let actions = entries.into_iter().rev();
    actions.map(|record| record.entry.action).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_servers_the_one_that_takes_writes_is_used_and_followed_when_it_moves() {
    let lab = with_standby().await;
    let store = store(&lab);
    eventually("the schema", HANGS, || store.migrate())
        .await
        .unwrap();
    eventually("the term", HANGS, || store.term_advance(ONE))
        .await
        .unwrap();
    notes(&store, "before").await;

    // The standby has it all before its primary dies.
    eventually("the standby to have it", HANGS, || async {
        let config = StoreConfig::new(SecretString::from(lab.standby().url()));
        let there = noted(&Store::new(&config).unwrap()).await;
        if there == ["before"] {
            return Ok(());
        }
        Err(format!("{there:?}"))
    })
    .await
    .unwrap();
    lab.postgres().kill().unwrap();
    let away = store.audit_append(ONE, &entry("lost")).await.unwrap_err();
    assert!(matches!(away, StoreError::Unavailable(_)), "{away:?}");
    lab.standby().promote().await.unwrap();
    notes(&store, "after").await;
    let noted = noted(&store).await;
    assert_eq!(noted.first().map(String::as_str), Some("before"));
    assert_eq!(noted.last().map(String::as_str), Some("after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_turns_read_only_is_left_and_not_read_any_more() {
    let (one, other) = (laboratory().await, laboratory().await);
    let hosts = [one.postgres(), other.postgres()].map(|it| it.address().to_string());
    let url = format!("postgres://lictor@{}/lictor", hosts.join(","));
    let store = Store::new(&StoreConfig::new(SecretString::from(url))).unwrap();
    for lab in [&one, &other] {
        let alone = crate::database::store(&lab.postgres().url());
        alone.migrate().await.unwrap();
        alone.term_advance(ONE).await.unwrap();
    }
    notes(&store, "first").await;
    assert_eq!(noted(&store).await, ["first"]);

    let mut connection = PgConnection::connect(&one.postgres().admin_url())
        .await
        .unwrap();
    for turn in [
        "ALTER SYSTEM SET default_transaction_read_only = on",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::query(turn).execute(&mut connection).await.unwrap();
    }
    eventually("the other to be gone to", HANGS, || async {
        // Another history: what is read comes from where is written.
        match noted(&store).await {
            there if there.is_empty() => Ok(()),
            there => Err(format!("{there:?}")),
        }
    })
    .await
    .unwrap();
    notes(&store, "second").await;
    assert_eq!(noted(&store).await, ["second"]);
}
