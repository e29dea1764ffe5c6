//! The demonstration: two clusters under a control plane, until Ctrl-C.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lictor_lab::{Block, Cluster, Lab, Server, Tools, sibling};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::control;

const CLUSTERS: [&str; 2] = ["orders", "users"];
const REPLICAS: u8 = 2;

/// How long the control plane may take to take a cluster.
const REGISTER: Duration = Duration::from_secs(30);

/// Runs until Ctrl-C or `SIGTERM`, then stops what it started.
pub(crate) async fn run() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        ended = start_and_serve() => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }?;
    println!("\nStopped.");
    Ok(())
}

async fn start_and_serve() -> Result<()> {
    let from = Instant::now();
    let cli = sibling("lictor", "LICTOR_BIN")?;
    println!("Starting a laboratory in {}:", Block::DEMO.dir().display());
    println!("  MySQL is {}", Tools::find()?.mysql_version());
    let mut plan = Lab::builder().block(Block::DEMO).lictord().progress(step);
    for cluster in CLUSTERS {
        plan = plan.cluster(cluster, REPLICAS);
    }
    let lab = plan.start().await?;
    for cluster in lab.clusters() {
        register(&cli, lab.lictord().url(), cluster).await?;
    }
    println!("Ready after {:.1} s.\n", from.elapsed().as_secs_f64());
    explain(&lab, &cli);
    control::serve(&lab).await
}

fn step(what: &str, took: Duration) {
    println!("  {what}: {:.1} s", took.as_secs_f64());
}

/// Puts a cluster under the control plane, as an operator would.
async fn register(cli: &Path, server: String, cluster: &Cluster) -> Result<()> {
    let from = Instant::now();
    let seed = cluster.node(1).address().to_string();
    let mut command = Command::new(cli);
    command
        .args(["--server", &server, "cluster", "add", cluster.name()])
        .args(["--seed", &seed, "--mode", "auto"])
        .kill_on_drop(true);
    let output = tokio::time::timeout(REGISTER, command.output())
        .await
        .with_context(|| format!("'lictor cluster add {}' took too long", cluster.name()))?
        .with_context(|| format!("cannot run {}", cli.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "'lictor cluster add {}' failed: {}",
            cluster.name(),
            said.trim()
        );
    }
    step(
        &format!("registered cluster {}", cluster.name()),
        from.elapsed(),
    );
    Ok(())
}

fn explain(lab: &Lab, cli: &Path) {
    for server in lab.servers() {
        println!("  {:<10} {}", server.name(), server.address());
    }
    let dns = lab.consul().dns_address();
    let lab_bin = std::env::current_exe().unwrap_or_else(|_| "lab".into());
    println!(
        "\nTry, in another shell:\n  \
         export LICTOR_SERVER={server}\n  \
         {cli} cluster show orders\n  \
         {cli} route watch\n  \
         dig @{ip} -p {port} primary.orders.service.consul +short\n  \
         {lab} status\n  \
         {lab} kill orders        # its primary; then look again\n  \
         {lab} restart orders-1   # the old primary comes back\n\n\
         Ctrl-C stops everything.",
        server = lab.lictord().url(),
        cli = cli.display(),
        ip = dns.ip(),
        port = dns.port(),
        lab = lab_bin.display(),
    );
}
