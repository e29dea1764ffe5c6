//! The second step: who held the most has saved the data, and who is better placed
//! takes over.

use lictor_domain::{
    BetterPlaced, FailoverOrder, Maintenance, Node, OpenTransaction, Pause, Policy, PromotionRule,
};

use super::super::second_step::LIMIT;
use super::*;
use crate::switchover::Facts;

/// Number 2 is promoted only when no other can.
fn reluctant() -> Fixture {
    auto().definition(2, |node| node.promotion = PromotionRule::PreferNot.into())
}

fn zone(node: &mut Node, zone: &str) {
    node.zone = Some(zone.parse().unwrap());
}

/// Number 2 stands apart from the others.
fn apart() -> Fixture {
    let here = |fixture: Fixture, n| fixture.definition(n, |node| zone(node, "eu-1"));
    let fixture = [1, 3].into_iter().fold(auto(), here);
    fixture.definition(2, |node| zone(node, "eu-2"))
}

impl Bench {
    /// From the first question on: number 2 held the most, and took over.
    fn number_two_takes_over(&mut self) {
        self.finished(stored(Standing::Begun));
        self.stopped(2, Ok(gtids(1, 1, 100)));
        self.stopped(3, Ok(gtids(1, 1, 90)));
        self.finished(stored(Standing::Chosen));
        self.finished(Done::CaughtUp(Ok(())));
        self.finished(Done::Opened(Ok(())));
        self.finished(Done::Published { subscribers: 1 });
        self.finished(Done::Detached(Ok(())));
        let (node, result) = (name(3), Ok(()));
        self.finished(Done::Repointed { node, result });
        assert_eq!(self.keeper.recovery(), None);
        assert_eq!(self.keeper.cluster().primary, name(2));
        self.alter(led_by_two);
    }

    /// The primary of this cluster died, and number 2, which held the most, took
    /// over.
    fn saved_by_two(fixture: Fixture) -> Self {
        let mut bench = Self::watching(fixture);
        bench.primary_dies();
        bench.number_two_takes_over();
        bench
    }

    /// Everyone who lives answers, some time later; what that makes the keeper do.
    fn after(&mut self, time: Duration) -> Vec<Command> {
        self.later(time);
        let mut commands = self.answers(3);
        commands.extend(self.answers(2));
        commands
    }

    fn looked(&mut self, open: Vec<OpenTransaction>) -> Vec<Command> {
        let (node, transactions, subscribers) = (name(2), Ok(open), 1);
        let facts = Facts {
            transactions,
            subscribers,
        };
        self.step(Event::Looked { node, facts })
    }

    /// The switchover that began, or what was shown instead.
    fn begun(&self) -> Result<&Recovery, String> {
        let shown = || self.shown().unwrap_or_default();
        self.keeper.recovery().ok_or_else(shown)
    }

    fn shown(&self) -> Option<String> {
        let problems = self.keeper.problems(now(self.at)).into_iter();
        let mut better = problems.filter(|p| p.code == ProblemCode::BetterPlacedReplica);
        let problem = better.next()?;
        let evidence: Vec<_> = problem.evidence.iter().map(ToString::to_string).collect();
        Some(format!("{} [{}]", problem.sentence, evidence.join("; ")))
    }

    /// Whatever time passes, nothing begins, and nobody is asked.
    fn stays(&mut self) {
        for _ in 0..5 {
            assert!(!looks(&self.after(ms(400))));
            assert_eq!(self.keeper.recovery(), None);
        }
    }
}

/// Number 2 leads, and number 3 follows it.
fn led_by_two(fixture: Fixture) -> Fixture {
    fixture
        .report(2, |report| report.replication = None)
        .writability(2, Writability::Writable)
        .semi_sync(2, |s| (s.source_enabled, s.source_active) = (true, true))
        .follows(3, 2)
}

fn looks(commands: &[Command]) -> bool {
    let look =
        |command: &Command| matches!(command, Command::Look { node, .. } if *node == name(2));
    commands.iter().any(look)
}

fn open_for_long() -> OpenTransaction {
    OpenTransaction {
        session: 7,
        user: "app".to_owned(),
        age: Duration::from_secs(3),
    }
}

#[test]
fn who_is_better_placed_takes_over_by_a_switchover_that_says_why() {
    for (fixture, why) in [
        (
            reluctant(),
            "its promotion rule is neutral, and not prefer_not",
        ),
        (apart(), "it is in the zone of orders-1"),
    ] {
        let mut bench = Bench::saved_by_two(fixture);
        assert!(looks(&bench.after(ms(400))));
        assert!(begins(&bench.looked(vec![])));
        let record = bench.begun().unwrap();
        assert_eq!(record.kind, RecoveryKind::Switchover);
        assert_eq!(record.old_primary, name(2));
        assert_eq!(record.new_primary, Some(name(3)));
        assert_eq!(record.verdict.code, ProblemCode::BetterPlacedReplica);
        let said = &record.verdict.sentence;
        assert!(said.contains("orders-2 held the most"), "{said}");
        assert!(said.ends_with(why), "{said}");
    }
}

