use std::collections::VecDeque;
use std::time::Duration;

use lictor_domain::{ClusterName, Endpoint, Epoch, NodeAddress, NodeName, RouteState};
use proptest::prelude::*;

use super::cursor::{Cursor, LIVE};
use super::ledger::HISTORY;
use super::*;

fn name(text: &str) -> ClusterName {
    text.parse().unwrap()
}

/// A route of `cluster` in epoch (1, `epoch`), written to at its node `writer`.
fn route(cluster: &str, epoch: u64, writer: u32) -> ClusterRoute {
    let cluster = name(cluster);
    ClusterRoute {
        epoch: Epoch {
            term: Term(1),
            n: epoch,
        },
        state: RouteState::Serving {
            writer: Endpoint {
                node: NodeName::numbered(&cluster, writer),
                address: NodeAddress::new("127.0.0.1", 3306).unwrap(),
            },
        },
        readers: vec![],
        name: cluster,
    }
}

fn rev(term: u64, n: u64) -> Revision {
    Revision {
        term: Term(term),
        n,
    }
}

fn who(id: &str, filter: Filter) -> Introduction {
    Introduction {
        id: id.to_owned(),
        kind: SubscriberKind::Client,
        version: "test/1".to_owned(),
        address: "127.0.0.1:5".to_owned(),
        filter,
    }
}

fn begun() -> Hub {
    let hub = Hub::default();
    hub.begin(Term(1), vec![route("a", 1, 1), route("b", 1, 1)]);
    hub
}

fn subscribe(hub: &Hub, last: Option<Revision>) -> Subscription {
    hub.subscribe(who("s", Filter::default()), last).unwrap()
}

/// Every update that is there without waiting.
async fn all(subscription: &mut Subscription) -> Vec<Update> {
    let mut updates = Vec::new();
    while let Ok(update) = tokio::time::timeout(Duration::ZERO, subscription.next()).await {
        updates.push(update);
    }
    updates
}

fn steps(updates: &[Update]) -> Vec<(Option<Revision>, Revision)> {
    let step = |update: &Update| match update {
        Update::Snapshot(table) => (None, table.revision),
        Update::Delta(delta) => (Some(delta.from), delta.to),
    };
    updates.iter().map(step).collect()
}

#[tokio::test]
async fn before_the_first_term_there_is_no_table_and_subscribers_wait() {
    let hub = Hub::default();
    assert_eq!(hub.publish(Term(1), route("a", 1, 1)).subscribers, 0);
    assert_eq!(hub.table(), None);
    let mut subscription = subscribe(&hub, None);
    assert_eq!(all(&mut subscription).await, vec![]);

    hub.begin(Term(1), vec![]);
    assert_eq!(steps(&all(&mut subscription).await), [(None, rev(1, 1))]);
}

#[tokio::test]
async fn a_live_subscriber_sees_every_revision_in_order() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    let first = all(&mut subscription).await;
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
        steps(&all(&mut subscription).await),
        [
            (Some(rev(1, 1)), rev(1, 2)),
            (Some(rev(1, 2)), rev(1, 3)),
            (Some(rev(1, 3)), rev(1, 4)),
        ]
    );
}

