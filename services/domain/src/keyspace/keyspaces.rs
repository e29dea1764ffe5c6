//! Keyspaces by name.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Keyspace;
use super::document::Body;
use crate::names::KeyspaceName;

/// Keyspaces by name; written as a map, where the name is the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyspaces(BTreeMap<KeyspaceName, Keyspace>);

impl Keyspaces {
    /// In order of name.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Keyspace> {
        self.0.values()
    }
}

/// For each its name, which is its own.
impl From<Keyspaces> for BTreeMap<KeyspaceName, Keyspace> {
    fn from(keyspaces: Keyspaces) -> Self {
        keyspaces.0
    }
}

impl FromIterator<Keyspace> for Keyspaces {
    fn from_iter<I: IntoIterator<Item = Keyspace>>(keyspaces: I) -> Self {
        let named = keyspaces
            .into_iter()
            .map(|keyspace| (keyspace.name.clone(), keyspace));
        Self(named.collect())
    }
}

impl Serialize for Keyspaces {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Keyspaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeyspacesVisitor)
    }
}

struct KeyspacesVisitor;

impl<'de> Visitor<'de> for KeyspacesVisitor {
    type Value = Keyspaces;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of keyspaces by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keyspaces, A::Error> {
        let mut keyspaces = Keyspaces::default();
        while let Some(name) = map.next_key()? {
            let body: Body = map.next_value()?;
            let keyspace = body.named(name).map_err(de::Error::custom)?;
            if let Some(twice) = keyspaces.0.insert(keyspace.name.clone(), keyspace) {
                let name = twice.name;
                return Err(de::Error::custom(format_args!(
                    "keyspace `{name}` stands there twice"
                )));
            }
        }
        Ok(keyspaces)
    }
}
