//! The leading `lictord`: the real keeper, with a model of what surrounds it.
//! Probes, standing connections, the scribe and the push live here; commands to
//! nodes are in [`crate::hands`].

use std::time::Duration;

use chrono::DateTime;
use lictor_domain::report::{Knock, SemiSync};
use lictor_domain::{
    AbortReason, Epoch, FailoverOrder, NodeName, Now, ProbeOutcome, ProblemCode, ReceiverState,
    Recovery, RecoveryId, RecoveryOutcome, Revision, RoutingTable, Standing, Term, Writability,
};
use lictor_engine::keeper::Keeper;
use lictor_engine::leadership::Store;
use lictor_engine::message::{Act, Care, Command, Done, Event};
use lictor_engine::switchover::Facts;
use lictor_engine::timing::deadline;
use uuid::Uuid;

use crate::agenda::{Clock, MS, Micros, SECOND, micros};
use crate::conduct;
use crate::flaw::Flaw;
use crate::hands::Hand;
use crate::invariants::{self, Premise};
use crate::mysqld::Process;
use crate::network::{Place, Way};
use crate::store::Note;
use crate::world::{Happening, World};

/// One leadership.
pub type Reign = u64;

/// A routing table is opened when every node was seen, or after this.
const FIRST_LOOK: Micros = 3 * SECOND;
/// The wall clock at the beginning.
const WALL: i64 = 1_700_000_000_000_000;

/// The leader.
#[derive(Debug)]
pub struct Leader {
    /// Which reign this is.
    pub reign: Reign,
    /// Whose it is, where several contend.
    pub who: Option<usize>,
    /// The keeper under test.
    pub keeper: Keeper,
    /// One hand for each node.
    pub hands: Vec<Hand>,
    watches: Vec<Watch>,
    began: Micros,
    wake_at: Micros,
    /// What it pushes, once it is opened.
    pub table: Option<RoutingTable>,
    /// Its process's clock.
    pub clock: Clock,
    primacy: (Epoch, NodeName),
}

/// The probing of one node: one probe at a time.
#[derive(Clone, Debug, Default)]
struct Watch {
    probing: bool,
    /// A probe was asked for meanwhile.
    wanted: bool,
    /// Of the next scheduled probe; an older one is void.
    ticket: u64,
}

/// What time it is to the engine, by a process's clock.
#[must_use]
pub fn engine_time(clock: Clock, at: Micros) -> Now {
    let wall = WALL.saturating_add(i64::try_from(at).unwrap_or(i64::MAX));
    Now {
        mono: clock.at(at),
        wall: DateTime::from_timestamp_micros(wall).unwrap_or_default(),
    }
}

impl World {
    /// An instance takes over.
    pub fn rise(&mut self) {
        if !self.leaders.is_empty() || !self.contenders.is_empty() {
            return;
        }
        let now = self.now();
        self.write_notes();
        let both = Store::BOTH.map(|store| self.store.answers(store, now));
        if both.contains(&false) {
            self.agenda.plan(300 * MS, Happening::Rise);
            return;
        }
        self.reigns += 1;
        let clock = self.dice.clock();
        self.begin_reign(self.reigns, None, clock);
    }

    /// A leadership begins, with what the store knows.
    pub fn begin_reign(&mut self, reign: Reign, who: Option<usize>, clock: Clock) {
        let now = self.now();
        self.store.begin(reign);
        let inheritance = self.store.inheritance();
        if inheritance.unfinished.is_some() {
            self.ledger.premises.saw(Premise::RecoveryInherited);
        }
        if inheritance.rebuild.is_some() {
            self.ledger.premises.saw(Premise::RebuildInherited);
        }
        if clock.is_wrong() {
            self.ledger.premises.saw(Premise::ClockDrifted);
        }
        let stored = (
            inheritance.cluster.epoch,
            inheritance.cluster.primary.clone(),
        );
        let keeper = Keeper::new(inheritance, Term(reign), engine_time(clock, now));
        let (epoch, primary) = (keeper.cluster().epoch, keeper.cluster().primary.clone());
        let count = self.nodes.len();
        self.leaders.push(Leader {
            reign,
            who,
            keeper,
            hands: (0..count).map(|_| Hand::default()).collect(),
            watches: vec![Watch::default(); count],
            began: now,
            wake_at: 0,
            table: None,
            clock,
            primacy: stored,
        });
        self.note(|| format!("lictord of term {reign} leads; {primary} holds epoch {epoch}"));
        for place in 0..count {
            let delay = self.dice.time(0..=20 * MS);
            self.agenda.plan(delay, Happening::Probe(reign, place, 0));
        }
        self.tell(reign, Event::Tick);
    }

