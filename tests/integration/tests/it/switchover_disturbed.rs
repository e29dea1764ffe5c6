//! Switchovers that something happens to at an exact step. Steps are made slow by
//! failpoints, with which lictord must be built: see `failpoint.rs` there.

use std::process::Output;

use anyhow::{Context, Result, ensure};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Node, Server, eventually};
use lictor_wire::v1;

use crate::switchover::{Mute, abort_reason, as_it_was, calm, other, scene, struck};

/// Longer than anything here takes.
const AMPLE: &str = "50s";

/// Starts lictord anew with these failpoints.
async fn arm(scene: &Scene, failpoints: &str) -> Result<()> {
    let lictord = scene.lab.lictord();
    lictord.terminate()?;
    lictord.gone(PATIENCE).await?;
    lictord.start_with_failpoints(failpoints).await?;
    lictord.wait_ready().await?;
    calm(scene).await
}

/// Waits until a switchover is in the midst of a step of that phase.
async fn amid(scene: &Scene, phase: v1::Phase) -> Result<()> {
    let what = format!("a switchover amid {phase:?}");
    eventually(&what, PATIENCE, || async {
        let recovery = scene.last_recovery("orders").await?;
        let last = recovery.steps.last().context("no step yet")?;
        ensure!(
            last.phase() == phase && last.took_us.is_none(),
            "the last step is {last:?}"
        );
        Ok(())
    })
    .await
}

async fn order(scene: &Scene, to: &Node, pause: &str) -> Result<Output> {
    let order = ["cluster", "switchover", "orders", "--to", to.name()];
    scene
        .lictor(&[&order[..], &["--pause", pause]].concat())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_primary_that_freezes_while_it_is_closed_is_failed_over() {
    let scene = scene(2).await.unwrap();
    arm(&scene, "close.before=return(3000)").await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let candidate = other(&scene, primary).unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(20).await.unwrap();

    let freeze = async {
        amid(&scene, v1::Phase::Close).await?;
        primary.freeze()
    };
    struck(&scene, candidate, AMPLE, freeze).await.unwrap();
    let new = scene.new_primary("orders", primary.name()).await.unwrap();
    load.writes(20).await.unwrap();
    primary.thaw().unwrap();
    scene.rejoined("orders", primary.name()).await.unwrap();
    as_it_was(&scene, new).await.unwrap();
    let ledger = load.stop().await;
    assert_eq!(ledger.missing_on(new).await.unwrap(), Vec::<u64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_freezes_while_it_catches_up_leaves_everything_as_it_was() {
    let scene = scene(2).await.unwrap();
    // The first time is before anyone holds.
    arm(&scene, "catch-up.before=1*off->return(2000)")
        .await
        .unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let candidate = other(&scene, primary).unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(20).await.unwrap();

    let freeze = async {
        amid(&scene, v1::Phase::CatchUp).await?;
        candidate.freeze()
    };
    struck(&scene, candidate, "6s", freeze).await.unwrap();
    let reason = abort_reason(&scene).await.unwrap();
    let told = reason.contains("catch up") || reason.contains("may be paused");
    assert!(told, "{reason}");
    load.writes(20).await.unwrap();
    as_it_was(&scene, primary).await.unwrap();
    candidate.thaw().unwrap();
    scene.rejoined("orders", candidate.name()).await.unwrap();
    calm(&scene).await.unwrap();
    let ledger = load.stop().await;
    ledger.is_whole_on(primary).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_never_holds_is_waited_for_no_longer_than_half_the_pause() {
    let scene = scene(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let candidate = other(&scene, primary).unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(20).await.unwrap();
    let _mute = Mute::subscribe(&scene).await.unwrap();

    let output = order(&scene, candidate, "6s").await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 of 2"), "{said}");
    load.writes(20).await.unwrap();
    as_it_was(&scene, candidate).await.unwrap();
    let ledger = load.stop().await;
    ledger.is_whole_on(candidate).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_is_done_though_either_store_goes_away_meanwhile() {
    let scene = scene(2).await.unwrap();
    arm(&scene, "hold.after=return(2000)").await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(20).await.unwrap();
    for store in ["postgres", "consul"] {
        calm(&scene).await.unwrap();
        let primary = scene.lab.cluster("orders").primary().await.unwrap();
        let candidate = other(&scene, primary).unwrap();
        let (output, killed) = tokio::join!(order(&scene, candidate, AMPLE), async {
            amid(&scene, v1::Phase::Hold).await?;
            scene.lab.server(store)?.kill()
        });
        killed.unwrap();
        let output = output.unwrap();
        assert!(output.status.success(), "without {store}: {output:?}");
        let writable = scene.writable_nodes("orders").await.unwrap();
        assert_eq!(writable, [candidate.name()]);
        load.writes(20).await.unwrap();
        scene.lab.restart(store).await.unwrap();
    }
    let ledger = load.stop().await;
    calm(&scene).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    as_it_was(&scene, primary).await.unwrap();
    ledger.is_whole_on(primary).await.unwrap();
}

/// Nobody may act then, and whoever leads next undoes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_whose_primary_is_closed_when_both_stores_go_away_is_undone_when_they_return()
{
    let scene = scene(2).await.unwrap();
    arm(&scene, "close.after=return(4000)").await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let candidate = other(&scene, primary).unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(20).await.unwrap();

    let stores = ["consul", "postgres"];
    let (_, gone) = tokio::join!(order(&scene, candidate, AMPLE), async {
        amid(&scene, v1::Phase::Close).await?;
        eventually("the old primary to be closed", PATIENCE, || async {
            ensure!(!primary.is_writable().await?, "it is open");
            Ok(())
        })
        .await?;
        for store in stores {
            scene.lab.server(store)?.kill()?;
        }
        nobody_leads(&scene).await
    });
    gone.unwrap();
    let again = order(&scene, candidate, AMPLE).await.unwrap();
    assert!(!again.status.success(), "{again:?}");
    let writable = scene.writable_nodes("orders").await.unwrap();
    assert_eq!(writable, Vec::<String>::new());

    for store in stores {
        scene.lab.restart(store).await.unwrap();
    }
    load.writes(20).await.unwrap();
    as_it_was(&scene, primary).await.unwrap();
    calm(&scene).await.unwrap();
    abort_reason(&scene).await.unwrap();
    let ledger = load.stop().await;
    ledger.is_whole_on(primary).await.unwrap();
}

async fn nobody_leads(scene: &Scene) -> Result<()> {
    eventually("nobody to lead", PATIENCE, || async {
        let output = scene.lictor(&["status", "-o", "json"]).await?;
        let status: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        ensure!(status["leader"] == false, "{status}");
        Ok(())
    })
    .await
}
