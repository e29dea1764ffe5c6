//! Failovers by an operator's order.

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

/// What stands in the way of an order; what it does until its intent is stored,
/// and then.
fn ordered(bench: &mut Bench, order: FailoverOrder) -> (Vec<Blocker>, Vec<Act>) {
    let fresh = RecoveryId(Uuid::from_u128(77));
    let at = now(bench.at);
    let (rehearsal, mut commands) = bench.keeper.order_failover(order, at, fresh);
    if bench.keeper.recovery().is_some() {
        commands.extend(bench.finished(stored(Standing::Begun)));
    }
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
    let moved = Care::Move { source: address(2) };
    assert!(cares(bench.answers(2)).contains(&(name(3), moved)));
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
fn where_the_policy_accepts_it_an_order_needs_neither_a_proof_nor_force() {
    let fixture = mode(Mode::Manual).acks(0);
    let mut bench = Bench::watching(fixture.policy(|policy| policy.accept_unfenced = true));
    let (blockers, acts) = ordered(&mut bench, order(None, false));
    assert_eq!(
        (blockers, acts.len()),
        (vec![], 2),
        "one that answers is closed"
    );
    let mut bench = Bench::watching(bench.fixture.clone());
    bench.later(ms(400)).probed(1, ProbeOutcome::TimedOut);
    let rehearsal = bench.keeper.rehearse_failover(&order(None, false));
    assert_eq!(rehearsal.blockers, []);
    let goes_on = |step: &String| step.contains("it is NOT fenced");
    assert!(rehearsal.steps.iter().any(goes_on), "{rehearsal:?}");
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
fn a_replica_that_lacks_what_nobody_can_give_is_promoted_by_name_and_force_only() {
    for (force, winner) in [(false, None), (true, Some(name(3)))] {
        let mut bench = Bench::watching(mode(Mode::Manual));
        bench.alter(|fixture| fixture.report(2, |report| report.log_replica_updates = false));
        bench.answers(2);
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
fn a_replica_that_is_named_first_gets_what_another_one_can_give() {
    for force in [false, true] {
        let mut bench = Bench::watching(mode(Mode::Manual));
        bench.primary_dies();
        ordered(&mut bench, order(Some(3), force));
        bench.stopped(2, Ok(gtids(1, 1, 120)));
        let commands = bench.stopped(3, Ok(gtids(1, 1, 110)));
        let gathers = commands.iter().any(|command| {
            matches!(
                command,
                Command::Recover { act: Act::Gather { node, from, .. }, .. }
                    if *node == name(3) && from.node == name(2)
            )
        });
        assert!(gathers, "force {force}: {commands:#?}");
    }
}

#[test]
fn nobody_orders_anything_where_lictor_only_watches_or_is_at_work() {
    let mut observing = Bench::watching(mode(Mode::Observe));
    let (blockers, acts) = ordered(&mut observing, order(None, true));
    assert_eq!((blockers, acts), (vec![Blocker::OnlyObserved], vec![]));
    let mut working = Bench::watching(auto());
    working.primary_dies();
    let before = working.keeper.recovery().cloned();
    let (blockers, _) = ordered(&mut working, order(Some(9), true));
    assert!(matches!(blockers[0], Blocker::UnderWay(_)), "{blockers:?}");
    assert!(blockers.contains(&Blocker::NoSuchReplica(name(9))));
    let id = |recovery: Option<&Recovery>| recovery.map(|recovery| recovery.id);
    assert_eq!(id(working.keeper.recovery()), id(before.as_ref()));
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
