//! A keyspace over two clusters under load, while a primary dies and a shard
//! moves.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use lictor_client::Lictor;
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Node, Server, eventually};
use lictor_wire::v1;
use v1::config_service_client::ConfigServiceClient;

use crate::push::python;

/// Four shards: which clusters hold them, and whether writes to the second wait.
fn document(holders: [&str; 4], second: &str) -> String {
    let [a, b, c, d] = holders;
    format!(
        "keyspaces:
  shop:
    function: hash
    key: unsigned
    shards:
      - {{ name: s0, cluster: {a}, range: '-40' }}
      - {{ name: s1, cluster: {b}, range: '40-80', writes: {second} }}
      - {{ name: s2, cluster: {c}, range: '80-c0' }}
      - {{ name: s3, cluster: {d}, range: 'c0-' }}
"
    )
}

const BEFORE: [&str; 4] = ["orders", "orders", "users", "users"];
const AFTER: [&str; 4] = ["orders", "users", "users", "users"];

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_where_the_map_says_after_a_failover_and_a_move_under_load() {
    let scene = Scene::start(&[("orders", 2), ("users", 2)]).await.unwrap();
    for cluster in ["orders", "users"] {
        scene.register(cluster).await.unwrap();
        Load::prepare(primary(&scene, cluster).await.unwrap())
            .await
            .unwrap();
    }
    apply(&scene, &document(BEFORE, "serving")).await.unwrap();
    let client = scene.client("shop").await.unwrap();
    has_the_keyspace(&client).await.unwrap();
    let load = Load::start_on_keyspace(&client, "shop", 6);
    load.writes(200).await.unwrap();

    let lost = primary(&scene, "orders").await.unwrap();
    lost.kill().unwrap();
    scene.new_primary("orders", lost.name()).await.unwrap();
    load.writes(100).await.unwrap();

    // Hold, copy, point to the copy: an operator moves the shard's data.
    let held = apply(&scene, &document(BEFORE, "held")).await.unwrap();
    everyone_acked(&scene, held).await.unwrap();
    let moved = move_rows(&scene, &client, "s1").await.unwrap();
    assert!(!moved.is_empty(), "the shard was empty: nothing is shown");
    apply(&scene, &document(AFTER, "serving")).await.unwrap();
    let orders = primary(&scene, "orders").await.unwrap();
    orders
        .sql(&format!(
            "DELETE FROM app.writes WHERE id IN ({})",
            list(&moved)
        ))
        .await
        .unwrap();
    load.writes(200).await.unwrap();

    let lost = primary(&scene, "users").await.unwrap();
    lost.kill().unwrap();
    scene.new_primary("users", lost.name()).await.unwrap();
    load.writes(100).await.unwrap();

    let ledger = load.stop().await;
    assert_eq!(ledger.failures(), Vec::<String>::new());
    let by_cluster = rows(&scene).await.unwrap();
    every_row_is_where_the_map_says(&client, &by_cluster).unwrap();
    let there: BTreeSet<u64> = by_cluster.values().flatten().copied().collect();
    let acknowledged: BTreeSet<u64> = ledger.acknowledged().iter().map(|it| it.id).collect();
    let missing: Vec<_> = acknowledged.difference(&there).collect();
    assert!(missing.is_empty(), "acknowledged, and gone: {missing:?}");
    assert_eq!(scattered(&client).await.unwrap(), there);
    for id in moved.iter().take(1).chain(&[1, u64::MAX]) {
        let shard = client.shard("shop", *id).unwrap();
        let ours = format!("shard {} on cluster {},", shard.name(), shard.cluster());
        let theirs = in_python(&scene, *id).await.unwrap();
        assert!(
            theirs.starts_with(&ours),
            "{id}: {ours} in Python: {theirs}"
        );
    }
}

/// What the example in Python says of where an id lives.
async fn in_python(scene: &Scene, id: u64) -> Result<String> {
    let mut command = python(scene, &["resolve", "shop", &id.to_string()])?;
    let output = tokio::time::timeout(PATIENCE, command.output()).await??;
    let said = String::from_utf8(output.stdout)?;
    let erred = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "it failed: {said}{erred}");
    Ok(said)
}

async fn primary<'s>(scene: &'s Scene, cluster: &str) -> Result<&'s Node> {
    let view = scene.cluster(cluster).await?;
    scene.lab.node(&view.primary)
}

