//! What changes is told while it changes, and whoever breaks off misses nothing.

use anyhow::{Context, Result, bail};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::Server;
use lictor_wire::v1;
use lictor_wire::v1::event_service_client::EventServiceClient;
use lictor_wire::v1::operation_service_client::OperationServiceClient;
use lictor_wire::v1::watch_response::Event;
use tokio::time::timeout;
use tonic::Streaming;

/// One who watches.
struct Watcher {
    events: Streaming<v1::WatchResponse>,
    last: String,
}

impl Watcher {
    /// Begins after the event of this id, or now; what it is greeted with.
    async fn start(scene: &Scene, last: &str) -> Result<(Self, v1::WatchHello)> {
        let mut api = EventServiceClient::new(scene.channel().await?);
        let request = v1::WatchRequest {
            clusters: vec!["orders".to_owned()],
            last_event_id: last.to_owned(),
        };
        let mut watcher = Self {
            events: api.watch(request).await?.into_inner(),
            last: String::new(),
        };
        match watcher.next().await? {
            Event::Hello(hello) => Ok((watcher, hello)),
            other => bail!("no hello: {other:?}"),
        }
    }

    async fn next(&mut self) -> Result<Event> {
        let told = timeout(PATIENCE, self.events.message()).await;
        let told = told.context("nothing is told")??;
        let told = told.context("the stream ended")?;
        self.last = told.id;
        told.event.context("an event without content")
    }

    /// Reads on until an event is what is looked for.
    async fn until<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> Result<T> {
        let reading = async {
            loop {
                let event = self.next().await?;
                if let Some(found) = wanted(&event) {
                    return Ok(found);
                }
            }
        };
        let found = timeout(PATIENCE, reading).await;
        found.context("what is looked for is never told")?
    }
}

/// A recovery that satisfies this.
fn recovery(
    holds: impl Fn(&v1::RecoverySummary) -> bool,
) -> impl Fn(&Event) -> Option<v1::Recovery> {
    move |event| match event {
        Event::Recovery(recovery) if recovery.summary.as_ref().is_some_and(&holds) => {
            Some(recovery.clone())
        }
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_is_told_step_by_step_and_goes_on_after_a_broken_connection() {
    let scene = Scene::with_orders(2).await.unwrap();
    let (mut watcher, hello) = Watcher::start(&scene, "").await.unwrap();
    assert!(hello.leader && !hello.resumed, "{hello:?}");
    let beginning = watcher.last.clone();
    let first = scene.lab.cluster("orders").primary().await.unwrap();

    first.kill().unwrap();
    let running = recovery(|it| it.state() == v1::RecoveryState::Running);
    let begun = watcher.until(running).await.unwrap();
    let (id, steps) = (begun.summary.unwrap().id, begun.steps.len());
    let last = watcher.last.clone();
    drop(watcher);

    let second = scene.new_primary("orders", first.name()).await.unwrap();
    let (mut watcher, hello) = Watcher::start(&scene, &last).await.unwrap();
    assert!(hello.resumed, "{hello:?}");
    let done = recovery(|it| it.state() == v1::RecoveryState::Done);
    let done = watcher.until(done).await.unwrap();
    assert!(done.steps.len() >= steps, "{done:?}");
    let summary = done.summary.unwrap();
    assert_eq!(summary.id, id);
    assert_eq!(summary.new_primary.as_deref(), Some(second.name()));

    let happened = |event: &Event| match event {
        Event::Happening(it) if it.kind() == v1::HappeningKind::PrimaryChanged => Some(it.clone()),
        _ => None,
    };
    // It may have been told before the end of the recovery, or after it.
    let (mut again, _) = Watcher::start(&scene, &beginning).await.unwrap();
    let happened = again.until(happened).await.unwrap();
    assert_eq!(happened.cluster, "orders");

    first.start().await.unwrap();
    let whole = |event: &Event| match event {
        Event::Cluster(it) if it.nodes? == all_pass(3) => Some(it.clone()),
        _ => None,
    };
    let cluster = watcher.until(whole).await.unwrap();
    assert_eq!(cluster.primary, second.name());
    assert_eq!(cluster.state(), v1::ClusterState::Serving);

    let last = watcher.last.clone();
    scene.lab.lictord().kill().unwrap();
    scene.lab.restart("lictord").await.unwrap();
    let (_, hello) = Watcher::start(&scene, &last).await.unwrap();
    assert!(
        !hello.resumed,
        "another process has other numbers: {hello:?}"
    );
}

const fn all_pass(total: u32) -> v1::NodeCounts {
    v1::NodeCounts {
        total,
        passing: total,
        warning: 0,
        critical: 0,
        unknown: 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_is_an_operation_that_ends_done() {
    let scene = Scene::with_orders(2).await.unwrap();
    let (mut watcher, _) = Watcher::start(&scene, "").await.unwrap();
    let first = scene.lab.cluster("orders").primary().await.unwrap();
    let order = ["cluster", "switchover", "orders"];
    scene.lictor_ok(&order).await.unwrap();
    let done = recovery(|it| it.state() == v1::RecoveryState::Done);
    let done = watcher.until(done).await.unwrap().summary.unwrap();
    let route = |event: &Event| match event {
        Event::Cluster(it) if it.primary != first.name() => Some(it.primary.clone()),
        _ => None,
    };
    let second = watcher.until(route).await.unwrap();

    let mut api = OperationServiceClient::new(scene.channel().await.unwrap());
    let request = v1::GetOperationRequest {
        id: done.id.clone(),
    };
    let found = api.get_operation(request).await.unwrap().into_inner();
    let operation = found.operation.unwrap();
    assert_eq!(operation.kind(), v1::OperationKind::Switchover);
    assert_eq!(operation.state(), v1::OperationState::Done);
    assert_eq!(operation.node.as_deref(), Some(second.as_str()));
    assert!(operation.finished_at.is_some() && operation.stage.is_none());
    assert!(!operation.steps.is_empty());

    let listed = async |state: v1::OperationState| {
        let request = v1::ListOperationsRequest {
            state: state.into(),
            cluster: Some("orders".to_owned()),
            ..v1::ListOperationsRequest::default()
        };
        let mut api = api.clone();
        let listed = api.list_operations(request).await?.into_inner().operations;
        anyhow::Ok(listed.into_iter().map(|it| it.id).collect::<Vec<_>>())
    };
    assert_eq!(listed(v1::OperationState::Done).await.unwrap(), [done.id]);
    let running = listed(v1::OperationState::Running).await.unwrap();
    assert!(running.is_empty(), "{running:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_the_configuration_and_a_subscriber_are_told() {
    let scene = Scene::with_orders(1).await.unwrap();
    let (mut watcher, _) = Watcher::start(&scene, "").await.unwrap();
    let args = ["cluster", "set", "orders", "--max-read-lag", "7s"];
    let args = [&args[..], &["--reason", "a test"]].concat();
    scene.lictor_ok(&args).await.unwrap();
    let version = |event: &Event| match event {
        Event::Config(version) => Some(version.clone()),
        _ => None,
    };
    let version = watcher.until(version).await.unwrap();
    assert_eq!(version.action, "cluster.set");
    assert_eq!(version.reason.as_deref(), Some("a test"));

    let client = scene.client("one who subscribes").await.unwrap();
    let connected = |event: &Event| match event {
        Event::Subscribers(it) if it.connected == 1 && it.behind == 0 => Some(()),
        _ => None,
    };
    watcher.until(connected).await.unwrap();
    drop(client);
}
