//! A shard: where some of a keyspace's keys live. What it owns stands with the
//! function that divides the keys.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::Fault;
use crate::names::{ClusterName, ShardName};
use crate::policy::words;

/// The most shards of one keyspace.
pub const MAX_SHARDS: usize = 4096;

/// The most bytes of keys that the shards of one keyspace may list together,
/// as bounds or as values: the keyspace goes to every subscriber as a whole.
pub const MAX_KEY_BYTES: usize = 1 << 20;

/// Whether a shard takes writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    /// It does.
    #[default]
    Serving,
    /// Clients wait before they write to it: its data is being moved.
    Held,
}
words!(Writes, "state of writes", Serving => "serving", Held => "held");

/// A shard, and where it lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    /// Its name, unique in its keyspace.
    pub name: ShardName,
    /// The cluster that holds its rows.
    pub cluster: ClusterName,
    /// Whether it takes writes.
    pub writes: Writes,
}

/// The listed keys are not too large.
pub(super) fn check_size(sizes: impl Iterator<Item = usize>) -> Result<(), Fault> {
    match sizes.sum() {
        0..=MAX_KEY_BYTES => Ok(()),
        found => Err(Fault::TooLarge { found }),
    }
}

/// There are shards, not too many, each name once.
pub(super) fn check<'a>(shards: impl ExactSizeIterator<Item = &'a Shard>) -> Result<(), Fault> {
    match shards.len() {
        0 => return Err(Fault::NoShards),
        1..=MAX_SHARDS => {}
        found => return Err(Fault::TooManyShards { found }),
    }
    let mut names = BTreeSet::new();
    for shard in shards {
        if !names.insert(&shard.name) {
            return Err(Fault::SameName {
                shard: shard.name.clone(),
            });
        }
    }
    Ok(())
}
