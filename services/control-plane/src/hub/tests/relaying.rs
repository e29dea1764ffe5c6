//! The hub of an instance that relays another's table.

use super::*;

fn lictord(hub: &Hub) -> Subscription {
    let introduction = Introduction {
        kind: SubscriberKind::Lictord,
        ..who("lictor-2")
    };
    hub.subscribe(introduction, Filter::default(), None)
        .unwrap()
}

fn table(hub: &Hub) -> RoutingTable {
    (*hub.table().unwrap()).clone()
}

/// A hub that relays this one's table.
fn relaying(leader: &Hub) -> Hub {
    let hub = Hub::new(100);
    hub.adopt(table(leader));
    hub
}

const SOON: Duration = Duration::from_millis(20);

#[test]
fn a_relayed_table_keeps_its_revision_and_tells_what_changed() {
    let leader = begun();
    let hub = relaying(&leader);
    assert!(hub.is_relayed());
    let mut subscription = subscribe(&hub, None);
    assert_eq!(steps(&all(&mut subscription)), [(None, rev(1, 1))]);
    leader.publish(Term(1), route("a", 2, 2));
    leader.publish(Term(1), route("b", 2, 2));
    let adopted = hub.adopt(table(&leader));
    assert_eq!(adopted.revision, rev(1, 3));
    let told = steps(&all(&mut subscription));
    assert_eq!(told, [(Some(rev(1, 1)), rev(1, 3))]);
}

#[test]
fn revisions_never_fall_and_no_route_goes_back() {
    let leader = begun();
    let before = table(&leader);
    leader.publish(Term(1), route("a", 2, 2));
    let hub = relaying(&leader);
    assert_eq!(hub.adopt(before).revision, rev(1, 2));
    let mut again = table(&begun());
    again.revision = rev(1, 9);
    assert_eq!(hub.adopt(again).revision, rev(1, 2));
    assert_eq!(table(&hub), table(&leader));
}

#[test]
fn only_the_leader_changes_what_is_relayed_until_this_one_leads() {
    let hub = relaying(&begun());
    hub.publish(Term(1), route("a", 2, 2));
    hub.configure(Term(1), config(0));
    assert_eq!(hub.revision(), Some(rev(1, 1)));
    hub.begin(Term(2), Arc::default(), vec![route("a", 2, 2)]);
    assert!(!hub.is_relayed());
    assert_eq!(hub.revision(), Some(rev(2, 1)));
    let published = hub.publish(Term(2), route("a", 3, 3));
    assert_eq!(published.revision, rev(2, 2));
    // What an earlier leader still says is too late.
    hub.adopt(table(&begun()));
    assert_eq!(hub.revision(), Some(rev(2, 2)));
}

#[test]
fn one_who_relays_is_told_of_a_term_that_changes_nothing() {
    let leader = begun();
    let (mut relay, mut other) = (lictord(&leader), subscribe(&leader, None));
    drop((all(&mut relay), all(&mut other)));
    let routes = table(&leader).clusters.into_values().collect();
    leader.begin(Term(2), Arc::default(), routes);
    assert_eq!(steps(&all(&mut relay)), [(None, rev(2, 1))]);
    assert_eq!(steps(&all(&mut other)), []);
    leader.publish(Term(2), route("a", 2, 2));
    let told = steps(&all(&mut relay));
    assert_eq!(told, [(Some(rev(2, 1)), rev(2, 2))]);
}

#[test]
fn nothing_goes_round_in_a_circle() {
    let leader = begun();
    let mut relay = lictord(&leader);
    assert!(next(&mut relay).is_some());
    let mut later = table(&leader);
    later.revision = rev(2, 1);
    leader.adopt(later);
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(relay.poll_next(&mut context), Poll::Ready(None)));
}

#[tokio::test]
async fn a_lictord_stands_for_those_behind_it() {
    let leader = begun();
    let mut relay = lictord(&leader);
    let mut other = subscribe(&leader, None);
    drop((next(&mut relay), next(&mut other)));
    assert_eq!(leader.subscribers(), 1);
    let behind = Behind {
        subscribers: 3,
        clusters: [(
            name("a"),
            Share {
                subscribers: 2,
                pools: 8,
            },
        )]
        .into(),
    };
    relay.relayed(None, behind.clone(), 0).unwrap();
    assert_eq!(leader.subscribers(), 4);
    assert_eq!(
        (leader.concerned(&name("a")), leader.concerned(&name("b"))),
        (3, 1)
    );
    assert_eq!((leader.pools(&name("a")), leader.pools(&name("b"))), (8, 0));

    let published = leader.publish(Term(1), route("a", 2, 2));
    assert_eq!(published.subscribers, 4);
    drop((next(&mut relay), next(&mut other)));
    other.acked(rev(1, 2)).unwrap();
    let a = name("a");
    let waits = leader.acknowledged(&a, rev(1, 2), SOON).await;
    assert_eq!(waits, Acks { of: 3, acked: 1 });
    relay.relayed(Some(rev(1, 2)), behind, 1).unwrap();
    let answered = leader.acknowledged(&a, rev(1, 2), SOON).await;
    assert_eq!(answered, Acks { of: 3, acked: 2 });
}

#[test]
fn who_relays_knows_who_stands_behind_it() {
    let hub = relaying(&begun());
    let pools = Introduction {
        pools: 4,
        ..who("s")
    };
    let _all = hub.subscribe(pools.clone(), Filter::default(), None);
    let _some = hub.subscribe(pools, only(&["a"]), None);
    let behind = hub.behind();
    assert_eq!(behind.subscribers, 2);
    let share = |subscribers, pools| Share { subscribers, pools };
    assert_eq!(behind.clusters[&name("a")], share(2, 8));
    assert_eq!(behind.clusters[&name("b")], share(1, 4));
}
