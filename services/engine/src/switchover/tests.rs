use lictor_domain::{
    Endpoint, FencingProof, GtidSet, LongTransactions, Mode, ProbeOutcome, Standing, Term,
};
use uuid::Uuid;

use super::*;
use crate::fencing::Fenced;
use crate::fixture::{Fixture, NOW, TIMING, acts, address, at, gtids, ms, name, over};
use crate::timing::deadline;

const ID: RecoveryId = RecoveryId(Uuid::from_u128(8));
const EPOCH: Epoch = Epoch {
    term: Term(1),
    n: 2,
};
/// The pause of every order here, in milliseconds.
const PAUSE: u64 = 1000;

pub(super) fn order(to: Option<u32>) -> Order {
    Order {
        to: to.map(name),
        pause: ms(PAUSE),
        transactions: LongTransactions::Wait,
        older_than: Order::USUAL_AGE,
        actor: "ann".to_owned(),
        reason: Some("new disks".to_owned()),
    }
}

pub(super) const fn facts() -> Facts {
    Facts {
        transactions: Ok(vec![]),
        subscribers: 2,
    }
}

/// Everything that orders-1 had committed when it was closed.
fn committed() -> GtidSet {
    gtids(1, 1, 120)
}

/// A switchover to orders-2, its view, and what it did last.
struct Scene {
    view: ClusterView,
    progress: Progress,
    acts: Vec<Act>,
    now: u64,
}

impl Scene {
    fn begin(fixture: &Fixture) -> Self {
        Self::ordered(fixture, order(Some(2)))
    }

    fn ordered(fixture: &Fixture, order: Order) -> Self {
        let view = fixture.view();
        let preflight = preflight(&view, &order, &facts(), None, &TIMING, NOW);
        let beginning = Beginning {
            id: ID,
            epoch: EPOCH,
            cause: ordered(&order, preflight.cleared().unwrap()),
            order,
            candidate: preflight.cleared().unwrap().clone(),
            preflight,
        };
        let (switchover, commands) = Switchover::begin(beginning, &view, at(0));
        Self {
            view,
            progress: Progress::Running(Operation::Switchover(Box::new(switchover))),
            acts: acts(ID, commands),
            now: 0,
        }
    }

    fn step(&mut self, step: impl FnOnce(Operation, &ClusterView, Now) -> Next) -> &[Act] {
        let Progress::Running(operation) = self.progress.clone() else {
            panic!("it is over");
        };
        let (progress, commands) = step(operation, &self.view, at(self.now));
        if let Progress::Over(record) = &progress {
            let recorded = Command::Record(record.clone());
            assert_eq!(commands.last(), Some(&recorded), "the end is recorded");
        }
        self.progress = progress;
        self.acts = acts(ID, commands);
        &self.acts
    }

    fn done(&mut self, done: Done) -> &[Act] {
        self.now += 1;
        self.step(|operation, view, now| operation.finished(done, view, now))
    }

    fn tick_at(&mut self, millis: u64) -> &[Act] {
        self.now = millis;
        self.step(Operation::ticked)
    }

    fn primary_lost(&mut self) -> &[Act] {
        self.step(|operation, _, now| operation.primary_lost(now))
    }

    fn holding(fixture: &Fixture) -> Self {
        let mut scene = Self::begin(fixture);
        scene.done(stored(Ok(())));
        scene.done(Done::TransactionsCleared(Ok(())));
        scene.done(Done::CaughtUp(Ok(())));
        scene
    }

    fn closing(fixture: &Fixture) -> Self {
        let mut scene = Self::holding(fixture);
        scene.done(Done::Held { acked: 2, of: 2 });
        scene
    }

    fn catching_up(fixture: &Fixture) -> Self {
        let mut scene = Self::closing(fixture);
        scene.done(closed(1, Ok(committed())));
        scene
    }

    fn opening(fixture: &Fixture) -> Self {
        let mut scene = Self::catching_up(fixture);
        scene.done(Done::CaughtUp(Ok(())));
        scene
    }

    fn settling(fixture: &Fixture) -> Self {
        let mut scene = Self::opening(fixture);
        scene.done(Done::Opened(Ok(())));
        scene
    }

    fn running(&self) -> &Operation {
        match &self.progress {
            Progress::Running(operation) => operation,
            Progress::Over(record) => panic!("over: {:?}", record.outcome),
        }
    }

    fn is_held(&self) -> bool {
        self.running().route_state() == Some(lictor_domain::RouteState::Held)
    }

    fn over(&self) -> &Recovery {
        over(&self.progress)
    }

