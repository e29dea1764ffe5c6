use std::time::{Duration, Instant};

use lictor_domain::{Durability, Writability};
use lictor_lab::{APP, CONTROL, Node, REPLICATION, Server};
use lictor_mysql::{Closing, How, MysqlError};
use mysql_async::prelude::Queryable;
use tokio::task::JoinHandle;

use crate::{AMPLE, account, address, executed, lab, nodes, session, table, until};

#[tokio::test]
async fn the_first_write_after_opening_is_acknowledged_by_a_replica() {
    let lab = lab(2).await;
    let [primary, next, other] = nodes(&lab);
    table(primary).await;
    let (mut next_session, mut other_session) = (session(next).await, session(other).await);
    let held = next_session.stop_receiver(AMPLE).await.unwrap();
    other_session.stop_receiver(AMPLE).await.unwrap();
    assert!(next_session.wait_applied(&held, AMPLE).await.unwrap());
    next_session
        .open_for_writes(Durability::ONE_ACK, AMPLE)
        .await
        .unwrap();
    next_session
        .open_for_writes(Durability::ONE_ACK, AMPLE)
        .await
        .unwrap();
    let seen = next_session.probe(AMPLE).await.unwrap();
    assert!(seen.writability.accepts_writes());
    assert!(seen.semi_sync.unwrap().enforces(1));

    let mut app = next.connect(APP).await.unwrap();
    let write = tokio::spawn(async move { app.query_drop("INSERT INTO app.t VALUES (1)").await });
    let waiting = until("the write to wait", &mut next_session, |seen| {
        seen.semi_sync.as_ref().unwrap().waiting_sessions == 1
    })
    .await;
    assert_eq!(waiting.semi_sync.unwrap().clients, 0);
    assert!(!write.is_finished());
    other_session
        .follow(&address(next), &account(REPLICATION), How::HostOnly, AMPLE)
        .await
        .unwrap();
    write.await.unwrap().unwrap();
    let acknowledged = "SHOW GLOBAL STATUS WHERE Variable_name IN \
        ('Rpl_semi_sync_source_yes_tx', 'Rpl_semi_sync_source_no_tx')";
    let counts: Vec<String> = next.sql(acknowledged).await.unwrap().concat();
    assert_eq!(
        counts,
        [
            "Rpl_semi_sync_source_no_tx",
            "0",
            "Rpl_semi_sync_source_yes_tx",
            "1"
        ]
    );
}

#[tokio::test]
async fn without_semi_sync_a_node_opens_alone() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let mut session = session(node).await;
    let closed = session
        .close_for_writes(Closing::Gentle, AMPLE)
        .await
        .unwrap();
    assert_eq!(closed.executed, executed(node).await);
    assert!(!closed.cut_clients);
    let seen = session.probe(AMPLE).await.unwrap();
    assert_eq!(seen.writability, Writability::SuperReadOnly);

    session
        .open_for_writes(Durability::Async, AMPLE)
        .await
        .unwrap();
    table(node).await;
    let seen = session.probe(AMPLE).await.unwrap();
    assert!(!seen.semi_sync.unwrap().source_enabled);
    let forced = session
        .close_for_writes(Closing::Forced, AMPLE)
        .await
        .unwrap();
    assert!(!forced.cut_clients, "nobody was in the way");
    assert_eq!(forced.executed, executed(node).await);
}

/// A client whose commit nobody acknowledges.
async fn stuck(primary: &Node, id: u32) -> JoinHandle<mysql_async::Result<()>> {
    let mut app = primary.connect(APP).await.unwrap();
    let insert = format!("INSERT INTO app.t VALUES ({id})");
    tokio::spawn(async move { app.query_drop(insert).await })
}

