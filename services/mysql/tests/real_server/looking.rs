use std::time::Duration;

use lictor_domain::{ReceiverState, ServerUuid, Writability};
use lictor_lab::{Server, eventually};
use lictor_mysql::{MysqlError, Session};

use crate::{
    AMPLE, address, caught_up, executed, lab, nodes, replication, session, table, target, until,
};

#[tokio::test]
async fn a_probe_tells_the_truth_about_a_primary_and_its_replicas() {
    let lab = lab(2).await;
    let [primary, one, two] = nodes(&lab);
    table(primary).await;

    let seen = session(primary).await.probe(AMPLE).await.unwrap();
    assert_eq!(seen.server_uuid.to_string(), primary.server_uuid());
    assert_eq!(seen.writability, Writability::Writable);
    assert!(seen.log_bin && seen.log_replica_updates && seen.gtid_mode_on && !seen.offline);
    assert_eq!(seen.executed, executed(primary).await);
    assert_eq!(seen.replication, None);
    let mut replicas: Vec<String> = seen.replicas.iter().map(ServerUuid::to_string).collect();
    replicas.sort_unstable();
    let mut expected = [one.server_uuid(), two.server_uuid()];
    expected.sort_unstable();
    assert_eq!(replicas, expected);
    let semi_sync = seen.semi_sync.unwrap();
    assert!(
        semi_sync.enforces(1) && !semi_sync.enforces(2),
        "{semi_sync:?}"
    );
    assert_eq!((semi_sync.clients, semi_sync.waiting_sessions), (2, 0));

    let mut session = session(one).await;
    let seen = until("the replica to catch up", &mut session, |seen| {
        let replication = seen.replication.as_ref().unwrap();
        replication.lag == Some(Duration::ZERO)
    })
    .await;
    assert_eq!(seen.writability, Writability::SuperReadOnly);
    assert!(seen.replicas.is_empty());
    let semi_sync = seen.semi_sync.unwrap();
    assert!(semi_sync.replica_enabled && !semi_sync.source_enabled && !semi_sync.source_active);
    let replication = seen.replication.unwrap();
    assert_eq!(replication.source, address(primary));
    let source_uuid = replication.source_uuid.unwrap();
    assert_eq!(source_uuid.to_string(), primary.server_uuid());
    assert_eq!(replication.receiver, ReceiverState::Running);
    assert!(replication.applier_running && replication.auto_position);
    assert_eq!(replication.heartbeat_period, Duration::from_millis(200));
    assert_eq!(
        (replication.receiver_error, replication.applier_error),
        (None, None)
    );
    assert_eq!(replication.received, executed(primary).await);
    assert!(session.is_usable());
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_not_repeated() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let mut target = target(node, 1);
    target.account.password = "not-the-password".into();
    let denied = Session::open(&target, AMPLE).await.unwrap_err();
    assert!(matches!(denied, MysqlError::Denied { .. }), "{denied:?}");
    assert!(!denied.to_string().contains("not-the-password"));
}

#[tokio::test]
async fn lag_is_never_zero_while_something_is_unapplied() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    table(primary).await;
    let mut session = caught_up(replica, primary).await;

    replica.sql("STOP REPLICA SQL_THREAD").await.unwrap();
    primary.sql("INSERT INTO app.t VALUES (1)").await.unwrap();
    let received = executed(primary).await;
    let one_behind = until("one transaction to arrive", &mut session, |seen| {
        seen.replication.as_ref().unwrap().received == received
    })
    .await
    .replication
    .unwrap();
    assert!(!one_behind.applier_running);
    assert!(one_behind.lag.unwrap() > Duration::ZERO);

    primary.sql("INSERT INTO app.t VALUES (2)").await.unwrap();
    let received = executed(primary).await;
    let more_behind = until("another transaction to arrive", &mut session, |seen| {
        seen.replication.as_ref().unwrap().received == received
    })
    .await;
    assert_eq!(more_behind.replication.unwrap().lag, None, "a guess");
    assert!(
        !session
            .wait_applied(&received, Duration::from_millis(50))
            .await
            .unwrap()
    );
    assert!(session.is_usable());

    session.start_replication(AMPLE).await.unwrap();
    assert!(session.wait_applied(&received, AMPLE).await.unwrap());
    let stopped = session.stop_receiver(AMPLE).await.unwrap();
    assert_eq!(stopped, received);
    assert_eq!(replication(&mut session).await.lag, None, "nobody is heard");
}

#[tokio::test]
async fn an_applier_held_up_by_a_lock_shows_how_long() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    table(primary).await;
    let mut session = caught_up(replica, primary).await;
    let mut holder = replica.connect(lictor_lab::ROOT).await.unwrap();
    mysql_async::prelude::Queryable::query_drop(&mut holder, "LOCK TABLES app.t READ")
        .await
        .unwrap();
    for id in 1..=3 {
        let insert = format!("INSERT INTO app.t VALUES ({id})");
        primary.sql(&insert).await.unwrap();
    }
    let behind = |seen: &lictor_domain::NodeReport| seen.replication.as_ref().unwrap().lag;
    let limit = Duration::from_millis(300);
    until("lag to grow behind the lock", &mut session, |seen| {
        behind(seen).is_some_and(|lag| lag > limit)
    })
    .await;
    holder.disconnect().await.unwrap();
    until("lag to end with the lock", &mut session, |seen| {
        behind(seen) == Some(Duration::ZERO)
    })
    .await;
}

