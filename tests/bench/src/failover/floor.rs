//! The floor: a failover by hand, with connections that are already open and
//! only the statements that cannot be left out. It checks nothing, proves
//! nothing and survives nothing; it is only the least time MySQL needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lictor_bench::ms;
use lictor_integration::PATIENCE;
use lictor_lab::{APP, Lab, Node, ROOT, Server, eventually};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::task::JoinHandle;

use crate::figures::Round;

/// How often a node is asked whether it accepts writes yet.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Watches nodes until one accepts writes; both sides are measured by it.
pub(crate) async fn until_writable(nodes: &[&Node]) -> Result<JoinHandle<Result<Instant>>> {
    let mut connections = vec![];
    for node in nodes {
        connections.push(node.connect(ROOT).await?);
    }
    Ok(tokio::spawn(async move {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            for connection in &mut connections {
                let closed: Option<bool> = connection
                    .query_first("SELECT @@global.super_read_only")
                    .await?;
                if closed == Some(false) {
                    return Ok(Instant::now());
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("no node accepts writes")
    }))
}

/// A bare cluster.
pub(crate) struct Floor {
    lab: Lab,
    next_id: AtomicU64,
}

impl Floor {
    /// Starts the cluster, without a control plane.
    pub(crate) async fn start() -> Result<Self> {
        let lab = Lab::builder().cluster("bare", 2).start().await?;
        let primary = lab.cluster("bare").primary().await?;
        primary
            .sql("CREATE TABLE app.writes (id BIGINT UNSIGNED PRIMARY KEY)")
            .await?;
        Ok(Self {
            lab,
            next_id: AtomicU64::new(1),
        })
    }

    /// Kills the primary and fails over by hand.
    pub(crate) async fn kill(&self) -> Result<Round> {
        let cluster = self.lab.cluster("bare");
        let old = cluster.primary().await?;
        let replicas: Vec<&Node> = cluster
            .nodes()
            .iter()
            .filter(|node| node.name() != old.name())
            .collect();
        let [first, second] = replicas[..] else {
            bail!("the floor needs two replicas");
        };
        self.warm(old, &replicas).await?;
        let mut hands = (first.connect(ROOT).await?, second.connect(ROOT).await?);
        let mut writers = (first.connect(APP).await?, second.connect(APP).await?);
        let mut tripwire = old.connect(ROOT).await?;
        let eof = tokio::spawn(async move { tripwire.query_drop("DO SLEEP(600)").await });
        let watch = until_writable(&replicas).await?;

        let begun = Instant::now();
        old.kill()?;
        let ended = eof.await?;
        if ended.is_ok() {
            bail!("the standing connection outlived the primary");
        }
        let (one, other) = tokio::join!(stop_receiver(&mut hands.0), stop_receiver(&mut hands.1));
        let first_is_best = one?.len() >= other?.len();
        let (best, best_hand, writer, other_hand) = if first_is_best {
            (first, &mut hands.0, &mut writers.0, &mut hands.1)
        } else {
            (second, &mut hands.1, &mut writers.1, &mut hands.0)
        };
        best_hand
            .query_drop(
                "SET GLOBAL rpl_semi_sync_source_enabled = ON; SET GLOBAL super_read_only = OFF; \
                 SET GLOBAL read_only = OFF",
            )
            .await?;
        let write = format!("INSERT INTO app.writes (id) VALUES ({})", self.next_id());
        let address = best.address();
        let follow = format!(
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{}', SOURCE_PORT = {}; \
             START REPLICA IO_THREAD",
            address.ip(),
            address.port()
        );
        let (written, followed, forgotten) = tokio::join!(
            async {
                writer.query_drop(write).await?;
                mysql_async::Result::Ok(Instant::now())
            },
            other_hand.query_drop(follow),
            best_hand.query_drop("STOP REPLICA; RESET REPLICA ALL"),
        );
        let acked = written?;
        followed?;
        forgotten?;
        let writable = watch.await.context("the watch was lost")??;
        // Wiped, so that an errant transaction cannot stand in the way.
        old.rebuild().await?;
        old.replicate_from(best).await?;
        Ok(Round {
            writable_ms: ms(writable - begun),
            acked_ms: ms(acked - begun),
        })
    }

    fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes flow, both replicas hold everything, and the primary's memory is
    /// as full as that of a primary in use.
    async fn warm(&self, primary: &Node, replicas: &[&Node]) -> Result<()> {
        for _ in 0..50 {
            let id = self.next_id();
            primary
                .sql(&format!("INSERT INTO app.writes (id) VALUES ({id})"))
                .await?;
        }
        let executed = primary.gtid_executed().await?;
        eventually("both replicas to hold everything", PATIENCE, || async {
            for node in replicas {
                let theirs = node.gtid_executed().await?;
                if theirs != executed {
                    bail!("{} has {theirs}, not {executed}", node.name());
                }
            }
            Ok(())
        })
        .await
    }
}

/// Stops the receiver, and reads what it has received.
async fn stop_receiver(connection: &mut Conn) -> Result<String> {
    let mut result = connection
        .query_iter(
            "STOP REPLICA IO_THREAD; \
             SELECT CONCAT(@@global.gtid_executed, RECEIVED_TRANSACTION_SET) \
             FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME = ''",
        )
        .await?;
    let _: Vec<String> = result.collect().await?;
    let sets: Vec<String> = result.collect().await?;
    drop(result);
    sets.into_iter()
        .next()
        .context("the replica has no channel")
}
