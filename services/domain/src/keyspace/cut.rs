//! Which part of a shard a split gives to the new one.

use std::fmt;

use thiserror::Error;

use super::Function;
use super::hash::{NotAPosition, Position};
use super::key::Key;

/// What a split gives to the new shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The hashes from here on.
    Hash(Position),
    /// The keys from here on.
    Key(Key<'static>),
    /// These slots.
    Slots(Vec<u32>),
    /// These keys.
    Values(Vec<Key<'static>>),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(position) => position.fmt(f),
            Self::Key(key) => key.fmt(f),
            Self::Slots(slots) => f.write_str(&list(slots)),
            Self::Values(keys) => f.write_str(&list(keys)),
        }
    }
}

/// With commas between.
pub(super) fn list<T: fmt::Display>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

/// A text that is no place to split at.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a shard cannot be split at `{found}`: {why}")]
pub struct NotACut {
    /// The text.
    pub found: String,
    /// What is wrong with it.
    pub why: String,
}

impl Cut {
    /// The cut that `text` says for a keyspace of this function: a hash or a key
    /// to begin at, or slots or keys with commas between.
    pub fn parse(function: &Function, text: &str) -> Result<Self, NotACut> {
        let key = |text: &str| {
            let key = Key::parse(function.key_type(), text);
            key.map_err(|error| error.to_string())
        };
        let slot = |text: &str| {
            let why = "give the numbers of the new shard's slots, with commas between";
            text.parse().map_err(|_| why.to_owned())
        };
        let items = text.split(',').map(str::trim);
        let cut = match function {
            Function::Hash { .. } => text
                .parse()
                .map(Self::Hash)
                .map_err(|error: NotAPosition| error.to_string()),
            Function::Range(_) => key(text).map(Self::Key),
            Function::Md5Mod { .. } => items.map(slot).collect::<Result<_, _>>().map(Self::Slots),
            Function::Lookup(_) => items.map(key).collect::<Result<_, _>>().map(Self::Values),
        };
        cut.map_err(|why| NotACut {
            found: text.to_owned(),
            why,
        })
    }
}
