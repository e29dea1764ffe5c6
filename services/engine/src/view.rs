//! What is known of a cluster's nodes right now: the last words of each, and
//! since when it is silent. Facts only; `verdict` and `analysis` say what they
//! mean.

mod node;

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_domain::report::{Knock, SemiSync};
use lictor_domain::{
    Cluster, Epoch, GtidSet, Mono, Node, NodeName, NodeReport, ProbeOutcome, Quarantine,
    ReceiverState, Replication, ServerUuid,
};

pub use self::node::{Answer, Entrusted, Idle, NodeView, Silence};
use crate::guard::{self, Renewal};
use crate::replica;
use crate::witness::Witnesses;

/// A cluster and what is known of its nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterView {
    /// The cluster as Lictor remembers it.
    pub cluster: Cluster,
    /// Since when it is watched.
    pub watched_since: Mono,
    /// When this leader opened or adopted the primary, or began to watch.
    epoch_began: Mono,
    nodes: BTreeMap<NodeName, NodeView>,
    /// Acknowledgements that commits may have been told to wait for, until the
    /// primary itself says what they do.
    told: Option<Told>,
    /// The fewest acknowledgements demanded by the orders under way to open
    /// another primary.
    opening: Option<u32>,
    /// The primary as this leader opened it, if it did.
    opened: Option<Opened>,
    /// What the primary held when another leader opened it, as far as a store
    /// tells.
    remembered: Option<GtidSet>,
    /// What the other instances of the control plane say.
    pub(crate) witnesses: Witnesses,
}

/// What is known of a primary from its opening, before it has said anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// All it held.
    pub holds: GtidSet,
    /// So many acknowledgements its commits wait for, without any fall-back: it
    /// was told so together with the opening.
    pub acks: u32,
    /// Who was connected to it when it was last seen before; `None` if it was not.
    pub replicas: Option<Vec<ServerUuid>>,
}

/// The last order to the primary about what commits wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    /// The fewest acknowledgements of the orders under way.
    acks: u32,
    /// What the primary says of a moment after this counts; `None` while a
    /// hand is at it.
    over: Option<Mono>,
}

/// A server that did not do what it was told in time may still do it so long.
pub(crate) const LATE: Duration = Duration::from_secs(10);

impl ClusterView {
    /// A cluster of which nothing has been seen yet.
    #[must_use]
    pub fn new(cluster: Cluster, now: Mono) -> Self {
        let nodes = cluster
            .nodes
            .iter()
            .map(|node| (node.name.clone(), NodeView::default()))
            .collect();
        Self {
            cluster,
            watched_since: now,
            epoch_began: now,
            nodes,
            told: None,
            opening: None,
            opened: None,
            remembered: None,
            witnesses: Witnesses::default(),
        }
    }

    /// Takes over a changed definition, keeping what is known of its nodes.
    pub fn redefine(&mut self, cluster: Cluster) {
        let known = std::mem::take(&mut self.nodes);
        let (epoch_began, told, opening) = (self.epoch_began, self.told, self.opening);
        *self = Self {
            epoch_began,
            told,
            opening,
            opened: self.opened.take(),
            remembered: self.remembered.take(),
            witnesses: std::mem::take(&mut self.witnesses),
            ..Self::new(cluster, self.watched_since)
        };
        for (name, view) in known {
            if let Some(slot) = self.nodes.get_mut(&name) {
                *slot = view;
            }
        }
    }

