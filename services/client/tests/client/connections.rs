//! Waiting for connections, without any MySQL: what is told when there is none.

use std::error::Error;
use std::time::Duration;

use lictor_client::domain::RouteState;
use lictor_client::mysql_async::prelude::Queryable;
use lictor_client::{AnyLag, ClientConfig, ClientError, Credentials, Idempotent, Lictor};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::control_plane::{ControlPlane, PATIENCE, node, revision, served_by, table};

async fn connect(plane: &ControlPlane, acquire_timeout: Duration) -> Lictor {
    let credentials = Credentials {
        user: "app".to_owned(),
        password: "secret".into(),
        database: None,
    };
    let mut config = ClientConfig::new("shop-1", vec![plane.url()], credentials);
    // The first table is waited for as long as a connection.
    config.pool.connection_timeout = acquire_timeout;
    config.pool.login_timeout = Duration::from_millis(100);
    Lictor::connect(config).await.unwrap()
}

const SHORT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn without_a_primary_the_wait_ends_with_that_reason() {
    let plane = ControlPlane::start(vec![table(1, 1, RouteState::NoPrimary)]).await;
    let lictor = connect(&plane, SHORT).await;
    let error = lictor.writer("orders").await.unwrap_err();
    assert!(matches!(error, ClientError::NoPrimary { .. }), "{error}");

    plane.publish(table(2, 1, RouteState::Held));
    let mut changes = lictor.routes().changes();
    let second = Some(revision(2));
    timeout(PATIENCE, changes.wait_for(|held| *held == second))
        .await
        .unwrap()
        .unwrap();
    let error = lictor.writer("orders").await.unwrap_err();
    assert!(matches!(error, ClientError::Held { .. }), "{error}");
}

#[tokio::test]
async fn an_unknown_cluster_is_an_error_at_once() {
    let plane = ControlPlane::start(vec![served_by(1, 1)]).await;
    let lictor = connect(&plane, PATIENCE * 10).await;
    for result in [
        timeout(PATIENCE, lictor.writer("users")).await.unwrap(),
        timeout(PATIENCE, lictor.reader("users", AnyLag))
            .await
            .unwrap(),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, ClientError::UnknownCluster(_)), "{error}");
    }
}

#[tokio::test]
async fn a_node_where_nothing_listens_is_named_with_the_reason() {
    let plane = ControlPlane::start(vec![served_by(1, 1)]).await;
    let lictor = connect(&plane, SHORT).await;
    for error in [
        lictor.writer("orders").await.unwrap_err(),
        lictor.reader("orders", AnyLag).await.unwrap_err(),
    ] {
        let ClientError::TimedOut {
            node: named,
            source,
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(*named, node(1).address);
        let cause = source.source().expect("a cause").to_string();
        assert!(cause.contains("refused"), "{cause}");
    }
}

#[tokio::test]
async fn a_waiter_for_a_writer_wakes_when_the_route_leaves_a_hung_node() {
    // It takes connections and never says a word.
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut writer = node(1);
    writer.address = hung.local_addr().unwrap().to_string().parse().unwrap();
    let plane = ControlPlane::start(vec![table(1, 1, RouteState::Serving { writer })]).await;
    let mut config = ClientConfig::new(
        "shop-1",
        vec![plane.url()],
        Credentials {
            user: "app".to_owned(),
            password: "secret".into(),
            database: None,
        },
    );
    // Only the route can end the wait for the hung node.
    config.pool.login_timeout = PATIENCE * 10;
    config.pool.connection_timeout = PATIENCE * 10;
    let lictor = Lictor::connect(config).await.unwrap();

    let next = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let work = lictor.with_writer("orders", Idempotent::No, |conn| conn.query_drop("DO 1"));
    let moves = async {
        // The work's login and the one to keep ready.
        let _first = hung.accept().await.unwrap();
        let _second = hung.accept().await.unwrap();
        let mut writer = node(2);
        writer.address = next.local_addr().unwrap().to_string().parse().unwrap();
        plane.publish(table(2, 2, RouteState::Serving { writer }));
        next.accept().await.unwrap();
    };
    tokio::select! {
        result = work => panic!("no node answers, but the work ended: {result:?}"),
        done = timeout(PATIENCE, moves) => done.unwrap(),
    }
}

#[tokio::test]
async fn work_on_the_writer_can_be_spawned() {
    let plane = ControlPlane::start(vec![table(1, 1, RouteState::NoPrimary)]).await;
    let lictor = connect(&plane, SHORT).await;
    let id = 7_u64;
    let task = tokio::spawn(async move {
        lictor
            .with_writer("orders", Idempotent::Yes, |conn| {
                Box::pin(async move { conn.exec_drop("DO ?", (id,)).await })
            })
            .await
    });
    let error = task.await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::NoPrimary { .. }), "{error}");
}