    fn abort_reason(&self) -> &AbortReason {
        match &self.over().outcome {
            RecoveryOutcome::Aborted { reason } => reason,
            outcome => panic!("{outcome:?}"),
        }
    }
}

fn closed(n: u32, result: Result<GtidSet, String>) -> Done {
    let node = name(n);
    Done::Closed { node, result }
}

fn stored(result: Result<(), String>) -> Done {
    let standing = Standing::Chosen;
    Done::IntentStored { standing, result }
}

fn failed() -> Result<(), String> {
    Err("it did not".to_owned())
}

fn reopen() -> Act {
    Act::Reopen {
        node: name(1),
        fenced: Fenced::nobody_else(),
    }
}

/// A healthy cluster in which Lictor may act.
pub(super) fn of_replicas(count: u32) -> Fixture {
    Fixture::healthy(count).policy(|policy| policy.mode = Mode::Manual)
}

fn healthy() -> Fixture {
    of_replicas(2)
}

#[test]
fn it_goes_from_the_order_to_the_last_replica_and_holds_only_in_between() {
    let mut scene = Scene::begin(&healthy());
    assert!(matches!(scene.acts[..], [Act::StoreIntent(_)]));
    assert!(!scene.is_held());
    let act = scene.done(stored(Ok(()))).to_vec();
    assert!(matches!(act[..], [Act::ClearTransactions { .. }]));
    assert!(!scene.is_held());
    let act = scene.done(Done::TransactionsCleared(Ok(()))).to_vec();
    let (node, holds) = (name(2), gtids(1, 1, 100));
    let nearing = Act::CatchUp {
        node,
        holds,
        within: deadline::NEARING,
    };
    assert_eq!(
        act,
        [nearing],
        "what the primary was last seen to have committed"
    );
    assert!(!scene.is_held());
    let act = scene.done(Done::CaughtUp(Ok(()))).to_vec();
    let within = ms(PAUSE / 2);
    assert_eq!(act, [Act::Hold { within }]);
    assert!(scene.is_held());
    let act = scene.done(Done::Held { acked: 2, of: 2 }).to_vec();
    let (node, within) = (name(1), ms(PAUSE - 1));
    assert_eq!(act, [Act::Close { node, within }]);
    let act = scene.done(closed(1, Ok(committed()))).to_vec();
    let (node, holds, within) = (name(2), committed(), ms(PAUSE - 2));
    let catch_up = Act::CatchUp {
        node,
        holds,
        within,
    };
    assert_eq!(act, [catch_up]);
    let act = scene.done(Done::CaughtUp(Ok(()))).to_vec();
    let (node, fenced) = (name(2), Fenced::closed(&committed()));
    assert_eq!(act, [Act::Promote { node, fenced }]);
    assert!(scene.is_held());

    let act = scene.done(Done::Opened(Ok(()))).to_vec();
    assert!(!scene.is_held());
    let primary = Endpoint {
        node: name(2),
        address: address(2),
    };
    let source = || address(2);
    let expected = [
        Act::Publish {
            epoch: EPOCH,
            primary,
        },
        Act::Repoint {
            node: name(3),
            source: source(),
        },
        Act::Demote {
            node: name(1),
            source: source(),
        },
        Act::Detach { node: name(2) },
    ];
    assert_eq!(act, expected);
    scene.done(Done::Published { subscribers: 2 });
    scene.done(Done::Detached(Ok(())));
    for n in [3, 1] {
        let (node, result) = (name(n), Ok(()));
        scene.done(Done::Repointed { node, result });
    }
    let record = scene.over();
    assert_eq!(record.outcome, RecoveryOutcome::Done);
    assert_eq!(record.kind, RecoveryKind::Switchover);
    assert_eq!(record.fencing, Some(FencingProof::ReadOnlySet));
    assert_eq!(record.new_primary, Some(name(2)));
    assert_eq!(record.write_pause(), Some(ms(4)));
}

#[test]
fn the_stored_intent_names_the_candidate() {
    let scene = Scene::begin(&healthy());
    let [Act::StoreIntent(record)] = &scene.acts[..] else {
        panic!("{:?}", scene.acts);
    };
    assert_eq!(record.new_primary, Some(name(2)));
    assert_eq!(record.outcome, RecoveryOutcome::Running);
}

#[test]
fn without_a_stored_intent_nobody_has_to_hold() {
    let mut scene = Scene::begin(&healthy());
    assert_eq!(scene.done(stored(failed())), []);
    assert!(matches!(
        scene.abort_reason(),
        AbortReason::NotDurable { .. }
    ));
}

