//! Who may do what, on real servers: tokens, roles, clusters, sessions, and what is
//! written down of those who were turned away.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use lictor_integration::{OPERATOR, PATIENCE, Scene};
use lictor_lab::{CONTROL, Lab, Lictord, Server, eventually};
use lictor_wire::v1;
use lictor_wire::v1::subscribe_request::Message as Say;
use reqwest::Method;
use serde_json::{Value, json};

use crate::rest::{Rest, because};
use crate::switchover::calm;

const BECAUSE: [&str; 2] = ["--reason", "a test"];

/// Makes a token by the command line; its id and its text.
async fn token(scene: &Scene, name: &str, role: &str, more: &[&str]) -> Result<(String, String)> {
    let args = ["token", "create", name, "--role", role, "-o", "json"];
    let said = scene
        .lictor_ok(&[&args[..], &BECAUSE, more].concat())
        .await?;
    let made: Value = serde_json::from_str(&said)?;
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let id = text(&made["token"]["id"]).context("no id")?;
    Ok((id, text(&made["secret"]).context("no secret")?))
}

/// What the command line says that is refused under this token.
async fn refused(scene: &Scene, token: &str, args: &[&str]) -> Result<String> {
    let output = scene.lictor_as(token, args).await?;
    ensure!(!output.status.success(), "lictor {args:?} was not refused");
    Ok(String::from_utf8(output.stderr)?)
}

async fn done(scene: &Scene, token: &str, args: &[&str]) -> Result<String> {
    let output = scene.lictor_as(token, args).await?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "lictor {args:?}: {error}");
    Ok(String::from_utf8(output.stdout)?)
}

async fn stopped(lictord: &Lictord) -> Result<()> {
    lictord.terminate()?;
    lictord.gone(PATIENCE).await
}

