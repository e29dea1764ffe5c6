//! The documented examples, and the laws of the algebra against a plain model.

use std::collections::BTreeSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const A: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const B: &str = "4350f323-7565-4e59-8763-4b1b83a0ce0e";

/// Parses a set in which `A` and `B` stand for the two UUIDs.
fn set(text: &str) -> GtidSet {
    full(text).parse().unwrap()
}

fn full(text: &str) -> String {
    text.replace('A', A).replace('B', B)
}

fn error(text: &str) -> GtidParseError {
    full(text).parse::<GtidSet>().unwrap_err()
}

#[test]
fn text_is_read_as_mysql_documents_it_and_written_in_one_form() {
    let long_tag = "a".repeat(32);
    let cases = [
        // Nothing, or only separators.
        ("", ""),
        (" \r,, ,\t\u{b}", ""),
        ("A", ""),
        (" A , B,,A", ""),
        ("A:tag", ""),
        // One transaction, one interval, several.
        ("A:23", "A:23"),
        ("A:1-5", "A:1-5"),
        ("A:1-1", "A:1"),
        ("A:1-3:11:47-49", "A:1-3:11:47-49"),
        ("A:9223372036854775806", "A:9223372036854775806"),
        ("A:1-9223372036854775806", "A:1-9223372036854775806"),
        // Several servers, in order of their UUIDs, newlines dropped.
        ("B:77,\nA:1-3:15-21", "A:1-3:15-21,B:77"),
        // Unordered, overlapping, adjacent, repeated.
        ("A:1-5:11-18:6:11:10", "A:1-6:10-18"),
        ("A:9:7:5:3:1", "A:1:3:5:7:9"),
        ("A:80-100,B:20-70,A:50-59:60-79", "A:50-100,B:20-70"),
        ("A:3-9:1-20", "A:1-20"),
        // Reversed intervals are empty.
        ("A:5-3", ""),
        ("A:1-0:7", "A:7"),
        // White space around every token.
        ("\n A : 1 - 5 :\t7 , B : tag : 1 ", "A:1-5:7,B:tag:1"),
        // Tags.
        ("A:1-5:tag_a:1-3:7", "A:1-5:tag_a:1-3:7"),
        (
            "A:Domain_1:1-3:15-21, A:Domain_2:8-52",
            "A:domain_1:1-3:15-21:domain_2:8-52",
        ),
        ("A:b:2:_:1,A:5:a:1:b:1", "A:5:_:1:a:1:b:1-2"),
        ("A:a:b:1", "A:b:1"),
        ("A:a:1,B:2", "A:a:1,B:2"),
    ];
    for (text, canonical) in cases {
        assert_eq!(set(text).to_string(), full(canonical), "reading {text:?}");
    }
    let tagged = format!("{A}:{long_tag}:1");
    assert_eq!(tagged.parse::<GtidSet>().unwrap().to_string(), tagged);
}

#[test]
fn a_uuid_may_be_upper_case_or_braced_or_without_dashes() {
    for uuid in [A.to_uppercase(), format!("{{{A}}}"), A.replace('-', "")] {
        let text = format!("{uuid}:1-5");
        assert_eq!(text.parse::<GtidSet>().unwrap(), set("A:1-5"), "{text}");
    }
}

