//! A keyspace as it is written, in a configuration document and in JSON.
//!
//! Every field that any function has is read, so that an error can say which
//! function a field belongs to.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{At, Fault, KeyspaceError};
use super::hash::{HashAlgorithm, Position};
use super::key::{Key, KeyError, KeyType};
use super::ranges::Ranges;
use super::shard::{Shard, Writes};
use super::slots::Slots;
use super::span::{KeyBound, Span};
use super::values::{Listed, Values};
use super::{Function, KeyRanges, Keyspace};
use crate::names::{ClusterName, KeyspaceName, ShardName};

/// A keyspace as it is written; its name stands outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    function: FunctionName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<HashAlgorithm>,
    key: KeyType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modulo: Option<u32>,
    shards: Vec<ShardDocument>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FunctionName {
    Hash,
    Range,
    Md5Mod,
    Lookup,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShardDocument {
    name: ShardName,
    cluster: ClusterName,
    #[serde(default)]
    writes: Writes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    below: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slots: Option<Vec<u32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Scalar>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<bool>,
}

/// A number or a text, as documents tell them apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Scalar {
    Unsigned(u64),
    Integer(i64),
    Text(String),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, or text in quotes")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Unsigned(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }
}

impl Scalar {
    fn key(&self, wanted: KeyType) -> Result<Key<'static>, KeyError> {
        let key = match self {
            Self::Unsigned(number) => Key::from(*number),
            Self::Integer(number) => Key::from(*number),
            Self::Text(text) => Key::parse(wanted, text)?,
        };
        key.as_type(wanted).map(Key::into_owned)
    }
}

impl From<&Key<'_>> for Scalar {
    fn from(key: &Key<'_>) -> Self {
        match key {
            Key::Integer(number) => Self::Integer(*number),
            Key::Unsigned(number) => Self::Unsigned(*number),
            Key::String(_) | Key::Bytes(_) | Key::Uuid(_) => Self::Text(key.to_string()),
        }
    }
}

impl Body {
    /// The keyspace of this name that it describes.
    pub(super) fn named(self, name: KeyspaceName) -> Result<Keyspace, KeyspaceError> {
        match self.read() {
            Ok(function) => Ok(Keyspace { name, function }),
            Err(fault) => Err(KeyspaceError {
                keyspace: name,
                fault,
            }),
        }
    }

    fn read(self) -> Result<Function, Fault> {
        self.refuse_misplaced()?;
        let Self { key, shards, .. } = self;
        Ok(match self.function {
            FunctionName::Hash => Function::Hash {
                algorithm: self.hash.unwrap_or_default(),
                key,
                ranges: Ranges::new(each(shards, ShardDocument::hashes)?)?,
            },
            FunctionName::Range => Function::Range(key_ranges(key, shards)?),
            FunctionName::Md5Mod => Function::Md5Mod {
                key,
                slots: slots(self.modulo, shards)?,
            },
            FunctionName::Lookup => {
                let owners = each(shards, |shard| shard.listed(key))?;
                Function::Lookup(Values::new(key, owners)?)
            }
        })
    }

    /// A field that another function has would be ignored, so it is refused.
    fn refuse_misplaced(&self) -> Result<(), Fault> {
        let misplaced = |at: At, fields: &[(&'static str, bool, FunctionName)]| {
            let wrong = fields
                .iter()
                .find(|(_, is_set, owner)| *is_set && *owner != self.function);
            wrong.map_or(Ok(()), |(field, ..)| {
                Err(Fault::Misplaced {
                    at,
                    field,
                    function: self.function.as_str(),
                    instead: self.function.fields(),
                })
            })
        };
        let own = [
            ("hash", self.hash.is_some(), FunctionName::Hash),
            ("modulo", self.modulo.is_some(), FunctionName::Md5Mod),
        ];
        misplaced(At::Keyspace, &own)?;
        self.shards
            .iter()
            .try_for_each(|shard| misplaced(At::Shard(shard.name.clone()), &shard.fields()))
    }
}

impl FunctionName {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Range => "range",
            Self::Md5Mod => "md5_mod",
            Self::Lookup => "lookup",
        }
    }

    /// What a document of this function has, for people.
    const fn fields(self) -> &'static str {
        match self {
            Self::Hash => "it may have `hash`, and its shards have `range`",
            Self::Range => "its shards have `from` and `below`",
            Self::Md5Mod => "it has `modulo`, and its shards have `slots`",
            Self::Lookup => "its shards have `values` or `default`",
        }
    }
}

/// The shards, with what `read` says each owns.
fn each<T>(
    shards: Vec<ShardDocument>,
    read: impl Fn(&mut ShardDocument) -> Result<T, Fault>,
) -> Result<Vec<(Shard, T)>, Fault> {
    let owners = shards.into_iter().map(|mut document| {
        let owned = read(&mut document)?;
        let shard = Shard {
            name: document.name,
            cluster: document.cluster,
            writes: document.writes,
        };
        Ok((shard, owned))
    });
    owners.collect()
}

fn key_ranges(key: KeyType, shards: Vec<ShardDocument>) -> Result<KeyRanges, Fault> {
    fn ranges<B: KeyBound>(shards: Vec<ShardDocument>) -> Result<Ranges<B>, Fault> {
        Ranges::new(each(shards, ShardDocument::keys)?)
    }
    match key {
        KeyType::Integer => ranges(shards).map(KeyRanges::Integer),
        KeyType::Unsigned => ranges(shards).map(KeyRanges::Unsigned),
        KeyType::Bytes => ranges(shards).map(KeyRanges::Bytes),
        KeyType::String | KeyType::Uuid => Err(Fault::KeyType { found: key }),
    }
}

