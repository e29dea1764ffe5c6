//! Consul: DNS, health as it changes, drift repaired.

use anyhow::ensure;
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn dns_names_the_primary_and_the_replicas_with_their_ports() {
    let scene = Scene::with_orders(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let consul = scene.lab.consul();
    eventually("DNS to name every node", PATIENCE, || async {
        let writer = consul.dns_a("primary.orders.service.consul").await?;
        ensure!(
            writer == [*primary.address().ip()],
            "the primary is {writer:?}"
        );
        let readers = consul.dns_a("replica.orders.service.consul").await?;
        ensure!(readers.len() == 2, "the replicas are {readers:?}");
        Ok(())
    })
    .await
    .unwrap();
    let services = consul
        .dns_srv("primary.orders.service.consul")
        .await
        .unwrap();
    assert_eq!(services.len(), 1);
    assert_eq!(services[0].1, 3306);
    let services = consul
        .dns_srv("replica.orders.service.consul")
        .await
        .unwrap();
    assert!(services.iter().all(|(_, port)| *port == 3306));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_replica_leaves_dns_with_a_sentence_and_returns() {
    let scene = Scene::with_orders(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let replica = scene
        .lab
        .cluster("orders")
        .nodes()
        .iter()
        .find(|n| n.name() != primary.name());
    let replica = replica.unwrap();
    let consul = scene.lab.consul();
    let in_dns = || async { consul.dns_a("replica.orders.service.consul").await };
    eventually("it to be in DNS", PATIENCE, || async {
        let readers = in_dns().await?;
        ensure!(readers.contains(replica.address().ip()), "{readers:?}");
        Ok(())
    })
    .await
    .unwrap();
    replica.kill().unwrap();
    eventually("it to leave DNS", PATIENCE, || async {
        let readers = in_dns().await?;
        ensure!(!readers.contains(replica.address().ip()), "{readers:?}");
        Ok(())
    })
    .await
    .unwrap();
    let url = format!("{}/v1/health/node/mysql-{}", consul.url(), replica.name());
    let checks: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let connect = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["CheckID"] == "connect")
        .unwrap();
    assert_eq!(connect["Status"], "critical");
    assert!(!connect["Output"].as_str().unwrap().is_empty());
    replica.start().await.unwrap();
    eventually("it to be back in DNS", PATIENCE, || async {
        let readers = in_dns().await?;
        ensure!(readers.contains(replica.address().ip()), "{readers:?}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_in_consul_is_repaired_and_counted() {
    let scene = Scene::with_orders(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let consul = scene.lab.consul();
    let named = || async {
        let answer = consul.dns_a("primary.orders.service.consul").await?;
        ensure!(answer == [*primary.address().ip()], "DNS says {answer:?}");
        Ok(())
    };
    eventually("DNS to name the primary", PATIENCE, named)
        .await
        .unwrap();
    let gone = json!({ "Node": format!("mysql-{}", primary.name()) });
    let url = format!("{}/v1/catalog/deregister", consul.url());
    let http = reqwest::Client::new();
    // Where Lictor is about to write the node anyway, it is no drift that is found.
    eventually("a repair to be counted", PATIENCE, || async {
        let answer = http.put(&url).body(gone.to_string()).send().await?;
        ensure!(answer.status().is_success(), "{}", answer.status());
        eventually("DNS to name the primary again", PATIENCE, named).await?;
        let status = scene.lictor_ok(&["status", "-o", "json"]).await?;
        let status: serde_json::Value = serde_json::from_str(&status)?;
        ensure!(
            status["consul_drift"].as_u64().is_some_and(|n| n > 0),
            "{status}"
        );
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_does_not_wait_for_a_frozen_consul_and_dns_follows_later() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    let consul = scene.lab.consul();
    consul.freeze().unwrap();
    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    consul.thaw().unwrap();
    eventually("DNS to follow", PATIENCE, || async {
        let answer = consul.dns_a("primary.orders.service.consul").await?;
        ensure!(answer == [*new.address().ip()], "DNS says {answer:?}");
        Ok(())
    })
    .await
    .unwrap();
}
