//! Explicit values, each with one owner, and at most one owner of all others.

use std::collections::BTreeMap;

use super::error::Fault;
use super::key::{Key, KeyType};
use super::shard::{self, Shard};

/// The most explicit values of one keyspace.
pub const MAX_VALUES: usize = 65_536;

/// What a shard of a lookup owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// These keys.
    pub values: Vec<Key<'static>>,
    /// Also every key that nobody owns.
    pub default: bool,
}

/// Shards that own explicit keys, each once; every shard owns a key or is the
/// default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    key: KeyType,
    /// In order of name.
    shards: Vec<Shard>,
    /// For each key, the place of its owner among the shards.
    owners: BTreeMap<Key<'static>, u16>,
    default: Option<u16>,
}

impl Values {
    /// The shards with what each owns, if every key is of type `key` and none
    /// has two owners.
    pub fn new(key: KeyType, mut owners: Vec<(Shard, Listed)>) -> Result<Self, Fault> {
        shard::check(owners.iter().map(|(shard, _)| shard))?;
        let all = owners.iter().flat_map(|(_, listed)| &listed.values);
        let found = all.clone().count();
        if found > MAX_VALUES {
            return Err(Fault::TooManyValues { found });
        }
        shard::check_size(all.map(Key::size))?;
        owners.sort_by(|(one, _), (two, _)| one.name.cmp(&two.name));
        let mut values = Self {
            key,
            shards: owners.iter().map(|(shard, _)| shard.clone()).collect(),
            owners: BTreeMap::new(),
            default: None,
        };
        for (place, (shard, listed)) in (0..).zip(owners) {
            values.give(place, &shard, listed)?;
        }
        Ok(values)
    }

    fn give(&mut self, place: u16, shard: &Shard, listed: Listed) -> Result<(), Fault> {
        if listed.values.is_empty() && !listed.default {
            return Err(Fault::OwnsNothing {
                shard: shard.name.clone(),
                wanted: "`values`, or `default: true`",
            });
        }
        for value in listed.values {
            let key = value.as_type(self.key).map_err(|error| Fault::NotAKey {
                shard: shard.name.clone(),
                field: "values",
                error,
            })?;
            if let Some(first) = self.owners.insert(key.into_owned(), place) {
                return Err(Fault::ValueTwice {
                    value: value.to_string(),
                    first: self.shards[usize::from(first)].name.clone(),
                    second: shard.name.clone(),
                });
            }
        }
        if listed.default
            && let Some(first) = self.default.replace(place)
        {
            return Err(Fault::TwoDefaults {
                first: self.shards[usize::from(first)].name.clone(),
                second: shard.name.clone(),
            });
        }
        Ok(())
    }

    /// The type of the keys.
    #[must_use]
    pub const fn key_type(&self) -> KeyType {
        self.key
    }

    /// The shard that owns `key`, if any does.
    #[must_use]
    pub fn find(&self, key: &Key<'_>) -> Option<&Shard> {
        let place = self.owners.get(key).copied().or(self.default)?;
        self.shards.get(usize::from(place))
    }

    /// The shard that owns what nobody owns, if there is one.
    #[must_use]
    pub fn default(&self) -> Option<&Shard> {
        self.shards.get(usize::from(self.default?))
    }

    /// The explicit keys, in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key<'static>> {
        self.owners.keys()
    }

    /// The shards, in order of name.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// Each shard with what it owns, in order.
    pub fn owners(&self) -> impl Iterator<Item = (&Shard, Listed)> {
        let mut lists = vec![Listed::default(); self.shards.len()];
        for (key, place) in &self.owners {
            lists[usize::from(*place)].values.push(key.clone());
        }
        if let Some(place) = self.default {
            lists[usize::from(place)].default = true;
        }
        self.shards.iter().zip(lists)
    }
}
