//! The world of one seed: servers, network, stores, subscribers, who leads, and
//! what happens to them. It only moves things on; what must hold is
//! said in [`crate::invariants`].

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use lictor_domain::policy::Budget;
use lictor_domain::{
    Cluster, ClusterName, Durability, Epoch, GtidSet, Mode, Node, NodeAddress, NodeName, Policy,
    PromotionRule, RebuildId, Term,
};
use lictor_engine::leadership::PerStore;
use lictor_engine::message::Event;

use crate::agenda::{Agenda, MS, Micros, SECOND};
use crate::agents::{Agent, Step};
use crate::conduct;
use crate::contenders::{Contender, Contest, Lease};
use crate::dice::Dice;
use crate::faults::Fault;
use crate::flaw::Flaw;
use crate::hands::Job;
use crate::invariants::{self, Breach, Ledger, Premise, Premises};
use crate::leader::{Leader, Reign};
use crate::mysqld::Mysqld;
use crate::network::{Network, Place, Way};
use crate::rebuilds::Copy;
use crate::scenario::{STORM, SUBSCRIBERS, Scenario, Trouble};
use crate::store::Store;
use crate::subscribers::{Subscriber, Update};
use crate::transcript::Transcript;

/// Within this after the storm the cluster is whole again: a failover that was
/// blocked is tried again after a minute, and may be blocked once more.
pub const BOUND: Micros = 200 * SECOND;
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
    /// A subscriber writes.
    Write(usize),
    /// A subscriber looks for a leader.
    Connect(usize),
    /// What was pushed over a connection reaches its subscriber.
    Delivered(usize, u64, Box<Update>),
    /// A leader hears that it was taken.
    Taken(usize, u64),
    /// The leader wanted to be told the time.
    Wake(Reign, Micros),
    /// A scheduled probe begins.
    Probe(Reign, Place, u64),
    /// A probe's question reaches its node.
    Sample(Reign, Place, Micros),
    /// A probe that was begun then ended.
    ProbeEnds(Reign, Event, Place, Micros),
    /// Something reaches the keeper.
    Tell(Reign, Event),
    /// A command reaches its node.
    Effect(Box<Job>),
    /// A command's end is known to its hand.
    Ends(Box<Job>, Event),
    /// A receiver is stopped later than said, for a flaw.
    StopLate(Place),
    /// A node is closed later than said, for a flaw.
    CloseLate(Place),
    /// A command is carried out once more, for a flaw.
    Again(Box<Job>),
    /// A copy of a rebuild ends.
    Copied(Copy),
    /// That a rebuild begins was not stored in time.
    NotBegun(Reign, RebuildId),
    /// Something goes wrong.
    Trouble(Trouble),
    /// Something that went wrong is over.
    Mend(Fault),
    /// Another instance leads.
    Rise,
    /// Something happens to a life of a contender.
    Contest(usize, u64, Contest),
    /// A contender that died is started, in this life.
    Start(usize, u64),
    /// A paused contender goes on.
    GoesOn(usize),
    /// Something happens to the agent of a server.
    Agent(Place, Step),
    /// An onlooker's look, and the operator's.
    Look,
}

impl Happening {
    /// The leader whose process meets it, if one does.
    const fn reign(&self) -> Option<Reign> {
        match self {
            Self::Wake(reign, _)
            | Self::Probe(reign, _, _)
            | Self::ProbeEnds(reign, ..)
            | Self::Tell(reign, _)
            | Self::Agent(_, Step::Heard(reign, _)) => Some(*reign),
            Self::Ends(job, _) => Some(job.reign),
            _ => None,
        }
    }
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
    /// What was put to the test.
    pub premises: Premises,
    /// What was written down.
    pub transcript: Transcript,
}

/// The world of one seed.
#[derive(Debug)]
pub struct World {
    /// What it is about.
    pub scenario: Scenario,
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
    /// The agents beside them, where they are guarded.
    pub agents: Vec<Agent>,
    /// What lasts.
    pub store: Store,
    /// Who leads or takes itself for leading, the newest last.
    pub leaders: Vec<Leader>,
    /// Who contends for the leadership, where the world does not say who leads.
    pub contenders: Vec<Contender>,
    /// What the stores keep for them.
    pub leases: PerStore<Lease>,
    /// Questions to the stores that were asked.
    pub questions: u64,
    /// Leaders that there were.
    pub reigns: u64,
    /// The subscribers.
    pub subscribers: Vec<Subscriber>,
    /// Commands stuck on their way to a node, and on which way.
    pub stuck: Vec<(Way, Job)>,
    /// What the invariants rest on.
    pub ledger: Ledger,
    /// What is written down.
    pub transcript: Transcript,
    /// When everything is repaired.
    pub calm_at: Micros,
    /// Who is not.
    pub lost: Option<Place>,
    /// Rebuilds of which is awaited that it is stored that they begin.
    pub beginning: BTreeSet<(Reign, RebuildId)>,
    breach: Option<Breach>,
    whole_since: Option<Micros>,
}

