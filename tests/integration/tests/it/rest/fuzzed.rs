//! Whatever the `OpenAPI` document allows, and what it does not, asked of a lictord
//! by schemathesis, while a supervisor keeps the servers up.

use super::*;
use std::path::Path;
use std::process::{Output, Stdio};

use lictor_lab::{Server, State};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const DOCUMENT: &str = "\
keyspaces:
  shop:
    function: hash
    key: integer
    shards:
      - { name: s0, cluster: orders, range: \"-\" }
hostgroups:
  - { id: 10, name: writer, kind: writer, cluster: orders, role: primary }
  - { id: 11, name: reader, kind: reader, cluster: orders, role: replica }
query_rules:
  - { rule_id: 1, active: true, match_digest: \"^SELECT\", destination_hostgroup: 11, apply: true }
";
/// Many times what it takes.
const LONGEST: Duration = Duration::from_mins(8);
/// How often the supervisor looks.
const LOOK: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_is_answered_as_the_document_says() {
    let scene = Scene::with_orders(2).await.unwrap();
    let rest = Rest::of(&scene).unwrap();
    let config = rest.get("/v1/config").await.unwrap();
    let held = [("If-Match", config.header("etag"))];
    let body = json!({ "yaml": DOCUMENT, "reason": "something to ask for" });
    let put = rest.ask(Method::PUT, "/v1/config", &held, Some(body));
    assert_eq!(put.await.unwrap().status, StatusCode::OK);

    let asked = tokio::select! {
        output = schemathesis(&scene, &rest) => output.unwrap(),
        failed = supervised(&scene) => panic!("{failed:?}"),
    };
    let said = String::from_utf8_lossy(&asked.stdout);
    assert!(asked.status.success(), "{said}");
    let changes = rest.shown("/v1/audit?limit=500").await.unwrap();
    let targets = texts(items(&changes).unwrap(), "target");
    let ours = targets.iter().filter(|it| it.starts_with("orders")).count();
    assert!(ours > 20, "hardly anything was asked for: {ours}\n{said}");
}

async fn schemathesis(scene: &Scene, rest: &Rest) -> Result<Output> {
    let ours = Path::new(ROOT).join("tests/integration/python");
    let program = Path::new(ROOT).join(".lab/python/bin/schemathesis");
    let missing = "schemathesis is missing: run tests/integration/python/install.sh";
    ensure!(program.exists(), "{missing}");
    let run = Command::new(program)
        .arg("--config-file")
        .arg(ours.join("schemathesis.toml"))
        .args(["--no-color", "run"])
        .arg(format!("{}/openapi.json", rest.root))
        .env("LICTOR_TOKEN", scene.lab.token())
        .current_dir(scene.lab.block().dir())
        .env("SCHEMATHESIS_HOOKS", ours.join("hooks.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    Ok(timeout(LONGEST, run).await??)
}

/// A rebuild ends a node's server, which somebody has to start again. Ends only
/// when one does not start.
async fn supervised(scene: &Scene) -> Result<()> {
    loop {
        for node in scene.lab.cluster("orders").nodes() {
            if node.state() == State::Dead {
                node.start().await?;
            }
        }
        sleep(LOOK).await;
    }
}
