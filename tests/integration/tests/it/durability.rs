//! What commits wait for, and what is done when nobody is left to acknowledge.

use anyhow::{Context, Result, ensure};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Node, Server, eventually};
use lictor_wire::v1;

async fn problem(scene: &Scene, code: &str) -> Result<v1::Problem> {
    eventually(code, PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        let found = problems.iter().find(|problem| problem.code == code);
        found
            .cloned()
            .ok_or_else(|| anyhow::anyhow!("not among {problems:?}"))
    })
    .await
}

async fn no_problem(scene: &Scene, code: &str) -> Result<()> {
    eventually("the problem to go", PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        ensure!(problems.iter().all(|p| p.code != code), "{problems:?}");
        Ok(())
    })
    .await
}

async fn is(node: &Node, variable: &str, value: &str) -> Result<()> {
    let what = format!("{variable} to be {value}");
    eventually(&what, PATIENCE, || async {
        let found = node.value(&format!("SELECT {variable}")).await?;
        ensure!(found == value, "{} has {found}", node.name());
        Ok(())
    })
    .await
}

const ENABLED: &str = "@@global.rpl_semi_sync_source_enabled";
const DEMANDED: &str = "@@global.rpl_semi_sync_source_wait_for_replica_count";
const ACKNOWLEDGES: &str = "(SELECT VARIABLE_VALUE FROM performance_schema.global_status \
     WHERE VARIABLE_NAME = 'Rpl_semi_sync_replica_status')";

/// The primary and one replica of `orders`.
async fn pair(scene: &Scene) -> Result<(&Node, &Node)> {
    let cluster = scene.lab.cluster("orders");
    let primary = cluster.primary().await?;
    let replica = cluster.nodes().iter().find(|n| n.name() != primary.name());
    let replica = replica.ok_or_else(|| anyhow::anyhow!("no replica"))?;
    Ok((primary, replica))
}

