//! Keyspaces: which shard owns a key, and which cluster holds that shard.
//!
//! A [`Keyspace`] that exists is valid by itself: every key of a hash, a range
//! or a modulo has exactly one shard, and a key of a lookup has at most one.
//! That its clusters exist is the configuration's business. Resolving a key
//! takes no lock and allocates nothing.

mod cut;
mod document;
mod edit;
mod error;
mod hash;
mod index;
mod key;
mod keyspaces;
mod part;
mod preview;
mod ranges;
mod shard;
mod slots;
mod span;
mod values;

use thiserror::Error;

pub use cut::{Cut, NotACut};
pub use edit::{EditError, EditRefusal};
pub use error::{At, Fault, KeyspaceError};
pub use hash::{HashAlgorithm, NotAPosition, Position, md5_number};
pub use index::ShardIndex;
pub use key::{Key, KeyError, KeyType};
pub use keyspaces::Keyspaces;
pub use preview::{Fraction, Keys, Move, Place, Preview, Redivided};
pub use ranges::Ranges;
pub use shard::{MAX_KEY_BYTES, MAX_SHARDS, Shard, Writes};
pub use slots::{MAX_MODULO, Slots};
pub use span::{Bound, KeyBound, Point, Span};
pub use values::{Listed, MAX_VALUES, Values};

use self::part::Part;
use crate::names::{ClusterName, KeyspaceName, ShardName};

/// How a keyspace divides its keys, and among which shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Function {
    /// By ranges of the keys' hashes.
    Hash {
        /// Which hash.
        algorithm: HashAlgorithm,
        /// The type of the keys.
        key: KeyType,
        /// The shards, with the ranges that they own.
        ranges: Ranges<Position>,
    },
    /// By ranges of the keys themselves.
    Range(KeyRanges),
    /// By the remainder of the keys' MD5.
    Md5Mod {
        /// The type of the keys.
        key: KeyType,
        /// The shards, with the remainders that they own.
        slots: Slots,
    },
    /// By explicit values.
    Lookup(Values),
}

/// Ranges of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRanges {
    /// Of signed integers.
    Integer(Ranges<i64>),
    /// Of unsigned integers.
    Unsigned(Ranges<u64>),
    /// Of byte strings, ordered byte by byte.
    Bytes(Ranges<Vec<u8>>),
}

/// Evaluates an expression for whatever holds the shards of a function.
macro_rules! for_shards_of {
    ($function:expr, $holder:ident => $value:expr) => {
        match $function {
            Function::Hash {
                ranges: $holder, ..
            } => $value,
            Function::Range(KeyRanges::Integer($holder)) => $value,
            Function::Range(KeyRanges::Unsigned($holder)) => $value,
            Function::Range(KeyRanges::Bytes($holder)) => $value,
            Function::Md5Mod { slots: $holder, .. } => $value,
            Function::Lookup($holder) => $value,
        }
    };
}

impl Function {
    /// Its word in documents.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Hash { .. } => "hash",
            Self::Range(_) => "range",
            Self::Md5Mod { .. } => "md5_mod",
            Self::Lookup(_) => "lookup",
        }
    }

    /// The type of the keys.
    #[must_use]
    pub const fn key_type(&self) -> KeyType {
        match self {
            Self::Hash { key, .. } | Self::Md5Mod { key, .. } => *key,
            Self::Range(KeyRanges::Integer(_)) => KeyType::Integer,
            Self::Range(KeyRanges::Unsigned(_)) => KeyType::Unsigned,
            Self::Range(KeyRanges::Bytes(_)) => KeyType::Bytes,
            Self::Lookup(values) => values.key_type(),
        }
    }

    /// The shards: in order of what they own for ranges, else of name.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        for_shards_of!(self, holder => holder.shards())
    }

    /// The shard that owns `key`, if any does; none owns a key of another type.
    #[inline]
    fn find(&self, key: &Key<'_>) -> Option<&Shard> {
        match self {
            Self::Range(KeyRanges::Integer(ranges)) => Some(ranges.find(&key.integer()?)),
            Self::Range(KeyRanges::Unsigned(ranges)) => Some(ranges.find(&key.unsigned()?)),
            Self::Range(KeyRanges::Bytes(ranges)) => Some(ranges.find(key.bytes()?)),
            Self::Hash {
                algorithm,
                key: wanted,
                ranges,
            } => key
                .fits(*wanted)
                .then(|| ranges.find(&algorithm.position(key))),
            Self::Md5Mod { key: wanted, slots } => {
                key.fits(*wanted).then(|| slots.find(md5_number(key)))
            }
            Self::Lookup(values) => values.find(&key.as_type(values.key_type()).ok()?),
        }
    }
}

/// A set of keys, divided among shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyspace {
    /// Its name.
    pub name: KeyspaceName,
    /// How it divides its keys, and among which shards.
    pub function: Function,
}

/// Why a key has no shard.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unresolved {
    /// It is no key of this keyspace.
    #[error("keyspace `{keyspace}`: {error}")]
    NotAKey {
        /// The keyspace.
        keyspace: KeyspaceName,
        /// What is wrong with the key.
        error: KeyError,
    },
    /// It is, but no shard owns it, and there is no default.
    #[error("keyspace `{keyspace}`: no shard owns `{key}`, and none is the default")]
    NoShard {
        /// The keyspace.
        keyspace: KeyspaceName,
        /// The key.
        key: Key<'static>,
    },
}

impl Keyspace {
    /// The shard that owns `key`. An integer of either sign will do where it
    /// fits, and text where the keys are byte strings.
    #[inline]
    pub fn resolve(&self, key: &Key<'_>) -> Result<&Shard, Unresolved> {
        match self.function.find(key) {
            Some(shard) => Ok(shard),
            None => Err(self.unresolved(key)),
        }
    }

    #[cold]
    fn unresolved(&self, key: &Key<'_>) -> Unresolved {
        let keyspace = self.name.clone();
        match key.as_type(self.function.key_type()) {
            Err(error) => Unresolved::NotAKey { keyspace, error },
            Ok(key) => Unresolved::NoShard {
                keyspace,
                key: key.into_owned(),
            },
        }
    }

    /// The shards: in order of what they own for ranges, else of name.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        self.function.shards()
    }

    /// Each shard with what it owns, for people.
    #[must_use]
    pub fn owners(&self) -> Vec<(&Shard, String)> {
        for_shards_of!(&self.function, holder => {
            holder.owners().map(|(shard, part)| (shard, part.tell())).collect()
        })
    }

    /// The shard of this name, if there is one.
    #[must_use]
    pub fn shard(&self, name: &ShardName) -> Option<&Shard> {
        self.shards().iter().find(|shard| shard.name == *name)
    }

    /// The clusters that hold its shards, each once or more.
    pub fn clusters(&self) -> impl Iterator<Item = &ClusterName> {
        self.shards().iter().map(|shard| &shard.cluster)
    }
}

#[cfg(test)]
mod tests;
