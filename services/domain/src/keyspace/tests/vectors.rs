//! The examples for implementations in other languages hold here too. They were
//! made with Python's `hashlib` and the reference implementation of XXH3.

use serde::Deserialize;

use super::super::hash;
use super::super::{HashAlgorithm, Key, KeyType, Shard, Slots, Writes, md5_number};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    hash: Vec<HashVector>,
    md5_mod: Vec<ModuloVector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashVector {
    hash: HashAlgorithm,
    key_type: KeyType,
    key: String,
    canonical: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModuloVector {
    key_type: KeyType,
    key: String,
    canonical: String,
    md5: String,
    modulo: u32,
    slot: u32,
}

fn vectors() -> Vectors {
    let text = include_str!("../../../testdata/keyspace-vectors.json");
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_key_hashes_as_in_every_language() {
    let vectors = vectors().hash;
    assert!(!vectors.is_empty());
    for vector in vectors {
        let key = Key::parse(vector.key_type, &vector.key).unwrap();
        let mut buffer = [0; 36];
        let canonical = hex::encode(hash::bytes(&key, &mut buffer));
        assert_eq!(canonical, vector.canonical, "{key}");
        let value = format!("{:016x}", vector.hash.position(&key).0);
        assert_eq!(value, vector.value, "{key}");
    }
}

#[test]
fn a_key_has_the_slot_that_the_common_recipe_gives_it() {
    let vectors = vectors().md5_mod;
    assert!(!vectors.is_empty());
    for vector in vectors {
        let key = Key::parse(vector.key_type, &vector.key).unwrap();
        let mut buffer = [0; 36];
        assert_eq!(hex::encode(hash::text(&key, &mut buffer)), vector.canonical);
        assert_eq!(format!("{:032x}", md5_number(&key)), vector.md5, "{key}");
        let slots = it_and_the_others(&vector);
        let owner = slots.find(md5_number(&key));
        assert_eq!(owner.name.as_str(), "it", "{key}");
    }
}

/// One shard owns the slot of the vector, another every other slot.
fn it_and_the_others(vector: &ModuloVector) -> Slots {
    let shard = |name: &str| Shard {
        name: name.parse().unwrap(),
        cluster: "orders".parse().unwrap(),
        writes: Writes::Serving,
    };
    let others: Vec<u32> = (0..vector.modulo).filter(|n| *n != vector.slot).collect();
    let owners = [(shard("it"), vec![vector.slot]), (shard("others"), others)];
    let owners = owners.into_iter().filter(|(_, slots)| !slots.is_empty());
    Slots::new(vector.modulo, owners.collect()).unwrap()
}
