//! lictord, Lictor's control plane: discovers MySQL clusters, watches them,
//! fails them over, and tells clients and Consul where to go.

mod access;
mod api;
mod app;
mod args;
mod audit;
mod bulletin;
mod catalog;
mod causes;
mod certificates;
mod clock;
mod configuration;
mod contact;
mod failpoint;
mod fleet;
mod handles;
mod hands;
mod hints;
mod historian;
mod hub;
mod intent;
mod leadership;
mod members;
mod membership;
mod monitor;
mod nodes;
mod orders;
mod pause;
mod policy_change;
mod registration;
mod reign;
mod relay;
mod scribe;
mod settings;
mod snapshot;
mod spool;
mod steward;
mod telemetry;
mod witness;

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
use crate::causes::with_sources;
use crate::certificates::Certificates;
use crate::settings::Settings;
use crate::spool::Spool;

/// After a failed try to bring the database up to date.
const MIGRATE_PAUSE: Duration = Duration::from_secs(1);
/// How long the end waits for recoveries that run, and how often it looks.
const SETTLE: Duration = Duration::from_secs(3);
const SETTLE_PAUSE: Duration = Duration::from_millis(10);
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
    lictor_tls::choose_provider();
    handles::take_all(settings.max_subscribers.get());
    let (app, denials) = build(settings)?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), instance = %app.instance, listen = %app.settings.listen,
        "lictord starts"
    );
    let server = api::server::bind(&app).await?;
    app.tasks.spawn(migrate(app.clone()));
    app.tasks
        .spawn(leadership::run(app.clone(), app.settings.lease));
    app.tasks.spawn(access::keep(app.clone()));
    app.tasks.spawn(access::keep_denials(app.clone(), denials));
    app.tasks.spawn(membership::keep(app.clone()));
    app.tasks.spawn(bulletin::tell(app.clone()));
    app.tasks.spawn(relay::run(app.clone()));
    if let Some(certificates) = app.certificates.clone() {
        app.tasks.spawn(certificates.keep(app.shutdown.clone()));
    }
    app.tasks.spawn(spool::keep(app.clone()));
    app.tasks.spawn(server.run());
    wait_for_the_end(&app).await?;
    settle(&app).await;
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

fn build(settings: Settings) -> anyhow::Result<(Shared, access::Told)> {
    let store = Store::new(&settings.postgres.config())
        .context("the settings for Postgres are not usable")?;
    let consul =
        Consul::new(settings.consul.config()).context("the settings for Consul are not usable")?;
    let certificates = settings.tls.clone().map(Certificates::of).transpose();
    let certificates = certificates.context("the settings for TLS are not usable")?;
    let (access, denials) = access::Access::new(&settings.access).context("access.key_file")?;
    let history = &settings.history;
    let spool = Spool::open(&history.spool_dir, history.spool_max_mb.get()).with_context(|| {
        let dir = history.spool_dir.display();
        format!("history.spool_dir: lictord cannot keep history in {dir} while Postgres is away")
    })?;
    let app = Arc::new(App {
        spool,
        access,
        instance: settings.instance.clone(),
        started: Instant::now(),
        store,
        consul,
        certificates,
        fleet: fleet::Fleet::default(),
        changes: tokio::sync::Mutex::default(),
        bulletin: bulletin::Bulletin::new(),
        hub: hub::Hub::new(settings.max_subscribers.get()),
        standing: leadership::Standing::default(),
        members: members::Members::default(),
        relay: relay::Relay::default(),
        behind: catalog::Behind::default(),
        repairs: AtomicU64::new(0),
        shutdown: CancellationToken::new(),
        tasks: TaskTracker::new(),
        settings,
    });
    Ok((app, denials))
}

/// Brings the database up to date, trying until it can.
async fn migrate(app: Shared) {
    let until_done = async {
        while let Err(error) = app.store.migrate().await {
            let error = with_sources(&error);
            tracing::warn!(error, "the database is not up to date yet; trying again");
            tokio::time::sleep(MIGRATE_PAUSE).await;
        }
        tracing::info!("the database is up to date");
    };
    tokio::select! {
        () = until_done => {}
        () = app.shutdown.cancelled() => {}
    }
}

/// Lets a recovery that runs come to its end, so that nobody has to take it over
/// half done.
async fn settle(app: &Shared) {
    let settled = async {
        let runs = || {
            let snapshots = app.fleet.snapshots();
            snapshots.iter().any(|snapshot| snapshot.recovery.is_some())
        };
        while runs() {
            tokio::time::sleep(SETTLE_PAUSE).await;
        }
    };
    if tokio::time::timeout(SETTLE, settled).await.is_err() {
        tracing::warn!("a recovery still runs: the next leader goes on with it");
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
