use lictor_domain::{Endpoint, FencingProof, GtidSet, ProbeOutcome, Severity, Term};
use uuid::Uuid;

use super::*;
use crate::fixture::{Fixture, NOW, acts, address, at, gtids, ms, name, over};
use crate::timing::deadline;

const ID: RecoveryId = RecoveryId(Uuid::from_u128(7));
const EPOCH: Epoch = Epoch {
    term: Term(1),
    n: 2,
};

fn beginning() -> Beginning {
    Beginning {
        id: ID,
        epoch: EPOCH,
        verdict: Problem {
            code: lictor_domain::ProblemCode::DeadPrimary,
            severity: Severity::Critical,
            node: Some(name(1)),
            sentence: "orders-1 is dead".to_owned(),
            response: String::new(),
            evidence: vec![],
        },
        first_sign: NOW - ms(10),
    }
}

/// A failover, its view, and what it did last.
struct Scene {
    view: ClusterView,
    progress: Progress,
    /// The acts of the last step; its records are in `over`.
    acts: Vec<Act>,
    now: u64,
}

impl Scene {
    /// A failover whose intent is stored; what it did until then too.
    fn begin(fixture: &Fixture) -> Self {
        let view = fixture.view();
        let (failover, mut commands) = Failover::begin(beginning(), &view, at(0));
        let (progress, more) = failover.finished(stored(Standing::Begun), &view, at(0));
        commands.extend(more);
        Self {
            view,
            progress,
            acts: acts(ID, commands),
            now: 0,
        }
    }

    fn step(&mut self, step: impl FnOnce(Failover, &ClusterView, Now) -> Next) -> &[Act] {
        self.now += 1;
        let Progress::Running(Operation::Failover(failover)) = self.progress.clone() else {
            panic!("it is over");
        };
        let (progress, commands) = step(*failover, &self.view, at(self.now));
        if let Progress::Over(record) = &progress {
            let recorded = Command::Record(record.clone());
            assert_eq!(commands.last(), Some(&recorded), "the end is recorded");
        }
        self.progress = progress;
        self.acts = acts(ID, commands);
        &self.acts
    }

    fn done(&mut self, done: Done) -> &[Act] {
        self.step(|failover, view, now| failover.finished(done, view, now))
    }

    fn tick_at(&mut self, millis: u64) -> &[Act] {
        self.now = millis - 1;
        self.step(Failover::ticked)
    }

    fn stopped(&mut self, n: u32, holds: GtidSet) -> &[Act] {
        let (node, holds) = (name(n), Ok(holds));
        self.done(Done::ReceiverStopped { node, holds })
    }

