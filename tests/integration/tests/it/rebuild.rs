//! Diverged nodes come back: as they are, or with another's data.

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene, supervise};
use lictor_lab::{Node, Server, eventually};
use lictor_wire::v1;

/// `orders` whose old primary came back with a table `app.errant` that nobody
/// else ever had; its name.
pub(crate) async fn diverged(scene: &Scene) -> Result<String> {
    let old = scene.lab.cluster("orders").primary().await?;
    let lictord = scene.lab.lictord();
    // Nobody watches while the errant transaction is made.
    lictord.kill()?;
    let others = || {
        let nodes = scene.lab.cluster("orders").nodes().iter();
        nodes.filter(|node| node.name() != old.name())
    };
    for node in others() {
        node.stop_replication().await?;
    }
    old.sql("SET GLOBAL rpl_semi_sync_source_enabled = OFF")
        .await?;
    old.sql("CREATE TABLE app.errant (id INT PRIMARY KEY)")
        .await?;
    old.kill()?;
    for node in others() {
        node.start_replication().await?;
    }
    lictord.start().await?;
    lictord.wait_ready().await?;
    scene.new_primary("orders", old.name()).await?;
    Ok(old.name().to_owned())
}

pub(crate) async fn seen(scene: &Scene, name: &str) -> Result<v1::NodeView> {
    let view = scene.cluster("orders").await?;
    let node = view.nodes.into_iter().find(|node| node.name == name);
    node.context("the cluster does not have the node")
}

pub(crate) async fn rebuilt(scene: &Scene, name: &str) -> Result<v1::Rebuild> {
    eventually("the rebuild to end", PATIENCE, || async {
        let rebuild = seen(scene, name).await?.rebuild.context("no rebuild")?;
        ensure!(rebuild.finished_at.is_some(), "{rebuild:?}");
        Ok(rebuild)
    })
    .await
}