async fn three() -> Result<Scene> {
    let scene = Scene::start_in(Lab::builder().lictords(3), &[("orders", 1)]).await?;
    scene.register("orders").await?;
    for lictord in scene.lab.lictords() {
        lictord.wait_ready().await?;
    }
    calm(&scene).await?;
    Ok(scene)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_does_what_it_may_and_is_told_what_it_may_not() {
    let scene = Scene::with_orders(1).await.unwrap();
    calm(&scene).await.unwrap();
    let (_, viewer) = token(&scene, "looks", "viewer", &[]).await.unwrap();
    let (_, operator) = token(&scene, "acts", "operator", &[]).await.unwrap();
    let (_, subscriber) = token(&scene, "shop", "subscriber", &[]).await.unwrap();
    let pause = ["cluster", "pause", "orders", "--reason", "a test"];
    let resume = ["cluster", "resume", "orders", "--reason", "a test"];
    let set = [
        "cluster", "set", "orders", "--mode", "manual", "--reason", "a test",
    ];
    let make = [
        "token", "create", "me", "--role", "admin", "--reason", "a test",
    ];

    done(&scene, &viewer, &["cluster", "show", "orders"])
        .await
        .unwrap();
    for (who, args, takes) in [
        (&viewer, &pause[..], "operator or admin"),
        (&viewer, &set, "role admin"),
        (&operator, &set, "role admin"),
        (&operator, &make, "role admin"),
        (
            &subscriber,
            &["cluster", "list"],
            "viewer, operator or admin",
        ),
    ] {
        let said = refused(&scene, who, args).await.unwrap();
        assert!(said.contains(takes), "{args:?}: {said}");
    }
    done(&scene, &operator, &pause).await.unwrap();
    done(&scene, &operator, &resume).await.unwrap();
    done(&scene, &subscriber, &["route", "show"]).await.unwrap();
    let said = refused(&scene, "lictor_0123456789ab_00", &["cluster", "list"]).await;
    assert!(said.unwrap().contains("there is no such token"));
    let policy = scene.cluster("orders").await.unwrap().policy.unwrap();
    assert_eq!(policy.mode(), v1::Mode::Auto);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_turned_away_anywhere_stands_in_the_audit_log() {
    let scene = three().await.unwrap();
    let (_, viewer) = token(&scene, "looks", "viewer", &[]).await.unwrap();
    let follower = scene.lab.lictords().last().unwrap();
    let bearer = format!("Bearer {viewer}");
    let rest = Rest::at(follower.url()).unwrap();
    let headers = [("authorization", &*bearer), ("lictor-actor", "mallory")];
    let path = "/v1/clusters/orders/pause";
    let said = rest
        .ask(Method::POST, path, &headers, Some(because()))
        .await;
    said.unwrap().problem(403, "NOT_ALLOWED").unwrap();
    let stranger = reqwest::get(format!("{}/v1/clusters", follower.url())).await;
    assert_eq!(stranger.unwrap().status(), 401);

    let rest = Rest::of_leader(&scene).await.unwrap();
    let entries = eventually("both in the audit log", PATIENCE, || async {
        let page = rest.shown("/v1/audit?outcome=denied").await?;
        let items = page["items"].as_array().context("no items")?.clone();
        ensure!(items.len() >= 2, "{items:?}");
        anyhow::Ok(items)
    });
    let entries = entries.await.unwrap();
    let of = |target: &str| {
        let mut found = entries.iter().filter(|it| it["target"] == target);
        found
            .next()
            .unwrap_or_else(|| panic!("{target} is not in {entries:?}"))
    };
    let (pause, look) = (of(path), of("/v1/clusters"));
    assert_eq!(pause["actor"], "mallory");
    assert_eq!(pause["token"], "looks");
    assert_eq!(pause["from"], "127.0.0.1");
    assert!(pause["result"].as_str().unwrap().contains("operator"));
    assert_eq!(
        (&look["actor"], &look["token"]),
        (&json!("unknown"), &Value::Null)
    );
    let cluster = rest.shown("/v1/clusters/orders").await.unwrap();
    assert_eq!(cluster["pause"], Value::Null);
    let made = rest.audited("token.create").await.unwrap();
    assert_eq!(made[0]["actor"], OPERATOR);
    assert_eq!(made[0]["token"], "bootstrap");
    assert_eq!(made[0]["outcome"], "done");
}

/// Subscribes there under this token.
async fn subscribe(
    lictord: &Lictord,
    token: &str,
) -> Result<tonic::Streaming<v1::SubscribeResponse>> {
    use lictor_wire::v1::routing_service_client::RoutingServiceClient;
    let channel = tonic::transport::Channel::from_shared(lictord.url())?;
    let mut client = RoutingServiceClient::new(channel.connect().await?);
    let hello = v1::Hello {
        id: "one".to_owned(),
        version: "test".to_owned(),
        ..v1::Hello::default()
    };
    let message = Some(Say::Hello(hello));
    let says = tokio_stream::iter([v1::SubscribeRequest { message }]);
    let says = tokio_stream::StreamExt::chain(says, tokio_stream::pending());
    let mut request = tonic::Request::new(says);
    let bearer = format!("Bearer {token}").parse()?;
    request.metadata_mut().insert("authorization", bearer);
    Ok(client.subscribe(request).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_everywhere_and_its_streams_end() {
    let scene = three().await.unwrap();
    let (id, text) = token(&scene, "shop", "subscriber", &[]).await.unwrap();
    let mut streams = vec![];
    for lictord in scene.lab.lictords() {
        let mut stream = subscribe(lictord, &text).await.unwrap();
        assert!(stream.message().await.unwrap().is_some());
        streams.push(stream);
    }
    let revoke = ["token", "revoke", &id];
    let said = scene.lictor_ok(&[&revoke[..], &BECAUSE].concat()).await;
    said.unwrap();
    for mut stream in streams {
        let ended = loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended without a word"),
                Err(status) => break status,
            }
        };
        assert_eq!(ended.code(), tonic::Code::Unauthenticated, "{ended:?}");
    }
    for lictord in scene.lab.lictords() {
        let rest = Rest::at(lictord.url()).unwrap();
        let bearer = format!("Bearer {text}");
        let headers = [("authorization", &*bearer)];
        let said = rest.ask(Method::GET, "/v1/routing", &headers, None).await;
        let problem = said.unwrap().problem(401, "BAD_TOKEN").unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("revoked"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_cluster_sees_and_moves_no_other() {
    let scene = Scene::start(&[("orders", 1), ("users", 1)]).await.unwrap();
    scene.register("orders").await.unwrap();
    scene.register("users").await.unwrap();
    let only = ["--cluster", "orders"];
    let (_, operator) = token(&scene, "acts", "operator", &only).await.unwrap();
    let bearer = format!("Bearer {operator}");
    let headers = [("authorization", &*bearer)];
    let rest = Rest::at(scene.lab.lictord().url()).unwrap();
    for (path, field) in [
        ("/v1/clusters", "name"),
        ("/v1/nodes", "cluster"),
        ("/v1/history", "cluster"),
    ] {
        let said = rest.ask(Method::GET, path, &headers, None).await.unwrap();
        let page: Value = said.json().unwrap();
        let items = page["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{path}");
        let strange = items.iter().find(|item| item[field] != "orders");
        assert_eq!(strange, None, "{path}");
    }
    let routing = rest.ask(Method::GET, "/v1/routing", &headers, None).await;
    let routing = routing.unwrap().json().unwrap().to_string();
    assert!(
        routing.contains("orders-1") && !routing.contains("users"),
        "{routing}"
    );
    for path in [
        "/v1/clusters/users",
        "/v1/nodes/users-1",
        "/v1/config",
        "/v1/audit",
    ] {
        let said = rest.ask(Method::GET, path, &headers, None).await.unwrap();
        said.problem(403, "OUT_OF_SCOPE").unwrap();
    }
    let pause = ["cluster", "pause", "users", "--reason", "a test"];
    let said = refused(&scene, &operator, &pause).await.unwrap();
    assert!(said.contains("users"), "{said}");
    let rest = Rest::of_leader(&scene).await.unwrap();
    eventually("the attempt in the audit log", PATIENCE, || async {
        let page = rest
            .shown("/v1/audit?outcome=denied&q=PauseCluster")
            .await?;
        let entry = &page["items"][0];
        ensure!(entry["token"] == "acts", "{page}");
        ensure!(
            entry["result"] == "the token is good for orders alone",
            "{page}"
        );
        anyhow::Ok(())
    })
    .await
    .unwrap();
    let mut stream = subscribe(scene.lab.lictord(), &operator).await.unwrap();
    let first = format!("{:?}", stream.message().await.unwrap().unwrap());
    assert!(
        first.contains("orders-1") && !first.contains("users"),
        "{first}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_by_itself() {
    let scene = Scene::start(&[]).await.unwrap();
    let (_, text) = token(&scene, "short", "viewer", &["--expires-in", "2s"])
        .await
        .unwrap();
    let events = format!("{}/v1/events", scene.lab.lictord().url());
    let http = reqwest::Client::new();
    let open = http.get(&events).bearer_auth(&text).send().await.unwrap();
    assert_eq!(open.status(), 200);
    // The stream ends with the token, and nobody gets another one.
    tokio::time::timeout(PATIENCE, open.bytes())
        .await
        .unwrap()
        .unwrap();
    let said = refused(&scene, &text, &["cluster", "list"]).await.unwrap();
    assert!(said.contains("expired"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_logs_in_changes_only_from_its_own_page_and_logs_out() {
    let scene = Scene::with_orders(1).await.unwrap();
    let root = scene.lab.lictord().url();
    let (_, text) = token(&scene, "ann", "operator", &[]).await.unwrap();
    let http = reqwest::Client::new();
    let session = format!("{root}/v1/session");
    let begun = http
        .post(&session)
        .json(&json!({ "token": text }))
        .send()
        .await
        .unwrap();
    assert_eq!(begun.status(), 200);
    let cookie = begun.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert!(!cookie.contains(&text), "the cookie is not the token");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let shown: Value = begun.json().await.unwrap();
    assert_eq!(shown["token"]["name"], "ann");
    let csrf = shown["csrf"].as_str().unwrap();

    let pause = format!("{root}/v1/clusters/orders/pause");
    let asks = || http.post(&pause).header("cookie", &cookie).json(&because());
    assert_eq!(asks().send().await.unwrap().status(), 403);
    let paused = asks().header("lictor-csrf", csrf).send().await.unwrap();
    assert_eq!(paused.status(), 200);
    let look = || http.get(&session).header("cookie", &cookie).send();
    let again: Value = look().await.unwrap().json().await.unwrap();
    assert_eq!(again, shown);
    let ended = http
        .delete(&session)
        .header("cookie", &cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(ended.status(), 204);
    assert!(
        ended.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );

    let tried = http.post(&session).json(&json!({ "token": "lictor_x" }));
    let mut failed = 0;
    let late = loop {
        let answer = tried.try_clone().unwrap().send().await.unwrap();
        if answer.status() != 401 {
            break answer;
        }
        failed += 1;
        assert!(failed < 100, "nobody limits it");
    };
    assert_eq!(late.status(), 429);
    assert!(late.headers().contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_token_is_written_once_for_its_owner_alone() {
    let scene = Scene::start(&[]).await.unwrap();
    let lictord = scene.lab.lictord();
    let file = scene.lab.token_file();
    let known = fs::read_to_string(&file).unwrap();
    stopped(lictord).await.unwrap();
    let url = scene.lab.postgres().url();
    let mut stored = <sqlx::PgConnection as sqlx::Connection>::connect(&url)
        .await
        .unwrap();
    sqlx::raw_sql("DELETE FROM token")
        .execute(&mut stored)
        .await
        .unwrap();
    fs::remove_file(&file).unwrap();
    lictord.start().await.unwrap();
    let http = reqwest::Client::new();
    let at = format!("{}/v1/session", lictord.url());
    eventually("the first token", PATIENCE, || async {
        let text = fs::read_to_string(&file)?;
        let answer = http.get(&at).bearer_auth(text.trim()).send().await?;
        ensure!(answer.status() == 200, "{answer:?}");
        anyhow::Ok(())
    })
    .await
    .unwrap();
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_ne!(fs::read_to_string(&file).unwrap(), known);
    let old = http
        .get(&at)
        .bearer_auth(known.trim())
        .send()
        .await
        .unwrap();
    assert_eq!(old.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_with_accounts_of_its_own_is_kept_with_those() {
    let scene = Scene::start(&[("orders", 1)]).await.unwrap();
    let (lab, lictord) = (&scene.lab, scene.lab.lictord());
    let primary = lab.cluster("orders").node(1);
    let make = "CREATE USER 'lictor_orders'@'%' IDENTIFIED BY 'of-orders-alone'";
    primary.sql(make).await.unwrap();
    let rights = format!("SHOW GRANTS FOR '{}'@'%'", CONTROL.user);
    for right in primary.sql(&rights).await.unwrap().iter().flatten() {
        let right = right.replace(&format!("`{}`", CONTROL.user), "`lictor_orders`");
        primary.sql(&right).await.unwrap();
    }
    let file = lictord.settings_file().with_file_name("orders.password");
    fs::write(&file, "of-orders-alone").unwrap();
    let settings = fs::read_to_string(lictord.settings_file()).unwrap();
    let own = format!(
        "\n[mysql.clusters.orders]\nuser = \"lictor_orders\"\npassword_file = \"{}\"\n",
        file.display()
    );
    fs::write(lictord.settings_file(), settings + &own).unwrap();
    stopped(lictord).await.unwrap();
    lictord.start().await.unwrap();
    lictord.wait_ready().await.unwrap();
    scene.register("orders").await.unwrap();
    let lock = format!("ALTER USER '{}'@'%' ACCOUNT LOCK", CONTROL.user);
    primary.sql(&lock).await.unwrap();
    calm(&scene).await.unwrap();
    let order = ["cluster", "switchover", "orders", "--reason", "a test"];
    scene.lictor_ok(&order).await.unwrap();
    calm(&scene).await.unwrap();
}
