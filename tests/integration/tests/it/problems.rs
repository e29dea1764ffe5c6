//! What is shown before it hurts, and what looking at servers costs them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{CONTROL, Node, Server, disks_or_skip, eventually};
use lictor_wire::v1;

use crate::switchover::calm;

async fn problem(scene: &Scene, code: &str) -> Result<v1::Problem> {
    eventually(&format!("the problem {code}"), PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        let found = problems.iter().find(|problem| problem.code == code);
        found
            .cloned()
            .with_context(|| format!("not among {problems:?}"))
    })
    .await
}

async fn no_problem(scene: &Scene, code: &str) -> Result<()> {
    eventually(&format!("no {code}"), PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        ensure!(problems.iter().all(|p| p.code != code), "{problems:?}");
        Ok(())
    })
    .await
}

async fn set(scene: &Scene, options: &[&str]) -> Result<()> {
    let args = ["cluster", "set", "orders", "--reason", "a test"];
    scene.lictor_ok(&[&args[..], options].concat()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_is_shown_at_once_and_a_raised_one_lets_the_next_loss_be_repaired() {
    let scene = Scene::with_orders(2).await.unwrap();
    set(&scene, &["--budget", "1/1h"]).await.unwrap();
    let first = scene.lab.cluster("orders").primary().await.unwrap();
    first.kill().unwrap();
    let second = scene.new_primary("orders", first.name()).await.unwrap();
    let spent = problem(&scene, "FailoverBudgetSpent").await.unwrap();
    assert!(spent.sentence.contains("is lost now"), "{}", spent.sentence);
    assert!(spent.sentence.contains("the next at"), "{}", spent.sentence);
    assert!(
        spent
            .response
            .contains("lictor cluster set orders --budget")
    );
    first.start().await.unwrap();
    assert!(scene.rejoined("orders", first.name()).await.unwrap());

    second.kill().unwrap();
    eventually("the refusal", PATIENCE, || async {
        let spent = problem(&scene, "FailoverBudgetSpent").await?;
        ensure!(
            spent.sentence.contains("no failover is done"),
            "{}",
            spent.sentence
        );
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(
        scene.cluster("orders").await.unwrap().primary,
        second.name()
    );
    set(&scene, &["--budget", "2/1h"]).await.unwrap();
    scene.new_primary("orders", second.name()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_only_an_operator_changes_are_shown_until_they_are_right_again() {
    let scene = Scene::with_orders(1).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap().name();
    let mut nodes = scene.lab.cluster("orders").nodes().iter();
    let replica = nodes.find(|node| node.name() != primary).unwrap();
    let heartbeat = |seconds: &'static str| async move {
        replica.sql("STOP REPLICA").await?;
        let change = "CHANGE REPLICATION SOURCE TO SOURCE_HEARTBEAT_PERIOD";
        replica.sql(&format!("{change} = {seconds}")).await?;
        replica.sql("START REPLICA").await
    };
    let shown = &scene;
    let drift = |setting: &'static str| async move {
        let drift = problem(shown, "ConfigurationDrift").await?;
        ensure!(drift.node.as_deref() == Some(replica.name()), "{drift:?}");
        ensure!(drift.sentence.contains(setting), "{drift:?}");
        ensure!(
            drift
                .response
                .contains(setting.split(' ').next().unwrap_or_default())
        );
        no_more(shown).await
    };
    heartbeat("30").await.unwrap();
    drift("SOURCE_HEARTBEAT_PERIOD").await.unwrap();
    heartbeat("0.2").await.unwrap();
    no_problem(&scene, "ConfigurationDrift").await.unwrap();

    replica
        .sql("SET PERSIST_ONLY super_read_only = OFF")
        .await
        .unwrap();
    drift("super_read_only at boot").await.unwrap();
    replica
        .sql("SET PERSIST_ONLY super_read_only = ON")
        .await
        .unwrap();
    no_problem(&scene, "ConfigurationDrift").await.unwrap();
}

/// Drift is all there is.
async fn no_more(scene: &Scene) -> Result<()> {
    eventually("no other problem", PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        let codes: Vec<_> = problems.iter().map(|problem| &problem.code).collect();
        ensure!(codes == ["ConfigurationDrift"], "{codes:?}");
        Ok(())
    })
    .await
}

/// Sessions that Lictor has there.
async fn sessions(node: &Node) -> Result<u32> {
    let count = format!(
        "SELECT COUNT(*) FROM performance_schema.processlist WHERE USER = '{}'",
        CONTROL.user
    );
    Ok(node.value(&count).await?.parse()?)
}

/// The standing connection, the probe's, the commands', and one that takes the
/// place of another.
const MOST_SESSIONS: u32 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_whose_commits_wait_is_looked_at_with_a_few_sessions_only() {
    let scene = Scene::with_orders(1).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let mut nodes = scene.lab.cluster("orders").nodes().iter();
    let replica = nodes.find(|node| node.name() != primary.name()).unwrap();
    Load::prepare(primary).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 4, 1);
    load.writes(30).await.unwrap();
    replica.kill().unwrap();
    problem(&scene, "StalledPrimary").await.unwrap();
    for _ in 0..100 {
        let sessions = sessions(primary).await.unwrap();
        assert!(sessions <= MOST_SESSIONS, "{sessions} sessions");
        scene.cluster("orders").await.unwrap();
    }
    replica.start().await.unwrap();
    load.writes(30).await.unwrap();
    load.stop().await;
}

/// `MySQL` looks once a minute whether there is room again.
const ROOM_IS_SEEN: Duration = Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_whose_disk_is_full_stalls_and_goes_on_when_there_is_room() {
    if !disks_or_skip().unwrap() {
        return;
    }
    let scene = Scene::with_orders(1).await.unwrap();
    let first = scene.lab.cluster("orders").primary().await.unwrap();
    let mut nodes = scene.lab.cluster("orders").nodes().iter();
    let small = nodes.find(|node| node.name() != first.name()).unwrap();
    small.rebuild_on_small_disk(32).await.unwrap();
    assert!(scene.rejoined("orders", small.name()).await.unwrap());
    calm(&scene).await.unwrap();
    let order = ["cluster", "switchover", "orders", "--to", small.name()];
    let how = ["--pause", "30s"];
    scene.lictor_ok(&[&order[..], &how].concat()).await.unwrap();

    Load::prepare(small).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 4, 1);
    load.writes(30).await.unwrap();
    small.fill_disk().unwrap();
    let stalled = problem(&scene, "StalledPrimary").await.unwrap();
    let waits = format!(
        "{} answers, but no commit passes: it waits for disk space",
        small.name()
    );
    assert_eq!(stalled.sentence, waits);
    let remedy = format!("make room on the disk of {}", small.name());
    assert!(stalled.response.contains(&remedy), "{}", stalled.response);
    let evidence = stalled.evidence.iter().map(|fact| &fact.sentence);
    let told = evidence.into_iter().any(|fact| fact.contains("is full"));
    assert!(told, "{stalled:?}");
    assert_eq!(scene.cluster("orders").await.unwrap().primary, small.name());

    small.free_disk().unwrap();
    eventually("no StalledPrimary", ROOM_IS_SEEN, || async {
        let problems = scene.cluster("orders").await?.problems;
        let stalled = problems.iter().any(|p| p.code == "StalledPrimary");
        ensure!(!stalled, "{problems:?}");
        Ok(())
    })
    .await
    .unwrap();
    load.writes(30).await.unwrap();
    let ledger = load.stop().await;
    ledger.is_whole_on(small).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_hang_get_few_calls_and_keep_nobody_from_looking_at_the_others() {
    let scene = Scene::start(&[("orders", 2), ("users", 2)]).await.unwrap();
    for cluster in ["orders", "users"] {
        scene.register(cluster).await.unwrap();
    }
    let hung = scene.lab.cluster("users").nodes();
    for node in hung {
        node.freeze().unwrap();
    }
    eventually("them to be missed", PATIENCE, || async {
        let problems = scene.cluster("users").await?.problems;
        let missed = |problem: &v1::Problem| problem.code == "PrimaryAndReplicasUnreachable";
        ensure!(problems.iter().any(missed), "{problems:?}");
        Ok(())
    })
    .await
    .unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.kill().unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();

    for node in hung {
        node.thaw().unwrap();
        let sessions = sessions(node).await.unwrap();
        // Calls that hung are still to be ended.
        assert!(sessions <= 2 * MOST_SESSIONS, "{sessions} sessions");
    }
    eventually("them to be whole again", PATIENCE, || async {
        let problems = scene.cluster("users").await?.problems;
        ensure!(problems.is_empty(), "{problems:?}");
        Ok(())
    })
    .await
    .unwrap();
}
