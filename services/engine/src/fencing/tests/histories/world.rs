//! The model: a primary, its replicas, one more that Lictor does not know, and
//! what Lictor sees of them.
//!
//! Transactions are numbered; a replica receives them in order, so it holds all
//! up to a number. What Lictor does not claim to survive does not happen here: a
//! hand changes what commits wait for, starts a receiver, or connects an unknown
//! replica, and this is not seen even once before the next one of them is lost.

mod ending;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use lictor_domain::{
    Durability, Epoch, FencingProof, GtidSet, Mono, NodeName, NodeReport, ProbeOutcome,
    ReceiverState, Term,
};

use crate::fixture::{Fixture, NOW, gtids, name, primary_report, replica_report, uuid};
use crate::view::{ClusterView, LATE};

/// What the cluster held before the history.
const BEFORE: u64 = 100;
/// A mistake bent into what the engine is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// One replica that was not stopped counts as stopped: N − k are enough.
    OneTooFew,
    /// What the primary said last counts as said now: since when a replica is
    /// idle does not matter.
    IgnoresSinceWhenIdle,
    /// An answer counts as given for the moment it came, not the one it was asked.
    IgnoresWhenAsked,
    /// An acknowledgement on its way is not reckoned with.
    IgnoresAcksUnderWay,
    /// What waits at the primary is not reckoned with.
    IgnoresWaiting,
    /// A replica that nobody knows is not looked for.
    IgnoresStrangers,
    /// What the primary is being told is not reckoned with.
    IgnoresOrders,
    /// What a replica is being told is not reckoned with.
    IgnoresMoves,
    /// A primary that waits for nobody is reported as enforcing.
    TrustsAFallBack,
    /// Replicas are compared by what they applied.
    ComparesApplied,
}

impl Flaw {
    pub(super) const ALL: [Self; 10] = [
        Self::OneTooFew,
        Self::IgnoresSinceWhenIdle,
        Self::IgnoresWhenAsked,
        Self::IgnoresAcksUnderWay,
        Self::IgnoresWaiting,
        Self::IgnoresStrangers,
        Self::IgnoresOrders,
        Self::IgnoresMoves,
        Self::TrustsAFallBack,
        Self::ComparesApplied,
    ];
}

/// One thing that happens, if it can. A replica is meant by its place; of
/// `Ask`, `Look`, `Hear` and `See` place 0 is the primary.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Write,
    /// It receives all that is written, and sends its acknowledgement.
    Fetch(usize),
    AckArrives(usize),
    /// The primary notices that the connection is gone.
    HangUp(usize),
    Apply(usize),
    Pass(u64),
    /// Lictor asks a node; the node looks; Lictor hears of it.
    Ask(usize),
    Look(usize),
    Hear(usize),
    /// All three at once.
    See(usize),
    Kill(usize),
    Boot(usize),
    StopByHand(usize),
    StartByHand(usize),
    /// Lictor tells it to receive; it does; the hand is back.
    Move(usize),
    Moves(usize),
    MoveEnds(usize, bool),
    MovesLate(usize),
    /// Lictor tells the primary what commits wait for; they do; the hand is back.
    Enforce(u32),
    Enforces,
    EnforcingEnds(bool),
    EnforcesLate,
    SetByHand(u32),
    /// The policy demands so many acknowledgements.
    Redefine(u32),
}

/// A whole history.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) replicas: usize,
    pub(super) acks: u32,
    /// The primacy began under this leader.
    pub(super) began_under_us: bool,
    /// Bits of the replicas without a process when it began.
    pub(super) dead_at_first: u8,
    pub(super) happenings: Vec<Happening>,
    pub(super) ending: Ending,
}

/// How the primary is lost, and what becomes of the failover.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    /// Its process goes; otherwise only Lictor is cut off from it.
    pub(super) killed: bool,
    /// For each replica: whether it answers, and how its stopping ends.
    pub(super) stops: Vec<(u8, u8)>,
    /// What goes on between the stops.
    pub(super) meanwhile: Vec<Happening>,
}

/// What the engine made of it, and whether that was wrong.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) replicas: usize,
    pub(super) proof: Option<FencingProof>,
    pub(super) elected: bool,
    pub(super) breach: Option<String>,
}

/// Changes made by hand, and which of them Lictor has seen.
#[derive(Clone, Copy, Debug, Default)]
struct ByHand {
    made: u32,
    seen: u32,
}

impl ByHand {
    const fn is_unseen(self) -> bool {
        self.made > self.seen
    }
}

/// A question of Lictor under way.
#[derive(Debug)]
struct Question {
    asked: Mono,
    seen: Option<(ProbeOutcome, u32)>,
}

