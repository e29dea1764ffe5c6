//! lictord dies at every single step of a failover, and the next start ends it
//! cleanly: nothing acknowledged is lost, exactly one node takes writes, no
//! recovery stays half done, and everyone follows again.
//!
//! It ends itself at the exact step; see `failpoint.rs` of the control plane,
//! and the feature `failpoints` with which these tests must be built.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use lictor_client::Lictor;
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Node, Server, eventually};

const CLUSTER: &str = "orders";
const REPLICAS: u8 = 2;
/// Between the ids of two loads.
const IDS: u64 = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_the_old_primary_is_fenced_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for step in [
        first("store-intent"),
        first("stop-receiver"),
        second("stop-receiver"),
    ] {
        matrix.dead_primary(step).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_the_new_primary_is_promoted_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for step in [first("catch-up"), first("promote"), first("publish")] {
        matrix.dead_primary(step).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_the_others_are_repointed_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for step in [first("repoint"), first("detach")] {
        matrix.dead_primary(step).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_a_failover_is_written_down_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for step in [first("write-primacy"), first("write-entry")] {
        matrix.dead_primary(step).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_a_hung_primary_comes_back_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for step in [first("catch-up"), first("promote"), first("repoint")] {
        matrix.hung_primary(step).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_a_failover_was_given_up_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    matrix.given_up(first("start-receiver")).await.unwrap();
}

/// A step of a failover, which may come several times.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    passes: u32,
}

const fn first(name: &'static str) -> Step {
    Step { name, passes: 0 }
}

const fn second(name: &'static str) -> Step {
    Step { name, passes: 1 }
}

/// A cluster under load that loses its primary again and again.
struct Matrix {
    scene: Scene,
    client: Arc<Lictor>,
    next_id: u64,
}

/// What was done to the primary, and how it is undone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    Dead,
    Hung,
}

impl Matrix {
    async fn start() -> Result<Self> {
        let scene = Scene::with_orders(REPLICAS).await?;
        scene.lift_budget(CLUSTER).await?;
        Load::prepare(scene.lab.cluster(CLUSTER).primary().await?).await?;
        let client = scene.client("writers").await?;
        Ok(Self {
            scene,
            client,
            next_id: 1,
        })
    }

    /// The primary dies and lictord dies before, and after, that step; the old
    /// primary comes back last.
    async fn dead_primary(&mut self, step: Step) -> Result<()> {
        for moment in ["before", "after"] {
            let point = Point { step, moment };
            self.lose_primary(point, Loss::Dead)
                .await
                .with_context(|| point.told())?;
        }
        Ok(())
    }

    /// The same with a primary that hangs, and goes on while nobody leads.
    async fn hung_primary(&mut self, step: Step) -> Result<()> {
        for moment in ["before", "after"] {
            let point = Point { step, moment };
            self.lose_primary(point, Loss::Hung)
                .await
                .with_context(|| point.told())?;
        }
        Ok(())
    }

    /// The primary hangs beside a replica that hangs too, so that nothing can
    /// be proven; lictord dies after that step of giving up. Before it the next
    /// leader may not know who stopped the receivers, and leaves them alone.
    async fn given_up(&mut self, step: Step) -> Result<()> {
        let moment = "after";
        let point = Point { step, moment };
        self.lose_too_many(point)
            .await
            .with_context(|| point.told())
    }

    async fn lose_primary(&mut self, point: Point, loss: Loss) -> Result<()> {
        let load = self.load().await?;
        let old = self.armed(point).await?;
        match loss {
            Loss::Dead => old.kill()?,
            Loss::Hung => old.freeze()?,
        }
        self.ended_at(point).await?;
        if loss == Loss::Hung {
            old.thaw()?;
        }
        self.scene.lab.restart("lictord").await?;
        if loss == Loss::Dead {
            self.scene.new_primary(CLUSTER, old.name()).await?;
            old.start().await?;
        }
        self.all_is_well(load).await
    }

    async fn lose_too_many(&mut self, point: Point) -> Result<()> {
        let load = self.load().await?;
        let primary = self.armed(point).await?;
        let nodes = self.scene.lab.cluster(CLUSTER).nodes();
        let replica = nodes.iter().find(|node| node.name() != primary.name());
        let replica = replica.context("no replica")?;
        replica.freeze()?;
        primary.freeze()?;
        self.ended_at(point).await?;
        self.scene.lab.restart("lictord").await?;
        primary.thaw()?;
        replica.thaw()?;
        self.all_is_well(load).await
    }

    /// Writers at work.
    async fn load(&mut self) -> Result<Load> {
        let load = Load::start(&self.client, CLUSTER, 2, self.next_id);
        self.next_id += IDS;
        writes(&load, 10).await?;
        Ok(load)
    }

    /// Starts lictord so that it ends at that point; returns the primary.
    async fn armed(&self, point: Point) -> Result<&Node> {
        let lictord = self.scene.lab.lictord();
        lictord.terminate()?;
        lictord.gone(PATIENCE).await?;
        lictord
            .start_to_end_at(&point.name(), point.step.passes)
            .await?;
        lictord.wait_ready().await?;
        self.scene.whole_with_everyone(CLUSTER, &self.client).await
    }

    async fn ended_at(&self, point: Point) -> Result<()> {
        let lictord = self.scene.lab.lictord();
        lictord.gone(PATIENCE).await.with_context(|| {
            format!(
                "lictord never came to {}: was it built with the feature failpoints?",
                point.name()
            )
        })
    }

    /// Everyone follows one primary, which has every acknowledged write and
    /// takes more, and no recovery is left half done.
    async fn all_is_well(&self, load: Load) -> Result<()> {
        self.scene
            .whole_with_everyone(CLUSTER, &self.client)
            .await?;
        writes(&load, 10).await?;
        let ledger = load.stop().await;
        let primary = self
            .scene
            .whole_with_everyone(CLUSTER, &self.client)
            .await?;
        let missing = ledger.missing_on(primary).await?;
        ensure!(missing.is_empty(), "lost: {missing:?}");
        ensure!(ledger.failures().is_empty(), "{:?}", ledger.failures());
        Ok(())
    }
}

/// A point at which lictord ends.
#[derive(Clone, Copy)]
struct Point {
    step: Step,
    moment: &'static str,
}

impl Point {
    fn name(self) -> String {
        format!("{}.{}", self.step.name, self.moment)
    }

    fn told(self) -> String {
        let Step { name, passes } = self.step;
        format!("lictord ended {} {name} number {}", self.moment, passes + 1)
    }
}

/// Waits until so many more writes are acknowledged.
async fn writes(load: &Load, more: usize) -> Result<()> {
    let goal = load.ledger().count() + more;
    eventually("more acknowledged writes", PATIENCE, || async {
        let count = load.ledger().count();
        ensure!(count >= goal, "{count} of {goal}");
        Ok(())
    })
    .await
}
