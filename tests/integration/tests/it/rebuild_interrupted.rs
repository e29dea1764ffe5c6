//! Rebuilds that are cut off in the midst of the copy: they have failed, the node
//! stays out of every pool, and a later one is done.

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Node, Server, eventually};
use lictor_wire::v1;

use crate::rebuild::{diverged, has_the_primarys_data, rebuilt, seen};

/// Whether a server's own data is gone, or going.
const DROPPED: &str = "SELECT COUNT(*) FROM performance_schema.clone_progress \
     WHERE STAGE = 'DROP DATA' AND STATE <> 'Not Started'";

/// A diverged node whose data is being replaced.
struct Copying {
    scene: Scene,
    name: String,
    donor: String,
}

impl Copying {
    /// Into a node that waits once its own data is gone: a copy of so little data
    /// would be over before anybody looked, however little the node takes at a time.
    async fn begin() -> Result<Self> {
        let scene = Scene::with_orders(2).await?;
        let name = diverged(&scene).await?;
        let node = scene.lab.node(&name)?;
        node.start().await?;
        ensure!(
            !scene.rejoined("orders", &name).await?,
            "it did not diverge"
        );
        node.sql("SET GLOBAL clone_delay_after_data_drop = 3600")
            .await?;
        let order = ["node", "rebuild", &name, "--detach"];
        scene.lictor_ok(&order).await?;
        let donor = eventually("a copy under way", PATIENCE, || async {
            let rebuild = seen(&scene, &name).await?.rebuild.context("no rebuild")?;
            ensure!(rebuild.state() == v1::RebuildState::Copying, "{rebuild:?}");
            let stages = node.value(DROPPED).await?;
            ensure!(stages == "1", "its own data is still there");
            Ok(rebuild.donor)
        })
        .await?;
        Ok(Self { scene, name, donor })
    }

    fn node(&self) -> Result<&Node> {
        self.scene.lab.node(&self.name)
    }

    /// Waits until it has failed, with the node out of every pool; returns why.
    async fn failed(&self) -> Result<String> {
        let rebuild = rebuilt(&self.scene, &self.name).await?;
        ensure!(
            rebuild.state() == v1::RebuildState::Failed,
            "it has not failed: {rebuild:?}"
        );
        let node = seen(&self.scene, &self.name).await?;
        let quarantine = node.quarantine.context("it is not kept out")?;
        ensure!(quarantine.incomplete, "{quarantine:?}");
        let client = self.scene.client("reader of the route").await?;
        let route = client.routes().route("orders")?;
        let reads = route
            .readers
            .iter()
            .any(|reader| reader.endpoint.node.as_str() == self.name);
        ensure!(!reads, "it serves reads: {route:?}");
        Ok(rebuild.failure)
    }

    /// Rebuilds it as if nothing had been.
    async fn again(&self) -> Result<()> {
        let node = self.node()?;
        node.sql("SET GLOBAL clone_delay_after_data_drop = 0")
            .await?;
        let said = self.scene.rebuild(node, "the last one failed").await?;
        ensure!(said.contains("done, from"), "{said}");
        has_the_primarys_data(&self.scene, node).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_whose_donor_dies_has_failed_and_a_later_one_is_done() {
    let copying = Copying::begin().await.unwrap();
    let donor = copying.scene.lab.node(&copying.donor).unwrap();
    donor.kill().unwrap();
    let why = copying.failed().await.unwrap();
    assert!(why.contains("is gone"), "{why}");
    donor.start().await.unwrap();
    let follows = copying.scene.rejoined("orders", donor.name());
    assert!(follows.await.unwrap());
    copying.again().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_whose_leader_dies_has_failed_and_a_later_one_is_done() {
    let copying = Copying::begin().await.unwrap();
    let lictord = copying.scene.lab.lictord();
    lictord.kill().unwrap();
    lictord.start().await.unwrap();
    lictord.wait_ready().await.unwrap();
    let why = copying.failed().await.unwrap();
    assert!(why.contains("the copy failed"), "{why}");
    copying.again().await.unwrap();
}
