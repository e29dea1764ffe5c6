//! The demonstration: two clusters under a control plane, until Ctrl-C.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lictor_lab::{APP, Block, Cluster, Lab, ROOT, Server, Tools, sibling};
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
    if control::is_served().await {
        let holder = Block::DEMO.holder();
        let pid = holder.map_or_else(String::new, |pid| format!(" (pid {pid})"));
        bail!("a demo runs already{pid}: 'lab status' shows it, Ctrl-C in its shell stops it");
    }
    // `/path/mysqld  Ver 9.7.4 for Linux on x86_64 (...)`
    let said = Tools::find()?.mysql_version();
    let mut words = said.split_whitespace().skip_while(|word| *word != "Ver");
    let version = words.nth(1).unwrap_or(said);
    println!("Starting a laboratory with MySQL {version}:");
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
    println!(
        "  {:<10} {dns}\n\n\
         Files and logs: {dir}. MySQL accounts: {} with password {}, {} with {}.\n\n\
         Try, in another shell, in this folder; first, in every shell you open:\n\n  \
         export PATH=\"{bin}:$PATH\" LICTOR_SERVER={server}\n\n  \
         lictor cluster show orders   # nodes, roles, lag, problems\n  \
         lictor route watch           # leave it running, and in yet another shell:\n  \
         lab kill orders              # kill -9 the primary of orders\n  \
         lictor recovery show last    # what was done, and how long each step took\n  \
         dig @{ip} -p {port} primary.orders.service.consul +short\n  \
         lab restart orders-1         # the old primary comes back as a replica\n  \
         lab freeze users             # a primary that hangs; lab thaw users-1 ends it\n  \
         lab status                   # every process with pid, address and log file\n  \
         lab --help                   # the other faults\n\n\
         Ctrl-C stops everything.",
        "dns",
        APP.user,
        APP.password,
        ROOT.user,
        ROOT.password,
        dir = lab.block().dir().display(),
        bin = binaries(cli),
        server = lab.lictord().url(),
        ip = dns.ip(),
        port = dns.port(),
    );
}

/// Where the binaries are, for a `PATH`: seen from this folder, where they are
/// below it.
fn binaries(cli: &Path) -> String {
    let dir = cli.parent().unwrap_or(cli);
    let here = std::env::current_dir().ok();
    match here.and_then(|here| Some(dir.strip_prefix(here).ok()?.to_owned())) {
        Some(below) => format!("$PWD/{}", below.display()),
        None => dir.display().to_string(),
    }
}
