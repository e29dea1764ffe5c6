//! Finds the servers' binaries: those of the system where they are new enough,
//! else those that `install.sh` unpacked beside the project.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};

use crate::words::{self, Version};

/// The project's root, as it was when the laboratory was built.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Lictor itself speaks to no older one.
const OLDEST_MYSQL: Version = (8, 0, 22);

/// How to call a program: by itself, or through the loader of the tree it
/// was unpacked in, with that tree's libraries.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    words: Vec<OsString>,
}

impl Program {
    pub(crate) fn of_system(path: PathBuf) -> Self {
        Self {
            words: vec![path.into()],
        }
    }

    fn of_tree(tree: &Path, path: &str) -> Result<Self> {
        let arch = env::consts::ARCH;
        let libraries = ["usr/lib", "lib"].map(|lib| tree.join(format!("{lib}/{arch}-linux-gnu")));
        let loader = libraries
            .iter()
            .flat_map(|dir| dir.read_dir().into_iter().flatten().flatten())
            .find(|entry| entry.file_name().to_string_lossy().starts_with("ld-linux-"))
            .with_context(|| format!("{} holds no loader for {arch}", tree.display()))?;
        Ok(Self {
            words: vec![
                loader.path().into(),
                "--library-path".into(),
                env::join_paths(libraries)?,
                tree.join(path).into(),
            ],
        })
    }

    /// The words of the command, the program first.
    pub(crate) fn words(&self) -> &[OsString] {
        &self.words
    }

    /// What it says to `--version`.
    fn version(&self) -> Result<String> {
        let output = Command::new(&self.words[0])
            .args(&self.words[1..])
            .arg("--version")
            .output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The servers the laboratory can start.
#[derive(Clone, Debug)]
pub struct Tools {
    pub(crate) mysqld: Program,
    /// Where `mysqld` finds its plugins and messages, when not where it was
    /// built to look.
    pub(crate) mysql_home: Option<PathBuf>,
    /// What `mysqld` says its version is.
    pub(crate) mysql_said: String,
    /// That version.
    pub(crate) mysql_version: Version,
    pub(crate) consul: Program,
    pub(crate) initdb: Program,
    pub(crate) postgres: Program,
    pub(crate) pg_basebackup: Program,
    pub(crate) pg_ctl: Program,
    pub(crate) pg_isready: PathBuf,
    pub(crate) postgres_version: String,
}

impl Tools {
    /// Looks once; later calls give the same answer.
    ///
    /// # Errors
    /// A sentence naming what is missing and how to get it.
    pub fn find() -> Result<&'static Self> {
        static FOUND: OnceLock<Result<Tools, String>> = OnceLock::new();
        FOUND
            .get_or_init(|| Self::look().map_err(|error| format!("{error:#}")))
            .as_ref()
            .map_err(|error| anyhow!("{error}"))
    }

    /// The version of `mysqld`, as it says it.
    #[must_use]
    pub fn mysql_version(&self) -> &str {
        &self.mysql_said
    }

    fn look() -> Result<Self> {
        let (mysqld, mysql_home, mysql_said) = find_mysqld()?;
        let bin = find_postgres()?;
        let postgres = Program::of_system(bin.join("postgres"));
        Ok(Self {
            mysqld,
            mysql_home,
            mysql_version: new_enough(&mysql_said).context("mysqld changed its version")?,
            mysql_said,
            consul: find_consul()?,
            postgres_version: postgres.version()?,
            initdb: Program::of_system(bin.join("initdb")),
            pg_basebackup: Program::of_system(bin.join("pg_basebackup")),
            pg_ctl: Program::of_system(bin.join("pg_ctl")),
            pg_isready: bin.join("pg_isready"),
            postgres,
        })
    }
}

/// What is kept between laboratories, beside the project.
pub(crate) fn cache_dir() -> PathBuf {
    Path::new(ROOT).join(".lab/cache")
}

fn tree(name: &str) -> Result<PathBuf> {
    Path::new(ROOT)
        .join(".lab/trees")
        .join(name)
        .canonicalize()
        .map_err(|_| anyhow!("no {name} that can be used is installed: run 'make install-tools'"))
}

fn find_mysqld() -> Result<(Program, Option<PathBuf>, String)> {
    if let Some(path) = on_path("mysqld") {
        let program = Program::of_system(path);
        let version = program.version()?;
        if new_enough(&version).is_some() {
            return Ok((program, None, version));
        }
    }
    let tree = tree("mysql")?;
    let program = Program::of_tree(&tree, "usr/sbin/mysqld")?;
    let version = program.version()?;
    if new_enough(&version).is_none() {
        bail!(
            "the mysqld beside the project does not run: remove .lab/trees/mysql and run 'make install-tools'"
        );
    }
    Ok((program, Some(tree.join("usr")), version))
}

fn find_consul() -> Result<Program> {
    match on_path("consul") {
        Some(path) => Ok(Program::of_system(path)),
        None => Program::of_tree(&tree("consul")?, "usr/bin/consul"),
    }
}

/// Where the programs of one installation are.
fn find_postgres() -> Result<PathBuf> {
    let of_debian = || {
        let mut versions: Vec<_> = Path::new("/usr/lib/postgresql")
            .read_dir()
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .filter(|bin| bin.join("postgres").is_file() && bin.join("initdb").is_file())
            .collect();
        versions.sort_by_key(|bin| {
            let version = bin.parent().and_then(Path::file_name);
            version.and_then(|name| name.to_str()?.parse::<u32>().ok())
        });
        versions.pop()
    };
    on_path("postgres")
        .and_then(|path| path.canonicalize().ok()?.parent().map(Path::to_owned))
        .or_else(of_debian)
        .context("no postgres is installed: run 'make install-tools'")
}

/// The first executable of that name on the path, or in the places where
/// servers are kept.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|candidate| candidate.is_file())
}

/// The version, if the laboratory can use it.
fn new_enough(said: &str) -> Option<Version> {
    words::version(said).filter(|version| *version >= OLDEST_MYSQL)
}

#[cfg(test)]
mod tests {
    use super::new_enough;

    #[test]
    fn what_is_too_old_is_not_used() {
        assert!(new_enough("mysqld  Ver 8.0.22 for Linux").is_some());
        assert!(new_enough("mysqld  Ver 8.0.9 for Linux").is_none());
        assert!(new_enough("mysqld  Ver 5.7.44 for Linux").is_none());
    }
}
