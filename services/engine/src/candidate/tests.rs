use std::time::Duration;

use lictor_domain::{NodeReport, ServerVersion};

use super::*;
use crate::fixture::{Fixture, gtids, name};

/// The common history, and so many transactions of the primary beyond it.
fn received(last: u64) -> GtidSet {
    gtids(1, 1, last)
}

fn stopped(held: &[(u32, GtidSet)]) -> Stopped {
    let each = held.iter().map(|(n, set)| (name(*n), Ok(set.clone())));
    each.collect()
}

/// An election among healthy replicas of a dead primary that hold this.
fn among(fixture: &Fixture, held: &[(u32, GtidSet)]) -> Election {
    elect(&fixture.view(), &stopped(held))
}

fn dead(replicas: u32) -> Fixture {
    Fixture::healthy(replicas).dead_primary()
}

fn must_not(fixture: Fixture, n: u32) -> Fixture {
    fixture.definition(n, |node| node.promotion = PromotionRule::MustNot.into())
}

fn winner(election: &Election) -> Option<NodeName> {
    election
        .winner
        .as_ref()
        .ok()
        .map(|winner| winner.node.clone())
}

fn verdict(election: &Election, n: u32) -> &CandidateVerdict {
    let of = |verdict: &&CandidateVerdict| verdict.node == name(n);
    election.verdicts.iter().find(of).unwrap()
}

#[test]
fn who_received_most_wins_whatever_was_executed() {
    let fixture = dead(2).report(3, |report| report.executed = received(50));
    let election = among(&fixture, &[(2, received(100)), (3, received(120))]);
    assert_eq!(winner(&election), Some(name(3)));
    assert_eq!(election.winner.unwrap().holds, received(120));
}

#[test]
fn what_a_primary_held_when_it_was_opened_is_demanded_before_it_has_said_anything_since() {
    let mut view = dead(2).view();
    let epoch = view.cluster.epoch.next(lictor_domain::Term(1));
    view.begin_epoch(epoch, name(2), received(120), crate::fixture::NOW);
    view.probed(
        &name(2),
        lictor_domain::ProbeOutcome::Refused,
        crate::fixture::NOW,
    );
    let election = elect(&view, &stopped(&[(3, received(119))]));
    let behind = Rejection::Behind {
        than: name(2),
        missing: gtids(1, 120, 120),
    };
    assert_eq!(verdict(&election, 3).rejections, [behind]);
    assert!(election.winner.is_err());
}

#[test]
fn who_lacks_something_is_rejected_by_name_and_by_what_it_lacks() {
    let election = among(&dead(2), &[(2, received(100)), (3, received(120))]);
    let behind = Rejection::Behind {
        than: name(3),
        missing: gtids(1, 101, 120),
    };
    assert_eq!(verdict(&election, 2).rejections, [behind]);
    assert_eq!(verdict(&election, 2).rank, None);
    assert_eq!(verdict(&election, 3).rank, Some(1));
}

#[test]
fn a_diverged_replica_is_named_and_does_not_hold_up_the_others() {
    let foreign = received(120).union(&gtids(9, 1, 40));
    let election = among(&dead(2), &[(2, received(120)), (3, foreign)]);
    assert_eq!(winner(&election), Some(name(2)));
    let diverged = Rejection::Diverged {
        from: name(1),
        errant: gtids(9, 1, 40),
    };
    assert!(verdict(&election, 3).rejections.contains(&diverged));
}

#[test]
fn what_only_a_diverged_replica_received_may_have_been_acknowledged_by_it() {
    let foreign = received(130).union(&gtids(9, 1, 40));
    let held = [(2, received(120)), (3, foreign)];
    let election = among(&dead(2), &held);
    assert_eq!(winner(&election), None);
    let behind = Rejection::Behind {
        than: name(3),
        missing: gtids(1, 121, 130),
    };
    assert_eq!(verdict(&election, 2).rejections, [behind]);
    let asynchronous = among(&dead(2).acks(0), &held);
    assert_eq!(winner(&asynchronous), Some(name(2)));
}

#[test]
fn nobody_is_elected_who_lacks_the_last_words_of_the_primary() {
    let fixture = dead(2).executed(1, &received(150));
    let election = among(&fixture, &[(2, received(120)), (3, received(120))]);
    assert_eq!(winner(&election), None);
    let behind = Rejection::Behind {
        than: name(1),
        missing: gtids(1, 121, 150),
    };
    assert!(verdict(&election, 2).rejections.contains(&behind));
}

#[test]
fn an_asynchronous_cluster_accepts_to_lose_the_last_words() {
    let fixture = dead(2).acks(0).executed(1, &received(150));
    let election = among(&fixture, &[(2, received(120)), (3, received(110))]);
    assert_eq!(winner(&election), Some(name(2)));
}

#[test]
fn two_that_hold_what_the_other_lacks_are_both_behind() {
    let (low, high) = (
        gtids(1, 1, 110),
        gtids(1, 1, 100).union(&gtids(1, 120, 125)),
    );
    let election = among(&dead(2), &[(2, low), (3, high)]);
    assert_eq!(winner(&election), None);
    for n in [2, 3] {
        assert!(!verdict(&election, n).rejections.is_empty());
    }
}

