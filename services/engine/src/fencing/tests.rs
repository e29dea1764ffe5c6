mod histories;

use lictor_domain::{ProbeOutcome, ReceiverState};
use proptest::prelude::*;

use super::*;
use crate::fixture::{Fixture, NOW, ms, name, replica_report, uuid};

fn names(numbers: &[u32]) -> BTreeSet<NodeName> {
    numbers.iter().map(|n| name(*n)).collect()
}

/// Brute force over a small world: N replicas, of which each transaction was
/// acknowledged by a set of at least k, given as bits.
mod model {
    /// All sets of replicas.
    pub(super) fn sets(n: u32) -> impl Iterator<Item = u32> {
        0..1 << n
    }

    /// Those that let a commit through.
    pub(super) fn acker_sets(n: u32, k: u32) -> impl Iterator<Item = u32> {
        sets(n).filter(move |set| set.count_ones() >= k)
    }

    /// Whether the stopped ones hold whatever was acknowledged before.
    pub(super) fn misses_nothing(n: u32, k: u32, stopped: u32) -> bool {
        acker_sets(n, k).all(|ackers| ackers & stopped != 0)
    }

    /// Whether nothing can be acknowledged any more.
    pub(super) fn revokes(n: u32, k: u32, stopped: u32) -> bool {
        let left = !stopped & ((1 << n) - 1);
        acker_sets(n, k).all(|ackers| ackers & !left != 0)
    }
}

#[test]
fn a_quorum_misses_nothing_and_revokes_everything_and_less_does_neither() {
    for n in 1..=5 {
        for k in 1..=n {
            let needed = quorum(n, k).unwrap();
            for stopped in model::sets(n) {
                let enough = stopped.count_ones() >= needed;
                let case = format!("N {n}, k {k}, stopped {stopped:b}");
                assert_eq!(model::misses_nothing(n, k, stopped), enough, "{case}");
                assert_eq!(model::revokes(n, k, stopped), enough, "{case}");
            }
        }
    }
}

#[test]
fn without_acknowledgements_no_number_of_receivers_is_enough() {
    for n in 0..=5 {
        assert_eq!(quorum(n, 0), None);
    }
}

/// A history that a model of semi-sync produces: each transaction with the
/// replicas that acknowledged it, and how many transactions each received.
fn histories() -> impl Strategy<Value = (u32, u32, Vec<u32>, u32)> {
    (1u32..=5)
        .prop_flat_map(|n| (Just(n), 1..=n))
        .prop_flat_map(|(n, k)| {
            let received = proptest::collection::vec(0u32..=20, n as usize);
            (Just(n), Just(k), received, 0u32..1 << n)
        })
}

proptest! {
    /// Replicas receive in order, so transaction `t` is acknowledged exactly if
    /// k of them received at least `t`.
    #[test]
    fn the_most_advanced_of_a_quorum_holds_all_that_was_acknowledged(
        (n, k, received, stopped) in histories()
    ) {
        prop_assume!(stopped.count_ones() >= quorum(n, k).unwrap());
        let acknowledged = (1..=20u32)
            .filter(|t| received.iter().filter(|r| *r >= t).count() >= k as usize)
            .max();
        let most = (0..n)
            .filter(|i| stopped >> i & 1 == 1)
            .map(|i| received[i as usize])
            .max();
        prop_assert!(acknowledged.unwrap_or(0) <= most.unwrap_or(0));
    }

    /// The same, through the engine: whichever receivers were stopped, there is
    /// a proof exactly if they are a quorum, and it says so.
    #[test]
    fn there_is_a_proof_exactly_for_a_quorum((n, k, _, stopped) in histories()) {
        let fixture = Fixture::healthy(n).acks(k).semi_sync(1, |s| s.wait_for_acks = k);
        let view = fixture.hung_primary(ms(5_000)).view();
        let stopped: BTreeSet<_> = (0..n)
            .filter(|i| stopped >> i & 1 == 1)
            .map(|i| name(i + 2))
            .collect();
        let enough = stopped.len() >= quorum(n, k).unwrap() as usize;
        prop_assert_eq!(holds_all_acknowledged(&view, &stopped).is_ok(), enough);
        match prove(&view, &stopped) {
            Ok(fenced) => {
                prop_assert!(enough);
                let proof = FencingProof::QuorumRevoked {
                    stopped: stopped.into_iter().collect(),
                    possible_ackers: n,
                    acks: k,
                };
                prop_assert_eq!(fenced.proof(), &proof);
            }
            Err(missing) => prop_assert!(!enough, "{}", missing.0),
        }
    }
}

#[test]
fn a_refused_connection_is_a_proof_of_its_own() {
    let view = Fixture::healthy(2).dead_primary().view();
    let fenced = prove(&view, &BTreeSet::new()).unwrap();
    assert_eq!(fenced.proof(), &FencingProof::ProcessDead);
}

