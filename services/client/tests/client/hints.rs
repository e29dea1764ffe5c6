//! What the control plane tells beside the table: lags decide which replica may
//! serve a read, shares how many connections there may be.

use std::time::Duration;

use lictor_client::mysql_async::prelude::Queryable;
use lictor_client::{
    AnyLag, CheckoutError, ClientError, Connection, Idempotent, Lictor, MaxLag, Unfit,
};
use lictor_lab::{Server, eventually};
use lictor_wire::v1;
use lictor_wire::v1::subscribe_response::Message;

use crate::control_plane::PATIENCE;
use crate::stage::{SHORT, Stage};

const WITHIN: MaxLag = MaxLag(Duration::from_secs(2));

fn hint(node: &str, lag_at_most_ms: Option<u64>, connections: Option<u32>) -> v1::NodeHint {
    v1::NodeHint {
        node: node.to_owned(),
        lag_at_most_ms,
        connections,
    }
}

async fn told(stage: &Stage, lictor: &Lictor, nodes: Vec<v1::NodeHint>) {
    let wanted = nodes.len();
    stage.plane.send_raw(Message::Hints(v1::Hints { nodes }));
    eventually("the hints to come", PATIENCE, || async {
        match lictor.routes().hints().nodes.len() {
            found if found == wanted => Ok(()),
            found => Err(format!("{found} nodes")),
        }
    })
    .await
    .unwrap();
}

fn is(stage: &Stage, connection: &Connection, number: usize) -> bool {
    connection.node().to_string() == stage.node(number).address().to_string()
}

#[tokio::test]
async fn only_a_replica_known_to_be_within_the_limit_serves_the_read() {
    let stage = Stage::orders(2).await;
    let lictor = stage.client().await;
    // Nothing is known yet: unknown is not within.
    assert!(is(
        &stage,
        &lictor.reader("orders", WITHIN).await.unwrap(),
        1
    ));
    let error = lictor.reader("orders", WITHIN).never_the_writer().await;
    let error = error.unwrap_err();
    let ClientError::NoFitReader { readers, .. } = &error else {
        panic!("{error}");
    };
    assert!(matches!(readers[0].why, Unfit::LagUnknown), "{error}");

    let nodes = vec![
        hint("orders-2", Some(5000), None),
        hint("orders-3", Some(2000), None),
    ];
    told(&stage, &lictor, nodes).await;
    for _ in 0..4 {
        let reader = lictor.reader("orders", WITHIN).never_the_writer().await;
        assert!(is(&stage, &reader.unwrap(), 3));
    }
    let shorter = MaxLag(Duration::from_millis(500));
    assert!(is(
        &stage,
        &lictor.reader("orders", shorter).await.unwrap(),
        1
    ));
    assert!(!is(
        &stage,
        &lictor.reader("orders", AnyLag).await.unwrap(),
        1
    ));
}

#[tokio::test]
async fn a_lag_that_nobody_keeps_up_to_date_is_unknown_again_and_a_share_stays() {
    let stage = Stage::orders(1).await;
    let lictor = stage.client().await;
    let replica = "orders-2".parse().unwrap();
    let known = hint("orders-2", Some(0), Some(5));
    told(&stage, &lictor, vec![known]).await;
    let reader = lictor.reader("orders", WITHIN).await.unwrap();
    assert!(is(&stage, &reader, 2));
    let Stage { lab: _lab, plane } = stage;
    plane.stop().await;
    eventually("the hints to end", PATIENCE, || async {
        match lictor.routes().hints().lag_at_most(&replica) {
            None => Ok(()),
            left => Err(format!("{left:?}")),
        }
    })
    .await
    .unwrap();
    assert_eq!(lictor.routes().hints().connections(&replica), Some(5));
    let error = lictor.reader("orders", WITHIN).never_the_writer().await;
    assert!(
        matches!(error, Err(ClientError::NoFitReader { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_share_of_a_nodes_connections_bounds_its_pool() {
    let stage = Stage::orders(0).await;
    let mut config = stage.config();
    config.pool.connection_timeout = SHORT;
    let lictor = Lictor::connect(config).await.unwrap();
    let two = [
        lictor.writer("orders").await.unwrap(),
        lictor.writer("orders").await.unwrap(),
    ];
    drop(two);
    told(&stage, &lictor, vec![hint("orders-1", None, Some(1))]).await;
    eventually("the share to count", PATIENCE, || async {
        let _one = lictor.writer("orders").await.unwrap();
        match lictor.writer("orders").await {
            Ok(_) => Err("a second connection".to_owned()),
            Err(ClientError::TimedOut { source, .. }) => match *source {
                CheckoutError::Exhausted(1) => Ok(()),
                other => Err(other.to_string()),
            },
            Err(other) => Err(other.to_string()),
        }
    })
    .await
    .unwrap();
    told(&stage, &lictor, vec![]).await;
    let work = lictor.with_writer("orders", Idempotent::No, |conn| conn.query_drop("DO 1"));
    work.await.unwrap();
}
