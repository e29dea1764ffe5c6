//! Small disks: a tmpfs of a few MiB, mounted in a server's directory, that a
//! test can fill up and free again.
//!
//! None outlives its laboratory: who gives a block of addresses back, or takes
//! one that a dead laboratory held, unmounts what is mounted in its directory.
//!
//! It needs root, and a kernel that lets it mount.

use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, ensure};

use crate::process::run;

/// What fills a disk up.
const BALLAST: &str = "ballast";

/// Whether to go on with small disks: not where nothing can be mounted, which is
/// said, unless `CI` or `LICTOR_REQUIRE_MOUNT` is set.
///
/// # Errors
/// When one of those is set, and nothing can be mounted.
pub fn disks_or_skip() -> Result<bool> {
    static FOUND: OnceLock<Result<(), String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| probe().map_err(|error| format!("{error:#}")));
    let Err(error) = found else {
        return Ok(true);
    };
    let required = ["CI", "LICTOR_REQUIRE_MOUNT"].map(env::var_os);
    ensure!(required.iter().all(Option::is_none), anyhow!("{error}"));
    println!("skipped: {error}");
    Ok(false)
}

fn probe() -> Result<()> {
    let dir = tempfile::tempdir()?;
    mount(dir.path(), 1).context("small disks are not to be had here")?;
    unmount(dir.path())
}

/// Mounts an empty disk of so many MiB.
pub(crate) fn mount(dir: &Path, mib: u32) -> Result<()> {
    fs::create_dir_all(dir)?;
    let size = format!("size={mib}m");
    let args = ["-t", "tmpfs", "-o", &size, "lictor-lab"];
    run(Command::new("mount").args(args).arg(dir))
}

/// Writes on the disk until nothing more fits.
pub(crate) fn fill(dir: &Path) -> Result<()> {
    let mut ballast = File::create(dir.join(BALLAST))?;
    loop {
        match ballast.write_all(&[0; 4096]) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error).context("the disk cannot be filled"),
        }
    }
}

/// Takes away what filled the disk up.
pub(crate) fn free(dir: &Path) -> io::Result<()> {
    fs::remove_file(dir.join(BALLAST))
}

/// Unmounts every disk below a directory.
pub(crate) fn remove_all(below: &Path) {
    for dir in mounted(below) {
        if let Err(error) = unmount(&dir) {
            eprintln!("lab: the disk {} stays: {error:#}", dir.display());
        }
    }
}

/// Mount points below a directory, proc(5); none of ours has a space in it.
fn mounted(below: &Path) -> Vec<PathBuf> {
    let Ok(below) = fs::canonicalize(below) else {
        return vec![];
    };
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let points = points.map(PathBuf::from);
    points.filter(|point| point.starts_with(&below)).collect()
}

fn unmount(dir: &Path) -> Result<()> {
    run(Command::new("umount").arg(dir))
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    #[test]
    fn a_full_disk_takes_nothing_until_it_is_freed_and_none_stays() {
        if !disks_or_skip().unwrap() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let disk = dir.path().join("disk");
        mount(&disk, 1).unwrap();
        assert_eq!(mounted(dir.path()), slice::from_ref(&disk));
        fill(&disk).unwrap();
        let error = fs::write(disk.join("more"), "more").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        free(&disk).unwrap();
        fs::write(disk.join("more"), "more").unwrap();
        remove_all(dir.path());
        assert_eq!(mounted(dir.path()), Vec::<PathBuf>::new());
        assert!(!disk.join("more").exists());
    }
}
