//! Another primary by order: no statement fails, and whatever goes wrong before
//! the opening leaves everything as it was.

use anyhow::{Context, Result, bail, ensure};
use lictor_client::domain::RouteState;
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{APP, Node, ROOT, Server, eventually};
use lictor_wire::v1;
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::subscribe_response::Message;
use mysql_async::prelude::Queryable;
use tonic::Code;

use crate::push::Stream;

/// Waits until nothing is wrong and nothing is under way.
pub(crate) async fn calm(scene: &Scene) -> Result<()> {
    eventually("a healthy cluster", PATIENCE, || async {
        let view = scene.cluster("orders").await?;
        ensure!(view.problems.is_empty(), "{:?}", view.problems);
        let replicas = view.nodes.iter().filter(|node| node.name != view.primary);
        for node in replicas {
            ensure!(node.lag_us.is_some(), "how far is {} behind?", node.name);
        }
        let recoveries = scene.recoveries("orders").await?;
        let running = recoveries
            .iter()
            .any(|recovery| recovery.state() == v1::RecoveryState::Running);
        ensure!(!running, "a recovery runs");
        Ok(())
    })
    .await
}

/// A scene whose cluster is whole, with its primary and another node.
pub(crate) async fn scene(replicas: u8) -> Result<Scene> {
    let scene = Scene::with_orders(replicas).await?;
    calm(&scene).await?;
    Load::prepare(scene.lab.cluster("orders").primary().await?).await?;
    Ok(scene)
}

/// Why the last recovery was given up.
pub(crate) async fn abort_reason(scene: &Scene) -> Result<String> {
    let last = scene.recoveries("orders").await?.into_iter().next();
    let last = last.context("there was no recovery")?;
    ensure!(last.kind() == v1::RecoveryKind::Switchover, "{last:?}");
    last.abort_reason.context("it was not given up")
}

/// The same primary takes writes, alone, and the route says so.
pub(crate) async fn as_it_was(scene: &Scene, primary: &Node) -> Result<()> {
    eventually("everything to be as it was", PATIENCE, || async {
        let writable = scene.writable_nodes("orders").await?;
        ensure!(writable == [primary.name()], "writable: {writable:?}");
        let client = scene.client("reader of the route").await?;
        let state = client.routes().route("orders")?.state;
        let RouteState::Serving { writer } = state else {
            bail!("the route says {state:?}");
        };
        ensure!(
            writer.node.as_str() == primary.name(),
            "it serves {writer:?}"
        );
        Ok(())
    })
    .await
}

/// Orders a switchover that has to be given up; what the command line says.
pub(crate) async fn given_up(scene: &Scene, to: &Node, more: &[&str]) -> Result<String> {
    let order = ["cluster", "switchover", "orders", "--to", to.name()];
    let output = scene.lictor(&[&order[..], more].concat()).await?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    ensure!(!output.status.success(), "it was not given up: {said}");
    Ok(said)
}

pub(crate) fn other<'a>(scene: &'a Scene, primary: &Node) -> Result<&'a Node> {
    let nodes = scene.lab.cluster("orders").nodes();
    let other = nodes.iter().find(|node| node.name() != primary.name());
    other.context("there is no other node")
}

