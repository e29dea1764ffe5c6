//! The most advanced replica must not be primary.

use lictor_domain::{PromotionRule, Rejection};

use super::*;

fn some() -> GtidSet {
    gtids(1, 1, 110)
}

fn gather(n: u32, from: u32) -> Act {
    let from = Endpoint {
        node: name(from),
        address: address(from),
    };
    Act::Gather {
        node: name(n),
        from,
        donor_waits: false,
        holds: all(),
        within: deadline::GATHER,
    }
}

fn gathered(n: u32, holds: Result<GtidSet, String>) -> Done {
    let node = name(n);
    Done::Gathered { node, holds }
}

/// A failover in which the last replica holds more than the others, and must not
/// be primary.
fn gathering(replicas: u32) -> Scene {
    let last = replicas + 1;
    let fixture = Fixture::healthy(replicas).dead_primary();
    let mut scene = Scene::begin(&fixture.definition(last, |node| {
        node.promotion = PromotionRule::MustNot.into();
    }));
    for n in 2..last {
        assert_eq!(scene.stopped(n, some()), []);
    }
    assert_eq!(scene.stopped(last, all()), [gather(2, last)]);
    scene
}

#[test]
fn a_replica_gets_what_it_lacks_before_it_is_named_and_opened() {
    let mut scene = gathering(2);
    assert_eq!(scene.running().record().new_primary, None);
    let (named, rest) = storing(scene.done(gathered(2, Ok(all()))));
    assert_eq!(rest, [catch_up(2)]);
    assert_eq!(named.new_primary, Some(name(2)));
    assert_eq!(named.candidates[0].received, all());
    scene.done(Done::CaughtUp(Ok(())));
    let opening = scene.done(stored(Standing::Chosen));
    assert!(matches!(opening, [Act::Promote { .. }]), "{opening:?}");
    let after = scene.done(Done::Opened(Ok(())));
    assert!(after.contains(&repoint(3, 2)), "{after:?}");
}

#[test]
fn who_got_nothing_gives_way_to_the_next_and_at_last_it_is_given_up() {
    let mut scene = gathering(3);
    let broken = || Err("it was cut off".to_owned());
    assert_eq!(scene.done(gathered(2, broken())), [gather(3, 4)]);
    let undone = scene.done(gathered(3, broken())).to_vec();
    // Who was pointed elsewhere is pointed back.
    assert_eq!(undone, [start(4), repoint(2, 1), repoint(3, 1)]);
    let AbortReason::NoViableCandidate { blocker } = scene.abort_reason() else {
        panic!("{:?}", scene.abort_reason());
    };
    assert!(blocker.contains("it was cut off"), "{blocker}");
    let rejections = scene.over().candidates.iter().flat_map(|it| &it.rejections);
    let failed = rejections.filter(|it| matches!(it, Rejection::NotGathered { .. }));
    assert_eq!(failed.count(), 2);
}

#[test]
fn a_life_sign_meanwhile_ends_it_and_everyone_follows_the_primary_again() {
    let mut scene = gathering(2);
    let undone = scene.step(|failover, _, now| failover.primary_answered(now));
    assert_eq!(undone, [start(3), repoint(2, 1)]);
    assert_eq!(scene.abort_reason(), &AbortReason::PrimaryAnswered);
}

#[test]
fn what_the_stopped_receivers_prove_holds_while_it_gathers() {
    let mut scene = gathering(2);
    let (name, knock) = (name(1), lictor_domain::report::Knock::Silent);
    scene.view.knocked(&name, &knock, at(20).mono);
    scene.done(gathered(2, Ok(all())));
    let fencing = scene.running().record().fencing.as_ref();
    assert_eq!(fencing, Some(&FencingProof::ProcessDead));
}