impl World {
    /// A healthy world in which it is about to storm.
    #[must_use]
    pub fn new(scenario: Scenario, flaw: Flaw, transcript: Transcript) -> Self {
        let nodes = servers(&scenario);
        let cluster = cluster(&nodes, &scenario, flaw);
        let mut world = Self {
            flaw,
            agenda: Agenda::default(),
            dice: Dice::new(scenario.chance),
            network: Network::default(),
            nodes,
            agents: Vec::new(),
            ledger: Ledger::beginning(cluster.epoch),
            store: Store::new(cluster),
            leaders: Vec::new(),
            contenders: Vec::new(),
            leases: PerStore::default(),
            questions: 0,
            reigns: 0,
            subscribers: (0..SUBSCRIBERS).map(|_| Subscriber::default()).collect(),
            stuck: Vec::new(),
            transcript,
            calm_at: STORM,
            lost: None,
            beginning: BTreeSet::new(),
            breach: None,
            whole_since: None,
            scenario,
        };
        let Scenario {
            replicas,
            acks,
            profile,
            on_starved,
            rebuild,
            ..
        } = world.scenario;
        world.note(|| {
            format!(
                "{replicas} replicas; commits wait for {acks}, starved: {on_starved}; profile \
                 {profile}; rebuild: {rebuild}"
            )
        });
        for (place, source) in world.scenario.below.clone() {
            world.note(|| format!("node {} is below node {}", place + 1, source + 1));
        }
        world.begin();
        world
    }