    /// The leader's process ends.
    pub fn leader_dies(&mut self) {
        if !self.contenders.is_empty() {
            return self.contender_dies();
        }
        let Some(reign) = self.leader().map(|leader| leader.reign) else {
            return;
        };
        self.note(|| "the leading lictord dies".to_owned());
        self.end_reign(reign);
        let next = self.dice.time(1_600 * MS..=3_200 * MS);
        self.agenda.plan(next, Happening::Rise);
    }

    /// A leadership ends, with all it had not written or sent.
    pub fn end_reign(&mut self, reign: Reign) {
        for node in &mut self.nodes {
            let channel = node.channel.as_ref();
            let stopped =
                channel.is_some_and(|channel| !channel.is_told_to_receive() || !channel.applying);
            node.looked_after |= stopped || !node.runs();
        }
        self.store.forget_notes(reign);
        self.leaders.retain(|leader| leader.reign != reign);
        self.end_connections(reign);
    }

    /// The newest leader.
    #[must_use]
    pub fn leader(&self) -> Option<&Leader> {
        self.leaders.last()
    }

    /// The leader, if it is still the one of this reign.
    pub fn leader_of(&mut self, reign: Reign) -> Option<&mut Leader> {
        let mut leaders = self.leaders.iter_mut();
        leaders.find(|leader| leader.reign == reign)
    }

    /// Something reaches everyone who leads now, after some time.
    pub fn tell_later(&mut self, after: Micros, event: &Event) {
        for leader in &self.leaders {
            let happening = Happening::Tell(leader.reign, event.clone());
            self.agenda.plan(after, happening);
        }
    }

    /// The keeper wanted to be told the time.
    pub fn wake(&mut self, reign: Reign, at: Micros) {
        if self
            .leader_of(reign)
            .is_some_and(|leader| leader.wake_at == at)
        {
            self.tell(reign, Event::Tick);
        }
    }

    /// The keeper takes a step; what it commands is begun.
    pub fn tell(&mut self, reign: Reign, event: Event) {
        let now = self.agenda.now();
        let fresh = RecoveryId(Uuid::from_u128(u128::from(now) << 32 | u128::from(reign)));
        // A process that slept through its leases finds that out before it
        // decides anything, and leads no more.
        if self.leader_of(reign).is_some() && !self.may_act(reign) {
            self.ledger.premises.saw(Premise::HeldBack);
            return self.end_reign(reign);
        }
        self.transcript.event(now, &event);
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        let clock = leader.clock;
        let commands = leader.keeper.step(event, engine_time(clock, now), fresh);
        self.decided(reign, commands);
    }

    /// What the keeper decided is made known and begun.
    pub fn decided(&mut self, reign: Reign, commands: Vec<Command>) {
        let now = self.agenda.now();
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        let clock = leader.clock;
        let wake_at = clock.moment(leader.keeper.wake_at(clock.at(now)));
        leader.wake_at = wake_at;
        self.agenda
            .plan_at(wake_at, Happening::Wake(reign, wake_at));
        self.publish(reign);
        // Before a recovery is closed in the store, its primacy must be there.
        self.write_down_primacy(reign);
        for command in commands {
            self.transcript.command(now, &command);
            self.obey(reign, command);
        }
    }

