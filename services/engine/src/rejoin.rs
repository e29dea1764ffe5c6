//! What a node outside any failover needs so that the cluster is whole again:
//! the old primary comes back as a replica or is quarantined, a restarted
//! replica takes up replication, a writable replica is closed.
//!
//! Only what is certain is tended: it takes a fresh, writable primary (except to
//! open that primary itself), and errant transactions are judged only by a
//! primary's report that is not older than the node's.

use lictor_domain::{Mono, Node, NodeReport, Quarantine, ReceiverState, Replication};

use crate::errant::errant;
use crate::fencing::Fenced;
use crate::message::Care;
use crate::timing::Timing;
use crate::view::{ClusterView, NodeView};

/// What this node needs now, if anything.
#[must_use]
pub fn care(view: &ClusterView, node: &Node, timing: &Timing, now: Mono) -> Option<Care> {
    let replica = view.node(&node.name);
    let report = replica.fresh_report(now, timing.reader_patience)?;
    if node.name == view.cluster.primary {
        return primary_care(view, report, replica.returned, timing, now);
    }
    let primary = view.primary().fresh_report(now, timing.reader_patience)?;
    if !primary.writability.accepts_writes() {
        return None;
    }
    if !is_closed(report) {
        return Some(Care::Close);
    }
    if !judged_by_newer_primary(view, replica) {
        return None;
    }
    replica_care(view, node, report, replica.returned)
}

/// Whether a node that needs nothing takes part again.
#[must_use]
pub fn takes_part(view: &ClusterView, node: &Node) -> bool {
    let Some(report) = view.node(&node.name).report() else {
        return false;
    };
    if node.name == view.cluster.primary {
        return report.writability.accepts_writes();
    }
    let running = |replication: &Replication| {
        replication.receiver == ReceiverState::Running && replication.applier_running
    };
    view.follows_primary(report) && report.replication.as_ref().is_some_and(running)
}

fn is_closed(report: &NodeReport) -> bool {
    report.writability == lictor_domain::Writability::SuperReadOnly
}

fn judged_by_newer_primary(view: &ClusterView, node: &NodeView) -> bool {
    match (&view.primary().answer, &node.answer) {
        (Some(primary), Some(node)) => primary.at >= node.at,
        _ => false,
    }
}

/// A primary that restarted before anyone was promoted is opened again; one
/// that an operator closed is left alone.
fn primary_care(
    view: &ClusterView,
    report: &NodeReport,
    returned: bool,
    timing: &Timing,
    now: Mono,
) -> Option<Care> {
    if report.writability.accepts_writes() {
        return report.replication.is_some().then_some(Care::Detach);
    }
    if !returned {
        return None;
    }
    let everyone_within = view.replicas().all(|(node, replica)| {
        let known = replica.fresh_report(now, timing.reader_patience);
        node.quarantine.is_some()
            || known.is_some_and(|theirs| {
                !theirs.writability.accepts_writes()
                    && theirs.holds().is_subset_of(&report.executed)
            })
    });
    everyone_within.then(|| Care::Reopen {
        fenced: Fenced::nobody_else(),
    })
}

fn replica_care(
    view: &ClusterView,
    node: &Node,
    report: &NodeReport,
    returned: bool,
) -> Option<Care> {
    let errant = errant(view, &node.name).unwrap_or_default();
    let following = follows_well(view, report);
    if !errant.is_empty() {
        let quarantine = Quarantine {
            reason: format!(
                "it holds transactions that the primary never had: {}",
                errant.summary(6)
            ),
            errant,
        };
        let known = node.quarantine.as_ref() == Some(&quarantine);
        return (!following && !known).then_some(Care::Quarantine(Some(quarantine)));
    }
    if node.quarantine.is_some() {
        return Some(Care::Quarantine(None));
    }
    if !following {
        let source = view.primary_node()?.address.clone();
        return Some(Care::Follow { source });
    }
    let replication = report.replication.as_ref()?;
    let idle = replication.receiver == ReceiverState::Stopped || !replication.applier_running;
    let faultless = replication.receiver_error.is_none() && replication.applier_error.is_none();
    (returned && idle && faultless).then_some(Care::Resume)
}

/// Whether it is told to follow the primary, or a node that does.
fn follows_well(view: &ClusterView, report: &NodeReport) -> bool {
    let Some(replication) = &report.replication else {
        return false;
    };
    if view.follows_primary(report) {
        return true;
    }
    let intermediate = view
        .replicas()
        .find(|(node, _)| node.address == replication.source && node.quarantine.is_none());
    intermediate.is_some_and(|(_, source)| {
        source.silence.is_none()
            && source
                .report()
                .is_some_and(|report| view.follows_primary(report))
    })
}
