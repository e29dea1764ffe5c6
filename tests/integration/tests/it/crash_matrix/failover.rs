//! lictord dies at every single step of a failover.

use anyhow::{Context, Result};
use lictor_lab::Server;

use super::{CLUSTER, Matrix, Point, after, before};

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_the_old_primary_is_fenced_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for point in around(&["store-intent", "stop-receiver"]) {
        matrix.loses_primary(point, Loss::Dead).await.unwrap();
    }
    for point in around(&["stop-receiver"]).map(Point::second) {
        matrix.loses_primary(point, Loss::Dead).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_the_new_primary_is_promoted_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for point in around(&["catch-up", "promote", "publish"]) {
        matrix.loses_primary(point, Loss::Dead).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_the_others_are_repointed_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for point in around(&["repoint", "detach"]) {
        matrix.loses_primary(point, Loss::Dead).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_a_failover_is_written_down_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for point in around(&["write-primacy", "write-entry"]) {
        matrix.loses_primary(point, Loss::Dead).await.unwrap();
    }
}

/// The old primary goes on while nobody leads.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_a_hung_primary_comes_back_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for point in around(&["catch-up", "promote", "repoint"]) {
        matrix.loses_primary(point, Loss::Hung).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_a_failover_is_given_up_is_made_good() {
    let mut matrix = Matrix::start().await.unwrap();
    for point in around(&["start-receiver"]) {
        matrix.loses_too_many(point).await.unwrap();
    }
}

/// Before and after each of these.
fn around(steps: &[&'static str]) -> impl Iterator<Item = Point> {
    let points = |step: &&'static str| [before(step), after(step)];
    steps.iter().flat_map(points)
}

/// What is done to the primary.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    Dead,
    Hung,
}

impl Matrix {
    /// The primary is lost and lictord dies at that point of the failover. One
    /// that died comes back last, one that hung while nobody leads.
    async fn loses_primary(&mut self, point: Point, loss: Loss) -> Result<()> {
        let told = || point.told();
        self.lose_primary(point, loss).await.with_context(told)
    }

    async fn lose_primary(&mut self, point: Point, loss: Loss) -> Result<()> {
        let load = self.load().await?;
        let old = self.arm(&point.armed()).await?;
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

    /// The primary hangs beside a replica that hangs too, so that nothing can be
    /// proven; lictord dies at that point of giving up.
    async fn loses_too_many(&mut self, point: Point) -> Result<()> {
        let told = || point.told();
        self.lose_too_many(point).await.with_context(told)
    }

    async fn lose_too_many(&mut self, point: Point) -> Result<()> {
        let load = self.load().await?;
        let primary = self.arm(&point.armed()).await?;
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
}