    fn obey(&mut self, reign: Reign, command: Command) {
        match command {
            Command::Probe { node } => self.probe_now(reign, &node),
            Command::Knock { node } => self.knock(reign, node),
            // Nobody else answers: nothing may wait for them.
            Command::AskMembers { .. } => {}
            Command::Recover {
                recovery,
                act: Act::StoreIntent(record),
            } => {
                let second_step = record.verdict.code == ProblemCode::BetterPlacedReplica;
                if record.standing() == Standing::Begun || second_step {
                    self.look_at_beginning(&record);
                }
                self.store_intent(reign, recovery, *record);
            }
            Command::Recover {
                recovery,
                act: Act::Publish { .. },
            } => {
                let done = Done::Published { subscribers: 2 };
                let event = Event::Finished { recovery, done };
                self.agenda.plan(0, Happening::Tell(reign, event));
            }
            Command::Recover {
                recovery,
                act: Act::Hold { within },
            } => {
                let delay = self.dice.time(MS..=micros(within));
                let done = Done::Held { acked: 2, of: 2 };
                let event = Event::Finished { recovery, done };
                self.agenda.plan(delay, Happening::Tell(reign, event));
            }
            Command::Recover { recovery, act } => self.send_act(reign, recovery, act),
            Command::Look { node, .. } => self.look_for_transactions(reign, node),
            Command::Record(record) => {
                conduct::hands_off::at_record(self, &record);
                self.ignore_the_proof(&record);
                if self.flaw == Flaw::ForgetsTheEnd {
                    return;
                }
                let wall = engine_time(Clock::drifting(0), self.now()).wall;
                self.write_note(reign, Note::Recovery(record, wall));
            }
            Command::Tend { node, care } => {
                let breach = conduct::hands_off::at_care(self, &node)
                    .or_else(|| invariants::no_lost_write::at_care(self, &node, &care));
                if let Some(breach) = breach {
                    self.break_off(breach);
                }
                if let Care::Quarantine(quarantine) = &care {
                    self.write_note(reign, Note::Quarantine(node.clone(), quarantine.clone()));
                }
                self.send_care(reign, &node, care);
            }
            Command::Rebuild { id, act } => self.rebuild_step(reign, id, act),
        }
    }

    fn look_at_beginning(&mut self, record: &Recovery) {
        let breach = conduct::no_needless_failover::at_beginning(self, record)
            .or_else(|| conduct::hands_off::at_beginning(self, record));
        if let Some(breach) = breach {
            self.break_off(breach);
        }
    }

    /// Nobody here has a transaction open for long; who is out of reach does not say
    /// so.
    fn look_for_transactions(&mut self, reign: Reign, node: NodeName) {
        let Some(place) = self.place(&node) else {
            return;
        };
        let answers = self.passes(Way::Lictor(place)) && self.nodes[place].runs();
        let transactions = answers.then(Vec::new);
        let transactions = transactions.ok_or_else(|| "it does not answer".to_owned());
        let facts = Facts {
            transactions,
            subscribers: 2,
        };
        let after = self.hop_at(place);
        let event = Event::Looked { node, facts };
        self.agenda.plan(after, Happening::Tell(reign, event));
    }

    /// A flawed leader goes on without the proof that it lacks.
    fn ignore_the_proof(&mut self, record: &Recovery) {
        let lacking = matches!(
            &record.outcome,
            RecoveryOutcome::Aborted {
                reason: AbortReason::NotFenced { .. }
            }
        );
        if self.flaw == Flaw::IgnoresTheProof && lacking {
            self.order_failover(FailoverOrder {
                to: None,
                force: true,
                operator: "lictor".to_owned(),
                reason: "it must go on".to_owned(),
            });
        }
    }

    /// Either store is enough; the answer may take its time.
    fn store_intent(&mut self, reign: Reign, recovery: RecoveryId, record: Recovery) {
        let now = self.now();
        let standing = record.standing();
        let mut delay = self.dice.time(MS..=30 * MS);
        let result = if self.flaw == Flaw::PromotesBeforeTheIntent {
            self.write_note(reign, Note::Recovery(Box::new(record), DateTime::default()));
            delay = 0;
            Ok(())
        } else if !self.store.any_answers(now) {
            delay = micros(deadline::INTENT);
            Err("no store answers".to_owned())
        } else if self.store.intend(reign, record) {
            Ok(())
        } else {
            Err("a newer term has begun".to_owned())
        };
        let done = Done::IntentStored { standing, result };
        let event = Event::Finished { recovery, done };
        self.agenda.plan(delay, Happening::Tell(reign, event));
    }

