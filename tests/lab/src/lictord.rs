//! The control plane itself, started on the laboratory's servers.

use std::env;
use std::fs;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::accounts::{CONTROL, REPLICATION};
use crate::block::Block;
use crate::consul::Consul;
use crate::postgres::Postgres;
use crate::process::Recipe;
use crate::server::{Kind, Server, Slot};
use crate::tools::Program;

const PORT: u16 = 7400;

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(2);

/// A running or killed `lictord`.
#[derive(Debug)]
pub struct Lictord {
    slot: Slot,
    program: Program,
    http: reqwest::Client,
}

impl Server for Lictord {
    fn slot(&self) -> &Slot {
        &self.slot
    }
}

impl Lictord {
    /// Finds the binary.
    pub(crate) fn find() -> Result<Program> {
        Ok(Program::of_system(sibling("lictord", "LICTORD_BIN")?))
    }

    /// Its URL where it will be.
    pub(crate) fn url_at(block: Block, last_octet: u8) -> String {
        format!("http://{}:{PORT}", block.address(last_octet))
    }

    /// Writes its settings; it does not run yet.
    pub(crate) fn new(
        program: Program,
        block: Block,
        last_octet: u8,
        lab: &Path,
        consul: &Consul,
        postgres: &Postgres,
    ) -> Result<Self> {
        let address = SocketAddrV4::new(block.address(last_octet), PORT);
        let slot = Slot::new(Kind::Lictord, "lictord", address, lab)?;
        let secret = |account: crate::Account| -> Result<PathBuf> {
            let file = slot.dir().join(format!("{}.password", account.user));
            fs::write(&file, account.password)?;
            Ok(file)
        };
        let settings = format!(
            "listen = \"{address}\"\n\n\
             [postgres]\nurl = \"{postgres}\"\n\n\
             [consul]\naddress = \"{consul}\"\n\n\
             [mysql]\n\
             user = \"{user}\"\n\
             password_file = \"{password}\"\n\
             replication_user = \"{replication_user}\"\n\
             replication_password_file = \"{replication_password}\"\n\n\
             [log]\nformat = \"json\"\n",
            postgres = postgres.url(),
            consul = consul.url(),
            user = CONTROL.user,
            password = secret(CONTROL)?.display(),
            replication_user = REPLICATION.user,
            replication_password = secret(REPLICATION)?.display(),
        );
        fs::write(settings_file(&slot), settings)?;
        Ok(Self {
            slot,
            program,
            http: reqwest::Client::builder().timeout(LOOK).build()?,
        })
    }

    /// Starts it, after killing it if it runs; see [`Lictord::wait_ready`].
    pub async fn start(&self) -> Result<()> {
        self.slot.launch(self.recipe()).await
    }

    /// Starts it with failpoints: `STEP.MOMENT=ACTION`, with `;` in between.
    /// `return` ends it there, as if killed, and `return(MS)` makes it wait. It
    /// must have been built with the feature `failpoints`, and passes them over
    /// otherwise.
    pub async fn start_with_failpoints(&self, failpoints: &str) -> Result<()> {
        let recipe = self.recipe().env("FAILPOINTS", failpoints);
        self.slot.launch(recipe).await
    }

    fn recipe(&self) -> Recipe {
        Recipe::new(&self.program, None, self.log_path())
            .arg("--config")
            .arg(settings_file(&self.slot))
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends, or does not become ready; the error shows the end of its
    /// log.
    pub async fn wait_ready(&self) -> Result<()> {
        let readyz = format!("{}/readyz", self.url());
        self.slot
            .until_ready(async || {
                let answer = self.http.get(&readyz).send().await?;
                answer.error_for_status().map(drop)
            })
            .await
    }

    /// Its address for clients, `http://ADDRESS:7400`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

fn settings_file(slot: &Slot) -> PathBuf {
    slot.dir().join("lictord.toml")
}

/// A binary of the project: the one the variable names, or the one built beside
/// the running program (tests run one folder below).
///
/// # Errors
/// A sentence saying how to build it.
pub fn sibling(name: &str, variable: &str) -> Result<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return Ok(path.into());
    }
    let here = env::current_exe()?;
    here.ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "{name} is not built beside {}: build it, or set {variable}",
                here.display()
            )
        })
}
