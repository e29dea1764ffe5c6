//! Replicas of replicas.

use super::*;

/// Number 4 is below number 2.
fn tree() -> Fixture {
    Fixture::healthy(3)
        .below(4, 2)
        .policy(|policy| policy.mode = Mode::Auto)
}

fn cares(commands: Vec<Command>) -> Vec<(NodeName, Care)> {
    let cares = commands.into_iter().filter_map(|command| match command {
        Command::Tend { node, care } => Some((node, care)),
        _ => None,
    });
    cares.collect()
}

fn repoints(commands: &[Command]) -> Vec<(NodeName, lictor_domain::NodeAddress)> {
    let repoints = commands.iter().filter_map(|command| match command {
        Command::Recover {
            act: Act::Repoint { node, source },
            ..
        } => Some((node.clone(), source.clone())),
        _ => None,
    });
    repoints.collect()
}

/// Number 2 dies, and number 4 loses it.
fn intermediate_dies(bench: &mut Bench) -> Vec<(NodeName, Care)> {
    bench.later(ms(400));
    bench.alter(|fixture| fixture.replication(4, |r| r.receiver = ReceiverState::Connecting));
    bench.probed(2, ProbeOutcome::Refused);
    bench.answers(4);
    bench.later(ms(10));
    cares(bench.answers(1))
}

#[test]
fn who_is_below_another_is_left_there() {
    let mut bench = Bench::watching(tree());
    for _ in 0..20 {
        bench.later(ms(400));
        assert_eq!(cares(bench.everyone_answers()), []);
    }
}

#[test]
fn when_an_intermediate_dies_its_replica_is_moved_and_returns_when_it_is_back_for_a_while() {
    let mut bench = Bench::watching(tree());
    let source = address(1);
    assert_eq!(
        intermediate_dies(&mut bench),
        [(name(4), Care::Move { source })]
    );
    assert!(bench.code(ProblemCode::IntermediateReplicaDead));
    let (node, result) = (name(4), Ok(()));
    bench.step(Event::Tended { node, result });
    bench.alter(|fixture| fixture.follows(4, 1));
    let mut returned_after = None;
    for tick in 0..30 {
        bench.later(ms(400));
        let found = cares(bench.everyone_answers());
        let source = address(2);
        if found == [(name(4), Care::Move { source })] {
            returned_after = Some(tick * 400);
            break;
        }
        assert_eq!(found, []);
    }
    // Its first answer after its death is the begin.
    assert!(
        (5_000..6_000).contains(&returned_after.unwrap()),
        "{returned_after:?}"
    );
}

#[test]
fn in_manual_it_is_only_shown() {
    let manual = tree().policy(|policy| policy.mode = Mode::Manual);
    let mut bench = Bench::watching(manual);
    assert_eq!(intermediate_dies(&mut bench), []);
    assert!(bench.code(ProblemCode::IntermediateReplicaDead));
}

#[test]
fn who_is_below_another_is_no_acknowledger_and_no_witness() {
    let mut bench = Bench::watching(tree());
    bench.later(ms(400));
    bench.everyone_answers();
    let ackers = crate::fencing::possible_ackers(bench.keeper.view());
    assert_eq!(ackers, [name(2), name(3)].into());
    // All it says of its own source proves nothing about the primary.
    let lost = tree().dead_primary().follows(4, 2);
    let verdict = verdict::of_primary(
        &lost.view(),
        &Timing::of(lictor_domain::Profile::Balanced),
        NOW,
    );
    let Verdict::Lost(problem) = verdict else {
        panic!("{verdict:?}");
    };
    let evidence: Vec<_> = problem.evidence.iter().map(ToString::to_string).collect();
    assert!(
        evidence
            .iter()
            .any(|fact| fact.contains("orders-4") && fact.contains("another node"))
    );
}

#[test]
fn who_is_being_moved_away_from_the_primary_counts_as_an_acknowledger_until_it_is_seen_elsewhere() {
    let away = Fixture::healthy(3)
        .wishes(4, 2)
        .policy(|policy| policy.mode = Mode::Auto);
    let mut bench = Bench::watching(away);
    let mut moved = vec![];
    while moved.is_empty() {
        bench.later(ms(400));
        moved = cares(bench.everyone_answers());
    }
    let source = address(2);
    assert_eq!(moved, [(name(4), Care::Move { source })]);
    let ackers = |bench: &Bench| crate::fencing::possible_ackers(bench.keeper.view());
    bench.alter(|fixture| fixture.follows(4, 2));
    bench.later(ms(10));
    bench.everyone_answers();
    assert!(ackers(&bench).contains(&name(4)), "the move is under way");
    let (node, result) = (name(4), Ok(()));
    bench.step(Event::Tended { node, result });
    bench.later(ms(10));
    bench.answers(4);
    assert!(
        ackers(&bench).contains(&name(4)),
        "the primary was not asked since"
    );
    bench.later(ms(10));
    bench.answers(1);
    assert!(!ackers(&bench).contains(&name(4)));
}

#[test]
fn a_failover_takes_in_what_it_holds_and_leaves_it_below_its_source() {
    let mut bench = Bench::watching(tree());
    bench.primary_dies();
    let stops = bench.finished(stored(Standing::Begun));
    let stopped = stops.iter().filter(|command| {
        matches!(
            command,
            Command::Recover {
                act: Act::StopReceiver { .. },
                ..
            }
        )
    });
    assert_eq!(stopped.count(), 3);
    bench.stopped(2, Ok(gtids(1, 1, 100)));
    bench.stopped(3, Ok(gtids(1, 1, 101)));
    bench.stopped(4, Ok(gtids(1, 1, 100)));
    bench.finished(stored(Standing::Chosen));
    bench.finished(Done::CaughtUp(Ok(())));
    let told = bench.finished(Done::Opened(Ok(())));
    let mut told = repoints(&told);
    told.sort();
    assert_eq!(told, [(name(2), address(3)), (name(4), address(2))]);
}

#[test]
fn a_failover_that_is_given_up_starts_its_receiver_too() {
    let mut bench = Bench::watching(tree());
    bench.primary_dies();
    bench.finished(stored(Standing::Begun));
    bench.alter(|_| tree());
    let started = bench.answers(1).into_iter().filter(|command| {
        matches!(
            command,
            Command::Recover {
                act: Act::StartReceiver { .. },
                ..
            }
        )
    });
    assert_eq!(started.count(), 3);
}

#[test]
fn its_lag_is_that_of_everyone_between_it_and_the_primary() {
    let behind = tree().lag(2, Some(Duration::from_secs(4)));
    let view = behind.view();
    let lag = crate::replica::staleness(view.node(&name(4)), NOW);
    assert_eq!(lag, Some(Duration::from_secs(4)));
    assert!(crate::replica::tells_lag(&view, view.node(&name(4))));
    // Its source hears nothing from the primary any more.
    let mut view = tree().view();
    let deaf = tree().lag(2, None);
    let later = NOW + Duration::from_secs(3);
    view.probed(&name(2), deaf.answer(2), later);
    view.probed(&name(4), deaf.answer(4), later);
    let lag = crate::replica::staleness(view.node(&name(4)), later);
    assert_eq!(lag, Some(Duration::from_secs(3)));
    assert!(!crate::replica::tells_lag(&view, view.node(&name(4))));
}
