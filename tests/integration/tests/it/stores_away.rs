//! Postgres away, Consul away, both away, and a Consul that has lost its leader.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lictor_client::domain::RouteState;
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Lab, Server, eventually};
use lictor_wire::v1;
use lictor_wire::v1::HappeningKind as Kind;

use crate::history::told;
use crate::switchover::{calm, scene};

/// What the status of the only lictord says.
async fn says(scene: &Scene, what: &str) -> Result<()> {
    eventually(what, PATIENCE, || async {
        let status = scene.status_of(scene.lab.lictord()).await?;
        let said = status.sentences.iter().any(|it| it.contains(what));
        ensure!(said, "it says {:?}", status.sentences);
        Ok(())
    })
    .await
}

/// The primaries that `orders` was told to have got, in the order of the telling.
async fn primaries_told(scene: &Scene) -> Result<Vec<String>> {
    let changes = told(scene, &[Kind::PrimaryChanged]).await?;
    Ok(changes.into_iter().filter_map(|it| it.node).collect())
}

/// Fails over and switches over while Postgres is away; who was primary then,
/// one after the other.
async fn changes_without_postgres(scene: &Scene) -> Result<Vec<String>> {
    let old = scene.lab.cluster("orders").primary().await?;
    old.kill()?;
    let second = eventually("another primary", PATIENCE, || async {
        let view = scene.cluster("orders").await?;
        ensure!(view.primary != old.name(), "{} still is", view.primary);
        let writable = scene.writable_nodes("orders").await?;
        ensure!(
            writable == std::slice::from_ref(&view.primary),
            "{writable:?}"
        );
        Ok(view.primary)
    })
    .await?;
    old.start().await?;
    ensure!(scene.rejoined("orders", old.name()).await?, "quarantined");
    let order = ["cluster", "switchover", "orders", "--to", old.name()];
    eventually("a switchover back", PATIENCE, || async {
        let output = scene
            .lictor(&[&order[..], &["--reason", "back"]].concat())
            .await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{said}");
        Ok(())
    })
    .await?;
    Ok(vec![second, old.name().to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgres_all_but_the_configuration_goes_on_and_history_is_written_later() {
    let scene = scene(2).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    scene.lab.postgres().kill().unwrap();

    let set = ["cluster", "set", "orders", "--max-read-lag", "7s"];
    let set = [&set[..], &["--reason", "why not"]].concat();
    let refused = scene.lictor(&set).await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    assert!(said.contains("Postgres is unavailable"), "{said}");

    let mut primaries = changes_without_postgres(&scene).await.unwrap();
    // Nobody writes while a primary is killed: an unacknowledged write would stay
    // behind there, and keep the node out.
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(20).await.unwrap();
    let ledger = load.stop().await;
    let last = scene.lab.cluster("orders").primary().await.unwrap();
    ledger.is_whole_on(last).await.unwrap();
    says(&scene, "entries of history wait on disk")
        .await
        .unwrap();
    says(&scene, "Postgres does not answer").await.unwrap();

    scene.lab.restart("postgres").await.unwrap();
    eventually("history to be written", PATIENCE, || async {
        let told = primaries_told(&scene).await?;
        ensure!(told == primaries, "{told:?}, not {primaries:?}");
        let recoveries = scene.recoveries("orders").await?;
        let states: Vec<_> = recoveries.iter().map(v1::RecoverySummary::state).collect();
        let done = states.iter().filter(|it| **it == v1::RecoveryState::Done);
        ensure!(done.count() == 2, "{states:?}");
        ensure!(!states.contains(&v1::RecoveryState::Running), "{states:?}");
        Ok(())
    })
    .await
    .unwrap();
    each_once_in_the_audit_log(&scene).await.unwrap();

    // What is told from now on comes after it.
    calm(&scene).await.unwrap();
    let order = ["cluster", "switchover", "orders", "--reason", "again"];
    scene.lictor_ok(&order).await.unwrap();
    let new = scene.new_primary("orders", last.name()).await.unwrap();
    primaries.push(new.name().to_owned());
    eventually("the last change to be told", PATIENCE, || async {
        let told = primaries_told(&scene).await?;
        ensure!(told == primaries, "{told:?}, not {primaries:?}");
        Ok(())
    })
    .await
    .unwrap();
}

/// Each switchover that was begun stands there just once.
async fn each_once_in_the_audit_log(scene: &Scene) -> Result<()> {
    let recoveries = scene.recoveries("orders").await?;
    let ordered = recoveries.iter();
    let ordered = ordered.filter(|it| it.kind() == v1::RecoveryKind::Switchover);
    let ordered = ordered.count();
    eventually("the audit log to have it", PATIENCE, || async {
        let args = ["audit", "list", "--action", "cluster.switchover"];
        let args = [&args[..], &["--limit", "500", "-o", "json"]].concat();
        let entries: serde_json::Value = serde_json::from_str(&scene.lictor_ok(&args).await?)?;
        let entries = entries.as_array().or(entries["items"].as_array());
        let entries = entries.context("no list")?;
        let begun = entries.iter().filter(|entry| {
            let result = entry["result"].as_str().unwrap_or_default();
            result.starts_with("recovery ")
        });
        let begun = begun.count();
        ensure!(begun == ordered, "{begun} of {ordered}: {entries:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn history_that_waits_on_disk_outlives_its_lictord() {
    let scene = scene(2).await.unwrap();
    scene.lab.postgres().kill().unwrap();
    let primaries = changes_without_postgres(&scene).await.unwrap();
    says(&scene, "entries of history wait on disk")
        .await
        .unwrap();

    scene.lab.lictord().kill().unwrap();
    scene.lab.lictord().gone(PATIENCE).await.unwrap();
    scene.lab.restart("postgres").await.unwrap();
    scene.lab.restart("lictord").await.unwrap();
    eventually("history to be written", PATIENCE, || async {
        let told = primaries_told(&scene).await?;
        ensure!(told == primaries, "{told:?}, not {primaries:?}");
        let down = told_outages(&scene).await?;
        ensure!(down.len() >= 2 && down.len().is_multiple_of(2), "{down:?}");
        Ok(())
    })
    .await
    .unwrap();
    calm(&scene).await.unwrap();
}

/// The begins and ends of outages.
async fn told_outages(scene: &Scene) -> Result<Vec<Kind>> {
    let outages = told(scene, &[Kind::Unavailable, Kind::Available]).await?;
    Ok(outages.iter().map(v1::Happening::kind).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn history_of_a_leader_that_another_followed_is_shown_late() {
    let scene = Scene::start_in(Lab::builder().lictords(2), &[("orders", 2)])
        .await
        .unwrap();
    scene.register("orders").await.unwrap();
    calm(&scene).await.unwrap();
    let first = scene.lab.leader().await.unwrap();
    scene.lab.postgres().kill().unwrap();
    let primaries = changes_without_postgres(&scene).await.unwrap();
    first.kill().unwrap();
    first.gone(PATIENCE).await.unwrap();
    scene.lab.restart("postgres").await.unwrap();
    let second = eventually("the other to lead", PATIENCE, || scene.lab.leader());
    assert_ne!(second.await.unwrap().name(), first.name());
    calm(&scene).await.unwrap();
    scene.lab.restart(first.name()).await.unwrap();
    eventually("history to be written", PATIENCE, || async {
        let told = primaries_told(&scene).await?;
        let both = primaries.iter().all(|primary| told.contains(primary));
        ensure!(both, "{told:?} lacks some of {primaries:?}");
        Ok(())
    })
    .await
    .unwrap();
    // Nothing that it opened lasts.
    calm(&scene).await.unwrap();
    let lasting = scene.lictor_ok(&["problem", "list", "-o", "json"]).await;
    let lasting: serde_json::Value = serde_json::from_str(&lasting.unwrap()).unwrap();
    let items = lasting.as_array().or(lasting["items"].as_array());
    assert_eq!(items.map(Vec::len), Some(0), "{lasting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_moves_to_its_standby_is_followed_there() {
    let plan = Lab::builder().standby();
    let scene = Scene::start_in(plan, &[("orders", 1)]).await.unwrap();
    scene.register("orders").await.unwrap();
    calm(&scene).await.unwrap();
    let before = scene.status_of(scene.lab.lictord()).await.unwrap();

    scene.lab.postgres().kill().unwrap();
    scene.lab.postgres().gone(PATIENCE).await.unwrap();
    scene.lab.standby().promote().await.unwrap();
    let set = ["cluster", "set", "orders", "--max-read-lag", "7s"];
    let set = [&set[..], &["--reason", "it is there"]].concat();
    eventually("a change to be taken", PATIENCE, || scene.lictor_ok(&set))
        .await
        .unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    let order = ["cluster", "switchover", "orders", "--reason", "it works"];
    calm(&scene).await.unwrap();
    scene.lictor_ok(&order).await.unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();
    let after = scene.status_of(scene.lab.lictord()).await.unwrap();
    assert_eq!(after.term, before.term, "it never stopped leading");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consul_failovers_and_the_push_go_on_and_dns_is_made_true_later() {
    let scene = scene(2).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(20).await.unwrap();
    scene.lab.consul().kill().unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    load.writes(20).await.unwrap();
    load.stop().await.is_whole_on(new).await.unwrap();
    says(&scene, "its DNS may name an old primary")
        .await
        .unwrap();
    says(&scene, "Consul does not answer").await.unwrap();

    scene.lab.restart("consul").await.unwrap();
    eventually("DNS to be true", PATIENCE, || async {
        let consul = scene.lab.consul();
        let named = consul.dns_a("primary.orders.service.consul").await?;
        ensure!(named == [*new.address().ip()], "DNS says {named:?}");
        let status = scene.status_of(scene.lab.lictord()).await?;
        let behind = status.sentences.iter().any(|it| it.contains("DNS"));
        ensure!(!behind, "{:?}", status.sentences);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_both_nothing_is_changed_and_streams_keep_the_last_table() {
    let scene = scene(2).await.unwrap();
    let client = scene.client("reader of the route").await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    scene.lab.consul().kill().unwrap();
    scene.lab.postgres().kill().unwrap();
    says(&scene, "Postgres does not answer").await.unwrap();
    says(&scene, "Consul does not answer").await.unwrap();
    eventually("it to stop leading", PATIENCE, || async {
        let status = scene.status_of(scene.lab.lictord()).await?;
        ensure!(!status.leader, "it leads");
        Ok(())
    })
    .await
    .unwrap();
    old.kill().unwrap();
    old.gone(PATIENCE).await.unwrap();
    let order = ["cluster", "failover", "orders", "--reason", "now"];
    let refused = scene.lictor(&order).await.unwrap();
    assert!(!refused.status.success());
    for _ in 0..50 {
        let writable = scene.writable_nodes("orders").await.unwrap();
        assert_eq!(writable, Vec::<String>::new());
    }
    let named = |client: &lictor_client::Lictor| -> Result<String> {
        match client.routes().route("orders")?.state {
            RouteState::Serving { writer } => Ok(writer.node.to_string()),
            other => anyhow::bail!("{other:?}"),
        }
    };
    assert_eq!(named(&client).unwrap(), old.name());
    let latecomer = scene.client("latecomer").await.unwrap();
    assert_eq!(named(&latecomer).unwrap(), old.name());

    scene.lab.restart("consul").await.unwrap();
    scene.lab.restart("postgres").await.unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_push_of_a_failover_does_not_wait_for_a_consul_that_elects_a_leader() {
    let plan = Lab::builder().three_consuls();
    let scene = Scene::start_in(plan, &[("orders", 2)]).await.unwrap();
    scene.register("orders").await.unwrap();
    calm(&scene).await.unwrap();
    // The one that lictord asks must not be the one that dies.
    let asked = scene.lab.consul();
    if asked.leader().await.unwrap() == *asked.address().ip() {
        asked.kill().unwrap();
        asked.gone(PATIENCE).await.unwrap();
        scene.lab.restart(asked.name()).await.unwrap();
    }
    let leads = eventually("another server to lead", PATIENCE, || async {
        let leader = asked.leader().await?;
        ensure!(leader != *asked.address().ip(), "it leads itself");
        let mut servers = scene.lab.consuls().iter();
        servers
            .find(|server| *server.address().ip() == leader)
            .context("it is none of ours")
    })
    .await
    .unwrap();
    calm(&scene).await.unwrap();

    let mut usual = vec![];
    for _ in 0..2 {
        usual.push(pushed_after(&scene, || Ok(())).await.unwrap());
    }
    let slowest = usual.iter().max().copied().unwrap();
    let without = pushed_after(&scene, || leads.kill()).await.unwrap();
    assert!(
        without < slowest * 4,
        "{without:?} without a leader of Consul, {usual:?} with one"
    );
}

/// How long the push of a failover takes when that happens as well; then all is
/// made whole again.
async fn pushed_after(scene: &Scene, as_well: impl FnOnce() -> Result<()>) -> Result<Duration> {
    calm(scene).await?;
    let client = scene.client("reader of the route").await?;
    let old = scene.lab.cluster("orders").primary().await?;
    let begun = Instant::now();
    as_well()?;
    old.kill()?;
    let pushed = eventually("the route to change", PATIENCE, || async {
        match client.routes().route("orders")?.state {
            RouteState::Serving { writer } if writer.node.as_str() != old.name() => {
                Ok(begun.elapsed())
            }
            other => anyhow::bail!("{other:?}"),
        }
    })
    .await?;
    old.start().await?;
    ensure!(scene.rejoined("orders", old.name()).await?, "quarantined");
    Ok(pushed)
}