#[tokio::test]
async fn the_same_route_makes_no_revision() {
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

#[tokio::test]
async fn an_older_term_or_epoch_is_refused() {
    let hub = begun();
    hub.publish(Term(1), route("a", 5, 1));
    hub.publish(Term(1), route("a", 4, 2));
    assert_eq!(hub.table().unwrap().clusters[&name("a")], route("a", 5, 1));

    hub.begin(Term(3), vec![route("a", 5, 1)]);
    for term in [Term(1), Term(4)] {
        assert_eq!(hub.publish(term, route("a", 6, 2)).revision, rev(3, 1));
    }
    hub.begin(Term(2), vec![]);
    hub.begin(Term(3), vec![]);
    let table = hub.table().unwrap();
    assert_eq!(table.revision, rev(3, 1));
    assert_eq!(table.clusters[&name("a")], route("a", 5, 1));
}

#[tokio::test]
async fn a_new_term_that_knows_only_an_older_primacy_keeps_the_newer_one() {
    let hub = begun();
    hub.publish(Term(1), route("a", 5, 2));
    hub.begin(Term(2), vec![route("a", 4, 1), route("c", 1, 1)]);
    let table = hub.table().unwrap();
    assert_eq!(table.clusters[&name("a")], route("a", 5, 2));
    assert!(!table.clusters.contains_key(&name("b")), "it is gone");
    assert!(table.clusters.contains_key(&name("c")));
}

#[tokio::test]
async fn a_subscriber_that_comes_back_gets_exactly_what_it_missed() {
    let hub = begun();
    for epoch in 2..=40 {
        hub.publish(Term(1), route("a", epoch, 1));
    }
    let mut subscription = subscribe(&hub, Some(rev(1, 10)));
    let missed = all(&mut subscription).await;
    let expected: Vec<_> = (10..40).map(|n| (Some(rev(1, n)), rev(1, n + 1))).collect();
    assert_eq!(steps(&missed), expected);

    let mut current = subscribe(&hub, Some(rev(1, 40)));
    assert_eq!(all(&mut current).await, vec![], "it missed nothing");
    let standing = &hub.everyone()[1].progress;
    assert_eq!(
        (standing.sent, standing.acked),
        (Some(rev(1, 40)), Some(rev(1, 40)))
    );
}

#[tokio::test]
async fn one_whose_revision_is_forgotten_or_foreign_gets_a_snapshot() {
    let hub = begun();
    for epoch in 2..=HISTORY as u64 + 2 {
        hub.publish(Term(1), route("a", epoch, 1));
    }
    let head = hub.table().unwrap().revision;
    for unknown in [rev(0, 7), rev(1, 1), rev(1, 0)] {
        let mut subscription = subscribe(&hub, Some(unknown));
        assert_eq!(
            steps(&all(&mut subscription).await),
            [(None, head)],
            "{unknown}"
        );
    }
    let mut oldest = subscribe(&hub, Some(rev(1, 2)));
    assert_eq!(all(&mut oldest).await.len(), HISTORY);
}

#[tokio::test]
async fn one_that_holds_a_newer_revision_waits_for_a_newer_one_still() {
    let hub = begun();
    let mut subscription = subscribe(&hub, Some(rev(2, 5)));
    assert_eq!(all(&mut subscription).await, vec![]);
    hub.begin(Term(3), vec![]);
    assert_eq!(steps(&all(&mut subscription).await), [(None, rev(3, 1))]);
}

#[tokio::test]
async fn one_that_falls_behind_skips_to_the_latest() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    all(&mut subscription).await;
    for epoch in 2..=LIVE as u64 + 1 {
        hub.publish(Term(1), route("a", epoch, 1));
    }
    assert_eq!(
        all(&mut subscription).await.len(),
        LIVE,
        "it is not too far behind"
    );
    for epoch in 100..=100 + LIVE as u64 {
        hub.publish(Term(1), route("a", epoch, 1));
    }
    let head = hub.table().unwrap().revision;
    assert_eq!(steps(&all(&mut subscription).await), [(None, head)]);
}

#[tokio::test]
async fn a_filter_hides_other_clusters_and_their_revisions() {
    let hub = begun();
    let filter = Filter::new([name("b")]);
    let mut subscription = hub.subscribe(who("s", filter), None).unwrap();
    let Some(Update::Snapshot(table)) = all(&mut subscription).await.pop() else {
        panic!("no snapshot");
    };
    assert_eq!(table.clusters.into_keys().collect::<Vec<_>>(), [name("b")]);

    // So many that they would make it a slow one if they counted.
    for epoch in 2..=100 {
        assert_eq!(hub.publish(Term(1), route("a", epoch, 1)).subscribers, 0);
    }
    assert_eq!(all(&mut subscription).await, vec![]);
    assert_eq!(hub.publish(Term(1), route("b", 2, 2)).subscribers, 1);
    let updates = all(&mut subscription).await;
    assert_eq!(steps(&updates), [(Some(rev(1, 1)), rev(1, 101))]);
}