    /// What is known of a node; an unknown name gives an empty view.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> &NodeView {
        const NOTHING: &NodeView = &NodeView {
            answer: None,
            silence: None,
            alive_at: None,
            connection_lost: None,
            returned: false,
            entrusted: None,
            fresh_as_of: None,
            idle: None,
            seeking_since: None,
            heard_at: None,
            moving: false,
            moved_at: None,
            stalled_since: None,
            starved_since: None,
            guard: None,
        };
        self.nodes.get(name).unwrap_or(NOTHING)
    }

    /// What is known of the primary.
    #[must_use]
    pub fn primary(&self) -> &NodeView {
        self.node(&self.cluster.primary)
    }

    /// The primary's definition.
    #[must_use]
    pub fn primary_node(&self) -> Option<&Node> {
        self.cluster.node(&self.cluster.primary)
    }

    /// The same view, but for what the primary said last, and for how few
    /// acknowledgements its commits may have waited by then.
    #[must_use]
    pub fn with_last_words(&self, answer: Option<Answer>, acks: u32) -> Self {
        let mut view = self.clone();
        let primary = view.cluster.primary.clone();
        view.with(&primary, |node| node.answer = answer);
        view.told = Some(Told { acks, over: None });
        view
    }

    /// Every node but the primary, with what is known of it.
    pub fn replicas(&self) -> impl Iterator<Item = (&Node, &NodeView)> {
        self.cluster
            .replicas()
            .map(|node| (node, self.node(&node.name)))
    }

    /// Whether a report says that this replica is told to follow the primary.
    #[must_use]
    pub fn follows_primary(&self, report: &NodeReport) -> bool {
        let primary = self.primary_node();
        let source = report.replication.as_ref().map(|r| &r.source);
        primary.is_some_and(|primary| source == Some(&primary.address))
    }

    /// Whether a report says that this replica receives from the primary, or
    /// tries to.
    #[must_use]
    pub fn receives_from_primary(&self, report: &NodeReport) -> bool {
        let running = |replication: &Replication| replication.receiver != ReceiverState::Stopped;
        self.follows_primary(report) && report.replication.as_ref().is_some_and(running)
    }

    /// Whether a replica with this report may receive from the primary, or try
    /// to: unless it says for sure that it receives from nobody or from another.
    /// An address that no node has may lead to any.
    fn may_receive_from_primary(&self, report: &NodeReport) -> bool {
        let receiving = |replication: &&Replication| replication.receiver != ReceiverState::Stopped;
        let Some(replication) = report.replication.as_ref().filter(receiving) else {
            return false;
        };
        let connected = replication.receiver == ReceiverState::Running;
        let source = self
            .cluster
            .nodes
            .iter()
            .find(|node| node.address == replication.source);
        let primary = self.primary_node().map(|primary| primary.server_uuid);
        match (replication.source_uuid, source) {
            (Some(uuid), _) if Some(uuid) == primary => true,
            (_, Some(source)) => source.name == self.cluster.primary,
            (Some(_), None) => !connected,
            (None, None) => true,
        }
    }

    /// Takes in the end of a probe.
    pub fn probed(&mut self, name: &NodeName, outcome: ProbeOutcome, now: Mono) {
        let outcome = self.refuse_strangers(name, outcome);
        if let Some(asked) = self.outdated(name, &outcome, now) {
            self.with(name, |view| view.gave_a_sign(asked, now));
            return;
        }
        self.with(name, |view| view.probed(outcome, now));
        self.note_told(name);
        self.note_freshness(name, now);
        self.note_acknowledging(name, now);
    }

    /// A node's agent has asked for a lease, and is told `answer`.
    pub fn renewed(
        &mut self,
        name: &NodeName,
        renewal: &Renewal,
        answer: guard::Answer,
        now: Mono,
    ) {
        self.with(name, |view| {
            if let Some(guard) = &mut view.guard {
                guard.renewed(renewal, answer, now);
            }
        });
    }

    /// Whether a node has said, when it was asked since this primacy began, that
    /// it takes no writes.
    #[must_use]
    pub fn is_closed_in_epoch(&self, name: &NodeName) -> bool {
        let answer = self.node(name).answer.as_ref();
        answer.is_some_and(|answer| answer.asked() >= self.epoch_began && !is_open(&answer.report))
    }

    /// Takes in the end of a knock.
    pub fn knocked(&mut self, name: &NodeName, knock: &Knock, now: Mono) {
        self.with(name, |view| view.knocked(knock, now));
        self.note_acknowledging(name, now);
    }

    /// Takes in the end of a standing connection.
    pub fn connection_lost(&mut self, name: &NodeName, now: Mono) {
        self.with(name, |view| {
            view.connection_lost.get_or_insert(now);
        });
    }

    /// A returned node takes part again, by its last answer; whether it needs no
    /// eye any more, because nothing that it was told before can come late.
    pub fn settle(&mut self, name: &NodeName, now: Mono) -> bool {
        let node = self.node(name);
        let asked = node.answer.as_ref().map(Answer::asked);
        let moved = node.moved_at.is_some_and(|moved| asked < Some(moved));
        let late = match node.entrusted {
            None => false,
            Some(Entrusted::Unheard) => true,
            Some(Entrusted::Heard(at)) => now.since(at) < LATE,
        };
        let settled = !moved && !late;
        self.with(name, |view| {
            view.returned &= !settled;
            view.entrusted = view.entrusted.filter(|_| !settled);
        });
        settled
    }

    /// Keeps a node out of every pool, or lets it back.
    pub fn quarantine(&mut self, name: &NodeName, quarantine: Option<Quarantine>) {
        let nodes = &mut self.cluster.nodes;
        if let Some(node) = nodes.iter_mut().find(|node| node.name == *name) {
            node.quarantine = quarantine;
        }
    }

    /// Lictor stopped its receiver, or closed it, for a recovery that is over: it
    /// is Lictor's to start or open it again, also when a command that was given
    /// up takes effect only now.
    pub fn entrust(&mut self, name: &NodeName, now: Mono) {
        self.with(name, |view| {
            view.returned = true;
            view.entrusted = Some(Entrusted::Unheard);
            view.moved_at = Some(now);
        });
    }

    /// A command is sent that makes the node receive from the primary.
    pub fn move_begins(&mut self, name: &NodeName) {
        self.with(name, |view| {
            view.moving = true;
            view.idle = None;
        });
    }

    /// That command ended, well or not.
    pub fn move_ends(&mut self, name: &NodeName, now: Mono) {
        self.with(name, |view| {
            if view.moving {
                view.moving = false;
                view.idle = None;
                view.moved_at = Some(now);
            }
        });
    }

    /// Another primacy has begun: nothing known of who acknowledged to the old
    /// primary says anything about the new one, and what the new one said while
    /// it was closed says nothing of it as a primary. A node without a process
    /// is idle from the very beginning.
    ///
    /// `holds` is all the primary held when it was opened.
    pub fn begin_epoch(&mut self, epoch: Epoch, primary: NodeName, holds: GtidSet, now: Mono) {
        let demanded = self.cluster.policy.durability.acks();
        let report = self.node(&primary).report();
        let opened = Opened {
            holds,
            acks: self.opening.map_or(demanded, |acks| acks.min(demanded)),
            replicas: report.map(|report| report.replicas.clone()),
        };
        self.enter_epoch(epoch, primary, Idle::AllEpoch, now);
        self.opened = Some(opened);
    }

    /// A node is told to open, with what the policy demands at this moment.
    pub fn opening_begins(&mut self) {
        let demanded = self.cluster.policy.durability.acks();
        self.opening = Some(self.opening.map_or(demanded, |acks| acks.min(demanded)));
    }

    /// A primacy that began under another leader gets a number of this one's:
    /// who has no process now may have acknowledged before.
    pub fn take_over_epoch(&mut self, epoch: Epoch, primary: NodeName, now: Mono) {
        self.enter_epoch(epoch, primary, Idle::Since(now), now);
    }

    fn enter_epoch(&mut self, epoch: Epoch, primary: NodeName, idle: Idle, now: Mono) {
        for view in self.nodes.values_mut() {
            view.idle = (view.refused() && !view.moving).then_some(idle);
        }
        self.with(&primary, |view| {
            view.answer = view.answer.take().filter(|answer| is_open(&answer.report));
            // Its agent may be bound since an earlier primacy of it: it is to say so.
            if let Some(guard) = &mut view.guard {
                guard.ends = None;
            }
        });
        self.remembered = self
            .remembered
            .take()
            .filter(|_| primary == self.cluster.primary);
        self.cluster.epoch = epoch;
        self.cluster.primary = primary;
        self.epoch_began = now;
        self.told = None;
        self.opening = None;
        self.opened = None;
    }

    /// Another leader opened the primary when it held this: whoever takes its
    /// place must hold it too, also when the primary never says so itself.
    pub fn remember_opening(&mut self, holds: Option<&GtidSet>) {
        self.remembered = holds.cloned();
    }

    /// The primary as this leader opened it, unless it has spoken since.
    #[must_use]
    pub fn opened(&self) -> Option<&Opened> {
        let silent = self.primary().report().is_none();
        self.opened.as_ref().filter(|_| silent)
    }

    /// What the primary is known to have committed: by its last answer, or,
    /// before the first one, by what it held when it was opened.
    #[must_use]
    pub fn committed(&self) -> Option<&GtidSet> {
        let report = self.primary().report();
        report
            .map(|report| &report.executed)
            .or(self.opened().map(|opened| &opened.holds))
            .or(self.remembered.as_ref())
    }

    /// How few acknowledgements a commit of the primary may have waited for
    /// since its last answer: what was acknowledged before is in that answer. One
    /// that was closed by then acknowledges nothing before it is opened to wait
    /// for what is demanded; a boot turns its settings off.
    #[must_use]
    pub fn effective_acks(&self) -> u32 {
        let demanded = self.cluster.policy.durability.acks();
        let report = self.primary().report().filter(|report| is_open(report));
        let said = report.and_then(|report| report.semi_sync.as_ref());
        let said = said.map(SemiSync::level);
        let said = said.or(self.opened().map(|opened| opened.acks));
        let said = said.unwrap_or(demanded);
        let told = self.told.map_or(demanded, |told| told.acks);
        demanded.min(said).min(told)
    }

    /// The primary is told to let commits wait for so many acknowledgements.
    pub fn enforcing_begins(&mut self, acks: u32) {
        let acks = self.told.map_or(acks, |told| told.acks.min(acks));
        self.told = Some(Told { acks, over: None });
    }

    /// That ended, well or not.
    pub fn enforcing_ends(&mut self, well: bool, now: Mono) {
        let over = if well { now } else { now + LATE };
        if let Some(told) = self.told.as_mut().filter(|told| told.over.is_none()) {
            told.over = Some(over);
        }
    }

    fn note_told(&mut self, name: &NodeName) {
        let asked = self.node(name).answer.as_ref().map(Answer::asked);
        let over = self.told.and_then(|told| told.over);
        if *name == self.cluster.primary && over.is_some() && asked >= over {
            self.told = None;
        }
    }

    fn with(&mut self, name: &NodeName, change: impl FnOnce(&mut NodeView)) {
        if let Some(view) = self.nodes.get_mut(name) {
            change(view);
        }
    }

    /// Another server at a node's address is not that node.
    fn refuse_strangers(&self, name: &NodeName, outcome: ProbeOutcome) -> ProbeOutcome {
        let expected = self.cluster.node(name).map(|node| node.server_uuid);
        match outcome {
            ProbeOutcome::Answered { report, .. } if Some(report.server_uuid) != expected => {
                ProbeOutcome::Broken {
                    reason: format!(
                        "another server answers there, with server_uuid {}",
                        report.server_uuid
                    ),
                }
            }
            other => other,
        }
    }

    /// Remembers as of when a replica's data is complete; a lag behind a source
    /// astray says nothing of that.
    fn note_freshness(&mut self, name: &NodeName, now: Mono) {
        let report = replica::current(self.node(name));
        let as_of = report.and_then(|report| self.complete_as_of(report, now));
        if as_of.is_some() {
            self.with(name, |view| view.fresh_as_of = as_of);
        }
    }

    /// As of when a replica with this report has all of the primary's data: no
    /// later than its own source.
    fn complete_as_of(&self, report: &NodeReport, now: Mono) -> Option<Mono> {
        let way = replica::way_up(self, report)?;
        let by_itself = now - report.replication.as_ref()?.lag?;
        match way.first() {
            None => Some(by_itself),
            Some(source) => Some(by_itself.min(self.node(&source.name).fresh_as_of?)),
        }
    }

    /// When the primary's answer was asked for, if that was before it was opened.
    fn outdated(&self, name: &NodeName, outcome: &ProbeOutcome, now: Mono) -> Option<Mono> {
        let ProbeOutcome::Answered { report, latency } = outcome else {
            return None;
        };
        let asked = now - *latency;
        let outdated =
            *name == self.cluster.primary && asked < self.epoch_began && !is_open(report);
        outdated.then_some(asked)
    }

    /// Remembers since when a replica cannot acknowledge anything to the
    /// primary: its process is gone, or it says itself that it does not follow.
    /// One that is silent otherwise may have begun to follow meanwhile.
    fn note_acknowledging(&mut self, name: &NodeName, now: Mono) {
        let view = self.node(name);
        let idle = match (&view.silence, &view.answer) {
            (Some((Silence::Refused, _)), _) => !view.moving,
            (None, Some(answer)) => {
                let told_since = view.moved_at.is_some_and(|at| answer.asked() < at);
                !view.moving && !told_since && !self.may_receive_from_primary(&answer.report)
            }
            _ => false,
        };
        self.with(name, |view| {
            view.idle = idle.then(|| view.idle.unwrap_or(Idle::Since(now)));
        });
    }
}

fn is_open(report: &NodeReport) -> bool {
    report.writability.accepts_writes()
}
