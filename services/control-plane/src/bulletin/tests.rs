use std::collections::BTreeMap;

use chrono::DateTime;
use futures::FutureExt;
use lictor_domain::{Draft, NodeName, Rebuild, RebuildId, RebuildState, Term};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn name(text: &str) -> ClusterName {
    text.parse().unwrap()
}

/// A rebuild in the cluster of this name.
fn of(cluster: &str) -> Event {
    let cluster = name(cluster);
    let bytes = cluster.as_str().bytes();
    let id = bytes.fold(0, |id: u128, byte| id << 8 | u128::from(byte));
    let rebuild = Rebuild {
        id: RebuildId(Uuid::from_u128(id)),
        node: NodeName::numbered(&cluster, 2),
        donor: NodeName::numbered(&cluster, 1),
        cluster,
        actor: "ann".to_owned(),
        started_at: DateTime::UNIX_EPOCH,
        finished_at: None,
        state: RebuildState::Checking,
    };
    Event::Operation(Arc::new(rebuild.into()))
}

fn routing(n: u64) -> Event {
    Event::Routing(Revision { term: Term(1), n })
}

fn reader(bulletin: &Bulletin, last: Option<&str>) -> Reader {
    bulletin.read(BTreeSet::new(), Scope::All, last).unwrap()
}

fn hello(reader: &mut Reader) -> Hello {
    match reader.next().now_or_never() {
        Some(Told::Hello(hello)) => hello,
        other => panic!("no hello: {other:?}"),
    }
}

fn notice(reader: &mut Reader) -> Option<Arc<Notice>> {
    match reader.next().now_or_never()? {
        Told::Notice(notice) => Some(notice),
        Told::Hello(hello) => panic!("another hello: {hello:?}"),
    }
}

fn told(reader: &mut Reader) -> Vec<Subject> {
    let notices = std::iter::from_fn(|| notice(reader));
    notices.map(|notice| notice.event.subject()).collect()
}

#[test]
fn a_reader_is_greeted_and_told_what_comes_afterwards() {
    let bulletin = Bulletin::new();
    bulletin.publish(of("old"));
    let mut reader = reader(&bulletin, None);
    let hello = hello(&mut reader);
    assert_eq!((hello.leader, hello.resumed), (false, false));
    assert!(notice(&mut reader).is_none());
    bulletin.publish(of("new"));
    assert_eq!(told(&mut reader), [of("new").subject()]);
}

#[tokio::test]
async fn a_reader_that_waits_is_woken() {
    let bulletin = Bulletin::new();
    let mut reader = reader(&bulletin, None);
    hello(&mut reader);
    let waiting = tokio::spawn(async move { reader.next().await });
    tokio::task::yield_now().await;
    bulletin.publish(routing(1));
    let told = waiting.await.unwrap();
    assert!(matches!(told, Told::Notice(_)), "{told:?}");
}

#[test]
fn a_reader_that_comes_back_misses_nothing() {
    let bulletin = Bulletin::new();
    let mut first = reader(&bulletin, None);
    hello(&mut first);
    bulletin.publish(of("a"));
    let last = notice(&mut first).unwrap().id.clone();
    drop(first);
    bulletin.publish(of("b"));
    bulletin.publish(routing(1));
    let mut again = reader(&bulletin, Some(&last));
    assert!(hello(&mut again).resumed);
    let missed = [of("b").subject(), Subject::Routing];
    assert_eq!(told(&mut again), missed);
}

#[test]
fn an_id_that_is_not_there_is_said_so() {
    let bulletin = Bulletin::new();
    bulletin.publish(of("a"));
    let stamp = bulletin.0.stamp;
    let (newer, of_another) = (format!("{stamp}-2"), format!("{}-1", stamp - 1));
    for last in [
        newer.as_str(),
        of_another.as_str(),
        "",
        "-",
        "nonsense",
        "1-x",
    ] {
        let mut reader = reader(&bulletin, Some(last));
        assert!(!hello(&mut reader).resumed, "{last}");
        assert!(told(&mut reader).is_empty(), "{last}");
    }
    let mut reader = reader(&bulletin, Some(&format!("{stamp}-1")));
    assert!(hello(&mut reader).resumed);
}

#[test]
fn what_was_dropped_for_want_of_room_cannot_be_resumed_from() {
    let bulletin = Bulletin::new();
    for number in 0..=KEPT {
        bulletin.publish(of(&format!("c{number}")));
    }
    let id = |number| bulletin.id(number);
    assert!(!hello(&mut reader(&bulletin, Some(&id(0)))).resumed);
    let mut oldest = reader(&bulletin, Some(&id(1)));
    assert!(hello(&mut oldest).resumed);
    assert_eq!(told(&mut oldest).len(), KEPT);
}

