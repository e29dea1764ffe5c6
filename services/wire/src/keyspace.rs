//! Keyspaces. What is sent reads back as the same value.

use domain::keyspace::{
    Fault, KeyRanges, KeyType, KeyspaceError, Listed, Position, Ranges, Slots, Span, Values,
};
use lictor_domain as domain;
use uuid::Uuid;

use crate::error::{WireError, convert_all, parse, required};
use crate::policy::{known, words};
use crate::v1;
use crate::v1::keyspace::Function;
use crate::v1::shard::Owns;

words!(KeyType, "key_type", String, Bytes, Integer, Unsigned, Uuid);
words!(HashAlgorithm, "hash.algorithm", Xxh3);
words!(Writes, "writes", Serving, Held);

impl From<domain::Key<'_>> for v1::Key {
    fn from(key: domain::Key<'_>) -> Self {
        use v1::key::Value;
        let value = match key {
            domain::Key::String(text) => Value::Text(text.into_owned()),
            domain::Key::Bytes(bytes) => Value::Bytes(bytes.into_owned()),
            domain::Key::Integer(number) => Value::Integer(number),
            domain::Key::Unsigned(number) => Value::Unsigned(number),
            domain::Key::Uuid(uuid) => Value::Uuid(uuid.as_bytes().to_vec()),
        };
        Self { value: Some(value) }
    }
}

impl TryFrom<v1::Key> for domain::Key<'static> {
    type Error = WireError;

    fn try_from(key: v1::Key) -> Result<Self, WireError> {
        use v1::key::Value;
        Ok(match required(key.value, "value")? {
            Value::Text(text) => text.into(),
            Value::Bytes(bytes) => bytes.into(),
            Value::Integer(number) => number.into(),
            Value::Unsigned(number) => number.into(),
            Value::Uuid(bytes) => Uuid::from_slice(&bytes)
                .map_err(|error| WireError::invalid("uuid", error))?
                .into(),
        })
    }
}

/// What a shard owns, of one kind.
trait Owned: Sized {
    fn send(self) -> Owns;

    /// An error when it owns something of another kind.
    fn read(owns: Owns) -> Result<Self, WireError>;
}

fn another_kind() -> WireError {
    let why = "it does not go with the keyspace's function and key type";
    WireError::invalid("owns", why)
}

impl Owned for Span<Position> {
    fn send(self) -> Owns {
        Owns::Hashes(v1::HashRange {
            from: self.from.0,
            below: self.below.map(|below| below.0),
        })
    }

    fn read(owns: Owns) -> Result<Self, WireError> {
        let Owns::Hashes(range) = owns else {
            return Err(another_kind());
        };
        let below = range.below.map(Position);
        Ok(Self::new(Some(Position(range.from)), below))
    }
}

impl Owned for Span<i64> {
    fn send(self) -> Owns {
        Owns::Integers(v1::IntegerRange {
            from: self.begin().copied(),
            below: self.below,
        })
    }

    fn read(owns: Owns) -> Result<Self, WireError> {
        let Owns::Integers(range) = owns else {
            return Err(another_kind());
        };
        Ok(Self::new(range.from, range.below))
    }
}

impl Owned for Span<u64> {
    fn send(self) -> Owns {
        Owns::Unsigned(v1::UnsignedRange {
            from: self.from,
            below: self.below,
        })
    }

    fn read(owns: Owns) -> Result<Self, WireError> {
        let Owns::Unsigned(range) = owns else {
            return Err(another_kind());
        };
        Ok(Self::new(Some(range.from), range.below))
    }
}

impl Owned for Span<Vec<u8>> {
    fn send(self) -> Owns {
        Owns::Bytes(v1::BytesRange {
            from: self.from,
            below: self.below,
        })
    }

    fn read(owns: Owns) -> Result<Self, WireError> {
        let Owns::Bytes(range) = owns else {
            return Err(another_kind());
        };
        Ok(Self::new(Some(range.from), range.below))
    }
}

impl Owned for Vec<u32> {
    fn send(self) -> Owns {
        Owns::Slots(v1::Slots { slots: self })
    }

    fn read(owns: Owns) -> Result<Self, WireError> {
        let Owns::Slots(slots) = owns else {
            return Err(another_kind());
        };
        Ok(slots.slots)
    }
}

impl Owned for Listed {
    fn send(self) -> Owns {
        Owns::Values(v1::Values {
            keys: self.values.into_iter().map(Into::into).collect(),
            default: self.default,
        })
    }

    fn read(owns: Owns) -> Result<Self, WireError> {
        let Owns::Values(values) = owns else {
            return Err(another_kind());
        };
        Ok(Self {
            values: convert_all(values.keys, "values.keys")?,
            default: values.default,
        })
    }
}

