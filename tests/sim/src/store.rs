//! What lasts when a leader dies: the cluster's definition and its recoveries.
//! Postgres keeps both; an intent may also be in Consul alone.
//!
//! A leader's notes are written in order, each some time after it was made; the
//! notes that a dying leader had not written are lost, and those of an older
//! term are refused.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use lictor_domain::{
    AbortReason, Cluster, Epoch, NodeName, Quarantine, Rebuild, RebuildId, Recovery, RecoveryId,
    RecoveryKind, RecoveryOutcome,
};
use lictor_engine::keeper::Inheritance;
use lictor_engine::leadership::{self, PerStore};

use crate::agenda::Micros;
use crate::leader::Reign;

/// Something to be written.
#[derive(Clone, Debug)]
pub enum Note {
    /// Who is primary, since which epoch.
    Primacy(Epoch, NodeName),
    /// A recovery as it stands, and when it ended.
    Recovery(Box<Recovery>, DateTime<Utc>),
    /// A node's quarantine.
    Quarantine(NodeName, Option<Quarantine>),
    /// A rebuild that begins, with its node's quarantine.
    Begins(Box<Rebuild>, Quarantine),
    /// A rebuild as it stands.
    Rebuild(Box<Rebuild>),
}

/// What both stores hold, taken as one.
#[derive(Debug)]
pub struct Store {
    cluster: Cluster,
    recoveries: BTreeMap<RecoveryId, Recovery>,
    done_at: Vec<DateTime<Utc>>,
    /// The rebuild that runs.
    rebuild: Option<Rebuild>,
    queues: BTreeMap<Reign, VecDeque<(Micros, Note)>>,
    /// Older terms write nothing any more.
    fence: Reign,
    out_until: PerStore<Micros>,
}

