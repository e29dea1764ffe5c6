//! Whatever happens, each subscriber ends with exactly the table of the hub, also
//! where that relays another one's, and where it went from one to the other.

use std::collections::VecDeque;

use lictor_domain::HostgroupId;
use proptest::prelude::*;

use super::*;

/// A subscriber with a network between it and the hub.
struct Client {
    filter: Filter,
    subscription: Option<Subscription>,
    table: Option<RoutingTable>,
    on_its_way: VecDeque<Update>,
    /// Revisions answered on this stream, and whether they were taken.
    answers: VecDeque<(Revision, bool)>,
}

impl Client {
    fn new(filter: Filter) -> Self {
        Self {
            filter,
            subscription: None,
            table: None,
            on_its_way: VecDeque::new(),
            answers: VecDeque::new(),
        }
    }

    fn disconnect(&mut self) {
        self.subscription = None;
        self.on_its_way.clear();
        self.answers.clear();
    }

    /// The hub sends one update, if it has one.
    fn send(&mut self, hub: &Hub) -> bool {
        let last = self.table.as_ref().map(|table| table.revision);
        let subscription = self.subscription.get_or_insert_with(|| {
            let subscription = hub.subscribe(who("s"), self.filter.clone(), last);
            subscription.unwrap()
        });
        let update = next(subscription);
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
            Update::Snapshot(snapshot) => table.replace((*snapshot).clone()),
            Update::Delta(delta) => {
                assert!(!delta.is_empty());
                table.apply(*delta)
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
        if let (Some((revision, taken)), Some(subscription)) =
            (self.answers.pop_front(), &mut self.subscription)
        {
            if taken {
                subscription.acked(revision).unwrap();
            } else {
                subscription.nacked(revision, "no").unwrap();
            }
        }
    }

    /// Everything arrives, and everything that fits is taken.
    fn settle(&mut self, hub: &Hub) {
        let mut rounds = 0;
        while self.send(hub) || !self.on_its_way.is_empty() || !self.answers.is_empty() {
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
    Begin(usize, Vec<(usize, u32)>),
    Configure(usize),
    Send(usize),
    Take(usize, bool),
    Answer(usize),
    Disconnect(usize),
    /// The relaying hub hears where the table is.
    Relay,
    /// The client comes again at the other hub.
    Move(usize),
}

const CLIENTS: usize = 7;

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let cluster = 0..CLUSTERS.len();
    let client = 0..CLIENTS;
    let act = prop_oneof![
        8 => (cluster.clone(), 1..4_u32).prop_map(|(c, w)| Act::Publish(c, w)),
        1 => (0..CONFIGS, proptest::collection::vec((cluster, 1..4_u32), 0..4))
            .prop_map(|(config, routes)| Act::Begin(config, routes)),
        2 => (0..CONFIGS).prop_map(Act::Configure),
        6 => client.clone().prop_map(Act::Send),
        6 => (client.clone(), proptest::bool::weighted(0.8)).prop_map(|(c, w)| Act::Take(c, w)),
        6 => client.clone().prop_map(Act::Answer),
        1 => client.clone().prop_map(Act::Disconnect),
        4 => Just(Act::Relay),
        1 => client.prop_map(Act::Move),
    ];
    proptest::collection::vec(act, 0..200)
}

/// One hub takes over the other's table.
fn relay(leader: &Hub, relaying: &Hub) {
    if let Some(table) = leader.table() {
        relaying.adopt((*table).clone());
    }
}

proptest! {
    #[test]
    fn every_subscriber_ends_with_exactly_the_hubs_table(acts in acts()) {
        let hubs = [Hub::new(100), Hub::new(100)];
        let [hub, relaying] = &hubs;
        let mut at = [0, 0, 1, 0, 1, 0, 1];
        let mut clients = [
            Client::new(Filter::default()),
            Client::new(Filter::default()),
            Client::new(only(&["a", "c"])),
            Client::new(only(&["d"])),
            Client::new(Filter {
                keyspaces: ["shop".parse().unwrap()].into(),
                ..Filter::default()
            }),
            Client::new(Filter {
                hostgroups: [HostgroupId(1)].into(),
                ..Filter::default()
            }),
            Client::new(Filter {
                hostgroups: [HostgroupId(2)].into(),
                keyspaces: ["shop".parse().unwrap()].into(),
                ..only(&["d"])
            }),
        ];
        let configs = [0, 1, 2, 3].map(config);
        let mut term = 1;
        for act in acts {
            match act {
                Act::Publish(cluster, writer) => {
                    hub.publish(Term(term), route(CLUSTERS[cluster], 1, writer));
                }
                Act::Begin(number, routes) => {
                    term += 1;
                    let routes = routes.iter().map(|(c, w)| route(CLUSTERS[*c], 1, *w));
                    hub.begin(Term(term), configs[number].clone(), routes.collect());
                }
                Act::Configure(number) => {
                    hub.configure(Term(term), configs[number].clone());
                }
                Act::Send(client) => drop(clients[client].send(&hubs[at[client]])),
                Act::Take(client, willing) => clients[client].take(willing),
                Act::Answer(client) => clients[client].answer(),
                Act::Disconnect(client) => clients[client].disconnect(),
                Act::Relay => relay(hub, relaying),
                Act::Move(client) => {
                    clients[client].disconnect();
                    at[client] = 1 - at[client];
                }
            }
        }
        // Something newer for everyone, for a refused revision is not sent again.
        if hub.term().is_none() {
            hub.begin(Term(1), Arc::default(), vec![]);
        }
        for config in configs {
            hub.configure(Term(term), config);
            relay(hub, relaying);
        }
        for cluster in CLUSTERS {
            hub.publish(Term(term), route(cluster, 2, 9));
            relay(hub, relaying);
        }
        for (client, at) in clients.iter_mut().zip(at) {
            client.settle(&hubs[at]);
            let held = client.table.clone().unwrap();
            let table = client.filter.of_table(&hub.table().unwrap());
            prop_assert!(held.revision <= table.revision);
            let revision = held.revision;
            let table = RoutingTable { revision, ..(*table).clone() };
            prop_assert_eq!(held, table);
        }
        drop(clients);
        for hub in hubs {
            prop_assert_eq!(hub.views().len(), 0, "nobody is left behind");
        }
    }
}