#[tokio::test]
async fn silence_grows_from_the_moment_the_source_hangs() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    let mut session = session(replica).await;
    until("a heartbeat", &mut session, |seen| {
        seen.replication.as_ref().unwrap().heard_ago.is_some()
    })
    .await;
    primary.freeze().unwrap();
    let hung = until("five heartbeats to be missed", &mut session, |seen| {
        let replication = seen.replication.as_ref().unwrap();
        replication.heard_ago.unwrap() > 5 * replication.heartbeat_period
    })
    .await
    .replication
    .unwrap();
    assert_eq!(
        hung.receiver,
        ReceiverState::Running,
        "it does not know yet"
    );
    assert_eq!(hung.lag, None, "zero lag behind a source nobody hears");
    primary.thaw().unwrap();
    until("the source to be heard again", &mut session, |seen| {
        seen.replication.as_ref().unwrap().lag == Some(Duration::ZERO)
    })
    .await;
}

#[tokio::test]
async fn a_survey_lists_privileges_replicas_and_settings() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    let seen = session(primary).await.survey(AMPLE).await.unwrap();
    assert_eq!(seen.address, address(primary));
    for privilege in [
        "REPLICATION_SLAVE_ADMIN",
        "REPLICATION CLIENT",
        "CONNECTION_ADMIN",
    ] {
        assert!(seen.privileges.contains(privilege), "{:?}", seen.privileges);
    }
    assert!(!seen.privileges.contains("DROP"));
    let [listed] = &seen.replicas[..] else {
        panic!("{:?}", seen.replicas);
    };
    assert_eq!(listed.server_uuid.to_string(), replica.server_uuid());
    assert_eq!(listed.address, Some(address(replica)));
    assert_eq!(
        seen.report.settings.replica_net_timeout,
        Duration::from_secs(4)
    );
    assert!(seen.syncs_binlog && seen.flushes_redo_log && seen.clones);

    let mut session = session(replica).await;
    let survey = session.survey(AMPLE).await.unwrap();
    assert_eq!(survey.report.settings.boots_read_only, Some(true));
    // The primary was opened at run time, which hides its option file.
    assert_eq!(seen.report.settings.boots_read_only, None);
    replica.sql("SET GLOBAL sync_binlog = 100").await.unwrap();
    assert!(!session.survey(AMPLE).await.unwrap().syncs_binlog);
}

#[tokio::test]
async fn a_replication_error_is_reported_in_the_servers_words() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    table(primary).await;
    let mut session = caught_up(replica, primary).await;
    replica
        .sql("SET GLOBAL super_read_only = OFF")
        .await
        .unwrap();
    replica.sql("INSERT INTO app.t VALUES (1)").await.unwrap();
    primary.sql("INSERT INTO app.t VALUES (1)").await.unwrap();
    let seen = until("the applier to stop", &mut session, |seen| {
        !seen.replication.as_ref().unwrap().applier_running
    })
    .await;
    let error = seen.replication.unwrap().applier_error.unwrap();
    assert_eq!(error.number, 1062, "{error:?}");
    assert!(error.message.contains("Duplicate entry"), "{error:?}");
}

#[tokio::test]
async fn a_plugin_unloaded_meanwhile_ends_the_session_and_not_the_truth() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let mut old = session(node).await;
    node.sql("UNINSTALL PLUGIN rpl_semi_sync_source")
        .await
        .unwrap();
    old.probe(AMPLE).await.unwrap_err();
    assert!(!old.is_usable());
    let mut new = session(node).await;
    assert_eq!(new.probe(AMPLE).await.unwrap().semi_sync, None);
    assert!(new.is_usable());

    node.sql("SET GLOBAL super_read_only = OFF").await.unwrap();
    let install = "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'";
    node.sql(install).await.unwrap();
    new.probe(AMPLE).await.unwrap();
    assert!(!new.is_usable(), "it would never see the new plugin");
    let seen = session(node).await.probe(AMPLE).await.unwrap();
    assert!(seen.semi_sync.is_some());
}

#[tokio::test]
async fn a_dropped_session_leaves_the_server() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    let mine = "SELECT COUNT(*) FROM performance_schema.session_connect_attrs \
                WHERE ATTR_NAME = 'lictor_term'";
    let session = session(node).await;
    assert_eq!(node.value(mine).await.unwrap(), "1");
    drop(session);
    eventually("the session to leave", AMPLE, || async {
        match node.value(mine).await.unwrap().as_str() {
            "0" => Ok(()),
            other => Err(other.to_owned()),
        }
    })
    .await
    .unwrap();
}
