use lictor_domain::{AvailabilityPercent, Severity};
use proptest::prelude::*;

use super::*;

fn second(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn span(from: i64, until: i64) -> Span {
    Span {
        from: second(from),
        until: second(until),
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn told(kind: HappeningKind, code: &str, at: i64, planned: bool) -> Happening {
    Happening {
        at: second(at),
        cluster: "orders".parse().unwrap(),
        node: None,
        kind,
        code: code.to_owned(),
        severity: Severity::Info,
        sentence: format!("{code} at {at}"),
        evidence: vec![],
        response: None,
        recovery: None,
        planned,
    }
}

fn down(at: i64) -> Happening {
    told(HappeningKind::Unavailable, "DeadPrimary", at, false)
}

fn down_as_planned(at: i64) -> Happening {
    told(HappeningKind::Unavailable, "SwitchoverOrdered", at, true)
}

fn up(at: i64) -> Happening {
    told(HappeningKind::Available, "DeadPrimary", at, false)
}

fn changed(code: &str, at: i64) -> Happening {
    told(HappeningKind::PrimaryChanged, code, at, false)
}

const PROMISED: Objectives = Objectives {
    availability_percent: None,
    rto_secs: Some(30),
    rpo_secs: Some(0),
};

fn over(range: Span, spans: &[Span], happenings: &[Happening]) -> Availability {
    let objectives = Objectives {
        availability_percent: Some(AvailabilityPercent::try_from(99.0).unwrap()),
        ..PROMISED
    };
    let records = Records { spans, happenings };
    of_cluster(&"orders".parse().unwrap(), objectives, records, range)
}

#[test]
fn one_failure_of_ten_seconds_in_a_thousand() {
    let happenings = [down(500), changed(change::FAILOVER, 509), up(510)];
    let reached = over(span(0, 1_000), &[span(0, 1_000)], &happenings);
    assert_eq!(reached.percent(), Some(99.0));
    assert_eq!(reached.availability_met(), Some(true));
    assert_eq!(reached.failures(), 1);
    assert_eq!(reached.mtbf(), Some(secs(990)));
    assert_eq!(reached.mttr(), Some(secs(10)));
    assert_eq!(reached.longest(), Some(secs(10)));
    assert_eq!(reached.rto_met(), Some(true));
    assert_eq!(reached.rpo(), Some(Duration::ZERO));
    assert_eq!(reached.rpo_met(), Some(true));
    let [outage] = &reached.outages[..] else {
        panic!("{reached:?}");
    };
    assert_eq!(outage.cause, "DeadPrimary at 500");
    assert_eq!(outage.ended_at, Some(second(510)));
    let formula = formula(&[reached]);
    assert!(
        formula[0].contains("(1000.000 s − 10.000 s) / 1000.000 s = 99.0000 %"),
        "{formula:?}"
    );
}

#[test]
fn what_was_never_observed_is_neither_up_nor_down() {
    let reached = over(span(0, 1_000), &[], &[]);
    assert_eq!(reached.percent(), None);
    assert_eq!(reached.availability_met(), None);
    assert_eq!(reached.mtbf(), None);
    assert_eq!(reached.rto_met(), None);
    assert_eq!(reached.rpo_met(), None);
    assert!(formula(&[reached])[0].contains("unknown"));
}

#[test]
fn an_outage_that_went_on_while_nobody_looked_counts_as_long_as_it_was_seen() {
    let spans = [span(0, 105), span(145, 1_000)];
    let reached = over(span(0, 1_000), &spans, &[down(100), up(150)]);
    assert_eq!(reached.observed, secs(960));
    assert_eq!(reached.unavailable, secs(10));
    assert_eq!(reached.failures(), 1);
    assert_eq!(reached.rto_met(), None, "it may have lasted 50 s");
    let short = over(span(0, 1_000), &spans, &[down(100), up(105)]);
    assert_eq!(short.rto_met(), Some(true));
}

#[test]
fn an_outage_that_straddles_the_range_is_cut_at_its_ends() {
    let spans = [span(0, 10_000)];
    let happenings = [down(50), up(150), down(900), up(1_200)];
    let reached = over(span(100, 1_000), &spans, &happenings);
    let seen: Vec<_> = reached
        .outages
        .iter()
        .map(|outage| (outage.began_at, outage.ended_at, outage.observed))
        .collect();
    let expected = [
        (second(100), Some(second(150)), secs(50)),
        (second(900), Some(second(1_000)), secs(100)),
    ];
    assert_eq!(seen, expected);
    assert_eq!(reached.observed, secs(900));
    assert_eq!(reached.rto_met(), Some(false));
}

#[test]
fn an_outage_that_lasts_has_no_end() {
    let reached = over(span(0, 1_000), &[span(0, 1_000)], &[down(900)]);
    assert_eq!(reached.outages[0].ended_at, None);
    assert_eq!(reached.unavailable, secs(100));
}

#[test]
fn what_somebody_wanted_is_no_failure_but_nobody_could_write() {
    let happenings = [
        down_as_planned(100),
        changed(change::SWITCHOVER, 101),
        up(110),
    ];
    let reached = over(span(0, 1_000), &[span(0, 1_000)], &happenings);
    assert_eq!(reached.failures(), 0);
    assert_eq!(reached.unavailable, secs(10));
    assert_eq!(reached.mttr(), None);
    assert_eq!(reached.loss, Loss::NoFailover);
}

#[test]
fn a_failure_on_the_way_takes_the_place_of_what_was_wanted() {
    let happenings = [down_as_planned(100), down(105), up(125)];
    let reached = over(span(0, 1_000), &[span(0, 1_000)], &happenings);
    assert_eq!(reached.failures(), 1);
    assert_eq!(reached.mttr(), Some(secs(20)));
    assert_eq!(reached.unavailable, secs(25));
}

#[test]
fn one_failover_without_a_proof_leaves_unknown_what_was_lost() {
    let happenings = [
        changed(change::FAILOVER, 100),
        changed(change::UNPROVEN, 200),
    ];
    let reached = over(span(0, 1_000), &[span(0, 1_000)], &happenings);
    assert_eq!(reached.rpo(), None);
    assert_eq!(reached.rpo_met(), None);
    assert!(
        reached.loss.sentence().starts_with("1 of 2 failovers"),
        "{}",
        reached.loss.sentence()
    );
    let before = over(span(0, 200), &[span(0, 1_000)], &happenings);
    assert_eq!(before.rpo_met(), Some(true));
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let one = (0..200_i64, 0..60_i64).prop_map(|(from, long)| span(from, from + long));
    proptest::collection::vec(one, 0..8)
}

/// Begins and ends, in order, and whether each outage was wanted.
fn histories() -> impl Strategy<Value = Vec<Happening>> {
    let one = (0..25_i64, 0..3_u8);
    proptest::collection::vec(one, 0..16).prop_map(|steps| {
        let mut at = 0;
        let tell = |(gap, what)| {
            at += gap;
            match what {
                0 => down(at),
                1 => down_as_planned(at),
                _ => up(at),
            }
        };
        steps.into_iter().map(tell).collect()
    })
}

/// Second by second: whether it was observed, and whether it was down.
fn by_the_second(spans: &[Span], happenings: &[Happening], range: Span) -> (u64, u64) {
    let (mut observed, mut unavailable) = (0, 0);
    for number in 0..400 {
        let now = second(number);
        let in_range = range.from <= now && now < range.until;
        let seen = spans
            .iter()
            .any(|span| span.from <= now && now < span.until);
        let last = happenings.iter().rfind(|happening| happening.at <= now);
        let is_down = last.is_some_and(|last| last.kind == HappeningKind::Unavailable);
        observed += u64::from(in_range && seen);
        unavailable += u64::from(in_range && seen && is_down);
    }
    (observed, unavailable)
}

proptest! {
    #[test]
    fn it_is_what_counting_the_seconds_gives(
        spans in spans(), happenings in histories(), from in 0..150_i64, long in 0..250_i64,
    ) {
        let range = span(from, from + long);
        let reached = over(range, &spans, &happenings);
        let counted = (reached.observed.as_secs(), reached.unavailable.as_secs());
        prop_assert_eq!(counted, by_the_second(&spans, &happenings, range));
    }

    #[test]
    fn its_numbers_never_contradict_each_other(
        spans in spans(), happenings in histories(), from in 0..150_i64, long in 0..250_i64,
    ) {
        let reached = over(span(from, from + long), &spans, &happenings);
        prop_assert!(reached.unavailable <= reached.observed);
        prop_assert!(reached.percent().is_none_or(|percent| (0.0..=100.0).contains(&percent)));
        prop_assert_eq!(reached.percent().is_none(), reached.observed.is_zero());
        prop_assert_eq!(reached.mttr().is_some(), reached.failures() > 0);
        prop_assert!(reached.mttr() <= reached.longest());
        for outage in &reached.outages {
            prop_assert!(outage.observed <= outage.at_most);
        }
        if reached.rto_met() == Some(true) {
            prop_assert!(reached.longest() <= Some(secs(30)));
        }
    }

    #[test]
    fn two_halves_are_the_whole(
        spans in spans(), happenings in histories(), from in 0..150_i64, cut in 0..100_i64,
    ) {
        let whole = over(span(from, from + 100), &spans, &happenings);
        let first = over(span(from, from + cut), &spans, &happenings);
        let second = over(span(from + cut, from + 100), &spans, &happenings);
        prop_assert_eq!(whole.observed, first.observed + second.observed);
        prop_assert_eq!(whole.unavailable, first.unavailable + second.unavailable);
    }
}
