use std::time::Duration;

use lictor_domain::{Durability, ReceiverState};
use lictor_lab::{REPLICATION, Server, eventually};
use lictor_mysql::{HEARTBEAT_PERIOD, How, MysqlError};

use crate::{AMPLE, account, address, executed, lab, nodes, replication, session, table, until};

#[tokio::test]
async fn a_stopped_receiver_leaves_everything_received_even_if_unapplied() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    replica.sql("STOP REPLICA SQL_THREAD").await.unwrap();
    // It returns acknowledged, so the replica has it.
    table(primary).await;
    let written = executed(primary).await;
    let mut session = session(replica).await;
    assert_eq!(session.stop_receiver(AMPLE).await.unwrap(), written);
    assert!(executed(replica).await.is_empty());
    assert_eq!(session.stop_receiver(AMPLE).await.unwrap(), written);
    let stopped = replication(&mut session).await;
    assert_eq!(stopped.receiver, ReceiverState::Stopped);

    session.start_receiver(AMPLE).await.unwrap();
    session.start_replication(AMPLE).await.unwrap();
    assert!(session.wait_applied(&written, AMPLE).await.unwrap());
}

#[tokio::test]
async fn a_replica_moves_to_a_new_primary_with_its_applier_running() {
    let lab = lab(2).await;
    let [primary, next, other] = nodes(&lab);
    table(primary).await;
    let written = executed(primary).await;
    primary.kill().unwrap();
    let (mut next_session, mut other_session) = (session(next).await, session(other).await);
    next_session.stop_receiver(AMPLE).await.unwrap();
    other_session.stop_receiver(AMPLE).await.unwrap();
    assert!(next_session.wait_applied(&written, AMPLE).await.unwrap());
    next_session
        .open_for_writes(Durability::ONE_ACK, AMPLE)
        .await
        .unwrap();
    next_session.detach(AMPLE).await.unwrap();
    next_session.detach(AMPLE).await.unwrap();
    assert_eq!(next_session.probe(AMPLE).await.unwrap().replication, None);

    let unused = account(REPLICATION);
    other_session
        .follow(&address(next), &unused, How::HostOnly, AMPLE)
        .await
        .unwrap();
    next.sql("INSERT INTO app.t VALUES (1)").await.unwrap();
    let written = executed(next).await;
    assert!(other_session.wait_applied(&written, AMPLE).await.unwrap());
    let moved = replication(&mut other_session).await;
    assert_eq!(moved.source, address(next));
    assert_eq!(moved.heartbeat_period, HEARTBEAT_PERIOD, "MySQL resets it");
    assert_eq!(moved.source_uuid.unwrap().to_string(), next.server_uuid());
}

#[tokio::test]
async fn a_node_without_a_channel_follows_with_any_password() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    let mut session = session(replica).await;
    for password in [
        "plain",
        "it's; DROP",
        r"back\slash\",
        "'\"`\\'' --",
        "ünï€ 密码",
    ] {
        session.detach(AMPLE).await.unwrap();
        let quoted = password.replace('\\', r"\\").replace('\'', r"\'");
        let user = format!("CREATE USER odd IDENTIFIED BY '{quoted}'");
        // Nobody is there to acknowledge.
        primary
            .sql("SET GLOBAL rpl_semi_sync_source_enabled = OFF")
            .await
            .unwrap();
        primary.sql("DROP USER IF EXISTS odd").await.unwrap();
        primary.sql(&user).await.unwrap();
        primary
            .sql("GRANT REPLICATION SLAVE ON *.* TO odd")
            .await
            .unwrap();
        let account = lictor_mysql::Account {
            user: "odd".to_owned(),
            password: password.into(),
            tls: lictor_mysql::Tls::Disabled,
        };
        session
            .follow(&address(primary), &account, How::Full, AMPLE)
            .await
            .unwrap();
        let written = executed(primary).await;
        assert!(
            session.wait_applied(&written, AMPLE).await.unwrap(),
            "{password}"
        );
    }
    let seen = replication(&mut session).await;
    assert!(seen.auto_position);
    assert_eq!(seen.heartbeat_period, HEARTBEAT_PERIOD);
}

#[tokio::test]
async fn an_old_primary_follows_the_new_one_as_a_replica_that_acknowledges() {
    let lab = lab(1).await;
    let [old, new] = nodes(&lab);
    let mut new_session = session(new).await;
    new_session.stop_receiver(AMPLE).await.unwrap();
    new_session
        .open_for_writes(Durability::ONE_ACK, AMPLE)
        .await
        .unwrap();
    new_session.detach(AMPLE).await.unwrap();
    let mut old_session = session(old).await;
    old_session
        .close_for_writes(lictor_mysql::Closing::Gentle, AMPLE)
        .await
        .unwrap();
    old_session
        .follow(&address(new), &account(REPLICATION), How::Full, AMPLE)
        .await
        .unwrap();
    table(new).await;
    let written = executed(new).await;
    assert!(old_session.wait_applied(&written, AMPLE).await.unwrap());
    let seen = old_session.probe(AMPLE).await.unwrap().semi_sync.unwrap();
    assert!(seen.replica_enabled && !seen.source_enabled, "{seen:?}");
    let seen = new_session.probe(AMPLE).await.unwrap().semi_sync.unwrap();
    assert_eq!(seen.clients, 1);
}

