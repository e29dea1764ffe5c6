//! lictord dies at every single step of what it does to a cluster, and the next
//! start ends it cleanly: nothing acknowledged is lost, exactly one node takes
//! writes, no recovery stays half done, and everyone follows again.
//!
//! It ends itself at the exact step; see `failpoint.rs` of the control plane,
//! and the feature `failpoints` with which these tests must be built.

mod failover;
mod switchover;

use std::sync::Arc;

use anyhow::{Context, Result};
use lictor_client::Lictor;
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Node, Server};

const CLUSTER: &str = "orders";
const REPLICAS: u8 = 2;
/// Between the ids of two loads.
const IDS: u64 = 1_000_000;

/// A point at which lictord ends: before or after a step, which may come several
/// times.
#[derive(Clone, Copy)]
struct Point {
    step: &'static str,
    moment: &'static str,
    passes: u32,
}

const fn before(step: &'static str) -> Point {
    let moment = "before";
    Point {
        step,
        moment,
        passes: 0,
    }
}

const fn after(step: &'static str) -> Point {
    let moment = "after";
    Point {
        step,
        moment,
        passes: 0,
    }
}

impl Point {
    /// The same when the step comes for the second time.
    const fn second(self) -> Self {
        Self { passes: 1, ..self }
    }

    /// As lictord takes it.
    fn armed(self) -> String {
        let Self {
            step,
            moment,
            passes,
        } = self;
        match passes {
            0 => format!("{step}.{moment}=return"),
            passes => format!("{step}.{moment}={passes}*off->return"),
        }
    }

    fn told(self) -> String {
        let Self {
            step,
            moment,
            passes,
        } = self;
        format!("lictord ended {moment} {step} number {}", passes + 1)
    }
}

/// A cluster under load that is disturbed again and again.
struct Matrix {
    scene: Scene,
    client: Arc<Lictor>,
    next_id: u64,
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

    /// Writers at work.
    async fn load(&mut self) -> Result<Load> {
        let load = Load::start(&self.client, CLUSTER, 2, self.next_id);
        self.next_id += IDS;
        load.writes(10).await?;
        Ok(load)
    }

    /// Starts lictord with these failpoints armed; returns the primary.
    async fn arm(&self, failpoints: &str) -> Result<&Node> {
        let lictord = self.scene.lab.lictord();
        lictord.terminate()?;
        lictord.gone(PATIENCE).await?;
        lictord.start_with_failpoints(failpoints).await?;
        lictord.wait_ready().await?;
        self.scene.whole_with_everyone(CLUSTER, &self.client).await
    }

    async fn ended_at(&self, point: Point) -> Result<()> {
        let lictord = self.scene.lab.lictord();
        lictord.gone(PATIENCE).await.with_context(|| {
            format!(
                "lictord never came {} {}: was it built with the feature failpoints?",
                point.moment, point.step
            )
        })
    }

    /// Everyone follows one primary, which has every acknowledged write and
    /// takes more, and no recovery is left half done.
    async fn all_is_well(&self, load: Load) -> Result<()> {
        self.scene
            .whole_with_everyone(CLUSTER, &self.client)
            .await?;
        load.writes(10).await?;
        let ledger = load.stop().await;
        let primary = self
            .scene
            .whole_with_everyone(CLUSTER, &self.client)
            .await?;
        ledger.is_whole_on(primary).await
    }
}