/// A command under way.
#[derive(Clone, Copy, Debug)]
struct Order<T> {
    what: T,
    done: bool,
}

#[derive(Debug, Default)]
struct Replica {
    lives: bool,
    receives: bool,
    received: u64,
    applied: u64,
    /// The primary holds a connection of it.
    connected: bool,
    /// Acknowledgements on their way.
    acks: VecDeque<u64>,
    /// Up to where its acknowledgements have arrived.
    acked: u64,
    by_hand: ByHand,
    order: Option<Order<()>>,
    /// Moves that were given up, and may come yet.
    late: u32,
    question: Option<Question>,
}

#[derive(Debug)]
struct Primary {
    lives: bool,
    written: u64,
    /// Acknowledged to clients, the first ones in order.
    committed: u64,
    waits_for: u32,
    by_hand: ByHand,
    order: Option<Order<u32>>,
    late: Vec<(u32, Mono)>,
    question: Option<Question>,
}

struct World {
    flaw: Flaw,
    at: Mono,
    /// From now on no hand does anything.
    lost: bool,
    view: ClusterView,
    primary: Primary,
    /// The last one is unknown to Lictor.
    replicas: Vec<Replica>,
}

fn up_to(transaction: u64) -> GtidSet {
    gtids(1, 1, BEFORE + transaction)
}

fn durability(acks: u32) -> Durability {
    NonZeroU32::new(acks).map_or(Durability::Async, |acks| Durability::SemiSync { acks })
}

fn node(place: usize) -> NodeName {
    name(u32::try_from(place).unwrap() + 2)
}

impl History {
    pub(super) fn judged(&self, flaw: Flaw) -> Judgement {
        let mut world = World::begin(self, flaw);
        for happening in &self.happenings {
            world.happens(happening);
        }
        world.lose(self.ending.killed);
        let stopped = world.stops_receivers(&self.ending);
        world.judge(&stopped)
    }
}

impl World {
    fn begin(history: &History, flaw: Flaw) -> Self {
        let known = u32::try_from(history.replicas).unwrap();
        let cluster = Fixture::healthy(known).acks(history.acks).cluster;
        let mut view = ClusterView::new(cluster, NOW);
        let is_dead = |place: usize| history.dead_at_first >> place & 1 == 1;
        for place in (0..history.replicas).filter(|place| is_dead(*place)) {
            view.probed(&node(place), ProbeOutcome::Refused, NOW);
        }
        let epoch = Epoch {
            term: Term(1),
            n: 2,
        };
        if history.began_under_us {
            view.begin_epoch(epoch, name(1), up_to(0), NOW);
        } else {
            view.take_over_epoch(epoch, name(1), NOW);
        }
        let replica = |place| Replica {
            lives: !is_dead(place),
            receives: place < history.replicas && !is_dead(place),
            ..Replica::default()
        };
        let mut world = Self {
            flaw,
            at: NOW,
            lost: false,
            view,
            primary: Primary {
                lives: true,
                written: 0,
                committed: 0,
                waits_for: history.acks,
                by_hand: ByHand::default(),
                order: None,
                late: vec![],
                question: None,
            },
            replicas: (0..=history.replicas).map(replica).collect(),
        };
        for of in 0..=history.replicas {
            world.sees(of);
        }
        world
    }

    fn known(&self) -> usize {
        self.replicas.len() - 1
    }

    fn happens(&mut self, happening: &Happening) {
        self.at = self.at + Duration::from_millis(1);
        let all = self.replicas.len();
        let known = self.known();
        match *happening {
            Happening::Write => self.write(),
            Happening::Fetch(i) => self.fetch(i % all),
            Happening::AckArrives(i) => self.ack_arrives(i % all),
            Happening::HangUp(i) => self.hang_up(i % all),
            Happening::Apply(i) => {
                let replica = &mut self.replicas[i % all];
                replica.applied = replica.received;
            }
            Happening::Pass(ms) => self.at = self.at + Duration::from_millis(ms),
            Happening::Ask(i) => self.ask(i % (known + 1)),
            Happening::Look(i) => self.look(i % (known + 1)),
            Happening::Hear(i) => self.hear(i % (known + 1)),
            Happening::See(i) => self.sees(i % (known + 1)),
            Happening::Kill(i) => self.kill(i % all),
            Happening::Boot(i) => self.replicas[i % all].lives = true,
            Happening::StopByHand(i) => self.stop_by_hand(i % all),
            Happening::StartByHand(i) => self.start_by_hand(i % all),
            Happening::Move(i) => self.move_begins(i % known),
            Happening::Moves(i) => self.moves(i % known),
            Happening::MoveEnds(i, ok) => self.move_ends(i % known, ok),
            Happening::MovesLate(i) => self.moves_late(i % known),
            Happening::Enforce(acks) => self.enforcing_begins(acks),
            Happening::Enforces => self.enforces(),
            Happening::EnforcingEnds(ok) => self.enforcing_ends(ok),
            Happening::EnforcesLate => self.enforces_late(),
            Happening::SetByHand(acks) => {
                self.primary.by_hand.made += 1;
                self.let_commits_wait_for(acks);
            }
            Happening::Redefine(acks) => {
                let mut cluster = self.view.cluster.clone();
                cluster.policy.durability = durability(acks);
                self.view.redefine(cluster);
            }
        }
    }