    fn running(&self) -> &Failover {
        match &self.progress {
            Progress::Running(Operation::Failover(failover)) => failover,
            other => panic!("no failover runs: {other:?}"),
        }
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

fn dead() -> Fixture {
    Fixture::healthy(2).dead_primary()
}

fn all() -> GtidSet {
    gtids(1, 1, 120)
}

fn stop(n: u32) -> Act {
    Act::StopReceiver { node: name(n) }
}

fn start(n: u32) -> Act {
    Act::StartReceiver { node: name(n) }
}

fn catch_up(n: u32) -> Act {
    let (node, holds) = (name(n), all());
    let within = deadline::CATCH_UP;
    Act::CatchUp {
        node,
        holds,
        within,
    }
}

fn stored(standing: Standing) -> Done {
    let result = Ok(());
    Done::IntentStored { standing, result }
}

fn not_stored(standing: Standing) -> Done {
    let result = Err("both are away".to_owned());
    Done::IntentStored { standing, result }
}

/// Whom the record names that is being stored, and the acts beside it.
fn storing(acts: &[Act]) -> (&Recovery, &[Act]) {
    match acts {
        [Act::StoreIntent(record), rest @ ..] => (record, rest),
        other => panic!("{other:?}"),
    }
}

fn repoint(n: u32, to: u32) -> Act {
    let (node, source) = (name(n), address(to));
    Act::Repoint { node, source }
}

/// A failover with number 2 caught up, which waits for its intent.
fn caught_up() -> Scene {
    let mut scene = Scene::begin(&dead());
    scene.stopped(2, all());
    scene.stopped(3, all());
    scene.done(Done::CaughtUp(Ok(())));
    scene
}

/// A failover with number 2 open.
fn opened() -> Scene {
    let mut scene = caught_up();
    scene.done(stored(Standing::Chosen));
    scene.done(Done::Opened(Ok(())));
    scene
}

#[test]
fn it_begins_by_storing_the_intent_and_stopping_every_receiver_that_answers() {
    let scene = Scene::begin(&dead());
    let intent = Box::new(scene.running().story.record.clone());
    let (stored, rest) = storing(&scene.acts);
    assert_eq!(rest, [stop(2), stop(3)]);
    assert_eq!(stored.outcome, RecoveryOutcome::Running);
    assert_eq!((stored.epoch, &stored.old_primary), (EPOCH, &name(1)));
    assert_eq!(intent.id, stored.id);
}

#[test]
fn no_receiver_is_stopped_before_the_intent_is_stored() {
    let view = dead().view();
    let (failover, commands) = Failover::begin(beginning(), &view, at(0));
    assert!(matches!(acts(ID, commands)[..], [Act::StoreIntent(_)]));
    let (standing, result) = (Standing::Begun, Err("both are away".to_owned()));
    let lost = Done::IntentStored { standing, result };
    let (progress, commands) = failover.finished(lost, &view, at(5));
    assert_eq!(acts(ID, commands), []);
    assert!(matches!(progress, Progress::Over(_)));
}

#[test]
fn who_is_silent_is_not_asked() {
    let fixture = Fixture::healthy(4).dead_primary();
    let scene = Scene::begin(&fixture.silent(3, ProbeOutcome::TimedOut, ms(500)));
    assert_eq!(scene.acts[1..], [stop(2), stop(4), stop(5)]);
}

#[test]
fn a_quarantined_replica_that_is_stopped_does_not_stand_in_the_way_of_the_proof() {
    let hung = Fixture::healthy(2).silent(1, ProbeOutcome::TimedOut, ms(1500));
    let mut scene = Scene::begin(&hung.quarantined(3, "a test"));
    assert_eq!(scene.acts[1..], [stop(2), stop(3)]);
    scene.stopped(2, all());
    assert_eq!(storing(scene.stopped(3, all())).1, [catch_up(2)]);
    assert!(matches!(
        scene.running().record().fencing,
        Some(FencingProof::QuorumRevoked { .. })
    ));
}

#[test]
fn it_goes_from_step_to_step_and_waits_for_nothing_else() {
    let mut scene = Scene::begin(&dead());
    assert_eq!(scene.stopped(2, all()), []);
    let (named, rest) = storing(scene.stopped(3, all()));
    assert_eq!(rest, [catch_up(2)]);
    assert_eq!(named.standing(), Standing::Chosen);
    assert_eq!(named.new_primary, Some(name(2)));
    assert_eq!(named.fencing, Some(FencingProof::ProcessDead));
    assert_eq!(named.candidates[0].received, all());
    assert_eq!(scene.done(Done::CaughtUp(Ok(()))), []);
    let promote = scene.done(stored(Standing::Chosen)).to_vec();
    let [Act::Promote { node, fenced }] = &promote[..] else {
        panic!("{promote:?}");
    };
    assert_eq!(*node, name(2));
    assert_eq!(fenced.proof(), &FencingProof::ProcessDead);
    let primary = Endpoint {
        node: name(2),
        address: address(2),
    };
    let publish = Act::Publish {
        epoch: EPOCH,
        primary: primary.clone(),
    };
    let detach = Act::Detach { node: name(2) };
    let after = scene.done(Done::Opened(Ok(())));
    assert_eq!(after, [publish, repoint(3, 2), detach]);
    assert_eq!(scene.running().settling().unwrap().new_primary(), &primary);
    scene.done(Done::Published { subscribers: 5 });
    let (node, result) = (name(3), Ok(()));
    scene.done(Done::Repointed { node, result });
    scene.done(Done::Detached(Ok(())));
    assert_eq!(scene.over().outcome, RecoveryOutcome::Done);
    assert_eq!(scene.over().new_primary, Some(name(2)));
    assert!(scene.over().time_to_writable().is_some());
    assert!(scene.over().steps.iter().all(|step| step.took.is_some()));
}

#[test]
fn nothing_is_promoted_before_the_winner_is_stored() {
    let mut scene = caught_up();
    assert_eq!(scene.acts, []);
    assert_eq!(scene.done(stored(Standing::Begun)), []);
    assert!(matches!(scene.running().stage, Stage::Ready { .. }));
}

/// It withdraws the winner, and only then starts the receivers.
fn withdraws(scene: &mut Scene, release: &[Act]) {
    let (record, rest) = storing(&scene.acts);
    assert_eq!(rest, []);
    assert_eq!(record.standing(), Standing::Ended);
    assert_eq!(scene.done(stored(Standing::Ended)), release);
}

#[test]
fn a_winner_that_no_store_took_ends_it() {
    let mut scene = caught_up();
    scene.done(not_stored(Standing::Chosen));
    withdraws(&mut scene, &[start(2), start(3)]);
    let error = "both are away".to_owned();
    assert_eq!(scene.abort_reason(), &AbortReason::NotDurable { error });
}

#[test]
fn no_receiver_is_started_before_a_store_knows_that_it_is_given_up() {
    let mut scene = caught_up();
    scene.done(not_stored(Standing::Chosen));
    assert_eq!(scene.done(not_stored(Standing::Ended)), []);
    let retry = scene.running().wake_at().unwrap().since(NOW);
    let retry = u64::try_from(retry.as_millis()).unwrap();
    scene.tick_at(retry);
    withdraws(&mut scene, &[start(2), start(3)]);
}

#[test]
fn a_life_sign_before_the_opening_releases_the_receivers() {
    let life = |failover: Failover, _: &ClusterView, now| failover.primary_answered(now);
    let mut scene = Scene::begin(&dead());
    assert_eq!(scene.step(life), [start(2), start(3)]);
    assert_eq!(scene.abort_reason(), &AbortReason::PrimaryAnswered);
    let mut scene = caught_up();
    scene.step(life);
    withdraws(&mut scene, &[start(2), start(3)]);
    assert_eq!(scene.abort_reason(), &AbortReason::PrimaryAnswered);
}

#[test]
fn a_life_sign_after_the_command_to_open_changes_nothing() {
    let mut promoting = caught_up();
    promoting.done(stored(Standing::Chosen));
    for mut scene in [promoting, opened()] {
        let acts = scene.step(|failover, _, now| failover.primary_answered(now));
        assert_eq!(acts, []);
        scene.running();
    }
}

#[test]
fn a_receiver_that_its_operator_had_stopped_is_not_started_when_giving_up() {
    let stop_it = |r: &mut lictor_domain::Replication| {
        r.receiver = lictor_domain::ReceiverState::Stopped;
    };
    let mut scene = Scene::begin(&dead().replication(3, stop_it));
    assert_eq!(scene.acts[1..], [stop(2), stop(3)]);
    let release = scene.step(|failover, _, now| failover.primary_answered(now));
    assert_eq!(release, [start(2)]);
}

#[test]
fn opening_is_tried_three_times() {
    let mut scene = caught_up();
    let first = scene.done(stored(Standing::Chosen)).to_vec();
    let error = || Err("lost connection".to_owned());
    assert_eq!(scene.done(Done::Opened(error())), first);
    assert_eq!(scene.done(Done::Opened(error())), first);
    scene.done(Done::Opened(error()));
    withdraws(&mut scene, &[start(2), start(3)]);
    let reason = scene.abort_reason();
    assert!(matches!(reason, AbortReason::PromotionFailed { .. }));
}

#[test]
fn a_candidate_that_cannot_apply_what_it_received_ends_it() {
    let mut scene = Scene::begin(&dead());
    scene.stopped(2, all());
    scene.stopped(3, all());
    scene.done(Done::CaughtUp(Err("the applier is stuck".to_owned())));
    withdraws(&mut scene, &[start(2), start(3)]);
    let reason = scene.abort_reason();
    assert!(matches!(reason, AbortReason::PromotionFailed { .. }));
}

#[test]
fn a_candidate_that_goes_on_applying_is_waited_for() {
    let mut scene = Scene::begin(&dead());
    scene.stopped(2, all());
    scene.stopped(3, all());
    let late = || Done::CaughtUp(Err("it had not applied everything".to_owned()));
    for last in [130, 140] {
        let applies = dead().executed(2, &gtids(1, 1, last));
        scene.view.probed(&name(2), applies.answer(2), NOW);
        assert_eq!(scene.done(late()), [catch_up(2)]);
    }
    scene.done(late());
    withdraws(&mut scene, &[start(2), start(3)]);
}

/// With one acknowledgement of two replicas demanded, both must be asked.
#[test]
fn a_receiver_that_cannot_be_stopped_leaves_a_hung_primary_unfenced() {
    let mut scene = Scene::begin(&Fixture::healthy(2).hung_primary(ms(5_000)));
    scene.stopped(2, all());
    let (node, holds) = (name(3), Err("no answer in time".to_owned()));
    scene.done(Done::ReceiverStopped { node, holds });
    assert_eq!(scene.acts, [start(2), start(3)]);
    let reason = scene.abort_reason();
    assert!(
        matches!(reason, AbortReason::NotFenced { .. }),
        "{reason:?}"
    );
}

/// Commits wait for nobody, and the primary is out of reach.
fn out_of_reach(accept_unfenced: bool) -> Scene {
    let fixture = Fixture::healthy(2).acks(0).hung_primary(ms(5_000));
    let fixture = fixture.policy(|policy| policy.accept_unfenced = accept_unfenced);
    let mut scene = Scene::begin(&fixture);
    scene.stopped(2, all());
    scene.stopped(3, gtids(1, 1, 110));
    scene
}

#[test]
fn without_a_proof_nothing_is_promoted_unless_the_policy_accepts_it() {
    let refused = out_of_reach(false);
    let reason = refused.abort_reason();
    assert!(matches!(reason, AbortReason::NotFenced { .. }));
    let mut accepted = out_of_reach(true);
    assert_eq!(accepted.acts, []);
    let due = accepted.running().wake_at().unwrap().since(NOW);
    assert_eq!(due, deadline::PROOF);
    assert_eq!(accepted.tick_at(999), []);
    let (record, acts) = storing(accepted.tick_at(1_000));
    assert_eq!(acts, [catch_up(2)]);
    assert_eq!(record.fencing, Some(FencingProof::Unfenced));
    let tells = |step: &lictor_domain::Step| step.sentence.contains("it is NOT fenced");
    assert!(record.steps.iter().any(tells), "{:#?}", record.steps);
}

#[test]
fn a_proof_that_comes_in_time_is_taken_before_the_acceptance() {
    let mut scene = out_of_reach(true);
    scene
        .view
        .probed(&name(1), ProbeOutcome::Refused, NOW + ms(500));
    let (record, _) = storing(scene.tick_at(500));
    assert_eq!(record.fencing, Some(FencingProof::ProcessDead));
}

#[test]
fn where_acknowledged_commits_survive_the_acceptance_counts_for_nothing() {
    let fixture = Fixture::healthy(2).hung_primary(ms(5_000));
    let fixture = fixture.policy(|policy| policy.accept_unfenced = true);
    let mut scene = Scene::begin(&fixture);
    scene.stopped(2, all());
    let (node, holds) = (name(3), Err("no answer in time".to_owned()));
    scene.done(Done::ReceiverStopped { node, holds });
    let reason = scene.abort_reason();
    assert!(matches!(reason, AbortReason::NotFenced { .. }));
}

/// With two of three, one may be slow.
fn one_may_be_slow() -> Scene {
    let fixture = Fixture::healthy(3).acks(2);
    let fixture = fixture.semi_sync(1, |s| s.wait_for_acks = 2);
    let mut scene = Scene::begin(&fixture.hung_primary(ms(5_000)));
    scene.stopped(2, all());
    scene.stopped(3, all());
    scene
}

#[test]
fn stragglers_have_their_time_and_no_more() {
    let mut scene = one_may_be_slow();
    assert_eq!(scene.acts, []);
    let due = scene.running().wake_at().unwrap().since(NOW);
    assert_eq!(due, STRAGGLERS);
    let due = u64::try_from(due.as_millis()).unwrap();
    assert_eq!(scene.tick_at(due - 1), []);
    assert_eq!(storing(scene.tick_at(due)).1, [catch_up(2)]);
}

#[test]
fn a_quorum_that_is_not_there_yet_is_waited_for() {
    let mut scene = Scene::begin(&Fixture::healthy(2).hung_primary(ms(5_000)));
    scene.stopped(2, all());
    assert_eq!(scene.tick_at(3_000), []);
    assert_eq!(storing(scene.stopped(3, all())).1, [catch_up(2)]);
}

#[test]
fn a_straggler_follows_the_new_primary_unless_it_has_diverged() {
    for (holds, expected) in [
        (gtids(1, 1, 90), vec![repoint(4, 2)]),
        (gtids(1, 1, 121), vec![]),
    ] {
        let mut scene = one_may_be_slow();
        scene.tick_at(250);
        scene.done(Done::CaughtUp(Ok(())));
        scene.done(stored(Standing::Chosen));
        scene.done(Done::Opened(Ok(())));
        assert_eq!(scene.stopped(4, holds), expected);
    }
}

#[test]
fn a_diverged_replica_is_not_pointed_at_the_new_primary() {
    let mut scene = Scene::begin(&dead());
    scene.stopped(2, all());
    scene.stopped(3, all().union(&gtids(9, 1, 3)));
    scene.done(Done::CaughtUp(Ok(())));
    scene.done(stored(Standing::Chosen));
    scene.done(Done::Opened(Ok(())));
    assert!(!scene.acts.contains(&repoint(3, 2)), "{:?}", scene.acts);
}

#[test]
fn a_replica_that_is_slow_to_follow_does_not_keep_it_open() {
    let mut scene = opened();
    scene.done(Done::Published { subscribers: 0 });
    scene.done(Done::Detached(Ok(())));
    let since = scene.running().wake_at().unwrap();
    let due = u64::try_from(since.since(NOW).as_millis()).unwrap();
    scene.tick_at(due);
    assert_eq!(scene.over().outcome, RecoveryOutcome::Done);
}

#[test]
fn a_replica_that_fails_to_follow_is_written_down() {
    let mut scene = opened();
    let (node, result) = (name(3), Err("access denied".to_owned()));
    scene.done(Done::Repointed { node, result });
    scene.done(Done::Published { subscribers: 0 });
    scene.done(Done::Detached(Ok(())));
    let steps = &scene.over().steps;
    let told = steps
        .iter()
        .any(|step| step.sentence.ends_with("failed: access denied"));
    assert!(told, "{steps:#?}");
}

mod gathering;
