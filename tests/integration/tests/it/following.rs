//! Instances that do not lead: what is asked of them is done, and who subscribes to
//! them is served, whoever leads.

use anyhow::{Context, Result, ensure};
use lictor_client::{ClientConfig, Credentials, Lictor};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{
    APP, APP_DATABASE, Lab, LabBuilder, Lictord, Server, eventually, networks_or_skip,
};
use lictor_wire::v1;
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::subscribe_response::Message;
use reqwest::Method;
use tonic::Request;

use crate::push::{At, Stream, at, serves};
use crate::rest::{Rest, because};
use crate::switchover::{calm, other};

const PAUSE: &str = "/v1/clusters/orders/pause";

/// So many `lictord`, of which the first leads and the others relay its table, and
/// the cluster `orders`.
async fn scene(lictords: u8, replicas: u8) -> Result<Scene> {
    scene_in(Lab::builder().lictords(lictords), replicas).await
}

async fn scene_in(plan: LabBuilder, replicas: u8) -> Result<Scene> {
    let scene = Scene::start_in(plan, &[("orders", replicas)]).await?;
    scene.register("orders").await?;
    for lictord in scene.lab.lictords() {
        lictord.wait_ready().await?;
    }
    calm(&scene).await?;
    Ok(scene)
}

fn follower(scene: &Scene) -> Result<&Lictord> {
    scene.lab.lictords().last().context("no lictord")
}

fn named<T>(message: T, actor: &'static str) -> Request<T> {
    let mut request = Request::new(message);
    let actor = tonic::metadata::MetadataValue::from_static(actor);
    request.metadata_mut().insert("lictor-actor", actor);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_a_follower_is_done_by_the_leader_once_in_the_callers_name() {
    let scene = scene(2, 1).await.unwrap();
    let follower = follower(&scene).unwrap();
    let rest = Rest::with(&scene, follower).unwrap();
    let plane = rest.shown("/v1/control-plane").await.unwrap();
    assert_eq!(
        (&plane["leader"], &plane["ready"]),
        (&false.into(), &true.into())
    );

    let headers = [("Idempotency-Key", "one"), ("Lictor-Actor", "grace")];
    for replayed in ["", "true"] {
        let said = rest.ask(Method::POST, PAUSE, &headers, Some(because()));
        let said = said.await.unwrap();
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(said.header("idempotency-replayed"), replayed);
    }
    let audited = rest.audited("cluster.pause").await.unwrap();
    assert_eq!(audited.len(), 1, "{audited:?}");
    assert_eq!(audited[0]["actor"], "grace");
    let cluster = rest.shown("/v1/clusters/orders").await.unwrap();
    assert_eq!(cluster["pause"]["owner"], "grace", "{cluster}");

    let mut clusters = ClusterServiceClient::new(scene.channel_to(follower).await.unwrap());
    let name = "orders".to_owned();
    let resume = v1::ResumeClusterRequest {
        name,
        reason: "a test".to_owned(),
    };
    clusters
        .resume_cluster(named(resume, "linus"))
        .await
        .unwrap();
    let audited = rest.audited("cluster.resume").await.unwrap();
    assert_eq!(audited[0]["actor"], "linus");
    let unknown = v1::GetClusterRequest {
        name: "nobodys".to_owned(),
    };
    let status = clusters.get_cluster(unknown).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);

    who_says_no_name_is_known_by_its_token_and_its_own_address(&scene, follower)
        .await
        .unwrap();
}

