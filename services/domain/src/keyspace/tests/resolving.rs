//! Who owns a key.

use proptest::prelude::*;

use super::super::span::Bound;
use super::super::{Key, Position, Ranges, Shard, ShardIndex, Span, Unresolved, Writes};
use super::{BYTES, HASH, LOOKUP, MD5_MOD, RANGE, shop};

fn owner(fields: &str, key: impl Into<Key<'static>>) -> String {
    shop(fields)
        .resolve(&key.into())
        .map_or_else(|error| error.to_string(), |shard| shard.name.to_string())
}

#[test]
fn a_range_holds_its_lower_bound_and_not_its_upper() {
    for (key, shard) in [
        (i64::MIN, "low"),
        (-101, "low"),
        (-100, "mid"),
        (99, "mid"),
        (100, "high"),
        (i64::MAX, "high"),
    ] {
        assert_eq!(owner(RANGE, key), shard, "{key}");
    }
    for (key, shard) in [("", "a-m"), ("mzz", "a-m"), ("n", "n-z"), ("é", "rest")] {
        assert_eq!(owner(BYTES, key), shard, "{key}");
    }
}

#[test]
fn the_other_functions_have_one_owner_too() {
    let keyspace = shop(HASH);
    for number in 0..100_u64 {
        let signed = keyspace.resolve(&Key::from(number.cast_signed()));
        assert_eq!(keyspace.resolve(&Key::from(number)), signed);
    }
    assert_eq!(owner(MD5_MOD, "user-42"), "s1");
    assert_eq!(owner(LOOKUP, "fr"), "eu");
    assert_eq!(owner(LOOKUP, "us"), "rest");
}

#[test]
fn a_lookup_without_a_default_may_have_no_answer() {
    let fields = r#""function":"lookup","key":"unsigned","shards":[
        {"name":"eu","cluster":"orders","values":[1,"2"]}]"#;
    assert_eq!(owner(fields, 2_u64), "eu");
    assert_eq!(
        owner(fields, 3),
        "keyspace `shop`: no shard owns `3`, and none is the default"
    );
}

#[test]
fn a_key_of_another_type_says_what_is_allowed() {
    let keyspace = shop(RANGE);
    let error = keyspace.resolve(&Key::from("7")).unwrap_err();
    assert!(matches!(error, Unresolved::NotAKey { .. }));
    assert_eq!(
        error.to_string(),
        "keyspace `shop`: `7` is of type string, and the keys are of type integer: an integer \
         from -9223372036854775808 to 9223372036854775807 is allowed"
    );
}

#[test]
fn resolving_allocates_nothing() {
    for (fields, key) in [
        (HASH, Key::from(-5)),
        (RANGE, Key::from(5_u64)),
        (BYTES, Key::from("m")),
        (MD5_MOD, Key::from("user-42")),
        (LOOKUP, Key::from("de")),
    ] {
        let keyspace = shop(fields);
        let mut owned = false;
        let counted = allocation_counter::measure(|| owned = keyspace.resolve(&key).is_ok());
        assert!(owned, "{key}");
        assert_eq!(counted.count_total, 0, "{key}");
    }
    let counted = allocation_counter::measure(|| drop(shop(LOOKUP)));
    assert!(counted.count_total > 0, "nothing is counted");
}

/// Integers that are often alike, often extreme, and anything between.
fn numbers() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..5000_u64,
        any::<u64>(),
        (0..64_u32, any::<u64>()).prop_map(|(shift, number)| number >> shift),
        Just(u64::MAX),
        Just(1 << 63),
    ]
}

fn bounds<T: Ord + std::fmt::Debug>(
    one: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::btree_set(one, 0..300).prop_map(|set| set.into_iter().collect())
}

/// The law of the index, by counting.
fn check<B: Bound>(bounds: &[B], points: &[B]) -> Result<(), TestCaseError> {
    let index = ShardIndex::new(bounds.to_vec()).unwrap();
    for point in points.iter().chain(bounds) {
        let below = bounds.iter().filter(|bound| *bound <= point).count();
        prop_assert_eq!(index.find(point.borrow()), below);
    }
    Ok(())
}

fn signed(numbers: Vec<u64>) -> Vec<i64> {
    let mut signed: Vec<i64> = numbers.into_iter().map(u64::cast_signed).collect();
    signed.sort_unstable();
    signed
}

proptest! {
    #[test]
    fn the_index_finds_what_counting_finds_among_hashes(
        bounds in bounds(numbers()),
        points in proptest::collection::vec(numbers(), 100),
    ) {
        let hashes = |numbers: Vec<u64>| -> Vec<_> { numbers.into_iter().map(Position).collect() };
        check::<Position>(&hashes(bounds), &hashes(points))?;
    }

    #[test]
    fn the_index_finds_what_counting_finds_among_integers(
        bounds in bounds(numbers()),
        points in proptest::collection::vec(numbers(), 100),
    ) {
        check(&signed(bounds.clone()), &signed(points.clone()))?;
        check(&bounds, &points)?;
    }

    #[test]
    fn the_index_finds_what_counting_finds_among_byte_strings(
        bounds in bounds(proptest::collection::vec(0..4_u8, 0..12)),
        points in proptest::collection::vec(proptest::collection::vec(0..4_u8, 0..12), 100),
    ) {
        check(&bounds, &points)?;
    }

    #[test]
    fn a_point_lies_in_the_range_of_its_owner_and_in_no_other(
        bounds in bounds(numbers().prop_filter("the first range begins there", |n| *n > 0)),
        points in proptest::collection::vec(numbers(), 100),
    ) {
        let ranges = Ranges::new(spans(&bounds)).unwrap();
        for point in points {
            let holders: Vec<&Shard> = ranges
                .owners()
                .filter(|(_, span)| span.from <= point && span.below.is_none_or(|end| point < end))
                .map(|(shard, _)| shard)
                .collect();
            prop_assert_eq!(holders, vec![ranges.find(&point)]);
        }
    }
}

/// Shards between these bounds, the last one first.
fn spans(bounds: &[u64]) -> Vec<(Shard, Span<u64>)> {
    let begins = std::iter::once(None).chain(bounds.iter().copied().map(Some));
    let ends = bounds.iter().copied().map(Some).chain([None]);
    let mut spans: Vec<_> = begins
        .zip(ends)
        .enumerate()
        .map(|(at, (from, below))| {
            let shard = Shard {
                name: format!("s{at}").parse().unwrap(),
                cluster: "orders".parse().unwrap(),
                writes: Writes::Serving,
            };
            (shard, Span::new(from, below))
        })
        .collect();
    spans.reverse();
    spans
}
