//! What is no keyspace, and what is said about it.

use super::{HASH, Keyspaces, RANGE, read};

fn fault(fields: &str) -> String {
    read(fields).unwrap_err()
}

/// The keyspace `shop` by hash with these ranges for `s0`, `s1`, ….
fn hashes(ranges: &[&str]) -> Result<super::Keyspace, String> {
    let shards: Vec<String> = ranges
        .iter()
        .enumerate()
        .map(|(at, range)| format!(r#"{{"name":"s{at}","cluster":"orders","range":{range}}}"#))
        .collect();
    read(&format!(
        r#""function":"hash","key":"integer","shards":[{}]"#,
        shards.join(",")
    ))
}

#[test]
fn ranges_cover_the_space_exactly_once_or_the_error_says_what_would() {
    for good in [&["\"-\""][..], &["\"-40\"", "\"40-c0\"", "\"c0-\""]] {
        assert!(hashes(good).is_ok(), "{good:?}");
    }
    for (ranges, said) in [
        (
            &[r#""-40""#, r#""60-""#][..],
            "no shard owns 40-60, between `s0` and `s1`; let `s0` own -60, or `s1` own 40-",
        ),
        (
            &[r#""20-40""#, r#""40-""#],
            "no shard owns -20, before `s0`; let `s0` own -40",
        ),
        (
            &[r#""-40""#, r#""40-80""#],
            "no shard owns 80-, after `s1`; let `s1` own 40-",
        ),
        (
            &[r#""-60""#, r#""40-""#],
            "shards `s0` and `s1` both own 40-60; let `s0` own -40",
        ),
        (
            &[r#""-""#, r#""40-80""#],
            "shards `s0` and `s1` both own 40-80; let `s0` own -40",
        ),
        (
            &[r#""-""#, r#""-80""#],
            "shards `s1` and `s0` both own -80; let `s0` own 80-",
        ),
        (
            &[r#""-""#, r#""-""#],
            "shards `s0` and `s1` both own -; remove one, or divide it between them",
        ),
        (
            &[r#""-40""#, r#""80-40""#],
            "shard `s1` owns 80-40, which is empty; let it end above where it begins",
        ),
    ] {
        let told = hashes(ranges).unwrap_err();
        assert_eq!(told, format!("keyspace `shop`: {said}"), "{ranges:?}");
    }
}

#[test]
fn a_range_of_hashes_stands_in_quotes() {
    for found in ["-40", "40", r#""40""#, r#""x-""#, r#""4-""#] {
        let told = hashes(&[found]).unwrap_err();
        assert!(
            told.starts_with(&format!(
                "keyspace `shop`: shard `s0`, field `range`: {found} is not allowed; write"
            )),
            "{told}"
        );
    }
}

#[test]
fn a_gap_between_keys_is_told_in_keys() {
    let told = fault(
        r#""function":"range","key":"integer","shards":[
        {"name":"low","cluster":"orders","below":-5},
        {"name":"high","cluster":"orders","from":"7"}]"#,
    );
    assert_eq!(
        told,
        "keyspace `shop`: no shard owns keys from -5 below 7, between `low` and `high`; let `low` \
         own keys below 7, or `high` own keys from -5"
    );
}

#[test]
fn each_slot_has_one_owner() {
    let slots = |modulo: &str, one: &str, two: &str| {
        fault(&format!(
            r#""function":"md5_mod","key":"string",{modulo}"shards":[
            {{"name":"s1","cluster":"orders"{two}}},{{"name":"s0","cluster":"orders"{one}}}]"#
        ))
    };
    let (zero, one) = (r#","slots":[0]"#, r#","slots":[1]"#);
    for (told, said) in [
        (
            slots(r#""modulo":3,"#, zero, one),
            "no shard owns slot 2 of 3; add it to the `slots` of one",
        ),
        (
            slots(r#""modulo":2,"#, zero, r#","slots":[1,0]"#),
            "slot 0 is in the `slots` of `s0` and again of `s1`; leave it in one",
        ),
        (
            slots(r#""modulo":2,"#, zero, r#","slots":[2]"#),
            "shard `s1` owns slot 2; of modulo 2 there are slots 0 to 1",
        ),
        (
            slots(r#""modulo":2,"#, zero, ""),
            "shard `s1` owns nothing; give it `slots`, or remove it",
        ),
        (
            slots(r#""modulo":0,"#, zero, one),
            "`modulo` is 0; 1 to 65536 is allowed",
        ),
        (
            slots("", zero, one),
            "field `modulo` is missing; it says how many slots there are",
        ),
    ] {
        assert_eq!(told, format!("keyspace `shop`: {said}"));
    }
}

#[test]
fn each_value_has_one_owner() {
    let values = |key: &str, one: &str, two: &str| {
        fault(&format!(
            r#""function":"lookup","key":"{key}","shards":[
            {{"name":"eu","cluster":"orders"{one}}},{{"name":"us","cluster":"orders"{two}}}]"#
        ))
    };
    let default = r#","default":true"#;
    for (told, said) in [
        (
            values("string", r#","values":["de","fr"]"#, r#","values":["fr"]"#),
            "value `fr` is in the `values` of `eu` and again of `us`; leave it in one",
        ),
        (
            values("integer", r#","values":[1]"#, r#","values":["1"]"#),
            "value `1` is in the `values` of `eu` and again of `us`; leave it in one",
        ),
        (
            values("string", default, default),
            "`eu` and `us` are both the default; leave it to one",
        ),
        (
            values("string", default, ""),
            "shard `us` owns nothing; give it `values`, or `default: true`, or remove it",
        ),
        (
            values("string", default, r#","values":[49]"#),
            "shard `us`, field `values`: `49` is of type unsigned, and the keys are of type \
             string: text (a number in quotes) is allowed",
        ),
    ] {
        assert_eq!(told, format!("keyspace `shop`: {said}"));
    }
}

#[test]
fn what_is_too_much_for_a_table_that_everybody_gets_is_refused() {
    let many: Vec<String> = (0..65_537).map(|value| value.to_string()).collect();
    let listing = |values: &str| {
        format!(
            r#""function":"lookup","key":"string","shards":[
            {{"name":"s0","cluster":"orders","values":[{values}]}}]"#
        )
    };
    let numbers = listing(&many.join(",")).replace("string", "integer");
    assert_eq!(
        fault(&numbers),
        "keyspace `shop`: it has 65537 values; 65536 at most are allowed"
    );
    let large = format!(r#""{}""#, "x".repeat(1 << 20));
    assert!(read(&listing(&large)).is_ok());
    assert_eq!(
        fault(&listing(&format!(r#"{large},"y""#))),
        "keyspace `shop`: the keys that its shards list take 1048577 bytes together; 1048576 at \
         most are allowed"
    );
    let everything = r#""-""#;
    assert_eq!(
        hashes(&vec![everything; 4097]).unwrap_err(),
        "keyspace `shop`: it has 4097 shards; 4096 at most are allowed"
    );
}

#[test]
fn a_keyspace_stands_there_once() {
    let text = format!(r#"{{"shop":{{{HASH}}},"shop":{{{RANGE}}}}}"#);
    let error = serde_json::from_str::<Keyspaces>(&text).unwrap_err();
    let told = error.to_string();
    assert!(
        told.starts_with("keyspace `shop` stands there twice"),
        "{told}"
    );
}

#[test]
fn a_field_of_another_function_is_refused() {
    let told = fault(
        r#""function":"hash","key":"integer","shards":[
        {"name":"s0","cluster":"orders","from":1}]"#,
    );
    assert_eq!(
        told,
        "keyspace `shop`: shard `s0`, field `from` is not for function hash; it may have `hash`, \
         and its shards have `range`"
    );
    let told = fault(r#""function":"range","key":"integer","modulo":4,"shards":[]"#);
    assert_eq!(
        told,
        "keyspace `shop`: field `modulo` is not for function range; its shards have `from` and \
         `below`"
    );
    let told = fault(r#""function":"range","key":"uuid","shards":[]"#);
    assert_eq!(
        told,
        "keyspace `shop`: `key` is uuid; a range is over keys of type integer, unsigned or bytes"
    );
    assert!(fault(r#""function":"hash","key":"integer","slots":[]"#).contains("unknown field"));
}

#[test]
fn shards_have_names_of_their_own_and_there_is_one() {
    assert_eq!(
        fault(r#""function":"hash","key":"integer","shards":[]"#),
        "keyspace `shop`: it has no shards; give at least one"
    );
    let told = fault(
        r#""function":"hash","key":"integer","shards":[
        {"name":"s0","cluster":"orders","range":"-40"},
        {"name":"s0","cluster":"users","range":"40-"}]"#,
    );
    assert_eq!(
        told,
        "keyspace `shop`: two shards are named `s0`; give each a name of its own"
    );
}