    /// Hands a note to the scribe.
    pub fn write_note(&mut self, reign: Reign, note: Note) {
        let delay = if self.dice.percent(5) {
            self.dice.time(100 * MS..=3 * SECOND)
        } else {
            self.dice.hop()
        };
        self.store.note(reign, note, self.agenda.now(), delay);
    }

    fn write_down_primacy(&mut self, reign: Reign) {
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        let cluster = leader.keeper.cluster();
        let primacy = (cluster.epoch, cluster.primary.clone());
        if primacy != leader.primacy {
            leader.primacy = primacy.clone();
            self.note(|| format!("{} holds epoch {}", primacy.1, primacy.0));
            self.write_note(reign, Note::Primacy(primacy.0, primacy.1));
        }
    }

    /// Hands a changed route to the push.
    fn publish(&mut self, reign: Reign) {
        let now = self.agenda.now();
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        let view = leader.keeper.view();
        let seen = view.cluster.nodes.iter().all(|node| {
            let node = view.node(&node.name);
            node.answer.is_some() || node.silence.is_some()
        });
        if leader.table.is_none() && !seen && now < leader.began + FIRST_LOOK {
            return;
        }
        let route = leader.keeper.route(leader.clock.at(now));
        let held = leader.table.as_ref();
        if held.is_some_and(|table| table.clusters.get(&route.name) == Some(&route)) {
            return;
        }
        let revision = held.map_or_else(Revision::default, |table| table.revision);
        leader.table = Some(RoutingTable {
            revision: revision.next(Term(reign)),
            clusters: [(route.name.clone(), route.clone())].into(),
            ..RoutingTable::default()
        });
        self.note(|| {
            let writer = route
                .writer()
                .map_or("nobody", |writer| writer.node.as_str());
            format!("route of epoch {}: {writer} takes the writes", route.epoch)
        });
        if let Some(breach) = invariants::epochs_rise::at_publishing(self, &route) {
            self.break_off(breach);
        }
        if let Some(place) = route.writer().and_then(|writer| self.place(&writer.node)) {
            self.ledger.open(route.epoch, place);
            self.ledger.publish(route.epoch);
        }
        self.push_to_all();
    }

    fn probe_now(&mut self, reign: Reign, node: &NodeName) {
        let Some(place) = self.place(node) else {
            return;
        };
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        let watch = &mut leader.watches[place];
        if watch.probing {
            watch.wanted = true;
        } else {
            watch.ticket += 1;
            let ticket = watch.ticket;
            self.probe(reign, place, ticket);
        }
    }

    /// A probe begins.
    pub fn probe(&mut self, reign: Reign, place: Place, ticket: u64) {
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        let watch = &mut leader.watches[place];
        if watch.probing || watch.ticket != ticket {
            return;
        }
        watch.probing = true;
        let hop = self.dice.hop();
        let asked = self.now();
        self.agenda
            .plan(hop, Happening::Sample(reign, place, asked));
    }

    /// A probe's question reaches its node.
    pub fn sample(&mut self, reign: Reign, place: Place, asked: Micros) {
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        let latest = asked + micros(leader.keeper.timing().probe_deadline);
        let now = self.now();
        let back = now + self.hop_at(place);
        let node = &self.nodes[place];
        let (at, outcome) = if self.passes(Way::Lictor(place)) {
            match node.process {
                Process::Dead => (back, ProbeOutcome::Refused),
                Process::Running if back <= latest => {
                    let outcome = ProbeOutcome::Answered {
                        report: Box::new(node.report(&self.nodes, now)),
                        latency: Duration::ZERO,
                    };
                    (back, outcome)
                }
                _ => (latest, ProbeOutcome::TimedOut),
            }
        } else {
            (latest, ProbeOutcome::TimedOut)
        };
        let outcome = self.bend_report(place, outcome);
        let node = self.nodes[place].name.clone();
        let event = Event::Probed { node, outcome };
        self.agenda
            .plan_at(at, Happening::ProbeEnds(reign, event, place, asked));
    }