    // What clients and servers do.

    fn write(&mut self) {
        if self.primary.lives {
            self.primary.written += 1;
            self.commit();
        }
    }

    fn commit(&mut self) {
        while self.primary.lives && self.primary.committed < self.primary.written {
            let next = self.primary.committed + 1;
            let acks = self.replicas.iter().filter(|r| r.acked >= next).count();
            if acks < self.primary.waits_for as usize {
                return;
            }
            self.primary.committed = next;
        }
    }

    fn let_commits_wait_for(&mut self, acks: u32) {
        self.primary.waits_for = acks;
        self.commit();
    }

    fn fetch(&mut self, i: usize) {
        let is_stranger = i == self.known();
        let replica = &mut self.replicas[i];
        if !(replica.lives && replica.receives && self.primary.lives) {
            return;
        }
        if is_stranger && !replica.connected {
            if self.lost {
                return;
            }
            self.primary.by_hand.made += 1;
        }
        replica.connected = true;
        replica.received = self.primary.written;
        replica.acks.push_back(replica.received);
    }

    fn ack_arrives(&mut self, i: usize) {
        let replica = &mut self.replicas[i];
        if let Some(ack) = replica.acks.pop_front() {
            replica.acked = replica.acked.max(ack);
            self.commit();
        }
    }

    fn hang_up(&mut self, i: usize) {
        let replica = &mut self.replicas[i];
        if !replica.receives {
            replica.connected = false;
            replica.acks.clear();
        }
    }

    fn kill(&mut self, i: usize) {
        self.look_if_unseen(i);
        let replica = &mut self.replicas[i];
        replica.lives = false;
        replica.receives = false;
    }

    fn stop_by_hand(&mut self, i: usize) {
        self.look_if_unseen(i);
        self.replicas[i].receives = false;
    }

    fn start_by_hand(&mut self, i: usize) {
        let replica = &mut self.replicas[i];
        if replica.lives {
            replica.receives = true;
            replica.by_hand.made += 1;
        }
    }

    // What Lictor asks.

    fn question(&mut self, of: usize) -> &mut Option<Question> {
        match of.checked_sub(1) {
            None => &mut self.primary.question,
            Some(place) => &mut self.replicas[place].question,
        }
    }

    fn ask(&mut self, of: usize) {
        let asked = self.at;
        let question = self.question(of);
        question.get_or_insert(Question { asked, seen: None });
    }

    fn look(&mut self, of: usize) {
        let seen = match of.checked_sub(1) {
            None => (answer(self.primary_says()), self.primary.by_hand.made),
            Some(place) => {
                let replica = &self.replicas[place];
                let outcome = if replica.lives {
                    answer(self.replica_says(place))
                } else {
                    ProbeOutcome::Refused
                };
                (outcome, replica.by_hand.made)
            }
        };
        if let Some(question) = self.question(of) {
            question.seen.get_or_insert(seen);
        }
    }

    fn hear(&mut self, of: usize) {
        let now = self.at;
        let slot = self.question(of);
        if slot.as_ref().is_none_or(|question| question.seen.is_none()) {
            return;
        }
        let Some(Question {
            asked,
            seen: Some((mut outcome, changes)),
        }) = slot.take()
        else {
            return;
        };
        if let ProbeOutcome::Answered { latency, .. } = &mut outcome
            && self.flaw != Flaw::IgnoresWhenAsked
        {
            *latency = now.since(asked);
        }
        let by_hand = match of.checked_sub(1) {
            None => &mut self.primary.by_hand,
            Some(place) => &mut self.replicas[place].by_hand,
        };
        by_hand.seen = changes;
        let who = of.checked_sub(1).map_or_else(|| name(1), node);
        self.view.probed(&who, outcome, now);
    }

