//! What lasts when a leader dies: the cluster's definition and its recoveries.
//!
//! A leader's notes are written in order, each some time after it was made; the
//! notes that a dying leader had not written are lost.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use lictor_domain::{
    AbortReason, Cluster, Epoch, NodeName, Quarantine, Recovery, RecoveryId, RecoveryOutcome,
};
use lictor_engine::keeper::Inheritance;

use crate::agenda::Micros;

/// Something to be written.
#[derive(Clone, Debug)]
pub enum Note {
    /// Who is primary, since which epoch.
    Primacy(Epoch, NodeName),
    /// A recovery as it stands, and when it ended.
    Recovery(Box<Recovery>, DateTime<Utc>),
    /// A node's quarantine.
    Quarantine(NodeName, Option<Quarantine>),
}

/// Both stores, taken as one.
#[derive(Debug)]
pub struct Store {
    cluster: Cluster,
    recoveries: BTreeMap<RecoveryId, Recovery>,
    done_at: Vec<DateTime<Utc>>,
    queue: VecDeque<(Micros, Note)>,
    out_until: Micros,
}

impl Store {
    /// Stores that hold a fresh cluster.
    #[must_use]
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            recoveries: BTreeMap::new(),
            done_at: Vec::new(),
            queue: VecDeque::new(),
            out_until: 0,
        }
    }

    /// Neither store answers until then.
    pub fn fail_until(&mut self, until: Micros) {
        self.out_until = self.out_until.max(until);
    }

    /// Whether a store answers.
    #[must_use]
    pub const fn answers(&self, now: Micros) -> bool {
        now >= self.out_until
    }

    /// Takes a note that is written after `delay`, behind those before it.
    pub fn note(&mut self, note: Note, now: Micros, delay: Micros) {
        let last = self.queue.back().map_or(0, |(at, _)| *at);
        self.queue.push_back((last.max(now + delay), note));
    }

    /// Writes a recovery's intent now.
    pub fn intend(&mut self, recovery: Recovery) {
        self.recoveries.insert(recovery.id, recovery);
    }

    /// Writes what is due.
    pub fn write(&mut self, now: Micros) {
        if !self.answers(now) {
            return;
        }
        while self.queue.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, note)) = self.queue.pop_front() {
                self.apply(note);
            }
        }
    }

    /// The leader is dead, and with it what it had not written. Of several
    /// recoveries that run according to the store only the newest can have been
    /// under way.
    pub fn forget_notes(&mut self) {
        self.queue.clear();
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
        }
    }

    fn apply(&mut self, note: Note) {
        match note {
            Note::Primacy(epoch, primary) => {
                self.cluster.epoch = epoch;
                self.cluster.primary = primary;
            }
            Note::Recovery(recovery, at) => {
                if recovery.outcome == RecoveryOutcome::Done {
                    self.done_at.push(at);
                }
                self.recoveries.insert(recovery.id, *recovery);
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
