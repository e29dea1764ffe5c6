//! Servers under `lictor-agent`: they die with it, and with their lease.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Lab, Node, Server, eventually, networks_or_skip};
use lictor_wire::{Timestamp, v1};
use tokio::task::JoinHandle;

use crate::rebuild::rebuilt;

async fn scene(plan: lictor_lab::LabBuilder, replicas: u8) -> Result<Scene> {
    let scene = Scene::start_in(plan.agents(), &[("orders", replicas)]).await?;
    scene.register("orders").await?;
    Ok(scene)
}

async fn guard(scene: &Scene, node: &str) -> Result<v1::Guard> {
    let cluster = scene.cluster("orders").await?;
    let found = cluster.nodes.into_iter().find(|seen| seen.name == node);
    found
        .and_then(|node| node.guard)
        .context("no agent is seen")
}

/// Waits until the node's agent is bound to a lease.
async fn bound(scene: &Scene, node: &str) -> Result<v1::Guard> {
    eventually("the agent to be bound", PATIENCE, || async {
        let guard = guard(scene, node).await?;
        ensure!(guard.lease_ends.is_some(), "{guard:?}");
        Ok(guard)
    })
    .await
}

/// The server below a node's agent.
fn server_of(node: &Node) -> Result<u32> {
    let agent = node.pid().context("the agent does not run")?;
    let children = fs::read_to_string(format!("/proc/{agent}/task/{agent}/children"))?;
    let child = children.split_whitespace().next();
    Ok(child.context("no server below the agent")?.parse()?)
}

fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map(|(_, after)| after);
    after_name.is_some_and(|after| !after.starts_with('Z'))
}

