//! The world of one seed: servers, network, stores, clients, one leader at a
//! time, and what happens to them. It only moves things on; what must hold is
//! said in [`crate::invariants`].

use std::num::NonZeroU32;

use lictor_domain::policy::Budget;
use lictor_domain::{
    Cluster, ClusterName, ClusterRoute, Durability, Epoch, GtidSet, Mode, Node, NodeAddress,
    NodeName, Policy, Profile, PromotionRule, Term,
};
use lictor_engine::message::Event;

use crate::agenda::{Agenda, MS, Micros, SECOND};
use crate::clients::Client;
use crate::dice::Dice;
use crate::faults::Fault;
use crate::flaw::Flaw;
use crate::hands::Job;
use crate::invariants::{self, Breach, Ledger};
use crate::leader::{Leader, Reign};
use crate::mysqld::Mysqld;
use crate::network::{Network, Place, Way};
use crate::store::Store;
use crate::transcript::Transcript;

/// How long things go wrong.
const STORM: Micros = 12 * SECOND;
/// Within this after the storm the cluster is whole again: a blocked failover
/// is tried again after a minute.
pub const BOUND: Micros = 90 * SECOND;
/// How often an onlooker has a look.
const LOOK: Micros = 250 * MS;
/// Being whole has to last this long.
const LASTING: Micros = 1_500 * MS;

/// Something that happens.
#[derive(Debug)]
pub enum Happening {
    /// A replica's regular word from its source.
    Heartbeat(Place),
    /// A replica fetches what is new.
    Fetch(Place),
    /// A replica's acknowledgement reaches a life of its source.
    Acknowledged {
        /// Who sent it.
        replica: Place,
        /// To whom.
        source: Place,
        /// To which of its lives.
        life: u64,
        /// What the replica holds.
        held: GtidSet,
    },
    /// A replica applies a little.
    Apply(Place),
    /// A client writes.
    Write(usize),
    /// A revision of the route reaches a client.
    Route(usize, u64, ClusterRoute),
    /// The leader wanted to be told the time.
    Wake(Reign, Micros),
    /// A scheduled probe begins.
    Probe(Reign, Place, u64),
    /// A probe's question reaches its node.
    Sample(Reign, Place, Micros),
    /// A probe ended.
    ProbeEnds(Reign, Event, Place),
    /// Something reaches the keeper.
    Tell(Reign, Event),
    /// A command reaches its node.
    Effect(Box<Job>),
    /// A command's end is known to its hand.
    Ends(Box<Job>, Event),
    /// A receiver is stopped later than said, for a flaw.
    StopLate(Place),
    /// Something goes wrong.
    Fault,
    /// Something that went wrong is over.
    Mend(Fault),
    /// Another instance leads.
    Rise,
    /// An onlooker's look, and the operator's.
    Look,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ending {
    /// The seed.
    pub seed: u64,
    /// What was broken first.
    pub breach: Option<Breach>,
    /// When it ended.
    pub at: Micros,
    /// Primacies that began.
    pub primacies: usize,
    /// Writes that were acknowledged.
    pub acknowledged: u128,
    /// What was written down.
    pub transcript: Transcript,
}

/// The world of one seed.
#[derive(Debug)]
pub struct World {
    seed: u64,
    /// What is done wrong.
    pub flaw: Flaw,
    /// What will happen.
    pub agenda: Agenda<Happening>,
    /// Chance.
    pub dice: Dice,
    /// The ways.
    pub network: Network,
    /// The servers.
    pub nodes: Vec<Mysqld>,
    /// What lasts.
    pub store: Store,
    /// The leader, while there is one.
    pub leader: Option<Leader>,
    /// Leaders that there were.
    pub reigns: u64,
    /// The clients.
    pub clients: Vec<Client>,
    /// Routes that were sent.
    pub revision: u64,
    /// Commands stuck on their way to a node, and on which way.
    pub stuck: Vec<(Way, Job)>,
    /// What the invariants rest on.
    pub ledger: Ledger,
    /// What is written down.
    pub transcript: Transcript,
    /// A commit waits for so many replicas.
    pub acks: usize,
    /// When everything is repaired.
    pub calm_at: Micros,
    breach: Option<Breach>,
    whole_since: Option<Micros>,
}

impl World {
    /// A healthy world in which it is about to storm.
    #[must_use]
    pub fn new(seed: u64, flaw: Flaw, transcript: Transcript) -> Self {
        let mut dice = Dice::new(seed);
        let (replicas, acks) = dice
            .one(&[(1, 1), (2, 1), (2, 1), (2, 2), (3, 1), (3, 2), (4, 2)])
            .unwrap_or((2, 1));
        let profile = dice
            .one(&[Profile::Fast, Profile::Fast, Profile::Balanced])
            .unwrap_or_default();
        let nodes = servers(replicas + 1, acks);
        let cluster = cluster(&nodes, acks, profile);
        let ledger = Ledger::beginning(cluster.epoch);
        let mut world = Self {
            seed,
            flaw,
            agenda: Agenda::default(),
            dice,
            network: Network::default(),
            nodes,
            store: Store::new(cluster),
            leader: None,
            reigns: 0,
            clients: vec![Client::at(0), Client::at(0)],
            revision: 0,
            stuck: Vec::new(),
            ledger,
            transcript,
            acks,
            calm_at: STORM,
            breach: None,
            whole_since: None,
        };
        world.note(|| format!("{replicas} replicas, {acks} ack(s), profile {profile}"));
        world.begin();
        world
    }