impl Store {
    /// Stores that hold a fresh cluster.
    #[must_use]
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            recoveries: BTreeMap::new(),
            done_at: Vec::new(),
            rebuild: None,
            queues: BTreeMap::new(),
            fence: 0,
            out_until: PerStore::default(),
        }
    }

    /// A store does not answer until then.
    pub fn fail_until(&mut self, store: leadership::Store, until: Micros) {
        let out_until = self.out_until.get_mut(store);
        *out_until = until.max(*out_until);
    }

    /// Whether a store answers.
    #[must_use]
    pub const fn answers(&self, store: leadership::Store, now: Micros) -> bool {
        now >= *self.out_until.get(store)
    }

    /// Whether either of them does: enough for an intent.
    #[must_use]
    pub fn any_answers(&self, now: Micros) -> bool {
        self.out_until.both().into_iter().any(|until| now >= *until)
    }

    /// Older terms write nothing any more.
    pub fn fence(&mut self, reign: Reign) {
        self.fence = self.fence.max(reign);
    }

    /// The cluster as it is stored.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Changes the definition; whether this term may.
    pub fn redefine(&mut self, reign: Reign, change: impl FnOnce(&mut Cluster)) -> bool {
        let current = reign >= self.fence;
        if current {
            change(&mut self.cluster);
        }
        current
    }

    /// A leader's process is paused, and writes nothing meanwhile.
    pub fn hold_back(&mut self, reign: Reign, until: Micros) {
        for (at, _) in self.queues.entry(reign).or_default() {
            *at = until.max(*at);
        }
    }

    /// Takes a leader's note that is written after `delay`, behind those before it.
    pub fn note(&mut self, reign: Reign, note: Note, now: Micros, delay: Micros) {
        let queue = self.queues.entry(reign).or_default();
        let last = queue.back().map_or(0, |(at, _)| *at);
        queue.push_back((last.max(now + delay), note));
    }

    /// Writes a recovery's intent now; whether its term may still write.
    pub fn intend(&mut self, reign: Reign, recovery: Recovery) -> bool {
        let current = reign >= self.fence;
        if current {
            self.keep(recovery);
        }
        current
    }

    /// A record never falls back to what it said earlier.
    fn keep(&mut self, recovery: Recovery) {
        let held = self.recoveries.get(&recovery.id);
        if held.is_none_or(|held| held.standing() <= recovery.standing()) {
            self.recoveries.insert(recovery.id, recovery);
        }
    }

    /// The recoveries that are stored.
    pub fn recoveries(&self) -> impl Iterator<Item = &Recovery> {
        self.recoveries.values()
    }

    /// Whether a recovery runs, as far as is stored.
    #[must_use]
    pub fn runs(&self, id: RecoveryId) -> bool {
        let held = self.recoveries.get(&id);
        held.is_some_and(|held| held.outcome == RecoveryOutcome::Running)
    }

    /// Whether it knows that a recovery may open this node.
    #[must_use]
    pub fn has_intent(&self, id: RecoveryId, node: &NodeName) -> bool {
        let held = self.recoveries.get(&id);
        held.is_some_and(|held| held.new_primary.as_ref() == Some(node))
    }

    /// Writes what is due; the rebuilds that are stored as begun thereby.
    pub fn write(&mut self, now: Micros) -> Vec<(Reign, RebuildId)> {
        if !self.answers(leadership::Store::Postgres, now) {
            return vec![];
        }
        self.queues.retain(|term, _| *term >= self.fence);
        let mut due = Vec::new();
        for (reign, queue) in &mut self.queues {
            while queue.front().is_some_and(|(at, _)| *at <= now) {
                due.extend(queue.pop_front().map(|(_, note)| (*reign, note)));
            }
        }
        let mut begun = vec![];
        for (reign, note) in due {
            if let Note::Begins(record, _) = &note {
                begun.push((reign, record.id));
            }
            self.apply(note);
        }
        begun
    }

    /// A leader is gone, and with it what it had not written.
    pub fn forget_notes(&mut self, reign: Reign) {
        self.queues.remove(&reign);
    }

    /// Another leader begins: older terms write nothing any more. Of several
    /// recoveries that run according to the store only the newest can have been
    /// under way.
    pub fn begin(&mut self, reign: Reign) {
        self.fence(reign);
        self.queues.retain(|term, _| *term >= reign);
        let newest = self.inheritance().unfinished.map(|recovery| recovery.id);
        let left = self.recoveries.values_mut().filter(|recovery| {
            recovery.outcome == RecoveryOutcome::Running && Some(recovery.id) != newest
        });
        for recovery in left {
            let reason = AbortReason::LeadershipLost;
            recovery.outcome = RecoveryOutcome::Aborted { reason };
        }
    }

    /// What the next leader finds.
    #[must_use]
    pub fn inheritance(&self) -> Inheritance {
        let running = |recovery: &&Recovery| recovery.outcome == RecoveryOutcome::Running;
        Inheritance {
            cluster: self.cluster.clone(),
            unfinished: self
                .recoveries
                .values()
                .filter(running)
                .max_by_key(|recovery| recovery.epoch)
                .cloned(),
            done_at: self.done_at.clone(),
            given_up: self.given_up(),
            last_done: self.last_done(),
            rebuild: self.rebuild.clone(),
        }
    }

    fn last_done(&self) -> Option<Recovery> {
        let done = |recovery: &&Recovery| recovery.outcome == RecoveryOutcome::Done;
        let done = self.recoveries.values().filter(done);
        done.max_by_key(|recovery| recovery.epoch).cloned()
    }

    /// No run takes longer than what is given up stays of interest.
    fn given_up(&self) -> Vec<Recovery> {
        let given_up =
            |recovery: &&Recovery| matches!(recovery.outcome, RecoveryOutcome::Aborted { .. });
        self.recoveries.values().filter(given_up).cloned().collect()
    }

    fn apply(&mut self, note: Note) {
        match note {
            Note::Primacy(epoch, primary) => {
                self.cluster.epoch = epoch;
                self.cluster.primary = primary;
            }
            Note::Recovery(recovery, at) => {
                let failover = recovery.kind == RecoveryKind::Failover;
                if failover && recovery.outcome == RecoveryOutcome::Done {
                    self.done_at.push(at);
                }
                self.keep(*recovery);
            }
            Note::Begins(record, quarantine) => {
                let name = record.node.clone();
                self.rebuild = Some(*record);
                self.apply(Note::Quarantine(name, Some(quarantine)));
            }
            Note::Rebuild(record) => {
                let is_other = self.rebuild.as_ref().is_some_and(|it| it.id != record.id);
                match record.finished_at {
                    None => self.rebuild = Some(*record),
                    Some(_) if is_other => {}
                    Some(_) => self.rebuild = None,
                }
            }
            Note::Quarantine(name, quarantine) => {
                let mut nodes = self.cluster.nodes.iter_mut();
                if let Some(known) = nodes.find(|known| known.name == name) {
                    known.quarantine = quarantine;
                }
            }
        }
    }
}
