//! What another leader left unfinished.

use lictor_domain::{FailoverOrder, OnStarved};

use super::*;

/// What another leader left: a failover that had chosen this one, or nobody.
fn unfinished(fixture: &Fixture, winner: Option<u32>) -> Inheritance {
    let mut bench = Bench::watching(fixture.clone());
    bench.primary_dies();
    let mut record = bench.keeper.recovery().unwrap().clone();
    record.new_primary = winner.map(name);
    record.candidates = winner.map(chosen).into_iter().collect();
    Inheritance {
        unfinished: Some(record),
        ..inheritance(fixture)
    }
}

fn chosen(n: u32) -> CandidateVerdict {
    CandidateVerdict {
        node: name(n),
        received: gtids(1, 1, 100),
        rank: Some(1),
        rejections: vec![],
        reason: String::new(),
    }
}

fn opened(fixture: Fixture, n: u32) -> Fixture {
    fixture.writability(n, Writability::Writable)
}

/// A leader of the next term looks at this; the primary refuses.
fn taken_over(
    winner: Option<u32>,
    alter: impl FnOnce(Fixture) -> Fixture,
) -> (Bench, Vec<Command>) {
    taken_over_without(0, winner, alter)
}

/// The same, and one is silent.
fn taken_over_without(
    silent: u32,
    winner: Option<u32>,
    alter: impl FnOnce(Fixture) -> Fixture,
) -> (Bench, Vec<Command>) {
    let inheritance = unfinished(&auto(), winner);
    let fixture = alter(
        auto()
            .dead_primary()
            .replication(2, stop)
            .replication(3, stop),
    );
    let mut bench = Bench::inheriting(fixture, inheritance);
    let mut commands = vec![];
    for n in 1..=3 {
        let outcome = match n {
            1 => ProbeOutcome::Refused,
            n if n == silent => ProbeOutcome::TimedOut,
            n => bench.fixture.answer(n),
        };
        commands.extend(bench.probed(n, outcome));
    }
    (bench, commands)
}

fn outcome(commands: &[Command]) -> Option<&RecoveryOutcome> {
    records(commands).first().map(|record| &record.outcome)
}

fn is_adopted(bench: &Bench, commands: &[Command], n: u32) {
    assert_eq!(outcome(commands), Some(&RecoveryOutcome::Done));
    assert_eq!(bench.keeper.cluster().primary, name(n));
    assert!(bench.keeper.cluster().epoch > records(commands)[0].epoch);
}

fn is_void(bench: &Bench, commands: &[Command]) {
    let reason = AbortReason::LeadershipLost;
    let aborted = RecoveryOutcome::Aborted { reason };
    assert_eq!(outcome(commands), Some(&aborted));
    assert_eq!(bench.keeper.cluster().primary, name(1));
    assert!(bench.keeper.cluster().epoch > records(commands)[0].epoch);
}

#[test]
fn a_winner_that_takes_writes_is_the_primary_in_a_newer_epoch() {
    let (bench, commands) = taken_over(Some(3), |fixture| opened(fixture, 3));
    is_adopted(&bench, &commands, 3);
    let record = records(&commands)[0];
    assert!(record.steps.iter().all(|step| step.took.is_some()));
    let last = &record.steps.last().unwrap().sentence;
    assert!(last.contains("another leader, of term 2"), "{last}");
}

#[test]
fn a_winner_that_is_open_is_adopted_whoever_else_is_silent() {
    let (bench, commands) = taken_over_without(2, Some(3), |fixture| opened(fixture, 3));
    is_adopted(&bench, &commands, 3);
}

#[test]
fn a_winner_that_another_follows_is_adopted_although_it_is_closed_again() {
    let (bench, commands) = taken_over(Some(3), |fixture| {
        fixture
            .report(3, |report| report.replication = None)
            .follows(2, 3)
    });
    is_adopted(&bench, &commands, 3);
}

#[test]
fn a_closed_winner_that_lacks_what_it_was_chosen_for_was_never_opened() {
    let (bench, commands) = taken_over(Some(3), |fixture| {
        fixture
            .report(3, |report| report.executed = gtids(1, 1, 60))
            .follows(2, 3)
    });
    is_void(&bench, &commands);
}

#[test]
fn a_failover_that_had_chosen_nobody_is_void_whoever_is_silent() {
    let (bench, commands) = taken_over_without(3, None, |fixture| fixture);
    is_void(&bench, &commands);
    assert_eq!(cares(commands), [(name(2), Care::Resume)]);
}

#[test]
fn a_winner_that_nobody_can_have_followed_is_undone_and_receivers_are_started() {
    let mut bench = Bench::inheriting(
        auto().replication(2, stop).replication(3, stop),
        unfinished(&auto(), Some(3)),
    );
    let commands = bench.everyone_answers();
    is_void(&bench, &commands);
    let resumed = cares(commands);
    assert_eq!(resumed, [(name(2), Care::Resume), (name(3), Care::Resume)]);
}