async fn dies(server: u32) -> Result<()> {
    eventually("the server to die", PATIENCE, || async {
        ensure!(!runs(server), "it lives on");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_dies_with_its_agent_and_comes_back_with_it() {
    let scene = scene(Lab::builder(), 1).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    let first = bound(&scene, old.name()).await.unwrap();
    let replica = scene.lab.cluster("orders").node(2);
    eventually("the replica's agent to be heard", PATIENCE, || async {
        let guard = guard(&scene, replica.name()).await?;
        ensure!(guard.last_heard.is_some(), "{guard:?}");
        ensure!(
            guard.lease_ends.is_none(),
            "a closed node is free: {guard:?}"
        );
        Ok(())
    })
    .await
    .unwrap();
    let shown = scene
        .lictor_ok(&["node", "show", old.name()])
        .await
        .unwrap();
    assert!(shown.contains("unless its lease is renewed"), "{shown}");

    let server = server_of(old).unwrap();
    assert!(runs(server));
    old.kill().unwrap();
    dies(server).await.unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();

    old.start().await.unwrap();
    assert!(scene.rejoined("orders", old.name()).await.unwrap());
    let second = guard(&scene, old.name()).await.unwrap();
    assert_ne!(first.instance, second.instance);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_told_to_end_stops_its_server_in_order() {
    let scene = scene(Lab::builder(), 0).await.unwrap();
    let node = scene.lab.cluster("orders").node(1);
    bound(&scene, node.name()).await.unwrap();
    let server = server_of(node).unwrap();
    node.terminate().unwrap();
    node.gone(PATIENCE).await.unwrap();
    assert!(!runs(server));
    let log = fs::read_to_string(node.log_path()).unwrap();
    assert!(log.contains("Shutdown complete"), "{log}");
    assert!(log.contains("lictor-agent has ended"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_lictord_a_primary_is_closed_and_it_is_opened_again_after_that() {
    let scene = scene(Lab::builder(), 1).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    bound(&scene, primary.name()).await.unwrap();
    let replica = scene.lab.cluster("orders").node(2);
    let servers = [primary, replica].map(|node| server_of(node).unwrap());

    scene.lab.lictord().kill().unwrap();
    eventually(
        "the primary to be started anew, closed",
        PATIENCE,
        || async {
            ensure!(server_of(primary)? != servers[0], "it lives");
            ensure!(!primary.is_writable().await?, "it is open");
            Ok(())
        },
    )
    .await
    .unwrap();
    assert_eq!(
        server_of(replica).unwrap(),
        servers[1],
        "a replica lives on"
    );

    scene.lab.restart("lictord").await.unwrap();
    eventually("a primary to be open again", PATIENCE, || async {
        let writable = scene.writable_nodes("orders").await?;
        ensure!(writable.len() == 1, "{writable:?}");
        Ok(())
    })
    .await
    .unwrap();
    let now = scene.cluster("orders").await.unwrap().primary;
    bound(&scene, &now).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_frozen_is_missed_and_kills_its_server_when_it_goes_on() {
    let scene = scene(Lab::builder(), 1).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    bound(&scene, primary.name()).await.unwrap();
    let server = server_of(primary).unwrap();
    primary.freeze().unwrap();
    eventually("the agent to be missed", PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        let mut silent = problems.iter().filter(|it| it.code == "AgentSilent");
        ensure!(
            silent.any(|it| it.node.as_deref() == Some(primary.name())),
            "{problems:?}"
        );
        Ok(())
    })
    .await
    .unwrap();
    assert!(runs(server), "nobody could kill it");
    eventually("the lease to run out", PATIENCE, || async {
        let ends = guard(&scene, primary.name())
            .await?
            .lease_ends
            .context("not bound")?;
        ensure!(at(ends)? < SystemTime::now(), "it lasts until {ends:?}");
        Ok(())
    })
    .await
    .unwrap();
    primary.thaw().unwrap();
    dies(server).await.unwrap();
    eventually("a primary to be open again", PATIENCE, || async {
        let writable = scene.writable_nodes("orders").await?;
        ensure!(writable.len() == 1, "{writable:?}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_got_anothers_data_is_started_again_by_its_agent() {
    let scene = scene(Lab::builder(), 2).await.unwrap();
    let node = scene.lab.cluster("orders").node(3);
    let server = server_of(node).unwrap();
    let rebuild = [
        "node",
        "rebuild",
        node.name(),
        "--force",
        "--reason",
        "a test",
    ];
    scene.lictor_ok(&rebuild).await.unwrap();
    rebuilt(&scene, node.name()).await.unwrap();
    assert!(scene.rejoined("orders", node.name()).await.unwrap());
    assert_ne!(server_of(node).unwrap(), server);
}

/// A client beside a server writes until it is told to end; when the last
/// acknowledgement came.
fn writes_beside(node: &Node, end: Arc<AtomicBool>) -> JoinHandle<Option<SystemTime>> {
    let node = node.clone();
    tokio::spawn(async move {
        let mut last = None;
        while !end.load(Ordering::Relaxed) {
            let written = node.sql("INSERT INTO app.beside VALUES ()").await;
            if written.is_ok() {
                last = Some(SystemTime::now());
            }
        }
        last
    })
}

fn at(time: Timestamp) -> Result<SystemTime> {
    let since = Duration::new(time.seconds.try_into()?, time.nanos.try_into()?);
    Ok(SystemTime::UNIX_EPOCH + since)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_is_cut_off_is_dead_before_another_one_is_opened() {
    if !networks_or_skip().unwrap() {
        return;
    }
    let scene = scene(Lab::builder().networked(), 2).await.unwrap();
    let cluster = scene.lab.cluster("orders");
    let old = cluster.primary().await.unwrap();
    old.sql("CREATE TABLE app.beside (id SERIAL)")
        .await
        .unwrap();
    let set = ["cluster", "set", "orders", "--reason", "a test"];
    let durability = ["--durability", "async"];
    scene
        .lictor_ok(&[&set[..], &durability[..]].concat())
        .await
        .unwrap();
    bound(&scene, old.name()).await.unwrap();
    let end = Arc::new(AtomicBool::new(false));
    let writer = writes_beside(old, end.clone());

    let others: Vec<&dyn Server> = cluster
        .nodes()
        .iter()
        .filter(|node| node.name() != old.name())
        .map(|node| node as &dyn Server)
        .chain([scene.lab.lictord() as &dyn Server])
        .collect();
    scene.lab.cut(&[old], &others).unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();
    let recovery = eventually("the story", PATIENCE, || async {
        let recovery = scene.last_recovery("orders").await?;
        ensure!(recovery.fencing.is_some(), "{recovery:?}");
        Ok(recovery)
    })
    .await
    .unwrap();
    end.store(true, Ordering::Relaxed);
    let last = writer.await.unwrap().expect("nothing was written");

    let proof = recovery.fencing.as_ref().unwrap();
    assert_eq!(proof.code, "lease_expired", "{proof:?}");
    let summary = recovery.summary.as_ref().unwrap();
    let began = at(summary.started_at.unwrap()).unwrap();
    let mut steps = recovery.steps.iter();
    let opening = steps
        .find(|step| step.phase() == v1::Phase::Promote)
        .unwrap();
    let opened = began + Duration::from_micros(opening.began_us);
    assert!(
        last < opened,
        "written {:?} after",
        last.duration_since(opened)
    );

    scene.lab.heal().unwrap();
    scene.rejoined("orders", old.name()).await.unwrap();
    let writable = scene.writable_nodes("orders").await.unwrap();
    assert_eq!(writable.len(), 1, "{writable:?}");
}
