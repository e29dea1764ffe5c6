//! Replicas of replicas: kept as they are, moved when their source dies, and never
//! taken for acknowledgers.

use anyhow::{Context, Result, ensure};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Node, Server, eventually};
use lictor_wire::v1;

/// A primary and three replicas, of which the last is below the second node:
/// set up by hand, then registered.
async fn tree() -> Result<Scene> {
    let scene = Scene::start(&[("orders", 3)]).await?;
    let orders = scene.lab.cluster("orders");
    orders.node(4).replicate_from(orders.node(2)).await?;
    scene.register("orders").await?;
    Ok(scene)
}

async fn seen(scene: &Scene, node: &Node) -> Result<v1::NodeView> {
    let nodes = scene.cluster("orders").await?.nodes.into_iter();
    let mut seen = nodes.filter(|seen| seen.name == node.name());
    seen.next().context("the cluster does not have the node")
}

/// Waits until a node replicates from another.
async fn follows(scene: &Scene, node: &Node, source: &Node) -> Result<()> {
    let what = format!("{} to follow {}", node.name(), source.name());
    eventually(&what, PATIENCE, || async {
        let seen = seen(scene, node).await?;
        let there = seen.source == Some(source.address().to_string())
            && seen.receiver() == v1::ReceiverState::Running
            && seen.applier_running == Some(true);
        ensure!(there, "not yet: {seen:?}");
        Ok(())
    })
    .await
}

async fn has_problem(scene: &Scene, code: &str) -> Result<()> {
    eventually(code, PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        let found = problems.iter().any(|problem| problem.code == code);
        ensure!(found, "{problems:?}");
        Ok(())
    })
    .await
}

async fn status(node: &Node, name: &str) -> Result<String> {
    let rows = node
        .sql(&format!("SHOW GLOBAL STATUS LIKE '{name}'"))
        .await?;
    let value = rows.first().and_then(|row| row.get(1));
    value.cloned().with_context(|| format!("no {name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_of_a_replica_is_left_there_moved_when_its_source_dies_and_returns() {
    let scene = tree().await.unwrap();
    let orders = scene.lab.cluster("orders");
    let (first, second, fourth) = (orders.node(1), orders.node(2), orders.node(4));
    let stored = seen(&scene, fourth).await.unwrap().follows;
    assert_eq!(stored.as_deref(), Some(second.name()));
    Load::prepare(first).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 4, 1);
    load.writes(50).await.unwrap();
    follows(&scene, fourth, second).await.unwrap();
    let shown = scene
        .lictor_ok(&["cluster", "show", "orders"])
        .await
        .unwrap();
    // Its own row: a problem above the table may name it too.
    let line = shown.lines().find(|line| line.starts_with(fourth.name()));
    assert!(line.unwrap().contains(second.name()), "{shown}");

    second.kill().unwrap();
    has_problem(&scene, "IntermediateReplicaDead")
        .await
        .unwrap();
    follows(&scene, fourth, first).await.unwrap();
    load.writes(50).await.unwrap();

    second.start().await.unwrap();
    follows(&scene, fourth, second).await.unwrap();
    load.writes(50).await.unwrap();
    assert_eq!(scene.recoveries("orders").await.unwrap().len(), 0);
    let ledger = load.stop().await;
    ledger.is_whole_on(first).await.unwrap();
    eventually("the last write below", PATIENCE, || {
        ledger.is_whole_on(fourth)
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_waits_for_a_replica_of_the_primary_itself() {
    let scene = tree().await.unwrap();
    let orders = scene.lab.cluster("orders");
    let (first, second, third) = (orders.node(1), orders.node(2), orders.node(3));
    follows(&scene, orders.node(4), second).await.unwrap();
    Load::prepare(first).await.unwrap();
    eventually("both replicas to acknowledge", PATIENCE, || async {
        let waits = status(first, "Rpl_semi_sync_source_status").await?;
        let who = status(first, "Rpl_semi_sync_source_clients").await?;
        ensure!(waits == "ON" && who == "2", "{waits} with {who}");
        Ok(())
    })
    .await
    .unwrap();
    for node in [second, third] {
        let source = status(node, "Rpl_semi_sync_source_status").await.unwrap();
        assert_eq!(source, "OFF", "{} waits itself", node.name());
        node.sql("STOP REPLICA IO_THREAD").await.unwrap();
    }
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 1, 1);
    eventually("a commit to wait", PATIENCE, || async {
        let waiting = status(first, "Rpl_semi_sync_source_wait_sessions").await?;
        ensure!(waiting != "0", "none waits");
        Ok(())
    })
    .await
    .unwrap();
    has_problem(&scene, "SemiSyncStarved").await.unwrap();
    assert_eq!(load.ledger().count(), 0, "acknowledged by nobody who may");
    follows(&scene, orders.node(4), second).await.unwrap();
    third.sql("START REPLICA IO_THREAD").await.unwrap();
    load.writes(10).await.unwrap();
    load.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_leaves_a_replica_below_its_source() {
    let scene = tree().await.unwrap();
    let orders = scene.lab.cluster("orders");
    let (first, second, fourth) = (orders.node(1), orders.node(2), orders.node(4));
    let third = orders.node(3);
    let rule = ["--promotion-rule", "must-not", "--reason", "a test"];
    for node in [second, fourth] {
        let set = [&["node", "set", node.name()], &rule[..]].concat();
        scene.lictor_ok(&set).await.unwrap();
    }
    Load::prepare(first).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 4, 1);
    load.writes(50).await.unwrap();
    first.kill().unwrap();
    let new = scene.new_primary("orders", first.name()).await.unwrap();
    assert_eq!(new.name(), third.name());
    load.writes(50).await.unwrap();
    follows(&scene, second, third).await.unwrap();
    follows(&scene, fourth, second).await.unwrap();
    let told = scene
        .lictor_ok(&["recovery", "show", "last"])
        .await
        .unwrap();
    let kept = format!("let {} follow {} as before", fourth.name(), second.name());
    assert!(told.contains(&kept), "{told}");
    let ledger = load.stop().await;
    ledger.is_whole_on(third).await.unwrap();
    eventually("the last write below", PATIENCE, || {
        ledger.is_whole_on(fourth)
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_moves_a_replica_and_is_refused_what_makes_no_tree() {
    let scene = Scene::with_orders(3).await.unwrap();
    let orders = scene.lab.cluster("orders");
    let (first, second, fourth) = (orders.node(1), orders.node(2), orders.node(4));
    let repoint = |node: &Node, to: &str| {
        [
            "node",
            "repoint",
            node.name(),
            "--to",
            to,
            "--reason",
            "a test",
        ]
        .map(str::to_owned)
    };
    let said = eventually("the second to be ready", PATIENCE, || async {
        let args = repoint(fourth, second.name());
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        scene.lictor_ok(&args).await
    })
    .await
    .unwrap();
    assert!(
        said.contains("orders-4 is made to follow orders-2"),
        "{said}"
    );
    follows(&scene, fourth, second).await.unwrap();

    let circle = repoint(second, fourth.name());
    let circle: Vec<_> = circle.iter().map(String::as_str).collect();
    let refused = scene.lictor(&circle).await.unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    assert!(error.contains("orders-4 is to follow orders-2"), "{error}");
    follows(&scene, second, first).await.unwrap();

    let back = repoint(fourth, "primary");
    let back: Vec<_> = back.iter().map(String::as_str).collect();
    scene.lictor_ok(&back).await.unwrap();
    follows(&scene, fourth, first).await.unwrap();
    assert_eq!(seen(&scene, fourth).await.unwrap().follows, None);
}
