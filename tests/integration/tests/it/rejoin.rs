//! The old primary comes back.

use anyhow::{Context, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Server, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn an_old_primary_without_errant_transactions_rejoins_as_a_replica() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    old.start().await.unwrap();
    assert!(scene.rejoined("orders", old.name()).await.unwrap());
    new.sql("CREATE TABLE app.after (id INT PRIMARY KEY)")
        .await
        .unwrap();
    eventually("the old primary to replicate", PATIENCE, || async {
        old.sql("SELECT * FROM app.after").await
    })
    .await
    .unwrap();
    eventually("the old primary to serve reads", PATIENCE, || async {
        let answer = scene
            .lab
            .consul()
            .dns_a("replica.orders.service.consul")
            .await?;
        ensure!(answer.contains(old.address().ip()), "DNS says {answer:?}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_primary_with_errant_transactions_is_quarantined_and_named() {
    let scene = Scene::with_orders(2).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    let lictord = scene.lab.lictord();
    // Nobody watches while the errant transaction is made.
    lictord.kill().unwrap();
    for node in scene.lab.cluster("orders").nodes() {
        if node.name() != old.name() {
            node.stop_replication().await.unwrap();
        }
    }
    old.sql("SET GLOBAL rpl_semi_sync_source_enabled = OFF")
        .await
        .unwrap();
    old.sql("CREATE TABLE app.errant (id INT PRIMARY KEY)")
        .await
        .unwrap();
    old.kill().unwrap();
    for node in scene.lab.cluster("orders").nodes() {
        if node.name() != old.name() {
            node.start_replication().await.unwrap();
        }
    }
    lictord.start().await.unwrap();
    lictord.wait_ready().await.unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();

    old.start().await.unwrap();
    assert!(!scene.rejoined("orders", old.name()).await.unwrap());
    let view = scene.cluster("orders").await.unwrap();
    let seen = view
        .nodes
        .iter()
        .find(|node| node.name == old.name())
        .unwrap();
    let quarantine = seen.quarantine.clone().context("no quarantine").unwrap();
    assert!(
        quarantine.errant.contains(old.server_uuid()),
        "{quarantine:?}"
    );
    assert!(
        view.problems
            .iter()
            .any(|problem| problem.code == "ErrantGtid"
                && problem.node.as_deref() == Some(old.name())),
        "{:?}",
        view.problems
    );
    eventually("DNS to know nothing of it", PATIENCE, || async {
        let consul = scene.lab.consul();
        let primary = consul.dns_a("primary.orders.service.consul").await?;
        let all = consul.dns_a("orders.service.consul").await?;
        ensure!(
            primary == [*new.address().ip()],
            "the primary is {primary:?}"
        );
        ensure!(!all.contains(old.address().ip()), "DNS says {all:?}");
        Ok(())
    })
    .await
    .unwrap();
    let client = scene.client("reader of the route").await.unwrap();
    let route = client.routes().route("orders").unwrap();
    assert!(
        route
            .readers
            .iter()
            .all(|reader| reader.endpoint.node.as_str() != old.name())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_replica_takes_up_replication_again() {
    let scene = Scene::with_orders(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let replica = scene
        .lab
        .cluster("orders")
        .nodes()
        .iter()
        .find(|n| n.name() != primary.name());
    let replica = replica.unwrap();
    replica.kill().unwrap();
    eventually("its loss to be noticed", PATIENCE, || async {
        let view = scene.cluster("orders").await?;
        let noticed = view.problems.iter().any(|p| p.code == "UnreachableReplica");
        ensure!(noticed, "{:?}", view.problems);
        Ok(())
    })
    .await
    .unwrap();
    replica.start().await.unwrap();
    assert!(scene.rejoined("orders", replica.name()).await.unwrap());
}
