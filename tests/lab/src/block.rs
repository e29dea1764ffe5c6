//! Leases of addresses and of the directory that goes with them.
//!
//! A block is 127.x.y.0/24 on loopback, or 198.18.y.0/24 or 198.19.y.0/24
//! (RFC 2544: never routed) for a network of its own. Whoever holds the
//! exclusive lock on its lock file owns the block and the directory
//! `lictor-lab/127.x.y` in the temporary directory; the kernel gives the lock
//! up with the process. What a killed process left behind is removed by the
//! next lease of any block.

use std::env;
use std::fs::{self, File, Permissions};
use std::io::{self, Seek, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};

use crate::disk;
use crate::firewall;
use crate::network;

/// Keeps the directory of a laboratory for a look at it afterwards.
const KEEP: &str = "LAB_KEEP";

/// The file that marks a directory as kept.
const KEPT: &str = "kept";

/// First octets of blocks.
const LOOPBACK: u8 = 127;
const NETWORKED: u8 = 198;

/// The first three octets of a block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    first: u8,
    x: u8,
    y: u8,
}

impl Block {
    /// The block of the demonstration: 127.0.10.0/24.
    pub const DEMO: Self = Self {
        first: LOOPBACK,
        x: 0,
        y: 10,
    };

    /// The address of the block with that last octet.
    #[must_use]
    pub fn address(self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(self.first, self.x, self.y, last)
    }

    /// The directory of whoever holds the block.
    #[must_use]
    pub fn dir(self) -> PathBuf {
        base().join(self.name())
    }

    fn name(self) -> String {
        format!("{}.{}.{}", self.first, self.x, self.y)
    }

    fn any() -> Self {
        Self {
            first: LOOPBACK,
            x: rand::random_range(16..=250),
            y: rand::random_range(0..=255),
        }
    }

    fn any_networked() -> Self {
        Self {
            first: NETWORKED,
            x: rand::random_range(18..=19),
            y: rand::random_range(0..=255),
        }
    }

    /// The block of an address in a laboratory with a network of its own.
    pub(crate) fn networked_at(address: Ipv4Addr) -> Option<Self> {
        let [first, x, y, _] = address.octets();
        Some(Self { first, x, y }).filter(|block| block.is_networked())
    }

    const fn is_networked(self) -> bool {
        self.first == NETWORKED
    }

    fn parse(name: &str) -> Option<Self> {
        let mut octets = name.split('.').map(str::parse);
        let mut octet = || octets.next()?.ok();
        let (first, x, y) = (octet()?, octet()?, octet()?);
        let known = [LOOPBACK, NETWORKED].contains(&first) && octet().is_none();
        known.then_some(Self { first, x, y })
    }

    fn lock_file(self) -> PathBuf {
        base().join("locks").join(self.name())
    }

    /// The pid of the process that holds the block, as it wrote it.
    #[must_use]
    pub fn holder(self) -> Option<u32> {
        let text = fs::read_to_string(self.lock_file()).ok()?;
        text.trim().parse().ok()
    }
}

/// A held block; its directory exists and was empty at first.
#[derive(Debug)]
pub(crate) struct Lease {
    block: Block,
    keep: AtomicBool,
    _lock: File,
}

impl Lease {
    /// Takes that block.
    pub(crate) fn of(block: Block) -> Result<Self> {
        prepare()?;
        sweep();
        if let Some(lease) = Self::try_take(block)? {
            return Ok(lease);
        }
        if block.dir().join(KEPT).exists() {
            bail!(
                "an earlier laboratory was kept in {}: remove it first",
                block.dir().display()
            );
        }
        let holder = block
            .holder()
            .map_or_else(String::new, |pid| format!(" (pid {pid})"));
        bail!(
            "a laboratory runs on {}.0/24 already{holder}: stop it first",
            block.name()
        )
    }

    /// Takes a block of loopback addresses that nobody holds.
    pub(crate) fn any() -> Result<Self> {
        Self::one_of(Block::any)
    }

    /// Takes a block for a network of its own that nobody holds.
    pub(crate) fn any_networked() -> Result<Self> {
        Self::one_of(Block::any_networked)
    }