#[tokio::test]
async fn a_refused_revision_is_not_sent_again_and_the_next_is_a_snapshot() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    all(&mut subscription).await;
    subscription.acked(rev(1, 1)).unwrap();
    hub.publish(Term(1), route("a", 2, 2));
    all(&mut subscription).await;
    subscription.nacked(rev(1, 2), "no such node").unwrap();
    assert_eq!(all(&mut subscription).await, vec![]);

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
    assert_eq!(steps(&all(&mut subscription).await), [(None, rev(1, 3))]);
    subscription.acked(rev(1, 3)).unwrap();
    hub.publish(Term(1), route("b", 3, 3));
    assert_eq!(
        steps(&all(&mut subscription).await),
        [(Some(rev(1, 3)), rev(1, 4))]
    );
}

#[tokio::test]
async fn what_was_on_its_way_behind_a_refused_revision_is_made_good_at_once() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    all(&mut subscription).await;
    hub.publish(Term(1), route("a", 2, 2));
    hub.publish(Term(1), route("a", 3, 3));
    all(&mut subscription).await;
    subscription.nacked(rev(1, 2), "no").unwrap();
    assert_eq!(steps(&all(&mut subscription).await), [(None, rev(1, 3))]);
    // The delta that was on its way does not fit any more, the snapshot does.
    subscription.nacked(rev(1, 3), "gap").unwrap();
    subscription.acked(rev(1, 3)).unwrap();
    for _ in 0..3 {
        subscription.nacked(rev(1, 2), "again").unwrap();
    }
    assert_eq!(all(&mut subscription).await, vec![], "no loop");
    hub.publish(Term(1), route("a", 4, 4));
    assert_eq!(
        steps(&all(&mut subscription).await),
        [(Some(rev(1, 3)), rev(1, 4))]
    );
}

#[tokio::test]
async fn an_answer_to_what_was_never_sent_is_an_error() {
    let hub = begun();
    let mut subscription = subscribe(&hub, None);
    assert!(
        subscription.acked(rev(1, 1)).is_err(),
        "nothing was sent yet"
    );
    all(&mut subscription).await;
    assert!(subscription.acked(rev(1, 1)).is_ok());
    assert!(subscription.acked(rev(1, 2)).is_err());
    assert!(subscription.nacked(rev(9, 9), "").is_err());
}

