//! What a probe says of servers that answer and get nowhere.

use std::time::Duration;

use lictor_domain::NodeReport;
use lictor_domain::report::{Stall, StallCause};
use lictor_lab::{Node, ROOT};
use mysql_async::prelude::Queryable;

use crate::{AMPLE, caught_up, executed, lab, nodes, session, table, until};

fn stalled(seen: &NodeReport, cause: &StallCause) -> Option<Stall> {
    seen.stalls
        .iter()
        .find(|stall| stall.cause == *cause)
        .cloned()
}

/// A client that inserts a row, however long it takes.
async fn insert(node: &Node, id: u32) -> tokio::task::JoinHandle<mysql_async::Result<()>> {
    let mut client = node.connect(ROOT).await.unwrap();
    tokio::spawn(async move {
        client
            .query_drop(format!("INSERT INTO app.t VALUES ({id})"))
            .await
    })
}

#[tokio::test]
async fn sessions_that_cannot_commit_are_told_with_what_they_wait_for() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    table(primary).await;
    let mut session = session(primary).await;
    let seen = session.probe(AMPLE).await.unwrap();
    assert_eq!(seen.stalls, []);

    let mut backup = primary.connect(ROOT).await.unwrap();
    backup
        .query_drop("FLUSH TABLES WITH READ LOCK")
        .await
        .unwrap();
    let locked_out = insert(primary, 1).await;
    let cause = StallCause::GlobalReadLock;
    let waits = |seen: &NodeReport| stalled(seen, &cause).is_some_and(|s| !s.longest.is_zero());
    let seen = until("a wait for the read lock", &mut session, waits).await;
    assert_eq!(stalled(&seen, &cause).unwrap().sessions, 1);
    backup.query_drop("UNLOCK TABLES").await.unwrap();
    locked_out.await.unwrap().unwrap();

    replica.sql("STOP REPLICA IO_THREAD").await.unwrap();
    let (first, second) = (insert(primary, 2).await, insert(primary, 3).await);
    let cause = StallCause::Acknowledgements;
    let waits = |seen: &NodeReport| stalled(seen, &cause).is_some_and(|s| !s.longest.is_zero());
    let seen = until("a wait for an acknowledgement", &mut session, waits).await;
    let waiting: u32 = seen.stalls.iter().map(|stall| stall.sessions).sum();
    assert_eq!(waiting, 2, "{:?}", seen.stalls);
    replica.sql("START REPLICA IO_THREAD").await.unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    let seen = until("everyone to go on", &mut session, |s| s.stalls.is_empty()).await;
    assert_eq!(seen.executed, executed(primary).await);
}

#[tokio::test]
async fn a_replica_delayed_on_purpose_shows_how_old_its_data_is_while_it_waits() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    table(primary).await;
    let mut session = caught_up(replica, primary).await;
    replica.lag(Duration::from_hours(1)).await.unwrap();
    for id in 1..=3 {
        insert(primary, id).await.await.unwrap().unwrap();
    }
    let lag = |seen: &NodeReport| seen.replication.as_ref().unwrap().lag;
    let waits = |seen: &NodeReport| lag(seen).is_some_and(|lag| lag >= Duration::from_secs(2));
    let seen = until("the replica to fall behind", &mut session, waits).await;
    assert!(lag(&seen).unwrap() < Duration::from_mins(5), "{seen:?}");
    let replication = seen.replication.unwrap();
    assert_eq!(replication.delay, Duration::from_hours(1));
}

#[tokio::test]
async fn settings_that_a_failover_relies_on_are_told() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    node.start().await.unwrap();
    let mut session = session(node).await;
    let settings = session.probe(AMPLE).await.unwrap().settings;
    assert_eq!(settings.boots_read_only, Some(true));
    assert_eq!(settings.skips_replica_start, Some(true));
    assert_eq!(settings.replica_net_timeout, Duration::from_secs(4));
}