#[test]
fn a_dead_process_does_not_spare_asking_who_may_hold_acknowledged_writes() {
    let view = Fixture::healthy(2).dead_primary().view();
    let missing = holds_all_acknowledged(&view, &names(&[2])).unwrap_err();
    assert!(
        missing.0.starts_with("orders-3 may alone hold"),
        "{}",
        missing.0
    );
    assert!(holds_all_acknowledged(&view, &names(&[2, 3])).is_ok());
}

#[test]
fn it_is_no_proof_unless_the_primary_was_seen_enforcing() {
    let hung = || Fixture::healthy(1).hung_primary(ms(5_000));
    for (why, fixture) in [
        (
            "source off",
            hung().semi_sync(1, |s| s.source_enabled = false),
        ),
        (
            "fallen back",
            hung().semi_sync(1, |s| s.source_active = false),
        ),
        (
            "a time-out",
            hung().semi_sync(1, |s| s.timeout = ms(10_000)),
        ),
        (
            "no waiting",
            hung().semi_sync(1, |s| s.wait_no_replica = false),
        ),
        (
            "after commit",
            hung().semi_sync(1, |s| s.after_sync = false),
        ),
        (
            "no plugins",
            hung().report(1, |report| report.semi_sync = None),
        ),
        ("never seen", hung().unseen(1)),
        ("async", hung().acks(0)),
    ] {
        assert!(prove(&fixture.view(), &names(&[2])).is_err(), "{why}");
    }
}

#[test]
fn what_the_primary_was_seen_waiting_for_counts_where_it_is_less_than_the_policy() {
    let hung = Fixture::healthy(2).acks(2).hung_primary(ms(5_000));
    let loosened = hung.view();
    assert!(prove(&loosened, &names(&[2])).is_err(), "1 of 2 is too few");
    assert!(prove(&loosened, &names(&[2, 3])).is_ok());
    let in_force = hung.semi_sync(1, |s| s.wait_for_acks = 2).view();
    assert!(prove(&in_force, &names(&[2])).is_ok());
}

#[test]
fn a_replica_we_do_not_know_spoils_the_proof() {
    let stranger = |report: &mut lictor_domain::NodeReport| report.replicas.push(uuid(9));
    let hung = Fixture::healthy(1).hung_primary(ms(5_000));
    let view = hung.report(1, stranger).view();
    let missing = prove(&view, &names(&[2])).unwrap_err();
    assert!(missing.0.contains(&uuid(9).to_string()), "{}", missing.0);
}

/// Number 2 was opened by this leader, and has said nothing since.
fn just_opened(fixture: &Fixture) -> ClusterView {
    let mut view = fixture.view();
    let epoch = view.cluster.epoch.next(lictor_domain::Term(1));
    view.opening_begins();
    view.begin_epoch(epoch, name(2), crate::fixture::gtids(1, 1, 100), NOW);
    view.probed(&name(2), ProbeOutcome::TimedOut, NOW + ms(5_000));
    view
}

#[test]
fn a_primary_that_falls_silent_right_after_its_opening_was_told_to_enforce() {
    let view = just_opened(&Fixture::healthy(2));
    let fenced = prove(&view, &names(&[1, 3])).unwrap();
    assert!(matches!(
        fenced.proof(),
        FencingProof::QuorumRevoked { acks: 1, .. }
    ));
    assert!(prove(&view, &names(&[3])).is_err(), "1 of 2 is too few");
    assert!(prove(&just_opened(&Fixture::healthy(2).acks(0)), &names(&[1, 3])).is_err());
    let stranger = |report: &mut lictor_domain::NodeReport| report.replicas.push(uuid(9));
    let followed = Fixture::healthy(2).report(2, stranger);
    assert!(prove(&just_opened(&followed), &names(&[1, 3])).is_err());
}

#[test]
fn what_a_primary_was_told_at_its_opening_counts_where_the_policy_demands_more_since() {
    let mut view = just_opened(&Fixture::healthy(2));
    let mut stricter = view.cluster.clone();
    stricter.policy.durability = lictor_domain::Durability::SemiSync {
        acks: std::num::NonZeroU32::MIN.saturating_add(1),
    };
    view.redefine(stricter);
    assert!(prove(&view, &names(&[3])).is_err());
    assert!(prove(&view, &names(&[1, 3])).is_ok());
}

#[test]
fn what_is_missing_is_named() {
    let view = Fixture::healthy(3).hung_primary(ms(5_000)).view();
    let missing = prove(&view, &names(&[3])).unwrap_err();
    assert_eq!(
        missing.0,
        "receivers must be stopped on 3 of 3 replicas that may acknowledge; orders-2, orders-4 \
         could not be"
    );
}

