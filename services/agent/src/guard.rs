//! Guards the server: starts it, kills it when its lease has ended, and starts it
//! again. It waits for nothing but time, and runs on the main thread: the kernel
//! ties the server's life to the thread that started it.

use std::io;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lictor_wire::domain::{Instance, Mono};
use rustix::process::{Pid, Signal, kill_process};
use uuid::Uuid;

use crate::clock;
use crate::program::Program;
use crate::systemd::Systemd;
use crate::watch::Watch;

/// Between two looks. The leader allows two seconds from the end of a lease to the
/// server's death.
const TICK: Duration = Duration::from_millis(20);
/// A server that was told to stop and has not after this is killed.
const SHUTDOWN: Duration = Duration::from_mins(10);
/// A server that fails is started again after this, then ever later.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// One that has lived for so long has not failed at its start.
const LIVED: Duration = Duration::from_mins(1);
/// `mysqld` wants to be started again: it was told RESTART, or has got another
/// server's data.
const RESTART: i32 = 16;

/// Guards the server until it is shut down, or the agent is told to end.
///
/// # Errors
/// When the server cannot be started, or nobody asks for leases any more.
pub(crate) fn guard(program: &Program, watch: &Watch, asks: impl Fn() -> bool) -> Result<()> {
    let mut systemd = Systemd::of_environment().context("systemd cannot be told")?;
    let mut pause = FIRST_PAUSE;
    loop {
        let instance = Instance(Uuid::new_v4());
        let began = clock::now();
        let child = program
            .start(instance)
            .context("mysqld cannot be started")?;
        tracing::info!(%instance, pid = child.id(), "mysqld is started");
        watch.begin(instance);
        let status = live(child, watch, &asks, &mut systemd).context("mysqld cannot be watched")?;
        watch.end();
        tracing::info!(%instance, %status, "mysqld has ended");
        if !asks() {
            bail!("nobody asks for leases any more: this is a defect");
        }
        if watch.is_ending() || status.success() {
            return Ok(());
        }
        if status.code() == Some(RESTART) {
            continue;
        }
        if clock::now().since(began) >= LIVED {
            pause = FIRST_PAUSE;
        }
        wait(pause, watch, &mut systemd);
        if watch.is_ending() {
            return Ok(());
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Lets the server live as long as it may; how it ended.
fn live(
    mut child: Child,
    watch: &Watch,
    asks: &impl Fn() -> bool,
    systemd: &mut Systemd,
) -> io::Result<ExitStatus> {
    let mut told: Option<Mono> = None;
    let mut killed = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let now = clock::now();
        systemd.alive(now);
        if !killed && watch.lease_has_ended(now) {
            child.kill()?;
            killed = true;
            tracing::error!(pid = child.id(), "the lease has ended: mysqld is killed");
        }
        if told.is_none() && (watch.is_ending() || !asks()) {
            tracing::info!(pid = child.id(), "mysqld is told to stop");
            terminate(&child)?;
            told = Some(now);
        }
        if !killed && told.is_some_and(|told| now.since(told) > SHUTDOWN) {
            child.kill()?;
            killed = true;
            tracing::error!(pid = child.id(), "mysqld did not stop: it is killed");
        }
        thread::sleep(TICK);
    }
}

fn terminate(child: &Child) -> io::Result<()> {
    // Not reaped yet, so the pid is its own.
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("a child without a pid"))?;
    Ok(kill_process(pid, Signal::TERM)?)
}

fn wait(pause: Duration, watch: &Watch, systemd: &mut Systemd) {
    let until = clock::now() + pause;
    while clock::now() < until && !watch.is_ending() {
        systemd.alive(clock::now());
        thread::sleep(TICK);
    }
}
