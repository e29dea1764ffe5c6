//! Data directories made once and copied for every server that starts.
//!
//! A template appears under its name only when it is whole; processes that want
//! the same one at once make it one after the other.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

use crate::process::{User, run};
use crate::tools::cache_dir;

/// The template called `name` made from `ingredients`: everything that, when
/// changed, makes it another one. `make` fills the directory it is given.
/// Blocks.
pub(crate) fn template(
    name: &str,
    ingredients: &impl Hash,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    ingredients.hash(&mut hasher);
    let cache = cache_dir();
    let wanted = cache.join(format!("{name}-{:016x}", hasher.finish()));
    if wanted.is_dir() {
        return Ok(wanted);
    }
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let lock = File::create(cache.join(format!("{name}.lock")))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    if !wanted.is_dir() {
        // Made where any user that a server runs as may go, and only then moved here.
        let unfinished = tempfile::Builder::new()
            .prefix("lictor-template-")
            .tempdir()?;
        make(unfinished.path()).with_context(|| format!("cannot make the {name} template"))?;
        let whole = tempfile::Builder::new()
            .prefix(".unfinished-")
            .tempdir_in(&cache)?;
        copy(unfinished.path(), whole.path(), None)?;
        fs::rename(whole.keep(), &wanted)?;
    }
    Ok(wanted)
}

/// Copies what is in `from` into `to`, which may exist, for `owner`. Blocks.
pub(crate) fn copy(from: &Path, to: &Path, owner: Option<&User>) -> Result<()> {
    fs::create_dir_all(to)?;
    run(Command::new("cp")
        .args(["-R", "--reflink=auto", "--sparse=never"])
        .arg(from.join("."))
        .arg(to))?;
    if let Some(User { uid, gid, .. }) = owner {
        run(Command::new("chown")
            .arg("-R")
            .arg(format!("{uid}:{gid}"))
            .arg(to))?;
    }
    Ok(())
}
