//! What nodes get outside of a recovery.

use super::*;
use crate::fixture::replication_from;
use crate::keeper::tending::CARE_PAUSE;

fn old_primary_returns(alter: impl FnOnce(Fixture) -> Fixture) -> (Bench, Vec<Command>) {
    let mut bench = Bench::watching(auto());
    bench.has_failed_over();
    bench.alter(alter);
    let mut commands = bench.later(ms(400)).answers(1);
    bench.later(ms(10));
    commands.extend(bench.answers(2));
    (bench, commands)
}

fn closed(fixture: Fixture) -> Fixture {
    fixture.writability(1, Writability::SuperReadOnly)
}

#[test]
fn an_old_primary_that_is_still_writable_is_closed() {
    let (_, commands) = old_primary_returns(|fixture| fixture);
    assert_eq!(cares(commands), [(name(1), Care::Close)]);
}

#[test]
fn a_clean_old_primary_follows_the_new_one() {
    let (_, commands) = old_primary_returns(closed);
    let source = address(2);
    assert_eq!(cares(commands), [(name(1), Care::Follow { source })]);
}

#[test]
fn an_old_primary_with_a_transaction_of_its_own_is_quarantined_and_does_not_follow() {
    let own = gtids(1, 101, 102);
    let (bench, commands) = old_primary_returns(|fixture| closed(fixture).executed(1, &own));
    let [(node, Care::Quarantine(Some(quarantine)))] = &cares(commands)[..] else {
        panic!("no quarantine");
    };
    assert_eq!((node, &quarantine.errant), (&name(1), &own));
    let known = bench.keeper.cluster().node(&name(1)).unwrap();
    assert_eq!(known.quarantine.as_ref(), Some(quarantine));
}

#[test]
fn an_old_primary_that_died_before_it_forgot_its_source_is_no_replica_of_it() {
    for (receiver, cared) in [(ReceiverState::Stopped, 1), (ReceiverState::Running, 0)] {
        let (_, commands) = old_primary_returns(|fixture| {
            closed(fixture)
                .executed(1, &gtids(1, 101, 102))
                .report(1, |report| report.replication = Some(replication_from(2)))
                .replication(1, |replication| replication.receiver = receiver)
                .semi_sync(1, |semi_sync| semi_sync.source_enabled = false)
        });
        let quarantined = cares(commands).into_iter();
        let quarantined = quarantined.filter(|(_, care)| matches!(care, Care::Quarantine(Some(_))));
        assert_eq!(quarantined.count(), cared, "{receiver:?}");
    }
}

#[test]
fn a_quarantined_node_that_is_clean_again_is_let_back_and_follows() {
    let own = gtids(1, 101, 102);
    let (mut bench, _) = old_primary_returns(|fixture| closed(fixture).executed(1, &own));
    let tended = |bench: &mut Bench| {
        let (node, result) = (name(1), Ok(()));
        bench.step(Event::Tended { node, result });
        bench.later(ms(400)).answers(1);
        bench.later(ms(10));
        cares(bench.answers(2))
    };
    bench.alter(|fixture| fixture.report(1, |report| report.executed = gtids(1, 1, 100)));
    assert_eq!(tended(&mut bench), [(name(1), Care::Quarantine(None))]);
    let source = address(2);
    assert_eq!(tended(&mut bench), [(name(1), Care::Follow { source })]);
}

#[test]
fn care_that_failed_is_given_again_after_a_pause_and_a_new_look() {
    let (mut bench, commands) = old_primary_returns(closed);
    assert_eq!(cares(commands).len(), 1);
    let (node, result) = (name(1), Err("no".to_owned()));
    bench.step(Event::Tended { node, result });
    let mut given = 0;
    for _ in 0..4 {
        bench.later(ms(400)).answers(1);
        bench.later(ms(10));
        given += cares(bench.answers(2)).len();
    }
    assert_eq!(given, 0);
    bench.later(CARE_PAUSE).answers(1);
    bench.later(ms(10));
    assert_eq!(cares(bench.answers(2)).len(), 1);
}

/// The primary is seen to go and to come back, closed.
fn reboots(mut bench: Bench) -> (Bench, Vec<Command>) {
    bench.later(ms(400)).probed(1, ProbeOutcome::Refused);
    bench.alter(|fixture| {
        fixture
            .writability(1, Writability::SuperReadOnly)
            .semi_sync(1, |s| (s.source_enabled, s.source_active) = (false, false))
    });
    bench.later(ms(400));
    let commands = bench.answers(1);
    (bench, commands)
}

fn reopened(commands: Vec<Command>) -> bool {
    matches!(&cares(commands)[..], [(node, Care::Reopen { fenced })]
        if *node == name(1) && *fenced.proof() == FencingProof::ReadOnlySet)
}

#[test]
fn a_primary_that_rebooted_before_anyone_was_promoted_is_opened_again() {
    let (_, commands) = reboots(Bench::watching(auto()));
    assert!(reopened(commands));
}

#[test]
fn it_is_opened_although_a_replica_is_silent_or_holds_foreign_transactions() {
    let mut silent = Bench::watching(auto());
    silent.later(ms(400)).probed(3, ProbeOutcome::TimedOut);
    assert!(reopened(reboots(silent).1));
    let foreign = Bench::watching(auto().executed(3, &gtids(9, 1, 4)));
    assert!(reopened(reboots(foreign).1));
}