    /// A probe ended: the keeper hears of it, and the next one is planned. How long
    /// it took is measured by the leader's own clock, pauses included.
    pub fn probe_ends(&mut self, reign: Reign, mut event: Event, place: Place, asked: Micros) {
        let now = self.now();
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        if let Event::Probed {
            outcome: ProbeOutcome::Answered { latency, .. },
            ..
        } = &mut event
        {
            *latency = leader.clock.at(now).since(leader.clock.at(asked));
        }
        let interval = micros(leader.keeper.timing().probe_interval);
        let watch = &mut leader.watches[place];
        watch.probing = false;
        let pause = if watch.wanted { 0 } else { interval };
        watch.wanted = false;
        watch.ticket += 1;
        let next = Happening::Probe(reign, place, watch.ticket);
        self.agenda.plan(pause, next);
        self.tell(reign, event);
    }

    fn knock(&mut self, reign: Reign, node: NodeName) {
        let Some(place) = self.place(&node) else {
            return;
        };
        let latest = micros(deadline::KNOCK);
        let hop = self.hop_at(place);
        let (after, knock) = if self.passes(Way::Lictor(place)) {
            match self.nodes[place].process {
                Process::Running if hop < latest => (hop, Knock::Greeted),
                Process::Dead if hop < latest => (hop, Knock::Refused),
                Process::Off => (latest, Knock::Unreachable),
                _ => (latest, Knock::Silent),
            }
        } else {
            (latest, Knock::Unreachable)
        };
        let knock = match knock {
            Knock::Silent | Knock::Unreachable if self.flaw == Flaw::TakesSilenceForDeath => {
                Knock::Refused
            }
            other => other,
        };
        let event = Event::Knocked { node, knock };
        self.agenda.plan(after, Happening::Tell(reign, event));
    }

    /// What a flawed leader makes of a node's answer.
    fn bend_report(&self, place: Place, outcome: ProbeOutcome) -> ProbeOutcome {
        let (mut report, latency) = match outcome {
            ProbeOutcome::Answered { report, latency } => (report, latency),
            ProbeOutcome::TimedOut if self.flaw == Flaw::TakesSilenceForDeath => {
                return ProbeOutcome::Refused;
            }
            other => return other,
        };
        if let Some(semi_sync) = &mut report.semi_sync {
            self.bend_semi_sync(report.writability, semi_sync);
        }
        let executed = report.executed.clone();
        if let Some(replication) = &mut report.replication {
            if self.flaw == Flaw::TakesUnknownLagForNone {
                replication.lag.get_or_insert(Duration::ZERO);
            }
            if self.flaw == Flaw::ComparesExecuted {
                replication.received = executed;
            }
            if self.flaw == Flaw::OperatorStoppedTestifies
                && self.nodes[place].stopped_by_operator
                && replication.receiver == ReceiverState::Stopped
            {
                replication.receiver = ReceiverState::Connecting;
            }
        }
        ProbeOutcome::Answered { report, latency }
    }

    /// Semi-sync as a flawed leader sees it: as its policy demands.
    fn bend_semi_sync(&self, writability: Writability, semi_sync: &mut SemiSync) {
        let open = writability.accepts_writes();
        let demanded = u32::try_from(self.policy_acks()).unwrap_or(u32::MAX);
        match self.flaw {
            Flaw::FencesOneTooFew if semi_sync.source_enabled => {
                semi_sync.wait_for_acks = demanded;
            }
            Flaw::KeepsSemiSyncOff | Flaw::TrustsALoosenedPrimary if open => {
                semi_sync.source_enabled = true;
                semi_sync.source_active = true;
                semi_sync.wait_for_acks = demanded;
            }
            _ => {}
        }
    }
}