#[test]
fn long_transactions_that_stay_end_it_before_the_hold() {
    let mut scene = Scene::begin(&healthy());
    scene.done(stored(Ok(())));
    assert_eq!(scene.done(Done::TransactionsCleared(failed())), []);
    let reason = scene.abort_reason();
    assert!(matches!(reason, AbortReason::TransactionsInTheWay { .. }));
}

#[test]
fn a_candidate_that_does_not_apply_costs_no_pause() {
    let mut scene = Scene::begin(&healthy());
    scene.done(stored(Ok(())));
    scene.done(Done::TransactionsCleared(Ok(())));
    assert_eq!(scene.done(Done::CaughtUp(failed())), []);
    assert!(matches!(
        scene.abort_reason(),
        AbortReason::NotCaughtUp { .. }
    ));
    assert_eq!(scene.over().write_pause(), None);
}

#[test]
fn a_candidate_that_dies_during_the_hold_ends_it_before_the_primary_is_closed() {
    let mut scene = Scene::holding(&healthy());
    scene
        .view
        .probed(&name(2), ProbeOutcome::Refused, at(5).mono);
    assert_eq!(scene.done(Done::Held { acked: 2, of: 2 }), []);
    assert_eq!(scene.abort_reason(), &AbortReason::CandidateLost);
}

#[test]
fn subscribers_that_never_answer_do_not_stop_it() {
    let mut scene = Scene::holding(&healthy());
    let act = scene.done(Done::Held { acked: 0, of: 2 });
    assert!(matches!(act, [Act::Close { .. }]));
}

#[test]
fn a_hold_that_is_never_heard_of_again_is_released_when_the_pause_is_over() {
    let mut scene = Scene::holding(&healthy());
    assert_eq!(scene.tick_at(PAUSE), []);
    assert!(scene.is_held(), "the pause begins with the hold");
    assert_eq!(scene.tick_at(PAUSE + 3), []);
    let (pause, during) = (ms(PAUSE), Phase::Hold);
    let exceeded = AbortReason::PauseExceeded { pause, during };
    assert_eq!(scene.abort_reason(), &exceeded);
}

#[test]
fn a_primary_that_does_not_close_is_opened_before_the_hold_is_released() {
    let mut scene = Scene::closing(&healthy());
    let acts = scene.done(closed(1, Err("running statements".to_owned())));
    assert_eq!(acts, [reopen()]);
    assert!(scene.is_held());
    assert_eq!(scene.done(Done::Reopened(Ok(()))), []);
    assert!(matches!(
        scene.abort_reason(),
        AbortReason::NotClosed { .. }
    ));
}

#[test]
fn a_candidate_that_does_not_catch_up_is_given_up() {
    let mut scene = Scene::catching_up(&healthy());
    assert_eq!(scene.done(Done::CaughtUp(failed())), [reopen()]);
    assert_eq!(scene.done(Done::Reopened(Ok(()))), []);
    assert!(matches!(
        scene.abort_reason(),
        AbortReason::NotCaughtUp { .. }
    ));
}

#[test]
fn when_the_pause_is_over_the_old_primary_is_opened_again() {
    for (mut scene, during) in [
        (Scene::closing(&healthy()), Phase::Close),
        (Scene::catching_up(&healthy()), Phase::CatchUp),
    ] {
        assert_eq!(scene.tick_at(PAUSE), []);
        assert_eq!(scene.tick_at(PAUSE + 3), [reopen()], "{during}");
        let late = [
            closed(1, Ok(committed())),
            Done::CaughtUp(Ok(())),
            Done::Opened(Ok(())),
        ];
        for done in late {
            assert_eq!(scene.done(done), [], "what comes late changes nothing");
        }
        assert_eq!(scene.done(Done::Reopened(Ok(()))), []);
        let pause = ms(PAUSE);
        let exceeded = AbortReason::PauseExceeded { pause, during };
        assert_eq!(scene.abort_reason(), &exceeded);
    }
}

#[test]
fn a_candidate_that_may_be_open_is_closed_before_the_old_primary_is_opened() {
    let withdraw = || Act::CloseForcibly { node: name(2) };
    let mut refused = Scene::opening(&healthy());
    for _ in 1..ATTEMPTS {
        assert!(matches!(
            refused.done(Done::Opened(failed())),
            [Act::Promote { .. }]
        ));
    }
    assert_eq!(refused.done(Done::Opened(failed())), [withdraw()]);
    let mut slow = Scene::opening(&healthy());
    assert_eq!(slow.tick_at(PAUSE + 3), [withdraw()]);
    for mut scene in [refused, slow] {
        assert_eq!(scene.done(closed(2, Ok(committed()))), [reopen()]);
        assert!(scene.is_held());
        let (node, source) = (name(2), address(1));
        let follow = Act::Follow { node, source };
        assert_eq!(scene.done(Done::Reopened(Ok(()))), [follow]);
        assert!(matches!(
            scene.over().outcome,
            RecoveryOutcome::Aborted { .. }
        ));
    }
}

