//! After much has happened, no secret stands in what was written or is shown.

use super::*;
use crate::switchover::calm;
use std::fs;
use std::path::Path;

use lictor_lab::{CONTROL, REPLICATION, Server};
use sqlx::{Connection, PgConnection};

/// What is meant to hold secrets, or is another program's own.
const THEIR_PLACES: [&str; 4] = ["data", "consul.json", "access.key", "bootstrap.token"];
const MEANT: [&str; 2] = ["password", "token"];
/// Every table that Lictor has, each of its rows as a text.
const EVERYTHING: &str = "SELECT query_to_xml(format('SELECT * FROM %I', tablename), true, true, '')::text \
     FROM pg_tables WHERE schemaname = 'lictor'";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_secret_stands_nowhere_that_is_written_or_shown() {
    let scene = Scene::with_orders(2).await.unwrap();
    let rest = Rest::of(&scene).unwrap();
    let _client = scene.client("one who subscribes").await.unwrap();
    live(&scene).await.unwrap();
    let mut secrets = secrets(&scene).unwrap();
    secrets.extend(made(&rest).await.unwrap());
    assert!(secrets.iter().all(|(_, secret)| secret.len() > 8));
    let mut looked = vec![];
    looked.extend(files(&scene.lab.block().dir()).unwrap());
    looked.extend(pages(&rest).await.unwrap());
    looked.extend(consul(&scene).await.unwrap());
    looked.push(("Postgres".to_owned(), postgres(&scene).await.unwrap()));
    let places = looked.iter().map(|(place, _)| place.as_str());
    let places: Vec<_> = places.collect();
    for must in ["lictord/log", "/metrics", "/v1/audit", "lictor/lease"] {
        let found = places.iter().any(|place| place.contains(must));
        assert!(found, "{must} is not among {places:?}");
    }
    for (place, text) in &looked {
        for (what, secret) in &secrets {
            assert!(!text.contains(secret), "{what} stands in {place}");
        }
    }
}

/// A failover, a switchover, and orders that are refused.
async fn live(scene: &Scene) -> Result<()> {
    let reason = ["--reason", "a test"];
    scene.lab.node("orders-1")?.kill()?;
    scene.new_primary("orders", "orders-1").await?;
    scene.lab.node("orders-1")?.start().await?;
    scene.rejoined("orders", "orders-1").await?;
    calm(scene).await?;
    let order = ["cluster", "switchover", "orders", "--to", "orders-1"];
    scene.lictor_ok(&[&order[..], &reason].concat()).await?;
    let refused = ["cluster", "switchover", "orders", "--to", "nobody"];
    let output = scene.lictor(&[&refused[..], &reason].concat()).await?;
    ensure!(!output.status.success());
    // A server that is none: the account is refused, or not even asked for.
    let other = scene.lab.postgres().address().to_string();
    let add = ["cluster", "add", "other", "--seed", &other];
    ensure!(!scene.lictor(&add).await?.status.success());
    Ok(())
}

fn secrets(scene: &Scene) -> Result<Vec<(&'static str, String)>> {
    let consul = scene.lab.consul().control_token();
    let key = fs::read_to_string(scene.lab.token_file().with_file_name("access.key"))?;
    let secrets = vec![
        (
            "the control account's password",
            CONTROL.password.to_owned(),
        ),
        ("the replication password", REPLICATION.password.to_owned()),
        ("Consul's token", consul.to_owned()),
        ("the first token", scene.lab.token().to_owned()),
        ("the shared key", key.trim().to_owned()),
    ];
    Ok(secrets)
}

/// A token that is made, and a session that is begun with it.
async fn made(rest: &Rest) -> Result<[(&'static str, String); 2]> {
    let wanted = json!({ "name": "ann", "role": "viewer", "reason": "a test" });
    let keyed = [("Idempotency-Key", "kept-for-a-day")];
    let made = rest.ask(Method::POST, "/v1/tokens", &keyed, Some(wanted));
    let made = made.await?.json()?;
    let token = made["secret"].as_str().context("no secret")?.to_owned();
    let begun = rest.post("/v1/session", json!({ "token": token })).await?;
    let cookie = begun.header("set-cookie").split(';').next();
    let session = cookie.and_then(|pair| pair.split_once('='));
    let (_, session) = session.context("no session")?;
    let headers = [("cookie", &*format!("lictor_session={session}"))];
    let used = Rest::at(rest.root.clone())?;
    let used = used
        .ask(Method::GET, "/v1/clusters", &headers, None)
        .await?;
    ensure!(used.status == 200, "{used:?}");
    Ok([("a token", token), ("a session", session.to_owned())])
}

/// Every file that was written, but for those that are meant to hold secrets.
fn files(dir: &Path) -> Result<Vec<(String, String)>> {
    let mut found = vec![];
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let meant = path
            .extension()
            .is_some_and(|it| MEANT.iter().any(|meant| it == *meant));
        if meant || THEIR_PLACES.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.is_file() {
            let bytes = fs::read(&path)?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
    Ok(found)
}

/// Every page of HTTP that can be read, with the first of what it is about.
async fn pages(rest: &Rest) -> Result<Vec<(String, String)>> {
    let document = rest.shown("/openapi.json").await?;
    let paths = document["paths"].as_object().context("no paths")?;
    let readable = paths.iter().filter(|(_, item)| item["get"].is_object());
    let mut paths: Vec<_> = readable.map(|(path, _)| path.clone()).collect();
    // It never ends; what it tells is in the history.
    paths.retain(|path| path != "/v1/events");
    paths.extend(["/metrics", "/readyz", "/healthz"].map(str::to_owned));
    let mut found = vec![];
    for path in paths {
        let path = path
            .replace("{cluster}", "orders")
            .replace("{node}", "orders-2")
            .replace("{id}", &id_for(rest, &path).await?);
        let said = rest.get(&path).await?;
        let headers = format!("{:?}", said.headers);
        found.push((path, said.text + &headers));
    }
    Ok(found)
}

async fn id_for(rest: &Rest, path: &str) -> Result<String> {
    let Some((list, _)) = path.split_once("/{id}") else {
        return Ok(String::new());
    };
    let listed = rest.shown(list).await?;
    let newest = items(&listed)?.first().context("it is empty")?;
    Ok(newest["id"].as_str().context("no id")?.to_owned())
}

async fn consul(scene: &Scene) -> Result<Vec<(String, String)>> {
    let root = format!("{}/v1", scene.lab.consul().url());
    let get = async |path: &str| -> Result<String> {
        let answer = reqwest::get(format!("{root}/{path}")).await?;
        Ok(answer.error_for_status()?.text().await?)
    };
    let keys: Vec<String> = serde_json::from_str(&get("kv/?keys").await?)?;
    let mut paths = vec![
        "catalog/nodes".to_owned(),
        "catalog/service/orders".to_owned(),
        "agent/services".to_owned(),
        "agent/checks".to_owned(),
    ];
    paths.extend(keys.iter().map(|key| format!("kv/{key}?raw")));
    let mut found = vec![];
    for path in paths {
        found.push((format!("Consul's {path}"), get(&path).await?));
    }
    Ok(found)
}

async fn postgres(scene: &Scene) -> Result<String> {
    let mut connection = PgConnection::connect(&scene.lab.postgres().url()).await?;
    let tables: Vec<String> = sqlx::query_scalar(EVERYTHING)
        .fetch_all(&mut connection)
        .await?;
    ensure!(tables.len() > 10, "there are more tables");
    Ok(tables.concat())
}
