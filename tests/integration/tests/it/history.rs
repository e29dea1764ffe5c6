//! What happened is written down and told: a failure, what was planned, and that
//! nobody looked for a while.

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use lictor_wire::v1;
use lictor_wire::v1::HappeningKind as Kind;
use lictor_wire::v1::history_service_client::HistoryServiceClient;

use crate::switchover::calm;

/// What was told of `orders` of these kinds, the oldest first.
pub(crate) async fn told(scene: &Scene, kinds: &[Kind]) -> Result<Vec<v1::Happening>> {
    let mut api = HistoryServiceClient::new(scene.channel().await?);
    let request = v1::ListHappeningsRequest {
        cluster: Some("orders".to_owned()),
        kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
        limit: 500,
        ..Default::default()
    };
    let mut happenings = api.list_happenings(request).await?.into_inner().happenings;
    happenings.reverse();
    Ok(happenings)
}

/// How available `orders` was within the last day.
async fn day(scene: &Scene) -> Result<v1::ClusterAvailability> {
    let mut api = HistoryServiceClient::new(scene.channel().await?);
    let request = v1::GetAvailabilityRequest {
        cluster: Some("orders".to_owned()),
        period: v1::Period::Day.into(),
        ..Default::default()
    };
    let reached = api.get_availability(request).await?.into_inner();
    let [formula, ..] = &reached.formula[..] else {
        anyhow::bail!("no formula");
    };
    ensure!(formula.starts_with("availability = "), "{formula}");
    let mut clusters = reached.clusters.into_iter();
    clusters.next().context("orders is not there")
}

/// Waits until an outage is over; its begin and its end.
async fn outage(scene: &Scene) -> Result<(v1::Happening, v1::Happening)> {
    eventually("an outage and its end", PATIENCE, || async {
        let told = told(scene, &[Kind::Unavailable, Kind::Available]).await?;
        let [down, up] = &told[..] else {
            anyhow::bail!("{told:?}");
        };
        ensure!(down.kind() == Kind::Unavailable && up.kind() == Kind::Available);
        Ok((down.clone(), up.clone()))
    })
    .await
}

