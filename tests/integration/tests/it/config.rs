//! The configuration as operators change it: documents, versions, and what comes
//! of them for subscribers.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use lictor_domain::{HostgroupId, RoutingTable};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use serde_json::Value;
use sqlx::{Connection, PgConnection};

const HOSTGROUPS: &str = "\
hostgroups:
  - { id: 10, name: orders-writer, kind: writer, cluster: orders, role: primary }
  - { id: 11, name: orders-readers, kind: reader, cluster: orders, role: replica, weight: 3 }
";

/// Writes a document into the laboratory's directory.
fn document(scene: &Scene, name: &str, text: &str) -> Result<PathBuf> {
    let path = scene.lab.block().dir().join(name);
    fs::write(&path, text)?;
    Ok(path)
}

/// What a command prints as JSON.
async fn json(scene: &Scene, args: &[&str]) -> Result<Value> {
    let said = scene.lictor_ok(&[args, &["-o", "json"]].concat()).await?;
    Ok(serde_json::from_str(&said)?)
}

/// The newest version's number.
async fn head(scene: &Scene) -> Result<u64> {
    let history = json(scene, &["config", "history", "--limit", "1"]).await?;
    history[0]["version"]["version"]
        .as_u64()
        .context("no version")
}

async fn apply(scene: &Scene, text: &str, base: u64) -> Result<Value> {
    let path = document(scene, "applied.yaml", text)?;
    let (path, base) = (path.display().to_string(), base.to_string());
    let args = ["config", "apply", &path, "--base", &base];
    json(scene, &[&args[..], &["--reason", "a test"]].concat()).await
}

/// What is said on a command that has to fail.
async fn refused(scene: &Scene, args: &[&str]) -> Result<String> {
    let output = scene.lictor(args).await?;
    ensure!(!output.status.success(), "lictor {args:?} was not refused");
    Ok(String::from_utf8(output.stderr)?)
}

