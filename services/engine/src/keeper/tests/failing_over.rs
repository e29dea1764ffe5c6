//! From a lost primary to a failover, or to the reason why not.

use super::*;

#[test]
fn a_dead_primary_is_failed_over_in_auto() {
    let mut bench = Bench::watching(auto());
    assert!(begins(&bench.primary_dies()));
    assert!(bench.keeper.recovery().is_some());
}

/// A cluster that failed over so long ago, in seconds.
fn failed_over(fixture: Fixture, ago: &[u64]) -> Bench {
    let mut inheritance = inheritance(&fixture);
    let at = |ago: &u64| now(Duration::ZERO).wall - Duration::from_secs(*ago);
    inheritance.done_at = ago.iter().map(at).collect();
    let mut bench = Bench::inheriting(fixture, inheritance);
    bench.everyone_answers();
    bench
}

fn spent(bench: &Bench) -> Option<Problem> {
    let mut problems = bench.keeper.problems(now(bench.at)).into_iter();
    problems.find(|problem| problem.code == ProblemCode::FailoverBudgetSpent)
}

#[test]
fn a_budget_that_is_spent_refuses_and_says_so() {
    let mut bench = failed_over(auto(), &[0, 0, 0]);
    assert!(!begins(&bench.primary_dies()));
    let problem = spent(&bench).unwrap();
    assert_eq!(problem.node, Some(name(1)));
    assert!(problem.sentence.contains("no failover is done"));
    assert_eq!(bench.writer(), None);
}

#[test]
fn a_spent_budget_is_shown_before_anything_is_lost_with_its_end_and_its_override() {
    assert_eq!(spent(&failed_over(auto(), &[500, 400])), None);
    let mut bench = failed_over(auto(), &[500, 400, 300, 700]);
    let problem = spent(&bench).unwrap();
    let next_at = now(Duration::ZERO).wall + Duration::from_secs(100);
    assert_eq!(
        problem.evidence,
        [Evidence::BudgetSpent {
            done: 3,
            allowed: 3,
            window: Duration::from_mins(10),
            next_at: Some(next_at),
        }]
    );
    assert!(problem.sentence.starts_with("if orders-1 is lost now"));
    for way in [
        "lictor cluster set orders --budget",
        "lictor cluster failover orders",
    ] {
        assert!(problem.response.contains(way), "{}", problem.response);
    }
    bench.later(Duration::from_secs(100));
    assert_eq!(spent(&bench), None);
}

#[test]
fn a_budget_that_was_lowered_is_free_again_when_few_enough_are_left() {
    let lowered = auto().policy(|policy| policy.budget.failovers = 1);
    let problem = spent(&failed_over(lowered, &[500, 400, 300])).unwrap();
    let next_at = now(Duration::ZERO).wall + Duration::from_mins(5);
    assert!(
        matches!(problem.evidence[..], [Evidence::BudgetSpent { next_at: Some(at), .. }] if at == next_at),
        "{problem:?}"
    );
}

#[test]
fn where_nothing_is_done_by_itself_no_budget_is_missed() {
    for mode_ in [Mode::Observe, Mode::Manual] {
        assert_eq!(spent(&failed_over(mode(mode_), &[0, 0, 0])), None);
    }
}

#[test]
fn a_budget_that_is_raised_lets_the_lost_primary_be_failed_over_at_once() {
    let mut bench = failed_over(auto(), &[0, 0, 0]);
    bench.primary_dies();
    let mut raised = bench.fixture.cluster.clone();
    raised.policy.budget.failovers = 4;
    assert!(begins(&bench.step(Event::Redefined(raised))));
}

#[test]
fn a_budget_counts_only_what_lies_in_its_window() {
    let mut bench = failed_over(auto(), &[601, 601, 601]);
    assert!(begins(&bench.primary_dies()));
}

#[test]
fn a_failover_that_counts_no_more_is_forgotten_when_another_is_done() {
    let mut bench = failed_over(auto(), &[500, 601, 700]);
    bench.has_failed_over();
    let wall = now(Duration::ZERO).wall;
    let [older, newer] = bench.keeper.done_at[..] else {
        panic!("{:?}", bench.keeper.done_at);
    };
    assert_eq!(older, wall - Duration::from_secs(500));
    assert!(newer >= wall);
}

#[test]
fn observe_and_manual_write_down_once_what_would_have_been_done_and_touch_nothing() {
    for mode_ in [Mode::Observe, Mode::Manual] {
        let mut bench = Bench::watching(mode(mode_));
        let mut commands = bench.primary_dies();
        for _ in 0..200 {
            commands.extend(bench.later(ms(1_000)).step(Event::Tick));
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
    let problems = bench.keeper.problems(now(bench.at));
    let unfit = problems.iter().flat_map(|problem| &problem.evidence).any(
        |fact| matches!(fact, Evidence::CannotBePromoted { replica, .. } if *replica == name(3)),
    );
    assert!(unfit, "{problems:#?}");
    for _ in 0..9 {
        bench.later(FIRST_PAUSE / 10);
        assert!(!begins(&bench.probed(1, ProbeOutcome::Refused)));
        assert!(!begins(&bench.answers(2)));
    }
}

#[test]
fn a_failover_that_no_store_knows_of_is_blocked_and_touches_nothing() {
    let mut bench = Bench::watching(auto());
    assert!(begins(&bench.primary_dies()));
    let lost = Done::IntentStored {
        standing: Standing::Begun,
        result: Err("Postgres and Consul are away".to_owned()),
    };
    let commands = bench.finished(lost);
    let touched = |command: &Command| matches!(command, Command::Recover { .. });
    assert!(!commands.iter().any(touched), "{commands:#?}");
    assert!(bench.code(ProblemCode::FailoverBlocked));
}

#[test]
fn a_refusal_is_tried_again_each_time_after_twice_the_pause_but_no_longer_than_the_longest() {
    let mut bench = refused();
    let mut pause = FIRST_PAUSE;
    for _ in 0..6 {
        bench
            .later(pause.saturating_sub(ms(2)))
            .probed(1, ProbeOutcome::Refused);
        assert!(!begins(&bench.answers(2)), "before {pause:?}");
        let commands = bench.later(ms(2)).probed(1, ProbeOutcome::Refused);
        assert!(begins(&commands), "after {pause:?}");
        bench.finished(stored(Standing::Begun));
        bench.stopped(2, Ok(gtids(1, 1, 100)));
        assert_eq!(bench.keeper.recovery(), None);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[test]
fn a_refusal_is_tried_again_when_the_operator_changes_the_definition() {
    let mut bench = refused();
    bench.later(ms(1_000)).probed(1, ProbeOutcome::Refused);
    assert!(!begins(&bench.answers(2)));
    let mut cluster = bench.keeper.cluster().clone();
    cluster.policy.max_read_lag_secs += 1;
    assert!(begins(&bench.step(Event::Redefined(cluster))));
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
    bench.later(FIRST_PAUSE).probed(1, ProbeOutcome::Refused);
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