#[test]
fn without_acknowledgements_a_candidate_in_doubt_keeps_the_old_primary_closed() {
    let mut scene = Scene::opening(&healthy().acks(0));
    scene.tick_at(PAUSE + 3);
    for _ in 0..2 * ATTEMPTS {
        assert_eq!(scene.done(closed(2, Err("no answer".to_owned()))), []);
        let again = scene.now + 500;
        assert!(matches!(scene.tick_at(again), [Act::CloseForcibly { .. }]));
        assert_eq!(scene.primary_lost(), [], "nor does it give way");
    }
    scene
        .view
        .probed(&name(2), ProbeOutcome::Refused, NOW + ms(9000));
    let gone = closed(2, Err("connection refused".to_owned()));
    assert_eq!(scene.done(gone), [reopen()], "its process is gone");
}

#[test]
fn with_acknowledgements_a_candidate_that_nobody_follows_is_waited_for_a_few_times() {
    let mut scene = Scene::opening(&healthy());
    scene.tick_at(PAUSE + 3);
    for _ in 1..ATTEMPTS {
        assert_eq!(scene.done(closed(2, Err("no answer".to_owned()))), []);
        let again = scene.now + 500;
        scene.tick_at(again);
    }
    let silent = closed(2, Err("no answer".to_owned()));
    assert_eq!(scene.done(silent), [reopen()]);
}

#[test]
fn a_primary_that_does_not_open_again_is_left_to_whoever_tends_it() {
    let mut scene = Scene::closing(&healthy());
    scene.done(closed(1, Err("no answer".to_owned())));
    for _ in 1..ATTEMPTS {
        assert_eq!(scene.done(Done::Reopened(failed())), [reopen()]);
    }
    assert_eq!(scene.running().touched(), [name(1)]);
    assert_eq!(scene.done(Done::Reopened(failed())), []);
    assert!(matches!(
        scene.abort_reason(),
        AbortReason::NotClosed { .. }
    ));
}

#[test]
fn the_loss_of_the_primary_ends_it_unless_a_hand_may_still_open_someone() {
    let stages: [fn(&Fixture) -> Scene; 4] = [
        Scene::begin,
        Scene::holding,
        Scene::closing,
        Scene::catching_up,
    ];
    for mut scene in stages.map(|stage| stage(&healthy())) {
        assert!(scene.running().gives_way());
        assert_eq!(scene.primary_lost(), []);
        assert_eq!(scene.abort_reason(), &AbortReason::PrimaryLost);
    }
    let mut undoing = Scene::closing(&healthy());
    undoing.done(closed(1, Err("no answer".to_owned())));
    for mut scene in [Scene::opening(&healthy()), undoing] {
        assert!(!scene.running().gives_way());
        assert_eq!(scene.primary_lost(), []);
        assert!(scene.is_held());
    }
}

#[test]
fn a_silent_primary_is_not_asked_to_open_again_and_again() {
    let mut scene = Scene::closing(&healthy());
    scene.done(closed(1, Err("no answer".to_owned())));
    scene
        .view
        .probed(&name(1), ProbeOutcome::TimedOut, at(900).mono);
    assert_eq!(scene.done(Done::Reopened(failed())), []);
    assert!(matches!(
        scene.over().outcome,
        RecoveryOutcome::Aborted { .. }
    ));
}

#[test]
fn once_open_it_is_done_whatever_becomes_of_the_others() {
    let mut slow = Scene::settling(&healthy());
    slow.done(Done::Published { subscribers: 1 });
    assert_eq!(slow.tick_at(4000), []);
    slow.tick_at(6000);
    assert_eq!(slow.over().outcome, RecoveryOutcome::Done);
    let mut lost = Scene::settling(&healthy());
    lost.primary_lost();
    assert_eq!(lost.over().outcome, RecoveryOutcome::Done);
}

#[test]
fn who_does_not_follow_or_is_quarantined_is_not_made_to_follow_the_new_primary() {
    let fixture = of_replicas(4).quarantined(3, "diverged").follows(4, 9);
    let scene = Scene::settling(&fixture);
    let repointed = scene.acts.iter().filter_map(|act| match act {
        Act::Repoint { node, .. } => Some(node.clone()),
        _ => None,
    });
    assert_eq!(repointed.collect::<Vec<_>>(), [name(5)]);
}
