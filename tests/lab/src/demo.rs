//! The demonstration: two clusters under a control plane of several lictord,
//! until Ctrl-C.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lictor_lab::{APP, Block, Cluster, Lab, LabBuilder, Lictord, ROOT, Server, Tools, sibling};
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::control;

const CLUSTERS: [&str; 2] = ["orders", "users"];
const REPLICAS: u8 = 2;

/// How long the control plane may take for an order.
const ORDER: Duration = Duration::from_secs(30);
/// What is routed where.
const CONFIG: &str = include_str!("demo.yaml");

/// Where it is laid, and so who reads what it prints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the demonstration's block of addresses, for a person.
    Known,
    /// On any free block, for a program, and no longer than that program lives.
    Anywhere,
}

/// What a program is told of the laboratory that it started.
#[derive(Serialize)]
struct Ready {
    /// The URL of the first `lictord`.
    url: String,
    /// The URL of each.
    urls: Vec<String>,
    /// For `lab --socket`.
    socket: PathBuf,
    /// The file with the first token, an admin's.
    token_file: PathBuf,
}

/// Runs until Ctrl-C or `SIGTERM`, then stops what it started.
pub(crate) async fn run(place: Place, lictords: u8) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        ended = start_and_serve(place, lictords) => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        () = end_of_input(), if place == Place::Anywhere => Ok(()),
    }?;
    if place == Place::Known {
        println!("\nStopped.");
    }
    Ok(())
}

/// Waits until whoever started this is gone, or closes our standard input. The
/// thread is our own: the runtime would wait for one of its own to end.
async fn end_of_input() {
    let (ended, wait) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = ended.send(());
    });
    let _ = wait.await;
}

async fn start_and_serve(place: Place, lictords: u8) -> Result<()> {
    let cli = sibling("lictor", "LICTOR_BIN")?;
    let plan = Lab::builder().lictords(lictords);
    match place {
        Place::Known => start_and_explain(&cli, plan.block(Block::DEMO)).await,
        Place::Anywhere => {
            let lab = start(&cli, plan, |_, _| ()).await?;
            let ready = Ready {
                url: lab.lictord().url(),
                urls: lab.lictords().iter().map(Lictord::url).collect(),
                socket: control::socket_of(lab.block()),
                token_file: lab.token_file(),
            };
            println!("{}", serde_json::to_string(&ready)?);
            control::serve(&lab).await
        }
    }
}

async fn start_and_explain(cli: &Path, plan: LabBuilder) -> Result<()> {
    let from = Instant::now();
    if control::is_served(&control::socket_of(Block::DEMO)).await {
        let holder = Block::DEMO.holder();
        let pid = holder.map_or_else(String::new, |pid| format!(" (pid {pid})"));
        bail!("a demo runs already{pid}: 'lab status' shows it, Ctrl-C in its shell stops it");
    }
    // `/path/mysqld  Ver 9.7.4 for Linux on x86_64 (...)`
    let said = Tools::find()?.mysql_version();
    let mut words = said.split_whitespace().skip_while(|word| *word != "Ver");
    let version = words.nth(1).unwrap_or(said);
    println!("Starting a laboratory with MySQL {version}:");
    let lab = start(cli, plan, step).await?;
    println!("Ready after {:.1} s.\n", from.elapsed().as_secs_f64());
    explain(&lab, cli);
    control::serve(&lab).await
}

/// Starts everything, with the clusters under the control plane.
async fn start(cli: &Path, plan: LabBuilder, tell: fn(&str, Duration)) -> Result<Lab> {
    let mut plan = plan.progress(tell);
    for cluster in CLUSTERS {
        plan = plan.cluster(cluster, REPLICAS);
    }
    let lab = plan.start().await?;
    let operator = Operator {
        cli,
        server: lab.lictord().url(),
        token_file: lab.token_file(),
    };
    for cluster in lab.clusters() {
        let from = Instant::now();
        operator.register(cluster).await?;
        tell(
            &format!("registered cluster {}", cluster.name()),
            from.elapsed(),
        );
    }
    let from = Instant::now();
    operator.configure().await?;
    tell("routed keyspace shop", from.elapsed());
    Ok(lab)
}

fn step(what: &str, took: Duration) {
    println!("  {what}: {:.1} s", took.as_secs_f64());
}

/// Who gives the first orders.
struct Operator<'a> {
    cli: &'a Path,
    server: String,
    token_file: PathBuf,
}

impl Operator<'_> {
    /// Puts a cluster under the control plane, as an operator would.
    async fn register(&self, cluster: &Cluster) -> Result<()> {
        let seed = cluster.node(1).address().to_string();
        let args = ["cluster", "add", cluster.name(), "--seed", &seed];
        self.order(&[&args[..], &["--mode", "auto"]].concat(), "")
            .await
    }

    /// Says what is routed where, so that there is something to look at.
    async fn configure(&self) -> Result<()> {
        let args = [
            "config",
            "apply",
            "-",
            "--yes",
            "--reason",
            "the demonstration",
        ];
        self.order(&args, CONFIG).await
    }

    /// Runs `lictor` with this input.
    async fn order(&self, args: &[&str], input: &str) -> Result<()> {
        let said = format!("'lictor {}'", args.join(" "));
        let mut child = Command::new(self.cli)
            .args(["--server", &self.server])
            .args(args)
            .env("LICTOR_ACTOR", "lab")
            .env("LICTOR_TOKEN_FILE", &self.token_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", self.cli.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = tokio::time::timeout(ORDER, child.wait_with_output())
            .await
            .with_context(|| format!("{said} took too long"))??;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            bail!("{said} failed: {}", told.trim());
        }
        Ok(())
    }
}

fn explain(lab: &Lab, cli: &Path) {
    println!(
        "Open {}/ and log in with this token, which only this laboratory knows:\n\n  {}\n",
        lab.lictord().url(),
        lab.token()
    );
    for server in lab.servers() {
        println!("  {:<10} {}", server.name(), server.address());
    }
    let dns = lab.consul().dns_address();
    println!(
        "  {:<10} {dns}\n\n\
         Files and logs: {dir}. MySQL accounts: {} with password {}, {} with {}.\n\n\
         Try, in another shell, in this folder; first, in every shell you open:\n\n  \
         export PATH=\"{bin}:$PATH\" LICTOR_SERVER={server}\n  \
         export LICTOR_TOKEN_FILE={token_file}\n\n  \
         lictor cluster show orders   # nodes, roles, lag, problems\n  \
         lictor route watch           # leave it running, and in yet another shell:\n  \
         lab kill orders              # kill -9 the primary of orders\n  \
         lictor recovery show last    # what was done, and how long each step took\n  \
         dig @{ip} -p {port} primary.orders.service.consul +short\n  \
         lab restart orders-1         # the old primary comes back as a replica\n  \
         lab freeze users             # a primary that hangs; lab thaw users-1 ends it\n  \
         lab kill lictord             # the lictord that leads: another takes over\n  \
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
        token_file = lab.token_file().display(),
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
