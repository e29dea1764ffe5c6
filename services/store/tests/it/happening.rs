use chrono::{DateTime, TimeDelta, Utc};
use lictor_domain::access::Outcome;
use lictor_domain::{Actor, Happening, HappeningKind, Severity, Span};
use lictor_store::{AuditEntry, AuditFilter, HappeningFilter, HappeningRecord, Store};

use crate::database::Database;
use crate::fixture::{ONE, cluster, entry, minute, name, node_name, only};

const OPENED: HappeningKind = HappeningKind::ProblemOpened;
const CLOSED: HappeningKind = HappeningKind::ProblemClosed;

pub(crate) fn happening(
    cluster: &str,
    kind: HappeningKind,
    code: &str,
    at: DateTime<Utc>,
) -> Happening {
    Happening {
        at,
        cluster: name(cluster),
        node: Some(node_name(&format!("{cluster}-1"))),
        kind,
        code: code.to_owned(),
        severity: Severity::Critical,
        sentence: format!("{cluster}-1 said 50%_off\0"),
        evidence: vec!["nobody answers".to_owned(), "a\0b".to_owned()],
        response: (kind == OPENED).then(|| "Lictor looks after it".to_owned()),
        recovery: None,
        planned: false,
    }
}

fn span(from: i64, until: i64) -> Span {
    Span {
        from: minute(from),
        until: minute(until),
    }
}

