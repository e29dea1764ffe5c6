use chrono::TimeZone;
use lictor_domain::report::Knock;
use lictor_domain::{
    CandidateVerdict, FencingProof, GtidSet, Replication, RouteState, Standing, Writability,
};
use uuid::Uuid;

use super::*;
use crate::fixture::{Fixture, NOW, address, gtids, name, replication_from};
use crate::message::Act;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A keeper that is told the time by hand.
struct Bench {
    keeper: Keeper,
    fixture: Fixture,
    at: Duration,
    ids: u128,
}

impl Bench {
    /// A keeper that has not seen anything yet.
    fn inheriting(fixture: Fixture, inheritance: Inheritance) -> Self {
        Self {
            keeper: Keeper::new(inheritance, Term(2), now(Duration::ZERO)),
            fixture,
            at: ms(10),
            ids: 0,
        }
    }

    /// A keeper that has seen every node of a healthy cluster.
    fn watching(fixture: Fixture) -> Self {
        let inheritance = inheritance(&fixture);
        let mut bench = Self::inheriting(fixture, inheritance);
        bench.everyone_answers();
        bench
    }

    fn everyone_answers(&mut self) -> Vec<Command> {
        let count = u32::try_from(self.fixture.cluster.nodes.len()).unwrap();
        (1..=count).flat_map(|n| self.answers(n)).collect()
    }

    fn step(&mut self, event: Event) -> Vec<Command> {
        self.ids += 1;
        let fresh = RecoveryId(Uuid::from_u128(self.ids));
        self.keeper.step(event, now(self.at), fresh)
    }

    /// Number `n` answers with what the fixture says.
    fn answers(&mut self, n: u32) -> Vec<Command> {
        let outcome = self.fixture.answer(n);
        self.probed(n, outcome)
    }

    fn probed(&mut self, n: u32, outcome: ProbeOutcome) -> Vec<Command> {
        let node = name(n);
        self.step(Event::Probed { node, outcome })
    }

    fn later(&mut self, by: Duration) -> &mut Self {
        self.at += by;
        self
    }

    fn alter(&mut self, change: impl FnOnce(Fixture) -> Fixture) {
        self.fixture = change(self.fixture.clone());
    }

    /// The primary's process ends and its replicas notice; what that makes the
    /// keeper do last.
    fn primary_dies(&mut self) -> Vec<Command> {
        self.later(ms(400));
        self.alter(Fixture::dead_primary);
        let count = u32::try_from(self.fixture.cluster.nodes.len()).unwrap();
        self.step(Event::ConnectionLost { node: name(1) });
        let mut commands = self.probed(1, ProbeOutcome::Refused);
        for n in 2..=count {
            commands.extend(self.answers(n));
        }
        commands
    }

    fn finished(&mut self, done: Done) -> Vec<Command> {
        let recovery = self.keeper.recovery().unwrap().id;
        self.step(Event::Finished { recovery, done })
    }

    fn stopped(&mut self, n: u32, holds: Result<GtidSet, String>) -> Vec<Command> {
        let node = name(n);
        self.finished(Done::ReceiverStopped { node, holds })
    }

    /// Carries a failover to number 2 up to its opening.
    fn fails_over(&mut self) -> Vec<Command> {
        self.primary_dies();
        self.finished(stored(Standing::Begun));
        self.stopped(2, Ok(gtids(1, 1, 100)));
        self.stopped(3, Ok(gtids(1, 1, 100)));
        self.finished(stored(Standing::Chosen));
        self.finished(Done::CaughtUp(Ok(())));
        self.finished(Done::Opened(Ok(())))
    }

    /// And to its end.
    fn has_failed_over(&mut self) {
        self.fails_over();
        self.finished(Done::Published { subscribers: 1 });
        self.finished(Done::Detached(Ok(())));
        let (node, result) = (name(3), Ok(()));
        self.finished(Done::Repointed { node, result });
        assert_eq!(self.keeper.recovery(), None);
        self.later(ms(400));
        // From now on the fixture is what number 2 leads.
        self.alter(|fixture| {
            fixture
                .report(2, |report| report.replication = None)
                .writability(2, Writability::Writable)
                .semi_sync(2, |s| (s.source_enabled, s.source_active) = (true, true))
                .follows(3, 2)
        });
        self.answers(3);
        self.answers(2);
    }

