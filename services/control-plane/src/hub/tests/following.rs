//! Each subscriber is sent what it lacks, in order, and answers.

use super::super::cursor::LIVE;
use super::super::ledger::HISTORY;
use super::*;

#[test]
fn before_the_first_term_there_is_no_table_and_subscribers_wait() {
    let hub = Hub::new(100);
    assert_eq!(hub.publish(Term(1), route("a", 1, 1)).subscribers, 0);
    assert_eq!(hub.table(), None);
    let mut subscription = subscribe(&hub, None);
    assert_eq!(all(&mut subscription), vec![]);

    hub.begin(Term(1), Arc::default(), vec![]);
    assert_eq!(steps(&all(&mut subscription)), [(None, rev(1, 1))]);
}

#[test]
fn a_live_subscriber_sees_every_revision_in_order() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    let first = all(&mut subscription);
    assert_eq!(steps(&first), [(None, rev(1, 1))]);

    let published = hub.publish(Term(1), route("a", 2, 2));
    assert_eq!(
        published,
        Published {
            revision: rev(1, 2),
            subscribers: 1
        }
    );
    hub.publish(Term(1), route("a", 3, 3));
    hub.publish(Term(1), route("b", 2, 2));
    assert_eq!(
        steps(&all(&mut subscription)),
        [
            (Some(rev(1, 1)), rev(1, 2)),
            (Some(rev(1, 2)), rev(1, 3)),
            (Some(rev(1, 3)), rev(1, 4)),
        ]
    );
}

#[test]
fn the_same_route_makes_no_revision() {
    let hub = begun();
    subscribe(&hub, None);
    let published = hub.publish(Term(1), route("a", 1, 1));
    assert_eq!(
        published,
        Published {
            revision: rev(1, 1),
            subscribers: 0
        }
    );
}

#[test]
fn an_older_term_or_epoch_is_refused() {
    let hub = begun();
    hub.publish(Term(1), route("a", 5, 1));
    hub.publish(Term(1), route("a", 4, 2));
    assert_eq!(hub.table().unwrap().clusters[&name("a")], route("a", 5, 1));

    hub.begin(Term(3), Arc::default(), vec![route("a", 5, 1)]);
    for term in [Term(1), Term(4)] {
        assert_eq!(hub.publish(term, route("a", 6, 2)).revision, rev(3, 1));
    }
    hub.begin(Term(2), Arc::default(), vec![]);
    hub.begin(Term(3), Arc::default(), vec![]);
    let table = hub.table().unwrap();
    assert_eq!(table.revision, rev(3, 1));
    assert_eq!(table.clusters[&name("a")], route("a", 5, 1));
}

#[test]
fn a_new_term_that_knows_only_an_older_primacy_keeps_the_newer_one() {
    let hub = begun();
    hub.publish(Term(1), route("a", 5, 2));
    hub.begin(
        Term(2),
        Arc::default(),
        vec![route("a", 4, 1), route("c", 1, 1)],
    );
    let table = hub.table().unwrap();
    assert_eq!(table.clusters[&name("a")], route("a", 5, 2));
    assert!(!table.clusters.contains_key(&name("b")), "it is gone");
    assert!(table.clusters.contains_key(&name("c")));
}

#[test]
fn a_subscriber_that_comes_back_gets_exactly_what_it_missed() {
    let hub = begun();
    for epoch in 2..=40 {
        hub.publish(Term(1), route("a", epoch, 1));
    }
    let mut subscription = subscribe(&hub, Some(rev(1, 10)));
    let missed = all(&mut subscription);
    let expected: Vec<_> = (10..40).map(|n| (Some(rev(1, n)), rev(1, n + 1))).collect();
    assert_eq!(steps(&missed), expected);

    let mut current = subscribe(&hub, Some(rev(1, 40)));
    assert_eq!(all(&mut current), vec![], "it missed nothing");
    let standing = &hub.everyone()[1].progress;
    assert_eq!(
        (standing.sent, standing.acked),
        (Some(rev(1, 40)), Some(rev(1, 40)))
    );
}

#[test]
fn one_whose_revision_is_forgotten_or_foreign_gets_a_snapshot() {
    let hub = begun();
    for epoch in 2..=HISTORY as u64 + 2 {
        hub.publish(Term(1), route("a", epoch, 1));
    }
    let head = hub.table().unwrap().revision;
    for unknown in [rev(0, 7), rev(1, 1), rev(1, 0)] {
        let mut subscription = subscribe(&hub, Some(unknown));
        assert_eq!(steps(&all(&mut subscription)), [(None, head)], "{unknown}");
    }
    let mut oldest = subscribe(&hub, Some(rev(1, 2)));
    assert_eq!(all(&mut oldest).len(), HISTORY);
}

