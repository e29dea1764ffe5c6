use lictor_lab::Server;

use crate::{AMPLE, caught_up, executed, lab, nodes, replication, session, table, until};

#[tokio::test]
async fn variables_are_read_by_name_and_what_there_is_not_is_left_out() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    node.sql("SET GLOBAL sync_binlog = 7").await.unwrap();
    let mut session = session(node).await;
    let names = ["gtid_mode", "sync_binlog", "no_such_variable", "it's, none"];
    let told = session.variables(&names, AMPLE).await.unwrap();
    let told: Vec<_> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(told, [("gtid_mode", "ON"), ("sync_binlog", "7")]);
    assert!(session.variables(&[], AMPLE).await.unwrap().is_empty());
    session.probe(AMPLE).await.unwrap();
}

/// What the advice about `relay_log_recovery` under semi-sync rests on.
#[tokio::test]
async fn a_replica_that_recovers_its_relay_log_forgets_what_it_acknowledged() {
    for (recovery, keeps) in [("OFF", true), ("ON", false)] {
        let lab = lab(1).await;
        let [primary, replica] = nodes(&lab);
        table(primary).await;
        let mut hand = caught_up(replica, primary).await;
        let persist = format!("SET PERSIST_ONLY relay_log_recovery = {recovery}");
        replica.sql(&persist).await.unwrap();
        replica.sql("STOP REPLICA SQL_THREAD").await.unwrap();
        primary.sql("INSERT INTO app.t VALUES (1)").await.unwrap();
        let acknowledged = executed(primary).await;
        until("the replica to hold it", &mut hand, |seen| {
            seen.holds() == acknowledged
        })
        .await;

        primary.kill().unwrap();
        replica.kill().unwrap();
        replica.start().await.unwrap();
        let mut hand = session(replica).await;
        let seen = hand.probe(AMPLE).await.unwrap();
        assert_eq!(seen.holds() == acknowledged, keeps, "{recovery}: {seen:?}");
        assert!(!replication(&mut hand).await.applier_running);
    }
}
