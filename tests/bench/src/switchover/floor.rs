//! The floor: a switchover by hand, with connections that are already open and
//! only the statements that cannot be left out. It checks nothing, undoes nothing
//! and survives nothing. Its writers are told by a lock in the same process, and
//! have a connection to every node already.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lictor_bench::ms;
use lictor_integration::PATIENCE;
use lictor_lab::{APP, Lab, Node, ROOT, Server, eventually};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::sync::{Mutex, RwLock};
use tokio::task::JoinSet;

use crate::WRITERS;

/// How long writers are at work before and after a switchover.
const AROUND: Duration = Duration::from_millis(500);

/// A bare cluster.
pub(crate) struct Floor {
    lab: Lab,
    next_id: Arc<AtomicU64>,
}

/// Writers at work, and where they write: a switchover takes the lock.
struct Writers {
    place: Arc<RwLock<usize>>,
    acknowledged: Arc<Mutex<Vec<Instant>>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Result<()>>,
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
            next_id: Arc::new(AtomicU64::new(1)),
        })
    }

    /// Switches over by hand; the time without a write in milliseconds.
    pub(crate) async fn switch(&self) -> Result<f64> {
        let nodes = self.lab.cluster("bare").nodes();
        let primary = self.lab.cluster("bare").primary().await?;
        let from = nodes.iter().position(|node| node.name() == primary.name());
        let from = from.context("the primary is no node")?;
        let (to, third) = ((from + 1) % nodes.len(), (from + 2) % nodes.len());
        let (old, best, other) = (&nodes[from], &nodes[to], &nodes[third]);
        let writers = self.writers(nodes, from).await?;
        let mut hands = (
            old.connect(ROOT).await?,
            best.connect(ROOT).await?,
            other.connect(ROOT).await?,
        );
        tokio::time::sleep(AROUND).await;

        let begun = Instant::now();
        let mut place = writers.place.write().await;
        let committed = close(&mut hands.0).await?;
        let wait = format!("SELECT WAIT_FOR_EXECUTED_GTID_SET('{committed}', 60)");
        let waited: Option<u32> = hands.1.query_first(wait).await?;
        ensure!(waited == Some(0), "{} did not catch up", best.name());
        hands
            .1
            .query_drop(
                "SET GLOBAL rpl_semi_sync_source_enabled = ON; SET GLOBAL super_read_only = OFF; \
                 SET GLOBAL read_only = OFF",
            )
            .await?;
        *place = to;
        drop(place);
        let address = best.address();
        let follow = format!(
            "STOP REPLICA IO_THREAD; CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{}', \
             SOURCE_PORT = {}; START REPLICA IO_THREAD",
            address.ip(),
            address.port()
        );
        let (followed, forgotten) = tokio::join!(
            hands.2.query_drop(follow),
            hands.1.query_drop("STOP REPLICA; RESET REPLICA ALL"),
        );
        followed?;
        forgotten?;
        hands
            .0
            .query_drop("SET GLOBAL rpl_semi_sync_source_enabled = OFF")
            .await?;
        old.replicate_from(best).await?;
        tokio::time::sleep(AROUND).await;
        let gap = writers.finish(begun).await?;
        self.settled(nodes, best).await?;
        Ok(ms(gap))
    }

    async fn writers(&self, nodes: &[Node], primary: usize) -> Result<Writers> {
        let place = Arc::new(RwLock::new(primary));
        let acknowledged = Arc::new(Mutex::new(vec![]));
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..WRITERS {
            let mut connections = vec![];
            for node in nodes {
                connections.push(node.connect(APP).await?);
            }
            let (place, acknowledged) = (place.clone(), acknowledged.clone());
            let (stop, next_id) = (stop.clone(), self.next_id.clone());
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let place = place.read().await;
                    let id = next_id.fetch_add(1, Ordering::Relaxed);
                    let write = format!("INSERT INTO app.writes (id) VALUES ({id})");
                    connections[*place].query_drop(write).await?;
                    acknowledged.lock().await.push(Instant::now());
                }
                Ok(())
            });
        }
        Ok(Writers {
            place,
            acknowledged,
            stop,
            tasks,
        })
    }

    /// Everyone holds everything.
    async fn settled(&self, nodes: &[Node], primary: &Node) -> Result<()> {
        let executed = primary.gtid_executed().await?;
        eventually("everyone to hold everything", PATIENCE, || async {
            for node in nodes {
                let theirs = node.gtid_executed().await?;
                ensure!(theirs == executed, "{} has {theirs}", node.name());
            }
            Ok(())
        })
        .await
    }
}

impl Writers {
    /// Stops them; the longest time without an acknowledgement.
    async fn finish(mut self, begun: Instant) -> Result<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        let mut times = self.acknowledged.lock().await.clone();
        times.sort();
        let first = times.partition_point(|at| *at < begun).saturating_sub(1);
        let pairs = times.get(first..).unwrap_or_default().windows(2);
        let gap = pairs.map(|pair| pair[1] - pair[0]).max();
        gap.context("nothing was acknowledged")
    }
}

/// Closes the old primary; all it has committed.
async fn close(hand: &mut Conn) -> Result<String> {
    let mut result = hand
        .query_iter("SET GLOBAL super_read_only = ON; SELECT @@global.gtid_executed")
        .await?;
    let _: Vec<String> = result.collect().await?;
    let sets: Vec<String> = result.collect().await?;
    drop(result);
    sets.into_iter().next().context("no GTID set")
}