#[tokio::test(flavor = "multi_thread")]
async fn back_and_forth_under_load_no_statement_fails_and_no_write_is_missing() {
    let scene = scene(2).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 4, 1);
    load.writes(50).await.unwrap();

    for to in ["orders-2", "orders-3", "orders-1", "orders-2"] {
        calm(&scene).await.unwrap();
        let order = ["cluster", "switchover", "orders", "--to", to];
        // Appliers may be slow on a busy machine, and this is about no failure.
        let how = ["--pause", "30s", "--reason", "a rehearsal"];
        let story = scene.lictor_ok(&[&order[..], &how].concat()).await.unwrap();
        for told in [
            "hold",
            "close",
            "catch up",
            "promote",
            "publish",
            "a rehearsal",
        ] {
            assert!(story.contains(told), "`{told}` is not told:\n{story}");
        }
        assert_eq!(scene.writable_nodes("orders").await.unwrap(), [to]);
        load.writes(50).await.unwrap();
    }

    let ledger = load.stop().await;
    let primary = scene.lab.node("orders-2").unwrap();
    ledger.is_whole_on(primary).await.unwrap();
    as_it_was(&scene, primary).await.unwrap();
    eventually("DNS to name the primary", PATIENCE, || async {
        let consul = scene.lab.consul();
        let answer = consul.dns_a("primary.orders.service.consul").await?;
        ensure!(answer == [*primary.address().ip()], "DNS says {answer:?}");
        Ok(())
    })
    .await
    .unwrap();
    calm(&scene).await.unwrap();
    let recoveries = scene.recoveries("orders").await.unwrap();
    assert_eq!(recoveries.len(), 4);
    for recovery in recoveries {
        assert_eq!(recovery.kind(), v1::RecoveryKind::Switchover);
        assert_eq!(recovery.state(), v1::RecoveryState::Done);
        assert!(recovery.write_pause_us.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_shows_every_check_and_changes_nothing() {
    let scene = scene(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let rehearse = ["cluster", "switchover", "orders", "--dry-run"];
    let shown = scene.lictor_ok(&rehearse).await.unwrap();
    for check in lictor_wire::domain::switchover::CheckCode::ALL {
        assert!(shown.contains(check.as_str()), "no {check}:\n{shown}");
    }

    let mut client = primary.connect(APP).await.unwrap();
    client
        .query_drop("BEGIN; INSERT INTO app.writes (id) VALUES (1)")
        .await
        .unwrap();
    let refusing = ["--long-transactions", "refuse"];
    eventually("the open transaction to be listed", PATIENCE, || async {
        let output = scene.lictor(&[&rehearse[..], &refusing].concat()).await?;
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        let listed = shown.contains(APP.user) && shown.contains("open for");
        ensure!(!output.status.success() && listed, "{shown}");
        Ok(())
    })
    .await
    .unwrap();
    refused_alike(&scene).await.unwrap();
    assert!(scene.recoveries("orders").await.unwrap().is_empty());
    as_it_was(&scene, primary).await.unwrap();

    // Ended by policy, it stands in nobody's way.
    let killing = [
        "cluster",
        "switchover",
        "orders",
        "--long-transactions",
        "kill",
    ];
    scene.lictor_ok(&killing).await.unwrap();
    client.query_drop("COMMIT").await.unwrap_err();
}

/// An order that an open transaction blocks is refused with that blocker, and
/// the command line shows what does not block it, too.
async fn refused_alike(scene: &Scene) -> Result<()> {
    let mut api = ClusterServiceClient::new(scene.channel().await?);
    let request = v1::SwitchoverClusterRequest {
        name: "orders".to_owned(),
        long_transactions: v1::LongTransactions::Refuse.into(),
        ..Default::default()
    };
    let Err(status) = api.switchover_cluster(request).await else {
        bail!("it was not refused");
    };
    ensure!(status.code() == Code::FailedPrecondition, "{status:?}");
    let objections = lictor_wire::objections(&status);
    let codes: Vec<_> = objections.iter().map(|one| one.code.as_str()).collect();
    ensure!(codes == ["LongTransactions"], "{objections:?}");

    let order = ["cluster", "switchover", "orders"];
    let refusing = ["--long-transactions", "refuse"];
    let output = scene.lictor(&[&order[..], &refusing].concat()).await?;
    let shown = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success(), "{shown}");
    ensure!(shown.contains("PrimaryHealthy"), "{shown}");
    ensure!(error.contains("orders is not switched over:"), "{error}");
    ensure!(error.contains("open for"), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_cannot_catch_up_costs_no_more_than_the_pause() {
    let scene = scene(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let candidate = other(&scene, primary).unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(20).await.unwrap();

    // It receives, and cannot apply.
    let mut lock = candidate.connect(ROOT).await.unwrap();
    lock.query_drop("FLUSH TABLES WITH READ LOCK")
        .await
        .unwrap();
    let pause = ["--pause", "500ms"];
    let said = given_up(&scene, candidate, &pause).await.unwrap();
    drop(lock);
    if !said.contains("is unknown") && !said.contains("behind, and writes") {
        let reason = abort_reason(&scene).await.unwrap();
        let told = reason.contains("catch up") || reason.contains("may be paused");
        assert!(told, "{reason}");
    }
    load.writes(20).await.unwrap();
    as_it_was(&scene, primary).await.unwrap();
    let ledger = load.stop().await;
    ledger.is_whole_on(primary).await.unwrap();
}

/// A subscriber that never answers, so that a hold lasts half the pause.
pub(crate) struct Mute(Stream);

impl Mute {
    pub(crate) async fn subscribe(scene: &Scene) -> Result<Self> {
        let mut stream = Stream::open(scene, "mute", None).await?;
        stream.next().await?;
        Ok(Self(stream))
    }

    /// Waits until writes are held.
    async fn held(&mut self) -> Result<()> {
        loop {
            let Message::Delta(delta) = self.0.next().await? else {
                continue;
            };
            let held = |route: &v1::ClusterRoute| {
                matches!(route.state, Some(v1::cluster_route::State::Held(_)))
            };
            if delta.changed.iter().any(held) {
                return Ok(());
            }
        }
    }
}

/// Orders a switchover that is given up, because a fault strikes meanwhile.
pub(crate) async fn struck(
    scene: &Scene,
    to: &Node,
    pause: &str,
    fault: impl Future<Output = Result<()>>,
) -> Result<()> {
    let how = ["--pause", pause];
    let (said, struck) = tokio::join!(given_up(scene, to, &how), fault);
    struck?;
    said.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_dies_while_writes_are_held_leaves_everything_as_it_was() {
    let scene = scene(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let candidate = other(&scene, primary).unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    let mut mute = Mute::subscribe(&scene).await.unwrap();
    let kill = async {
        mute.held().await?;
        candidate.kill()
    };
    struck(&scene, candidate, "6s", kill).await.unwrap();
    let reason = abort_reason(&scene).await.unwrap();
    assert_eq!(reason, "the candidate stopped answering");
    load.writes(20).await.unwrap();
    as_it_was(&scene, primary).await.unwrap();
    let ledger = load.stop().await;
    ledger.is_whole_on(primary).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_primary_that_freezes_before_it_is_closed_is_failed_over() {
    let scene = scene(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let candidate = other(&scene, primary).unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    let mut mute = Mute::subscribe(&scene).await.unwrap();
    let freeze = async {
        mute.held().await?;
        primary.freeze()
    };
    struck(&scene, candidate, "30s", freeze).await.unwrap();
    let new = scene.new_primary("orders", primary.name()).await.unwrap();
    load.writes(20).await.unwrap();
    primary.thaw().unwrap();
    scene.rejoined("orders", primary.name()).await.unwrap();
    as_it_was(&scene, new).await.unwrap();
    let recoveries = scene.recoveries("orders").await.unwrap();
    let told: Vec<_> = recoveries
        .iter()
        .map(|recovery| (recovery.kind(), recovery.state()))
        .collect();
    let failover = (v1::RecoveryKind::Failover, v1::RecoveryState::Done);
    let switchover = (v1::RecoveryKind::Switchover, v1::RecoveryState::Aborted);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&failover), "{told:?}");
    assert!(told.contains(&switchover), "{told:?}");
    let ledger = load.stop().await;
    assert_eq!(ledger.missing_on(new).await.unwrap(), Vec::<u64>::new());
}
