//! Lictor's side: a laboratory with `lictord`, changes, and what they cost.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use lictor_integration::{Connection, PATIENCE, Scene};
use lictor_lab::{Lab, Server, eventually};
use lictor_wire::v1;
use lictor_wire::v1::node_service_client::NodeServiceClient;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::figures::Figures;
use crate::load::{Crowd, READY, Received};
use crate::peer::Change;
use crate::process::Watched;

const CLUSTER: &str = "orders";
/// The node that is taken out of the read pool and put back.
const REPLICA: &str = "orders-2";
/// Between two changes, for everything to be quiet again.
const REST: Duration = Duration::from_millis(300);
/// How long the cost of no change at all is watched.
const IDLE: Duration = Duration::from_secs(5);

/// A `lictord` that keeps a cluster.
pub(crate) struct Ours(Scene);

/// The line of the log that tells of a publication.
#[derive(Deserialize)]
struct Published {
    timestamp: DateTime<Utc>,
    message: String,
    revision: String,
    took_us: i64,
}

impl Ours {
    /// Starts the laboratory.
    pub(crate) async fn start() -> Result<Self> {
        let scene = Scene::start(&[(CLUSTER, 1)]).await?;
        let seed = scene.lab.cluster(CLUSTER).node(1).address().to_string();
        scene
            .lictor_ok(&["cluster", "add", CLUSTER, "--seed", &seed])
            .await?;
        Ok(Self(scene))
    }

    pub(crate) const fn lab(&self) -> &Lab {
        &self.0.lab
    }

    /// So many changes with so many subscribers, by a fresh process.
    pub(crate) async fn measure(&self, crowd: Crowd, changes: u32) -> Result<Figures> {
        let lictord = self.lab().lictord();
        lictord.start().await?;
        lictord.wait_ready().await?;
        let mut hand = Hand(NodeServiceClient::new(self.0.channel().await?));
        self.readers(1).await?;
        // What is made once is not the subscribers'.
        hand.change(false).await?;
        self.readers(0).await?;
        hand.change(true).await?;
        self.readers(1).await?;
        let watched = Watched(lictord.pid().context("lictord does not run")?);
        let before = watched.rss_kb()?;
        let token_file = self.lab().token_file();
        let mut load = Load::start(lictord.address().to_string(), crowd, Some(token_file)).await?;
        let idle_from = watched.cpu_ms()?;
        tokio::time::sleep(IDLE).await;
        let idle_ms = (watched.cpu_ms()? - idle_from) / IDLE.as_secs_f64();

        let (from, since) = (watched.cpu_ms()?, tokio::time::Instant::now());
        let mut received = vec![];
        for round in 0..changes {
            hand.change(round % 2 == 1).await?;
            received.push(load.next().await?);
            tokio::time::sleep(REST).await;
        }
        let idle = idle_ms * since.elapsed().as_secs_f64();
        let cpu = (watched.cpu_ms()? - from - idle) / f64::from(changes);
        let memory = (watched.rss_kb()? - before) / f64::from(crowd.streams);
        let mut figures = Figures::default();
        figures.cpu_ms_per_change = Some(cpu);
        figures.kb_each = Some(memory);
        for Received { change, at_us } in received {
            let began = self.published(change).await?;
            let late = at_us.into_iter().map(|at| at.saturating_sub(began));
            figures.note(late);
        }
        load.stop().await?;
        if changes % 2 == 1 {
            hand.change(true).await?;
        }
        Ok(figures)
    }

    /// Waits until the cluster is served by so many readers.
    async fn readers(&self, count: usize) -> Result<()> {
        eventually("the readers to be told", PATIENCE, || async {
            let channel = self.0.channel().await?;
            let mut api = v1::routing_service_client::RoutingServiceClient::new(channel);
            let answer = api.get_table(v1::GetTableRequest::default()).await?;
            let table = answer.into_inner().table.context("no table")?;
            let route = table.clusters.first().context("no cluster")?;
            ensure!(route.readers.len() == count, "{route:?}");
            Ok(())
        })
        .await
    }

    /// When the publication of a change began, in microseconds since 1970.
    async fn published(&self, change: Change) -> Result<u64> {
        let log = self.lab().lictord().log_path();
        eventually("the log to tell of it", PATIENCE, || async {
            let log = tokio::fs::read_to_string(log).await?;
            let lines = log.lines().rev();
            let mut told = lines.filter_map(|line| serde_json::from_str::<Published>(line).ok());
            let line = told.find(|line| {
                let (_, n) = line.revision.split_once('.').unwrap_or_default();
                line.message == "route published" && n == change.to_string()
            });
            let line = line.with_context(|| format!("nothing of {change}"))?;
            anyhow::Ok(u64::try_from(
                line.timestamp.timestamp_micros() - line.took_us,
            )?)
        })
        .await
    }
}

/// The operator.
struct Hand(NodeServiceClient<Connection>);

impl Hand {
    /// Puts the replica into the read pool, or takes it out.
    async fn change(&mut self, into: bool) -> Result<()> {
        let (node, reason) = (REPLICA.to_owned(), "a change to be pushed".to_owned());
        if into {
            let request = v1::EndMaintenanceRequest { node, reason };
            self.0.end_maintenance(request).await?;
        } else {
            let request = v1::BeginMaintenanceRequest {
                node,
                owner: "bench-push".to_owned(),
                reason,
                for_secs: 3600,
            };
            self.0.begin_maintenance(request).await?;
        }
        Ok(())
    }
}

/// The process that bears the load.
pub(crate) struct Load {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Load {
    /// Starts it, with subscribers under the token in the file or with blocking queries,
    /// and waits until everyone has the first state.
    pub(crate) async fn start(
        server: String,
        crowd: Crowd,
        token_file: Option<PathBuf>,
    ) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["load", "--server", &server])
            .args(["--streams", &crowd.streams.to_string()])
            .args(["--connections", &crowd.connections.to_string()])
            .args(
                token_file
                    .iter()
                    .flat_map(|file| [OsStr::new("--token-file"), file.as_os_str()]),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let mut load = Self { child, lines };
        let first = load.line().await?;
        ensure!(first == READY, "the load said: {first}");
        Ok(load)
    }

    /// The next change that everyone has.
    pub(crate) async fn next(&mut self) -> Result<Received> {
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn line(&mut self) -> Result<String> {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        line.context("the load says nothing")??
            .context("the load has ended")
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}
