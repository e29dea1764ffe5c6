//! Pools on a real server: how many connections there are, how old they get,
//! and what the next user finds.

use std::sync::Arc;

use futures::future::join_all;
use lictor_client::mysql_async::prelude::Queryable;
use lictor_client::{CheckoutError, ClientError, Idempotent, Lictor};
use lictor_lab::{Server, eventually};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::control_plane::PATIENCE;
use crate::stage::{SHORT, Stage, connections, value};

async fn settles_at(stage: &Stage, wanted: usize) {
    eventually("the number of connections", PATIENCE, || async {
        match connections(stage.node(1)).await {
            found if found == wanted => Ok(()),
            found => Err(format!("{found} instead of {wanted}")),
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn there_are_never_more_connections_than_the_maximum() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);

    let stage = Stage::orders(0).await;
    let mut config = stage.config();
    config.pool.maximum_pool_size = 3;
    config.pool.minimum_idle = 3;
    let lictor = Arc::new(Lictor::connect(config.clone()).await.unwrap());
    let most = join_all((0..24).map(|_| async {
        let mut writer = lictor.writer("orders").await.unwrap();
        let count = "SELECT COUNT(*) FROM information_schema.processlist";
        let seen: usize = value(&mut writer, count).await;
        seen
    }))
    .await;
    assert!(most.iter().all(|seen| *seen <= 3), "{most:?}");
    drop(lictor);

    config.pool.connection_timeout = SHORT;
    let lictor = Lictor::connect(config).await.unwrap();
    let _all = join_all((0..3).map(|_| lictor.writer("orders"))).await;
    let error = lictor.writer("orders").await.unwrap_err();
    let ClientError::TimedOut { source, .. } = &error else {
        panic!("{error}");
    };
    assert!(matches!(**source, CheckoutError::Exhausted(3)), "{source}");
    let told = metrics.render();
    let node = stage.node(1).address();
    let refused =
        format!("lictor_client_checkouts_total{{node=\"{node}\",outcome=\"exhausted\"}} 1");
    assert!(told.contains(&refused), "{told}");
}

#[tokio::test]
async fn so_many_idle_connections_are_kept_and_no_more() {
    let stage = Stage::orders(0).await;
    let mut config = stage.config();
    config.pool.minimum_idle = 2;
    config.pool.idle_timeout = SHORT;
    let lictor = Lictor::connect(config).await.unwrap();
    settles_at(&stage, 2).await;
    let busy = join_all((0..6).map(|_| lictor.writer("orders"))).await;
    assert!(busy.iter().all(Result::is_ok));
    assert!(connections(stage.node(1)).await >= 6);
    drop(busy);
    settles_at(&stage, 2).await;
}

#[tokio::test]
async fn no_connection_gets_older_than_the_lifetime() {
    let stage = Stage::orders(0).await;
    let mut config = stage.config();
    config.pool.minimum_idle = 0;
    config.pool.max_lifetime = SHORT;
    config.pool.keepalive_time = SHORT / 2;
    let lictor = Lictor::connect(config).await.unwrap();
    let first = lictor.writer("orders").await.unwrap().id();
    eventually("another connection", PATIENCE, || async {
        let now = lictor.writer("orders").await.unwrap().id();
        if now == first { Err(now) } else { Ok(()) }
    })
    .await
    .unwrap();
    // The old ones are gone from the server too.
    settles_at(&stage, 0).await;
}

#[tokio::test]
async fn the_next_user_finds_a_fresh_session_and_no_open_transaction() {
    let stage = Stage::orders(0).await;
    stage.create("orders", "t (id INT PRIMARY KEY)").await;
    let mut config = stage.config();
    config.pool.maximum_pool_size = 1;
    let lictor = Lictor::connect(config).await.unwrap();

    let mut writer = lictor.writer("orders").await.unwrap();
    let before = writer.id();
    writer
        .query_drop("SET @mine = 1; BEGIN; INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    drop(writer);
    let mut writer = lictor.writer("orders").await.unwrap();
    assert_eq!(writer.id(), before, "the same connection");
    assert_eq!(
        value::<Option<u8>>(&mut writer, "SELECT @mine").await,
        None,
        "a user variable of the one before"
    );
    assert_eq!(value::<u8>(&mut writer, "SELECT COUNT(*) FROM t").await, 0);
}

#[tokio::test]
async fn connections_that_a_restart_has_killed_are_replaced_unnoticed() {
    let stage = Stage::orders(0).await;
    let mut config = stage.config();
    config.pool.minimum_idle = 4;
    let lictor = Lictor::connect(config).await.unwrap();
    settles_at(&stage, 4).await;
    stage.node(1).start().await.unwrap();
    stage.node(1).open_alone().await.unwrap();
    let done = lictor.with_writer("orders", Idempotent::No, |conn| conn.query_drop("DO 1"));
    done.await.unwrap();
}