/// Applies a document to what is in force; the revision that comes of it.
async fn apply(scene: &Scene, yaml: &str) -> Result<v1::Revision> {
    let mut api = ConfigServiceClient::new(scene.channel().await?);
    let newest = api.get_config(v1::GetConfigRequest::default()).await?;
    let newest = newest.into_inner().version.context("no version")?;
    let request = v1::ApplyConfigRequest {
        base: newest.version,
        document: Some(v1::ConfigDocument {
            name: "shop.yaml".to_owned(),
            yaml: yaml.to_owned(),
        }),
        reason: "the shop's shards".to_owned(),
        dry_run: false,
    };
    let answer = api.apply_config(request).await?.into_inner();
    let outcome = answer.outcome.context("no outcome")?;
    outcome.revision.context("nothing changed")
}

async fn has_the_keyspace(client: &Lictor) -> Result<()> {
    eventually("the client to have the keyspace", PATIENCE, || async {
        client.shard("shop", 1_u64)?;
        anyhow::Ok(())
    })
    .await
}

/// Waits until every subscriber has acknowledged the revision: then nobody writes
/// to what it holds.
async fn everyone_acked(scene: &Scene, revision: v1::Revision) -> Result<()> {
    let wanted = (revision.term, revision.n);
    let channel = scene.channel().await?;
    eventually("every subscriber to acknowledge", PATIENCE, || async {
        let mut api = v1::routing_service_client::RoutingServiceClient::new(channel.clone());
        let everyone = api.list_subscribers(v1::ListSubscribersRequest {}).await?;
        for subscriber in everyone.into_inner().subscribers {
            let acked = subscriber.acked.map(|acked| (acked.term, acked.n));
            ensure!(acked >= Some(wanted), "{} is at {acked:?}", subscriber.id);
        }
        Ok(())
    })
    .await
}

/// Copies a shard's rows from the primary of `orders` to that of `users`.
async fn move_rows(scene: &Scene, client: &Lictor, shard: &str) -> Result<Vec<u64>> {
    let ids = ids(primary(scene, "orders").await?).await?;
    let mut moved = vec![];
    for id in ids {
        if client.shard("shop", id)?.name().as_str() == shard {
            moved.push(id);
        }
    }
    let values: Vec<_> = moved.iter().map(|id| format!("({id})")).collect();
    let users = primary(scene, "users").await?;
    users
        .sql(&format!(
            "INSERT INTO app.writes (id) VALUES {}",
            values.join(",")
        ))
        .await?;
    Ok(moved)
}

fn list(ids: &[u64]) -> String {
    let ids: Vec<_> = ids.iter().map(u64::to_string).collect();
    ids.join(",")
}

async fn ids(node: &Node) -> Result<BTreeSet<u64>> {
    let rows = node.sql("SELECT id FROM app.writes").await?;
    let ids = rows.iter().filter_map(|row| row.first());
    ids.map(|id| Ok(id.parse()?)).collect()
}

async fn rows(scene: &Scene) -> Result<BTreeMap<&'static str, BTreeSet<u64>>> {
    let mut rows = BTreeMap::new();
    for cluster in ["orders", "users"] {
        rows.insert(cluster, ids(primary(scene, cluster).await?).await?);
    }
    Ok(rows)
}

fn every_row_is_where_the_map_says(
    client: &Lictor,
    by_cluster: &BTreeMap<&str, BTreeSet<u64>>,
) -> Result<()> {
    for (cluster, ids) in by_cluster {
        ensure!(!ids.is_empty(), "{cluster} has no rows at all");
        for id in ids {
            let shard = client.shard("shop", *id)?;
            let says = shard.cluster().as_str();
            ensure!(
                says == *cluster,
                "{id} is on {cluster}, and belongs to {says}"
            );
        }
    }
    Ok(())
}

/// What one statement on the whole keyspace sees; each row once.
async fn scattered(client: &Lictor) -> Result<BTreeSet<u64>> {
    let all = client
        .scatter("shop", "SELECT id FROM writes", ())
        .on_the_writers()
        .collect::<u64>()
        .await?;
    let count = all.rows.len();
    let ids: BTreeSet<u64> = all.rows.into_iter().map(|(_, id)| id).collect();
    ensure!(ids.len() == count, "a row is on both clusters");
    Ok(ids)
}