fn send<'a, T: Owned>(owners: impl Iterator<Item = (&'a domain::Shard, T)>) -> Vec<v1::Shard> {
    let shards = owners.map(|(shard, owned)| v1::Shard {
        name: shard.name.to_string(),
        cluster: shard.cluster.to_string(),
        writes: v1::Writes::from(shard.writes).into(),
        owns: Some(owned.send()),
    });
    shards.collect()
}

/// A shard, and what it owns.
struct Owner<T>(domain::Shard, T);

impl<T: Owned> TryFrom<v1::Shard> for Owner<T> {
    type Error = WireError;

    fn try_from(shard: v1::Shard) -> Result<Self, WireError> {
        let owned = T::read(required(shard.owns, "owns")?)?;
        let shard = domain::Shard {
            name: parse(&shard.name, "name")?,
            cluster: parse(&shard.cluster, "cluster")?,
            writes: known::<v1::Writes>(shard.writes, "writes")?.try_into()?,
        };
        Ok(Self(shard, owned))
    }
}

fn read<T: Owned>(shards: Vec<v1::Shard>) -> Result<Vec<(domain::Shard, T)>, WireError> {
    let owners: Vec<Owner<T>> = convert_all(shards, "shards")?;
    Ok(owners
        .into_iter()
        .map(|Owner(shard, owned)| (shard, owned))
        .collect())
}

impl From<&domain::Keyspace> for v1::Keyspace {
    fn from(keyspace: &domain::Keyspace) -> Self {
        let (function, shards) = match &keyspace.function {
            domain::Function::Hash {
                algorithm, ranges, ..
            } => {
                let algorithm = v1::HashAlgorithm::from(*algorithm).into();
                let function = Function::Hash(v1::HashFunction { algorithm });
                (function, send(ranges.owners()))
            }
            domain::Function::Range(ranges) => {
                let shards = match ranges {
                    KeyRanges::Integer(ranges) => send(ranges.owners()),
                    KeyRanges::Unsigned(ranges) => send(ranges.owners()),
                    KeyRanges::Bytes(ranges) => send(ranges.owners()),
                };
                (Function::Range(v1::RangeFunction {}), shards)
            }
            domain::Function::Md5Mod { slots, .. } => {
                let modulo = slots.modulo();
                let function = Function::Md5Mod(v1::Md5ModFunction { modulo });
                (function, send(slots.owners()))
            }
            domain::Function::Lookup(values) => {
                let function = Function::Lookup(v1::LookupFunction {});
                (function, send(values.owners()))
            }
        };
        Self {
            name: keyspace.name.to_string(),
            key_type: v1::KeyType::from(keyspace.function.key_type()).into(),
            function: Some(function),
            shards,
        }
    }
}

impl TryFrom<v1::Keyspace> for domain::Keyspace {
    type Error = WireError;

