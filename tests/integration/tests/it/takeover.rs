//! A leader that begins takes over what it finds, whatever was lost before.

use std::sync::Arc;

use anyhow::{Result, ensure};
use lictor_client::Lictor;
use lictor_integration::{Ledger, Load, PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use serde_json::Value;

async fn term(scene: &Scene) -> Result<u64> {
    let status = scene.lictor_ok(&["status", "-o", "json"]).await?;
    let status: Value = serde_json::from_str(&status)?;
    ensure!(status["leader"] == true, "nobody leads");
    ensure!(status["ready"] == true, "the leader is not ready");
    status["term"]
        .as_u64()
        .ok_or_else(|| anyhow::anyhow!("no term in {status}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_dies_together_with_lictord_is_failed_over_at_the_next_start() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    scene.lab.lictord().kill().unwrap();
    old.kill().unwrap();
    scene.lab.restart("lictord").await.unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primacy_that_postgres_never_heard_of_is_not_forgotten() {
    let scene = Scene::with_orders(2).await.unwrap();
    let first = scene.lab.cluster("orders").primary().await.unwrap();
    Load::prepare(first).await.unwrap();
    let client = scene.client("writers").await.unwrap();

    // Nobody writes while a primary is killed: an unacknowledged write would
    // stay behind there, and keep the node out.
    let early = some_writes(&client, 1).await.unwrap();
    scene.lab.postgres().kill().unwrap();
    first.kill().unwrap();
    let second = scene.new_primary("orders", first.name()).await.unwrap();
    first.start().await.unwrap();
    assert!(scene.rejoined("orders", first.name()).await.unwrap());
    second.kill().unwrap();
    let third = scene.new_primary("orders", second.name()).await.unwrap();
    second.start().await.unwrap();
    let late = some_writes(&client, 1_000_000).await.unwrap();

    scene.lab.lictord().kill().unwrap();
    scene.lab.restart("postgres").await.unwrap();
    scene.lab.restart("lictord").await.unwrap();
    assert!(scene.rejoined("orders", second.name()).await.unwrap());
    let view = scene.cluster("orders").await.unwrap();
    assert_eq!(view.primary, third.name());
    assert_eq!(
        scene.writable_nodes("orders").await.unwrap(),
        [third.name()]
    );
    for ledger in [early, late] {
        assert_eq!(ledger.missing_on(third).await.unwrap(), Vec::<u64>::new());
    }
}

/// Some acknowledged writes, with ids from `first` on.
async fn some_writes(client: &Arc<Lictor>, first: u64) -> Result<Arc<Ledger>> {
    let load = Load::start(client, "orders", 2, first);
    eventually("acknowledged writes", PATIENCE, || async {
        let count = load.ledger().count();
        ensure!(count >= 20, "{count} of 20");
        Ok(())
    })
    .await?;
    Ok(load.stop().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consul_that_has_forgotten_everything_is_led_and_filled_again() {
    let scene = Scene::with_orders(2).await.unwrap();
    let before = term(&scene).await.unwrap();
    let keys = format!("{}/v1/kv/lictor?recurse", scene.lab.consul().url());
    let forgotten = reqwest::Client::new().delete(keys).send().await.unwrap();
    assert!(forgotten.status().is_success());
    eventually("a leader of a newer term", PATIENCE, || async {
        let now = term(&scene).await?;
        ensure!(now > before, "still term {now}");
        Ok(())
    })
    .await
    .unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    eventually("DNS to name the new primary", PATIENCE, || async {
        let dns = scene.lab.consul();
        let answer = dns.dns_a("primary.orders.service.consul").await?;
        ensure!(answer == [*new.address().ip()], "DNS says {answer:?}");
        Ok(())
    })
    .await
    .unwrap();
}
