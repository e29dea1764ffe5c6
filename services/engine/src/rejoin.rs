//! What a node outside any failover needs so that the cluster is whole again:
//! the old primary comes back as a replica or is quarantined, a restarted
//! replica takes up replication, one is moved to where the tree wants it, a
//! writable replica is closed, and clients whom a closing by force has left out are
//! let in.
//!
//! Only what is certain is tended: it takes a fresh primary that its operator has
//! not closed, and errant transactions are judged only by a primary's report
//! that is not older than the node's.

use lictor_domain::report::ServerError;
use lictor_domain::{GtidSet, Mono, Node, NodeReport, Quarantine, ReceiverState, Replication};

use crate::errant::errant;
use crate::fencing::Fenced;
use crate::message::Care;
use crate::replica::leads_to_primary;
use crate::timing::Timing;
use crate::tree::Moment;
use crate::view::{ClusterView, NodeView};

/// What this node needs now, if anything.
#[must_use]
pub fn care(view: &ClusterView, node: &Node, timing: &Timing, now: Mono) -> Option<Care> {
    let replica = view.node(&node.name);
    let report = replica.fresh_report(now, timing.reader_patience)?;
    let is_primary = node.name == view.cluster.primary;
    if report.offline_by_lictor && (is_primary || is_closed(report)) {
        return Some(Care::LetClientsIn);
    }
    if is_primary {
        return primary_care(view, report, timing, now);
    }
    let primary = view.primary().fresh_report(now, timing.reader_patience)?;
    let open = primary.writability.accepts_writes();
    if !is_closed(report) {
        return (open || is_back(view, primary)).then_some(Care::Close);
    }
    if !open {
        return None;
    }
    if !judged_by_newer_primary(view, replica) {
        return None;
    }
    let moment = Moment { view, timing, now };
    replica_care(moment, node, report, replica.returned)
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
    leads_to_primary(view, report) && report.replication.as_ref().is_some_and(running)
}

fn is_closed(report: &NodeReport) -> bool {
    report.writability == lictor_domain::Writability::SuperReadOnly
}

fn judged_by_newer_primary(view: &ClusterView, node: &NodeView) -> bool {
    match (&view.primary().answer, &node.answer) {
        (Some(primary), Some(node)) => primary.asked() >= node.at,
        _ => false,
    }
}

/// A primary that restarted before anyone was promoted is opened again; one
/// that an operator closed is left alone, and so is one that has lost what a
/// replica still holds. It looks at everyone once, but waits for nobody: all that was ever
/// acknowledged is in its own binary log. Foreign transactions of a replica,
/// such as a former primary's last ones, are that replica's trouble.
fn primary_care(
    view: &ClusterView,
    report: &NodeReport,
    timing: &Timing,
    now: Mono,
) -> Option<Care> {
    if report.writability.accepts_writes() {
        return report.replication.is_some().then_some(Care::Detach);
    }
    if !is_back(view, report) {
        return None;
    }
    let is_fine = |(node, replica): (&Node, &NodeView)| {
        let theirs = replica.fresh_report(now, timing.reader_patience);
        let fine = |theirs: &NodeReport| {
            !theirs.writability.accepts_writes() && lost(report, theirs).is_empty()
        };
        let seen = replica.answer.is_some() || replica.silence.is_some();
        node.quarantine.is_some() || (seen && theirs.is_none_or(fine))
    };
    view.replicas().all(is_fine).then(|| Care::Reopen {
        fenced: Fenced::nobody_else(),
    })
}

/// What the primary numbered and holds no more: its disk has lost commits.
pub(crate) fn lost(primary: &NodeReport, replica: &NodeReport) -> GtidSet {
    let missing = replica.holds().subtract(&primary.executed);
    missing.subtract(&missing.without_origin(primary.server_uuid.0))
}

/// Whether a closed primary was closed by its boot. We saw it go and come back,
/// or nobody led meanwhile: a boot turns the semi-sync source side off, and an
/// operator who closes a primary leaves it on. Where commits waited for nobody, as
/// the policy lets them, it was off before, and what an operator closed is opened.
fn is_back(view: &ClusterView, primary: &NodeReport) -> bool {
    let demanded = view.cluster.policy.durability.acks() > 0;
    let source = primary.semi_sync.as_ref();
    let rebooted = demanded && source.is_some_and(|semi_sync| !semi_sync.source_enabled);
    view.primary().returned || rebooted
}

fn replica_care(
    moment: Moment<'_>,
    node: &Node,
    report: &NodeReport,
    returned: bool,
) -> Option<Care> {
    let view = moment.view;
    // Its GTIDs promise data that it may not have.
    if node.quarantine.as_ref().is_some_and(|it| it.incomplete) {
        return None;
    }
    let errant = errant(view, &node.name)?;
    let source = &moment.source(&node.name)?.address;
    let replication = report.replication.as_ref();
    let following = replication.is_some_and(|replication| replication.source == *source);
    let receives = replication.is_some_and(|it| it.receiver != ReceiverState::Stopped);
    if !errant.is_empty() {
        let quarantine = Quarantine {
            reason: format!(
                "it holds transactions that the primary never had: {}",
                errant.summary(6)
            ),
            errant,
            incomplete: false,
        };
        let known = node.quarantine.as_ref() == Some(&quarantine);
        // One that was opened and died before it forgot its source follows by its
        // settings only.
        let stays = following && receives;
        return (!stays && !known).then_some(Care::Quarantine(Some(quarantine)));
    }
    if node.quarantine.is_some() {
        return Some(Care::Quarantine(None));
    }
    let replication = replication.filter(|_| !is_source(report));
    let Some(replication) = replication.filter(|it| following || is_movable(view, it)) else {
        let source = source.clone();
        return Some(Care::Follow { source });
    };
    if !following {
        let source = source.clone();
        return Some(Care::Move { source });
    }
    let idle = replication.receiver == ReceiverState::Stopped || !replication.applier_running;
    let broken = replication.receiver_error.as_ref().is_some_and(is_lasting);
    (returned && idle && !broken && replication.applier_error.is_none()).then_some(Care::Resume)
}

/// Whether it follows a node of the cluster already, so that only its source
/// need change: what it has received, and perhaps acknowledged, stays.
fn is_movable(view: &ClusterView, replication: &Replication) -> bool {
    let known = view
        .cluster
        .nodes
        .iter()
        .any(|node| node.address == replication.source);
    known && replication.auto_position && replication.applier_running
}

/// Whether it would wait for acknowledgements itself: a former primary or a
/// withdrawn candidate, whose applier is frozen by it.
fn is_source(report: &NodeReport) -> bool {
    let semi_sync = report.semi_sync.as_ref();
    semi_sync.is_some_and(|semi_sync| semi_sync.source_enabled)
}

/// Numbers from 2000 on are the client library's, such as a lost connection:
/// they stay behind when a receiver is stopped while it connects.
const fn is_lasting(error: &ServerError) -> bool {
    error.number < 2000 || error.number > 2999
}
