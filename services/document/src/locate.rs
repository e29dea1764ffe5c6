//! Where a field stands in a text.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_norway::Value;

use crate::error::Position;

/// Where the field with this path, such as `hostgroups[1].cluster` or
/// `keyspaces.shop.shards[s1].cluster`, stands in a document; `None` if there is
/// none.
#[must_use]
pub fn locate(text: &str, field: &str) -> Option<Position> {
    let document = serde_norway::from_str(text).ok();
    let numbered = document.and_then(|document| numbered(&document, field));
    let steps = Steps(numbered.as_deref().unwrap_or(field));
    let error = steps
        .deserialize(serde_norway::Deserializer::from_str(text))
        .err()?;
    let at = error.to_string().contains(FOUND).then(|| error.location());
    at.flatten().map(|at| Position {
        line: at.line(),
        column: at.column(),
    })
}

/// The same path with numbers for the elements that it calls by name.
fn numbered(value: &Value, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(String::new());
    }
    let (step, inner, rest) = match value {
        Value::Sequence(list) => {
            let (called, rest) = path.strip_prefix('[')?.split_once(']')?;
            let named = |item: &Value| item.get("name").and_then(Value::as_str) == Some(called);
            let number = called.parse().ok();
            let number = number.or_else(|| list.iter().position(named))?;
            (format!("[{number}]"), list.get(number)?, rest)
        }
        Value::Mapping(map) => map.iter().find_map(|(key, inner)| {
            let rest = Steps(path).into_key(key.as_str()?)?.0;
            Some((path[..path.len() - rest.len()].to_owned(), inner, rest))
        })?,
        _ => return None,
    };
    Some(step + &numbered(inner, rest)?)
}

/// What is said on arrival: the parser adds the position to an error, and tells
/// it nowhere else.
const FOUND: &str = "the field was found";

/// The way that is left to the field.
#[derive(Clone, Copy)]
struct Steps<'a>(&'a str);

impl Steps<'_> {
    /// What is left after an element of a list.
    fn into_element(self, index: usize) -> Option<Self> {
        let (number, rest) = self.0.strip_prefix('[')?.split_once(']')?;
        (number.parse() == Ok(index)).then_some(Self(rest))
    }

    /// What is left after a key, which may have dots itself.
    fn into_key(self, key: &str) -> Option<Self> {
        let path = self.0.strip_prefix('.').unwrap_or(self.0);
        let rest = path.strip_prefix(key)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then_some(Self(rest))
    }
}

impl<'de> DeserializeSeed<'de> for Steps<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Steps<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { FOUND } else { "a path" })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.0.is_empty() {
            return Err(A::Error::custom(FOUND));
        }
        for index in 0.. {
            let more = match self.into_element(index) {
                Some(steps) => list.next_element_seed(steps)?.is_some(),
                None => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.0.is_empty() {
            return Err(A::Error::custom(FOUND));
        }
        while let Some(key) = map.next_key::<String>()? {
            match self.into_key(&key) {
                Some(steps) => map.next_value_seed(steps)?,
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
clusters:
  orders:
    nodes:
      10.0.0.1:3306: { zone: eu-1 }
hostgroups:
- id: 1
- id: 2
  servers: [{ address: a }, { address: b }]
keyspaces:
  shop:
    shards:
    - { name: s0, cluster: orders }
    - { name: s1, cluster: users }
";

    #[test]
    fn a_field_is_found_by_its_path() {
        for (field, line, column) in [
            ("clusters", 2, 3),
            ("clusters.orders.nodes.10.0.0.1:3306.zone", 4, 30),
            ("hostgroups", 6, 1),
            ("hostgroups[1]", 7, 3),
            ("hostgroups[1].id", 7, 7),
            ("hostgroups[1].servers[1].address", 8, 40),
            ("keyspaces.shop.shards[s1].cluster", 13, 28),
            ("keyspaces.shop.shards[s1]", 13, 7),
        ] {
            assert_eq!(
                locate(TEXT, field),
                Some(Position { line, column }),
                "{field}"
            );
        }
    }

    #[test]
    fn a_field_that_is_not_there_is_nowhere() {
        for field in [
            "cluster",
            "hostgroups[2]",
            "hostgroups[1].id.x",
            "hostgroups[x]",
            "keyspaces.shop.shards[s2].cluster",
            "keyspaces.shop.shards[s1].range",
            "[",
            "a\n",
        ] {
            assert_eq!(locate(TEXT, field), None, "{field}");
        }
    }
}