#[tokio::test]
async fn a_node_with_commits_that_wait_closes_only_by_force_and_acknowledges_none() {
    let lab = lab(2).await;
    let [primary, one, two] = nodes(&lab);
    table(primary).await;
    let acknowledged = executed(primary).await;
    let mut session = session(primary).await;
    one.freeze().unwrap();
    two.freeze().unwrap();
    let clients = [stuck(primary, 1).await, stuck(primary, 2).await];
    until("a commit to wait", &mut session, |seen| {
        seen.semi_sync.as_ref().unwrap().waiting_sessions > 0
    })
    .await;

    let gentle = session
        .close_for_writes(Closing::Gentle, AMPLE)
        .await
        .unwrap_err();
    assert!(matches!(gentle, MysqlError::TimedOut { .. }), "{gentle:?}");
    assert!(session.is_usable());
    let seen = session.probe(AMPLE).await.unwrap();
    assert!(seen.writability.accepts_writes() && !seen.offline);

    let from = Instant::now();
    let closed = session
        .close_for_writes(Closing::Forced, AMPLE)
        .await
        .unwrap();
    eprintln!("closed by force with stuck commits: {:?}", from.elapsed());
    assert!(closed.cut_clients);
    let seen = session.probe(AMPLE).await.unwrap();
    assert_eq!(seen.writability, Writability::SuperReadOnly);
    assert!(!seen.offline);
    assert_eq!(seen.executed, closed.executed);
    assert!(acknowledged.is_subset_of(&closed.executed));
    for client in clients {
        client
            .await
            .unwrap()
            .expect_err("a commit nobody acknowledged");
    }
}

#[tokio::test]
async fn an_administrator_whose_commit_waits_hears_of_no_success_either() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    table(primary).await;
    primary
        .sql("GRANT CONNECTION_ADMIN ON *.* TO app")
        .await
        .unwrap();
    let mut session = session(primary).await;
    replica.freeze().unwrap();
    let client = stuck(primary, 1).await;
    until("the commit to wait", &mut session, |seen| {
        seen.semi_sync.as_ref().unwrap().waiting_sessions > 0
    })
    .await;
    let closed = session
        .close_for_writes(Closing::Forced, AMPLE)
        .await
        .unwrap();
    assert!(closed.cut_clients);
    client
        .await
        .unwrap()
        .expect_err("a commit nobody acknowledged");
}

#[tokio::test]
async fn a_statement_that_runs_long_yields_to_force() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    table(node).await;
    let mut app = node.connect(APP).await.unwrap();
    let slow =
        tokio::spawn(async move { app.query_drop("INSERT INTO app.t SELECT SLEEP(600)").await });
    let mut session = session(node).await;
    lictor_lab::eventually("the statement to run", AMPLE, || async {
        let running =
            "SELECT COUNT(*) FROM performance_schema.processlist WHERE STATE = 'User sleep'";
        let found = node.value(running).await.unwrap();
        if found == "1" { Ok(()) } else { Err(found) }
    })
    .await
    .unwrap();
    let gentle = session
        .close_for_writes(Closing::Gentle, AMPLE)
        .await
        .unwrap_err();
    assert!(matches!(gentle, MysqlError::TimedOut { .. }), "{gentle:?}");
    let from = Instant::now();
    session
        .close_for_writes(Closing::Forced, AMPLE)
        .await
        .unwrap();
    eprintln!(
        "closed by force behind a long statement: {:?}",
        from.elapsed()
    );
    slow.await.unwrap().unwrap_err();
    let seen = session.probe(AMPLE).await.unwrap();
    assert_eq!(seen.writability, Writability::SuperReadOnly);
    assert!(!seen.offline);
}

#[tokio::test]
async fn a_closed_node_stays_closed_and_an_offline_one_offline() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    node.sql("SET GLOBAL offline_mode = ON").await.unwrap();
    let mut session = session(node).await;
    session
        .close_for_writes(Closing::Forced, AMPLE)
        .await
        .unwrap();
    session
        .close_for_writes(Closing::Forced, AMPLE)
        .await
        .unwrap();
    let seen = session.probe(AMPLE).await.unwrap();
    assert!(seen.offline);
    assert_eq!(seen.writability, Writability::SuperReadOnly);
    session
        .wait_applied(&seen.executed, Duration::ZERO)
        .await
        .unwrap();
}

#[tokio::test]
async fn clients_that_lictor_turned_away_are_told_from_those_an_operator_did() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let mut session = session(node).await;
    node.sql("SET GLOBAL offline_mode = ON").await.unwrap();
    let seen = session.probe(AMPLE).await.unwrap();
    assert!(seen.offline && !seen.offline_by_lictor);

    // As a closing does that is cut off in its midst.
    let mut lictor = node.connect(CONTROL).await.unwrap();
    let turn_away = "SET GLOBAL offline_mode = OFF; SET GLOBAL offline_mode = ON";
    lictor.query_drop(turn_away).await.unwrap();
    let seen = session.probe(AMPLE).await.unwrap();
    assert!(seen.offline && seen.offline_by_lictor);
    session.let_clients_in(AMPLE).await.unwrap();
    let seen = session.probe(AMPLE).await.unwrap();
    assert!(!seen.offline && !seen.offline_by_lictor);
}