    fn begin(&mut self) {
        for place in 0..self.nodes.len() {
            let first = self.dice.time(0..=20 * MS);
            self.agenda.plan(first, Happening::Heartbeat(place));
        }
        for who in 0..self.subscribers.len() {
            self.agenda.plan(10 * MS, Happening::Write(who));
            self.agenda.plan(20 * MS, Happening::Connect(who));
        }
        if self.scenario.guarded {
            self.begin_agents();
        }
        if self.scenario.contenders > 0 {
            self.begin_contest();
        } else {
            self.agenda.plan(0, Happening::Rise);
        }
        for trouble in &self.scenario.troubles {
            self.agenda
                .plan_at(trouble.at, Happening::Trouble(*trouble));
        }
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
            self.write_notes();
            self.happen(happening);
            if let Some(breach) = invariants::always(&self) {
                self.break_off(breach);
            }
        }
        Ending {
            seed: self.scenario.seed,
            at: self.agenda.now(),
            breach: self.breach,
            primacies: self.ledger.primacies(),
            acknowledged: self.ledger.acknowledged.count(),
            premises: self.ledger.premises,
            transcript: self.transcript,
        }
    }

    fn is_over(&self) -> bool {
        let lasting = |since: Micros| self.now() >= since + LASTING;
        self.whole_since.is_some_and(lasting)
    }

    fn happen(&mut self, happening: Happening) {
        // Which of several things a process meets first when it goes on is
        // anyone's guess.
        let until = happening.reign().and_then(|reign| self.paused_until(reign));
        if let Some(until) = until {
            let later = until + self.dice.time(0..=9);
            return self.agenda.plan_at(later, happening);
        }
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
            Happening::Write(who) => self.write(who),
            Happening::Connect(who) => self.connect(who),
            Happening::Delivered(who, number, update) => self.delivered(who, number, *update),
            Happening::Taken(who, number) => self.taken(who, number),
            Happening::Wake(reign, at) => self.wake(reign, at),
            Happening::Probe(reign, place, ticket) => self.probe(reign, place, ticket),
            Happening::Sample(reign, place, asked) => self.sample(reign, place, asked),
            Happening::ProbeEnds(reign, event, place, asked) => {
                self.probe_ends(reign, event, place, asked);
            }
            Happening::Tell(reign, event) => self.tell(reign, event),
            Happening::Effect(job) => self.effect(*job),
            Happening::Ends(job, event) => self.ends(&job, event),
            Happening::StopLate(place) => self.nodes[place].stop_receiver(),
            Happening::CloseLate(place) => self.nodes[place].close(),
            Happening::Again(job) => self.again(&job),
            Happening::Copied(copy) => self.copied(&copy),
            Happening::NotBegun(reign, id) => self.not_begun(reign, id),
            Happening::Trouble(trouble) => self.trouble(&trouble),
            Happening::Mend(fault) => self.mend(fault),
            Happening::Rise => self.rise(),
            Happening::Contest(who, life, what) => self.contest(who, life, what),
            Happening::Start(who, life) => self.start(who, life),
            Happening::GoesOn(who) => self.goes_on(who),
            Happening::Agent(place, step) => self.agent(place, step),
            Happening::Look => self.look(),
        }
    }

    fn look(&mut self) {
        self.agenda.plan(LOOK, Happening::Look);
        self.release_stuck();
        self.operate();
        self.note_doubt();
        if let Some(breach) = conduct::no_stale_reader::at_a_look(self) {
            self.break_off(breach);
        }
        if self.now() < self.calm_at {
            return;
        }
        if !self.ledger.calmed {
            self.ledger.calmed = true;
            self.calm_down();
        }
        match invariants::whole(self) {
            Ok(()) => {
                if self.whole_since.is_none() {
                    self.note_whole();
                }
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

    fn note_whole(&mut self) {
        let premises = &mut self.ledger.premises;
        if self.lost.is_some() {
            premises.saw(Premise::WholeWithoutOne);
        }
        if self.ledger.primacies() > 0 {
            self.ledger.premises.saw(Premise::WholeUnderAnother);
        }
    }

    /// A primary that runs and is only out of Lictor's sight.
    fn note_doubt(&mut self) {
        let unseen =
            |node: &Mysqld| node.runs() && node.writable && !self.passes(Way::Lictor(node.place));
        if !self.leaders.is_empty() && self.nodes.iter().any(unseen) {
            self.ledger.premises.saw(Premise::PrimaryOnlyUnseen);
        }
    }

    /// How long an answer of a server takes.
    pub fn hop_at(&mut self, place: Place) -> Micros {
        let slow = self.now() < self.nodes[place].slow_until;
        let extra = if slow {
            self.ledger.premises.saw(Premise::WasSlow);
            self.dice.time(50 * MS..=1_200 * MS)
        } else {
            0
        };
        extra + self.dice.hop()
    }

    /// How many acknowledgements the policy demands, as the leader knows it.
    #[must_use]
    pub fn policy_acks(&self) -> usize {
        policy_acks(&self.scenario, self.flaw)
    }

    /// How many a node waits for once it is opened by this leader.
    #[must_use]
    pub fn acks_at_opening(&mut self, reign: Reign) -> usize {
        let policy = self
            .leader_of(reign)
            .map(|leader| leader.keeper.cluster().policy.durability.acks() as usize);
        match self.flaw {
            Flaw::KeepsSemiSyncOff => 0,
            Flaw::FencesOneTooFew => self.scenario.acks,
            _ => policy.unwrap_or(self.scenario.acks),
        }
    }

    /// The place of a node.
    #[must_use]
    pub fn place(&self, name: &NodeName) -> Option<Place> {
        self.nodes.iter().position(|node| node.name == *name)
    }

    /// Whom a node is to follow, as the leader knows it.
    #[must_use]
    pub fn wanted_source(&self, name: &NodeName) -> Option<Place> {
        let cluster = self.leader()?.keeper.cluster();
        self.place(&cluster.wanted_source(name)?.name)
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

/// A primary and its replicas, all healthy, each below whom it is to follow.
fn servers(scenario: &Scenario) -> Vec<Mysqld> {
    let mut nodes: Vec<_> = (0..=scenario.replicas)
        .filter_map(|place| {
            let number = u32::try_from(place + 1).ok()?;
            let name = NodeName::numbered(&cluster_name()?, number);
            let address = NodeAddress::new(&format!("10.0.0.{number}"), 3306).ok()?;
            let mut node = Mysqld::new(place, name, address);
            node.guarded = scenario.guarded;
            if place > 0 {
                node.follow(scenario.source_of(place));
            }
            Some(node)
        })
        .collect();
    if let Some(primary) = nodes.first_mut() {
        primary.open(scenario.acks);
    }
    nodes
}

/// A flawed leader believes that commits wait for one more replica than they do.
fn policy_acks(scenario: &Scenario, flaw: Flaw) -> usize {
    let fits = (1..scenario.replicas).contains(&scenario.acks);
    scenario.acks + usize::from(fits && flaw == Flaw::FencesOneTooFew)
}

fn cluster_name() -> Option<ClusterName> {
    "orders".parse().ok()
}

#[expect(
    clippy::expect_used,
    reason = "`orders` is a DNS label, and there is a first server"
)]
fn cluster(nodes: &[Mysqld], scenario: &Scenario, flaw: Flaw) -> Cluster {
    let acks = u32::try_from(policy_acks(scenario, flaw));
    let acks = acks.ok().and_then(NonZeroU32::new);
    let rule = |place: Place| {
        if scenario.must_not == Some(place) {
            PromotionRule::MustNot
        } else if scenario.preferred == Some(place) {
            PromotionRule::Prefer
        } else {
            PromotionRule::Neutral
        }
    };
    let zone = |place: Place| {
        let apart = scenario.apart == Some(place);
        let zone = if apart { "eu-2" } else { "eu-1" };
        zone.parse().ok()
    };
    Cluster {
        name: cluster_name().expect("a valid name"),
        policy: Policy {
            mode: Mode::Auto,
            profile: scenario.profile,
            on_starved: scenario.on_starved,
            rebuild: scenario.rebuild,
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
                promotion: rule(node.place).into(),
                zone: zone(node.place),
                follows: Some(scenario.source_of(node.place))
                    .filter(|source| *source > 0)
                    .and_then(|source| Some(nodes.get(source)?.name.clone())),
                quarantine: None,
                maintenance: None,
            })
            .collect(),
        pause: None,
    }
}