#[test]
fn nobody_is_promoted_while_a_late_hand_may_still_open_the_old_primary() {
    let (mut bench, commands) = reboots(Bench::watching(auto()));
    assert!(reopened(commands));
    bench.primary_dies();
    assert_eq!(bench.keeper.recovery(), None);
    let (node, result) = (name(1), Err("no answer in time".to_owned()));
    bench.step(Event::Tended { node, result });
    assert!(bench.keeper.recovery().is_some());
}

#[test]
fn a_receiver_that_could_not_be_started_after_a_failover_is_started_later() {
    let mut bench = Bench::watching(auto());
    bench.primary_dies();
    let recovery = bench.keeper.recovery().unwrap().id;
    bench.alter(|_| auto());
    bench.answers(1);
    assert_eq!(bench.keeper.recovery(), None);
    // The stop comes late, when the replica was seen to receive again.
    bench.later(ms(400));
    bench.everyone_answers();
    bench.alter(|fixture| fixture.replication(2, stop));
    let (node, result) = (name(2), Err("no answer in time".to_owned()));
    let done = Done::Repointed { node, result };
    bench.step(Event::Finished { recovery, done });
    bench.later(ms(400)).answers(2);
    bench.later(ms(10));
    assert_eq!(cares(bench.answers(1)), [(name(2), Care::Resume)]);
}

#[test]
fn a_primary_that_lost_what_a_replica_holds_stays_closed() {
    let bench = Bench::watching(auto().executed(3, &gtids(1, 101, 110)));
    assert!(!reopened(reboots(bench).1));
}

#[test]
fn a_primary_that_rebooted_while_nobody_led_is_opened_again() {
    let fixture = auto().writability(1, Writability::SuperReadOnly);
    let fixture = fixture.semi_sync(1, |s| (s.source_enabled, s.source_active) = (false, false));
    let inheritance = inheritance(&fixture);
    let mut bench = Bench::inheriting(fixture, inheritance);
    assert!(reopened(bench.everyone_answers()));
}

#[test]
fn a_primary_that_its_operator_closed_is_left_alone() {
    let mut bench = Bench::watching(auto());
    bench.alter(|fixture| fixture.writability(1, Writability::SuperReadOnly));
    bench.later(ms(400));
    assert_eq!(cares(bench.answers(1)), []);
    assert_eq!(bench.writer(), None);
}

#[test]
fn a_replica_that_rebooted_replicates_again_and_one_that_was_stopped_by_hand_does_not() {
    let idle = |fixture: Fixture| {
        fixture.replication(2, |replication| {
            stop(replication);
            replication.applier_running = false;
        })
    };
    let mut by_hand = Bench::watching(auto());
    let mut rebooted = Bench::watching(auto());
    rebooted.later(ms(400)).probed(2, ProbeOutcome::Refused);
    for (bench, expected) in [
        (&mut by_hand, vec![]),
        (&mut rebooted, vec![(name(2), Care::Resume)]),
    ] {
        bench.alter(idle);
        bench.later(ms(400)).answers(2);
        bench.later(ms(10));
        assert_eq!(cares(bench.answers(1)), expected);
    }
}

#[test]
fn a_connection_error_left_behind_does_not_keep_a_replica_stopped() {
    for (number, expected) in [(2003, 1), (1236, 0)] {
        let mut bench = Bench::watching(auto());
        bench.later(ms(400)).probed(2, ProbeOutcome::Refused);
        bench.alter(|fixture| {
            fixture.replication(2, |replication| {
                stop(replication);
                let error = crate::fixture::server_error(number, "an error");
                replication.receiver_error = Some(error);
            })
        });
        bench.later(ms(400)).answers(2);
        bench.later(ms(10));
        assert_eq!(cares(bench.answers(1)).len(), expected, "{number}");
    }
}

#[test]
fn receivers_of_a_failover_that_was_given_up_are_started_until_they_run() {
    let mut bench = Bench::watching(auto());
    bench.primary_dies();
    bench.finished(stored(Standing::Begun));
    bench.alter(|_| auto());
    let commands = bench.later(ms(50)).answers(1);
    let started = commands.iter().filter(|command| {
        matches!(
            command,
            Command::Recover {
                act: Act::StartReceiver { .. },
                ..
            }
        )
    });
    assert_eq!(started.count(), 2);
    bench.alter(|fixture| fixture.replication(3, stop));
    bench.later(ms(400)).answers(3);
    bench.later(ms(10));
    assert_eq!(cares(bench.answers(1)), [(name(3), Care::Resume)]);
}

#[test]
fn nothing_is_tended_while_it_only_observes() {
    let mut bench = Bench::watching(mode(Mode::Observe));
    bench.alter(|fixture| fixture.writability(2, Writability::Writable));
    bench.later(ms(400)).answers(2);
    bench.later(ms(10));
    assert_eq!(cares(bench.answers(1)), []);
}

#[test]
fn clients_whom_a_closing_left_out_are_let_in_but_not_those_an_operator_keeps_out() {
    let left_out = |fixture: Fixture| {
        closed(fixture).report(1, |report| {
            report.offline = true;
            report.offline_by_lictor = true;
        })
    };
    let (_, commands) = old_primary_returns(left_out);
    assert_eq!(cares(commands), [(name(1), Care::LetClientsIn)]);
    let kept_out = |fixture| closed(fixture).report(1, |report| report.offline = true);
    let (_, commands) = old_primary_returns(kept_out);
    let source = address(2);
    assert_eq!(cares(commands), [(name(1), Care::Follow { source })]);
}
