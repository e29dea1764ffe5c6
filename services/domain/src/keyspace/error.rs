//! Why a description is no keyspace. Each fault says what would mend it.

use thiserror::Error;

use super::key::{KeyError, KeyType};
use super::shard::{MAX_KEY_BYTES, MAX_SHARDS};
use super::slots::MAX_MODULO;
use super::values::MAX_VALUES;
use crate::names::{KeyspaceName, ShardName};

/// Why a description is no keyspace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("keyspace `{keyspace}`: {fault}")]
pub struct KeyspaceError {
    /// The keyspace.
    pub keyspace: KeyspaceName,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a keyspace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// It has no shards.
    #[error("it has no shards; give at least one")]
    NoShards,
    /// It has too many shards.
    #[error("it has {found} shards; {MAX_SHARDS} at most are allowed")]
    TooManyShards {
        /// How many.
        found: usize,
    },
    /// Two shards have one name.
    #[error("two shards are named `{shard}`; give each a name of its own")]
    SameName {
        /// The name.
        shard: ShardName,
    },
    /// A range ends before it begins.
    #[error("shard `{shard}` owns {range}, which is empty; let it end above where it begins")]
    EmptyRange {
        /// The shard.
        shard: ShardName,
        /// Its range.
        range: String,
    },
    /// A part of the space has no owner.
    #[error("no shard owns {gap}, {place}; let {remedy}")]
    Gap {
        /// The part.
        gap: String,
        /// Which shards it lies between.
        place: String,
        /// Who could own it.
        remedy: String,
    },
    /// A part of the space has two owners.
    #[error("shards `{first}` and `{second}` both own {overlap}; {remedy}")]
    Overlap {
        /// The shard that begins first.
        first: ShardName,
        /// The other.
        second: ShardName,
        /// The part.
        overlap: String,
        /// What would mend it.
        remedy: String,
    },
    /// The number of slots makes no sense.
    #[error("`modulo` is {found}; 1 to {MAX_MODULO} is allowed")]
    Modulo {
        /// What it says.
        found: u32,
    },
    /// A slot that does not exist.
    #[error("shard `{shard}` owns slot {slot}; of modulo {modulo} there are slots 0 to {}", modulo - 1)]
    NoSuchSlot {
        /// The shard.
        shard: ShardName,
        /// The slot.
        slot: u32,
        /// How many slots there are.
        modulo: u32,
    },
    /// A slot has two owners, or is given to one twice.
    #[error("slot {slot} is in the `slots` of `{first}` and again of `{second}`; leave it in one")]
    SlotTwice {
        /// The slot.
        slot: u32,
        /// Who has it.
        first: ShardName,
        /// Who has it too.
        second: ShardName,
    },
    /// A slot has no owner.
    #[error("no shard owns slot {slot} of {modulo}; add it to the `slots` of one")]
    SlotUnowned {
        /// The first such slot.
        slot: u32,
        /// How many slots there are.
        modulo: u32,
    },
    /// A shard that no key leads to.
    #[error("shard `{shard}` owns nothing; give it {wanted}, or remove it")]
    OwnsNothing {
        /// The shard.
        shard: ShardName,
        /// What it could own.
        wanted: &'static str,
    },
    /// A value has two owners, or is given to one twice.
    #[error(
        "value `{value}` is in the `values` of `{first}` and again of `{second}`; leave it in one"
    )]
    ValueTwice {
        /// The value.
        value: String,
        /// Who has it.
        first: ShardName,
        /// Who has it too.
        second: ShardName,
    },
    /// Two shards take what has no owner.
    #[error("`{first}` and `{second}` are both the default; leave it to one")]
    TwoDefaults {
        /// One.
        first: ShardName,
        /// The other.
        second: ShardName,
    },
    /// Too many explicit values.
    #[error("it has {found} values; {MAX_VALUES} at most are allowed")]
    TooManyValues {
        /// How many.
        found: usize,
    },
    /// What the shards list is too large to be sent to everybody.
    #[error(
        "the keys that its shards list take {found} bytes together; {MAX_KEY_BYTES} at most are allowed"
    )]
    TooLarge {
        /// How many bytes.
        found: usize,
    },
    /// Something that a shard owns is no key.
    #[error("shard `{shard}`, field `{field}`: {error}")]
    NotAKey {
        /// The shard.
        shard: ShardName,
        /// Where it stands.
        field: &'static str,
        /// Why it is none.
        error: KeyError,
    },
    /// A range over hashes that cannot be read.
    #[error(
        "shard `{shard}`, field `range`: {found} is not allowed; write the bounds of its hashes in quotes, each of 1 to 8 bytes in hexadecimal, such as \"-40\", \"40-80\", \"80-\", or \"-\" for all"
    )]
    NotARange {
        /// The shard.
        shard: ShardName,
        /// What it says.
        found: String,
    },
    /// A function cannot divide keys of this type.
    #[error("`key` is {found}; a range is over keys of type integer, unsigned or bytes")]
    KeyType {
        /// The type.
        found: KeyType,
    },
    /// A field that its function needs is not set.
    #[error("{at}field `{field}` is missing; {why}")]
    Missing {
        /// The shard it belongs to.
        at: At,
        /// The field.
        field: &'static str,
        /// What it is for.
        why: &'static str,
    },
    /// A field that only another function has.
    #[error("{at}field `{field}` is not for function {function}; {instead}")]
    Misplaced {
        /// The shard it stands at.
        at: At,
        /// The field.
        field: &'static str,
        /// The keyspace's function.
        function: &'static str,
        /// What the function has.
        instead: &'static str,
    },
}

/// Where in a keyspace a field stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// In the keyspace itself.
    Keyspace,
    /// At a shard.
    Shard(ShardName),
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Keyspace => Ok(()),
            Self::Shard(shard) => write!(f, "shard `{shard}`, "),
        }
    }
}
