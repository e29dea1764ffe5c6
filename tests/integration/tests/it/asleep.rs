//! A leader that sleeps through its lease in the middle of a failover, and wakes
//! up when another has long taken over.

use std::cell::RefCell;

use anyhow::{Context, Result, ensure};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{CONTROL, Lab, Lictord, Node, Server, eventually};

use crate::observe::{general_log, statements_of};
use crate::switchover::calm;

/// For how long it stands just before it opens the new primary, in milliseconds:
/// time enough to be put to sleep there.
const POISED_MS: u64 = 5000;

/// Waits until this one leads.
async fn leads(scene: &Scene, lictord: &Lictord) -> Result<()> {
    eventually("this one to lead", PATIENCE, || async {
        let leader = scene.lab.leader().await?;
        ensure!(leader.name() == lictord.name(), "{} leads", leader.name());
        Ok(())
    })
    .await
}

/// Everything that sessions of the control account have said to a server, once
/// no more is written down.
async fn said_to(node: &Node) -> Result<Vec<String>> {
    let last = RefCell::new(None);
    eventually("the log to be still", PATIENCE, || async {
        let now = statements_of(CONTROL.user, &general_log(node).await?);
        let before = last.replace(Some(now.clone()));
        ensure!(before.as_ref() == Some(&now), "it grows");
        Ok(now)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_slept_through_its_lease_says_nothing_to_mysql_any_more() {
    let scene = Scene::start_in(Lab::builder().lictords(2), &[("orders", 2)])
        .await
        .unwrap();
    scene.register("orders").await.unwrap();
    calm(&scene).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    Load::prepare(old).await.unwrap();
    let [sleeper, other] = scene.lab.lictords() else {
        panic!("two were asked for");
    };
    // It takes its own lease again, and need not wait for that.
    let failpoint = format!("promote.before=return({POISED_MS})");
    sleeper.start_with_failpoints(&failpoint).await.unwrap();
    leads(&scene, sleeper).await.unwrap();
    calm(&scene).await.unwrap();
    let nodes = scene.lab.cluster("orders").nodes().iter();
    let others: Vec<&Node> = nodes.filter(|node| node.name() != old.name()).collect();
    for node in &others {
        node.sql("SET GLOBAL general_log = ON").await.unwrap();
    }

    // It falls asleep with the promotion in its hand, and the other one does it.
    old.kill().unwrap();
    poised(sleeper).await.unwrap();
    sleeper.freeze().unwrap();
    let asleep_since = std::time::Instant::now();
    leads(&scene, other).await.unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    let held: Vec<_> = others.iter().map(|node| node.name()).collect();
    assert!(held.contains(&new.name()));

    // Nobody else may say anything, and the sleeper can get no new lease.
    for server in [
        other as &dyn Server,
        scene.lab.postgres(),
        scene.lab.consul(),
    ] {
        server.freeze().unwrap();
    }
    let mut before = vec![];
    for node in &others {
        before.push(said_to(node).await.unwrap());
    }
    assert!(before.iter().all(|said| !said.is_empty()));
    sleeper.thaw().unwrap();
    eventually("it to see that it does not lead", PATIENCE, || async {
        let status = scene.status_of(sleeper).await?;
        ensure!(!status.leader, "it leads");
        let awake = asleep_since.elapsed().as_millis();
        ensure!(awake > u128::from(POISED_MS), "it still stands at the step");
        Ok(())
    })
    .await
    .unwrap();
    // It has all the time it needs to go on: each answer waits for a frozen Consul.
    for _ in 0..3 {
        scene.status_of(sleeper).await.unwrap();
    }
    for (node, before) in others.iter().zip(before) {
        let said = said_to(node).await.unwrap();
        assert_eq!(said[before.len()..], [""; 0], "to {}", node.name());
    }
    assert_eq!(scene.writable_nodes("orders").await.unwrap(), [new.name()]);
}

/// Waits until it stands just before the promotion.
async fn poised(lictord: &Lictord) -> Result<()> {
    eventually("it to stand before the promotion", PATIENCE, || async {
        let log = tokio::fs::read_to_string(lictord.log_path()).await?;
        let line = log
            .lines()
            .rfind(|line| line.contains("waits here, as it was told to"));
        line.context("it does not yet").map(drop)
    })
    .await
}
