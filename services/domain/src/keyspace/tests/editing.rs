//! Splitting, merging and moving shards.

use super::super::{Cut, EditError, Keyspace, Writes};
use super::{BYTES, HASH, LOOKUP, MD5_MOD, RANGE, shop};

fn split(keyspace: &Keyspace, shard: &str, at: &str) -> Result<Keyspace, EditError> {
    let cut = Cut::parse(&keyspace.function, at).unwrap();
    keyspace.split(
        &shard.parse().unwrap(),
        &cut,
        "new".parse().unwrap(),
        "spare".parse().unwrap(),
    )
}

fn merge(keyspace: &Keyspace, into: &str, other: &str) -> Result<Keyspace, EditError> {
    keyspace.merge(&into.parse().unwrap(), &other.parse().unwrap())
}

/// What the shard owns, as written.
fn owns(keyspace: &Keyspace, shard: &str) -> String {
    let all = serde_json::to_value(keyspace).unwrap();
    let shards = all["shards"].as_array().unwrap();
    let mut shard = shards
        .iter()
        .find(|written| written["name"] == shard)
        .unwrap()
        .clone();
    let fields = shard.as_object_mut().unwrap();
    for field in ["name", "cluster", "writes"] {
        fields.remove(field);
    }
    shard.to_string()
}

#[test]
fn a_split_gives_the_upper_part_to_the_new_shard_and_merging_takes_it_back() {
    for (fields, shard, at, left, given) in [
        (
            HASH,
            "s1",
            "c0",
            r#"{"range":"40-c0"}"#,
            r#"{"range":"c0-"}"#,
        ),
        (
            RANGE,
            "mid",
            "0",
            r#"{"below":0,"from":-100}"#,
            r#"{"below":100,"from":0}"#,
        ),
        (
            BYTES,
            "a-m",
            "k",
            r#"{"below":"k"}"#,
            r#"{"below":"n","from":"k"}"#,
        ),
        (MD5_MOD, "s0", "1", r#"{"slots":[0]}"#, r#"{"slots":[1]}"#),
        (
            LOOKUP,
            "eu",
            "fr",
            r#"{"values":["de"]}"#,
            r#"{"values":["fr"]}"#,
        ),
    ] {
        let whole = shop(fields);
        let two = split(&whole, shard, at).unwrap();
        assert_eq!(owns(&two, shard), left);
        assert_eq!(owns(&two, "new"), given);
        let new = two.shard(&"new".parse().unwrap()).unwrap();
        assert_eq!(new.cluster.as_str(), "spare");
        assert_eq!(merge(&two, shard, "new").unwrap(), whole);
    }
}

#[test]
fn a_shard_split_off_one_whose_writes_are_held_is_held_too() {
    let two = split(&shop(HASH), "s0", "20").unwrap();
    let new = two.shard(&"new".parse().unwrap()).unwrap();
    assert_eq!(new.writes, Writes::Held);
}

#[test]
fn a_cut_that_leaves_one_side_nothing_is_refused() {
    let refused = |fields: &str, shard: &str, at: &str| {
        split(&shop(fields), shard, at).unwrap_err().to_string()
    };
    assert_eq!(
        refused(HASH, "s1", "40"),
        "keyspace `shop`: shard `s1` owns 40-, and cannot be split at 40: name a hash within, \
         above the first"
    );
    assert_eq!(
        refused(RANGE, "mid", "100"),
        "keyspace `shop`: shard `mid` owns keys from -100 below 100, and cannot be split at 100: \
         name a key within, above the first"
    );
    assert_eq!(
        refused(MD5_MOD, "s0", "0, 1"),
        "keyspace `shop`: shard `s0` owns the slots 0, 1, and cannot be split at 0, 1: name some \
         of its slots, and not all"
    );
    assert_eq!(
        refused(LOOKUP, "eu", "it"),
        "keyspace `shop`: shard `eu` owns the values de, fr, and cannot be split at it: name some \
         of its values, and leave it some or the default"
    );
}

#[test]
fn a_place_that_cannot_be_read_says_what_can() {
    let wrong = |fields: &str, at: &str| {
        let error = Cut::parse(&shop(fields).function, at).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        wrong(HASH, "4"),
        "a shard cannot be split at `4`: it is not 1 to 8 bytes in hexadecimal, two digits for \
         each, such as 40 or 4a80"
    );
    assert!(wrong(RANGE, "x").contains("is no key of type integer"));
    assert!(
        wrong(MD5_MOD, "1,x")
            .ends_with("give the numbers of the new shard's slots, with commas between")
    );
}

#[test]
fn only_neighbours_are_merged() {
    let keyspace = shop(RANGE);
    let merged = merge(&keyspace, "high", "mid").unwrap();
    assert_eq!(owns(&merged, "high"), r#"{"from":-100}"#);
    let error = merge(&keyspace, "low", "high").unwrap_err();
    assert_eq!(
        error.to_string(),
        "keyspace `shop`: `low` owns keys below -100, and `high` keys from 100, which do not \
         touch; only neighbours can be merged"
    );
    let error = merge(&keyspace, "low", "low").unwrap_err();
    assert_eq!(
        error.to_string(),
        "keyspace `shop`: shard `low` cannot be merged with itself; name two shards"
    );
}

#[test]
fn a_shard_is_moved_and_its_writes_are_held_on_the_way() {
    let (shard, cluster) = ("mid".parse().unwrap(), "orders".parse().unwrap());
    let held = shop(RANGE).with_writes(&shard, Writes::Held).unwrap();
    let moved = held.move_to(&shard, cluster).unwrap();
    let there = moved.shard(&shard).unwrap();
    assert_eq!(
        (there.cluster.as_str(), there.writes),
        ("orders", Writes::Held)
    );
    assert_eq!(owns(&moved, "mid"), owns(&held, "mid"));
    let error = moved.move_to(&shard, there.cluster.clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "keyspace `shop`: shard `mid` is on orders already"
    );
}

#[test]
fn a_name_that_is_not_there_or_taken_is_refused() {
    let keyspace = shop(HASH);
    let error = merge(&keyspace, "s0", "s9").unwrap_err();
    assert_eq!(
        error.to_string(),
        "keyspace `shop`: there is no shard `s9`; there are: s0, s1"
    );
    let cut = Cut::parse(&keyspace.function, "80").unwrap();
    let (s0, s1) = ("s0".parse().unwrap(), "s1".parse().unwrap());
    let taken = keyspace.split(&s1, &cut, s0, "orders".parse().unwrap());
    assert_eq!(
        taken.unwrap_err().to_string(),
        "keyspace `shop`: there is a shard `s0` already; give the new one another name"
    );
}