    fn try_from(keyspace: v1::Keyspace) -> Result<Self, WireError> {
        let name: domain::KeyspaceName = parse(&keyspace.name, "name")?;
        let key = known::<v1::KeyType>(keyspace.key_type, "key_type")?.try_into()?;
        let shards = keyspace.shards;
        let function = required(keyspace.function, "function")?;
        let faulty = |fault| {
            let keyspace = name.clone();
            WireError::invalid("shards", KeyspaceError { keyspace, fault })
        };
        let function = match function {
            Function::Hash(hash) => domain::Function::Hash {
                algorithm: known::<v1::HashAlgorithm>(hash.algorithm, "hash.algorithm")?
                    .try_into()?,
                key,
                ranges: Ranges::new(read(shards)?).map_err(faulty)?,
            },
            Function::Range(_) => domain::Function::Range(
                match key {
                    KeyType::Integer => Ranges::new(read(shards)?).map(KeyRanges::Integer),
                    KeyType::Unsigned => Ranges::new(read(shards)?).map(KeyRanges::Unsigned),
                    KeyType::Bytes => Ranges::new(read(shards)?).map(KeyRanges::Bytes),
                    KeyType::String | KeyType::Uuid => Err(Fault::KeyType { found: key }),
                }
                .map_err(faulty)?,
            ),
            Function::Md5Mod(md5_mod) => domain::Function::Md5Mod {
                key,
                slots: Slots::new(md5_mod.modulo, read(shards)?).map_err(faulty)?,
            },
            Function::Lookup(_) => {
                domain::Function::Lookup(Values::new(key, read(shards)?).map_err(faulty)?)
            }
        };
        Ok(Self { name, function })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    /// As in a configuration document.
    fn shop(fields: &str) -> domain::Keyspace {
        let text = format!(r#"{{"shop":{{{fields}}}}}"#);
        let keyspaces: domain::Keyspaces = serde_json::from_str(&text).unwrap();
        keyspaces.iter().next().unwrap().clone()
    }

    fn keyspaces() -> [domain::Keyspace; 6] {
        [
            r#""function":"hash","key":"uuid","shards":[
                {"name":"s0","cluster":"orders","range":"-40","writes":"held"},
                {"name":"s1","cluster":"users","range":"40-"}]"#,
            r#""function":"range","key":"integer","shards":[
                {"name":"s0","cluster":"orders","below":-100},
                {"name":"s1","cluster":"users","from":-100,"below":0},
                {"name":"s2","cluster":"users","from":0}]"#,
            r#""function":"range","key":"unsigned","shards":[
                {"name":"s0","cluster":"orders","below":18446744073709551615},
                {"name":"s1","cluster":"users","from":18446744073709551615}]"#,
            r#""function":"range","key":"bytes","shards":[
                {"name":"s0","cluster":"orders","below":"0x00ff"},
                {"name":"s1","cluster":"users","from":"0x00ff"}]"#,
            r#""function":"md5_mod","key":"string","modulo":3,"shards":[
                {"name":"s0","cluster":"orders","slots":[0,2]},
                {"name":"s1","cluster":"users","slots":[1]}]"#,
            r#""function":"lookup","key":"uuid","shards":[
                {"name":"s0","cluster":"orders","values":["67e55044-10b1-426f-9247-bb680e5fe0c8"]},
                {"name":"s1","cluster":"users","default":true}]"#,
        ]
        .map(shop)
    }

    #[test]
    fn a_keyspace_reads_back_as_sent() {
        for keyspace in keyspaces() {
            let sent = v1::Keyspace::from(&keyspace).encode_to_vec();
            let received = v1::Keyspace::decode(sent.as_slice()).unwrap();
            assert_eq!(domain::Keyspace::try_from(received).unwrap(), keyspace);
        }
    }

    #[test]
    fn a_key_of_any_type_reads_back_as_sent() {
        let uuid = Uuid::from_u128(7);
        let keys: [domain::Key<'_>; 5] = [
            "a".into(),
            vec![0].into(),
            (-1).into(),
            1_u64.into(),
            uuid.into(),
        ];
        for key in keys {
            let sent = v1::Key::from(key.clone());
            assert_eq!(domain::Key::try_from(sent).unwrap(), key);
        }
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_and_never_a_panic(at in 0..6_usize, flips: Vec<(usize, u8)>) {
            let mut bytes = v1::Keyspace::from(&keyspaces()[at]).encode_to_vec();
            for (place, byte) in flips.into_iter().take(3) {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            if let Ok(message) = v1::Keyspace::decode(bytes.as_slice()) {
                let _ = domain::Keyspace::try_from(message);
            }
        }
    }

    fn wrong(change: fn(&mut v1::Keyspace)) -> WireError {
        let [hash, ..] = keyspaces();
        let mut message = v1::Keyspace::from(&hash);
        change(&mut message);
        domain::Keyspace::try_from(message).unwrap_err()
    }

    #[test]
    fn an_error_names_the_field_it_is_about() {
        let field = |change| wrong(change).field().to_owned();
        assert_eq!(field(|shop| shop.name.clear()), "name");
        assert_eq!(field(|shop| shop.key_type = 0), "key_type");
        assert_eq!(field(|shop| shop.key_type = 99), "key_type");
        assert_eq!(field(|shop| shop.function = None), "function");
        assert_eq!(
            field(|shop| shop.function = Some(Function::Hash(v1::HashFunction { algorithm: 0 }))),
            "hash.algorithm"
        );
        assert_eq!(
            field(|shop| shop.shards[1].cluster.clear()),
            "shards[1].cluster"
        );
        assert_eq!(field(|shop| shop.shards[1].writes = 0), "shards[1].writes");
        assert_eq!(field(|shop| shop.shards[1].owns = None), "shards[1].owns");
        assert_eq!(
            field(|shop| shop.shards[1].owns = Some(vec![1].send())),
            "shards[1].owns"
        );
    }

    #[test]
    fn shards_that_do_not_cover_the_space_are_refused_with_the_gap() {
        let error = wrong(|shop| drop(shop.shards.remove(1)));
        assert_eq!(error.field(), "shards");
        assert_eq!(
            tonic::Status::from(error).message(),
            "field `shards` is not valid: keyspace `shop`: no shard owns 40-, after `s0`; let \
             `s0` own -"
        );
    }
}
