use lictor_domain::{ProbeOutcome, Writability};
use proptest::prelude::*;

use super::*;
use crate::fixture::{Fixture, NOW, TIMING, gtids, name};

const LONG: Duration = Duration::from_secs(6);

/// Whom number `n` is to follow when everyone has said the same for so long.
fn source_after(fixture: &Fixture, n: u32, time: Duration) -> NodeName {
    let (view, now) = fixture.lasting(time);
    source_in(&view, n, now)
}

fn source_in(view: &ClusterView, n: u32, now: Mono) -> NodeName {
    let moment = Moment {
        view,
        timing: &TIMING,
        now,
    };
    moment.source(&name(n)).unwrap().name.clone()
}

/// A primary and three replicas, of which number 4 is below number 2.
fn tree() -> Fixture {
    Fixture::healthy(3).below(4, 2)
}

/// The same, but number 4 has had to follow the primary.
fn away() -> Fixture {
    Fixture::healthy(3).wishes(4, 2)
}

#[test]
fn a_replica_stays_below_its_source_while_that_lives() {
    assert_eq!(source_after(&tree(), 4, Duration::from_millis(1)), name(2));
    assert_eq!(source_after(&tree(), 4, LONG), name(2));
    assert_eq!(source_after(&tree(), 2, LONG), name(1));
}

#[test]
fn a_dead_source_is_left_when_its_replica_has_lost_it_too() {
    let dead = tree().silent(2, ProbeOutcome::Refused, Duration::from_millis(100));
    // It still says that it hears it.
    assert_eq!(source_in(&dead.view(), 4, NOW), name(2));
    let lost = dead.replication(4, |r| r.receiver = ReceiverState::Connecting);
    assert_eq!(source_in(&lost.view(), 4, NOW), name(1));
}

#[test]
fn a_silent_source_is_left_after_the_threshold_unless_its_replica_hears_it() {
    for (silent_for, heard_ago, expected) in [
        (1_000, 1_000, 2),
        (3_000, 3_000, 1),
        (3_000, 100, 2),
        (60_000, 100, 2),
    ] {
        let ms = Duration::from_millis;
        let fixture = tree()
            .silent(2, ProbeOutcome::TimedOut, ms(silent_for))
            .replication(4, |r| r.heard_ago = Some(ms(heard_ago)));
        let found = source_in(&fixture.view(), 4, NOW);
        assert_eq!(found, name(expected), "{silent_for} {heard_ago}");
    }
}

#[test]
fn a_source_that_turns_us_away_is_alive() {
    let denied = ProbeOutcome::Denied {
        reason: "access denied".to_owned(),
    };
    let fixture = tree()
        .silent(2, denied, Duration::from_mins(1))
        .replication(4, |r| r.receiver = ReceiverState::Connecting);
    assert_eq!(source_in(&fixture.view(), 4, NOW), name(2));
}

#[test]
fn a_source_that_must_give_its_data_to_nobody_is_left_however_well_it_answers() {
    for fixture in [
        tree().quarantined(2, "diverged"),
        tree().in_maintenance(2),
        tree().executed(2, &gtids(9, 1, 1)),
        tree().writability(2, Writability::Writable),
    ] {
        assert_eq!(source_after(&fixture, 4, LONG), name(1));
    }
}

#[test]
fn a_source_gets_its_replica_back_when_it_has_replicated_for_a_while() {
    assert_eq!(source_after(&away(), 4, Duration::from_secs(4)), name(1));
    assert_eq!(source_after(&away(), 4, LONG), name(2));
    let stopped = away().replication(2, |r| r.applier_running = false);
    assert_eq!(source_after(&stopped, 4, LONG), name(1));
    let purged = away()
        .report(2, |report| report.purged = gtids(1, 1, 100))
        .replication(4, |r| r.received = gtids(1, 1, 90))
        .report(4, |report| report.executed = gtids(1, 1, 90));
    assert_eq!(source_after(&purged, 4, LONG), name(1));
}

#[test]
fn it_goes_to_the_nearest_of_those_above_it() {
    // 5 below 4 below 3 below the primary.
    let chain = Fixture::healthy(4).below(4, 3).below(5, 4);
    assert_eq!(source_after(&chain, 5, LONG), name(4));
    let dead = chain
        .clone()
        .silent(4, ProbeOutcome::Refused, Duration::from_secs(1))
        .replication(5, |r| r.receiver = ReceiverState::Connecting);
    assert_eq!(source_after(&dead, 5, LONG), name(3));
    let both = dead.silent(3, ProbeOutcome::Refused, Duration::from_secs(1));
    assert_eq!(source_after(&both, 5, LONG), name(1));
}

#[test]
fn nobody_leaves_the_primary_who_is_needed_to_acknowledge() {
    let two = away().acks(2);
    assert_eq!(source_after(&two, 4, LONG), name(2));
    let without_the_third = two.silent(3, ProbeOutcome::Refused, Duration::from_secs(1));
    assert_eq!(source_after(&without_the_third, 4, LONG), name(1));
}

#[test]
fn nobody_leaves_the_primary_with_what_it_has_not_applied() {
    let stopped = away().replication(4, |r| r.applier_running = false);
    assert_eq!(source_after(&stopped, 4, LONG), name(1));
}

#[test]
fn nobody_is_sent_to_one_that_gets_its_data_through_him() {
    // By a change of wishes: number 4 was above number 2, and is to be below it.
    let turned = Fixture::healthy(3).wishes(4, 2).follows(2, 4);
    assert_eq!(source_after(&turned, 2, LONG), name(1));
    assert_eq!(source_after(&turned, 4, LONG), name(1));
}