pub(crate) async fn store() -> (Database, Store) {
    let (database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    store
        .cluster_add(ONE, &cluster("orders", 1), &entry("cluster.add"))
        .await
        .unwrap();
    (database, store)
}

async fn add(store: &Store, happenings: &[Happening]) {
    store.happening_append(ONE, happenings).await.unwrap();
}

async fn found(store: &Store, filter: HappeningFilter) -> Vec<Happening> {
    let records = store.happening_list(&filter, 99, None).await.unwrap();
    let happenings = records.into_iter().map(|record| record.happening);
    happenings.collect()
}

#[tokio::test]
async fn a_happening_reads_back_as_told_but_for_what_postgres_cannot_hold() {
    let (_database, store) = store().await;
    let told = happening("orders", OPENED, "DeadPrimary", minute(1));
    add(&store, std::slice::from_ref(&told)).await;
    let [read] = &found(&store, HappeningFilter::default()).await[..] else {
        panic!("not one");
    };
    assert_eq!(read.sentence, "orders-1 said 50%_off\u{fffd}");
    let expected = Happening {
        sentence: read.sentence.clone(),
        evidence: vec!["nobody answers".to_owned(), "a\u{fffd}b".to_owned()],
        ..told
    };
    assert_eq!(*read, expected);
}

#[tokio::test]
async fn what_is_told_twice_is_stored_once() {
    let (_database, store) = store().await;
    let events = [
        happening("orders", OPENED, "DeadPrimary", minute(1)),
        happening("orders", CLOSED, "DeadPrimary", minute(2)),
    ];
    let first = store.happening_append(ONE, &events).await.unwrap();
    let second = store.happening_append(ONE, &events).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(found(&store, HappeningFilter::default()).await.len(), 2);
    assert_eq!(store.happening_lasting().await.unwrap(), []);
}

#[tokio::test]
async fn a_problem_lasts_until_it_is_closed() {
    let (_database, store) = store().await;
    let dead = happening("orders", OPENED, "DeadPrimary", minute(1));
    let lagging = happening("orders", OPENED, "ReplicaLagging", minute(2));
    add(&store, &[dead.clone(), lagging]).await;
    assert_eq!(store.happening_lasting().await.unwrap().len(), 2);
    add(
        &store,
        &[happening("orders", CLOSED, "ReplicaLagging", minute(3))],
    )
    .await;
    let lasting = store.happening_lasting().await.unwrap();
    let codes: Vec<_> = lasting.iter().map(|it| &it.happening.code).collect();
    assert_eq!(codes, ["DeadPrimary"]);
    // Another leader found it anew, and never heard of the first time.
    let anew = happening("orders", OPENED, "DeadPrimary", minute(4));
    add(&store, &[anew]).await;
    let lasting = store.happening_lasting().await.unwrap();
    assert_eq!(lasting.len(), 1);
    assert_eq!(lasting[0].happening.at, minute(4));
}

#[tokio::test]
async fn happenings_are_found_by_each_of_their_parts_and_by_text_as_it_stands() {
    let (_database, store) = store().await;
    let mut other = happening("users", HappeningKind::NodeHealth, "critical", minute(5));
    other.severity = Severity::Warning;
    other.sentence = "users-1 Refuses connections".to_owned();
    other.evidence.clear();
    add(
        &store,
        &[
            happening("orders", OPENED, "DeadPrimary", minute(1)),
            other.clone(),
        ],
    )
    .await;
    let none = HappeningFilter::default();
    let text = |text: &str| HappeningFilter {
        text: Some(text.to_owned()),
        ..none.clone()
    };
    for filter in [
        HappeningFilter {
            of: only(Some(&name("users"))),
            ..none.clone()
        },
        HappeningFilter {
            node: Some(node_name("users-1")),
            ..none.clone()
        },
        HappeningFilter {
            kinds: vec![CLOSED, HappeningKind::NodeHealth],
            ..none.clone()
        },
        HappeningFilter {
            code: Some("critical".to_owned()),
            ..none.clone()
        },
        HappeningFilter {
            severity: Some(Severity::Warning),
            ..none.clone()
        },
        HappeningFilter {
            from: Some(minute(5)),
            ..none.clone()
        },
        text("refuses CONN"),
        text("USERS-1"),
    ] {
        assert_eq!(
            found(&store, filter.clone()).await,
            [other.clone()],
            "{filter:?}"
        );
    }
    let before = HappeningFilter {
        until: Some(minute(5)),
        ..none.clone()
    };
    assert_eq!(found(&store, before).await.len(), 1);
    for (wanted, count) in [
        ("50%_off", 1),
        ("5%_off", 0),
        ("50%%off", 0),
        ("' OR true --", 0),
    ] {
        assert_eq!(found(&store, text(wanted)).await.len(), count, "{wanted}");
    }
}

#[tokio::test]
async fn pages_of_happenings_show_each_once_the_newest_first() {
    let (_database, store) = store().await;
    let all: Vec<_> = (0..7)
        .map(|n| happening("orders", OPENED, &format!("Code{n}"), minute(n)))
        .collect();
    add(&store, &all).await;
    let mut paged: Vec<HappeningRecord> = vec![];
    loop {
        let before = paged.last().map(|last| last.id);
        let filter = HappeningFilter::default();
        let page = store.happening_list(&filter, 3, before).await.unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    let codes: Vec<_> = paged.iter().map(|it| it.happening.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "Code6", "Code5", "Code4", "Code3", "Code2", "Code1", "Code0"
        ]
    );
}

#[tokio::test]
async fn the_past_is_the_last_word_on_everything() {
    let (_database, store) = store().await;
    let (down, up) = (HappeningKind::Unavailable, HappeningKind::Available);
    let health = |code, at| happening("orders", HappeningKind::NodeHealth, code, minute(at));
    add(
        &store,
        &[
            health("critical", 1),
            health("passing", 2),
            happening("orders", down, "DeadPrimary", minute(3)),
            happening("orders", up, "DeadPrimary", minute(4)),
            happening("orders", down, "NoPrimary", minute(5)),
            happening("orders", OPENED, "ReplicaLagging", minute(6)),
            happening("strangers", down, "NoPrimary", minute(7)),
        ],
    )
    .await;
    let orders = name("orders");
    let spans = [(orders.clone(), span(0, 3)), (orders.clone(), span(4, 6))];
    store.observation_save(ONE, &spans).await.unwrap();
    let past = store.happening_past().await.unwrap();
    let mut codes: Vec<_> = past.happenings.iter().map(|it| it.code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["NoPrimary", "ReplicaLagging", "passing"]);
    assert_eq!(past.observed_until[&orders], minute(6));
}

#[tokio::test]
async fn availability_is_told_from_what_reaches_into_the_range() {
    let (_database, store) = store().await;
    let (down, up) = (HappeningKind::Unavailable, HappeningKind::Available);
    let told = |kind, at| happening("orders", kind, "DeadPrimary", minute(at));
    add(
        &store,
        &[
            told(down, 1),
            told(up, 2),
            told(down, 10),
            told(up, 20),
            told(HappeningKind::PrimaryChanged, 21),
            told(OPENED, 22),
            told(down, 40),
        ],
    )
    .await;
    let orders = name("orders");
    let spans = [(orders.clone(), span(0, 5)), (orders.clone(), span(6, 30))];
    store.observation_save(ONE, &spans).await.unwrap();
    for cluster in [None, Some(&orders)] {
        let records = store
            .happening_availability(cluster, span(15, 35))
            .await
            .unwrap();
        let records = &records[&orders];
        let at: Vec<_> = records.happenings.iter().map(|it| it.at).collect();
        assert_eq!(at, [minute(10), minute(20), minute(21)]);
        assert_eq!(records.spans, [span(6, 30)]);
    }
    let other = name("users");
    let records = store
        .happening_availability(Some(&other), span(0, 50))
        .await;
    assert!(records.unwrap().is_empty());
}

#[tokio::test]
async fn the_end_of_an_observation_moves_on_and_never_back() {
    let (_database, store) = store().await;
    let orders = name("orders");
    for until in [3, 9, 5] {
        let spans = [
            (orders.clone(), span(1, until)),
            (orders.clone(), span(1, 2)),
        ];
        store.observation_save(ONE, &spans).await.unwrap();
    }
    let past = store.happening_past().await.unwrap();
    assert_eq!(past.observed_until[&orders], minute(9));
}

#[tokio::test]
async fn what_is_old_is_forgotten_a_part_at_a_time_but_not_what_lasts() {
    let (_database, store) = store().await;
    let mut events = vec![happening("orders", OPENED, "ErrantGtid", minute(0))];
    let health = |n| happening("orders", HappeningKind::NodeHealth, "critical", minute(n));
    events.extend((1..=5).map(health));
    add(&store, &events).await;
    let orders = name("orders");
    let spans = [(orders.clone(), span(0, 2)), (orders, span(3, 9))];
    store.observation_save(ONE, &spans).await.unwrap();
    let before = minute(5) + TimeDelta::seconds(1);
    let mut forgotten = vec![];
    while forgotten.last() != Some(&0) {
        forgotten.push(store.happening_forget(ONE, before, 3).await.unwrap());
    }
    assert_eq!(forgotten, [4, 2, 0]);
    let left = found(&store, HappeningFilter::default()).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].code, "ErrantGtid");
}