    fn code(&self, code: ProblemCode) -> bool {
        let problems = self.keeper.problems(now(self.at));
        problems.iter().any(|problem| problem.code == code)
    }

    fn writer(&self) -> Option<NodeName> {
        let route = self.keeper.route(now(self.at).mono);
        route.writer().map(|writer| writer.node.clone())
    }
}

fn stored(standing: Standing) -> Done {
    let result = Ok(());
    Done::IntentStored { standing, result }
}

fn now(at: Duration) -> Now {
    Now {
        mono: NOW + at,
        wall: Utc.timestamp_opt(1_000_000, 0).unwrap() + at,
    }
}

fn inheritance(fixture: &Fixture) -> Inheritance {
    Inheritance {
        cluster: fixture.cluster.clone(),
        unfinished: None,
        done_at: vec![],
        rebuild: None,
    }
}

fn auto() -> Fixture {
    mode(Mode::Auto)
}

fn mode(mode: Mode) -> Fixture {
    Fixture::healthy(2).policy(|policy| policy.mode = mode)
}

fn begins(commands: &[Command]) -> bool {
    commands.iter().any(|command| {
        matches!(
            command,
            Command::Recover {
                act: Act::StoreIntent(_),
                ..
            }
        )
    })
}

fn cares(commands: Vec<Command>) -> Vec<(NodeName, Care)> {
    let each = commands.into_iter().filter_map(|command| match command {
        Command::Tend { node, care } => Some((node, care)),
        _ => None,
    });
    each.collect()
}

fn records(commands: &[Command]) -> Vec<&Recovery> {
    let each = commands.iter().filter_map(|command| match command {
        Command::Record(record) => Some(&**record),
        _ => None,
    });
    each.collect()
}

fn asked(commands: &[Command]) -> Vec<NodeName> {
    let each = commands.iter().filter_map(|command| match command {
        Command::Probe { node } => Some(node.clone()),
        _ => None,
    });
    each.collect()
}

fn stop(replication: &mut Replication) {
    replication.receiver = ReceiverState::Stopped;
}

mod taken_out_of_our_hands {
    use lictor_domain::{Maintenance, Pause};

    use super::*;

    fn paused_for(seconds: u64) -> Fixture {
        let mut fixture = auto();
        let end = now(Duration::from_secs(seconds)).wall;
        fixture.cluster.pause = Some(Pause {
            owner: "ada".to_owned(),
            reason: "a network change".to_owned(),
            until: Some(end),
        });
        fixture
    }

    #[test]
    fn a_paused_cluster_is_not_failed_over_until_it_is_resumed() {
        let mut bench = Bench::watching(paused_for(3_600));
        assert!(!begins(&bench.primary_dies()));
        assert!(bench.code(ProblemCode::ClusterPaused));
        assert!(bench.code(ProblemCode::ActionWithheld));
        let mut resumed = bench.keeper.cluster().clone();
        resumed.pause = None;
        assert!(begins(&bench.step(Event::Redefined(resumed))));
        assert!(!bench.code(ProblemCode::ClusterPaused));
    }

    #[test]
    fn a_pause_ends_by_itself() {
        let mut bench = Bench::watching(paused_for(60));
        assert!(!begins(&bench.primary_dies()));
        bench
            .later(Duration::from_mins(1))
            .probed(1, ProbeOutcome::Refused);
        let mut commands = bench.answers(2);
        commands.extend(bench.answers(3));
        assert!(begins(&commands));
    }

    #[test]
    fn a_failover_that_runs_is_finished_although_the_cluster_is_paused() {
        let mut bench = Bench::watching(auto());
        assert!(begins(&bench.primary_dies()));
        let mut paused = bench.keeper.cluster().clone();
        paused.pause = paused_for(3_600).cluster.pause;
        bench.step(Event::Redefined(paused));
        assert!(bench.keeper.recovery().is_some());
    }