#[test]
fn receivers_that_an_operator_has_started_again_unmake_an_opening_nobody_followed() {
    let started = opened(auto().replication(2, stop), 3);
    let mut bench = Bench::inheriting(started, unfinished(&auto(), Some(3)));
    let commands = bench.everyone_answers();
    is_void(&bench, &commands);
}

#[test]
fn a_silent_winner_that_may_have_acknowledged_is_waited_for_and_shown() {
    let inheritance = unfinished(&auto(), Some(3));
    let mut bench = Bench::inheriting(auto().dead_primary(), inheritance);
    bench.probed(1, ProbeOutcome::Refused);
    bench.probed(2, ProbeOutcome::TimedOut);
    let commands = bench.probed(3, ProbeOutcome::TimedOut);
    let touched = |commands: &[Command]| {
        commands.iter().any(|c| {
            !matches!(
                c,
                Command::Probe { .. } | Command::Knock { .. } | Command::AskMembers { .. }
            )
        })
    };
    assert!(!touched(&commands), "{commands:?}");
    assert!(bench.code(ProblemCode::UnfinishedRecovery));
    bench.alter(|fixture| opened(fixture, 3));
    let commands = bench.later(ms(400)).answers(3);
    is_adopted(&bench, &commands, 3);
    assert!(!bench.code(ProblemCode::UnfinishedRecovery));
}

/// Its leader may have loosened what commits waited for, and told nobody any more.
#[test]
fn a_silent_winner_that_may_have_acknowledged_alone_is_waited_for() {
    let loosen = OnStarved::Loosen {
        min_acks: 0,
        after_secs: 5,
    };
    for (on_starved, waits) in [(OnStarved::Wait, false), (loosen, true)] {
        let fixture = auto().policy(|policy| policy.on_starved = on_starved);
        let inheritance = unfinished(&fixture, Some(3));
        let closed = fixture.writability(1, Writability::SuperReadOnly);
        let mut bench = Bench::inheriting(closed.replication(2, stop), inheritance);
        bench.answers(1);
        bench.answers(2);
        bench.probed(3, ProbeOutcome::TimedOut);
        let waited_for = bench.code(ProblemCode::UnfinishedRecovery);
        assert_eq!(waited_for, waits, "{on_starved}");
    }
}

/// A leader looks at the recovery of which number 3, the winner, is silent with
/// number 2, which follows it; number 1, the old primary, runs and is closed.
fn waiting() -> Bench {
    let fixture = auto().writability(1, Writability::SuperReadOnly);
    let inheritance = unfinished(&fixture, Some(3));
    let mut bench = Bench::inheriting(fixture, inheritance);
    bench.answers(1);
    bench.probed(2, ProbeOutcome::TimedOut);
    bench.probed(3, ProbeOutcome::TimedOut);
    assert!(bench.code(ProblemCode::UnfinishedRecovery));
    bench
}

fn order(to: Option<u32>, force: bool) -> FailoverOrder {
    FailoverOrder {
        to: to.map(name),
        force,
        operator: "ann".to_owned(),
        reason: "the rack burnt down".to_owned(),
    }
}

fn give_up(bench: &mut Bench, order: FailoverOrder) -> (lictor_domain::Rehearsal, Vec<Command>) {
    let fresh = RecoveryId(Uuid::from_u128(77));
    let at = now(bench.at);
    assert_eq!(
        bench.keeper.rehearse_failover(&order).blockers,
        bench
            .keeper
            .clone()
            .order_failover(order.clone(), at, fresh)
            .0
            .blockers
    );
    bench.keeper.order_failover(order, at, fresh)
}

#[test]
fn without_force_nothing_is_given_up_and_the_blocker_says_who_is_waited_for_and_how() {
    let mut bench = waiting();
    let (found, commands) = give_up(&mut bench, order(None, false));
    assert_eq!(commands, []);
    let unfinished = found
        .blockers
        .iter()
        .find(|b| b.code() == "Unfinished")
        .unwrap();
    let sentence = unfinished.to_string();
    assert!(
        sentence.contains("orders-3 was chosen, does not answer"),
        "{sentence}"
    );
    assert!(unfinished.remedy().contains("--force"));
    assert!(bench.keeper.inherited().is_some());
}

