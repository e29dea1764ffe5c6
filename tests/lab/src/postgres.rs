//! A Postgres server with one database, and the role and schema that users are told
//! to make there for `lictord`; and a standby of it.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::net::SocketAddrV4;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::accounts::statements;
use crate::block::Block;
use crate::cache;
use crate::process::{Recipe, User, is_root};
use crate::server::{Kind, Server, Slot};
use crate::tls::{Authority, Identity};
use crate::tools::{Program, Tools};

const PORT: u16 = 5432;

/// The database, and the role that logs in there without a password.
const NAME: &str = "lictor";
/// The superuser, and a database that is always there.
const ADMIN: &str = "postgres";

/// What users are told to do: no test has more.
const PRIVILEGES: &str = include_str!("../../../deploy/privileges/postgres.sql");

/// A Postgres server.
#[derive(Debug)]
pub struct Postgres {
    slot: Slot,
    tools: &'static Tools,
    user: Option<User>,
    tls: Option<Identity>,
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
        authority: Option<&Authority>,
    ) -> Result<Self> {
        let address = SocketAddrV4::new(block.address(last_octet), PORT);
        let slot = Slot::new(Kind::Postgres, "postgres", address, lab)?;
        let user = unprivileged()?;
        let tls = identity(&slot, authority, user.as_ref())?;
        let host = if tls.is_some() { "hostssl" } else { "host" };
        let (data, owner) = (data_dir(&slot), user.clone());
        let network = block.address(0);
        tokio::task::spawn_blocking(move || {
            cache::copy(&template(tools, owner.as_ref())?, &data, owner.as_ref())?;
            let mut rules = File::options()
                .append(true)
                .open(data.join("pg_hba.conf"))?;
            writeln!(rules, "{host} all all {network}/24 trust")?;
            writeln!(rules, "{host} replication all {network}/24 trust")?;
            // Postgres insists.
            anyhow::Ok(fs::set_permissions(&data, Permissions::from_mode(0o700))?)
        })
        .await??;
        Ok(Self {
            slot,
            tools,
            user,
            tls,
        })
    }

    /// A standby of a server that runs; it does not run yet.
    pub(crate) async fn standby(
        primary: &Self,
        block: Block,
        last_octet: u8,
        lab: &Path,
        authority: Option<&Authority>,
    ) -> Result<Self> {
        let address = SocketAddrV4::new(block.address(last_octet), PORT);
        let slot = Slot::new(Kind::Postgres, "postgres-standby", address, lab)?;
        let (tools, user, data) = (primary.tools, primary.user.clone(), data_dir(&slot));
        let tls = identity(&slot, authority, user.as_ref())?;
        let (from, log) = (primary.address().ip().to_string(), slot.dir().join("log"));
        let owner = user.clone();
        tokio::task::spawn_blocking(move || {
            fs::create_dir_all(&data)?;
            fs::set_permissions(&data, Permissions::from_mode(0o700))?;
            if let Some(User { uid, gid, .. }) = &owner {
                chown(&data, Some(*uid), Some(*gid))?;
            }
            Recipe::new(&tools.pg_basebackup, owner.as_ref(), &log)
                .args(["-h", &from, "-p", &PORT.to_string(), "-U", ADMIN])
                .args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-D"])
                .arg(&data)
                .run()
        })
        .await??;
        Ok(Self {
            slot,
            tools,
            user,
            tls,
        })
    }

    /// Makes a standby take writes; returns when it does.
    ///
    /// # Errors
    /// When it does not run, or is none.
    pub async fn promote(&self) -> Result<()> {
        let (tools, user, data) = (self.tools, self.user.clone(), data_dir(&self.slot));
        let log = self.log_path().to_owned();
        let promoted = tokio::task::spawn_blocking(move || {
            Recipe::new(&tools.pg_ctl, user.as_ref(), &log)
                .args(["promote", "-w", "-D"])
                .arg(&data)
                .run()
        });
        promoted.await?
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
            .args(["-c", "shared_buffers=32MB", "-c", "max_connections=200"])
            // In its own directory: a killed one leaves nothing in the memory of
            // the machine.
            .args(["-c", "dynamic_shared_memory_type=mmap"]);
        let recipe = match &self.tls {
            None => recipe,
            Some(tls) => recipe.args([
                "-c".to_owned(),
                "ssl=on".to_owned(),
                "-c".to_owned(),
                format!("ssl_cert_file={}", tls.cert_file.display()),
                "-c".to_owned(),
                format!("ssl_key_file={}", tls.key_file.display()),
            ]),
        };
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

    /// How `lictord` connects to it, `postgres://USER@ADDRESS:5432/DATABASE`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_to(NAME, &self.address().to_string(), &[])
    }

    /// How to connect to whichever of the two takes writes.
    pub(crate) fn url_with(&self, standby: &Self) -> String {
        let hosts = format!("{},{}", self.address(), standby.address());
        self.url_to(
            NAME,
            &hosts,
            &["target_session_attrs=read-write".to_owned()],
        )
    }

    /// How its superuser connects to it, to a database other than `lictord`'s.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.url_to(ADMIN, &self.address().to_string(), &[])
    }

    fn url_to(&self, name: &str, hosts: &str, options: &[String]) -> String {
        let protection = match &self.tls {
            Some(tls) => vec![
                "sslmode=verify-full".to_owned(),
                format!("sslrootcert={}", tls.ca_file.display()),
            ],
            // Elsewhere it has to be said.
            None if !self.address().ip().is_loopback() => vec!["sslmode=disable".to_owned()],
            None => vec![],
        };
        let options = [options, &protection].concat();
        let url = format!("postgres://{name}@{hosts}/{name}");
        match options[..] {
            [] => url,
            _ => format!("{url}?{}", options.join("&")),
        }
    }
}

/// Its certificate; Postgres insists that the key is its own.
fn identity(
    slot: &Slot,
    authority: Option<&Authority>,
    user: Option<&User>,
) -> Result<Option<Identity>> {
    let Some(authority) = authority else {
        return Ok(None);
    };
    let own = authority.issue(slot.name(), &[slot.address().ip().to_string()])?;
    if let Some(User { uid, gid, .. }) = user {
        chown(&own.key_file, Some(*uid), Some(*gid))?;
    }
    Ok(Some(own))
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
    let ingredients = (&tools.postgres_version, NAME, PRIVILEGES);
    cache::template("postgres", &ingredients, |dir| {
        if let Some(User { uid, gid, .. }) = user {
            chown(dir, Some(*uid), Some(*gid))?;
        }
        let scratch = tempfile::tempdir()?;
        let log = scratch.path().join("log");
        Recipe::new(&tools.initdb, user, &log)
            .args(["-U", ADMIN, "-A", "trust", "-E", "UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions", "-D"])
            .arg(dir)
            .run()?;
        let alone = |sql: &str, database: &str| {
            Recipe::new(&Program::of_system("/bin/sh".into()), user, &log)
                .args(["-c", r#"printf '%s\n' "$0" | exec "$@""#, sql])
                .args(tools.postgres.words())
                .args(["--single", "-D"])
                .arg(dir)
                .arg(database)
                .run()
        };
        alone(&format!("CREATE DATABASE {NAME}"), ADMIN)?;
        let privileges: Vec<_> = statements(PRIVILEGES).collect();
        alone(&privileges.join("\n"), NAME)
    })
}
