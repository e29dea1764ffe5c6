//! Bad input gets a sentence that names what is wrong, and changes nothing.

use std::fs;

use anyhow::{Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Lab, ROOT, Server, eventually};
use serde_json::Value;
use tokio::io::AsyncWriteExt;

async fn refused(scene: &Scene, args: &[&str]) -> Result<String> {
    let output = scene.lictor(args).await?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success(), "lictor {args:?} was not refused");
    Ok(error)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_name_must_be_a_dns_label() {
    let scene = Scene::start(&[]).await.unwrap();
    let args = ["cluster", "add", "my_orders", "--seed", "127.0.0.1:3306"];
    let error = refused(&scene, &args).await.unwrap();
    assert!(
        error.contains("my_orders") && error.contains("DNS label"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_cluster_is_not_one_without_recoveries() {
    let scene = Scene::start(&[]).await.unwrap();
    let error = refused(&scene, &["recovery", "list", "--cluster", "nope"])
        .await
        .unwrap();
    assert!(error.contains("nope"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_that_is_no_mysql_is_named() {
    let scene = Scene::start(&[]).await.unwrap();
    let impostor = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = impostor.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = impostor.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = refused(&scene, &["cluster", "add", "orders", "--seed", &address])
        .await
        .unwrap();
    assert!(error.contains(&address), "{error}");
    assert!(error.contains("MySQL"), "{error}");

    let error = refused(
        &scene,
        &["cluster", "add", "orders", "--seed", "127.0.0.1:1"],
    )
    .await;
    let error = error.unwrap();
    assert!(error.contains("127.0.0.1:1"), "{error}");
    let error = refused(&scene, &["cluster", "add", "orders", "--seed", "nonsense"])
        .await
        .unwrap();
    assert!(error.contains("port"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_without_being_shown() {
    let scene = Scene::start(&[("orders", 1)]).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    primary
        .sql("ALTER USER 'lictor'@'%' IDENTIFIED BY 'another'")
        .await
        .unwrap();
    let seed = primary.address().to_string();
    let error = refused(&scene, &["cluster", "add", "orders", "--seed", &seed])
        .await
        .unwrap();
    assert!(error.contains("lictor"), "{error}");
    assert!(error.to_lowercase().contains("denied"), "{error}");
    assert!(!error.contains(lictor_lab::CONTROL.password), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_stores_lictord_keeps_trying_and_says_so() {
    let lab = Lab::builder().lictord().start().await.unwrap();
    let lictord = lab.lictord();
    lictord.wait_ready().await.unwrap();
    for store in ["postgres", "consul"] {
        lictord.kill().unwrap();
        lab.server(store).unwrap().kill().unwrap();
        lictord.start().await.unwrap();
        eventually("/readyz to say what is missing", PATIENCE, || async {
            let answer = reqwest::get(format!("{}/readyz", lictord.url())).await?;
            ensure!(answer.status().as_u16() == 503, "it is ready");
            let said = answer.text().await?;
            ensure!(said.contains(store), "{said}");
            Ok(())
        })
        .await
        .unwrap();
        lab.restart(store).await.unwrap();
        lictord.wait_ready().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_log_and_no_answer() {
    let scene = Scene::with_orders(1).await.unwrap();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.kill().unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();
    let log = fs::read_to_string(scene.lab.lictord().log_path()).unwrap();
    assert!(
        log.contains("route published"),
        "the log is not the one of lictord"
    );
    let api = scene
        .lictor_ok(&["cluster", "show", "orders", "-o", "json"])
        .await
        .unwrap();
    for account in [lictor_lab::CONTROL, lictor_lab::REPLICATION, ROOT] {
        assert!(
            !log.contains(account.password),
            "the log has the password of {}",
            account.user
        );
        assert!(
            !api.contains(account.password),
            "the API has the password of {}",
            account.user
        );
    }
    let lines: Vec<Value> = log
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(
        lines.iter().all(|line| line["level"].is_string()),
        "a line is no structured log"
    );
}
