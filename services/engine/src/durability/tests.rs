use std::num::NonZeroU32;
use std::time::Duration;

use lictor_domain::report::Stall;
use lictor_domain::{Durability, ProbeOutcome, ProblemCode, Writability};

use super::*;
use crate::analysis::problems;
use crate::fixture::{Fixture, NOW, TIMING, gtids, ms, name};

const AFTER: u64 = 3;

/// Two replicas, of which `acks` must acknowledge; commits may be loosened to
/// `min`.
fn loosening(acks: u32, min: u32) -> Fixture {
    let fixture = Fixture::healthy(2).acks(acks).policy(|policy| {
        policy.on_starved = OnStarved::Loosen {
            min_acks: min,
            after_secs: AFTER,
        };
    });
    level(fixture, acks)
}

/// The primary waits for so many.
fn level(fixture: Fixture, acks: u32) -> Fixture {
    fixture.semi_sync(1, |s| {
        s.source_enabled = acks > 0;
        s.source_active = acks > 0;
        s.wait_for_acks = acks.max(1);
    })
}

/// These replicas' receivers are stopped.
fn without(mut fixture: Fixture, gone: &[u32]) -> Fixture {
    for n in gone {
        fixture = fixture.replication(*n, |r| r.receiver = ReceiverState::Stopped);
    }
    let left = 2 - u32::try_from(gone.len()).unwrap();
    fixture.semi_sync(1, |s| s.clients = left)
}

/// Looks at all, the replicas after the primary, so long after the beginning.
fn look(view: &mut ClusterView, fixture: &Fixture, after: Duration) -> Mono {
    let now = NOW + after;
    view.probed(&name(1), fixture.answer(1), now);
    let now = now + ms(10);
    for n in [2, 3] {
        view.probed(&name(n), fixture.answer(n), now);
    }
    now
}

fn care_after(fixture: &Fixture, node: u32, after: Duration) -> Option<Care> {
    let mut view = fixture.view();
    look(&mut view, fixture, ms(400));
    let now = look(&mut view, fixture, after);
    care_of(&view, node, now)
}

fn care_of(view: &ClusterView, node: u32, now: Mono) -> Option<Care> {
    let node = view.cluster.node(&name(node)).unwrap();
    care(view, node, &TIMING, now)
}

fn enforced(fixture: &Fixture, after: Duration) -> Option<u32> {
    match care_after(fixture, 1, after) {
        Some(Care::Enforce(enforcement)) => Some(enforcement.acks),
        None => None,
        other => panic!("{other:?}"),
    }
}

const SOON: Duration = ms(800);
const LATER: Duration = ms(AFTER * 1000 + 400);

#[test]
fn a_healthy_cluster_is_left_alone() {
    for fixture in [Fixture::healthy(2), loosening(1, 0), loosening(2, 0)] {
        for node in [1, 2, 3] {
            assert_eq!(care_after(&fixture, node, LATER), None);
        }
    }
}

#[test]
fn a_starved_primary_waits_unless_the_policy_loosens() {
    let waiting = without(level(Fixture::healthy(2).acks(2), 2), &[2]);
    assert_eq!(enforced(&waiting, LATER), None);
    let starved = without(loosening(2, 0), &[2]);
    assert_eq!(enforced(&starved, SOON), None, "not for long enough");
    assert_eq!(enforced(&starved, LATER), Some(1), "as many as are left");
    assert_eq!(enforced(&without(loosening(2, 0), &[2, 3]), LATER), Some(0));
    assert_eq!(enforced(&without(loosening(2, 1), &[2, 3]), LATER), Some(1));
}

#[test]
fn what_was_loosened_is_tightened_as_far_as_replicas_are_back() {
    let loosened = |gone: &[u32], acks| level(without(loosening(2, 0), gone), acks);
    assert_eq!(enforced(&loosened(&[], 0), SOON), Some(2));
    assert_eq!(enforced(&loosened(&[], 1), SOON), Some(2));
    assert_eq!(enforced(&loosened(&[2], 0), SOON), Some(1));
    assert_eq!(enforced(&loosened(&[2], 1), LATER), None);
    assert_eq!(enforced(&loosened(&[2, 3], 0), LATER), None);
}

#[test]
fn a_replica_that_has_yet_to_receive_what_is_committed_is_not_back() {
    let behind = level(loosening(1, 0), 0).executed(1, &gtids(1, 101, 900));
    assert_eq!(enforced(&behind, LATER), None);
    let caught_up = behind.replication(2, |r| r.received = r.received.union(&gtids(1, 101, 900)));
    assert_eq!(enforced(&caught_up, LATER), Some(1));
}

#[test]
fn settings_that_drifted_on_the_primary_are_set_right() {
    let off = level(Fixture::healthy(2), 0);
    assert_eq!(enforced(&off, SOON), Some(1));
    let falls_back = Fixture::healthy(2).semi_sync(1, |s| s.timeout = ms(10_000));
    assert_eq!(enforced(&falls_back, SOON), Some(1));
    let too_many = level(Fixture::healthy(2), 2);
    assert_eq!(enforced(&too_many, SOON), Some(1));
    let by_hand = level(loosening(1, 0), 0);
    assert_eq!(enforced(&by_hand, SOON), Some(1), "enough can acknowledge");
}

#[test]
fn under_async_commits_wait_for_nobody() {
    let was_semi_sync = level(Fixture::healthy(2).acks(0), 1);
    assert_eq!(enforced(&was_semi_sync, SOON), Some(0));
    let silent = without(was_semi_sync, &[2, 3]);
    assert_eq!(enforced(&silent, SOON), Some(0));
}

