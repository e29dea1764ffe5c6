//! Lictor's side: a laboratory with `lictord`, and a writer on `lictor-client`.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use lictor_bench::{Phases, ms};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Node, Server, eventually};

use crate::figures::Round;
use crate::floor::until_writable;

/// A cluster that Lictor keeps, with a writer at work.
pub(crate) struct Ours {
    scene: Scene,
    load: Load,
}

impl Ours {
    /// Starts the laboratory and the writer.
    pub(crate) async fn start() -> Result<Self> {
        let scene = Scene::with_orders(2).await?;
        scene.lift_budget("orders").await?;
        let primary = scene.lab.cluster("orders").primary().await?;
        Load::prepare(primary).await?;
        let client = scene.client("bench").await?;
        let load = Load::start(&client, "orders", 1, 1);
        let ours = Self { scene, load };
        ours.settled().await?;
        Ok(ours)
    }

    /// Kills the primary and waits for the next one.
    pub(crate) async fn kill(&self, phases: &mut Phases) -> Result<Round> {
        let old = self.scene.lab.cluster("orders").primary().await?;
        let round = self.measure(old, || old.kill()).await?;
        // The record begins with the first sign that lictord had.
        let writable = phases.note_last(&self.scene, "orders", old.name()).await?;
        phases.note("before the first sign", round.writable_ms - ms(writable));
        phases.note("first write", round.acked_ms - round.writable_ms);
        old.start().await?;
        self.heal(old).await?;
        Ok(round)
    }

    /// Freezes the primary and waits for the next one.
    pub(crate) async fn hang(&self) -> Result<Round> {
        let old = self.scene.lab.cluster("orders").primary().await?;
        let round = self.measure(old, || old.freeze()).await?;
        old.thaw()?;
        self.heal(old).await?;
        Ok(round)
    }

    /// Acknowledged writes that the primary does not have.
    pub(crate) async fn lost_writes(self) -> Result<usize> {
        let primary = self.scene.lab.cluster("orders").primary().await?;
        let ledger = self.load.stop().await;
        ensure!(
            ledger.failures().is_empty(),
            "writers failed: {:?}",
            ledger.failures()
        );
        Ok(ledger.missing_on(primary).await?.len())
    }

    async fn measure(&self, old: &Node, fault: impl FnOnce() -> Result<()>) -> Result<Round> {
        let others = self.scene.lab.cluster("orders").nodes().iter();
        let others: Vec<&Node> = others.filter(|node| node.name() != old.name()).collect();
        let watch = until_writable(&others).await?;
        let begun = Instant::now();
        fault()?;
        let writable = watch.await.context("the watch was lost")??;
        // A write of the old primary may be acknowledged after `begun`; only
        // one acknowledged after the new primary opened counts.
        let acked = eventually("an acknowledged write", PATIENCE, || async {
            self.load.ledger().first_after(writable).context("not yet")
        })
        .await?;
        Ok(Round {
            writable_ms: ms(writable - begun),
            acked_ms: ms(acked - begun),
        })
    }

    /// Brings the old primary back as a replica; one with errant transactions
    /// gets another one's data.
    async fn heal(&self, old: &Node) -> Result<()> {
        if !self.scene.rejoined("orders", old.name()).await? {
            let reason = "the next round needs every node";
            self.scene.rebuild(old, reason).await?;
        }
        self.settled().await
    }

    /// Waits until nothing is wrong and writes flow.
    async fn settled(&self) -> Result<()> {
        eventually("a healthy cluster", PATIENCE, || async {
            let view = self.scene.cluster("orders").await?;
            ensure!(view.problems.is_empty(), "{:?}", view.problems);
            Ok(())
        })
        .await?;
        let before = self.load.ledger().count();
        eventually("writes to flow", PATIENCE, || async {
            ensure!(self.load.ledger().count() > before + 20, "not yet");
            Ok(())
        })
        .await
    }
}