#[tokio::test]
async fn the_audit_log_is_found_by_each_of_its_parts() {
    let (_database, store) = store().await;
    let deed = AuditEntry {
        actor: Actor {
            name: "bob".to_owned(),
            token: Some("ci-runner".to_owned()),
            from: Some([10, 0, 0, 9].into()),
        },
        action: "node.rebuild".to_owned(),
        target: "orders-2".to_owned(),
        reason: Some("its Disk was replaced".to_owned()),
        result: "not rebuilt".to_owned(),
        outcome: Outcome::Refused,
    };
    store.audit_append(ONE, &entry("note")).await.unwrap();
    store.audit_append(ONE, &deed).await.unwrap();
    let none = AuditFilter::default();
    for filter in [
        AuditFilter {
            actor: Some("bob".to_owned()),
            ..none.clone()
        },
        AuditFilter {
            action: Some("node.rebuild".to_owned()),
            ..none.clone()
        },
        AuditFilter {
            target: Some("orders-2".to_owned()),
            ..none.clone()
        },
        AuditFilter {
            text: Some("DISK".to_owned()),
            ..none.clone()
        },
        AuditFilter {
            text: Some("CI-run".to_owned()),
            ..none.clone()
        },
        AuditFilter {
            outcome: Some(Outcome::Refused),
            ..none.clone()
        },
    ] {
        let records = store.audit_list(&filter, 9, None).await.unwrap();
        let entries: Vec<_> = records.into_iter().map(|record| record.entry).collect();
        assert_eq!(entries, std::slice::from_ref(&deed), "{filter:?}");
    }
}