    #[test]
    fn a_node_in_maintenance_is_left_alone_and_taken_up_again_when_it_is_over() {
        let end = now(Duration::from_mins(1)).wall;
        let fixture = auto()
            .definition(2, |node| {
                node.maintenance = Some(Maintenance {
                    owner: "ada".to_owned(),
                    reason: "a new disk".to_owned(),
                    until: end,
                });
            })
            .replication(2, |replication| {
                replication.receiver = ReceiverState::Stopped;
                replication.applier_running = false;
            });
        let mut bench = Bench::watching(fixture);
        bench.later(ms(400)).answers(1);
        assert_eq!(cares(bench.answers(2)), []);
        assert!(bench.code(ProblemCode::Maintenance));
        assert!(!bench.code(ProblemCode::ReceiverDown));
        bench.later(Duration::from_mins(1)).answers(1);
        bench.later(ms(10)).answers(2);
        let commands = bench.later(ms(10)).answers(1);
        assert_eq!(cares(commands), [(name(2), Care::Resume)]);
    }
}

mod failing_over {
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
}

mod tending {
    use super::*;

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
        let fixture =
            fixture.semi_sync(1, |s| (s.source_enabled, s.source_active) = (false, false));
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
}

mod inheriting {
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
}

mod ordering {
    use lictor_domain::{Blocker, FailoverOrder};

    use super::*;

    fn order(to: Option<u32>, force: bool) -> FailoverOrder {
        FailoverOrder {
            to: to.map(name),
            force,
            operator: "ann".to_owned(),
            reason: "it stalls".to_owned(),
        }
    }

    fn acts(commands: &[Command]) -> Vec<Act> {
        let each = commands.iter().filter_map(|command| match command {
            Command::Recover { act, .. } => Some(act.clone()),
            _ => None,
        });
        each.collect()
    }

    fn ordered(bench: &mut Bench, order: FailoverOrder) -> (Vec<Blocker>, Vec<Act>) {
        let fresh = RecoveryId(Uuid::from_u128(77));
        let at = now(bench.at);
        let (rehearsal, commands) = bench.keeper.order_failover(order, at, fresh);
        (rehearsal.blockers, acts(&commands))
    }

    fn stop(n: u32) -> Act {
        Act::StopReceiver { node: name(n) }
    }

    /// The record of the winner that is being stored.
    fn chosen(commands: &[Command]) -> Recovery {
        let stored = acts(commands).into_iter().find_map(|act| match act {
            Act::StoreIntent(record) => Some(*record),
            _ => None,
        });
        stored.unwrap()
    }

    #[test]
    fn a_dead_primary_is_failed_over_in_manual_and_whoever_it_touched_is_tended() {
        let mut bench = Bench::watching(mode(Mode::Manual));
        bench.primary_dies();
        let (blockers, acts) = ordered(&mut bench, order(None, false));
        assert_eq!(blockers, []);
        assert_eq!(acts[1..], [stop(2), stop(3)]);
        bench.stopped(2, Ok(gtids(1, 1, 100)));
        let commands = bench.stopped(3, Ok(gtids(1, 1, 100)));
        let record = chosen(&commands);
        assert_eq!(record.verdict.code, ProblemCode::FailoverOrdered);
        assert_eq!(record.fencing, Some(FencingProof::ProcessDead));
        bench.finished(stored(Standing::Chosen));
        bench.finished(Done::CaughtUp(Ok(())));
        bench.finished(Done::Opened(Ok(())));
        bench.finished(Done::Published { subscribers: 1 });
        bench.finished(Done::Detached(Ok(())));
        let (node, result) = (name(3), Err("it is slow".to_owned()));
        bench.finished(Done::Repointed { node, result });
        assert_eq!(bench.keeper.recovery(), None);
        bench.later(ms(400));
        bench.alter(|fixture| {
            fixture
                .report(2, |report| report.replication = None)
                .writability(2, Writability::Writable)
        });
        bench.answers(3);
        bench.later(ms(10));
        let follow = Care::Follow { source: address(2) };
        assert!(cares(bench.answers(2)).contains(&(name(3), follow)));
    }

