//! What another leader left unfinished.

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
    let fixture = auto().dead_primary().replication(2, stop).follows(2, 3);
    let mut bench = Bench::inheriting(fixture, inheritance);
    bench.probed(1, ProbeOutcome::Refused);
    bench.answers(2);
    let commands = bench.probed(3, ProbeOutcome::TimedOut);
    let touched = |commands: &[Command]| {
        commands
            .iter()
            .any(|c| !matches!(c, Command::Probe { .. } | Command::Knock { .. }))
    };
    assert!(!touched(&commands), "{commands:?}");
    assert!(bench.code(ProblemCode::UnfinishedRecovery));
    bench.alter(|fixture| opened(fixture, 3));
    let commands = bench.later(ms(400)).answers(3);
    is_adopted(&bench, &commands, 3);
    assert!(!bench.code(ProblemCode::UnfinishedRecovery));
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
