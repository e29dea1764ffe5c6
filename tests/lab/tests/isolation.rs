//! Laboratories do not disturb each other, and leave nothing behind.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lictor_lab::{Lab, Server, eventually};

const SOON: Duration = Duration::from_secs(20);

async fn small_lab() -> Result<Lab> {
    Lab::builder()
        .cluster("orders", 0)
        .consul()
        .postgres()
        .start()
        .await
}

/// The pids of its servers and of the processes below them.
fn pids(lab: &Lab) -> Vec<u32> {
    let servers: Vec<u32> = lab.servers().iter().filter_map(|it| it.pid()).collect();
    let below = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (_, after_name) = stat.rsplit_once(") ")?;
            let parent: u32 = after_name.split(' ').nth(1)?.parse().ok()?;
            servers.contains(&parent).then_some(())?;
            entry.file_name().to_str()?.parse().ok()
        });
    servers.iter().copied().chain(below).collect()
}

/// Waits until none of them runs; a process nobody has reaped yet runs nothing.
async fn all_gone(pids: &[u32]) -> Result<()> {
    eventually("every server to be gone", SOON, async || {
        for pid in pids {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            ensure!(
                stat.is_empty() || stat.contains(") Z "),
                "{pid} runs: {stat}"
            );
        }
        Ok(())
    })
    .await
}

/// Starts itself a second time, as the process that is killed.
#[tokio::test]
async fn a_killed_process_leaves_no_servers() -> Result<()> {
    const NAME: &str = "a_killed_process_leaves_no_servers";
    const ROLE: &str = "LICTOR_LAB_TEST_TO_BE_KILLED";
    const MARK: &str = "pids ";
    if env::var_os(ROLE).is_some() {
        let lab = small_lab().await?;
        println!("\n{MARK}{:?}", pids(&lab));
        std::future::pending::<()>().await;
    }
    let mut killed = Command::new(env::current_exe()?)
        .args(["--exact", NAME, "--nocapture"])
        .env(ROLE, "1")
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(killed.stdout.take().context("piped")?).lines();
    let line = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix(MARK).map(ToOwned::to_owned))
        .context("the laboratory did not start")?;
    let pids: Vec<u32> = serde_json::from_str(&line)?;
    assert!(
        pids.len() > 3,
        "three servers, and Postgres's own processes: {pids:?}"
    );
    killed.kill()?;
    killed.wait()?;
    all_gone(&pids).await
}

#[tokio::test]
async fn a_panicking_test_leaves_no_servers_and_no_directory() -> Result<()> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let test = tokio::spawn(async move {
        let lab = small_lab().await.unwrap();
        tell.send((pids(&lab), lab.block().dir())).unwrap();
        panic!("a test fails");
    });
    let (pids, dir) = told.await?;
    assert!(test.await.unwrap_err().is_panic());
    all_gone(&pids).await?;
    assert!(!dir.exists());
    Ok(())
}

#[tokio::test]
async fn two_laboratories_run_side_by_side() -> Result<()> {
    let (one, other) = tokio::try_join!(small_lab(), small_lab())?;
    assert_ne!(one.block(), other.block());
    one.cluster("orders")
        .node(1)
        .sql("CREATE DATABASE mine")
        .await?;
    let databases = other
        .cluster("orders")
        .node(1)
        .sql("SHOW DATABASES")
        .await?;
    assert!(!databases.concat().contains(&"mine".to_owned()));

    let survivors = pids(&other);
    drop(one);
    for pid in survivors {
        assert!(Path::new(&format!("/proc/{pid}")).exists());
    }
    other.cluster("orders").node(1).value("SELECT 1").await?;
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_said_with_its_holder_and_nothing_is_left_running() -> Result<()> {
    let lab = Lab::builder().consul().start().await?;
    let block = lab.block();
    let address = lab.consul().address();
    lab.consul().kill()?;
    lab.consul().gone(SOON).await?;
    let holder = std::net::TcpListener::bind(address)?;
    let error = lab.consul().start().await.unwrap_err();
    let message = format!("{error:#}");
    assert!(message.contains(&address.to_string()), "{message}");
    assert!(
        message.contains(&format!("pid {}", std::process::id())),
        "{message}"
    );
    assert_eq!(lab.consul().pid(), None);
    drop(holder);
    drop(lab);
    assert!(!block.dir().exists());
    Ok(())
}