    #[test]
    fn a_primary_that_answers_is_closed_first_and_what_was_cut_off_is_demanded_of_nobody() {
        let mut bench = Bench::watching(mode(Mode::Manual));
        let (blockers, acts) = ordered(&mut bench, order(None, false));
        assert_eq!(blockers, []);
        let close = Act::CloseForcibly { node: name(1) };
        assert_eq!(acts[1..], [close]);
        // It goes on answering meanwhile, with a commit that was cut off.
        bench.alter(|fixture| {
            fixture
                .writability(1, Writability::SuperReadOnly)
                .executed(1, &gtids(1, 101, 101))
        });
        bench.later(ms(400)).answers(1);
        let (node, result) = (name(1), Ok(gtids(1, 1, 101)));
        let commands = bench.finished(Done::Closed { node, result });
        assert_eq!(self::acts(&commands), [stop(2), stop(3)]);
        bench.stopped(2, Ok(gtids(1, 1, 100)));
        let record = chosen(&bench.stopped(3, Ok(gtids(1, 1, 100))));
        assert_eq!(record.fencing, Some(FencingProof::ReadOnlySet));
        assert_eq!(record.new_primary, Some(name(2)));
    }

    /// Number 3 is silent, so the acknowledgements cannot be revoked.
    fn hung_with_a_silent_replica() -> Bench {
        let mut bench = Bench::watching(mode(Mode::Manual));
        bench.later(ms(400)).probed(3, ProbeOutcome::TimedOut);
        bench.probed(1, ProbeOutcome::TimedOut);
        bench
    }

    #[test]
    fn without_a_proof_it_is_refused_and_says_how_to_override() {
        let mut bench = hung_with_a_silent_replica();
        let (blockers, acts) = ordered(&mut bench, order(None, false));
        assert!(matches!(
            blockers[..],
            [Blocker::NotFenced(_), Blocker::NoCandidate(_)]
        ));
        assert!(blockers.iter().all(|b| b.remedy().contains("--force")));
        assert_eq!(acts, []);
        assert_eq!(bench.keeper.recovery(), None);
    }

    #[test]
    fn force_takes_the_place_of_the_proof_and_names_what_it_overrides() {
        let mut bench = hung_with_a_silent_replica();
        let (blockers, acts) = ordered(&mut bench, order(None, true));
        assert_eq!((blockers, &acts[1..]), (vec![], &[stop(2)][..]));
        let record = chosen(&bench.stopped(2, Ok(gtids(1, 1, 100))));
        let (operator, reason) = ("ann".to_owned(), "it stalls".to_owned());
        let proof = FencingProof::Overridden { operator, reason };
        assert_eq!(record.fencing, Some(proof));
        let overridden = |step: &lictor_domain::Step| {
            step.sentence.starts_with("ann overrides (it stalls)")
                && step.sentence.contains("orders-3 may alone hold")
        };
        assert!(record.steps.iter().any(overridden), "{:#?}", record.steps);
    }

    #[test]
    fn a_replica_that_lacks_something_is_promoted_by_name_and_force_only() {
        for (force, winner) in [(false, None), (true, Some(name(3)))] {
            let mut bench = Bench::watching(mode(Mode::Manual));
            bench.primary_dies();
            ordered(&mut bench, order(Some(3), force));
            bench.stopped(2, Ok(gtids(1, 1, 120)));
            let commands = bench.stopped(3, Ok(gtids(1, 1, 110)));
            let record = match records(&commands).first() {
                Some(ended) => (*ended).clone(),
                None => chosen(&commands),
            };
            assert_eq!(record.new_primary, winner, "force {force}");
            let verdict = record.candidates.iter().find(|c| c.node == name(3));
            assert_eq!(verdict.unwrap().rejections.len(), 1, "force {force}");
        }
    }

    #[test]
    fn nobody_orders_anything_where_lictor_only_watches_or_is_at_work() {
        let mut observing = Bench::watching(mode(Mode::Observe));
        let (blockers, acts) = ordered(&mut observing, order(None, true));
        assert_eq!((blockers, acts), (vec![Blocker::OnlyObserved], vec![]));
        let mut working = Bench::watching(auto());
        working.primary_dies();
        let (blockers, acts) = ordered(&mut working, order(Some(9), true));
        assert!(matches!(blockers[0], Blocker::UnderWay(_)), "{blockers:?}");
        assert!(blockers.contains(&Blocker::NoSuchReplica(name(9))));
        assert_eq!(acts, []);
    }

    #[test]
    fn a_rehearsal_lists_what_would_be_done_and_does_nothing() {
        let bench = Bench::watching(mode(Mode::Manual));
        let before = bench.keeper.clone();
        let found = bench.keeper.rehearse_failover(&order(Some(3), false));
        assert_eq!(found.candidate, Some(name(3)));
        assert_eq!((found.blockers, found.steps.len()), (vec![], 5));
        assert_eq!(bench.keeper, before);
    }

