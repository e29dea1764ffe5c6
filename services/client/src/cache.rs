//! The last good table in a file, for a start while the control plane is away.
//!
//! The file is replaced as a whole or not at all. What cannot be read, or was
//! written for another subscription, is reported and not used. Layout: a line
//! that names the version, a line with the CRC-32 of all that follows, a line
//! with when and for what it was written, then the table as
//! `lictor.v1.RoutingTable`.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lictor_domain::RoutingTable;
use lictor_domain::rule::TooManyPatterns;
use lictor_wire::{WireError, v1};
use prost::Message;
use tempfile::NamedTempFile;
use thiserror::Error;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::config::SubscribeConfig;
use crate::error::with_sources;
use crate::table::Table;

const VERSION: &str = "lictor-client routing table, version 1";
/// Changes that come close together are written once.
const SETTLE: Duration = Duration::from_millis(100);

/// Why a cache file is of no use.
#[derive(Debug, Error)]
pub(crate) enum CacheError {
    #[error("it cannot be read or written")]
    Io(#[from] std::io::Error),
    #[error("it is not of the version that this library reads (`{VERSION}`)")]
    Version,
    #[error("it is damaged: its checksum is not that of what it holds")]
    Checksum,
    #[error("it is damaged: its {0} cannot be read")]
    Damaged(&'static str),
    #[error("it holds no routing table")]
    NotATable(#[from] prost::DecodeError),
    #[error("its routing table makes no sense")]
    Table(#[from] WireError),
    #[error("its query rules cannot be used")]
    Rules(#[from] TooManyPatterns),
    #[error("it was written for the subscription `{found}`, and this one is `{wanted}`")]
    Scope { found: String, wanted: String },
}

/// What a file held.
#[derive(Debug, PartialEq)]
pub(crate) struct Cached {
    pub(crate) table: RoutingTable,
    pub(crate) written: SystemTime,
}

/// The file of one subscription.
#[derive(Clone, Debug)]
pub(crate) struct CacheFile {
    path: PathBuf,
    /// What is subscribed to: a revision means something only within it.
    scope: String,
}

impl CacheFile {
    pub(crate) fn of(config: &SubscribeConfig) -> Option<Self> {
        Some(Self {
            path: config.cache_file.clone()?,
            scope: config.scope(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds; nothing when there is no such file.
    pub(crate) fn load(&self) -> Result<Option<Cached>, CacheError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => self.decode(&bytes).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn store(&self, table: &RoutingTable, now: SystemTime) -> Result<(), CacheError> {
        let folder = self
            .path
            .parent()
            .filter(|path| !path.as_os_str().is_empty());
        let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(&self.encode(table, now))?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Keeps the file what the table is, for as long as it is polled.
    pub(crate) async fn keep(self, table: Arc<Table>) {
        let mut changes = table.changes();
        changes.mark_unchanged();
        let mut stored = None;
        loop {
            let revision = *changes.borrow_and_update();
            if revision.is_some() && revision != stored {
                let (file, now) = (self.clone(), table.load());
                let result = spawn_blocking(move || file.store(&now, SystemTime::now())).await;
                match result {
                    Ok(Ok(())) => stored = revision,
                    Ok(Err(error)) => self.complain(&error),
                    Err(error) => debug!(%error, "the cache file was not written"),
                }
            }
            if changes.changed().await.is_err() {
                return;
            }
            sleep(SETTLE).await;
        }
    }

    pub(crate) fn complain(&self, error: &CacheError) {
        let reason = with_sources(error);
        warn!(file = %self.path.display(), reason, "the cache file is of no use");
    }

    fn encode(&self, table: &RoutingTable, now: SystemTime) -> Vec<u8> {
        let written = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut rest = format!("{} {}\n", written.as_millis(), self.scope).into_bytes();
        rest.extend(v1::RoutingTable::from(table.clone()).encode_to_vec());
        let sum = crc32fast::hash(&rest);
        let mut all = format!("{VERSION}\n{sum:08x}\n").into_bytes();
        all.extend(rest);
        all
    }

    fn decode(&self, bytes: &[u8]) -> Result<Cached, CacheError> {
        let (version, rest) = line(bytes).ok_or(CacheError::Version)?;
        if version != VERSION {
            return Err(CacheError::Version);
        }
        let (sum, rest) = line(rest).ok_or(CacheError::Damaged("checksum"))?;
        if u32::from_str_radix(sum, 16) != Ok(crc32fast::hash(rest)) {
            return Err(CacheError::Checksum);
        }
        let (about, table) = line(rest).ok_or(CacheError::Damaged("description"))?;
        let (written, scope) = about
            .split_once(' ')
            .ok_or(CacheError::Damaged("description"))?;
        let written = written.parse().map_err(|_| CacheError::Damaged("time"))?;
        if scope != self.scope {
            return Err(CacheError::Scope {
                found: scope.to_owned(),
                wanted: self.scope.clone(),
            });
        }
        Ok(Cached {
            table: v1::RoutingTable::decode(table)?.try_into()?,
            written: UNIX_EPOCH
                .checked_add(Duration::from_millis(written))
                .ok_or(CacheError::Damaged("time"))?,
        })
    }
}

/// The first line, and what follows it.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at(end);
    Some((std::str::from_utf8(line).ok()?, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use lictor_domain::{ClusterRoute, Epoch, Revision, RouteState, Term};
    use proptest::prelude::*;

    use super::*;

    fn table(n: u64) -> RoutingTable {
        let route = ClusterRoute {
            name: "orders".parse().unwrap(),
            epoch: Epoch::default(),
            state: RouteState::NoPrimary,
            readers: vec![],
        };
        RoutingTable {
            revision: Revision { term: Term(3), n },
            clusters: [(route.name.clone(), route)].into(),
            ..RoutingTable::default()
        }
    }

    fn file(folder: &Path, clusters: &[&str]) -> CacheFile {
        let mut config = SubscribeConfig::new("shop-1", vec![]);
        config.clusters = clusters.iter().map(|name| name.parse().unwrap()).collect();
        config.cache_file = Some(folder.join("routes"));
        CacheFile::of(&config).unwrap()
    }

    fn at(secs: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(secs)
    }

    #[test]
    fn the_last_table_stored_is_the_one_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path(), &[]);
        assert_eq!(file.load().unwrap(), None);
        file.store(&table(1), at(10)).unwrap();
        file.store(&table(2), at(20)).unwrap();
        let cached = file.load().unwrap().unwrap();
        assert_eq!((cached.table, cached.written), (table(2), at(20)));
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing but the file: {left:?}");
    }

    #[test]
    fn a_file_of_another_subscription_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        file(folder.path(), &["orders"])
            .store(&table(1), at(10))
            .unwrap();
        let other = file(folder.path(), &["orders", "users"]);
        let error = other.load().unwrap_err().to_string();
        assert!(error.contains("clusters=orders"), "{error}");
    }

    #[test]
    fn another_version_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path(), &[]);
        std::fs::write(file.path(), "lictor-client routing table, version 2\n").unwrap();
        assert!(matches!(file.load(), Err(CacheError::Version)));
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_never_taken_for_a_table(
            at_byte in any::<proptest::sample::Index>(),
            flip in 1..=255_u8,
            cut in any::<bool>(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let file = file(folder.path(), &[]);
            let mut bytes = file.encode(&table(7), at(10));
            let index = at_byte.index(bytes.len());
            if cut {
                bytes.truncate(index);
            } else {
                bytes[index] ^= flip;
            }
            // A checksum means the same in capitals.
            let whole = file.decode(&bytes).ok().map(|cached| cached.table);
            prop_assert!(whole.is_none() || whole == Some(table(7)));
            prop_assert!(!cut || whole.is_none());
        }
    }
}