#[tokio::test]
async fn a_subscriber_is_shown_while_it_is_there() {
    let hub = begun();
    let b = hub.subscribe(who("b", Filter::default()), None).unwrap();
    let mut a = hub.subscribe(who("a", Filter::default()), None).unwrap();
    all(&mut a).await;
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

/// A subscriber with a network between it and the hub.
struct Client {
    filter: Filter,
    cursor: Option<Cursor>,
    table: Option<RoutingTable>,
    on_its_way: VecDeque<Update>,
    /// Revisions answered on this stream, and whether they were taken.
    answers: VecDeque<(Revision, bool)>,
}

impl Client {
    fn new(filter: Filter) -> Self {
        Self {
            filter,
            cursor: None,
            table: None,
            on_its_way: VecDeque::new(),
            answers: VecDeque::new(),
        }
    }

    fn disconnect(&mut self) {
        self.cursor = None;
        self.on_its_way.clear();
        self.answers.clear();
    }

    /// The hub sends one update, if it has one.
    fn send(&mut self, ledger: &Ledger) -> bool {
        let last = self.table.as_ref().map(|table| table.revision);
        let cursor = self
            .cursor
            .get_or_insert_with(|| Cursor::new(self.filter.clone(), last));
        let update = cursor.next(ledger);
        self.on_its_way.extend(update.clone());
        update.is_some()
    }

    /// It takes one update, or refuses it.
    fn take(&mut self, willing: bool) {
        let Some(update) = self.on_its_way.pop_front() else {
            return;
        };
        let revision = update.revision();
        let taken = willing && self.apply(update);
        self.answers.push_back((revision, taken));
    }

    /// By the very rules that clients have.
    fn apply(&mut self, update: Update) -> bool {
        let held = self.table.as_ref().map(|table| table.revision);
        let mut table = self.table.clone().unwrap_or_default();
        let applied = match update {
            Update::Snapshot(snapshot) => table.replace(snapshot),
            Update::Delta(delta) => {
                assert!(!delta.changed.is_empty() || !delta.removed.is_empty());
                table.apply(delta)
            }
        };
        if applied.is_ok() {
            assert!(held <= Some(table.revision), "revisions rise");
            self.table = Some(table);
        }
        applied.is_ok()
    }

    /// The hub hears one answer.
    fn answer(&mut self) {
        if let (Some((revision, taken)), Some(cursor)) =
            (self.answers.pop_front(), &mut self.cursor)
        {
            if taken {
                cursor.acked(revision).unwrap();
            } else {
                cursor.nacked(revision).unwrap();
            }
        }
    }

    /// Everything arrives, and everything that fits is taken.
    fn settle(&mut self, ledger: &Ledger) {
        let mut rounds = 0;
        while self.send(ledger) || !self.on_its_way.is_empty() || !self.answers.is_empty() {
            self.take(true);
            self.answer();
            rounds += 1;
            assert!(rounds < 2000, "it never settles");
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Publish(usize, u32),
    Begin(Vec<(usize, u32)>),
    Send(usize),
    Take(usize, bool),
    Answer(usize),
    Disconnect(usize),
}

const CLUSTERS: [&str; 4] = ["a", "b", "c", "d"];
const CLIENTS: usize = 3;

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let cluster = 0..CLUSTERS.len();
    let client = 0..CLIENTS;
    let act = prop_oneof![
        8 => (cluster.clone(), 1..4_u32).prop_map(|(c, w)| Act::Publish(c, w)),
        1 => proptest::collection::vec((cluster, 1..4_u32), 0..4).prop_map(Act::Begin),
        6 => client.clone().prop_map(Act::Send),
        6 => (client.clone(), proptest::bool::weighted(0.8)).prop_map(|(c, w)| Act::Take(c, w)),
        6 => client.clone().prop_map(Act::Answer),
        1 => client.prop_map(Act::Disconnect),
    ];
    proptest::collection::vec(act, 0..400)
}

proptest! {
    #[test]
    fn every_subscriber_ends_with_exactly_the_hubs_table(acts in acts()) {
        let mut ledger = Ledger::begun(None, Term(1), vec![]).unwrap();
        let mut clients = [
            Client::new(Filter::default()),
            Client::new(Filter::new([name("a"), name("c")])),
            Client::new(Filter::new([name("d")])),
        ];
        let mut term = 1;
        for act in acts {
            match act {
                Act::Publish(cluster, writer) => {
                    let next = ledger.published(route(CLUSTERS[cluster], 1, writer)).unwrap();
                    ledger = next.unwrap_or(ledger);
                }
                Act::Begin(routes) => {
                    term += 1;
                    let routes = routes.iter().map(|(c, w)| route(CLUSTERS[*c], 1, *w));
                    ledger = Ledger::begun(Some(&ledger), Term(term), routes.collect()).unwrap();
                }
                Act::Send(client) => drop(clients[client].send(&ledger)),
                Act::Take(client, willing) => clients[client].take(willing),
                Act::Answer(client) => clients[client].answer(),
                Act::Disconnect(client) => clients[client].disconnect(),
            }
        }
        // Something newer for everyone, for a refused revision is not sent again.
        for cluster in CLUSTERS {
            ledger = ledger.published(route(cluster, 2, 9)).unwrap().unwrap();
        }
        for client in &mut clients {
            client.settle(&ledger);
            let held = client.table.clone().unwrap();
            let table = client.filter.of_table(&ledger.table());
            prop_assert_eq!(held.clusters, table.clusters);
            prop_assert!(held.revision <= table.revision);
        }
    }
}
