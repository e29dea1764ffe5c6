//! What every server of the laboratory is: a process with a name and an
//! address that can be killed, frozen and thawed.

use std::fmt;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::network;
use crate::ports;
use crate::process::{Process, Recipe, locked, tail};
use crate::wait::eventually;

/// How long any server may take until it serves.
const START: Duration = Duration::from_mins(1);

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A `MySQL` server.
    Mysql,
    /// A Consul server agent.
    Consul,
    /// A Postgres server.
    Postgres,
    /// The control plane.
    Lictord,
}

/// Whether a server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It runs.
    Running,
    /// It is stopped (`SIGSTOP`): its sockets stay open and nothing answers.
    Frozen,
    /// It was killed, ended by itself, or was never started.
    Dead,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Frozen => "frozen",
            Self::Dead => "dead",
        })
    }
}

/// The place of one server, whether it runs or not.
#[derive(Debug)]
pub struct Slot {
    kind: Kind,
    name: String,
    address: SocketAddrV4,
    dir: PathBuf,
    log: PathBuf,
    tenant: Mutex<Option<Tenant>>,
}

#[derive(Debug)]
struct Tenant {
    process: Process,
    frozen: bool,
}

impl Slot {
    /// A place with its own directory, `dir`, which is made.
    pub(crate) fn new(kind: Kind, name: &str, address: SocketAddrV4, lab: &Path) -> Result<Self> {
        let dir = lab.join(name);
        std::fs::create_dir_all(&dir)?;
        Ok(Self {
            kind,
            name: name.to_owned(),
            address,
            log: dir.join("log"),
            dir,
            tenant: Mutex::new(None),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn address(&self) -> SocketAddrV4 {
        self.address
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn tenant(&self) -> MutexGuard<'_, Option<Tenant>> {
        locked(&self.tenant)
    }

    /// Ends what runs here, and starts `recipe` once the port is free.
    pub(crate) async fn launch(&self, recipe: Recipe) -> Result<()> {
        self.vacate().await?;
        // Nobody else is on a host of its own.
        let recipe = if let Some(host) = network::host_of(*self.address.ip()) {
            recipe.on_host(&host)
        } else {
            ports::free(self.address).await?;
            recipe
        };
        let process = recipe
            .start()
            .with_context(|| format!("cannot start {}", self.name))?;
        *self.tenant() = Some(Tenant {
            process,
            frozen: false,
        });
        Ok(())
    }

    /// Waits until `look` succeeds; fails at once when the server ends, with
    /// the end of its log.
    pub(crate) async fn until_ready<E, Look, Seen>(&self, mut look: Look) -> Result<()>
    where
        E: fmt::Display,
        Look: FnMut() -> Seen,
        Seen: Future<Output = Result<(), E>>,
    {
        let what = format!("{} to serve", self.name);
        let seen = eventually(&what, START, || {
            let seen = look();
            async {
                if self.state() == State::Dead {
                    return Ok(false);
                }
                seen.await.map(|()| true)
            }
        })
        .await;
        match seen {
            Ok(true) => Ok(()),
            Ok(false) => bail!(
                "{} ended; its log ends with:\n{}",
                self.name,
                tail(&self.log)
            ),
            Err(error) => Err(error.context(format!("its log ends with:\n{}", tail(&self.log)))),
        }
    }

    /// Kills what runs here and waits until it is gone.
    pub(crate) async fn vacate(&self) -> Result<()> {
        let leaving = self.tenant().take();
        if let Some(Tenant { process, .. }) = leaving {
            process.signal(Signal::KILL)?;
            process.gone().await;
        }
        Ok(())
    }

    /// Kills and reaps what runs here. Blocks.
    pub(crate) fn evict(&self) {
        self.tenant().take();
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let mut tenant = self.tenant();
        let Some(tenant) = tenant.as_mut() else {
            bail!("{} does not run", self.name);
        };
        if tenant.process.ended().is_some() {
            bail!("{} does not run", self.name);
        }
        tenant.process.signal(signal)?;
        tenant.frozen = match signal {
            Signal::STOP => true,
            Signal::CONT => false,
            _ => tenant.frozen,
        };
        Ok(())
    }

    fn state(&self) -> State {
        match &*self.tenant() {
            Some(tenant) if tenant.process.ended().is_some() => State::Dead,
            Some(tenant) if tenant.frozen => State::Frozen,
            Some(_) => State::Running,
            None => State::Dead,
        }
    }
}

/// A server of the laboratory.
pub trait Server {
    /// Its place.
    fn slot(&self) -> &Slot;

    /// What it is.
    fn kind(&self) -> Kind {
        self.slot().kind
    }

    /// Its name, unique in the laboratory.
    fn name(&self) -> &str {
        &self.slot().name
    }

    /// Where it serves.
    fn address(&self) -> SocketAddrV4 {
        self.slot().address
    }

    /// Where it and what starts it write their log.
    fn log_path(&self) -> &Path {
        &self.slot().log
    }

    /// Whether it runs.
    fn state(&self) -> State {
        self.slot().state()
    }

    /// Its pid, when it has not ended.
    fn pid(&self) -> Option<u32> {
        match &*self.slot().tenant() {
            Some(tenant) if tenant.process.ended().is_none() => Some(tenant.process.pid()),
            _ => None,
        }
    }

    /// Kills it (`SIGKILL`), with every process below it; returns when the
    /// signals are sent. See [`Server::gone`].
    ///
    /// # Errors
    /// When it does not run.
    fn kill(&self) -> Result<()> {
        self.slot().signal(Signal::KILL)
    }

    /// Asks it to end (`SIGTERM`); returns when the signal is sent.
    ///
    /// # Errors
    /// When it does not run.
    fn terminate(&self) -> Result<()> {
        self.slot().signal(Signal::TERM)
    }

    /// Stops it (`SIGSTOP`): it stays connected and answers nothing.
    ///
    /// # Errors
    /// When it does not run.
    fn freeze(&self) -> Result<()> {
        self.slot().signal(Signal::STOP)
    }

    /// Lets it go on (`SIGCONT`).
    ///
    /// # Errors
    /// When it does not run.
    fn thaw(&self) -> Result<()> {
        self.slot().signal(Signal::CONT)
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// When it still runs after `deadline`.
    fn gone(&self, deadline: Duration) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sized + Sync,
    {
        let what = format!("{} to end", self.name());
        async move {
            eventually(&what, deadline, || async {
                match self.state() {
                    State::Dead => Ok(()),
                    state => Err(state),
                }
            })
            .await
        }
    }
}
