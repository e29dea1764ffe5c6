//! Who is tended when: one hand at a time for each node, only by the mode or by
//! order, and only on what a node said since the last care ended. What a node
//! needs is said by `rejoin` and `durability`.

use std::time::Duration;

use lictor_domain::{Mode, Mono, NodeName, Now};

use super::Keeper;
use crate::message::{Care, Command};
use crate::view::Answer;
use crate::{durability, rejoin};

/// After care that failed, a node is left alone for this long.
pub(super) const CARE_PAUSE: Duration = Duration::from_secs(2);

/// Care that a node is getting, or got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tending {
    /// A hand is at it.
    Running,
    /// A hand is opening it for writes: until that has ended, nobody else may be.
    Opening,
    /// Only reports after this moment count.
    Since(Mono),
}

impl Tending {
    pub(super) const fn is_running(self) -> bool {
        matches!(self, Self::Running | Self::Opening)
    }
}

impl Keeper {
    pub(super) fn tend(&mut self, now: Now) -> Vec<Command> {
        if self.inherited.is_some() {
            return vec![];
        }
        let mut commands = vec![];
        for node in self.view.cluster.nodes.clone() {
            if !self.is_ours(&node.name) || !self.may_tend(&node.name, now.mono) {
                continue;
            }
            let care = rejoin::care(&self.view, &node, &self.timing, now.mono)
                .or_else(|| durability::care(&self.view, &node, &self.timing, now.mono));
            match care {
                Some(care) => {
                    self.note_quarantine(&node.name, &care);
                    if matches!(care, Care::Quarantine(Some(_))) {
                        commands.extend(self.rebuilds.found_errant(&node.name, now));
                    }
                    let tending = match care {
                        Care::Reopen { .. } => Tending::Opening,
                        _ => Tending::Running,
                    };
                    self.tending.insert(node.name.clone(), tending);
                    commands.push(Command::Tend {
                        node: node.name,
                        care,
                    });
                    // The next one must not be sent to one that is being moved.
                    self.note_moves(commands.last());
                }
                None if rejoin::takes_part(&self.view, &node) => {
                    if self.view.settle(&node.name, now.mono) {
                        self.readmitted.remove(&node.name);
                    }
                    commands.extend(self.rebuilds.took_part(&node.name, now));
                }
                None => {}
            }
        }
        commands
    }

    /// Whether the node is ours to tend: the mode says so, an operator did, or it
    /// is what a recovery has begun.
    pub(super) fn is_ours(&self, node: &NodeName) -> bool {
        let told = self.readmitted.contains(node) || self.rebuilds.rejoins(node);
        let may = match self.view.cluster.mode() {
            Mode::Observe => false,
            Mode::Manual => told,
            Mode::Auto => true,
        };
        let known = self.view.cluster.node(node);
        let worked_on = known.is_some_and(|node| {
            node.maintenance.is_some() && node.name != self.view.cluster.primary
        });
        may && !worked_on && !self.rebuilds.holds(node)
    }

    /// A node is tended again only on a report asked for after the last care
    /// ended.
    pub(super) fn may_tend(&self, node: &NodeName, now: Mono) -> bool {
        let asked = self.view.node(node).answer.as_ref().map(Answer::asked);
        match self.tending.get(node) {
            None => true,
            Some(Tending::Running | Tending::Opening) => false,
            Some(Tending::Since(at)) => *at <= now && asked.is_some_and(|asked| asked >= *at),
        }
    }

    /// The keeper's own memory of a quarantine is the one that counts; the
    /// command makes it durable.
    pub(super) fn note_quarantine(&mut self, name: &NodeName, care: &Care) {
        if let Care::Quarantine(quarantine) = care {
            self.view.quarantine(name, quarantine.clone());
        }
    }

    pub(super) fn tended(&mut self, node: NodeName, result: &Result<(), String>, now: Mono) {
        let pause = if result.is_ok() {
            Duration::ZERO
        } else {
            CARE_PAUSE
        };
        self.tending.insert(node, Tending::Since(now + pause));
    }
}