#[test]
fn one_that_holds_a_newer_revision_waits_for_a_newer_one_still() {
    let hub = begun();
    let mut subscription = subscribe(&hub, Some(rev(2, 5)));
    assert_eq!(all(&mut subscription), vec![]);
    hub.begin(Term(3), Arc::default(), vec![]);
    assert_eq!(steps(&all(&mut subscription)), [(None, rev(3, 1))]);
}

#[test]
fn one_that_falls_behind_skips_to_the_latest() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    all(&mut subscription);
    for epoch in 2..=LIVE as u64 + 1 {
        hub.publish(Term(1), route("a", epoch, 1));
    }
    assert_eq!(
        all(&mut subscription).len(),
        LIVE,
        "it is not too far behind"
    );
    for epoch in 100..=100 + LIVE as u64 {
        hub.publish(Term(1), route("a", epoch, 1));
    }
    let head = hub.table().unwrap().revision;
    assert_eq!(steps(&all(&mut subscription)), [(None, head)]);
}

#[test]
fn a_filter_hides_other_clusters_and_their_revisions() {
    let hub = begun();
    let filter = only(&["b"]);
    let mut subscription = hub.subscribe(who("s"), filter, None).unwrap();
    let Some(Update::Snapshot(table)) = all(&mut subscription).pop() else {
        panic!("no snapshot");
    };
    assert_eq!(
        table.clusters.keys().cloned().collect::<Vec<_>>(),
        [name("b")]
    );

    // So many that they would make it a slow one if they counted.
    for epoch in 2..=100 {
        assert_eq!(hub.publish(Term(1), route("a", epoch, 1)).subscribers, 0);
    }
    assert_eq!(all(&mut subscription), vec![]);
    assert_eq!(hub.publish(Term(1), route("b", 2, 2)).subscribers, 1);
    let updates = all(&mut subscription);
    assert_eq!(steps(&updates), [(Some(rev(1, 1)), rev(1, 101))]);
}

#[test]
fn a_refused_revision_is_not_sent_again_and_the_next_is_a_snapshot() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    all(&mut subscription);
    subscription.acked(rev(1, 1)).unwrap();
    hub.publish(Term(1), route("a", 2, 2));
    all(&mut subscription);
    subscription.nacked(rev(1, 2), "no such node").unwrap();
    assert_eq!(all(&mut subscription), vec![]);

    let progress = hub.everyone()[0].progress.clone();
    assert_eq!(
        (progress.sent, progress.acked),
        (Some(rev(1, 2)), Some(rev(1, 1)))
    );
    assert_eq!(
        (progress.nacks, progress.last_nack.unwrap().reason.as_str()),
        (1, "no such node")
    );

    hub.publish(Term(1), route("b", 2, 2));
    assert_eq!(steps(&all(&mut subscription)), [(None, rev(1, 3))]);
    subscription.acked(rev(1, 3)).unwrap();
    hub.publish(Term(1), route("b", 3, 3));
    assert_eq!(
        steps(&all(&mut subscription)),
        [(Some(rev(1, 3)), rev(1, 4))]
    );
}

#[test]
fn what_was_on_its_way_behind_a_refused_revision_is_made_good_at_once() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    all(&mut subscription);
    hub.publish(Term(1), route("a", 2, 2));
    hub.publish(Term(1), route("a", 3, 3));
    all(&mut subscription);
    subscription.nacked(rev(1, 2), "no").unwrap();
    assert_eq!(steps(&all(&mut subscription)), [(None, rev(1, 3))]);
    // The delta that was on its way does not fit any more, the snapshot does.
    subscription.nacked(rev(1, 3), "gap").unwrap();
    subscription.acked(rev(1, 3)).unwrap();
    for _ in 0..3 {
        subscription.nacked(rev(1, 2), "again").unwrap();
    }
    assert_eq!(all(&mut subscription), vec![], "no loop");
    hub.publish(Term(1), route("a", 4, 4));
    assert_eq!(
        steps(&all(&mut subscription)),
        [(Some(rev(1, 3)), rev(1, 4))]
    );
}

#[test]
fn an_answer_to_what_was_never_sent_is_an_error() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    assert!(
        subscription.acked(rev(1, 1)).is_err(),
        "nothing was sent yet"
    );
    all(&mut subscription);
    assert!(subscription.acked(rev(1, 1)).is_ok());
    assert!(subscription.acked(rev(1, 2)).is_err());
    assert!(subscription.nacked(rev(9, 9), "").is_err());
}
