//! The connections of a node are divided among those who use it.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use lictor_client::Lictor;
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{APP, Node, eventually};
use mysql_async::prelude::Queryable;
use serde_json::{Value, json};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn applications_that_want_more_than_there_is_get_their_shares_and_no_error() {
    let scene = Scene::with_orders(1).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    primary
        .sql("SET GLOBAL max_connections = 30")
        .await
        .unwrap();
    let one = scene.client("one").await.unwrap();
    let other = scene.client("other").await.unwrap();
    // 30 less 10 in reserve, for two.
    let shares = json!({"max_connections": 30, "reserve": 10, "pools": 2, "share": 10,
                        "handed_out": 20});
    eventually("the shares", PATIENCE, || async {
        let shown = shown(&scene, "orders-1").await?;
        let same = shares.as_object().context("no object")?.iter();
        for (field, value) in same {
            ensure!(&shown[field] == value, "{field} in {shown}");
        }
        for client in [&one, &other] {
            let told = client.routes().hints();
            let told = told.connections(&"orders-1".parse()?);
            ensure!(told == Some(10), "a client was told {told:?}");
        }
        anyhow::Ok(())
    })
    .await
    .unwrap();

    let mut wanting = JoinSet::new();
    for client in [&one, &other] {
        for _ in 0..20 {
            wanting.spawn(use_the_writer(client.clone()));
        }
    }
    let mut most = 0;
    while !wanting.is_empty() {
        most = most.max(in_use(primary).await.unwrap());
        while let Some(done) = wanting.try_join_next() {
            done.unwrap().unwrap();
        }
    }
    assert!(most > 2, "they were not all at it: {most}");
    assert!(most <= 20, "{most} connections were in use");
}

/// Ten statements, each on a connection of its own.
async fn use_the_writer(client: Arc<Lictor>) -> Result<()> {
    for _ in 0..10 {
        let mut writer = client.writer("orders").await?;
        writer.query_drop("DO SLEEP(0.02)").await?;
    }
    Ok(())
}

/// The applications' connections.
async fn in_use(node: &Node) -> Result<usize> {
    let rows = node
        .sql(&format!(
            "SELECT COUNT(*) FROM performance_schema.processlist WHERE user = '{}'",
            APP.user
        ))
        .await?;
    let count = rows.first().and_then(|row| row.first());
    Ok(count.context("no count")?.parse()?)
}

/// What the command line shows of a node's connections.
async fn shown(scene: &Scene, node: &str) -> Result<Value> {
    let args = ["cluster", "connections", "orders", "-o", "json"];
    let nodes: Vec<Value> = serde_json::from_str(&scene.lictor_ok(&args).await?)?;
    let found = nodes.into_iter().find(|shown| shown["node"] == node);
    found.context("the node is not shown")
}
