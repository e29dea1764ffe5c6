//! What many subscribers have in common, and who they are.

use std::task::Wake;

use lictor_domain::NodeHint;

use super::*;

#[test]
fn a_subscriber_is_shown_while_it_is_there() {
    let hub = begun();
    let b = hub.subscribe(who("b"), Filter::default(), None).unwrap();
    let mut a = hub.subscribe(who("a"), Filter::default(), None).unwrap();
    all(&mut a);
    a.acked(rev(1, 1)).unwrap();
    let everyone = hub.everyone();
    let ids: Vec<_> = everyone
        .iter()
        .map(|one| one.introduction.id.as_str())
        .collect();
    assert_eq!(ids, ["a", "b"]);
    assert!(everyone[0].progress.ack_delay.is_some());
    assert_eq!(everyone[1].progress.sent, None);
    assert_eq!(hub.subscribers(), 2);
    drop((a, b));
    assert_eq!(hub.everyone(), vec![]);
}

fn parcel(subscription: &mut Subscription) -> Arc<parcel::Parcel<Update>> {
    let mut context = Context::from_waker(Waker::noop());
    match subscription.poll_next(&mut context) {
        Poll::Ready(Some(Next::Update(parcel))) => parcel,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_sent_is_made_once_for_all_who_want_the_same() {
    let hub = begun();
    let mut subscribers = vec![];
    for (id, filter) in [
        ("a", Filter::default()),
        ("b", only(&["b"])),
        ("c", Filter::default()),
        ("d", only(&["b"])),
    ] {
        subscribers.push(hub.subscribe(who(id), filter, None).unwrap());
        // They come at different revisions.
        hub.publish(Term(1), route("a", 2 + subscribers.len() as u64, 1));
    }
    for epoch in 2..4 {
        let sent: Vec<_> = subscribers.iter_mut().map(parcel).collect();
        assert!(Arc::ptr_eq(&sent[0], &sent[2]));
        assert!(Arc::ptr_eq(&sent[1], &sent[3]));
        assert!(!Arc::ptr_eq(&sent[0], &sent[1]));
        assert_eq!(hub.publish(Term(1), route("b", epoch, 2)).subscribers, 4);
    }
}

#[test]
fn hints_go_to_those_who_want_them_and_only_when_they_are_news() {
    let hub = begun();
    let wants = |id, hints, filter| {
        let introduction = Introduction { hints, ..who(id) };
        hub.subscribe(introduction, filter, None).unwrap()
    };
    let mut subscribers = [
        wants("all", true, Filter::default()),
        wants("b", true, only(&["b"])),
        wants("none", false, Filter::default()),
    ];
    let hints = |cluster: &str, lag| {
        let hint = NodeHint {
            lag_at_most: Some(Duration::from_secs(lag)),
            connections: None,
        };
        let nodes = [(NodeName::numbered(&name(cluster), 2), hint)].into();
        (name(cluster), Hints { nodes })
    };
    hub.hint(&[hints("a", 1), hints("b", 1)].into());
    let mut told = || {
        let context = &mut Context::from_waker(Waker::noop());
        subscribers.each_mut().map(|subscription| {
            let mut counts: Vec<usize> = vec![];
            while let Poll::Ready(Some(next)) = subscription.poll_next(context) {
                match next {
                    Next::Update(_) => assert!(counts.is_empty(), "the table comes first"),
                    Next::Hints(parcel) => counts.push(parcel.content().nodes.len()),
                }
            }
            counts
        })
    };
    assert_eq!(told(), [vec![2], vec![1], vec![]]);
    hub.hint(&[hints("a", 2), hints("b", 1)].into());
    assert_eq!(told(), [vec![2], vec![], vec![]]);
    for lag in [3, 4] {
        hub.hint(&[hints("a", 2), hints("b", lag)].into());
    }
    assert_eq!(told(), [vec![2], vec![1], vec![]], "the latest only");
    hub.hint(&BTreeMap::new());
    assert_eq!(told(), [vec![0], vec![0], vec![]], "nothing is known");
}

#[test]
fn a_publication_wakes_those_it_concerns_and_the_end_wakes_all() {
    struct Woken(AtomicBool);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let hub = begun();
    let mut subscription = hub.subscribe(who("s"), only(&["b"]), None).unwrap();
    all(&mut subscription);
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(woken.clone());
    let mut context = Context::from_waker(&waker);
    assert!(subscription.poll_next(&mut context).is_pending());
    hub.publish(Term(1), route("a", 2, 2));
    assert!(!woken.0.load(Ordering::SeqCst));
    hub.publish(Term(1), route("b", 2, 2));
    assert!(woken.0.swap(false, Ordering::SeqCst));
    all(&mut subscription);
    assert!(subscription.poll_next(&mut context).is_pending());
    hub.end();
    assert!(woken.0.load(Ordering::SeqCst));
    let ended = subscription.poll_next(&mut context);
    assert!(matches!(ended, Poll::Ready(None)));
}

#[tokio::test]
async fn answers_are_waited_for_until_all_who_are_concerned_gave_one_or_left() {
    let hub = begun();
    let only_b = || only(&["b"]);
    let mut acks = hub.subscribe(who("acks"), Filter::default(), None).unwrap();
    let mut nacks = hub.subscribe(who("nacks"), only_b(), None).unwrap();
    let leaves = hub.subscribe(who("leaves"), only_b(), None).unwrap();
    let other = only(&["a"]);
    let _unconcerned = hub.subscribe(who("other"), other, None).unwrap();
    let hold = hub.publish(Term(1), route("b", 2, 2)).revision;
    // Something else is published meanwhile: it is not waited for.
    let head = hub.publish(Term(1), route("a", 2, 2)).revision;
    let (waits, b) = (hub.clone(), name("b"));
    let hour = Duration::from_hours(1);
    let waiting = tokio::spawn(async move { waits.acknowledged(&b, head, hour).await });
    tokio::task::yield_now().await;

    all(&mut acks);
    acks.acked(head).unwrap();
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    all(&mut nacks);
    nacks.nacked(hold, "no").unwrap();
    let mut late = hub.subscribe(who("late"), only_b(), None).unwrap();
    drop(leaves);
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "one who came meanwhile counts too");
    all(&mut late);
    late.acked(hold.max(hub.everyone()[2].progress.sent.unwrap()))
        .unwrap();
    assert_eq!(waiting.await.unwrap(), Acks { of: 3, acked: 2 });

    hub.publish(Term(1), route("b", 3, 3));
    let acks = hub
        .acknowledged(&name("b"), hub.revision().unwrap(), Duration::ZERO)
        .await;
    assert_eq!(acks, Acks { of: 3, acked: 0 }, "the wait has a bound");
}

#[test]
fn the_hub_takes_so_many_and_one_who_leaves_makes_room() {
    let hub = Hub::new(2);
    let join = || hub.subscribe(who("s"), Filter::default(), None);
    let first = join().unwrap();
    let _second = join().unwrap();
    assert_eq!(join().unwrap_err(), TooMany::Subscribers(2));
    drop(first);
    assert!(join().is_ok());
}
