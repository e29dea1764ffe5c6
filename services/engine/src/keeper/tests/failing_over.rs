//! From a lost primary to a failover, or to the reason why not.

use super::*;

#[test]
fn a_dead_primary_is_failed_over_in_auto() {
    let mut bench = Bench::watching(auto());
    assert!(begins(&bench.primary_dies()));
    assert!(bench.keeper.recovery().is_some());
}

#[test]
fn a_budget_that_is_spent_refuses_and_says_so() {
    let fixture = auto();
    let mut inheritance = inheritance(&fixture);
    inheritance.done_at = vec![now(Duration::ZERO).wall; 3];
    let mut bench = Bench::inheriting(fixture, inheritance);
    bench.everyone_answers();
    assert!(!begins(&bench.primary_dies()));
    assert!(bench.code(ProblemCode::FailoverBudgetSpent));
    assert_eq!(bench.writer(), None);
}

#[test]
fn a_budget_counts_only_what_lies_in_its_window() {
    let fixture = auto();
    let mut inheritance = inheritance(&fixture);
    let long_ago = now(Duration::ZERO).wall - Duration::from_secs(601);
    inheritance.done_at = vec![long_ago; 3];
    let mut bench = Bench::inheriting(fixture, inheritance);
    bench.everyone_answers();
    assert!(begins(&bench.primary_dies()));
}

#[test]
fn observe_and_manual_write_down_once_what_would_have_been_done_and_touch_nothing() {
    for mode_ in [Mode::Observe, Mode::Manual] {
        let mut bench = Bench::watching(mode(mode_));
        let mut commands = bench.primary_dies();
        for _ in 0..20 {
            commands.extend(bench.later(ms(200)).step(Event::Tick));
            commands.extend(bench.answers(2));
            commands.extend(bench.answers(3));
        }
        let touched = commands
            .iter()
            .any(|c| matches!(c, Command::Recover { .. } | Command::Tend { .. }));
        assert!(!touched, "{mode_}");
        let [record] = records(&commands)[..] else {
            panic!("{mode_}: {commands:#?}");
        };
        assert_eq!(record.new_primary, Some(name(2)), "{mode_}");
        let reason = AbortReason::OnlyObserved;
        assert_eq!(record.outcome, RecoveryOutcome::Aborted { reason });
        assert!(bench.code(ProblemCode::ActionWithheld), "{mode_}");
    }
}

#[test]
fn observe_says_too_when_nobody_could_have_been_promoted() {
    let unfit = |node: &mut lictor_domain::Node| {
        node.promotion = lictor_domain::PromotionRule::MustNot.into();
    };
    let fixture = mode(Mode::Observe)
        .definition(2, unfit)
        .definition(3, unfit);
    let commands = Bench::watching(fixture).primary_dies();
    let [record] = records(&commands)[..] else {
        panic!("{commands:#?}");
    };
    assert_eq!(record.new_primary, None);
    assert!(
        matches!(
            &record.outcome,
            RecoveryOutcome::Aborted { reason: AbortReason::NoViableCandidate { blocker } }
                if blocker.contains("must_not")
        ),
        "{:?}",
        record.outcome
    );
}

/// Number 3 is silent, so nobody knows what it alone may hold.
fn refused() -> Bench {
    let mut bench = Bench::watching(auto());
    bench.later(ms(400)).probed(3, ProbeOutcome::TimedOut);
    bench.alter(Fixture::dead_primary);
    bench.probed(1, ProbeOutcome::Refused);
    assert!(begins(&bench.answers(2)));
    bench.finished(stored(Standing::Begun));
    bench.stopped(2, Ok(gtids(1, 1, 100)));
    assert_eq!(bench.keeper.recovery(), None);
    bench
}

#[test]
fn a_refusal_stands_as_a_problem_and_is_not_repeated() {
    let mut bench = refused();
    assert!(bench.code(ProblemCode::NoViableCandidate));
    for _ in 0..50 {
        bench.later(ms(1_000));
        assert!(!begins(&bench.probed(1, ProbeOutcome::Refused)));
        assert!(!begins(&bench.answers(2)));
    }
}

#[test]
fn a_refusal_is_tried_again_after_a_minute() {
    let mut bench = refused();
    bench.later(BLOCKED_PAUSE).probed(1, ProbeOutcome::Refused);
    assert!(begins(&bench.answers(2)));
}

#[test]
fn a_refusal_is_tried_again_when_another_replica_answers() {
    let mut bench = refused();
    bench.later(ms(1_000)).probed(1, ProbeOutcome::Refused);
    bench.answers(2);
    assert!(begins(&bench.answers(3)));
}

#[test]
fn an_answer_of_the_primary_ends_the_refusal() {
    let mut bench = refused();
    bench.later(ms(500)).answers(1);
    assert!(!bench.code(ProblemCode::NoViableCandidate));
}

#[test]
fn epochs_rise_also_over_failovers_that_were_given_up() {
    let mut bench = refused();
    let given_up = bench.keeper.last_epoch;
    bench.later(BLOCKED_PAUSE).probed(1, ProbeOutcome::Refused);
    bench.answers(2);
    assert!(bench.keeper.recovery().unwrap().epoch > given_up);
    assert_eq!(given_up.term, Term(2));
}

#[test]
fn the_new_primary_serves_from_the_moment_it_is_open_and_is_probed_at_once() {
    let mut bench = Bench::watching(auto());
    assert_eq!(bench.writer(), Some(name(1)));
    let commands = bench.fails_over();
    assert_eq!(bench.writer(), Some(name(2)));
    assert_eq!(asked(&commands), [name(2)]);
    bench.finished(Done::Published { subscribers: 1 });
    bench.finished(Done::Detached(Ok(())));
    let (node, result) = (name(3), Ok(()));
    bench.finished(Done::Repointed { node, result });
    assert_eq!(bench.keeper.recovery(), None);
    assert_eq!(bench.writer(), Some(name(2)));
}

#[test]
fn an_answer_from_before_the_opening_does_not_close_the_route() {
    let mut bench = Bench::watching(auto());
    bench.fails_over();
    bench.later(ms(1)).answers(2);
    assert_eq!(bench.writer(), Some(name(2)));
    assert_eq!(bench.keeper.view().primary().report(), None);
}

#[test]
fn a_quiet_cluster_after_a_failover_is_left_alone() {
    let mut bench = Bench::watching(auto());
    bench.has_failed_over();
    bench.later(ms(400));
    bench.answers(3);
    assert_eq!(cares(bench.answers(2)), []);
}

#[test]
fn a_definition_does_not_move_the_primacy() {
    let mut bench = Bench::watching(auto());
    bench.has_failed_over();
    let stale = bench.fixture.cluster.clone();
    assert_eq!(stale.primary, name(1));
    bench.step(Event::Redefined(stale));
    assert_eq!(bench.keeper.cluster().primary, name(2));
    assert_eq!(bench.keeper.cluster().epoch.term, Term(2));
}