/// It has the primary's data, gets its writes, and nothing of its own is left.
pub(crate) async fn has_the_primarys_data(scene: &Scene, node: &Node) -> Result<()> {
    let primary = scene.lab.cluster("orders").primary().await?;
    primary
        .sql("CREATE TABLE app.later (id INT PRIMARY KEY)")
        .await?;
    eventually("the rebuilt node to replicate", PATIENCE, || async {
        node.sql("SELECT * FROM app.later").await
    })
    .await?;
    ensure!(
        node.sql("SELECT * FROM app.errant").await.is_err(),
        "the errant table is still there"
    );
    let view = seen(scene, node.name()).await?;
    ensure!(view.quarantine.is_none(), "{:?}", view.quarantine);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_transactions_let_an_errant_old_primary_back_with_its_own_data() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = diverged(&scene).await.unwrap();
    let node = scene.lab.node(&old).unwrap();
    node.start().await.unwrap();
    assert!(!scene.rejoined("orders", &old).await.unwrap());

    let refused = scene.lictor(&["node", "rejoin", &old]).await.unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    assert!(error.contains("holds 1 transactions"), "{error}");
    assert!(error.contains("--inject-empty"), "{error}");

    let said = scene
        .lictor_ok(&["node", "rejoin", &old, "--inject-empty"])
        .await
        .unwrap();
    assert!(said.contains(node.server_uuid()), "{said}");
    eventually("the old primary to follow", PATIENCE, || async {
        let view = seen(&scene, &old).await?;
        ensure!(view.quarantine.is_none(), "{:?}", view.quarantine);
        ensure!(view.receiver() == v1::ReceiverState::Running, "{view:?}");
        Ok(())
    })
    .await
    .unwrap();
    // What its transaction changed stays on it, and nowhere else.
    node.sql("SELECT * FROM app.errant").await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    primary.sql("SELECT * FROM app.errant").await.unwrap_err();
    let again = scene.lictor_ok(&["node", "rejoin", &old]).await.unwrap();
    assert!(again.contains("takes part already"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diverged_node_is_rebuilt_from_a_replica_and_follows() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = diverged(&scene).await.unwrap();
    let node = scene.lab.node(&old).unwrap();
    node.start().await.unwrap();
    assert!(!scene.rejoined("orders", &old).await.unwrap());

    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let refused = scene
        .lictor(&["node", "rebuild", primary.name()])
        .await
        .unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(error.contains("is the primary"), "{error}");
    let other = scene.lab.cluster("orders").nodes().iter();
    let other = other
        .map(Server::name)
        .find(|name| *name != old && *name != primary.name())
        .unwrap();
    let refused = scene.lictor(&["node", "rebuild", other]).await.unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(error.contains("is not quarantined"), "{error}");
    let dry = scene
        .lictor_ok(&["node", "rebuild", &old, "--dry-run"])
        .await
        .unwrap();
    assert!(dry.contains(&format!("from {other}")), "{dry}");
    assert!(dry.contains(node.server_uuid()), "{dry}");
    assert!(seen(&scene, &old).await.unwrap().rebuild.is_none());

    let said = scene.rebuild(node, "it diverged").await.unwrap();
    assert!(said.contains("start its mysqld"), "{said}");
    assert!(said.contains(&format!("done, from {other}")), "{said}");
    has_the_primarys_data(&scene, node).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_node_is_rebuilt_by_policy() {
    let scene = Scene::with_orders(2).await.unwrap();
    scene
        .lictor_ok(&[
            "cluster",
            "set",
            "orders",
            "--rebuild",
            "auto",
            "--reason",
            "a test",
        ])
        .await
        .unwrap();
    let old = diverged(&scene).await.unwrap();
    let node = scene.lab.node(&old).unwrap();
    node.start().await.unwrap();
    supervise(node).await.unwrap();
    let rebuild = rebuilt(&scene, &old).await.unwrap();
    assert_eq!(rebuild.state(), v1::RebuildState::Done, "{rebuild:?}");
    assert_eq!(rebuild.actor, "lictor");
    has_the_primarys_data(&scene, node).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_plugin_is_refused_with_the_remedy() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = diverged(&scene).await.unwrap();
    let node = scene.lab.node(&old).unwrap();
    node.start().await.unwrap();
    assert!(!scene.rejoined("orders", &old).await.unwrap());
    eventually("the plugin to be gone", PATIENCE, || async {
        // Lictor closes it again at once.
        node.sql("SET GLOBAL super_read_only = OFF").await?;
        node.sql("UNINSTALL PLUGIN clone").await
    })
    .await
    .unwrap();
    let refused = scene.lictor(&["node", "rebuild", &old]).await.unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(error.contains("no active clone plugin"), "{error}");
    assert!(error.contains("INSTALL PLUGIN clone"), "{error}");
    let view = seen(&scene, &old).await.unwrap();
    assert!(view.rebuild.is_none(), "{view:?}");
    assert!(!view.quarantine.unwrap().incomplete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_waits_for_its_node_outlives_the_leader() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = diverged(&scene).await.unwrap();
    let node = scene.lab.node(&old).unwrap();
    node.start().await.unwrap();
    assert!(!scene.rejoined("orders", &old).await.unwrap());
    scene
        .lictor_ok(&["node", "rebuild", &old, "--detach"])
        .await
        .unwrap();
    eventually("the node to be waited for", PATIENCE, || async {
        let rebuild = seen(&scene, &old).await?.rebuild.context("no rebuild")?;
        ensure!(rebuild.restart_by_hand, "{rebuild:?}");
        Ok(())
    })
    .await
    .unwrap();
    let lictord = scene.lab.lictord();
    lictord.kill().unwrap();
    lictord.start().await.unwrap();
    lictord.wait_ready().await.unwrap();
    let view = seen(&scene, &old).await.unwrap();
    assert!(view.quarantine.unwrap().incomplete);
    supervise(node).await.unwrap();
    let rebuild = rebuilt(&scene, &old).await.unwrap();
    assert_eq!(rebuild.state(), v1::RebuildState::Done, "{rebuild:?}");
    has_the_primarys_data(&scene, node).await.unwrap();
}