/// Number 2 is in this state since [`NOW`]; the primary answers to a question
/// asked so long after that, its answer taking 2 ms.
fn counted_after(alter: impl FnOnce(Fixture) -> ProbeOutcome, asked: i64) -> BTreeSet<NodeName> {
    counted(&Fixture::healthy(2).let_go(2), alter, asked)
}

fn counted(
    fixture: &Fixture,
    alter: impl FnOnce(Fixture) -> ProbeOutcome,
    asked: i64,
) -> BTreeSet<NodeName> {
    let mut view = fixture.view();
    view.probed(&name(2), alter(fixture.clone()), NOW);
    let offset = ms(asked.unsigned_abs());
    let asked = if asked < 0 {
        NOW - offset
    } else {
        NOW + offset
    };
    view.probed(&name(1), fixture.answer(1), asked + ms(2));
    possible_ackers(&view)
}

#[test]
fn a_dead_replica_counts_no_more_once_the_primary_was_asked_after_that() {
    let refuses = |_: Fixture| ProbeOutcome::Refused;
    assert_eq!(counted_after(refuses, 1), names(&[3]));
}

#[test]
fn a_dead_replica_counts_while_the_primary_may_get_an_acknowledgement_of_it() {
    let refuses = |_: Fixture| ProbeOutcome::Refused;
    assert_eq!(counted(&Fixture::healthy(2), refuses, 1), names(&[2, 3]));
}

#[test]
fn a_dead_replica_counts_while_a_commit_waits_for_one_more() {
    let refuses = |_: Fixture| ProbeOutcome::Refused;
    let two = |waiting| {
        let fixture = Fixture::healthy(2).let_go(2).acks(2);
        fixture.semi_sync(1, |s| (s.wait_for_acks, s.waiting_sessions) = (2, waiting))
    };
    assert_eq!(counted(&two(1), refuses, 1), names(&[2, 3]));
    assert_eq!(counted(&two(0), refuses, 1), names(&[3]));
}

#[test]
fn an_answer_that_was_under_way_when_a_replica_died_may_be_older() {
    let refuses = |_: Fixture| ProbeOutcome::Refused;
    assert_eq!(counted_after(refuses, -1), names(&[2, 3]));
}

#[test]
fn a_replica_that_says_that_it_does_not_receive_counts_no_more() {
    let stopped = |fixture: Fixture| {
        let stop = |r: &mut lictor_domain::Replication| r.receiver = ReceiverState::Stopped;
        fixture.replication(2, stop).answer(2)
    };
    assert_eq!(counted_after(stopped, 1), names(&[3]));
    let elsewhere = |fixture: Fixture| fixture.follows(2, 9).answer(2);
    assert_eq!(counted_after(elsewhere, 1), names(&[3]));
}

#[test]
fn a_replica_that_is_only_silent_still_counts() {
    let mute = |_: Fixture| ProbeOutcome::TimedOut;
    assert_eq!(counted_after(mute, 1), names(&[2, 3]));
}

#[test]
fn a_dead_replica_that_falls_silent_counts_again() {
    let fixture = Fixture::healthy(2).let_go(2);
    let mut view = fixture.view();
    view.probed(&name(2), ProbeOutcome::Refused, NOW);
    view.probed(&name(1), fixture.answer(1), NOW + ms(5));
    assert_eq!(possible_ackers(&view), names(&[3]));
    view.probed(&name(2), ProbeOutcome::TimedOut, NOW + ms(10));
    assert_eq!(possible_ackers(&view), names(&[2, 3]));
}

#[test]
fn a_replica_that_is_told_to_receive_counts_until_it_says_otherwise() {
    let fixture = Fixture::healthy(2).let_go(2);
    let mut view = fixture.view();
    let mut stopped = replica_report(2);
    if let Some(replication) = &mut stopped.replication {
        replication.receiver = ReceiverState::Stopped;
    }
    let says_stopped = |at| ProbeOutcome::Answered {
        report: Box::new(stopped.clone()),
        latency: at,
    };
    view.move_begins(&name(2));
    view.probed(&name(2), says_stopped(ms(1)), NOW);
    view.probed(&name(1), fixture.answer(1), NOW + ms(10));
    assert_eq!(possible_ackers(&view), names(&[2, 3]), "under way");
    view.move_ends(&name(2), NOW + ms(20));
    view.probed(&name(2), says_stopped(ms(9)), NOW + ms(25));
    view.probed(&name(1), fixture.answer(1), NOW + ms(40));
    assert_eq!(
        possible_ackers(&view),
        names(&[2, 3]),
        "asked before its end"
    );
    view.probed(&name(2), says_stopped(ms(1)), NOW + ms(50));
    view.probed(&name(1), fixture.answer(1), NOW + ms(60));
    assert_eq!(possible_ackers(&view), names(&[3]));
}
