//! Several lictord: one ends, another leads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Lab, Lictord, Server, eventually};

use crate::switchover::calm;

async fn three(replicas: u8) -> Result<Scene> {
    let scene = Scene::start_in(Lab::builder().lictords(3), &[("orders", replicas)]).await?;
    scene.register("orders").await?;
    calm(&scene).await?;
    Load::prepare(scene.lab.cluster("orders").primary().await?).await?;
    Ok(scene)
}

/// How long it took until another than this one led, with a complete table.
async fn until_another_leads(scene: &Scene, ended: &Lictord) -> Result<Duration> {
    let begun = Instant::now();
    eventually("another leader", PATIENCE, || async {
        let leader = scene.lab.leader().await?;
        ensure!(leader.name() != ended.name(), "it still leads");
        Ok(begun.elapsed())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_told_to_end_is_not_waited_for_as_one_that_was_killed() {
    let scene = three(1).await.unwrap();
    let killed = scene.lab.leader().await.unwrap();
    killed.kill().unwrap();
    let waited = until_another_leads(&scene, killed).await.unwrap();
    scene.lab.restart(killed.name()).await.unwrap();
    calm(&scene).await.unwrap();

    let ended = scene.lab.leader().await.unwrap();
    ended.terminate().unwrap();
    let handed_over = until_another_leads(&scene, ended).await.unwrap();
    ended.gone(PATIENCE).await.unwrap();
    assert!(
        handed_over < waited,
        "handed over in {handed_over:?}, waited for {waited:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lictord_is_restarted_under_load_and_switchovers_and_nothing_fails() {
    let scene = three(2).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start_paced(&client, "orders", 4, 1, Duration::from_millis(5));
    load.writes(50).await.unwrap();
    let orders = Orders::default();
    let restarts = async {
        for lictord in scene.lab.lictords() {
            orders.another_is_done().await?;
            lictord.terminate()?;
            lictord.gone(PATIENCE).await?;
            scene.lab.restart(lictord.name()).await?;
        }
        orders.another_is_done().await
    };
    tokio::select! {
        restarted = restarts => restarted.unwrap(),
        ordered = orders.one_after_the_other(&scene) => ordered.unwrap(),
    }
    calm(&scene).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    load.writes(50).await.unwrap();
    let ledger = load.stop().await;
    ledger.is_whole_on(primary).await.unwrap();
    for recovery in scene.recoveries("orders").await.unwrap() {
        assert_eq!(recovery.abort_reason, None, "{recovery:?}");
    }
}

/// Switchovers that are ordered.
#[derive(Default)]
struct Orders {
    done: AtomicUsize,
    last_refusal: Mutex<String>,
}

impl Orders {
    /// Orders one after the other. One is not done where a replica is behind, or
    /// where who was asked is ending.
    async fn one_after_the_other(&self, scene: &Scene) -> Result<()> {
        loop {
            let order = ["cluster", "switchover", "orders", "--reason", "again"];
            let output = scene.lictor(&order).await?;
            if output.status.success() {
                self.done.fetch_add(1, Ordering::Relaxed);
            } else {
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said).into_owned();
                *self
                    .last_refusal
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = said;
            }
        }
    }

    async fn another_is_done(&self) -> Result<()> {
        let before = self.done.load(Ordering::Relaxed);
        eventually("another switchover", PATIENCE, || async {
            let refusal = self.last_refusal.lock();
            let refusal = refusal.unwrap_or_else(PoisonError::into_inner).clone();
            ensure!(self.done.load(Ordering::Relaxed) > before, "{refusal}");
            Ok(())
        })
        .await
    }
}
