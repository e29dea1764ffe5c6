//! Whom each replica follows now: the nearest node above it in the wanted tree
//! that can give it the primary's data.
//!
//! A source below the primary is left once it is lost, which takes the same care
//! as with a primary: a silence has to last, and a replica that hears its source
//! knows better. It gets its replicas back when it has replicated for a while
//! without a break.
//!
//! A replica is only sent to a node above it in the tree, and only if that gets
//! the primary's data by a way on which the replica does not lie: nobody ever
//! follows himself round a circle. It leaves the primary only while others are
//! left to acknowledge: durability goes before the tree.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_domain::{Mono, Node, NodeName, NodeReport, ReceiverState, Replication};

use crate::replica::{current, is_faithful, way_up};
use crate::timing::Timing;
use crate::view::{Answer, ClusterView, NodeView, Silence};

/// A source that has replicated for so long without a break gets its replicas
/// back.
pub const BACK_AFTER: Duration = Duration::from_secs(5);

/// A moment in a cluster, at which it is asked who follows whom.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// What is known.
    pub view: &'a ClusterView,
    /// The times it is watched by.
    pub timing: &'a Timing,
    /// The moment.
    pub now: Mono,
}

impl<'a> Moment<'a> {
    /// Whom this node is to follow now; `None` for the primary.
    #[must_use]
    pub fn source(&self, name: &NodeName) -> Option<&'a Node> {
        let view = self.view;
        let primary = view.primary_node()?;
        let line = view.cluster.line(name);
        let serves = |above: &&&Node| {
            if above.name == primary.name {
                true
            } else if self.is_told_to_follow(name, above) {
                !self.is_lost_to(name, above)
            } else {
                self.is_ready_for(name, above)
            }
        };
        let source = line.iter().find(serves).copied()?;
        let leaves = source.name != primary.name && self.is_told_to_follow(name, primary);
        let kept = leaves && self.keeps_at_primary(name).is_some();
        Some(if kept { primary } else { source })
    }

    /// Whether it says that it is told to follow `source`.
    #[must_use]
    pub fn is_told_to_follow(&self, name: &NodeName, source: &Node) -> bool {
        let report = self.view.node(name).report();
        let replication = report.and_then(|report| report.replication.as_ref());
        replication.is_some_and(|replication| replication.source == source.address)
    }

    /// Whether `source` can give this node nothing, so that it has to leave it.
    #[must_use]
    pub fn is_lost_to(&self, name: &NodeName, source: &Node) -> bool {
        let seen = self.view.node(&source.name);
        let heard = self.is_told_to_follow(name, source) && self.hears(name);
        let gone = self.is_gone(seen) && !heard;
        gone || is_barred(self.view, source, seen)
    }

    /// Refused is certain at once; any other silence has to last, and one that
    /// turns us away is alive.
    fn is_gone(&self, seen: &NodeView) -> bool {
        let alive_at = seen.alive_at.unwrap_or(self.view.watched_since);
        let overdue = self.now.since(alive_at) >= self.timing.hang_threshold;
        match &seen.silence {
            Some((Silence::Refused, _)) => true,
            Some((Silence::Denied(_), _)) => false,
            Some(_) => overdue,
            None => seen.answer.is_none() && overdue,
        }
    }

    /// Whether this replica has heard its source lately, whatever that is to us.
    fn hears(&self, name: &NodeName) -> bool {
        let seen = self.view.node(name);
        let answer = seen.answer.as_ref().filter(|_| seen.silence.is_none());
        answer.is_some_and(|answer| {
            let replication = answer.report.replication.as_ref();
            replication
                .filter(|replication| replication.receiver == ReceiverState::Running)
                .and_then(|replication| {
                    let ago = replication.heard_ago? + self.now.since(answer.at);
                    Some(ago <= self.timing.silence(replication.heartbeat_period))
                })
                .unwrap_or_default()
        })
    }

    /// Whether this node may be sent to `source`.
    #[must_use]
    pub fn is_ready_for(&self, name: &NodeName, source: &Node) -> bool {
        self.not_ready_for(name, source).is_none()
    }

    /// Why this node may not be sent to `source`, a node below the primary, as a
    /// sentence.
    #[must_use]
    pub fn not_ready_for(&self, name: &NodeName, source: &Node) -> Option<String> {
        let view = self.view;
        let seen = view.node(&source.name);
        let Some(report) = seen.fresh_report(self.now, self.timing.reader_patience) else {
            return Some(format!("{} does not answer", source.name));
        };
        if is_barred(view, source, seen) {
            return Some(format!(
                "{} is kept out of every pool: it can give no sound data",
                source.name
            ));
        }
        let way = way_up(view, report).filter(|_| replicates(report));
        let Some(way) = way else {
            let primary = &view.cluster.primary;
            return Some(format!("{} does not replicate from {primary}", source.name));
        };
        if way.iter().any(|above| above.name == *name) {
            return Some(format!("{} gets its data through {name}", source.name));
        }
        let moving = |node: &NodeName| !is_settled(view.node(node));
        if moving(&source.name) || way.iter().any(|above| moving(&above.name)) {
            return Some(format!("{} is being moved itself", source.name));
        }
        let since = seen.seeking_since.map(|since| self.now.since(since));
        if since.is_none_or(|since| since < BACK_AFTER) {
            return Some(format!(
                "{} has not replicated for {} s without a break yet",
                source.name,
                BACK_AFTER.as_secs()
            ));
        }
        let held = view.node(name).report().map(NodeReport::holds);
        let purged = report.purged.subtract(&held.unwrap_or_default());
        (!purged.is_empty()).then(|| {
            format!(
                "{} has purged what {name} lacks: {}",
                source.name,
                purged.summary(4)
            )
        })
    }

    /// Why a replica of the primary may not leave it, as a sentence. Moved while
    /// its applier stands, it would lose what it has acknowledged and not applied.
    #[must_use]
    pub fn keeps_at_primary(&self, name: &NodeName) -> Option<String> {
        let view = self.view;
        let fresh = |seen: &'a NodeView| seen.fresh_report(self.now, self.timing.reader_patience);
        if !fresh(view.node(name)).is_some_and(replicates) {
            return Some(format!("{name} does not replicate"));
        }
        let acks = view.cluster.policy.durability.acks() as usize;
        let left = view.replicas().filter(|(node, seen)| {
            let acknowledges = |report: &NodeReport| {
                view.follows_primary(report)
                    && replicates(report)
                    && report.semi_sync.as_ref().is_some_and(|s| s.replica_active)
            };
            node.name != *name
                && node.quarantine.is_none()
                && is_settled(seen)
                && fresh(seen).is_some_and(acknowledges)
        });
        let left = left.count();
        (left < acks).then(|| {
            format!("without {name} only {left} replica(s) acknowledge commits, and {acks} must")
        })
    }
}

