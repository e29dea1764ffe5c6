//! Lictor's side: a laboratory with `lictord`, and writers on `lictor-client`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use lictor_bench::ms;
use lictor_client::Lictor;
use lictor_integration::{Ledger, Load, PATIENCE, Scene};
use lictor_lab::eventually;
use lictor_wire::v1;
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::recovery_service_client::RecoveryServiceClient;

use crate::WRITERS;

/// How long writers are at work before and after a switchover.
const AROUND: Duration = Duration::from_millis(500);

/// A cluster that Lictor keeps.
pub(crate) struct Ours {
    scene: Scene,
    client: Arc<Lictor>,
    ledgers: Vec<Arc<Ledger>>,
    next_id: u64,
}

/// One switchover.
pub(crate) struct Round {
    /// Without a write, in milliseconds.
    pub(crate) gap_ms: f64,
    /// Each step of the recovery, in milliseconds; those of the end run side by
    /// side with the writers.
    pub(crate) phases_ms: BTreeMap<String, f64>,
}

impl Ours {
    /// Starts the laboratory.
    pub(crate) async fn start() -> Result<Self> {
        let scene = Scene::with_orders(2).await?;
        Load::prepare(scene.lab.cluster("orders").primary().await?).await?;
        let client = scene.client("bench").await?;
        Ok(Self {
            scene,
            client,
            ledgers: vec![],
            next_id: 1,
        })
    }

    /// Orders a switchover and waits for its end.
    pub(crate) async fn switch(&mut self) -> Result<Round> {
        self.settled().await?;
        let load = Load::start(&self.client, "orders", WRITERS, self.next_id);
        tokio::time::sleep(AROUND).await;
        let begun = Instant::now();
        let recovery = self.order().await?;
        let done = self.done(&recovery).await?;
        tokio::time::sleep(AROUND).await;
        let ledger = load.stop().await;
        let gap = ledger.longest_gap(begun);
        // Ids are given out one by one, also to writes that failed.
        self.next_id += (ledger.count() + ledger.failures().len()) as u64 + WRITERS;
        self.ledgers.push(ledger);
        let phases = done.phases.iter().map(|span| {
            let name = span.phase().as_str_name().trim_start_matches("PHASE_");
            let took = Duration::from_micros(span.took_us);
            (name.to_lowercase(), ms(took))
        });
        Ok(Round {
            gap_ms: ms(gap.context("nothing was acknowledged")?),
            phases_ms: phases.collect(),
        })
    }

    /// What writers were told instead of an acknowledgement.
    pub(crate) fn errors(&self) -> Vec<String> {
        let failures = self.ledgers.iter().map(|ledger| ledger.failures());
        failures.flatten().collect()
    }

    /// Acknowledged writes that the primary does not have.
    pub(crate) async fn lost_writes(&self) -> Result<usize> {
        let primary = self.scene.lab.cluster("orders").primary().await?;
        let mut lost = 0;
        for ledger in &self.ledgers {
            lost += ledger.missing_on(primary).await?.len();
        }
        Ok(lost)
    }

    async fn order(&self) -> Result<String> {
        let mut api = ClusterServiceClient::new(self.scene.channel().await?);
        let request = v1::SwitchoverClusterRequest {
            name: "orders".to_owned(),
            ..Default::default()
        };
        let answer = api.switchover_cluster(request).await?.into_inner();
        answer.recovery.context("nothing was begun")
    }

    async fn done(&self, id: &str) -> Result<v1::Recovery> {
        let api = RecoveryServiceClient::new(self.scene.channel().await?);
        let recovery = eventually("the switchover to end", PATIENCE, || async {
            let request = v1::GetRecoveryRequest { id: id.to_owned() };
            let answer = api.clone().get_recovery(request).await?.into_inner();
            let recovery = answer.recovery.context("no recovery")?;
            let summary = recovery.summary.as_ref().context("no summary")?;
            ensure!(summary.state() != v1::RecoveryState::Running, "it runs");
            Ok(recovery)
        })
        .await?;
        let summary = recovery.summary.as_ref().context("no summary")?;
        if let Some(reason) = &summary.abort_reason {
            bail!("it was given up: {reason}");
        }
        Ok(recovery)
    }

    async fn settled(&self) -> Result<()> {
        eventually("a healthy cluster", PATIENCE, || async {
            let view = self.scene.cluster("orders").await?;
            ensure!(view.problems.is_empty(), "{:?}", view.problems);
            let caught_up = |node: &v1::NodeView| node.lag_us.is_none_or(|lag| lag == 0);
            ensure!(view.nodes.iter().all(caught_up), "someone is behind");
            Ok(())
        })
        .await
    }
}
