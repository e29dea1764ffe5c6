//! Writers that insert through `lictor-client` and remember every write that
//! was acknowledged.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::BoxFuture;
use lictor_client::{Idempotent, Lictor};
use lictor_lab::{Node, Server, eventually};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::task::JoinSet;

use crate::scene::PATIENCE;

/// An acknowledged write.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// What was written.
    pub id: u64,
    /// The host that acknowledged it.
    pub server: String,
    /// When it was sent there.
    pub sent: Instant,
    /// When its acknowledgement came.
    pub at: Instant,
}

/// What was acknowledged.
#[derive(Debug, Default)]
pub struct Ledger {
    acknowledged: Mutex<Vec<Acknowledged>>,
    failed: Mutex<Vec<String>>,
}

impl Ledger {
    /// Remembers that `server` has just acknowledged a write sent at `sent`.
    pub fn acknowledge(&self, id: u64, server: String, sent: Instant) {
        let at = Instant::now();
        self.locked().push(Acknowledged {
            id,
            server,
            sent,
            at,
        });
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Acknowledged>> {
        self.acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Every write acknowledged so far, in the order of the acknowledgements.
    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        self.locked().clone()
    }

    fn fail(&self, error: String) {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(error);
    }

    /// How many writes were acknowledged so far.
    pub fn count(&self) -> usize {
        self.locked().len()
    }

    /// The first write acknowledged after `moment`.
    pub fn first_after(&self, moment: Instant) -> Option<Instant> {
        let acknowledged = self.locked();
        let mut moments = acknowledged.iter().map(|write| write.at);
        moments.find(|at| *at > moment)
    }

    /// The longest time without an acknowledgement to anybody, from the last one
    /// before `moment` on.
    pub fn longest_gap(&self, moment: Instant) -> Option<Duration> {
        let mut times: Vec<Instant> = self.locked().iter().map(|write| write.at).collect();
        times.sort();
        let first = times.partition_point(|at| *at < moment).saturating_sub(1);
        let pairs = times.get(first..)?.windows(2);
        pairs.map(|pair| pair[1] - pair[0]).max()
    }

    /// What writers were told instead of an acknowledgement.
    pub fn failures(&self) -> Vec<String> {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// No write failed, and a node has every acknowledged one.
    pub async fn is_whole_on(&self, node: &Node) -> Result<()> {
        let (failures, missing) = (self.failures(), self.missing_on(node).await?);
        ensure!(failures.is_empty(), "failed: {failures:?}");
        ensure!(missing.is_empty(), "{} lacks {missing:?}", node.name());
        Ok(())
    }

    /// The acknowledged writes that a node does not have.
    pub async fn missing_on(&self, node: &Node) -> Result<Vec<u64>> {
        let rows = node.sql("SELECT id FROM app.writes").await?;
        let there: BTreeSet<u64> = rows
            .iter()
            .filter_map(|row| row.first()?.parse().ok())
            .collect();
        let acknowledged = self.locked();
        let ids = acknowledged.iter().map(|write| write.id);
        Ok(ids.filter(|id| !there.contains(id)).collect())
    }
}

/// Where writers write.
#[derive(Clone)]
enum Target {
    /// A cluster.
    Cluster(String),
    /// The shard of a keyspace that owns the id.
    Keyspace(String),
}

/// Writers at work.
pub struct Load {
    ledger: Arc<Ledger>,
    stop: Arc<AtomicBool>,
    writers: JoinSet<()>,
}

impl Load {
    /// Makes the table on the primary.
    pub async fn prepare(primary: &Node) -> Result<()> {
        primary
            .sql("CREATE TABLE IF NOT EXISTS app.writes (id BIGINT UNSIGNED PRIMARY KEY)")
            .await
            .context("cannot make the table of the writers")?;
        Ok(())
    }

    /// Starts so many writers on a cluster; ids begin at `first`.
    pub fn start(client: &Arc<Lictor>, cluster: &str, writers: u64, first: u64) -> Self {
        Self::start_paced(client, cluster, writers, first, Duration::ZERO)
    }

    /// The same with a rest after each write.
    pub fn start_paced(
        client: &Arc<Lictor>,
        cluster: &str,
        writers: u64,
        first: u64,
        rest: Duration,
    ) -> Self {
        let target = Target::Cluster(cluster.to_owned());
        Self::start_at(client, &target, writers, first, rest)
    }

    /// Starts so many writers on a keyspace, each write where its id lives.
    pub fn start_on_keyspace(client: &Arc<Lictor>, keyspace: &str, writers: u64) -> Self {
        let target = Target::Keyspace(keyspace.to_owned());
        Self::start_at(client, &target, writers, 1, Duration::ZERO)
    }

    fn start_at(
        client: &Arc<Lictor>,
        target: &Target,
        writers: u64,
        first: u64,
        rest: Duration,
    ) -> Self {
        let ledger = Arc::new(Ledger::default());
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicU64::new(first));
        let mut tasks = JoinSet::new();
        for _ in 0..writers {
            let (client, target) = (client.clone(), target.clone());
            let (ledger, stop, next) = (ledger.clone(), stop.clone(), next.clone());
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    match write(&client, &target, id).await {
                        Ok((server, sent)) => ledger.acknowledge(id, server, sent),
                        Err(error) => ledger.fail(format!("{error:#}")),
                    }
                    if !rest.is_zero() {
                        tokio::time::sleep(rest).await;
                    }
                }
            });
        }
        Self {
            ledger,
            stop,
            writers: tasks,
        }
    }

    /// What was acknowledged so far.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Waits until so many more writes are acknowledged.
    pub async fn writes(&self, more: usize) -> Result<()> {
        let goal = self.ledger.count() + more;
        eventually("more acknowledged writes", PATIENCE, || async {
            let (count, failures) = (self.ledger.count(), self.ledger.failures());
            ensure!(count >= goal, "{count} of {goal}; failures: {failures:?}");
            Ok(())
        })
        .await
    }

    /// Stops the writers after their current write.
    pub async fn stop(mut self) -> Arc<Ledger> {
        self.stop.store(true, Ordering::Relaxed);
        while self.writers.join_next().await.is_some() {}
        self.ledger
    }
}

/// Writing the same id twice does no harm, so a write cut off by a failover is
/// done again. Returns who acknowledged it, and when it was sent there.
async fn write(client: &Lictor, target: &Target, id: u64) -> Result<(String, Instant)> {
    let acknowledged = match target {
        Target::Cluster(name) => {
            client
                .with_writer(name, Idempotent::Yes, move |connection| {
                    insert(connection, id)
                })
                .await?
        }
        Target::Keyspace(name) => {
            let shard = client.shard(name, id)?;
            shard
                .with_writer(Idempotent::Yes, move |connection| insert(connection, id))
                .await?
        }
    };
    Ok(acknowledged)
}

fn insert(connection: &mut Conn, id: u64) -> BoxFuture<'_, mysql_async::Result<(String, Instant)>> {
    Box::pin(async move {
        let sent = Instant::now();
        let server = connection.opts().ip_or_hostname().to_owned();
        connection
            .exec_drop("INSERT IGNORE INTO writes (id) VALUES (?)", (id,))
            .await?;
        Ok((server, sent))
    })
}