fn servers(table: &RoutingTable, id: u32) -> Vec<String> {
    let hostgroup = table.hostgroups.get(&HostgroupId(id));
    let servers = hostgroup.map(|it| it.servers.iter().map(|one| one.address.to_string()));
    servers.map(Iterator::collect).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostgroup_filled_by_role_follows_a_failover_by_itself() {
    let scene = Scene::with_orders(2).await.unwrap();
    let cluster = scene.lab.cluster("orders");
    let old = cluster.primary().await.unwrap();
    let client = scene.client("proxy").await.unwrap();
    let base = head(&scene).await.unwrap();
    let applied = apply(&scene, HOSTGROUPS, base).await.unwrap();
    assert_eq!(applied["made"]["version"], base + 1);
    assert_eq!(
        (&applied["subscribers"], &applied["acked"]),
        (&1.into(), &1.into()),
        "{applied}"
    );
    let table = client.routes().table();
    assert_eq!(servers(&table, 10), [old.address().to_string()]);
    assert_eq!(servers(&table, 11).len(), 2);

    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    let address = new.address().to_string();
    eventually("the hostgroups to change", PATIENCE, || async {
        let table = client.routes().table();
        let (writer, readers) = (servers(&table, 10), servers(&table, 11));
        ensure!(writer == [address.as_str()], "the writer is {writer:?}");
        ensure!(!readers.contains(&address), "the readers are {readers:?}");
        ensure!(readers.len() == 1, "the readers are {readers:?}");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(
        head(&scene).await.unwrap(),
        base + 1,
        "nobody configured that"
    );
    let shown = scene.lictor_ok(&["route", "show"]).await.unwrap();
    assert!(shown.contains("orders-writer"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_second_is_told_what_the_first_did_and_a_rollback_undoes_it() {
    let scene = Scene::start(&[("orders", 1), ("users", 1)]).await.unwrap();
    scene.register("orders").await.unwrap();
    let dir = scene
        .lab
        .block()
        .dir()
        .join("exported.yaml")
        .display()
        .to_string();
    let export = ["config", "export", "--file", &dir];
    scene.lictor_ok(&export).await.unwrap();
    let before = head(&scene).await.unwrap();

    let set = ["cluster", "set", "orders", "--mode", "manual"];
    let set = [&set[..], &["--reason", "a new disk"]].concat();
    scene.lictor_ok(&set).await.unwrap();
    let mut text = fs::read_to_string(&dir).unwrap();
    text = text.replace("hostgroups: []", HOSTGROUPS.trim_end());
    fs::write(&dir, &text).unwrap();
    let late = ["config", "apply", &dir, "--reason", "a test"];
    let told = refused(&scene, &late).await.unwrap();
    for part in [
        &format!("made from version {before}"),
        "cluster.set",
        "a new disk",
        "policy.mode auto → manual",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    let table = scene.lictor_ok(&["hostgroup", "list"]).await.unwrap();
    assert!(table.contains("there is no hostgroup"), "{table}");

    // It says what every cluster is to be like, so applied to the newest version it
    // undoes what came between.
    let base = head(&scene).await.unwrap().to_string();
    let again = [&late[..], &["--base", &base]].concat();
    let rehearsal = [&again[..], &["--dry-run"]].concat();
    let said = scene.lictor_ok(&rehearsal).await.unwrap();
    assert!(said.contains("policy.mode: manual → auto"), "{said}");
    assert!(said.contains("Nothing was changed"), "{said}");
    scene.lictor_ok(&again).await.unwrap();
    let mode = async || {
        scene
            .cluster("orders")
            .await
            .map(|it| it.policy.map(|it| it.mode()))
    };
    let auto = Some(lictor_wire::v1::Mode::Auto);
    assert_eq!(mode().await.unwrap(), auto, "the steward was told");
    let base_now = head(&scene).await.unwrap().to_string();
    let same = [&late[..], &["--base", &base_now]].concat();
    let said = scene.lictor_ok(&same).await.unwrap();
    assert!(said.contains("nothing to change"), "{said}");

    scene.register("users").await.unwrap();
    let (manual, newest) = (base.as_str(), head(&scene).await.unwrap());
    let back = ["config", "rollback", manual, "--reason", "it was right"];
    let back = json(&scene, &back).await.unwrap();
    assert_eq!(back["made"]["version"], newest + 1, "{back}");
    assert_eq!(mode().await.unwrap(), Some(lictor_wire::v1::Mode::Manual));
    let table = scene.lictor_ok(&["hostgroup", "list"]).await.unwrap();
    assert!(table.contains("there is no hostgroup"), "{table}");
    let users = scene.cluster("users").await.unwrap().policy.unwrap();
    assert_eq!(users.mode(), lictor_wire::v1::Mode::Auto, "it stays");
    let newest = (newest + 1).to_string();
    let shown = scene.lictor_ok(&["config", "show", &newest]).await.unwrap();
    assert!(
        shown.contains("config.rollback") && shown.contains("it was right"),
        "{shown}"
    );

    // The next leader begins with what was configured last.
    let lictord = scene.lab.lictord();
    lictord.kill().unwrap();
    scene.lab.restart("lictord").await.unwrap();
    lictord.wait_ready().await.unwrap();
    assert_eq!(head(&scene).await.unwrap().to_string(), newest);
}

/// Documents that are wrong, each with what has to be said of it.
const WRONG: &[(&str, &[&str])] = &[
    ("", &["it is empty"]),
    ("clusters: [", &["wrong.yaml:"]),
    (
        "hostgroup: []",
        &["wrong.yaml:1", "unknown field `hostgroup`", "hostgroups"],
    ),
    (
        "clusters: { carts: {} }",
        &[
            "clusters.carts",
            "registered are: orders",
            "lictor cluster add carts",
        ],
    ),
    (
        "clusters: { orders: { nodes: { \"10.9.9.9:1\": { zone: eu } } } }",
        &[
            "clusters.orders.nodes.10.9.9.9:1",
            "has no node at 10.9.9.9:1",
        ],
    ),
    (
        "clusters: { orders: { policy: { mode: sometimes } } }",
        &["clusters.orders.policy.mode", "sometimes", "observe"],
    ),
    (
        "clusters: { orders: { policy: { accept_unfenced: true } } }",
        &[
            "clusters.orders.policy.accept_unfenced",
            "durability: async",
        ],
    ),
    (
        "hostgroups:\n  - { id: 1, name: a, kind: writer, cluster: users, role: primary }\n  \
           - { id: 1, name: b, kind: writer, cluster: orders, role: primary }",
        &[
            "wrong.yaml:2",
            "hostgroups[0].cluster: there is no cluster users",
            "wrong.yaml:3",
            "hostgroups[1].id: 1 is there twice",
        ],
    ),
    (
        "query_rules: [ { rule_id: 1, active: true, match_digest: \"(\", apply: true } ]",
        &["query_rules[0]", "match_digest"],
    ),
    (
        "query_rules: [ { rule_id: 1, active: true, destination_hostgroup: 7, apply: true } ]",
        &["query_rules[0].destination_hostgroup", "7"],
    ),
    (
        "keyspaces: { shop: { function: hash, key: integer, shards: [ \
           { name: s0, cluster: orders, range: \"-40\" } ] } }",
        &["keyspaces", "keyspace `shop`", "no shard owns"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_not_right_is_refused_by_name_and_changes_nothing() {
    let scene = Scene::with_orders(1).await.unwrap();
    let before = head(&scene).await.unwrap();
    let base = before.to_string();
    for (text, said) in WRONG {
        let path = document(&scene, "wrong.yaml", text).unwrap();
        let path = path.display().to_string();
        let apply = ["config", "apply", &path, "--base", &base];
        let apply = [&apply[..], &["--reason", "a test"]].concat();
        let told = refused(&scene, &apply).await.unwrap();
        for part in *said {
            assert!(told.contains(part), "{part} is not in: {told}");
        }
    }
    assert_eq!(head(&scene).await.unwrap(), before);
    let path = document(&scene, "unsaid.yaml", HOSTGROUPS).unwrap();
    let unsaid = path.display().to_string();
    let unsaid = ["config", "apply", &unsaid, "--reason", "a test"];
    let told = refused(&scene, &unsaid).await.unwrap();
    assert!(told.contains("--base"), "{told}");
    let unknown = ["config", "rollback", "99", "--reason", "a test"];
    let told = refused(&scene, &unknown).await.unwrap();
    assert!(told.contains("99"), "{told}");

    let url = scene.lab.postgres().url();
    let mut log = PgConnection::connect(&url).await.unwrap();
    let entries = "SELECT result FROM audit WHERE action LIKE 'config.%' AND reason = 'a test'";
    let told: Vec<(String,)> = sqlx::query_as(entries).fetch_all(&mut log).await.unwrap();
    assert_eq!(
        told.len(),
        WRONG.len() + 1,
        "each refusal stands there: {told:?}"
    );
    assert!(
        told.iter().all(|(it,)| it.starts_with("not changed: ")),
        "{told:?}"
    );
}

const SHOP: &str = "\
keyspaces:
  shop:
    function: hash
    key: integer
    shards:
      - { name: s0, cluster: orders, range: \"-80\" }
      - { name: s1, cluster: users, range: \"80-\" }
hostgroups:
  - { id: 10, name: writer, kind: writer, cluster: orders, role: primary }
  - { id: 11, name: reader, kind: reader, cluster: orders, role: replica }
query_rules:
  - { rule_id: 1, active: true, match_digest: \"^SELECT.*FOR UPDATE\", destination_hostgroup: 10, apply: true }
  - { rule_id: 2, active: true, match_digest: \"^SELECT\", destination_hostgroup: 11, apply: true }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_is_split_held_moved_and_merged_and_a_rule_is_tested() {
    let scene = Scene::start(&[("orders", 1), ("users", 1)]).await.unwrap();
    scene.register("orders").await.unwrap();
    scene.register("users").await.unwrap();
    let base = head(&scene).await.unwrap();
    apply(&scene, SHOP, base).await.unwrap();
    let client = scene.client("app").await.unwrap();
    let resolve = async || json(&scene, &["keyspace", "resolve", "shop", "7"]).await;
    let first = resolve().await.unwrap();
    let (shard, cluster) = (
        first["shard"].as_str().unwrap(),
        first["cluster"].as_str().unwrap(),
    );
    let other = if cluster == "orders" {
        "users"
    } else {
        "orders"
    };
    let reason = ["--reason", "a test"];

    let hold = ["keyspace", "move", "shop", shard, "--hold"];
    let outcome = json(&scene, &[&hold[..], &reason].concat()).await.unwrap();
    assert_eq!(outcome["acked"], 1, "{outcome}");
    assert_eq!(resolve().await.unwrap()["held"], true);
    let over = [
        "keyspace",
        "move",
        "shop",
        shard,
        "--to",
        other,
        "--release",
    ];
    scene
        .lictor_ok(&[&over[..], &reason].concat())
        .await
        .unwrap();
    let found = resolve().await.unwrap();
    assert_eq!(
        (&found["cluster"], &found["held"]),
        (&other.into(), &false.into())
    );
    assert_eq!(found["route"]["state"], "serving");
    let table = client.routes().table();
    let keyspace = table.keyspaces.values().next().unwrap();
    assert!(keyspace.clusters().all(|it| it.as_str() == other));

    let split = [
        "keyspace", "split", "shop", "s0", "--into", "s2", "--at", "40",
    ];
    scene
        .lictor_ok(&[&split[..], &reason].concat())
        .await
        .unwrap();
    let shown = json(&scene, &["keyspace", "show", "shop"]).await.unwrap();
    let owned = shown["shards"].as_array().unwrap().iter();
    let owned: Vec<_> = owned.map(|it| it["owns"].as_str().unwrap()).collect();
    assert_eq!(owned, ["-40", "40-80", "80-"]);
    let merge = ["keyspace", "merge", "shop", "s0", "--with", "s2"];
    scene
        .lictor_ok(&[&merge[..], &reason].concat())
        .await
        .unwrap();
    let listed = json(&scene, &["keyspace", "list"]).await.unwrap();
    assert_eq!(listed[0]["shards"].as_array().unwrap().len(), 2);

    let test = async |sql: &str| json(&scene, &["rule", "test", sql]).await;
    let locked = test("SELECT a FROM t WHERE b = 5 FOR UPDATE")
        .await
        .unwrap();
    assert_eq!(locked["outcome"]["hostgroup_name"], "writer");
    assert_eq!(locked["digest"], "SELECT a FROM t WHERE b = ? FOR UPDATE");
    let read = test("select 1").await.unwrap();
    assert_eq!(read["outcome"]["chosen_by"], 2);
    let write = test("UPDATE t SET a = 1").await.unwrap();
    let outcome = write["outcome"].as_object().unwrap();
    assert_eq!(outcome["destination_hostgroup"], Value::Null);
}
