mod asking;
mod coming_late;
mod failing_over;
mod guarding;
mod inheriting;
mod ordering;
mod second_step;
mod taken_out_of_our_hands;
mod tending;
mod trees;

use chrono::TimeZone;
use lictor_domain::report::Knock;
use lictor_domain::{
    CandidateVerdict, Evidence, FencingProof, GtidSet, ProblemCode, ReceiverState, Replication,
    RouteState, Standing, Writability,
};
use uuid::Uuid;

use super::refusal::{FIRST_PAUSE, LONGEST_PAUSE};
use super::*;
use crate::fixture::{Fixture, NOW, address, gtids, ms, name, replication_from};
use crate::message::Act;

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
        given_up: vec![],
        last_done: None,
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