    fn primary_says(&self) -> NodeReport {
        let mut report = primary_report(0);
        let strangers = self.flaw != Flaw::IgnoresStrangers;
        let acks_under_way = self.flaw != Flaw::IgnoresAcksUnderWay;
        let connected = self.replicas.iter().enumerate().filter(|(i, replica)| {
            let listed = *i < self.known() || strangers;
            listed && replica.connected && (replica.receives || acks_under_way)
        });
        report.replicas = connected
            .map(|(i, _)| uuid(u32::try_from(i).unwrap() + 2))
            .collect();
        report.executed = up_to(self.primary.committed);
        let semi_sync = report.semi_sync.as_mut().unwrap();
        let trusting = self.flaw == Flaw::TrustsAFallBack;
        semi_sync.source_enabled = trusting || self.primary.waits_for > 0;
        semi_sync.source_active = semi_sync.source_enabled;
        semi_sync.wait_for_acks = self.primary.waits_for.max(1);
        let waiting = self.primary.written - self.primary.committed;
        if self.flaw != Flaw::IgnoresWaiting {
            semi_sync.waiting_sessions = u32::try_from(waiting).unwrap();
        }
        semi_sync.clients = u32::try_from(report.replicas.len()).unwrap();
        report
    }

    fn replica_says(&self, place: usize) -> NodeReport {
        let replica = &self.replicas[place];
        let mut report = replica_report(u32::try_from(place).unwrap() + 2);
        report.executed = up_to(replica.applied);
        let replication = report.replication.as_mut().unwrap();
        replication.received = up_to(replica.received);
        replication.receiver = match (replica.receives, replica.connected) {
            (false, _) => ReceiverState::Stopped,
            (true, false) => ReceiverState::Connecting,
            (true, true) => ReceiverState::Running,
        };
        report
    }

    /// A node is asked, looks and is heard at once, whatever was under way.
    fn sees(&mut self, of: usize) {
        self.at = self.at + Duration::from_millis(1);
        *self.question(of) = None;
        self.ask(of);
        self.look(of);
        self.at = self.at + Duration::from_millis(1);
        self.hear(of);
    }

    fn look_if_unseen(&mut self, i: usize) {
        if i < self.known() && self.replicas[i].by_hand.is_unseen() {
            self.sees(i + 1);
        }
    }

    // What Lictor orders.

    fn move_begins(&mut self, i: usize) {
        let replica = &mut self.replicas[i];
        if replica.order.is_none() {
            let what = ();
            replica.order = Some(Order { what, done: false });
            if self.flaw != Flaw::IgnoresMoves {
                self.view.move_begins(&node(i));
            }
        }
    }

    fn moves(&mut self, i: usize) {
        let replica = &mut self.replicas[i];
        if let Some(order) = replica.order.as_mut().filter(|_| replica.lives) {
            order.done = true;
            replica.receives = true;
        }
    }

    fn move_ends(&mut self, i: usize, ok: bool) {
        let replica = &mut self.replicas[i];
        if replica.order.is_none_or(|order| ok && !order.done) {
            return;
        }
        replica.late += u32::from(replica.order.take().is_some_and(|order| !order.done));
        if self.flaw != Flaw::IgnoresMoves {
            self.view.move_ends(&node(i), self.at);
        }
    }

    fn moves_late(&mut self, i: usize) {
        if let Some(left) = self.replicas[i].late.checked_sub(1) {
            self.replicas[i].late = left;
            self.start_by_hand(i);
        }
    }

    fn enforcing_begins(&mut self, acks: u32) {
        if self.primary.order.is_none() {
            self.primary.order = Some(Order {
                what: acks,
                done: false,
            });
            if self.flaw != Flaw::IgnoresOrders {
                self.view.enforcing_begins(acks);
            }
        }
    }

    fn enforces(&mut self) {
        if let Some(order) = self.primary.order.as_mut().filter(|order| !order.done) {
            order.done = true;
            let acks = order.what;
            self.let_commits_wait_for(acks);
        }
    }

    fn enforcing_ends(&mut self, ok: bool) {
        let order = self.primary.order;
        let Some(order) = order.filter(|order| !ok || order.done) else {
            return;
        };
        self.primary.order = None;
        if !order.done {
            self.primary.late.push((order.what, self.at + LATE));
        }
        if self.flaw != Flaw::IgnoresOrders {
            self.view.enforcing_ends(ok, self.at);
        }
    }

    fn enforces_late(&mut self) {
        let now = self.at;
        if let Some((acks, until)) = self.primary.late.pop()
            && now < until
        {
            self.let_commits_wait_for(acks);
        }
    }
}

fn answer(report: NodeReport) -> ProbeOutcome {
    ProbeOutcome::Answered {
        report: Box::new(report),
        latency: Duration::ZERO,
    }
}
