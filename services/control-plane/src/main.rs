//! lictord, Lictor's control plane: discovers MySQL clusters, watches them,
//! fails them over, and tells clients and Consul where to go.

mod api;
mod app;
mod args;
mod audit;
mod catalog;
mod clock;
mod contact;
mod failpoint;
mod fleet;
mod hands;
mod hub;
mod intent;
mod leadership;
mod membership;
mod monitor;
mod nodes;
mod orders;
mod pause;
mod policy_change;
mod registration;
mod reign;
mod scribe;
mod settings;
mod snapshot;
mod steward;
mod telemetry;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use lictor_consul::Consul;
use lictor_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Shared};
use crate::args::Args;
use crate::settings::Settings;

/// After a failed try to bring the database up to date.
const MIGRATE_PAUSE: Duration = Duration::from_secs(1);
/// What still runs after this at the end is dropped.
const LAST_WORDS: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match start(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lictord: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args) -> anyhow::Result<()> {
    if args.completed() {
        return Ok(());
    }
    let settings = Settings::load(args)?;
    if args.print_config {
        print!("{}", settings.shown());
        return Ok(());
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(run(settings))
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    telemetry::init(&settings.log)?;
    #[cfg(feature = "failpoints")]
    let _armed = failpoint::arm();
    // Both providers are linked in; without a choice the first TLS connection
    // would panic. A second choice cannot happen here.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let app = build(settings)?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), instance = %app.instance, listen = %app.settings.listen,
        "lictord starts"
    );
    let server = api::server::bind(&app).await?;
    app.tasks.spawn(migrate(app.clone()));
    app.tasks
        .spawn(leadership::run(app.clone(), app.settings.lease));
    app.tasks.spawn(membership::keep(app.clone()));
    app.tasks.spawn(server.run());
    wait_for_the_end(&app).await?;
    app.shutdown.cancel();
    app.tasks.close();
    if tokio::time::timeout(LAST_WORDS, app.tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!("some tasks did not end in time");
    }
    tracing::info!("lictord has ended");
    Ok(())
}

fn build(settings: Settings) -> anyhow::Result<Shared> {
    let store = Store::new(&settings.postgres.config())
        .context("the settings for Postgres are not usable")?;
    let consul =
        Consul::new(settings.consul.config()).context("the settings for Consul are not usable")?;
    Ok(Arc::new(App {
        instance: settings.instance.clone(),
        started: Instant::now(),
        store,
        consul,
        fleet: fleet::Fleet::default(),
        changes: tokio::sync::Mutex::default(),
        hub: hub::Hub::default(),
        standing: leadership::Standing::default(),
        repairs: AtomicU64::new(0),
        shutdown: CancellationToken::new(),
        tasks: TaskTracker::new(),
        settings,
    }))
}

/// Brings the database up to date, trying until it can.
async fn migrate(app: Shared) {
    let until_done = async {
        while let Err(error) = app.store.migrate().await {
            tracing::warn!(%error, "the database is not up to date yet; trying again");
            tokio::time::sleep(MIGRATE_PAUSE).await;
        }
        tracing::info!("the database is up to date");
    };
    tokio::select! {
        () = until_done => {}
        () = app.shutdown.cancelled() => {}
    }
}

async fn wait_for_the_end(app: &Shared) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("told to end by SIGTERM"),
        interrupt = tokio::signal::ctrl_c() => {
            interrupt.context("cannot watch for Ctrl-C")?;
            tracing::info!("told to end by Ctrl-C");
        }
        () = app.shutdown.cancelled() => {}
    }
    Ok(())
}
