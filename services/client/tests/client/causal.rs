//! Reading one's own writes from real replicas that are behind.

use futures::join;
use lictor_client::mysql_async::prelude::Queryable;
use lictor_client::{AnyLag, Causality, ClientError, Idempotent, Lictor, Unfit};
use lictor_lab::{Node, Server, eventually};

use crate::control_plane::PATIENCE;
use crate::stage::{SHORT, Stage, value};

const COUNT: &str = "SELECT COUNT(*) FROM t";

async fn stage(replicas: u8) -> (Stage, Lictor) {
    let stage = Stage::orders(replicas).await;
    stage.create("orders", "t (id INT PRIMARY KEY)").await;
    let lictor = stage.client().await;
    (stage, lictor)
}

async fn stop_applying(node: &Node) {
    node.sql("STOP REPLICA SQL_THREAD").await.unwrap();
}

/// Where a connection goes, by name.
fn name_of(stage: &Stage, connection: &lictor_client::Connection) -> String {
    let nodes = stage.lab.cluster("orders").nodes().iter();
    let mut nodes =
        nodes.filter(|node| node.address().to_string() == connection.node().to_string());
    nodes.next().unwrap().name().to_owned()
}

#[tokio::test]
async fn a_session_reads_its_own_write_on_the_replica_that_has_it() {
    let (stage, lictor) = stage(2).await;
    stop_applying(stage.node(2)).await;
    let session = lictor.session();
    session
        .with_writer("orders", Idempotent::No, |conn| {
            conn.query_drop("INSERT INTO t VALUES (1)")
        })
        .await
        .unwrap();
    for _ in 0..4 {
        let read = session.reader("orders", AnyLag).never_the_writer();
        let mut reader = read.catching_up_within(SHORT * 4).await.unwrap();
        assert_eq!(name_of(&stage, &reader), "orders-3");
        assert_eq!(value::<u8>(&mut reader, COUNT).await, 1);
    }
    // Whoever asks for nothing gets the other one in turn, with what it has.
    let mut seen = vec![];
    for _ in 0..2 {
        let mut reader = lictor.reader("orders", AnyLag).await.unwrap();
        seen.push((
            name_of(&stage, &reader),
            value::<u8>(&mut reader, COUNT).await,
        ));
    }
    assert!(seen.contains(&("orders-2".to_owned(), 0)), "{seen:?}");
}

#[tokio::test]
async fn when_no_replica_has_it_the_writer_is_asked_or_the_caller_told() {
    let (stage, lictor) = stage(1).await;
    stop_applying(stage.node(2)).await;
    let mut writer = lictor.writer("orders").await.unwrap();
    writer.query_drop("INSERT INTO t VALUES (1)").await.unwrap();
    let seen = writer.causality().await.unwrap();
    drop(writer);

    let read = lictor.reader("orders", AnyLag).after(&seen);
    let mut reader = read.catching_up_within(SHORT).await.unwrap();
    assert_eq!(name_of(&stage, &reader), "orders-1");
    assert_eq!(value::<u8>(&mut reader, COUNT).await, 1);
    drop(reader);

    let read = lictor.reader("orders", AnyLag).after(&seen);
    let error = read.catching_up_within(SHORT).never_the_writer().await;
    let error = error.unwrap_err();
    let ClientError::NoFitReader { readers, .. } = &error else {
        panic!("{error}");
    };
    assert!(matches!(readers[0].why, Unfit::Behind { .. }), "{error}");
    assert!(error.to_string().contains("orders-2"), "{error}");
}

#[tokio::test]
async fn a_replica_that_catches_up_in_time_is_waited_for_by_another_process_too() {
    let (stage, lictor) = stage(1).await;
    let replica = stage.node(2);
    stop_applying(replica).await;
    let session = lictor.session();
    session
        .with_writer("orders", Idempotent::No, |conn| {
            conn.query_drop("INSERT INTO t VALUES (1)")
        })
        .await
        .unwrap();
    let token = session.causality().to_string();

    let other = stage.client().await;
    let seen: Causality = token.parse().unwrap();
    let session = other.session_after(seen);
    let read = session.reader("orders", AnyLag).never_the_writer();
    let read = read.catching_up_within(PATIENCE);
    let catch_up = async {
        eventually("the read to wait", PATIENCE, || async {
            let waiting = "SELECT COUNT(*) FROM information_schema.processlist \
                           WHERE info LIKE 'SELECT WAIT_FOR_EXECUTED_GTID_SET%'";
            match replica.value(waiting).await.unwrap().as_str() {
                "1" => Ok(()),
                other => Err(other.to_owned()),
            }
        })
        .await
        .unwrap();
        replica.sql("START REPLICA SQL_THREAD").await.unwrap();
    };
    let (reader, ()) = join!(read.into_future(), catch_up);
    let mut reader = reader.unwrap();
    assert_eq!(name_of(&stage, &reader), "orders-2");
    assert_eq!(value::<u8>(&mut reader, COUNT).await, 1);
}

#[tokio::test]
async fn after_a_write_that_was_cut_off_only_the_writer_is_asked_until_the_next_one() {
    let (stage, lictor) = stage(1).await;
    let session = lictor.session();
    let cut_off = session.with_writer("orders", Idempotent::No, |conn| {
        Box::pin(async move {
            conn.query_drop("INSERT INTO t VALUES (1)").await?;
            let _ = conn.query_drop("KILL CONNECTION_ID()").await;
            conn.query_drop("DO 1").await
        })
    });
    let error = cut_off.await.unwrap_err();
    assert!(
        matches!(error, ClientError::MaybeExecuted { .. }),
        "{error}"
    );
    assert_eq!(session.causality().to_string(), "orders=?");
    let mut reader = session.reader("orders", AnyLag).await.unwrap();
    assert_eq!(name_of(&stage, &reader), "orders-1");
    assert_eq!(value::<u8>(&mut reader, COUNT).await, 1);
    drop(reader);
    let error = session.reader("orders", AnyLag).never_the_writer().await;
    let error = error.unwrap_err();
    assert!(matches!(error, ClientError::NoFitReader { .. }), "{error}");

    let again = session.with_writer("orders", Idempotent::No, |conn| {
        conn.query_drop("INSERT INTO t VALUES (2)")
    });
    again.await.unwrap();
    let read = session.reader("orders", AnyLag).never_the_writer();
    let mut reader = read.catching_up_within(PATIENCE).await.unwrap();
    assert_eq!(name_of(&stage, &reader), "orders-2");
    assert_eq!(value::<u8>(&mut reader, COUNT).await, 2);
}