#[test]
fn a_replica_that_could_not_be_asked_may_alone_hold_an_acknowledged_write() {
    let mut held = stopped(&[(2, received(120))]);
    held.insert(name(3), Err("no answer in time".to_owned()));
    let election = elect(&dead(2).view(), &held);
    let blocker = election.winner.unwrap_err();
    assert!(blocker.starts_with("orders-3 may alone hold"), "{blocker}");
    let reason = "no answer in time".to_owned();
    let verdict = election
        .verdicts
        .iter()
        .find(|v| v.node == name(3))
        .unwrap();
    assert_eq!(verdict.rejections, [Rejection::NoAnswer { reason }]);
}

#[test]
fn with_two_acknowledgements_one_may_be_away() {
    let fixture = dead(3).acks(2).semi_sync(1, |s| s.wait_for_acks = 2);
    let election = among(&fixture, &[(2, received(120)), (3, received(119))]);
    assert_eq!(winner(&election), Some(name(2)));
}

#[test]
fn who_may_not_be_promoted_is_rejected_with_the_reason() {
    let both = [(2, received(120)), (3, received(120))];
    let cannot = |report: &mut NodeReport| report.log_replica_updates = false;
    let by = Duration::from_hours(1);
    let applier = Rejection::ApplierBroken {
        message: "no error; it was stopped".to_owned(),
    };
    let reason = "a test".to_owned();
    for (fixture, rejection) in [
        (
            dead(2).definition(2, |node| node.promotion = PromotionRule::MustNot.into()),
            Rejection::MustNot,
        ),
        (dead(2).report(2, cannot), Rejection::CannotBeSource),
        (
            dead(2).replication(2, |r| r.applier_running = false),
            applier,
        ),
        (
            dead(2).replication(2, |r| r.delay = by),
            Rejection::Delayed { by },
        ),
        (
            dead(2).quarantined(2, &reason),
            Rejection::Quarantined {
                reason: reason.clone(),
            },
        ),
    ] {
        let election = among(&fixture, &both);
        assert_eq!(winner(&election), Some(name(3)), "{rejection}");
        assert_eq!(verdict(&election, 2).rejections, [rejection]);
    }
}

#[test]
fn what_only_a_rejected_replica_holds_blocks_the_election() {
    let fixture = must_not(dead(2), 2).report(2, |report| report.log_replica_updates = false);
    let election = among(&fixture, &[(2, received(130)), (3, received(120))]);
    assert_eq!(winner(&election), None);
    assert_eq!(election.gathering, None);
    assert!(election.elected().is_err());
}

#[test]
fn among_equals_rule_zone_version_what_is_to_apply_lag_and_name_decide_in_this_order() {
    let zone = |n: u32, zone: &str| {
        let zone = zone.parse().unwrap();
        move |fixture: Fixture| fixture.definition(n, |node| node.zone = Some(zone))
    };
    let rule = |n: u32, rule: PromotionRule| {
        move |fixture: Fixture| fixture.definition(n, |node| node.promotion = rule.into())
    };
    let newer = |report: &mut NodeReport| report.version = ServerVersion::new(10, 0, 0);
    let base = || zone(1, "a")(Fixture::healthy(2));
    let ms = |millis| Some(Duration::from_millis(millis));
    // In each line number 3 is the better one by what the line is about, and
    // number 2 by all that counts less.
    let by_rule = rule(3, PromotionRule::Prefer)(zone(2, "a")(base()));
    let by_zone = zone(3, "a")(zone(2, "b")(base())).report(3, newer);
    let behind = |n, lag| move |f: Fixture| f.report(n, |r| r.executed = received(90)).lag(n, lag);
    let by_version = behind(3, ms(100))(base().report(2, newer));
    let by_backlog = behind(2, ms(0))(base()).lag(3, ms(100));
    let by_known_lag = base().lag(2, None).lag(3, ms(100));
    let by_lag = base().lag(2, ms(100)).lag(3, ms(1));
    for (what, fixture) in [
        ("rule", by_rule),
        ("zone", by_zone),
        ("version", by_version),
        ("what is to apply", by_backlog),
        ("a known lag", by_known_lag),
        ("lag", by_lag),
    ] {
        let view = fixture.silent(1, lictor_domain::ProbeOutcome::Refused, Duration::ZERO);
        let election = among(&view, &[(2, received(100)), (3, received(100))]);
        assert_eq!(winner(&election), Some(name(3)), "{what}");
    }
    let plain = base().silent(1, lictor_domain::ProbeOutcome::Refused, Duration::ZERO);
    let election = among(&plain, &[(2, received(100)), (3, received(100))]);
    assert_eq!(winner(&election), Some(name(2)), "name");
}

#[test]
fn every_replica_is_accounted_for_and_the_best_comes_first() {
    let mut held = stopped(&[(4, received(120)), (3, received(120))]);
    held.insert(name(5), Err("refused".to_owned()));
    let election = elect(&dead(4).view(), &held);
    let order: Vec<_> = election.verdicts.iter().map(|v| v.node.clone()).collect();
    assert_eq!(order, [name(3), name(4), name(2), name(5)]);
    let ranks: Vec<_> = election.verdicts.iter().map(|v| v.rank).collect();
    assert_eq!(ranks, [Some(1), Some(2), None, None]);
    assert!(
        verdict(&election, 2)
            .reason
            .contains("it was silent before")
    );
}

#[test]
fn a_cluster_without_replicas_says_so() {
    let election = among(&Fixture::healthy(0).acks(0).dead_primary(), &[]);
    assert_eq!(election.winner.unwrap_err(), "the cluster has no replica");
}

mod gathering;