#[test]
fn nobody_is_sent_to_one_that_is_being_moved() {
    let (mut view, now) = away().lasting(LONG);
    view.move_begins(&name(2));
    assert_eq!(source_in(&view, 4, now), name(1));
    view.move_ends(&name(2), now + Duration::from_secs(1));
    assert_eq!(source_in(&view, 4, now), name(1));
}

fn staying_of(fixture: &Fixture, followers: &[u32], primary: u32) -> Vec<(NodeName, NodeName)> {
    let view = fixture.view();
    let followers = followers.iter().map(|n| name(*n)).collect();
    let staying = staying(&view, &followers, &name(primary)).into_iter();
    let names = staying.map(|(node, source)| (node.name.clone(), source.name.clone()));
    names.collect()
}

#[test]
fn after_a_failover_a_replica_stays_below_its_source_if_that_follows_too() {
    assert_eq!(staying_of(&tree(), &[2, 4], 3), [(name(4), name(2))]);
    assert_eq!(staying_of(&tree(), &[4], 3), []);
    // Its source is the new primary.
    assert_eq!(staying_of(&tree(), &[3, 4], 2), []);
    // It is the new primary itself.
    assert_eq!(staying_of(&tree(), &[2, 3], 4), []);
    // It is somewhere else.
    assert_eq!(staying_of(&away(), &[2, 4], 3), []);
    assert_eq!(staying_of(&tree().in_maintenance(2), &[2, 4], 3), []);
}

#[test]
fn after_a_failover_nobody_stays_away_who_is_needed_to_acknowledge() {
    assert_eq!(staying_of(&tree().acks(2), &[2, 4], 3), []);
}

/// A cluster of six in which each node follows somebody and is to follow somebody:
/// number 1 is the primary.
fn any_cluster() -> impl Strategy<Value = Fixture> {
    let follower = (1..=6_u32, 1..=6_u32, any::<[bool; 3]>());
    proptest::collection::vec(follower, 5).prop_map(|followers| {
        let numbered = (2..).zip(followers);
        numbered.fold(Fixture::healthy(5), |fixture, (n, (source, wish, odd))| {
            let fixture = fixture.wishes(n, wish).follows(n, source);
            match odd {
                [true, true, _] => fixture.silent(n, ProbeOutcome::Refused, LONG),
                [true, false, true] => fixture.quarantined(n, "diverged"),
                [false, true, true] => fixture.silent(n, ProbeOutcome::TimedOut, LONG),
                _ => fixture,
            }
        })
    })
}

/// Whether following these sources leads everyone to number 1.
fn is_tree(sources: &[(NodeName, NodeName)]) -> bool {
    sources.iter().all(|(node, _)| {
        let mut at = node;
        for _ in 0..=sources.len() {
            match sources.iter().find(|(node, _)| node == at) {
                Some((_, source)) => at = source,
                None => return true,
            }
        }
        false
    })
}

proptest! {
    #[test]
    fn whoever_lives_and_wherever_they_are_everyone_is_to_follow_one_tree(
        fixture in any_cluster(),
    ) {
        let (view, now) = fixture.lasting(LONG);
        let sources: Vec<_> = (2..=6).map(|n| (name(n), source_in(&view, n, now))).collect();
        prop_assert!(is_tree(&sources), "{sources:?}");
    }

    #[test]
    fn moving_one_after_the_other_never_closes_a_circle(
        fixture in any_cluster(),
        order in proptest::collection::vec(2..=6_u32, 1..30),
    ) {
        // They begin as a tree: whoever is in a circle follows the primary.
        let mut fixture = fixture;
        for n in 2..=6 {
            if !is_tree(&told(&fixture)) {
                fixture = fixture.follows(n, 1);
            }
        }
        for n in order {
            let (view, now) = fixture.lasting(LONG);
            let source = source_in(&view, n, now);
            let number = (1..=6).find(|n| name(*n) == source).unwrap();
            fixture = fixture.follows(n, number);
            prop_assert!(is_tree(&told(&fixture)), "{:?}", told(&fixture));
        }
    }

    #[test]
    fn after_a_failover_everyone_follows_one_tree(
        fixture in any_cluster(),
        primary in 2..=6_u32,
    ) {
        let view = fixture.view();
        let followers: BTreeSet<_> =
            (2..=6).filter(|n| *n != primary).map(name).collect();
        let staying = staying(&view, &followers, &name(primary));
        let sources: Vec<_> = followers
            .iter()
            .map(|node| {
                let stays = staying.iter().find(|(one, _)| one.name == *node);
                (node.clone(), stays.map_or(name(primary), |(_, source)| source.name.clone()))
            })
            .collect();
        prop_assert!(is_tree(&sources), "{sources:?}");
    }
}

/// Whom each replica is told to follow.
fn told(fixture: &Fixture) -> Vec<(NodeName, NodeName)> {
    let (view, _) = fixture.lasting(LONG);
    let nodes = view.cluster.nodes.iter();
    let told = nodes.filter_map(|node| {
        let source = &fixture.reports[&node.name].replication.as_ref()?.source;
        let source = view
            .cluster
            .nodes
            .iter()
            .find(|one| one.address == *source)?;
        Some((node.name.clone(), source.name.clone()))
    });
    told.collect()
}
