//! What became of a failover that another leader left unfinished.
//!
//! It had succeeded when the store names the primary of its epoch. It is adopted
//! when a replica was opened: it takes writes, or it follows nobody and another
//! follows it. It is void when nobody can have acknowledged anything in its
//! place. Until either is certain nothing is done: receivers started towards the
//! old primary could let it acknowledge beside a new one that is only silent.

use lictor_domain::{Node, NodeName, NodeReport, ReceiverState, Recovery};

use crate::replica::current;
use crate::view::{ClusterView, NodeView};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The primary of its epoch is the one we know.
    Known,
    /// This replica was opened: it is the primary.
    Adopted(NodeName),
    /// Nobody was opened, or nobody could write through it.
    Void,
}

/// What became of it, once that is certain.
pub(super) fn fate(view: &ClusterView, record: &Recovery) -> Option<Fate> {
    if view.cluster.epoch >= record.epoch {
        return Some(Fate::Known);
    }
    let unseen = view.cluster.nodes.iter().any(|node| {
        let node = view.node(&node.name);
        node.answer.is_none() && node.silence.is_none()
    });
    if unseen {
        return None;
    }
    let acks = view.cluster.policy.durability.acks().max(1) as usize;
    if let Some(node) = opened(view, acks) {
        return Some(Fate::Adopted(node));
    }
    let led = |node: &Node| may_have_been_opened(view, node) && ackers(view, node) >= acks;
    let void = !view.replicas().any(|(node, _)| led(node));
    void.then_some(Fate::Void)
}

/// A receiver that runs was not stopped for it, or was started again since.
fn may_have_been_opened(view: &ClusterView, node: &Node) -> bool {
    let Some(report) = current(view.node(&node.name)) else {
        return true;
    };
    !receives(view, report)
}

/// How many can have acknowledged what was written to this node.
fn ackers(view: &ClusterView, node: &Node) -> usize {
    let others = || reports(view).filter(|(other, _)| other.name != node.name);
    let follows = |report: &NodeReport| {
        let replication = report.replication.as_ref();
        replication.is_some_and(|replication| replication.source == node.address)
    };
    others()
        .filter(|(other, report)| match report {
            // The old primary follows nobody before the end of a recovery.
            None => other.name != view.cluster.primary,
            Some(report) => follows(report),
        })
        .count()
}

/// Whether it receives from the old primary, or tries to.
fn receives(view: &ClusterView, report: &NodeReport) -> bool {
    let replication = report.replication.as_ref();
    let runs = replication.is_some_and(|r| r.receiver != ReceiverState::Stopped);
    runs && view.follows_primary(report)
}

fn reports(view: &ClusterView) -> impl Iterator<Item = (&Node, Option<&NodeReport>)> {
    let nodes = view.cluster.nodes.iter();
    nodes.map(|node| (node, current(view.node(&node.name))))
}

/// A replica that takes writes, or follows nobody while another follows it, is
/// not the one that was opened if it was deposed long ago and hung since: the
/// one that was holds all that the others received, of whom enough answer, and
/// the old primary is fenced.
fn opened(view: &ClusterView, acks: usize) -> Option<NodeName> {
    let silent = view.replicas().filter(|(_, seen)| current(seen).is_none());
    if silent.count() >= acks {
        return None;
    }
    let fits = |node: &Node, report: &NodeReport| {
        primary_follows(view, node) || holds_everything(view, report) && fenced_beside(view, node)
    };
    let open = |_: &Node, report: &NodeReport| report.writability.accepts_writes();
    let leads =
        |node: &Node, report: &NodeReport| report.replication.is_none() && is_followed(view, node);
    let replica = |is: &dyn Fn(&Node, &NodeReport) -> bool| {
        let mut replicas = view.replicas();
        let (node, _) = replicas.find(|(node, seen)| {
            current(seen).is_some_and(|report| is(node, report) && fits(node, report))
        })?;
        Some(node.name.clone())
    };
    replica(&open).or_else(|| replica(&leads))
}

/// Whether the old primary follows this one already: nobody makes it do so
/// before the new one is open.
fn primary_follows(view: &ClusterView, successor: &Node) -> bool {
    current(view.primary()).is_some_and(|report| {
        let replication = report.replication.as_ref();
        let told = replication.is_some_and(|replication| {
            replication.source == successor.address
                && replication.receiver != ReceiverState::Stopped
        });
        told && !report.writability.accepts_writes()
    })
}

fn holds_everything(view: &ClusterView, successor: &NodeReport) -> bool {
    let own = successor.server_uuid.0;
    let mut replicas = view
        .replicas()
        .filter(|(node, _)| node.quarantine.is_none())
        .filter_map(|(_, seen)| current(seen));
    // What it numbered itself may have reached the others since it answered.
    replicas.all(|report| {
        let rest = report.holds().without_origin(own);
        rest.is_subset_of(&successor.executed)
    })
}

/// Whether the old primary can acknowledge nothing while this one is open.
fn fenced_beside(view: &ClusterView, successor: &Node) -> bool {
    let may_acknowledge = |replica: &NodeView| match current(replica) {
        None => !replica.refused(),
        Some(report) => receives(view, report),
    };
    let acks = view.cluster.policy.durability.acks() as usize;
    let others = view
        .replicas()
        .filter(|(node, _)| node.name != successor.name);
    view.primary().refused()
        || others.filter(|(_, seen)| may_acknowledge(seen)).count() < acks.max(1)
}

fn is_followed(view: &ClusterView, node: &Node) -> bool {
    reports(view).any(|(_, report)| {
        let replication = report.and_then(|report| report.replication.as_ref());
        replication.is_some_and(|replication| replication.source == node.address)
    })
}