/// The followers that stay below another of them when `primary`, which is none of
/// them, takes over: their wanted
/// source is the one they follow already. Nobody stays where too few would be left
/// to acknowledge.
#[must_use]
pub fn staying<'a>(
    view: &'a ClusterView,
    followers: &BTreeSet<NodeName>,
    primary: &NodeName,
) -> Vec<(&'a Node, &'a Node)> {
    let mut after = view.cluster.clone();
    after.primary = primary.clone();
    let source_of = |name: &NodeName| {
        let wanted = after.wanted_source(name)?.name.clone();
        let source = view.cluster.node(&wanted)?;
        let replication = view.node(name).report()?.replication.as_ref()?;
        let sound = source.quarantine.is_none() && source.maintenance.is_none();
        (wanted != *primary
            && sound
            && followers.contains(&wanted)
            && replication.source == source.address)
            .then_some((view.cluster.node(name)?, source))
    };
    let staying: Vec<_> = followers.iter().filter_map(source_of).collect();
    let direct = followers.len() - staying.len();
    let enough = direct >= view.cluster.policy.durability.acks() as usize;
    if enough { staying } else { vec![] }
}

/// Whether it may give its data to nobody, however well it answers.
fn is_barred(view: &ClusterView, node: &Node, seen: &NodeView) -> bool {
    let able =
        |report: &NodeReport| report.log_bin && report.log_replica_updates && report.gtid_mode_on;
    let unable = current(seen).is_some_and(|report| !able(report));
    node.maintenance.is_some() || unable || !is_faithful(view, node, seen)
}

/// Whether what it said last of its source still holds.
fn is_settled(seen: &NodeView) -> bool {
    let asked = seen.answer.as_ref().map(Answer::asked);
    !seen.moving && seen.moved_at.is_none_or(|moved| asked >= Some(moved))
}

fn replicates(report: &NodeReport) -> bool {
    let runs = |replication: &Replication| {
        replication.receiver == ReceiverState::Running && replication.applier_running
    };
    report.replication.as_ref().is_some_and(runs)
}

#[cfg(test)]
mod tests;