#[test]
fn malformed_text_is_refused_where_it_goes_wrong() {
    use Expected::{ColonCommaOrEnd, Number, Tag, TagOrNumber, Uuid};
    let cases = [
        ("tag:1", Uuid, 0, r#""tag""#),
        ("-1", Uuid, 0, r#""-1""#),
        (":1", Uuid, 0, r#"":1""#),
        (" A:1, x", Uuid, 41, r#""x""#),
        ("A!", ColonCommaOrEnd, 36, r#""!""#),
        ("A 1", ColonCommaOrEnd, 37, r#""1""#),
        ("A:", TagOrNumber, 37, "the end"),
        ("A::5", TagOrNumber, 37, r#"":5""#),
        ("A:,x", TagOrNumber, 37, r#"",x""#),
        ("A:-1", TagOrNumber, 37, r#""-1""#),
        ("A:+1", TagOrNumber, 37, r#""+1""#),
        ("A:é", TagOrNumber, 37, r#""é""#),
        ("A:0", Number, 37, r#""0""#),
        ("A:0-1", Number, 37, r#""0-1""#),
        ("A:010", Number, 37, r#""010""#),
        ("A:0x10", Number, 37, r#""0x10""#),
        ("A:7x", Number, 37, r#""7x""#),
        (
            "A:9223372036854775807",
            Number,
            37,
            r#""9223372036854775807""#,
        ),
        (
            "A:1-9223372036854775807",
            Number,
            39,
            r#""9223372036854775807""#,
        ),
        ("A:1-", Number, 39, "the end"),
        ("A:1--2", Number, 39, r#""-2""#),
        ("A:1-2-3", ColonCommaOrEnd, 40, r#""-3""#),
        ("A:1\0", ColonCommaOrEnd, 38, r#""\0""#),
        ("A:tag-1", ColonCommaOrEnd, 40, r#""-1""#),
    ];
    for (text, expected, offset, found) in cases {
        let found = found.to_owned();
        let wanted = GtidParseError {
            expected,
            offset,
            found,
        };
        assert_eq!(error(text), wanted, "reading {text:?}");
    }
    let too_long = error(&format!("A:{}:1", "a".repeat(33)));
    assert_eq!((too_long.expected, too_long.offset), (Tag, 37));
}

#[test]
fn an_error_says_what_was_allowed_and_quotes_no_more_than_a_few_characters() {
    assert_eq!(
        error("A:1-5;B:1").to_string(),
        format!(r#"expected ":", "," or the end at byte 40, found ";{B}""#),
    );
    assert_eq!(
        error("A:1-x").to_string(),
        "expected a number (1 to 9223372036854775806, no leading zeros) at byte 39, found \"x\"",
    );
    let long = error(&"é".repeat(10_000)).to_string();
    assert!(
        long.ends_with(&format!("found \"{}\"…", "é".repeat(40))),
        "{long}"
    );
}

#[test]
fn one_gtid_is_read_and_written_with_and_without_a_tag() {
    let cases = [
        ("A:23", "A:23"),
        (" A : 23\n", "A:23"),
        ("A:Tag_1:9", "A:tag_1:9"),
    ];
    for (text, canonical) in cases {
        let gtid: Gtid = full(text).parse().unwrap();
        assert_eq!(gtid.to_string(), full(canonical));
    }
}

#[test]
fn what_is_not_one_gtid_is_refused_as_one() {
    use Expected::{Colon, End, Number, Uuid};
    let cases = [
        ("", Uuid, 0),
        ("A", Colon, 36),
        ("A:", Number, 37),
        ("A:0", Number, 37),
        ("A:tag", Colon, 40),
        ("A:tag:b:1", Number, 41),
        ("A:1-2", End, 38),
        ("A:1:2", End, 38),
        ("A:1,B:1", End, 38),
    ];
    for (text, expected, offset) in cases {
        let error = full(text).parse::<Gtid>().unwrap_err();
        assert_eq!(
            (error.expected, error.offset),
            (expected, offset),
            "{text:?}"
        );
    }
}

#[test]
fn numbers_and_intervals_outside_the_range_of_mysql_cannot_be_made() {
    let source = Source::from(Uuid::nil());
    assert!(Gtid::new(source.clone(), 0).is_none());
    assert!(Gtid::new(source.clone(), MAX_NUMBER + 1).is_none());
    assert!(Gtid::new(source, MAX_NUMBER).is_some());
    assert!(Interval::new(0, 5).is_none());
    assert!(Interval::new(5, 4).is_none());
    assert!(Interval::new(1, u64::MAX).is_none());
    for tag in ["", "1a", "a-b", "ä", "a b", &"a".repeat(33)] {
        assert_eq!(Tag::new(tag), None, "{tag:?}");
    }
}

#[test]
fn subset_and_subtract_answer_as_mysql_documents_them() {
    let subsets = [
        ("A:23", "A:21-57", true),
        ("A:23-25", "A:21-57", true),
        ("A:20-25", "A:21-57", false),
        ("A:1-3", "B:1-3", false),
        ("A:1-3", "A:tag:1-3", false),
        ("", "A:1", true),
    ];
    for (sub, all, answer) in subsets {
        assert_eq!(set(sub).is_subset_of(&set(all)), answer, "{sub} in {all}");
    }
    let differences = [
        ("A:21-57", "A:21", "A:22-57"),
        ("A:21-57", "A:20-25", "A:26-57"),
        ("A:21-57", "A:23-24", "A:21-22:25-57"),
        ("A:1-9:20-29", "A:5-24", "A:1-4:25-29"),
        ("A:1-5,B:1", "A:1-5", "B:1"),
    ];
    for (from, less, left) in differences {
        assert_eq!(set(from).subtract(&set(less)), set(left), "{from} - {less}");
    }
}

#[test]
fn a_returned_primary_with_an_unreplicated_transaction_has_diverged() {
    let new_primary = set("A:1-100,B:1-7");
    let lagging = set("A:1-90");
    let returned = set("A:1-101");
    assert_eq!(lagging.relation(&new_primary), Relation::Behind);
    assert_eq!(new_primary.relation(&lagging), Relation::Ahead);
    assert_eq!(returned.relation(&new_primary), Relation::Diverged);
    assert_eq!(returned.errant_against(&new_primary), set("A:101"));
    assert!(lagging.errant_against(&new_primary).is_empty());
}

#[test]
fn a_summary_shows_the_first_intervals_and_counts_the_rest() {
    let some = set("A:1-5:7:tag:1,B:1");
    let cases = [
        (0, "4 intervals"),
        (2, "A:1-5:7 … and 2 more intervals"),
        (3, "A:1-5:7:tag:1 … and 1 more interval"),
        (4, "A:1-5:7:tag:1,B:1"),
    ];
    for (max, summary) in cases {
        assert_eq!(some.summary(max), full(summary));
    }
    assert_eq!(GtidSet::default().summary(3), "no transactions");
    assert_eq!(set("A:1").summary(0), "1 interval");
}

#[test]
fn a_set_of_every_transaction_is_counted_without_overflow() {
    let all = set("A:1-9223372036854775806,B:1-9223372036854775806,A:t:1-9223372036854775806");
    assert_eq!(all.count(), 3 * u128::from(MAX_NUMBER));
    let last: Gtid = full("A:9223372036854775806").parse().unwrap();
    let mut inserted = GtidSet::default();
    assert!(inserted.insert(last.clone()));
    assert!(!inserted.insert(last.clone()));
    assert!(inserted.is_subset_of(&all) && all.contains(&last));
}

#[test]
fn serde_carries_the_canonical_text() {
    let json = serde_json::to_string(&set("B:1,\nA:3:1")).unwrap();
    assert_eq!(json, full(r#""A:1:3,B:1""#));
    assert_eq!(
        serde_json::from_str::<GtidSet>(&json).unwrap(),
        set("A:1:3,B:1")
    );
    let gtid: Gtid = serde_json::from_str(&full(r#""A:t:4""#)).unwrap();
    assert_eq!(serde_json::to_string(&gtid).unwrap(), full(r#""A:t:4""#));
    assert!(serde_json::from_str::<GtidSet>(&full(r#""A:0""#)).is_err());
}

/// The model: every transaction on its own.
type Model = BTreeSet<Gtid>;

/// A piece of a set: a source, its first number and how many follow.
type Piece = (usize, u64, u64);

fn source(which: usize) -> Source {
    let uuid = [A, B][which % 2].parse().unwrap();
    let tag = [None, Tag::new("a"), Tag::new("b")][which / 2].clone();
    Source { uuid, tag }
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    prop::collection::vec((0..6_usize, 1..30_u64, 0..6_u64), 0..12)
}

fn text_of(pieces: &[Piece]) -> String {
    let piece =
        |&(which, start, more): &Piece| format!("{}:{start}-{}", source(which), start + more);
    pieces.iter().map(piece).collect::<Vec<_>>().join(" ,\n")
}

fn set_of(pieces: &[Piece]) -> GtidSet {
    text_of(pieces).parse().unwrap()
}

fn model_of(pieces: &[Piece]) -> Model {
    let numbers = |&(which, start, more): &Piece| {
        (start..=start + more).map(move |number| Gtid::new(source(which), number).unwrap())
    };
    pieces.iter().flat_map(numbers).collect()
}

/// Every transaction of a set, after checking that its form is canonical.
fn expand(set: &GtidSet) -> Model {
    let mut all = Model::new();
    for (source, intervals) in set.sources() {
        assert!(
            !intervals.is_empty(),
            "{source} is listed without intervals"
        );
        let apart = |two: &[Interval]| two[0].end() + 1 < two[1].start();
        assert!(intervals.windows(2).all(apart), "not canonical: {set:?}");
        for interval in intervals {
            let numbers = interval.start()..=interval.end();
            all.extend(numbers.map(|number| Gtid::new(source.clone(), number).unwrap()));
        }
    }
    all
}

/// Text made of the pieces that sets are made of, and some that they are not.
fn nearly_a_set() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        4 => Just(A.to_owned()),
        8 => Just(":".to_owned()),
        2 => Just(",".to_owned()),
        2 => Just("-".to_owned()),
        4 => (0..40_u64).prop_map(|number| number.to_string()),
        1 => any::<u64>().prop_map(|number| number.to_string()),
        2 => "[a-zA-Z_][a-z0-9_]{0,3}",
        1 => "[ \n\t]",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(token, 0..20).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_inside_it(text in prop_oneof![".*", nearly_a_set()]) {
        match text.parse::<GtidSet>() {
            Ok(set) => prop_assert_eq!(set.to_string().parse(), Ok(set)),
            Err(error) => prop_assert!(text.is_char_boundary(error.offset)),
        }
        if let Ok(gtid) = text.parse::<Gtid>() {
            prop_assert_eq!(gtid.to_string().parse(), Ok(gtid));
        }
    }

    #[test]
    fn operations_agree_with_the_model(left in pieces(), right in pieces()) {
        let (a, b) = (set_of(&left), set_of(&right));
        let (x, y) = (model_of(&left), model_of(&right));
        prop_assert_eq!(expand(&a), x.clone());
        prop_assert_eq!(expand(&a.union(&b)), &x | &y);
        prop_assert_eq!(expand(&a.subtract(&b)), &x - &y);
        prop_assert_eq!(expand(&a.intersection(&b)), &x & &y);
        prop_assert_eq!(a.is_subset_of(&b), x.is_subset(&y));
        prop_assert_eq!(a.count(), x.len() as u128);
        prop_assert_eq!(a.is_empty(), x.is_empty());
        prop_assert_eq!(a == b, x == y);
        for gtid in &y {
            prop_assert_eq!(a.contains(gtid), x.contains(gtid));
        }
    }

    #[test]
    fn inserting_one_by_one_in_any_order_builds_the_set(
        shuffled in pieces()
            .prop_map(|pieces| model_of(&pieces).into_iter().collect::<Vec<_>>())
            .prop_shuffle(),
    ) {
        let mut built = GtidSet::default();
        for gtid in &shuffled {
            prop_assert!(built.insert(gtid.clone()), "{} was new", gtid);
            prop_assert!(!built.insert(gtid.clone()), "{} was there", gtid);
        }
        prop_assert_eq!(expand(&built), shuffled.into_iter().collect::<Model>());
    }

    #[test]
    fn one_set_has_one_text_however_it_was_written(
        (pieces, shuffled) in pieces().prop_flat_map(|pieces| {
            let twice = [pieces.as_slice(), pieces.as_slice()].concat();
            (Just(pieces), Just(twice).prop_shuffle())
        }),
    ) {
        let set = set_of(&pieces);
        let text = set.to_string();
        prop_assert_eq!(set_of(&shuffled).to_string(), text.as_str());
        prop_assert_eq!(text.to_uppercase().parse(), Ok(set));
    }

    #[test]
    fn the_algebra_keeps_its_laws(left in pieces(), right in pieces(), third in pieces()) {
        let (a, b, c) = (set_of(&left), set_of(&right), set_of(&third));
        let (both, less, shared) = (a.union(&b), a.subtract(&b), a.intersection(&b));
        prop_assert_eq!(&both, &b.union(&a));
        prop_assert_eq!(both.union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(&a.union(&a), &a);
        prop_assert_eq!(&shared, &b.intersection(&a));
        prop_assert!(a.is_subset_of(&both));
        prop_assert!(less.intersection(&b).is_empty());
        prop_assert_eq!(&less.union(&shared), &a);
        prop_assert_eq!(both.count() + shared.count(), a.count() + b.count());
        prop_assert_eq!(a.is_subset_of(&b), less.is_empty());
        prop_assert_eq!(&a.errant_against(&b), &less);
    }

    #[test]
    fn a_relation_is_the_mirror_of_its_reverse(left in pieces(), right in pieces()) {
        let (a, b) = (set_of(&left), set_of(&right));
        let both = a.union(&b);
        for (one, other) in [(&a, &b), (&a, &both), (&a, &a)] {
            let mirrored = match other.relation(one) {
                Relation::Behind => Relation::Ahead,
                Relation::Ahead => Relation::Behind,
                same @ (Relation::Equal | Relation::Diverged) => same,
            };
            prop_assert_eq!(one.relation(other), mirrored);
            prop_assert_eq!(one.relation(other) == Relation::Equal, one == other);
        }
    }
}

#[test]
fn a_set_is_gone_through_transaction_by_transaction() {
    let text = "00000000-0000-0000-0000-000000000001:3-5:tagged:7,\
                00000000-0000-0000-0000-000000000002:1";
    let set: GtidSet = text.parse().unwrap();
    let each: Vec<String> = set.gtids().map(|gtid| gtid.to_string()).collect();
    assert_eq!(each.len(), 5);
    let again: GtidSet = each.join(",").parse().unwrap();
    assert_eq!(again, set);
}
