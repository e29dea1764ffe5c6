//! What an operator is told: sentences, evidence, remedies.

use lictor_domain::{Evidence, GtidRole, Mode, Mono, ReceiverState};

use super::{ReplicaLagging, applier, codes, healthy, ms, only, receiver};
use crate::analysis::problems;
use crate::fixture::{NOW, TIMING, address, gtids, name};

#[test]
fn the_evidence_of_a_broken_applier_is_the_servers_error() {
    let problem = only(&applier(Some(1062)));
    assert_eq!(
        problem.evidence,
        [Evidence::ServerSays {
            node: name(2),
            number: 1062,
            message: "duplicate key".to_owned(),
        }]
    );
}

#[test]
fn a_stopped_receiver_and_one_that_cannot_connect_are_told_apart() {
    let stopped = only(&receiver(ReceiverState::Stopped)).sentence;
    assert_eq!(stopped, "the receiver of orders-2 is stopped");
    let connecting = only(&receiver(ReceiverState::Connecting)).sentence;
    assert_eq!(
        connecting,
        "the receiver of orders-2 cannot connect to 10.0.0.1:3306"
    );
}

#[test]
fn unknown_lag_is_evidence_without_a_number() {
    let problem = only(&healthy().lag(2, None));
    assert_eq!(
        problem.evidence,
        [Evidence::Lag {
            replica: name(2),
            lag: None,
            allowed: ms(5000),
        }]
    );
}

#[test]
fn lag_is_unknown_only_when_the_last_known_one_no_longer_bounds_it() {
    let mut view = healthy().view();
    let unknown = healthy().lag(2, None).answer(2);
    let lagging_at = |view: &mut crate::view::ClusterView, now: Mono| {
        for n in [1, 3] {
            view.probed(&name(n), healthy().answer(n), now);
        }
        view.probed(&name(2), unknown.clone(), now);
        codes(&problems(view, &TIMING, now))
    };
    assert_eq!(lagging_at(&mut view, NOW + ms(4000)), []);
    assert_eq!(lagging_at(&mut view, NOW + ms(5200)), [ReplicaLagging]);
}

#[test]
fn the_errant_set_is_named() {
    let errant = gtids(9, 1, 3);
    let problem = only(&healthy().executed(2, &errant));
    assert_eq!(
        problem.evidence,
        [Evidence::Gtids {
            node: name(2),
            role: GtidRole::Errant,
            set: errant,
        }]
    );
}

#[test]
fn a_quarantine_shows_its_reason() {
    let problem = only(&healthy().quarantined(2, "it diverged"));
    assert_eq!(problem.sentence, "orders-2 is quarantined: it diverged");
}

#[test]
fn a_wrong_source_is_shown_and_put_right_by_lictor_only_in_auto() {
    let astray = healthy().follows(2, 8);
    let by_hand = only(&astray);
    assert_eq!(
        by_hand.evidence,
        [Evidence::Follows {
            replica: name(2),
            source: address(8),
        }]
    );
    assert_eq!(
        by_hand.response,
        "on orders-2: STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HOST = '10.0.0.1', \
         SOURCE_PORT = 3306, SOURCE_AUTO_POSITION = 1; START REPLICA"
    );
    let by_lictor = only(&astray.policy(|policy| policy.mode = Mode::Auto));
    assert_eq!(by_lictor.response, "Lictor makes it follow orders-1");
}