async fn set(scene: &Scene, options: &[&str]) -> Result<()> {
    let mut args = vec!["cluster", "set", "orders", "--reason", "a test"];
    args.extend(options);
    scene.lictor_ok(&args).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_wait_for_a_lost_acknowledger_and_the_problems_say_so() {
    let scene = Scene::with_orders(1).await.unwrap();
    let (primary, replica) = pair(&scene).await.unwrap();
    Load::prepare(primary).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(30).await.unwrap();

    replica.kill().unwrap();
    let stalled = problem(&scene, "StalledPrimary").await.unwrap();
    let evidence: Vec<_> = stalled.evidence.iter().map(|e| &e.sentence).collect();
    assert!(
        evidence
            .iter()
            .any(|e| e.contains("wait for acknowledgements of replicas")),
        "{evidence:?}"
    );
    let acknowledged = load.ledger().count();
    problem(&scene, "SemiSyncStarved").await.unwrap();
    // As long as it takes to look at everyone a few times.
    let lag = problem(&scene, "UnreachableReplica").await.unwrap();
    assert_eq!(lag.node.as_deref(), Some(replica.name()));
    let view = scene.cluster("orders").await.unwrap();
    assert!(view.problems.iter().all(|p| p.code != "DurabilityLoosened"));
    is(primary, ENABLED, "1").await.unwrap();
    assert_eq!(load.ledger().count(), acknowledged);

    replica.start().await.unwrap();
    load.writes(30).await.unwrap();
    no_problem(&scene, "StalledPrimary").await.unwrap();
    let ledger = load.stop().await;
    ledger.is_whole_on(primary).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_loosens_lets_writes_pass_and_tightens_them_again() {
    let scene = Scene::with_orders(1).await.unwrap();
    set(&scene, &["--on-starved", "loosen:0/1s"]).await.unwrap();
    let (primary, replica) = pair(&scene).await.unwrap();
    Load::prepare(primary).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(30).await.unwrap();

    replica.kill().unwrap();
    let loosened = problem(&scene, "DurabilityLoosened").await.unwrap();
    assert_eq!(loosened.severity(), v1::Severity::Critical);
    load.writes(30).await.unwrap();
    is(primary, ENABLED, "0").await.unwrap();

    replica.start().await.unwrap();
    no_problem(&scene, "DurabilityLoosened").await.unwrap();
    is(primary, ENABLED, "1").await.unwrap();
    load.writes(30).await.unwrap();
    assert_eq!(load.stop().await.failures(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn semi_sync_settings_that_drift_or_change_by_policy_are_set_right() {
    let scene = Scene::with_orders(1).await.unwrap();
    let (primary, replica) = pair(&scene).await.unwrap();
    let off = "SET GLOBAL rpl_semi_sync_source_enabled = OFF";
    primary.sql(off).await.unwrap();
    is(primary, ENABLED, "1").await.unwrap();

    for statement in [
        "SET GLOBAL rpl_semi_sync_replica_enabled = OFF",
        "STOP REPLICA IO_THREAD",
        "START REPLICA IO_THREAD",
    ] {
        replica.sql(statement).await.unwrap();
    }
    is(replica, ACKNOWLEDGES, "ON").await.unwrap();

    set(&scene, &["--durability", "async"]).await.unwrap();
    is(primary, ENABLED, "0").await.unwrap();
    set(&scene, &["--durability", "semi-sync"]).await.unwrap();
    is(primary, ENABLED, "1").await.unwrap();
    no_problem(&scene, "SemiSyncNotEnforced").await.unwrap();

    set(&scene, &["--mode", "observe"]).await.unwrap();
    primary.sql(off).await.unwrap();
    problem(&scene, "SemiSyncNotEnforced").await.unwrap();
    is(primary, ENABLED, "0").await.unwrap();
}

/// What a replica received while it did not acknowledge, it never acknowledges;
/// once every writer waits for that, only another commit helps.
#[tokio::test(flavor = "multi_thread")]
async fn writes_go_on_when_a_replica_acknowledges_again_although_every_writer_waits() {
    let scene = Scene::with_orders(1).await.unwrap();
    let (primary, replica) = pair(&scene).await.unwrap();
    Load::prepare(primary).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 4, 1);
    load.writes(30).await.unwrap();
    for _ in 0..2 {
        for statement in [
            "SET GLOBAL rpl_semi_sync_replica_enabled = OFF",
            "STOP REPLICA IO_THREAD",
            "START REPLICA IO_THREAD",
        ] {
            replica.sql(statement).await.unwrap();
        }
        is(replica, ACKNOWLEDGES, "ON").await.unwrap();
        load.writes(30).await.unwrap();
    }
    let ledger = load.stop().await;
    assert_eq!(ledger.failures(), Vec::<String>::new());
    ledger.is_whole_on(primary).await.unwrap();
    no_problem(&scene, "StalledPrimary").await.unwrap();
}

/// When a server was first told this.
async fn told_at(node: &Node, statement: &str) -> Result<String> {
    let log = crate::observe::general_log(node).await?;
    let line = log.lines().find(|line| line.contains(statement));
    let time = line.and_then(|line| line.split_once('\t'));
    let (time, _) = time.with_context(|| format!("{} was not told {statement}", node.name()))?;
    Ok(time.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn durability_that_is_demanded_anew_begins_with_the_replicas_and_then_needs_them() {
    let scene = Scene::with_orders(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let nodes = scene.lab.cluster("orders").nodes();
    let replicas = || nodes.iter().filter(|node| node.name() != primary.name());
    Load::prepare(primary).await.unwrap();
    let client = scene.client("writers").await.unwrap();

    set(&scene, &["--durability", "async"]).await.unwrap();
    is(primary, ENABLED, "0").await.unwrap();
    for replica in replicas() {
        for statement in [
            "SET GLOBAL rpl_semi_sync_replica_enabled = OFF",
            "STOP REPLICA IO_THREAD",
            "START REPLICA IO_THREAD",
        ] {
            replica.sql(statement).await.unwrap();
        }
        is(replica, ACKNOWLEDGES, "OFF").await.unwrap();
    }
    for node in nodes {
        node.sql("SET GLOBAL general_log = ON").await.unwrap();
    }
    set(&scene, &["--durability", "semi-sync:2"]).await.unwrap();
    is(primary, ENABLED, "1").await.unwrap();
    is(primary, DEMANDED, "2").await.unwrap();
    no_problem(&scene, "SemiSyncNotEnforced").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(30).await.unwrap();

    let two = "SET GLOBAL rpl_semi_sync_source_wait_for_replica_count = 2";
    let begun = told_at(primary, two);
    let begun = begun.await.unwrap();
    for replica in replicas() {
        let acknowledges = told_at(replica, "SET GLOBAL rpl_semi_sync_replica_enabled = ON");
        assert!(acknowledges.await.unwrap() < begun, "{}", replica.name());
        is(replica, ACKNOWLEDGES, "ON").await.unwrap();
    }

    // Both are needed now.
    let lost = replicas().next().unwrap();
    lost.kill().unwrap();
    let starved = problem(&scene, "SemiSyncStarved").await.unwrap();
    assert!(
        starved.sentence.contains("1 of the 2"),
        "{}",
        starved.sentence
    );
    problem(&scene, "StalledPrimary").await.unwrap();
    is(primary, DEMANDED, "2").await.unwrap();
    // Fewer are demanded: who waits goes on.
    set(&scene, &["--durability", "semi-sync:1"]).await.unwrap();
    load.writes(30).await.unwrap();
    lost.start().await.unwrap();
    no_problem(&scene, "UnreachableReplica").await.unwrap();
    let ledger = load.stop().await;
    assert_eq!(ledger.failures(), Vec::<String>::new());
    ledger.is_whole_on(primary).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_and_its_primary_that_both_drifted_do_not_wait_for_each_other() {
    let scene = Scene::with_orders(1).await.unwrap();
    let (primary, replica) = pair(&scene).await.unwrap();
    Load::prepare(primary).await.unwrap();
    for statement in [
        "SET GLOBAL super_read_only = OFF",
        "SET GLOBAL rpl_semi_sync_replica_enabled = OFF",
        "STOP REPLICA IO_THREAD",
        "START REPLICA IO_THREAD",
    ] {
        replica.sql(statement).await.unwrap();
    }
    let waits = "rpl_semi_sync_source_wait_no_replica";
    let off = format!("SET GLOBAL {waits} = OFF");
    primary.sql(&off).await.unwrap();
    is(replica, "@@global.super_read_only", "1").await.unwrap();
    is(replica, ACKNOWLEDGES, "ON").await.unwrap();
    is(primary, &format!("@@global.{waits}"), "1")
        .await
        .unwrap();
    no_problem(&scene, "ConfigurationDrift").await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(30).await.unwrap();
    assert_eq!(load.stop().await.failures(), Vec::<String>::new());
}