fn micros(at: Option<&lictor_wire::Timestamp>) -> Result<i64> {
    let at = at.context("no time")?;
    Ok(lictor_wire::instant(at, "at")?.timestamp_micros())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_from_its_first_sign_and_counts_once_with_its_length() {
    let scene = Scene::with_orders(2).await.unwrap();
    calm(&scene).await.unwrap();
    let promise = [
        "cluster",
        "set",
        "orders",
        "--objective-availability",
        "99.5",
        "--objective-rto",
        "1m",
        "--objective-rpo",
        "0s",
        "--reason",
        "as agreed",
    ];
    let set = scene.lictor_ok(&promise).await.unwrap();
    assert!(
        set.contains("promised: available 99.5 %, RTO 1m, RPO 0s"),
        "{set}"
    );

    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    let (down, up) = outage(&scene).await.unwrap();
    let recovery = scene
        .last_recovery("orders")
        .await
        .unwrap()
        .summary
        .unwrap();
    assert_eq!(down.code, "DeadPrimary");
    assert!(!down.planned);
    assert_eq!(down.recovery.as_ref(), Some(&recovery.id));
    assert_eq!(up.recovery.as_ref(), Some(&recovery.id));

    let changes = told(&scene, &[Kind::PrimaryChanged]).await.unwrap();
    let [change] = &changes[..] else {
        panic!("{changes:?}");
    };
    assert_eq!(change.code, "Failover");
    assert_eq!(change.node.as_deref(), Some(new.name()));

    let took = micros(up.at.as_ref()).unwrap() - micros(down.at.as_ref()).unwrap();
    let reached = day(&scene).await.unwrap();
    assert_eq!(reached.failures, 1);
    assert_eq!(reached.mttr_us, Some(u64::try_from(took).unwrap()));
    let writable = recovery.time_to_writable_us.unwrap();
    assert!(
        reached.mttr_us.unwrap().abs_diff(writable) <= 1,
        "{writable} {took}"
    );
    assert_eq!(reached.rto_worst_us, reached.mttr_us);
    assert_eq!(reached.rto_met, Some(true));
    assert_eq!(
        (reached.rpo_worst_us, reached.rpo_met),
        (Some(0), Some(true))
    );
    assert_eq!(reached.outages[0].recovery.as_ref(), Some(&recovery.id));
    let percent = reached.availability_percent.unwrap();
    assert!((0.0..100.0).contains(&percent), "{percent}");

    old.start().await.unwrap();
    scene.rejoined("orders", old.name()).await.unwrap();
    eventually("the problem to be over", PATIENCE, || async {
        let told = told(&scene, &[Kind::ProblemOpened, Kind::ProblemClosed]).await?;
        let of_it = told.iter().filter(|it| it.code == "DeadPrimary");
        let kinds: Vec<_> = of_it.map(v1::Happening::kind).collect();
        ensure!(
            kinds == [Kind::ProblemOpened, Kind::ProblemClosed],
            "{kinds:?}"
        );
        Ok(())
    })
    .await
    .unwrap();
    let json = scene
        .lictor_ok(&["availability", "orders", "-o", "json"])
        .await
        .unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["clusters"][0]["failures"], 1);
    let audit = scene
        .lictor_ok(&["audit", "list", "--search", "AS AGREED"])
        .await
        .unwrap();
    assert!(audit.contains("cluster.set"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_is_planned_and_no_failure() {
    let scene = Scene::with_orders(2).await.unwrap();
    calm(&scene).await.unwrap();
    let switch = ["cluster", "switchover", "orders", "--to", "orders-2"];
    scene.lictor_ok(&switch).await.unwrap();
    let (down, up) = outage(&scene).await.unwrap();
    assert!(down.planned && up.planned, "{down:?} {up:?}");
    let changes = told(&scene, &[Kind::PrimaryChanged]).await.unwrap();
    let codes: Vec<_> = changes.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["Switchover"]);
    let reached = day(&scene).await.unwrap();
    assert_eq!(reached.failures, 0);
    assert!(reached.unavailable_us > 0);
    assert_eq!(reached.mttr_us, None);
    assert_eq!(reached.rpo_worst_us, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_lictord_could_not_see_is_not_counted_and_nothing_is_told_twice() {
    let scene = Scene::with_orders(2).await.unwrap();
    calm(&scene).await.unwrap();
    let replica = scene.lab.node("orders-3").unwrap();
    replica.kill().unwrap();
    let missing = || async {
        let listed = ["problem", "list", "--cluster", "orders", "-o", "json"];
        let listed: serde_json::Value = serde_json::from_str(&scene.lictor_ok(&listed).await?)?;
        let listed = listed.as_array().context("no list")?;
        let mut found = listed
            .iter()
            .filter(|it| it["code"] == "UnreachableReplica");
        let since = found.next().context("not found yet")?["since"].clone();
        ensure!(since.is_string(), "since when?");
        Ok(since)
    };
    let since = eventually("the problem", PATIENCE, missing).await.unwrap();
    eventually("it to be written down", PATIENCE, || async {
        let opened = told(&scene, &[Kind::ProblemOpened]).await?;
        ensure!(opened.iter().any(|it| it.code == "UnreachableReplica"));
        Ok(())
    })
    .await
    .unwrap();

    scene.lab.lictord().kill().unwrap();
    scene.lab.lictord().start().await.unwrap();
    scene.lab.lictord().wait_ready().await.unwrap();
    let after = eventually("the problem again", PATIENCE, missing)
        .await
        .unwrap();
    assert_eq!(after, since);
    let observations = eventually("another observation", PATIENCE, || async {
        let told = told(&scene, &[Kind::Observation]).await?;
        ensure!(told.len() > 1, "{told:?}");
        Ok(told)
    })
    .await
    .unwrap();
    let last = observations.last().unwrap();
    assert_eq!(last.code, "Begun");
    assert!(
        last.sentence.contains("nobody did for the"),
        "{}",
        last.sentence
    );
    let opened = told(&scene, &[Kind::ProblemOpened]).await.unwrap();
    let times = opened.iter().filter(|it| it.code == "UnreachableReplica");
    assert_eq!(times.count(), 1);
}