#[test]
fn nobody_takes_over_who_is_not_better_placed() {
    let preferred = |n: u32| {
        move |fixture: Fixture| {
            fixture.definition(n, |node| node.promotion = PromotionRule::Prefer.into())
        }
    };
    for fixture in [
        auto(),
        preferred(2)(auto()),
        preferred(1)(auto()),
        preferred(2)(apart()),
        reluctant().definition(3, |node| node.promotion = PromotionRule::PreferNot.into()),
        reluctant().definition(3, |node| node.promotion = PromotionRule::MustNot.into()),
        auto()
            .definition(2, |node| zone(node, "eu-2"))
            .definition(3, |node| zone(node, "eu-1")),
    ] {
        let mut bench = Bench::saved_by_two(fixture);
        bench.stays();
        assert_eq!(bench.shown(), None);
    }
}

#[test]
fn it_waits_until_the_better_one_has_caught_up_and_says_so() {
    let mut bench = Bench::saved_by_two(reluctant());
    bench.alter(|fixture| fixture.lag(3, Some(Duration::from_secs(3))));
    bench.after(ms(400));
    bench.stays();
    let shown = bench.shown().unwrap();
    assert!(shown.contains("cannot take over yet"), "{shown}");
    assert!(shown.contains("orders-3 is 3000 ms behind"), "{shown}");
    bench.alter(|fixture| fixture.lag(3, Some(Duration::ZERO)));
    assert!(looks(&bench.after(ms(400))));
    assert!(begins(&bench.looked(vec![])));
    assert_eq!(bench.shown(), None);
}

#[test]
fn a_long_transaction_holds_it_back_and_is_looked_for_again() {
    let mut bench = Bench::saved_by_two(reluctant());
    assert!(looks(&bench.after(ms(400))));
    assert!(!begins(&bench.looked(vec![open_for_long()])));
    let shown = bench.shown().unwrap();
    assert!(shown.contains("session 7 of app"), "{shown}");
    assert!(!looks(&bench.after(ms(400))));
    bench.after(ms(400));
    assert!(looks(&bench.after(ms(400))));
    assert!(begins(&bench.looked(vec![])));
}

#[test]
fn a_look_of_which_nothing_is_heard_is_made_again() {
    let mut bench = Bench::saved_by_two(reluctant());
    assert!(looks(&bench.after(ms(400))));
    assert!(!looks(&bench.after(Duration::from_secs(2))));
    assert!(looks(&bench.after(Duration::from_secs(10))));
}

#[test]
fn where_the_policy_says_stay_the_winner_stays() {
    let stay = |policy: &mut Policy| policy.better_placed = BetterPlaced::Stay;
    let mut bench = Bench::saved_by_two(reluctant().policy(stay));
    bench.stays();
    assert_eq!(bench.shown(), None);
    let mut changed = bench.keeper.cluster().clone();
    changed.policy.better_placed = BetterPlaced::Switch;
    bench.step(Event::Redefined(changed));
    bench.after(ms(400));
    assert!(begins(&bench.looked(vec![])));
}

#[test]
fn a_paused_cluster_is_left_as_it_is_and_its_operator_is_told() {
    let mut bench = Bench::saved_by_two(reluctant());
    let mut paused = bench.keeper.cluster().clone();
    paused.pause = Some(Pause {
        owner: "ada".to_owned(),
        reason: "a network change".to_owned(),
        until: None,
    });
    bench.step(Event::Redefined(paused));
    bench.after(ms(400));
    bench.stays();
    let shown = bench.shown().unwrap();
    assert!(
        shown.contains("does nothing by itself in mode manual"),
        "{shown}"
    );
}

#[test]
fn a_better_one_in_maintenance_is_not_waited_for_and_a_silent_one_is() {
    let mut bench = Bench::saved_by_two(reluctant());
    let mut worked_on = bench.keeper.cluster().clone();
    worked_on.nodes[2].maintenance = reluctant().in_maintenance(3).cluster.nodes[2]
        .maintenance
        .clone()
        .map(|maintenance| Maintenance {
            until: now(LIMIT).wall,
            ..maintenance
        });
    bench.step(Event::Redefined(worked_on));
    bench.after(ms(400));
    bench.stays();
    assert_eq!(bench.shown(), None);

    let mut bench = Bench::saved_by_two(reluctant());
    bench.after(ms(100));
    bench.later(Duration::from_secs(3));
    bench.probed(3, ProbeOutcome::TimedOut);
    bench.answers(2);
    bench.looked(vec![]);
    assert_eq!(bench.keeper.recovery(), None);
    let shown = bench.shown().unwrap();
    assert!(shown.contains("orders-3 does not answer"), "{shown}");
}

