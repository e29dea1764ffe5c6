//! A Postgres server with one database and one user, both called `lictor`.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::net::SocketAddrV4;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::block::Block;
use crate::cache;
use crate::process::{Recipe, User, is_root};
use crate::server::{Kind, Server, Slot};
use crate::tools::{Program, Tools};

const PORT: u16 = 5432;

/// The database, and the superuser who owns it and logs in without a password.
const NAME: &str = "lictor";

/// A Postgres server.
#[derive(Debug)]
pub struct Postgres {
    slot: Slot,
    tools: &'static Tools,
    user: Option<User>,
}

impl Server for Postgres {
    fn slot(&self) -> &Slot {
        &self.slot
    }
}

impl Postgres {
    /// A server with an empty database; it does not run yet.
    pub(crate) async fn new(
        tools: &'static Tools,
        block: Block,
        last_octet: u8,
        lab: &Path,
    ) -> Result<Self> {
        let address = SocketAddrV4::new(block.address(last_octet), PORT);
        let slot = Slot::new(Kind::Postgres, "postgres", address, lab)?;
        let user = unprivileged()?;
        let (data, owner) = (data_dir(&slot), user.clone());
        let network = block.address(0);
        tokio::task::spawn_blocking(move || {
            cache::copy(&template(tools, owner.as_ref())?, &data, owner.as_ref())?;
            let mut rules = File::options()
                .append(true)
                .open(data.join("pg_hba.conf"))?;
            writeln!(rules, "host all all {network}/24 trust")?;
            // Postgres insists.
            anyhow::Ok(fs::set_permissions(&data, Permissions::from_mode(0o700))?)
        })
        .await??;
        Ok(Self { slot, tools, user })
    }

    /// Starts it on the data it has, after killing it if it runs, and waits
    /// until it accepts sessions.
    pub async fn start(&self) -> Result<()> {
        let ip = self.address().ip().to_owned();
        let recipe = Recipe::new(&self.tools.postgres, self.user.as_ref(), self.log_path())
            .forking()
            .arg("-D")
            .arg(data_dir(&self.slot))
            .args(["-h", &ip.to_string(), "-p", &PORT.to_string(), "-k", ""])
            .args(["-c", "shared_buffers=32MB", "-c", "max_connections=200"]);
        self.slot.launch(recipe).await?;
        self.slot
            .until_ready(async || {
                let status = tokio::process::Command::new(&self.tools.pg_isready)
                    .args(["-h", &ip.to_string(), "-p", &PORT.to_string()])
                    .args(["-U", NAME, "-d", NAME])
                    .stdout(Stdio::null())
                    .status()
                    .await?;
                ensure!(status.success(), "it accepts no sessions yet");
                Ok(())
            })
            .await
    }

    /// How to connect to it, `postgres://USER@ADDRESS:5432/DATABASE`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://{NAME}@{}/{NAME}", self.address())
    }
}

fn data_dir(slot: &Slot) -> PathBuf {
    slot.dir().join("data")
}

/// Postgres refuses to run as root: as whom then.
fn unprivileged() -> Result<Option<User>> {
    if !is_root() {
        return Ok(None);
    }
    let user = User::named("postgres").or_else(|| User::named("nobody"));
    user.map(Some)
        .context("Postgres does not run as root, and there is no user postgres or nobody")
}

fn template(tools: &Tools, user: Option<&User>) -> Result<PathBuf> {
    cache::template("postgres", &(&tools.postgres_version, NAME), |dir| {
        if let Some(User { uid, gid, .. }) = user {
            chown(dir, Some(*uid), Some(*gid))?;
        }
        let scratch = tempfile::tempdir()?;
        let log = scratch.path().join("log");
        Recipe::new(&tools.initdb, user, &log)
            .args(["-U", NAME, "-A", "trust", "-E", "UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions", "-D"])
            .arg(dir)
            .run()?;
        Recipe::new(&Program::of_system("/bin/sh".into()), user, &log)
            .args(["-c", r#"echo "CREATE DATABASE $0" | exec "$@""#, NAME])
            .args(tools.postgres.words())
            .args(["--single", "-D"])
            .arg(dir)
            .arg("postgres")
            .run()
    })
}