    fn one_of(draw: fn() -> Block) -> Result<Self> {
        const TRIES: usize = 100;
        prepare()?;
        sweep();
        for _ in 0..TRIES {
            if let Some(lease) = Self::try_take(draw())? {
                return Ok(lease);
            }
        }
        bail!("no free block of addresses in {TRIES} tries")
    }

    pub(crate) fn block(&self) -> Block {
        self.block
    }

    /// Keeps the directory when the block is given back.
    pub(crate) fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
    }

    fn try_take(block: Block) -> Result<Option<Self>> {
        let Some(mut lock) = try_lock(block)? else {
            return Ok(None);
        };
        // A kept directory keeps its block, too.
        if block.dir().join(KEPT).exists() {
            return Ok(None);
        }
        lock.set_len(0)?;
        lock.rewind()?;
        write!(lock, "{}", std::process::id())?;
        remove_leftovers(block);
        fs::create_dir(block.dir())
            .with_context(|| format!("cannot make {}", block.dir().display()))?;
        Ok(Some(Self {
            block,
            keep: AtomicBool::new(env::var_os(KEEP).is_some_and(|keep| keep == "1")),
            _lock: lock,
        }))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let dir = self.block.dir();
        if self.keep.load(Ordering::Relaxed) {
            remove_from_machine(self.block);
            let _ = File::create(dir.join(KEPT));
            eprintln!("lab: kept {}", dir.display());
        } else {
            remove_leftovers(self.block);
        }
    }
}

/// Where every laboratory of the machine keeps its things.
fn base() -> PathBuf {
    env::temp_dir().join("lictor-lab")
}

fn prepare() -> Result<()> {
    let locks = base().join("locks");
    if locks.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(&locks).with_context(|| format!("cannot make {}", locks.display()))?;
    // Shared by all users of the machine, as the addresses are.
    for dir in [base(), locks] {
        fs::set_permissions(&dir, Permissions::from_mode(0o1777))?;
    }
    Ok(())
}

/// The lock, unless someone holds it.
fn try_lock(block: Block) -> Result<Option<File>> {
    let path = block.lock_file();
    let opened = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = match opened {
        Ok(file) => file,
        // Another user's.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot open {}", path.display())),
    };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// Removes what dead laboratories left behind.
fn sweep() {
    let entries = fs::read_dir(base()).into_iter().flatten().flatten();
    for block in entries.filter_map(|entry| Block::parse(entry.file_name().to_str()?)) {
        if block.dir().join(KEPT).exists() {
            continue;
        }
        if let Ok(Some(_lock)) = try_lock(block) {
            remove_leftovers(block);
        }
    }
}

/// The caller holds the lock.
fn remove_leftovers(block: Block) {
    remove_from_machine(block);
    let dir = block.dir();
    if let Err(error) = remove(&dir) {
        eprintln!("lab: cannot remove {}: {error}", dir.display());
    }
}

/// Removes what the kernel has of a laboratory beside its processes.
fn remove_from_machine(block: Block) {
    disk::remove_all(&block.dir());
    firewall::remove_all(block);
    if block.is_networked() {
        network::remove_all(block);
    }
}

/// Removes a directory. A copy into it that was called off may still write for
/// a moment, so it is tried again.
fn remove(dir: &Path) -> io::Result<()> {
    const TRIES: usize = 100;
    const PAUSE: Duration = Duration::from_millis(20);
    let mut removed = Ok(());
    for _ in 0..TRIES {
        if !dir.exists() {
            return Ok(());
        }
        removed = fs::remove_dir_all(dir);
        match &removed {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => thread::sleep(PAUSE),
            _ => break,
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_leases_never_share_a_block() {
        let first = Lease::any().unwrap();
        let second = Lease::any().unwrap();
        assert_ne!(first.block(), second.block());
        assert!(Lease::of(first.block()).is_err());
    }

    #[test]
    fn a_block_is_free_again_when_its_lease_is_dropped() {
        let lease = Lease::any().unwrap();
        let block = lease.block();
        fs::write(block.dir().join("file"), "left").unwrap();
        drop(lease);
        assert!(!block.dir().exists());
        let again = Lease::of(block).unwrap();
        assert_eq!(fs::read_dir(again.block().dir()).unwrap().count(), 0);
    }

    #[test]
    fn a_refusal_names_the_holder() {
        let lease = Lease::any().unwrap();
        let error = Lease::of(lease.block()).unwrap_err().to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
    }
}
