//! A primary dies or hangs, and nothing acknowledged is lost.

use anyhow::{Context, Result, ensure};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use lictor_wire::v1;

use crate::push::Listener;

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_survives_two_crashes_and_a_freeze() {
    let scene = Scene::with_orders(4).await.unwrap();
    let listener = Listener::start(&scene).await.unwrap();
    let first = scene.lab.cluster("orders").primary().await.unwrap();
    Load::prepare(first).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 4, 1);
    load.writes(50).await.unwrap();

    first.kill().unwrap();
    let second = scene.new_primary("orders", first.name()).await.unwrap();
    load.writes(50).await.unwrap();

    first.start().await.unwrap();
    scene.rejoined("orders", first.name()).await.unwrap();
    load.writes(50).await.unwrap();

    second.kill().unwrap();
    let third = scene.new_primary("orders", second.name()).await.unwrap();
    load.writes(50).await.unwrap();

    third.freeze().unwrap();
    let fourth = scene.new_primary("orders", third.name()).await.unwrap();
    load.writes(50).await.unwrap();

    third.thaw().unwrap();
    scene.rejoined("orders", third.name()).await.unwrap();
    load.writes(50).await.unwrap();

    let ledger = load.stop().await;
    ledger.is_whole_on(fourth).await.unwrap();
    assert_eq!(
        scene.writable_nodes("orders").await.unwrap(),
        vec![fourth.name()]
    );
    everyone_agrees(&scene, fourth.name()).await.unwrap();

    let recoveries = scene.recoveries("orders").await.unwrap();
    let verdicts: Vec<_> = recoveries
        .iter()
        .filter(|recovery| recovery.state() == v1::RecoveryState::Done)
        .map(|recovery| recovery.verdict_code.as_str())
        .collect();
    assert_eq!(verdicts, ["HungPrimary", "DeadPrimary", "DeadPrimary"]);

    let seen = listener.stop().await.unwrap();
    assert_eq!(seen.ours, seen.in_python);
    assert!(
        seen.ours.is_sorted(),
        "revisions went back: {:?}",
        seen.ours
    );
}

/// DNS, routing and MySQL name the same primary.
async fn everyone_agrees(scene: &Scene, primary: &str) -> Result<()> {
    let node = scene.lab.node(primary)?;
    let view = scene.cluster("orders").await?;
    ensure!(view.primary == primary, "the API says {}", view.primary);
    let client = scene.client("reader of the route").await?;
    let route = client.routes().route("orders")?;
    let writer = route.writer().context("the route has no writer")?;
    ensure!(
        writer.node.as_str() == primary,
        "the route says {}",
        writer.node
    );
    eventually("DNS to name the primary", PATIENCE, || async {
        let answer = scene
            .lab
            .consul()
            .dns_a("primary.orders.service.consul")
            .await?;
        ensure!(answer == [*node.address().ip()], "DNS says {answer:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_is_told_as_a_story_with_its_evidence() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    let story = eventually("the recovery to be done", PATIENCE, || async {
        let recoveries = scene.recoveries("orders").await?;
        let done = recoveries
            .iter()
            .any(|r| r.state() == v1::RecoveryState::Done);
        ensure!(done, "{recoveries:?}");
        scene.lictor_ok(&["recovery", "show", "last"]).await
    })
    .await
    .unwrap();
    for told in [
        "DeadPrimary",
        "refuses connections",
        "detect",
        "fence",
        "elect",
        "catch",
        "promote",
        "publish",
        "repoint",
        "ms",
        old.name(),
        new.name(),
    ] {
        assert!(
            story.contains(told),
            "the story does not tell `{told}`:\n{story}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_observe_mode_nothing_is_done_and_it_says_what_would_have_been() {
    let scene = Scene::start(&[("orders", 2)]).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let seed = primary.address().to_string();
    scene
        .lictor_ok(&["cluster", "add", "orders", "--seed", &seed])
        .await
        .unwrap();
    primary.kill().unwrap();
    let recovery = eventually("the observation", PATIENCE, || async {
        let recoveries = scene.recoveries("orders").await?;
        recoveries.into_iter().next().context("no recovery yet")
    })
    .await
    .unwrap();
    assert_eq!(recovery.state(), v1::RecoveryState::Aborted);
    assert_eq!(recovery.verdict_code, "DeadPrimary");
    assert!(
        recovery.new_primary.is_some(),
        "it does not say whom it would have promoted"
    );
    assert_eq!(
        scene.writable_nodes("orders").await.unwrap(),
        Vec::<String>::new()
    );
    let problems = scene.cluster("orders").await.unwrap().problems;
    assert!(
        problems
            .iter()
            .any(|problem| problem.code == "ActionWithheld"),
        "{problems:?}"
    );
}