    #[test]
    fn a_primary_that_an_order_closed_in_vain_is_opened_again() {
        let mut bench = Bench::watching(mode(Mode::Manual));
        ordered(&mut bench, order(None, false));
        let (node, result) = (name(1), Ok(gtids(1, 1, 100)));
        bench.finished(Done::Closed { node, result });
        bench.stopped(2, Err("lost connection".to_owned()));
        bench.stopped(3, Err("lost connection".to_owned()));
        assert_eq!(bench.keeper.recovery(), None);
        bench.alter(|fixture| fixture.writability(1, Writability::SuperReadOnly));
        bench.later(ms(400));
        bench.answers(2);
        bench.answers(3);
        let reopened = cares(bench.answers(1));
        assert!(
            matches!(reopened[..], [(_, Care::Reopen { .. })]),
            "{reopened:?}"
        );
    }
}

mod asking {
    use super::*;

    fn suspecting() -> (Bench, Vec<Command>) {
        let mut bench = Bench::watching(auto());
        let commands = bench
            .later(ms(400))
            .step(Event::ConnectionLost { node: name(1) });
        (bench, commands)
    }

    #[test]
    fn a_suspicion_asks_everyone_at_once_and_nobody_twice() {
        let (mut bench, commands) = suspecting();
        assert_eq!(asked(&commands), [name(1), name(2), name(3)]);
        assert_eq!(commands.len(), 4, "and knocks at the primary");
        let again = bench.later(ms(50)).step(Event::Tick);
        assert_eq!(again, []);
    }

    #[test]
    fn who_has_answered_is_asked_again_after_the_pace() {
        let (mut bench, _) = suspecting();
        let pace = bench.keeper.timing().suspicion_pace;
        assert_eq!(asked(&bench.answers(2)), []);
        assert_eq!(asked(&bench.later(pace / 2).step(Event::Tick)), []);
        assert_eq!(asked(&bench.later(pace / 2).step(Event::Tick)), [name(2)]);
    }

    #[test]
    fn a_long_suspicion_asks_less_often_and_a_greeting_does_not_hasten_it() {
        let (mut bench, _) = suspecting();
        bench.later(ms(2_000));
        bench.answers(2);
        let (node, knock) = (name(1), Knock::Greeted);
        bench.step(Event::Knocked { node, knock });
        assert_eq!(asked(&bench.later(ms(90)).step(Event::Tick)), []);
        assert!(asked(&bench.later(ms(30)).step(Event::Tick)).contains(&name(2)));
    }

    #[test]
    fn a_question_without_an_answer_is_asked_again_in_the_end() {
        let (mut bench, _) = suspecting();
        assert_eq!(asked(&bench.later(ms(2_900)).step(Event::Tick)), []);
        let all = [name(1), name(2), name(3)];
        assert_eq!(asked(&bench.later(ms(200)).step(Event::Tick)), all);
    }

    #[test]
    fn it_wakes_for_what_nothing_announces_and_is_never_asleep_for_long() {
        let (bench, _) = suspecting();
        let mono = now(bench.at).mono;
        let wake = bench.keeper.wake_at(mono);
        assert!(wake > mono && wake <= mono + bench.keeper.timing().suspicion_pace);
        let calm = Bench::watching(auto());
        let mono = now(calm.at).mono;
        let wake = calm.keeper.wake_at(mono);
        assert!(wake > mono && wake <= mono + LONGEST_SLEEP);
    }
}

#[test]
fn replicas_that_follow_serve_reads_and_the_primary_does_not() {
    let mut bench = Bench::watching(auto());
    let readers = |bench: &Bench| -> Vec<NodeName> {
        let route = bench.keeper.route(now(bench.at).mono);
        assert!(matches!(route.state, RouteState::Serving { .. }));
        route.readers.into_iter().map(|r| r.endpoint.node).collect()
    };
    assert_eq!(readers(&bench), [name(2), name(3)]);
    let mut elsewhere = replication_from(9);
    elsewhere.lag = None;
    bench.alter(|f| f.report(3, |report| report.replication = Some(elsewhere)));
    bench.later(Duration::from_secs(6)).answers(1);
    bench.answers(2);
    bench.answers(3);
    assert_eq!(readers(&bench), [name(2)]);
}
