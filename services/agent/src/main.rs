//! lictor-agent, beside a mysqld: it is its parent, lets it live only under a lease
//! of Lictor's leader, and kills it when that ends.
//!
//! The main thread guards the server and waits for nothing else; another one asks
//! for leases. Invariant: from the first grant on, the server is dead soon after
//! the end of its lease, or with the agent.

mod args;
mod ask;
mod clock;
mod guard;
mod lease;
mod program;
mod systemd;
mod watch;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Args, Command, LogFormat};
use crate::ask::Lictords;
use crate::program::Program;
use crate::watch::Watch;

fn main() -> ExitCode {
    match start(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lictor-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: Args) -> Result<()> {
    match args.command {
        Some(Command::Completions { shell }) => {
            args::complete(shell);
            return Ok(());
        }
        Some(Command::Launch { agent, mysqld }) => {
            let why = program::launch(agent, &mysqld);
            return Err(why).context("mysqld cannot be started");
        }
        None => {}
    }
    let as_root = rustix::process::geteuid().is_root();
    let program = Program::new(&args.mysqld, as_root)?;
    let lictords = args.lictords();
    lictords.check().context("--server")?;
    if args.check {
        lictords.check_token().context("--token-file")?;
        println!("This can be used.");
        return Ok(());
    }
    init_log(&args)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "lictor-agent starts");
    let watch = Arc::new(Watch::default());
    let asking = ask(watch.clone(), lictords)?;
    guard::guard(&program, &watch, || !asking.is_finished())?;
    tracing::info!("lictor-agent has ended");
    Ok(())
}

/// Starts the thread that asks for leases and hears signals; it never ends.
fn ask(watch: Arc<Watch>, lictords: Lictords) -> Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let entered = runtime.enter();
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch for Ctrl-C")?;
    drop(entered);
    let asking = async move {
        let ended = watch.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            ended.stop();
        });
        ask::for_leases(watch, lictords).await;
    };
    thread::Builder::new()
        .name("ask".to_owned())
        .spawn(move || runtime.block_on(asking))
        .context("cannot start a thread")
}

fn init_log(args: &Args) -> Result<()> {
    let filter: tracing_subscriber::EnvFilter = args.log_level.parse()?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let set = match args.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    set.map_err(|error| anyhow!(error))
        .context("the log cannot be set up")
}