fn slots(modulo: Option<u32>, shards: Vec<ShardDocument>) -> Result<Slots, Fault> {
    let modulo = modulo.ok_or(Fault::Missing {
        at: At::Keyspace,
        field: "modulo",
        why: "it says how many slots there are",
    })?;
    Slots::new(
        modulo,
        each(shards, |shard| Ok(shard.slots.take().unwrap_or_default()))?,
    )
}

impl ShardDocument {
    /// The fields that only one function has, whether they are set, and whose
    /// they are.
    fn fields(&self) -> [(&'static str, bool, FunctionName); 6] {
        [
            ("range", self.range.is_some(), FunctionName::Hash),
            ("from", self.from.is_some(), FunctionName::Range),
            ("below", self.below.is_some(), FunctionName::Range),
            ("slots", self.slots.is_some(), FunctionName::Md5Mod),
            ("values", self.values.is_some(), FunctionName::Lookup),
            ("default", self.default.is_some(), FunctionName::Lookup),
        ]
    }

    fn hashes(&mut self) -> Result<Span<Position>, Fault> {
        let range = self.range.take().ok_or_else(|| Fault::Missing {
            at: At::Shard(self.name.clone()),
            field: "range",
            why: "it says which hashes the shard owns, such as \"-80\"",
        })?;
        let wrong = |found| Fault::NotARange {
            shard: self.name.clone(),
            found,
        };
        match range {
            Scalar::Text(text) => text.parse().map_err(|_| wrong(format!("\"{text}\""))),
            Scalar::Unsigned(number) => Err(wrong(number.to_string())),
            Scalar::Integer(number) => Err(wrong(number.to_string())),
        }
    }

    fn keys<B: KeyBound>(&mut self) -> Result<Span<B>, Fault> {
        let bound = |field: &'static str, scalar: Option<Scalar>| {
            scalar
                .map(|scalar| self.key(field, &scalar, B::TYPE))
                .transpose()
                .map(|key| key.as_ref().and_then(B::of_key))
        };
        Ok(Span::new(
            bound("from", self.from.clone())?,
            bound("below", self.below.clone())?,
        ))
    }

    fn listed(&mut self, wanted: KeyType) -> Result<Listed, Fault> {
        let values = self.values.take().unwrap_or_default();
        let keys = values
            .iter()
            .map(|scalar| self.key("values", scalar, wanted));
        Ok(Listed {
            values: keys.collect::<Result<_, _>>()?,
            default: self.default.unwrap_or_default(),
        })
    }

    fn key(
        &self,
        field: &'static str,
        scalar: &Scalar,
        wanted: KeyType,
    ) -> Result<Key<'static>, Fault> {
        scalar.key(wanted).map_err(|error| Fault::NotAKey {
            shard: self.name.clone(),
            field,
            error,
        })
    }
}

impl From<&Shard> for ShardDocument {
    fn from(shard: &Shard) -> Self {
        Self {
            name: shard.name.clone(),
            cluster: shard.cluster.clone(),
            writes: shard.writes,
            range: None,
            from: None,
            below: None,
            slots: None,
            values: None,
            default: None,
        }
    }
}

/// Its name stands outside, as the key of a map.
impl Serialize for Keyspace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Body::from(&self.function).serialize(serializer)
    }
}

impl From<&Function> for Body {
    fn from(function: &Function) -> Self {
        let key = function.key_type();
        let body = |function, shards| Self {
            function,
            hash: None,
            key,
            modulo: None,
            shards,
        };
        match function {
            Function::Hash {
                algorithm, ranges, ..
            } => Self {
                hash: Some(*algorithm),
                ..body(FunctionName::Hash, write_hashes(ranges))
            },
            Function::Range(ranges) => body(
                FunctionName::Range,
                match ranges {
                    KeyRanges::Integer(ranges) => write_keys(ranges),
                    KeyRanges::Unsigned(ranges) => write_keys(ranges),
                    KeyRanges::Bytes(ranges) => write_keys(ranges),
                },
            ),
            Function::Md5Mod { slots, .. } => Self {
                modulo: Some(slots.modulo()),
                ..body(FunctionName::Md5Mod, write_slots(slots))
            },
            Function::Lookup(values) => body(FunctionName::Lookup, write_values(values)),
        }
    }
}

fn write_hashes(ranges: &Ranges<Position>) -> Vec<ShardDocument> {
    let owners = ranges.owners().map(|(shard, span)| ShardDocument {
        range: Some(Scalar::Text(span.to_string())),
        ..shard.into()
    });
    owners.collect()
}

fn write_keys<B: KeyBound>(ranges: &Ranges<B>) -> Vec<ShardDocument> {
    let scalar = |bound: &B| Scalar::from(&bound.key());
    let owners = ranges.owners().map(|(shard, span)| ShardDocument {
        from: span.begin().map(scalar),
        below: span.below.as_ref().map(scalar),
        ..shard.into()
    });
    owners.collect()
}

fn write_slots(slots: &Slots) -> Vec<ShardDocument> {
    let owners = slots.owners().map(|(shard, slots)| ShardDocument {
        slots: Some(slots),
        ..shard.into()
    });
    owners.collect()
}

fn write_values(values: &Values) -> Vec<ShardDocument> {
    let owners = values.owners().map(|(shard, listed)| {
        let values: Vec<Scalar> = listed.values.iter().map(Scalar::from).collect();
        ShardDocument {
            values: Some(values).filter(|values| !values.is_empty()),
            default: Some(true).filter(|_| listed.default),
            ..shard.into()
        }
    });
    owners.collect()
}