#[test]
fn a_slow_reader_is_told_the_newest_of_each_subject() {
    let bulletin = Bulletin::new();
    let mut reader = reader(&bulletin, None);
    hello(&mut reader);
    for n in 0..10_000 {
        bulletin.publish(of("a"));
        bulletin.publish(routing(n));
    }
    let newest = [of("a").subject(), Subject::Routing];
    assert_eq!(told(&mut reader), newest);
}

#[test]
fn a_filter_passes_its_clusters_and_what_is_of_none() {
    let bulletin = Bulletin::new();
    let mut reader = bulletin.read([name("a")].into(), Scope::All, None).unwrap();
    hello(&mut reader);
    for event in [of("b"), routing(1), of("a"), of("c")] {
        bulletin.publish(event);
    }
    let passed = [Subject::Routing, of("a").subject()];
    assert_eq!(told(&mut reader), passed);
}

#[test]
fn a_scope_passes_nothing_of_other_clusters_and_no_configuration() {
    let bulletin = Bulletin::new();
    let config = || {
        let version = ConfigVersion {
            version: 7,
            at: DateTime::UNIX_EPOCH,
            author: "ann".to_owned(),
            action: "config.apply".to_owned(),
            reason: None,
            document: Draft::default(),
        };
        Event::Config(Arc::new(version))
    };
    let told_within = |scope: Scope| {
        let mut reader = bulletin.read(BTreeSet::new(), scope, None).unwrap();
        hello(&mut reader);
        for event in [of("b"), routing(1), config(), of("a")] {
            bulletin.publish(event);
        }
        told(&mut reader)
    };
    let (a, b) = (of("a").subject(), of("b").subject());
    let within = told_within(Scope::of([name("a")].into()));
    assert_eq!(within, [Subject::Routing, a.clone()]);
    let all = told_within(Scope::All);
    assert_eq!(all, [b, Subject::Routing, Subject::Config, a]);
}

#[test]
fn readers_are_bounded_and_make_room_when_they_leave() {
    let bulletin = Bulletin::new();
    let read = || bulletin.read(BTreeSet::new(), Scope::All, None);
    let mut readers: Vec<_> = (0..READERS).map(|_| read().unwrap()).collect();
    assert_eq!(read().err(), Some(TooManyReaders));
    readers.pop();
    assert!(read().is_ok());
}

#[test]
fn an_event_is_encoded_once_for_all_and_never_before_it_is_told() {
    let bulletin = Bulletin::new();
    let (mut one, mut other) = (reader(&bulletin, None), reader(&bulletin, None));
    hello(&mut one);
    hello(&mut other);
    bulletin.publish(routing(1));
    let mut times = 0;
    for reader in [&mut one, &mut other] {
        let notice = notice(reader).unwrap();
        notice.wire(|_| {
            times += 1;
            Bytes::new()
        });
    }
    assert_eq!(times, 1);
}

#[test]
fn who_leads_is_said_to_those_who_come_later() {
    let bulletin = Bulletin::new();
    bulletin.publish(Event::Leads(true));
    assert!(hello(&mut reader(&bulletin, None)).leader);
}

proptest! {
    /// Wherever a reader breaks off, what it is told in the end is the last of each
    /// subject.
    #[test]
    fn however_often_a_reader_breaks_off_it_ends_at_the_newest_state(
        steps in proptest::collection::vec((0..4_u8, any::<bool>()), 1..60),
    ) {
        let bulletin = Bulletin::new();
        let mut reading = reader(&bulletin, None);
        let mut last = hello(&mut reading).id;
        let (mut newest, mut known) = (BTreeMap::new(), BTreeMap::new());
        for (number, (cluster, breaks)) in steps.into_iter().enumerate() {
            let event = of(&format!("c{cluster}"));
            newest.insert(event.subject(), bulletin.id(number as u64 + 1));
            bulletin.publish(event);
            if breaks {
                reading = reader(&bulletin, Some(&last));
                prop_assert!(hello(&mut reading).resumed);
            } else if let Some(notice) = notice(&mut reading) {
                last.clone_from(&notice.id);
                known.insert(notice.event.subject(), notice.id.clone());
            }
        }
        while let Some(notice) = notice(&mut reading) {
            known.insert(notice.event.subject(), notice.id.clone());
        }
        prop_assert_eq!(known, newest);
    }
}
