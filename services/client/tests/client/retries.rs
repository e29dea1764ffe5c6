//! What is done again, and what is not, when a real server takes work away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::join;
use lictor_client::mysql_async::prelude::Queryable;
use lictor_client::{AnyLag, ClientError, Idempotent, Interruption, Lictor, Retry};
use lictor_lab::{APP, Node, ROOT, Server, eventually};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::sync::Barrier;

use crate::control_plane::PATIENCE;
use crate::stage::Stage;

async fn stage() -> (Stage, Lictor) {
    let stage = Stage::orders(0).await;
    stage
        .create("orders", "t (id INT PRIMARY KEY, n INT NOT NULL)")
        .await;
    let lictor = stage.client().await;
    (stage, lictor)
}

/// The application's connection that waits for a lock on the table.
async fn waiter(node: &Node) -> String {
    let sql = format!(
        "SELECT id FROM information_schema.processlist \
         WHERE user = '{}' AND state LIKE 'Waiting for table metadata lock%'",
        APP.user
    );
    eventually("a statement to wait", PATIENCE, || node.value(&sql))
        .await
        .unwrap()
}

/// Inserts while the table is locked; the connection is killed once, then the
/// lock is let go. How it ended, and how often it was tried.
async fn insert_and_be_killed(retry: impl Into<Retry>) -> (Result<(), ClientError>, u32, String) {
    let (stage, lictor) = stage().await;
    let node = stage.node(1);
    let mut lock = node.connect(ROOT).await.unwrap();
    lock.query_drop("LOCK TABLES app.t WRITE").await.unwrap();
    let tried = AtomicU32::new(0);
    let work = lictor.with_writer("orders", retry, |conn| {
        tried.fetch_add(1, Ordering::Relaxed);
        conn.query_drop("INSERT INTO t VALUES (1, 1)")
    });
    let kill = async {
        let first = waiter(node).await;
        node.sql(&format!("KILL {first}")).await.unwrap();
        lock.query_drop("UNLOCK TABLES").await.unwrap();
    };
    let (done, ()) = join!(work, kill);
    let rows = node.value("SELECT COUNT(*) FROM app.t").await.unwrap();
    (done, tried.into_inner(), rows)
}

#[tokio::test]
async fn work_whose_connection_is_killed_is_not_repeated_and_the_caller_is_told() {
    let (done, tried, rows) = insert_and_be_killed(Idempotent::No).await;
    let Err(ClientError::MaybeExecuted { source, .. }) = done else {
        panic!("{done:?}");
    };
    assert!(matches!(source, Interruption::Broken(_)), "{source}");
    assert_eq!((tried, rows.as_str()), (1, "0"));
}

#[tokio::test]
async fn work_that_may_be_done_twice_is_repeated_on_a_new_connection() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _local = metrics::set_default_local_recorder(&recorder);
    let (done, tried, rows) = insert_and_be_killed(Retry::new().idempotent()).await;
    done.unwrap();
    assert_eq!((tried, rows.as_str()), (2, "1"));
    let told = metrics.render();
    let again = "lictor_client_retries_total{cluster=\"orders\",reason=\"cut_off\"} 1";
    assert!(told.contains(again), "{told}");
}

#[tokio::test]
async fn not_even_that_is_repeated_more_often_than_told() {
    let (done, tried, _) = insert_and_be_killed(Retry::never().idempotent()).await;
    assert!(
        matches!(done, Err(ClientError::MaybeExecuted { .. })),
        "{done:?}"
    );
    assert_eq!(tried, 1);
}

#[tokio::test]
async fn idempotent_work_outlives_the_death_and_the_restart_of_the_server() {
    let (stage, lictor) = stage().await;
    let node = stage.node(1);
    let mut lock = node.connect(ROOT).await.unwrap();
    lock.query_drop("LOCK TABLES app.t WRITE").await.unwrap();
    let work = lictor.with_writer("orders", Idempotent::Yes, |conn| {
        conn.query_drop("INSERT IGNORE INTO t VALUES (1, 1)")
    });
    let restart = async {
        waiter(node).await;
        node.kill().unwrap();
        // It boots read-only: until it is opened, it refuses the work.
        node.start().await.unwrap();
        node.open_alone().await.unwrap();
    };
    let (done, ()) = join!(work, restart);
    done.unwrap();
    assert_eq!(node.value("SELECT n FROM app.t").await.unwrap(), "1");
}

#[tokio::test]
async fn the_victim_of_a_deadlock_is_done_again_though_it_must_not_be_done_twice() {
    let (stage, lictor) = stage().await;
    let node = stage.node(1);
    node.sql("INSERT INTO app.t VALUES (1, 0), (2, 0)")
        .await
        .unwrap();
    let both_hold_one = Arc::new(Barrier::new(2));
    let tried = Arc::new(AtomicU32::new(0));
    let transfer = |first: u8, second: u8| {
        let (barrier, tried) = (both_hold_one.clone(), tried.clone());
        lictor.with_writer("orders", Idempotent::No, move |conn| {
            let (barrier, tried) = (barrier.clone(), tried.clone());
            Box::pin(async move {
                let update = |id| format!("UPDATE t SET n = n + 1 WHERE id = {id}");
                conn.query_drop("BEGIN").await?;
                conn.query_drop(update(first)).await?;
                if tried.fetch_add(1, Ordering::Relaxed) < 2 {
                    barrier.wait().await;
                }
                conn.query_drop(update(second)).await?;
                conn.query_drop("COMMIT").await
            })
        })
    };
    let (one, other) = join!(transfer(1, 2), transfer(2, 1));
    one.unwrap();
    other.unwrap();
    assert_eq!(tried.load(Ordering::Relaxed), 3, "one victim, once more");
    let sum = node
        .value("SELECT GROUP_CONCAT(n) FROM app.t")
        .await
        .unwrap();
    assert_eq!(sum, "2,2");
}

#[tokio::test]
async fn a_read_cut_off_by_a_dead_replica_goes_on_at_another() {
    let stage = Stage::orders(2).await;
    let lictor = stage.client().await;
    let (tried, sleeping) = (AtomicU32::new(0), "SELECT SLEEP(20)");
    let read = lictor
        .reader("orders", AnyLag)
        .run(Idempotent::Yes, |conn| {
            let first = tried.fetch_add(1, Ordering::Relaxed) == 0;
            conn.query_first::<String, _>(if first { sleeping } else { "SELECT @@hostname" })
        });
    let kill = async {
        let busy =
            format!("SELECT id FROM information_schema.processlist WHERE info = '{sleeping}'");
        let node = eventually("the read to run", PATIENCE, || async {
            for node in &stage.lab.cluster("orders").nodes()[1..] {
                if node.value(&busy).await.is_ok() {
                    return Ok(node);
                }
            }
            Err("nowhere")
        })
        .await
        .unwrap();
        node.kill().unwrap();
    };
    let (answer, ()) = join!(read, kill);
    assert!(answer.unwrap().is_some());
    assert_eq!(tried.load(Ordering::Relaxed), 2);
}
