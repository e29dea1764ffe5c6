//! What became of a failover that another leader left unfinished.
//!
//! It had succeeded when the store names the primary of its epoch. It is adopted
//! when a replica was opened: it takes writes, or it follows nobody and another
//! follows it. It is void when nobody can have acknowledged
//! anything in its place. Until either is certain nothing is done: receivers
//! started towards the old primary could let it acknowledge beside a new one
//! that is only silent.

use lictor_domain::{Node, NodeName, NodeReport, Recovery};

use crate::replica::current;
use crate::view::ClusterView;

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
    if let Some(node) = opened(view) {
        return Some(Fate::Adopted(node));
    }
    let unseen = view.cluster.nodes.iter().any(|node| {
        let node = view.node(&node.name);
        node.answer.is_none() && node.silence.is_none()
    });
    let silent = reports(view).filter(|(_, report)| report.is_none()).count();
    // A silent replica needs this many others, silent too, to acknowledge.
    let acks = view.cluster.policy.durability.acks().max(1);
    let out_of_reach = silent > acks as usize;
    let void = !unseen && !out_of_reach && !somebody_may_have_led(view);
    void.then_some(Fate::Void)
}

fn reports(view: &ClusterView) -> impl Iterator<Item = (&Node, Option<&NodeReport>)> {
    let nodes = view.cluster.nodes.iter();
    nodes.map(|node| (node, current(view.node(&node.name))))
}

fn opened(view: &ClusterView) -> Option<NodeName> {
    let replicas = || reports(view).filter(|(node, _)| node.name != view.cluster.primary);
    let open = replicas()
        .find(|(_, report)| report.is_some_and(|report| report.writability.accepts_writes()));
    let leads = || {
        replicas().find(|(node, report)| {
            report.is_some_and(|report| report.replication.is_none()) && is_followed(view, node)
        })
    };
    open.or_else(leads).map(|(node, _)| node.name.clone())
}

fn is_followed(view: &ClusterView, node: &Node) -> bool {
    reports(view).any(|(_, report)| {
        let replication = report.and_then(|report| report.replication.as_ref());
        replication.is_some_and(|replication| replication.source == node.address)
    })
}

/// Someone follows a replica that is not certain to be a mere intermediate one.
fn somebody_may_have_led(view: &ClusterView) -> bool {
    let primary = current(view.primary());
    reports(view)
        .filter(|(node, _)| node.name != view.cluster.primary && is_followed(view, node))
        .any(|(_, report)| {
            let intermediate = report.zip(primary).is_some_and(|(report, primary)| {
                view.follows_primary(report) && report.executed.is_subset_of(&primary.executed)
            });
            !intermediate
        })
}
