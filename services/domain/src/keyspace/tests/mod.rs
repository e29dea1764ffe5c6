//! Keyspaces as they are written, what is refused, and who owns a key.

mod editing;
mod faults;
mod moving;
mod resolving;
mod vectors;

use super::{Keyspace, Keyspaces};

/// The keyspace `shop` with this text in place of its fields.
fn read(fields: &str) -> Result<Keyspace, String> {
    let text = format!(r#"{{"shop":{{{fields}}}}}"#);
    let keyspaces: Keyspaces = serde_json::from_str(&text).map_err(|error| {
        let told = error.to_string();
        told.split(" at line").next().unwrap_or(&told).to_owned()
    })?;
    Ok(keyspaces.iter().next().unwrap().clone())
}

/// A valid one.
fn shop(fields: &str) -> Keyspace {
    read(fields).unwrap()
}

const HASH: &str = r#""function":"hash","key":"integer","shards":[
    {"name":"s1","cluster":"users","range":"40-"},
    {"name":"s0","cluster":"orders","range":"-40","writes":"held"}]"#;
const RANGE: &str = r#""function":"range","key":"integer","shards":[
    {"name":"low","cluster":"orders","below":-100},
    {"name":"mid","cluster":"users","from":-100,"below":100},
    {"name":"high","cluster":"orders","from":100}]"#;
const BYTES: &str = r#""function":"range","key":"bytes","shards":[
    {"name":"a-m","cluster":"orders","below":"n"},
    {"name":"n-z","cluster":"users","from":"n","below":"0x80"},
    {"name":"rest","cluster":"users","from":"0x80"}]"#;
const MD5_MOD: &str = r#""function":"md5_mod","key":"string","modulo":4,"shards":[
    {"name":"s0","cluster":"orders","slots":[0,1]},
    {"name":"s1","cluster":"users","slots":[3,2]}]"#;
const LOOKUP: &str = r#""function":"lookup","key":"string","shards":[
    {"name":"eu","cluster":"orders","values":["de","fr"]},
    {"name":"rest","cluster":"users","default":true}]"#;

#[test]
fn a_keyspace_reads_back_as_written() {
    for fields in [HASH, RANGE, BYTES, MD5_MOD, LOOKUP] {
        let keyspace = shop(fields);
        let all: Keyspaces = [keyspace.clone()].into_iter().collect();
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Keyspaces>(&text).unwrap(), all);
    }
}

#[test]
fn ranges_are_written_in_their_order_and_slots_too() {
    let ranges: serde_json::Value = serde_json::to_value(shop(HASH)).unwrap();
    assert_eq!(
        ranges,
        serde_json::json!({"function": "hash", "hash": "xxh3_64", "key": "integer",
        "shards": [
            {"name": "s0", "cluster": "orders", "writes": "held", "range": "-40"},
            {"name": "s1", "cluster": "users", "writes": "serving", "range": "40-"},
        ]})
    );
    let slots = serde_json::to_value(shop(MD5_MOD)).unwrap();
    assert_eq!(slots["shards"][1]["slots"], serde_json::json!([2, 3]));
}
