//! An operator orders a failover where Lictor does nothing by itself.

use anyhow::{Context, Result, bail, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{APP, Node, Server, eventually};
use lictor_wire::v1;
use mysql_async::prelude::Queryable;

/// `orders` with two replicas in mode manual, and its primary.
async fn manual() -> Result<(Scene, String)> {
    let scene = Scene::with_orders(2).await?;
    let set = ["cluster", "set", "orders", "--mode", "manual"];
    scene
        .lictor_ok(&[&set[..], &["--reason", "a test"]].concat())
        .await?;
    let primary = scene.lab.cluster("orders").primary().await?;
    let name = primary.name().to_owned();
    Ok((scene, name))
}

/// Orders it; the story that the command line shows.
async fn order(scene: &Scene, more: &[&str]) -> Result<serde_json::Value> {
    let failover = ["cluster", "failover", "orders", "-o", "json"];
    let story = scene.lictor_ok(&[&failover[..], more].concat()).await?;
    serde_json::from_str(&story).context(story)
}

fn proof(story: &serde_json::Value) -> &str {
    story["fencing"]["proof"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_primary_is_replaced_by_order_and_comes_back_as_a_replica() {
    let (scene, first) = manual().await.unwrap();
    let old = scene.lab.node(&first).unwrap();
    old.kill().unwrap();
    eventually("the refusal to act", PATIENCE, || async {
        let view = scene.cluster("orders").await?;
        let withheld = view.problems.iter().find(|p| p.code == "ActionWithheld");
        let withheld = withheld.context("no such problem")?;
        ensure!(withheld.response.contains("lictor cluster failover"));
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(scene.cluster("orders").await.unwrap().primary, first);

    let story = order(&scene, &["--reason", "it is dead"]).await.unwrap();
    assert_eq!(proof(&story), "process_dead", "{story:#}");
    let new = scene.new_primary("orders", &first).await.unwrap();
    new.sql("CREATE TABLE app.after (id INT PRIMARY KEY)")
        .await
        .unwrap();
    old.start().await.unwrap();
    assert!(scene.rejoined("orders", &first).await.unwrap());
}

/// Begins a commit that nobody acknowledges; what its client hears of it.
async fn stuck_commit(
    scene: &Scene,
    primary: &Node,
) -> Result<tokio::task::JoinHandle<Result<(), mysql_async::Error>>> {
    primary
        .sql("CREATE TABLE app.stuck (id INT PRIMARY KEY)")
        .await?;
    let replicas = scene.lab.cluster("orders").nodes().iter();
    for replica in replicas.filter(|node| node.name() != primary.name()) {
        eventually("the table on the replica", PATIENCE, || {
            replica.sql("SELECT * FROM app.stuck")
        })
        .await?;
        replica.sql("STOP REPLICA IO_THREAD").await?;
    }
    let mut client = primary.connect(APP).await?;
    let commit =
        tokio::spawn(async move { client.query_drop("INSERT INTO app.stuck VALUES (1)").await });
    eventually("the commit to wait", PATIENCE, || async {
        let waiting = "SELECT variable_value FROM performance_schema.global_status
                       WHERE variable_name = 'Rpl_semi_sync_source_wait_sessions'";
        let waiting = primary.value(waiting).await?;
        ensure!(waiting == "1", "{waiting} wait");
        Ok(())
    })
    .await?;
    Ok(commit)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_with_a_stuck_commit_is_closed_and_the_commit_was_never_acknowledged() {
    let (scene, first) = manual().await.unwrap();
    let old = scene.lab.node(&first).unwrap();
    let commit = stuck_commit(&scene, old).await.unwrap();

    let rehearsal = order(&scene, &["--dry-run"]).await.unwrap();
    assert_eq!(rehearsal["blockers"], serde_json::json!([]));
    assert!(old.is_writable().await.unwrap(), "a rehearsal does nothing");

    let story = order(&scene, &["--reason", "it stalls"]).await.unwrap();
    assert_eq!(proof(&story), "read_only_set", "{story:#}");
    println!("{}", closing(&story).unwrap());
    let heard = tokio::time::timeout(PATIENCE, commit).await.unwrap();
    heard.unwrap().expect_err("its client lost the connection");
    assert!(!old.is_writable().await.unwrap());
    let offline = old.value("SELECT @@global.offline_mode").await.unwrap();
    assert_eq!(offline, "0", "clients may log in again");
    let new = scene.new_primary("orders", &first).await.unwrap();
    let rows = new.value("SELECT COUNT(*) FROM app.stuck").await.unwrap();
    assert_eq!(
        rows,
        "0",
        "what was not acknowledged is not on {}",
        new.name()
    );
    new.sql("INSERT INTO app.stuck VALUES (2)").await.unwrap();
    // What the cut commit left behind is errant.
    assert!(!scene.rejoined("orders", &first).await.unwrap());
    let recoveries = scene.recoveries("orders").await.unwrap();
    assert_eq!(recoveries[0].verdict_code, "FailoverOrdered");
    assert_eq!(recoveries[0].state(), v1::RecoveryState::Done);
}

/// How long closing took, as the story tells it.
fn closing(story: &serde_json::Value) -> Result<String> {
    let phases = story["phases"].as_array().context("no phases")?;
    for phase in phases {
        for step in phase["steps"].as_array().context("no steps")? {
            let sentence = step["sentence"].as_str().unwrap_or_default();
            if sentence.starts_with("close ") {
                return Ok(format!("{sentence}: {} µs", step["took_us"]));
            }
        }
    }
    bail!("nothing was closed: {story:#}")
}
