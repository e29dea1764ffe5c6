//! Commands that take effect after the recovery they belong to was given up.

use super::*;
use crate::view::LATE;

/// A failover of the primary that was given up after it had touched nodes.
fn given_up() -> Vec<Recovery> {
    let mut before = Bench::watching(auto());
    before.primary_dies();
    before.finished(stored(Standing::Begun));
    let mut record = before.keeper.recovery().unwrap().clone();
    let reason = AbortReason::PrimaryAnswered;
    record.outcome = RecoveryOutcome::Aborted { reason };
    vec![record]
}

/// The leader that follows the one which gave it up.
fn next_leader() -> Bench {
    let inheritance = Inheritance {
        given_up: given_up(),
        ..inheritance(&auto())
    };
    Bench::inheriting(auto(), inheritance)
}

fn looked_at(bench: &mut Bench, change: impl FnOnce(Fixture) -> Fixture) -> Vec<(NodeName, Care)> {
    bench.alter(change);
    let mut commands = bench.later(ms(400)).everyone_answers();
    bench.later(ms(10));
    commands.extend(bench.everyone_answers());
    cares(commands)
}

fn closed(fixture: Fixture) -> Fixture {
    fixture.writability(1, Writability::SuperReadOnly)
}

fn is_reopened(cares: &[(NodeName, Care)]) -> bool {
    matches!(cares, [(node, Care::Reopen { .. })] if *node == name(1))
}

#[test]
fn a_primary_that_a_dead_leaders_late_order_closes_is_opened_again() {
    let mut bench = next_leader();
    assert_eq!(looked_at(&mut bench, |fixture| fixture), []);
    assert!(is_reopened(&looked_at(&mut bench, closed)));
}

#[test]
fn a_receiver_that_a_dead_leaders_late_order_stops_is_started_again() {
    let mut bench = next_leader();
    let cares = looked_at(&mut bench, |fixture| fixture.replication(3, stop));
    assert_eq!(cares, [(name(3), Care::Resume)]);
}

#[test]
fn what_is_closed_when_nothing_can_come_late_any_more_was_closed_by_its_operator() {
    let mut bench = next_leader();
    looked_at(&mut bench, |fixture| fixture);
    bench.later(LATE);
    looked_at(&mut bench, |fixture| fixture);
    assert_eq!(looked_at(&mut bench, closed), []);
    assert!(bench.code(ProblemCode::PrimaryReadOnly));
}

#[test]
fn what_was_done_to_another_primary_is_of_no_interest() {
    let mut inheritance = inheritance(&auto());
    inheritance.given_up = given_up();
    inheritance.given_up[0].old_primary = name(2);
    let mut bench = Bench::inheriting(auto(), inheritance);
    assert_eq!(looked_at(&mut bench, closed), []);
}

#[test]
fn nothing_is_started_where_lictor_only_observes() {
    let fixture = mode(Mode::Observe)
        .replication(2, stop)
        .replication(3, stop);
    let unfinished = given_up().into_iter().next().map(|record| Recovery {
        outcome: RecoveryOutcome::Running,
        ..record
    });
    let inheritance = Inheritance {
        unfinished,
        ..inheritance(&fixture)
    };
    let mut bench = Bench::inheriting(fixture, inheritance);
    assert_eq!(looked_at(&mut bench, |fixture| fixture), []);
}
