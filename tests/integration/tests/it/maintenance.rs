//! What operators take out of Lictor's hands for a time.

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use lictor_wire::v1;

async fn seen(scene: &Scene, name: &str) -> Result<v1::NodeView> {
    let view = scene.cluster("orders").await?;
    let node = view.nodes.into_iter().find(|node| node.name == name);
    node.context("the cluster does not have the node")
}

async fn has_problem(scene: &Scene, code: &str) -> Result<bool> {
    let view = scene.cluster("orders").await?;
    Ok(view.problems.iter().any(|problem| problem.code == code))
}

async fn serves_reads(scene: &Scene, ip: std::net::Ipv4Addr, serves: bool) -> Result<()> {
    eventually("DNS to be true", PATIENCE, || async {
        let consul = scene.lab.consul();
        let answer = consul.dns_a("replica.orders.service.consul").await?;
        ensure!(answer.contains(&ip) == serves, "DNS says {answer:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_in_maintenance_serves_nobody_is_not_elected_and_comes_back_by_itself() {
    let scene = Scene::with_orders(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let refused = scene
        .lictor(&[
            "node",
            "maintenance",
            primary.name(),
            "--owner",
            "ada",
            "--reason",
            "a new disk",
            "--for",
            "1h",
        ])
        .await
        .unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(error.contains("switchover"), "{error}");

    // Number 2 would win the election.
    let node = scene.lab.cluster("orders").node(2);
    let begin = [
        "node",
        "maintenance",
        node.name(),
        "--owner",
        "ada",
        "--reason",
        "a new disk",
        "--for",
    ];
    let hour = [&begin[..], &["1h"]].concat();
    let said = scene.lictor_ok(&hour).await.unwrap();
    assert!(said.contains("by ada, 59m"), "{said}");
    serves_reads(&scene, *node.address().ip(), false)
        .await
        .unwrap();
    node.stop_replication().await.unwrap();
    eventually("the stop to be seen", PATIENCE, || async {
        let seen = seen(&scene, node.name()).await?;
        ensure!(seen.receiver() == v1::ReceiverState::Stopped, "{seen:?}");
        Ok(())
    })
    .await
    .unwrap();
    let view = scene.cluster("orders").await.unwrap();
    let of_node = |problem: &&v1::Problem| problem.node.as_deref() == Some(node.name());
    let said: Vec<_> = view.problems.iter().filter(of_node).collect();
    let codes: Vec<_> = said.iter().map(|problem| &problem.code).collect();
    assert_eq!(codes, ["Maintenance"], "{said:?}");
    node.start_replication().await.unwrap();
    let source = seen(&scene, primary.name()).await.unwrap().address;
    eventually("the node to replicate again", PATIENCE, || async {
        let seen = seen(&scene, node.name()).await?;
        ensure!(seen.source.as_deref() == Some(&source), "{seen:?}");
        ensure!(seen.receiver() == v1::ReceiverState::Running, "{seen:?}");
        Ok(())
    })
    .await
    .unwrap();

    primary.kill().unwrap();
    let new = scene.new_primary("orders", primary.name()).await.unwrap();
    assert_ne!(new.name(), node.name());
    let story = scene
        .lictor_ok(&["recovery", "show", "last"])
        .await
        .unwrap();
    assert!(story.contains("in maintenance"), "{story}");

    // Its time is shortened, and it comes back without another word.
    let moment = [&begin[..], &["2s"]].concat();
    scene.lictor_ok(&moment).await.unwrap();
    serves_reads(&scene, *node.address().ip(), true)
        .await
        .unwrap();
    assert!(!has_problem(&scene, "Maintenance").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_cluster_is_not_failed_over_and_a_resumed_one_is() {
    let scene = Scene::with_orders(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let paused = scene
        .lictor_ok(&[
            "cluster",
            "pause",
            "orders",
            "--reason",
            "a network change",
            "--for",
            "1h",
            "--owner",
            "ada",
        ])
        .await
        .unwrap();
    assert!(paused.contains("paused by ada, 59m"), "{paused}");
    // Another leader keeps to it.
    let lictord = scene.lab.lictord();
    lictord.kill().unwrap();
    lictord.start().await.unwrap();
    lictord.wait_ready().await.unwrap();
    primary.kill().unwrap();
    eventually("the loss to be noticed", PATIENCE, || async {
        ensure!(has_problem(&scene, "ActionWithheld").await?, "not yet");
        Ok(())
    })
    .await
    .unwrap();
    assert!(has_problem(&scene, "ClusterPaused").await.unwrap());
    let view = scene.cluster("orders").await.unwrap();
    assert_eq!(view.primary, primary.name());
    assert!(scene.writable_nodes("orders").await.unwrap().is_empty());

    let resume = ["cluster", "resume", "orders"];
    let resumed = scene.lictor_ok(&resume).await.unwrap();
    assert!(!resumed.contains("ClusterPaused"), "{resumed}");
    scene.new_primary("orders", primary.name()).await.unwrap();
    assert!(!has_problem(&scene, "ClusterPaused").await.unwrap());
}