    fn begin(&mut self) {
        for place in 0..self.nodes.len() {
            let first = self.dice.time(0..=20 * MS);
            self.agenda.plan(first, Happening::Heartbeat(place));
        }
        for client in 0..self.clients.len() {
            self.agenda.plan(10 * MS, Happening::Write(client));
        }
        self.agenda.plan(0, Happening::Rise);
        let first_fault = self.dice.time(SECOND..=3 * SECOND);
        self.agenda.plan(first_fault, Happening::Fault);
        self.agenda.plan(LOOK, Happening::Look);
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.agenda.now()
    }

    /// Writes something down.
    pub fn note(&mut self, line: impl FnOnce() -> String) {
        self.transcript.note(self.agenda.now(), line);
    }

    /// Something that must not happen has happened. The first is what counts.
    pub fn break_off(&mut self, breach: Breach) {
        self.note(|| format!("BREACH {breach}"));
        for node in &self.nodes {
            self.transcript
                .note(self.agenda.now(), || format!("  {node}"));
        }
        self.breach.get_or_insert(breach);
    }

    /// Runs to the end.
    #[must_use]
    pub fn run(mut self) -> Ending {
        while self.breach.is_none() && !self.is_over() {
            let Some(happening) = self.agenda.advance() else {
                break;
            };
            self.store.write(self.agenda.now());
            self.happen(happening);
            if let Some(breach) = invariants::always(&self) {
                self.break_off(breach);
            }
        }
        Ending {
            seed: self.seed,
            at: self.agenda.now(),
            breach: self.breach,
            primacies: self.ledger.primacies(),
            acknowledged: self.ledger.acknowledged.count(),
            transcript: self.transcript,
        }
    }

    fn is_over(&self) -> bool {
        let lasting = |since: Micros| self.now() >= since + LASTING;
        self.whole_since.is_some_and(lasting)
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Heartbeat(place) => self.heartbeat(place),
            Happening::Fetch(place) => self.fetch(place),
            Happening::Acknowledged {
                replica,
                source,
                life,
                held,
            } => self.acknowledged(replica, source, life, held),
            Happening::Apply(place) => self.apply(place),
            Happening::Write(client) => self.write(client),
            Happening::Route(client, revision, route) => self.route(client, revision, &route),
            Happening::Wake(reign, at) => self.wake(reign, at),
            Happening::Probe(reign, place, ticket) => self.probe(reign, place, ticket),
            Happening::Sample(reign, place, asked) => self.sample(reign, place, asked),
            Happening::ProbeEnds(reign, event, place) => self.probe_ends(reign, event, place),
            Happening::Tell(reign, event) => self.tell(reign, event),
            Happening::Effect(job) => self.effect(*job),
            Happening::Ends(job, event) => self.ends(&job, event),
            Happening::StopLate(place) => self.nodes[place].stop_receiver(),
            Happening::Fault => self.fault(),
            Happening::Mend(fault) => self.mend(fault),
            Happening::Rise => self.rise(),
            Happening::Look => self.look(),
        }
    }

    fn look(&mut self) {
        self.agenda.plan(LOOK, Happening::Look);
        self.release_stuck();
        self.operate();
        if self.now() < self.calm_at {
            return;
        }
        match invariants::whole(self) {
            Ok(()) => {
                self.whole_since.get_or_insert(self.agenda.now());
            }
            Err(missing) => {
                self.whole_since = None;
                if self.now() > self.calm_at + BOUND {
                    self.break_off(missing);
                }
            }
        }
    }

    /// The place of a node.
    #[must_use]
    pub fn place(&self, name: &NodeName) -> Option<Place> {
        self.nodes.iter().position(|node| node.name == *name)
    }

    /// The place that listens at an address.
    #[must_use]
    pub fn place_at(&self, address: &NodeAddress) -> Option<Place> {
        self.nodes.iter().position(|node| node.address == *address)
    }

    /// Whether packets pass.
    #[must_use]
    pub fn passes(&self, way: Way) -> bool {
        !self.network.is_cut(way, self.now())
    }
}

/// A primary and its replicas, all healthy.
fn servers(count: usize, acks: usize) -> Vec<Mysqld> {
    let mut nodes: Vec<_> = (0..count)
        .filter_map(|place| {
            let number = u32::try_from(place + 1).ok()?;
            let name = NodeName::numbered(&cluster_name()?, number);
            let address = NodeAddress::new(&format!("10.0.0.{number}"), 3306).ok()?;
            let mut node = Mysqld::new(place, name, address);
            if place > 0 {
                node.follow(0);
            }
            Some(node)
        })
        .collect();
    if let Some(primary) = nodes.first_mut() {
        primary.open(acks);
    }
    nodes
}

fn cluster_name() -> Option<ClusterName> {
    "orders".parse().ok()
}

#[expect(
    clippy::expect_used,
    reason = "`orders` is a DNS label, and there is a first server"
)]
fn cluster(nodes: &[Mysqld], acks: usize, profile: Profile) -> Cluster {
    let acks = u32::try_from(acks).ok().and_then(NonZeroU32::new);
    Cluster {
        name: cluster_name().expect("a valid name"),
        policy: Policy {
            mode: Mode::Auto,
            profile,
            durability: acks.map_or(Durability::Async, |acks| Durability::SemiSync { acks }),
            budget: Budget {
                failovers: 1_000,
                window_secs: 600,
            },
            ..Policy::default()
        },
        epoch: Epoch {
            term: Term(1),
            n: 1,
        },
        primary: nodes.first().expect("a first server").name.clone(),
        nodes: nodes
            .iter()
            .map(|node| Node {
                name: node.name.clone(),
                address: node.address.clone(),
                server_uuid: node.uuid,
                promotion: PromotionRule::default(),
                zone: None,
                quarantine: None,
            })
            .collect(),
    }
}
