//! What a change moves.

use proptest::prelude::*;

use super::super::{
    Cut, Fraction, Function, HashAlgorithm, Key, KeyRanges, KeyType, Keys, Keyspace, Place,
    Position, Preview, Ranges, Shard, Slots, Span, Writes,
};
use super::{HASH, LOOKUP, MD5_MOD, RANGE, shop};

fn told(from: &Keyspace, to: &Keyspace) -> Vec<String> {
    let preview = Preview::new(from, to);
    let moves = preview.moves().iter().map(ToString::to_string);
    std::iter::once(preview.to_string()).chain(moves).collect()
}

#[test]
fn a_change_of_hashes_is_told_in_exact_parts() {
    let before = shop(HASH);
    let cut = Cut::parse(&before.function, "80").unwrap();
    let (s1, s2) = ("s1".parse().unwrap(), "s2".parse().unwrap());
    let after = before
        .split(&s1, &cut, s2, "orders".parse().unwrap())
        .unwrap();
    let s0 = "s0".parse().unwrap();
    let cut = Cut::parse(&after.function, "3f").unwrap();
    let s3 = "s3".parse().unwrap();
    let after = after
        .split(&s0, &cut, s3, "orders".parse().unwrap())
        .unwrap();
    assert_eq!(
        told(&before, &after),
        [
            "50.39% of the keys move, 50% to another cluster",
            "0.39% of the keys: from `s0` on orders to `s3` on orders",
            "50% of the keys: from `s1` on users to `s2` on orders",
        ]
    );
    assert_eq!(told(&before, &before), ["no key moves"]);
    let held = before.with_writes(&s1, Writes::Held).unwrap();
    assert_eq!(told(&before, &held), ["no key moves"]);
}

#[test]
fn a_change_of_ranges_is_told_range_by_range() {
    let before = shop(RANGE);
    let after = shop(
        r#""function":"range","key":"integer","shards":[
        {"name":"low","cluster":"users","below":0},
        {"name":"high","cluster":"orders","from":0}]"#,
    );
    assert_eq!(
        told(&before, &after),
        [
            "keys move, some to another cluster",
            "keys below -100: from `low` on orders to `low` on users",
            "keys from -100 below 0: from `mid` on users to `low` on users",
            "keys from 0 below 100: from `mid` on users to `high` on orders",
        ]
    );
}

#[test]
fn a_change_of_values_is_told_key_by_key() {
    let after = shop(
        r#""function":"lookup","key":"string","shards":[
        {"name":"eu","cluster":"orders","values":["de"]},
        {"name":"us","cluster":"users","values":["us","fr"]}]"#,
    );
    assert_eq!(
        told(&shop(LOOKUP), &after),
        [
            "keys move, some to another cluster",
            "the keys `fr`: from `eu` on orders to `us` on users",
            "the keys `us`: from `rest` on users to `us` on users",
            "all other keys: from `rest` on users to no shard",
        ]
    );
}

#[test]
fn when_keys_are_divided_anew_any_may_move() {
    assert_eq!(
        told(&shop(HASH), &shop(RANGE)),
        ["any key may move: the function changes from hash to range"]
    );
    let strings = shop(&HASH.replace("integer", "string"));
    assert_eq!(
        told(&shop(HASH), &strings),
        ["any key may move: the key type changes from integer to string"]
    );
}

#[test]
fn doubling_the_slots_moves_what_the_new_slots_own() {
    let after = shop(
        r#""function":"md5_mod","key":"string","modulo":8,"shards":[
        {"name":"s0","cluster":"orders","slots":[0,1,4,5]},
        {"name":"s1","cluster":"users","slots":[2,6,3]},
        {"name":"s2","cluster":"users","slots":[7]}]"#,
    );
    assert_eq!(
        told(&shop(MD5_MOD), &after),
        [
            "12.5% of the keys move, none to another cluster",
            "12.5% of the keys: from `s1` on users to `s2` on users",
        ]
    );
}

fn shard(name: usize, cluster: usize) -> Shard {
    Shard {
        name: format!("s{name}").parse().unwrap(),
        cluster: format!("c{cluster}").parse().unwrap(),
        writes: Writes::Serving,
    }
}

fn keyspace(function: Function) -> Keyspace {
    Keyspace {
        name: "shop".parse().unwrap(),
        function,
    }
}

