//! No command leaves without a valid lease.

use anyhow::{Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use serde_json::Value;

const RECEIVER: &str = "SELECT SERVICE_STATE FROM performance_schema.replication_connection_status";

async fn leads(scene: &Scene) -> Result<bool> {
    let status = scene.lictor_ok(&["status", "-o", "json"]).await?;
    let status: Value = serde_json::from_str(&status)?;
    Ok(status["leader"] == true)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_both_stores_nobody_is_promoted_until_one_is_back() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    let (consul, postgres) = (scene.lab.consul(), scene.lab.postgres());
    consul.freeze().unwrap();
    postgres.freeze().unwrap();
    eventually("lictord to stop leading", PATIENCE, || async {
        ensure!(!leads(&scene).await?, "it still leads");
        Ok(())
    })
    .await
    .unwrap();
    old.kill().unwrap();
    eventually("its replicas to have lost it", PATIENCE, || async {
        for node in scene.lab.cluster("orders").nodes() {
            if node.name() != old.name() {
                let state = node.value(RECEIVER).await?;
                ensure!(state == "CONNECTING", "{} is {state}", node.name());
            }
        }
        Ok(())
    })
    .await
    .unwrap();
    // All that a failover needs is there but a lease; looking a hundred times
    // takes longer than one.
    for _ in 0..100 {
        assert_eq!(
            scene.writable_nodes("orders").await.unwrap(),
            Vec::<String>::new()
        );
    }
    consul.thaw().unwrap();
    postgres.thaw().unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_survives_the_loss_of_one_store_and_still_fails_over() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    scene.lab.postgres().kill().unwrap();
    old.kill().unwrap();
    eventually("another node to take writes", PATIENCE, || async {
        let writable = scene.writable_nodes("orders").await?;
        ensure!(writable.len() == 1, "{writable:?}");
        Ok(())
    })
    .await
    .unwrap();
    assert!(leads(&scene).await.unwrap());
    scene.lab.restart("postgres").await.unwrap();
    eventually("the history to be written", PATIENCE, || async {
        let recoveries = scene.recoveries("orders").await?;
        ensure!(!recoveries.is_empty(), "no recovery yet");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_it_gives_the_leases_back() {
    let scene = Scene::start(&[]).await.unwrap();
    let lictord = scene.lab.lictord();
    lictord.terminate().unwrap();
    lictord.gone(PATIENCE).await.unwrap();
    let url = format!("{}/v1/kv/lictor/lease?raw", scene.lab.consul().url());
    let record: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(record["holder"], Value::Null, "{record}");
    let url = format!("{}/v1/catalog/service/lictor", scene.lab.consul().url());
    let members: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(members, serde_json::json!([]));
}