#[test]
fn replicas_are_made_to_acknowledge_before_the_primary_waits_for_them() {
    let mut fixture = level(Fixture::healthy(2), 0);
    for n in [2, 3] {
        fixture = fixture.semi_sync(n, |s| {
            s.replica_enabled = false;
            s.replica_active = false;
        });
    }
    assert_eq!(care_after(&fixture, 1, SOON), None);
    let acknowledge = Some(Care::Acknowledge { reconnect: true });
    assert_eq!(care_after(&fixture, 2, SOON), acknowledge);
    let first_done = fixture.semi_sync(2, |s| {
        s.replica_enabled = true;
        s.replica_active = true;
    });
    assert_eq!(care_after(&first_done, 2, SOON), None);
    assert_eq!(enforced(&first_done, SOON), Some(1), "one is enough");
}

#[test]
fn a_replica_whose_switch_went_off_is_not_reconnected_while_it_still_acknowledges() {
    let latent = Fixture::healthy(2).semi_sync(2, |s| s.replica_enabled = false);
    let acknowledge = Some(Care::Acknowledge { reconnect: false });
    assert_eq!(care_after(&latent, 2, SOON), acknowledge);
}

fn waiting_for(cause: &StallCause, longest: Duration) -> Fixture {
    level(Fixture::healthy(2), 1).report(1, |report| {
        report.stalls = vec![Stall {
            cause: cause.clone(),
            sessions: 4,
            longest,
        }];
    })
}

#[test]
fn commits_that_wait_in_vain_go_on_with_another_one_while_enough_acknowledge() {
    let care = |longest| {
        let fixture = waiting_for(&StallCause::Acknowledgements, longest);
        care_after(&fixture, 1, SOON)
    };
    assert_eq!(care(ms(999)), None, "acknowledgements may be on their way");
    assert_eq!(care(ms(1000)), Some(Care::CommitNothing));
    assert_eq!(care(ms(29_000)), Some(Care::CommitNothing));
    assert_eq!(care(ms(30_000)), None, "it did not help");
    let locked = waiting_for(&StallCause::GlobalReadLock, ms(2000));
    assert_eq!(care_after(&locked, 1, SOON), None);
}

#[test]
fn commits_that_nobody_can_acknowledge_are_left_waiting() {
    let starved = waiting_for(&StallCause::Acknowledgements, ms(2000));
    let starved = without(starved, &[2, 3]);
    assert_eq!(care_after(&starved, 1, SOON), None);
}

#[test]
fn only_a_closed_replica_without_waiting_commits_has_its_source_side_turned_off() {
    let left_on = Fixture::healthy(2).semi_sync(2, |s| s.source_enabled = true);
    assert_eq!(care_after(&left_on, 2, SOON), Some(Care::StopWaiting));
    let waiting = left_on.clone().semi_sync(2, |s| s.waiting_sessions = 1);
    assert_eq!(care_after(&waiting, 2, SOON), None);
    let open = left_on.writability(2, Writability::Writable);
    assert_eq!(care_after(&open, 2, SOON), None);
}

#[test]
fn a_loosening_is_shown_and_is_no_drift() {
    let loosened = level(without(loosening(2, 0), &[2]), 1);
    let mut view = loosened.view();
    let now = look(&mut view, &loosened, SOON);
    let found = problems(&view, &TIMING, now);
    let codes: Vec<_> = found.iter().map(|problem| problem.code).collect();
    assert!(
        codes.contains(&ProblemCode::DurabilityLoosened),
        "{codes:?}"
    );
    assert!(
        !codes.contains(&ProblemCode::SemiSyncNotEnforced),
        "{codes:?}"
    );
}

#[test]
fn what_commits_waited_for_is_the_least_that_was_seen_or_told() {
    let fixture = loosening(2, 0);
    let mut view = fixture.view();
    assert_eq!(view.effective_acks(), 2);
    view.enforcing_begins(0);
    look(&mut view, &fixture, ms(400));
    assert_eq!(view.effective_acks(), 0, "it may be done at any moment");
    view.enforcing_ends(true, NOW + ms(500));
    assert_eq!(view.effective_acks(), 0, "nothing was seen since");
    look(&mut view, &level(fixture.clone(), 1), ms(800));
    assert_eq!(view.effective_acks(), 1);
    look(&mut view, &fixture, ms(1200));
    assert_eq!(view.effective_acks(), 2);
    view.cluster.policy.durability = Durability::SemiSync {
        acks: NonZeroU32::MIN,
    };
    assert_eq!(view.effective_acks(), 1);
}

#[test]
fn an_order_that_failed_counts_for_longer() {
    let fixture = loosening(1, 0);
    let mut view = fixture.view();
    view.enforcing_begins(0);
    view.enforcing_ends(false, NOW);
    look(&mut view, &fixture, ms(5000));
    assert_eq!(view.effective_acks(), 0);
    look(&mut view, &fixture, ms(10_100));
    assert_eq!(view.effective_acks(), 1);
}

#[test]
fn who_was_loosened_to_nobody_is_not_failed_over_blindly() {
    let loosened = level(without(loosening(1, 0), &[2, 3]), 0);
    let mut view = loosened.view();
    look(&mut view, &loosened, SOON);
    view.probed(&name(1), ProbeOutcome::Refused, NOW + ms(900));
    let both = [name(2), name(3)].into_iter().collect();
    assert!(crate::fencing::holds_all_acknowledged(&view, &both).is_err());
}