/// Slots with any owners.
fn slots() -> impl Strategy<Value = Slots> {
    proptest::collection::vec(0..4_usize, 1..30).prop_map(|owners| {
        let shards = (0..4).map(|name| {
            let slots = (0..).zip(&owners).filter(|(_, owner)| **owner == name);
            let slots: Vec<u32> = slots.map(|(slot, _)| slot).collect();
            (shard(name, name % 2), slots)
        });
        let shards = shards.filter(|(_, slots)| !slots.is_empty()).collect();
        Slots::new(u32::try_from(owners.len()).unwrap(), shards).unwrap()
    })
}

fn by_slots(slots: &Slots) -> Keyspace {
    keyspace(Function::Md5Mod {
        key: KeyType::String,
        slots: slots.clone(),
    })
}

/// Spans between ascending bounds, owned by shards that start at a number.
fn spans<B: super::super::Bound>(bounds: &[B], first: usize) -> Ranges<B> {
    let begins = std::iter::once(None).chain(bounds.iter().cloned().map(Some));
    let ends = bounds.iter().cloned().map(Some).chain([None]);
    let owners = begins
        .zip(ends)
        .enumerate()
        .map(|(at, (from, below))| (shard(first + at, at % 3), Span::new(from, below)));
    Ranges::new(owners.collect()).unwrap()
}

fn bounds() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::btree_set(1..40_u64, 0..12).prop_map(|set| set.into_iter().collect())
}

fn place(keyspace: &Keyspace, key: &Key<'_>) -> Option<Place> {
    keyspace.resolve(key).ok().map(Place::from)
}

/// All moves together, as far as they go from one place to another.
fn part(preview: &Preview, from: &Place, to: &Place) -> Fraction {
    let both = |place: &Option<Place>, wanted| place.as_ref() == Some(wanted);
    let moved = preview
        .moves()
        .iter()
        .find(|moved| both(&moved.from, from) && both(&moved.to, to));
    match moved.map(|moved| &moved.keys) {
        Some(Keys::Part(fraction)) => *fraction,
        _ => Fraction { part: 0, whole: 1 },
    }
}

proptest! {
    #[test]
    fn the_parts_of_slots_are_what_counting_all_remainders_gives(one in slots(), two in slots()) {
        let preview = Preview::new(&by_slots(&one), &by_slots(&two));
        let all = u128::from(one.modulo()) * u128::from(two.modulo());
        for before in one.shards() {
            for after in two.shards().iter().filter(|after| {
                (&after.name, &after.cluster) != (&before.name, &before.cluster)
            }) {
                let counted = (0..all)
                    .filter(|n| one.find(*n) == before && two.find(*n) == after)
                    .count();
                let told = part(&preview, &before.into(), &after.into());
                prop_assert_eq!(told.part * all, counted as u128 * told.whole);
            }
        }
    }

    #[test]
    fn a_key_is_in_one_move_if_its_place_changes_and_in_none_if_not(
        one in bounds(),
        two in bounds(),
        shift in 0..3_usize,
        keys in proptest::collection::vec(0..45_u64, 50),
    ) {
        let by_range = |ranges| keyspace(Function::Range(KeyRanges::Unsigned(ranges)));
        let (before, after) = (by_range(spans(&one, 0)), by_range(spans(&two, shift)));
        let preview = Preview::new(&before, &after);
        for key in keys {
            let (from, to) = (place(&before, &key.into()), place(&after, &key.into()));
            let holders = preview.moves().iter().filter(|moved| match &moved.keys {
                Keys::Unsigned(span) => {
                    span.from <= key && span.below.is_none_or(|below| key < below)
                }
                _ => false,
            });
            let holders: Vec<_> = holders.map(|moved| (&moved.from, &moved.to)).collect();
            let expected = if from == to { vec![] } else { vec![(&from, &to)] };
            prop_assert_eq!(holders, expected);
        }
    }

    #[test]
    fn the_parts_of_hashes_are_as_large_as_the_hashes_that_move(one in bounds(), two in bounds()) {
        let ranges = |bounds: &[u64]| {
            let bounds: Vec<_> = bounds.iter().map(|bound| Position(bound << 56)).collect();
            spans(&bounds, 0)
        };
        let by_hash = |ranges| keyspace(Function::Hash {
            algorithm: HashAlgorithm::Xxh3,
            key: KeyType::Bytes,
            ranges,
        });
        let (one, two) = (ranges(&one), ranges(&two));
        let moved = (0..256_u64).filter(|byte| {
            let position = Position(byte << 56);
            Place::from(one.find(&position)) != Place::from(two.find(&position))
        });
        let moved = moved.count() as u128;
        let preview = Preview::new(&by_hash(one), &by_hash(two));
        let told = preview.part().map_or(0, |fraction| fraction.part);
        prop_assert_eq!(told, moved << 56);
    }
}