async fn who_says_no_name_is_known_by_its_token_and_its_own_address(
    scene: &Scene,
    follower: &Lictord,
) -> Result<()> {
    let here = scene.lab.block().address(250);
    let http = scene
        .http()?
        .timeout(PATIENCE)
        .local_address(std::net::IpAddr::from(here))
        .build()?;
    let root = follower.url();
    let rest = Rest { http, root };
    rest.ask(Method::POST, PAUSE, &[], Some(because())).await?;
    let audited = rest.audited("cluster.pause").await?;
    ensure!(audited[0]["actor"] == "bootstrap", "{audited:?}");
    ensure!(audited[0]["from"] == here.to_string(), "{audited:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_says_itself_how_it_stands_and_who_is_subscribed_there() {
    let scene = scene(2, 1).await.unwrap();
    let [leader, follower] = scene.lab.lictords() else {
        panic!("two lictord");
    };
    let mut near = Stream::open_on(scene.channel_to(leader).await.unwrap(), "near", None)
        .await
        .unwrap();
    let mut far = Stream::open_on(scene.channel_to(follower).await.unwrap(), "far", None)
        .await
        .unwrap();
    near.next_acked().await.unwrap();
    far.next_acked().await.unwrap();
    for lictord in [leader, follower] {
        let rest = Rest::with(&scene, lictord).unwrap();
        // Consul's agent looks now and then whether each is ready.
        let told = || both_are_told(&rest);
        eventually("both to be told", PATIENCE, told).await.unwrap();
    }
    let status = scene.lictor_ok(&["control-plane", "status"]).await.unwrap();
    assert!(status.contains("relayed here as it is"), "{status}");

    follower.kill().unwrap();
    let rest = Rest::with(&scene, leader).unwrap();
    let plane = rest.shown("/v1/control-plane").await.unwrap();
    let members = plane["members"].as_array().unwrap();
    let gone = members.iter().find(|it| it["leader"] == false).unwrap();
    assert_eq!(
        (&gone["answers"], &gone["relay"]),
        (&false.into(), &serde_json::Value::Null)
    );
    let page = rest.shown("/v1/subscribers").await.unwrap();
    assert_eq!(page["unheard"].as_array().unwrap().len(), 1, "{page}");
}

async fn both_are_told(rest: &Rest) -> Result<()> {
    let plane = rest.shown("/v1/control-plane").await?;
    let members = plane["members"].as_array().context("no members")?;
    ensure!(members.len() == 2, "{plane}");
    for member in members {
        ensure!(
            member["answers"] == true && member["ready"] == true,
            "{plane}"
        );
        ensure!(member["subscribers"] == 1, "{plane}");
        let relay = &member["relay"];
        if member["leader"] == true {
            ensure!(relay.is_null(), "{plane}");
        } else {
            ensure!(relay["current"] == true && relay["behind"] == 0, "{plane}");
            ensure!(relay["held"] == relay["head"], "{plane}");
            ensure!(relay["heard_us"].as_u64().is_some(), "{plane}");
        }
    }
    let page = rest.shown("/v1/subscribers").await?;
    ensure!(page["unheard"] == serde_json::json!([]), "{page}");
    let at = |id: &str| {
        let items = page["items"].as_array().into_iter().flatten();
        let mut items = items.filter(|it| it["id"] == id);
        items.next().map(|it| it["instance"].clone())
    };
    let (near, far) = (at("near").context("near")?, at("far").context("far")?);
    ensure!(near != far, "{page}");
    // The relay itself is a subscriber of the leader's.
    let relay = at(far.as_str().unwrap_or_default()).context("the relay")?;
    ensure!(relay == near, "{page}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_another_lictord_reaches_is_not_failed_over() {
    if !networks_or_skip().unwrap() {
        return;
    }
    let plan = Lab::builder().lictords(2).networked();
    let scene = scene_in(plan, 2).await.unwrap();
    let [leader, follower] = scene.lab.lictords() else {
        panic!("two lictord");
    };
    let rest = Rest::with(&scene, leader).unwrap();
    eventually("the leader to know the other", PATIENCE, || async {
        let plane = rest.shown("/v1/control-plane").await?;
        let members = plane["members"].as_array().context("no members")?;
        ensure!(members.iter().filter(|it| it["answers"] == true).count() == 2);
        Ok::<_, anyhow::Error>(())
    })
    .await
    .unwrap();

    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let nodes = scene.lab.cluster("orders").nodes().iter();
    let replicas = nodes.filter(|node| node.name() != primary.name());
    let mut cut_off: Vec<&dyn Server> = replicas.map(|it| it as &dyn Server).collect();
    cut_off.push(leader);
    scene.lab.cut(&cut_off, &[primary]).unwrap();
    eventually("the other to say that it lives", PATIENCE, || async {
        let cluster = rest.shown("/v1/clusters/orders").await?;
        let problems = cluster["problems"].as_array().context("no problems")?;
        let alive = problems
            .iter()
            .find(|it| it["code"] == "UnreachablePrimary");
        let alive = alive.with_context(|| format!("{problems:?}"))?;
        let told = alive["sentence"].as_str().unwrap_or_default();
        ensure!(told.contains("another lictord reaches it"), "{alive}");
        Ok::<_, anyhow::Error>(())
    })
    .await
    .unwrap();
    assert!(scene.recoveries("orders").await.unwrap().is_empty());

    // Once nobody reaches it, nobody speaks for it.
    scene.lab.cut(&[follower], &[primary]).unwrap();
    scene.new_primary("orders", primary.name()).await.unwrap();
}

/// Waits for a route of `orders` to this node; the revision that brings it.
async fn hears_of(stream: &mut Stream, node: &str) -> Result<At> {
    loop {
        let (routes, revision) = match stream.next().await? {
            Message::Snapshot(table) => (table.clusters, table.revision),
            Message::Delta(delta) => (delta.changed, delta.to),
            Message::Hints(_) | Message::Head(_) => continue,
        };
        stream.ack(at(revision)).await?;
        if serves(&routes, node) {
            return Ok(at(revision));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_at_a_follower_hears_of_each_primary_whoever_leads() {
    let scene = scene(3, 2).await.unwrap();
    let channel = scene.channel_to(follower(&scene).unwrap()).await.unwrap();
    let mut stream = Stream::open_on(channel, "far", None).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    let first = hears_of(&mut stream, old.name()).await.unwrap();

    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    let second = hears_of(&mut stream, new.name()).await.unwrap();
    assert!(second > first, "{second:?}");
    old.start().await.unwrap();
    scene.rejoined("orders", old.name()).await.unwrap();

    let leader = scene.lab.leader().await.unwrap();
    leader.kill().unwrap();
    eventually("another leader", PATIENCE, || async {
        let next = scene.lab.leader().await?;
        ensure!(next.name() != leader.name());
        Ok(())
    })
    .await
    .unwrap();
    // On the very same stream.
    calm(&scene).await.unwrap();
    let to = other(&scene, new).unwrap().name().to_owned();
    let order = ["cluster", "switchover", "orders", "--to", &to];
    scene
        .lictor_ok(&[&order[..], &["--pause", "30s"]].concat())
        .await
        .unwrap();
    let third = hears_of(&mut stream, &to).await.unwrap();
    assert!(
        third.0 > second.0,
        "a later term: {third:?} after {second:?}"
    );
}

/// An application that knows one instance only.
async fn client_of(scene: &Scene, lictord: &Lictord) -> Result<std::sync::Arc<Lictor>> {
    let credentials = Credentials {
        user: APP.user.to_owned(),
        password: APP.password.into(),
        database: Some(APP_DATABASE.to_owned()),
    };
    let mut config = ClientConfig::new("far", vec![lictord.url()], credentials);
    config.subscribe.token = Some(scene.token());
    config.pool.connection_timeout = PATIENCE;
    Ok(std::sync::Arc::new(Lictor::connect(config).await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_holds_for_those_who_write_by_a_follower() {
    let scene = scene(2, 2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    Load::prepare(primary).await.unwrap();
    let client = client_of(&scene, follower(&scene).unwrap()).await.unwrap();
    let load = Load::start(&client, "orders", 4, 1);
    load.writes(50).await.unwrap();
    for to in ["orders-2", "orders-3", "orders-1"] {
        calm(&scene).await.unwrap();
        let order = ["cluster", "switchover", "orders", "--to", to];
        let order = [&order[..], &["--pause", "30s"]].concat();
        let story = scene.lictor_ok(&order).await.unwrap();
        assert!(story.contains("1 of 1"), "the hold is not told:\n{story}");
        load.writes(50).await.unwrap();
    }
    let ledger = load.stop().await;
    ledger
        .is_whole_on(scene.lab.node("orders-1").unwrap())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_while_the_leader_hangs_is_told_that_nobody_knows_and_nothing_is_done_late() {
    let scene = scene(2, 1).await.unwrap();
    let leader = scene.lab.leader().await.unwrap();
    let follower = follower(&scene).unwrap();
    let rest = Rest::with(&scene, follower).unwrap();
    leader.freeze().unwrap();
    let path = "/v1/clusters/orders";
    let (read, change) = tokio::join!(
        rest.get(path),
        rest.ask(Method::POST, PAUSE, &[], Some(because()))
    );
    let (read, change) = (read.unwrap(), change.unwrap());
    assert_eq!(read.status, 200, "{read:?}");
    assert!(!read.header("lictor-without-leader").is_empty(), "{read:?}");
    change.problem(502, "OUTCOME_UNKNOWN").unwrap();

    eventually("the other to lead", PATIENCE, || async {
        let plane = rest.shown("/v1/control-plane").await?;
        ensure!(plane["leader"] == true && plane["ready"] == true);
        Ok(())
    })
    .await
    .unwrap();
    leader.thaw().unwrap();
    leader.wait_ready().await.unwrap();
    // Both answer now, and the one that was frozen asks the other.
    let thawed = Rest::with(&scene, leader).unwrap();
    let cluster = thawed.shown(path).await.unwrap();
    assert_eq!(cluster["pause"], serde_json::Value::Null, "{cluster}");
    assert!(rest.audited("cluster.pause").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_leads_nothing_is_changed_and_the_table_stays() {
    let scene = scene(2, 2).await.unwrap();
    let follower = follower(&scene).unwrap();
    let rest = Rest::with(&scene, follower).unwrap();
    let mut stream = Stream::open_on(scene.channel_to(follower).await.unwrap(), "far", None)
        .await
        .unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let held = hears_of(&mut stream, primary.name()).await.unwrap();
    let (consul, postgres) = (scene.lab.consul(), scene.lab.postgres());
    consul.freeze().unwrap();
    postgres.freeze().unwrap();
    eventually("nobody to lead", PATIENCE, || async {
        let said = rest.ask(Method::POST, PAUSE, &[], Some(because())).await?;
        said.problem(503, "NOT_LEADING").map(drop)
    })
    .await
    .unwrap();
    let table = rest.get("/v1/routing").await.unwrap();
    assert_eq!(table.status, 200, "{table:?}");
    assert!(!table.header("lictor-without-leader").is_empty());
    consul.thaw().unwrap();
    postgres.thaw().unwrap();
    eventually("somebody to lead again", PATIENCE, || async {
        let said = rest.ask(Method::POST, PAUSE, &[], Some(because())).await?;
        ensure!(said.status == 200, "{said:?}");
        Ok(())
    })
    .await
    .unwrap();
    let resume = "/v1/clusters/orders/resume";
    rest.ask(Method::POST, resume, &[], Some(because()))
        .await
        .unwrap();
    // The stream went on all the time.
    primary.kill().unwrap();
    let new = scene.new_primary("orders", primary.name()).await.unwrap();
    assert!(hears_of(&mut stream, new.name()).await.unwrap() > held);
}