#[test]
fn an_operator_gives_up_a_recovery_whose_winner_stays_away_and_the_old_primary_goes_on() {
    let mut bench = waiting();
    let (found, commands) = give_up(&mut bench, order(Some(1), true));
    assert_eq!(found.blockers, []);
    assert!(found.steps[0].contains("is lost"), "{:?}", found.steps);
    let reason = AbortReason::GivenUp {
        operator: "ann".to_owned(),
        reason: "the rack burnt down".to_owned(),
    };
    let given_up = RecoveryOutcome::Aborted { reason };
    assert_eq!(outcome(&commands), Some(&given_up));
    assert_eq!(bench.keeper.inherited(), None);
    assert!(!bench.code(ProblemCode::UnfinishedRecovery));
    assert_eq!(bench.keeper.cluster().primary, name(1));
    assert!(bench.keeper.cluster().epoch > records(&commands)[0].epoch);
    let commands = bench.later(ms(400)).answers(1);
    assert!(
        matches!(&cares(commands)[..], [(node, Care::Reopen { .. })] if *node == name(1)),
        "it was closed for the failover, so it is opened again"
    );
}

#[test]
fn giving_up_and_failing_over_is_one_order_where_a_replica_is_left() {
    let inheritance = unfinished(&auto(), Some(3));
    let fixture = auto().dead_primary().replication(2, stop);
    let mut bench = Bench::inheriting(fixture, inheritance);
    bench.probed(1, ProbeOutcome::Refused);
    bench.answers(2);
    bench.probed(3, ProbeOutcome::TimedOut);
    let (found, commands) = give_up(&mut bench, order(Some(2), true));
    assert_eq!(found.blockers, []);
    assert_eq!(found.candidate, Some(name(2)));
    assert!(begins(&commands));
    assert!(matches!(
        outcome(&commands),
        Some(RecoveryOutcome::Aborted { .. })
    ));
    assert_eq!(
        cares(commands),
        [],
        "its receivers are stopped, not started"
    );
    assert!(bench.keeper.recovery().unwrap().epoch > bench.keeper.cluster().epoch);
}

/// A leader that never heard the primary, which died; another had opened it.
fn never_heard(last_done: Option<Recovery>, held: u64) -> Bench {
    let behind = |report: &mut lictor_domain::NodeReport| {
        report.executed = gtids(1, 1, held);
        if let Some(replication) = &mut report.replication {
            replication.received = gtids(1, 1, held);
        }
    };
    let fixture = auto().dead_primary().report(2, behind).report(3, behind);
    let inheritance = Inheritance {
        last_done,
        ..inheritance(&fixture)
    };
    let mut bench = Bench::inheriting(fixture, inheritance);
    bench.probed(1, ProbeOutcome::Refused);
    for n in [2, 3, 2, 3] {
        bench.later(ms(200)).answers(n);
    }
    bench
}

fn elects(bench: &mut Bench, held: u64) -> Option<NodeName> {
    bench.finished(stored(Standing::Begun));
    bench.stopped(2, Ok(gtids(1, 1, held)));
    let fits = bench.stopped(3, Ok(gtids(1, 1, held)));
    let chosen = bench.keeper.recovery().and_then(|r| r.new_primary.clone());
    assert_eq!(
        chosen.is_some(),
        !records(&fits)
            .iter()
            .any(|r| r.outcome != RecoveryOutcome::Running)
    );
    chosen
}

#[test]
fn who_lacks_what_a_primary_held_at_its_opening_takes_its_place_under_no_later_leader() {
    let opened = |n: u32| {
        let mut record = unfinished(&auto(), Some(n)).unfinished.unwrap();
        record.outcome = RecoveryOutcome::Done;
        record
    };
    for (record, held, expected) in [
        (Some(opened(1)), 100, Some(name(2))),
        (Some(opened(1)), 99, None),
        // Of another primacy, or of none: nothing is known.
        (Some(opened(3)), 99, Some(name(2))),
        (None, 99, Some(name(2))),
    ] {
        let mut bench = never_heard(record, held);
        assert_eq!(elects(&mut bench, held), expected, "{held}");
    }
}

#[test]
fn a_primary_that_the_store_knows_in_its_epoch_ends_it() {
    let mut inheritance = unfinished(&auto(), None);
    let epoch = inheritance.unfinished.as_ref().unwrap().epoch;
    inheritance.cluster.primary = name(2);
    inheritance.cluster.epoch = epoch;
    // The old primary hung, and goes on: it is writable, and nobody's.
    let mut bench = Bench::inheriting(auto(), inheritance);
    let commands = bench.answers(1);
    assert_eq!(outcome(&commands), Some(&RecoveryOutcome::Done));
    assert_eq!(bench.keeper.cluster().primary, name(2));
}

#[test]
fn a_silent_winner_that_somebody_follows_is_the_primary_and_what_it_held_is_demanded() {
    let inheritance = unfinished(&auto(), Some(3));
    let fixture = auto().dead_primary().replication(2, stop).follows(2, 3);
    let mut bench = Bench::inheriting(fixture, inheritance);
    bench.probed(1, ProbeOutcome::Refused);
    bench.answers(2);
    let commands = bench.probed(3, ProbeOutcome::TimedOut);
    is_adopted(&bench, &commands, 3);
    let view = bench.keeper.view();
    assert_eq!(view.committed(), Some(&gtids(1, 1, 100)));
}