#[test]
fn it_comes_within_its_time_or_not_at_all() {
    let mut bench = Bench::saved_by_two(reluctant());
    bench.after(LIMIT);
    bench.stays();
    let shown = bench.shown().unwrap();
    assert!(shown.contains("was not ready within 600 s"), "{shown}");
}

#[test]
fn one_that_was_undone_is_not_tried_again() {
    let mut bench = Bench::saved_by_two(reluctant());
    bench.after(ms(400));
    bench.looked(vec![]);
    bench.finished(Done::IntentStored {
        standing: Standing::Chosen,
        result: Err("no store answers".to_owned()),
    });
    assert_eq!(bench.keeper.recovery(), None);
    bench.stays();
    let shown = bench.shown().unwrap();
    assert!(shown.contains("was undone: neither store took"), "{shown}");
}

#[test]
fn after_the_second_step_there_is_no_third() {
    let mut bench = Bench::saved_by_two(reluctant());
    bench.after(ms(400));
    bench.looked(vec![]);
    bench.finished(stored(Standing::Chosen));
    bench.finished(Done::CaughtUp(Ok(())));
    bench.finished(Done::Held { acked: 1, of: 1 });
    let (node, result) = (name(2), Ok(gtids(1, 1, 100)));
    bench.finished(Done::Closed { node, result });
    bench.finished(Done::CaughtUp(Ok(())));
    bench.finished(Done::Opened(Ok(())));
    assert_eq!(bench.keeper.cluster().primary, name(3));
    bench.later(Duration::from_secs(5)).step(Event::Tick);
    assert_eq!(bench.keeper.recovery(), None);
    assert_eq!(bench.keeper.second_step, None);
}

#[test]
fn an_ordered_failover_has_one_unless_the_operator_named_the_winner() {
    for to in [None, Some(name(2))] {
        let mut bench = Bench::watching(reluctant());
        bench.later(ms(400));
        let order = FailoverOrder {
            to: to.clone(),
            force: false,
            operator: "ann".to_owned(),
            reason: "it stalls".to_owned(),
        };
        let fresh = RecoveryId(Uuid::from_u128(77));
        bench.alter(Fixture::dead_primary);
        bench.probed(1, ProbeOutcome::Refused);
        let now = now(bench.at);
        bench.keeper.order_failover(order, now, fresh);
        bench.number_two_takes_over();
        bench.after(ms(400));
        bench.looked(vec![]);
        assert_eq!(bench.keeper.recovery().is_some(), to.is_none());
    }
}

/// What the leader leaves whose cluster number 2 has saved.
fn left_by(bench: &Bench, failover: Recovery) -> Inheritance {
    Inheritance {
        cluster: bench.keeper.cluster().clone(),
        last_done: Some(failover),
        ..inheritance(&bench.fixture)
    }
}

/// The record of the failover of a cluster that number 2 has saved.
fn failover() -> (Bench, Recovery) {
    let mut bench = Bench::watching(reluctant());
    bench.primary_dies();
    let mut record = bench.keeper.recovery().unwrap().clone();
    bench.number_two_takes_over();
    record.epoch = bench.keeper.cluster().epoch;
    record.new_primary = Some(name(2));
    record.outcome = RecoveryOutcome::Done;
    (bench, record)
}

/// A next leader has looked at everyone.
fn next_leader(bench: &Bench, inheritance: Inheritance) -> Bench {
    let mut next = Bench::inheriting(bench.fixture.clone(), inheritance);
    next.probed(1, ProbeOutcome::Refused);
    next.after(ms(400));
    next.after(ms(400));
    next
}

#[test]
fn a_next_leader_takes_the_step_that_was_left() {
    let (bench, record) = failover();
    let mut next = next_leader(&bench, left_by(&bench, record.clone()));
    assert!(begins(&next.looked(vec![])));

    let mut ordered = record;
    ordered.verdict.code = ProblemCode::FailoverOrdered;
    let mut next = next_leader(&bench, left_by(&bench, ordered));
    next.stays();
}

#[test]
fn a_next_leader_does_not_try_again_what_was_undone() {
    let (mut bench, record) = failover();
    bench.after(ms(400));
    bench.looked(vec![]);
    let begun = bench.begun().unwrap().clone();
    let reason = AbortReason::CandidateLost;
    let undone = Recovery {
        outcome: RecoveryOutcome::Aborted { reason },
        ..begun.clone()
    };
    let mut left = left_by(&bench, record.clone());
    left.given_up = vec![undone];
    let mut next = next_leader(&bench, left);
    next.stays();
    let shown = next.shown().unwrap();
    assert!(shown.contains("the candidate stopped answering"), "{shown}");

    // Nor what it undoes itself.
    let mut left = left_by(&bench, record);
    left.unfinished = Some(begun);
    let mut next = next_leader(&bench, left);
    assert_eq!(next.keeper.inherited(), None);
    next.stays();
    let shown = next.shown().unwrap();
    assert!(shown.contains("its leader was lost on the way"), "{shown}");
}
