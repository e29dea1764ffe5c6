//! What only a replica holds that may not be promoted.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Number 2 lacks what number 3 has received, which must not be primary.
const HELD: [(u32, u64); 2] = [(2, 100), (3, 120)];

fn held(each: &[(u32, u64)]) -> Vec<(u32, GtidSet)> {
    each.iter().map(|(n, last)| (*n, received(*last))).collect()
}

fn gathering(fixture: &Fixture) -> Option<Gathering> {
    among(fixture, &held(&HELD)).gathering
}

fn ruled() -> Fixture {
    must_not(dead(2), 3)
}

#[test]
fn a_fit_replica_gets_what_it_lacks_from_one_that_must_not_be_primary() {
    let election = among(&ruled(), &held(&HELD));
    let gathering = Gathering {
        node: name(2),
        from: name(3),
        missing: gtids(1, 101, 120),
        holds: received(120),
        donor_waits: false,
    };
    assert_eq!(election.gathering, Some(gathering));
    assert_eq!(election.elected(), Ok(name(2)));
    assert!(election.winner.is_err());
}

#[test]
fn nothing_is_got_elsewhere_where_somebody_can_be_promoted_as_it_is() {
    let fixture = must_not(dead(3), 3);
    let election = among(&fixture, &held(&[(2, 100), (3, 120), (4, 120)]));
    assert_eq!(winner(&election), Some(name(4)));
    assert_eq!(election.gathering, None);
}

#[test]
fn one_in_maintenance_gives_too_and_whom_an_operator_wants_gets_it() {
    let fixture = dead(2).in_maintenance(3);
    assert_eq!(gathering(&fixture).unwrap().from, name(3));

    let to = name(2);
    let wish = Wish {
        to: Some(&to),
        ..Wish::default()
    };
    for force in [false, true] {
        let wish = Wish { force, ..wish };
        let election = elect_as(&dead(2).view(), &stopped(&held(&HELD)), &wish);
        assert_eq!(election.gathering.unwrap().from, name(3));
    }
}

#[test]
fn nobody_gives_what_it_does_not_log_or_apply_or_what_is_mixed_with_foreign_transactions() {
    let delay = Duration::from_mins(1);
    for fixture in [
        ruled().report(3, |report| report.log_replica_updates = false),
        ruled().replication(3, |replication| replication.applier_running = false),
        ruled().replication(3, |replication| replication.delay = delay),
        ruled().writability(3, lictor_domain::Writability::Writable),
        ruled().quarantined(3, "a test"),
    ] {
        assert_eq!(gathering(&fixture), None);
    }
    let foreign = received(120).union(&gtids(9, 1, 40));
    let election = among(&ruled(), &[(2, received(100)), (3, foreign)]);
    assert_eq!(election.gathering, None);
}

#[test]
fn what_the_other_has_purged_is_named_and_one_that_lacks_less_gets_the_rest() {
    let purged = |last| move |report: &mut NodeReport| report.purged = received(last);
    assert!(gathering(&ruled().report(3, purged(100))).is_some());
    let gone = among(&ruled().report(3, purged(110)), &held(&HELD));
    assert_eq!(gone.gathering, None);
    let rejection = Rejection::Purged {
        by: name(3),
        missing: gtids(1, 101, 110),
    };
    assert!(verdict(&gone, 2).rejections.contains(&rejection));

    let three = must_not(dead(3), 3).report(3, purged(110));
    let election = among(&three, &held(&[(2, 100), (3, 120), (4, 110)]));
    assert_eq!(election.gathering.unwrap().node, name(4));
}

#[test]
fn who_did_not_get_it_is_not_tried_again_and_the_next_is() {
    let fixture = must_not(dead(3), 3);
    let rejection = Rejection::NotGathered {
        from: name(3),
        reason: "it was cut off".to_owned(),
    };
    let failed = Failed::from([(name(2), rejection.clone())]);
    let wish = Wish {
        failed: Some(&failed),
        ..Wish::default()
    };
    let held = stopped(&held(&[(2, 100), (3, 120), (4, 100)]));
    let election = elect_as(&fixture.view(), &held, &wish);
    assert!(verdict(&election, 2).rejections.contains(&rejection));
    assert_eq!(election.gathering.unwrap().node, name(4));
}

#[test]
fn what_an_unreachable_replica_may_hold_alone_is_not_made_up_for() {
    let hung = Fixture::healthy(3).silent(
        4,
        lictor_domain::ProbeOutcome::TimedOut,
        Duration::from_secs(1),
    );
    let election = among(&must_not(hung.dead_primary(), 3), &held(&HELD));
    assert_eq!(election.gathering, None);
}

proptest! {
    /// Whoever is named holds, with what it gets, all that anyone received and the
    /// primary reported, and wins then.
    #[test]
    fn with_what_it_gets_it_wins_and_lacks_nothing(
        lasts in prop::collection::vec(90_u64..130, 3),
        barred in prop::collection::vec(any::<bool>(), 3),
        purged in 80_u64..130,
        reported in 100_u64..130,
    ) {
        let mut fixture = dead(3).executed(1, &received(reported));
        let each: Vec<(u32, u64)> = (2..).zip(lasts).collect();
        for ((n, _), barred) in each.iter().zip(barred) {
            if barred {
                fixture = must_not(fixture, *n);
            }
            fixture = fixture.report(*n, |report| report.purged = received(purged));
        }
        let mut held = stopped(&held(&each));
        let before = elect(&fixture.view(), &held);
        let Some(gathering) = before.gathering else {
            return Ok(());
        };
        prop_assert!(before.winner.is_err());
        let all: BTreeSet<_> = each.iter().map(|(_, last)| *last).chain([reported]).collect();
        let most = received(all.last().copied().unwrap_or_default());
        prop_assert!(most.is_subset_of(&gathering.holds));
        held.insert(gathering.node.clone(), Ok(gathering.holds.clone()));
        let after = elect(&fixture.view(), &held);
        prop_assert_eq!(after.winner.map(|winner| winner.node), Ok(gathering.node));
    }
}