#[tokio::test]
async fn the_heartbeat_period_is_set_only_when_it_differs() {
    let lab = lab(1).await;
    let [_, replica] = nodes(&lab);
    let mut session = session(replica).await;
    let half = Duration::from_millis(500);
    assert!(
        !session
            .set_heartbeat(HEARTBEAT_PERIOD, AMPLE)
            .await
            .unwrap()
    );
    assert!(session.set_heartbeat(half, AMPLE).await.unwrap());
    assert!(!session.set_heartbeat(half, AMPLE).await.unwrap());
    let seen = replication(&mut session).await;
    assert_eq!(seen.heartbeat_period, half);
    assert_ne!(seen.receiver, ReceiverState::Stopped);

    let absurd = Duration::from_secs(10_000_000);
    let refused = session.set_heartbeat(absurd, AMPLE).await.unwrap_err();
    assert!(matches!(refused, MysqlError::Server { .. }), "{refused:?}");
    assert!(session.is_usable());

    session.stop_receiver(AMPLE).await.unwrap();
    assert!(
        session
            .set_heartbeat(HEARTBEAT_PERIOD, AMPLE)
            .await
            .unwrap()
    );
    let seen = replication(&mut session).await;
    assert_eq!(seen.receiver, ReceiverState::Stopped, "it was, so it stays");

    session.detach(AMPLE).await.unwrap();
    assert!(!session.set_heartbeat(half, AMPLE).await.unwrap());
}

#[tokio::test]
async fn a_node_without_a_channel_holds_what_it_executed() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    table(node).await;
    let mut session = session(node).await;
    assert_eq!(
        session.stop_receiver(AMPLE).await.unwrap(),
        executed(node).await
    );
    let started = session.start_replication(AMPLE).await.unwrap_err();
    assert!(matches!(started, MysqlError::Server { .. }), "{started:?}");
    assert!(session.is_usable());
}

#[tokio::test]
async fn a_receiver_that_cannot_log_in_says_why() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    let mut session = session(replica).await;
    let mut wrong = account(REPLICATION);
    wrong.password = "wrong".into();
    session.detach(AMPLE).await.unwrap();
    session
        .follow(&address(primary), &wrong, How::Full, AMPLE)
        .await
        .unwrap();
    let seen = until("the receiver to fail", &mut session, |seen| {
        seen.replication.as_ref().unwrap().receiver_error.is_some()
    })
    .await
    .replication
    .unwrap();
    assert_eq!(seen.receiver, ReceiverState::Connecting);
    assert!(
        seen.receiver_error
            .unwrap()
            .message
            .contains("Access denied")
    );
    assert_eq!(seen.lag, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_source_already_keeps_what_it_received_and_has_not_applied() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    let mut session = session(replica).await;
    replica.sql("STOP REPLICA SQL_THREAD").await.unwrap();
    primary
        .sql("CREATE TABLE app.kept (id INT PRIMARY KEY)")
        .await
        .unwrap();
    until("the transaction to be received", &mut session, |seen| {
        let received = &seen.replication.as_ref().unwrap().received;
        !received.subtract(&seen.executed).is_empty()
    })
    .await;
    primary.kill().unwrap();
    let (source, login) = (address(primary), account(REPLICATION));
    let follow = session.follow(&source, &login, How::Full, AMPLE);
    follow.await.unwrap();
    let applied = eventually("it to be applied", AMPLE, || async {
        replica.sql("SELECT * FROM app.kept").await
    });
    applied.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_killed_while_it_forgot_its_source_follows_one_again() {
    let lab = lab(1).await;
    let [primary, replica] = nodes(&lab);
    table(primary).await;
    let rows = replica.sql("SELECT @@datadir").await.unwrap();
    let data = rows[0][0].clone();
    replica.kill().unwrap();
    // What RESET REPLICA does first; the record of it goes last.
    let files = std::fs::read_dir(data).unwrap().map(|file| file.unwrap());
    let relay = files.filter(|file| file.file_name().to_string_lossy().starts_with("relay."));
    let removed = relay.map(|file| std::fs::remove_file(file.path()).unwrap());
    assert!(removed.count() > 1);
    replica.start().await.unwrap();
    let broken = replica.sql("START REPLICA").await.unwrap_err();
    let broken = format!("{broken:#}");
    assert!(broken.contains("applier metadata"), "{broken}");

    let mut session = session(replica).await;
    let (source, login) = (address(primary), account(REPLICATION));
    let follow = session.follow(&source, &login, How::Full, AMPLE);
    follow.await.unwrap();
    let written = executed(primary).await;
    assert!(session.wait_applied(&written, AMPLE).await.unwrap());
}
