//! What is certain of one replica: whom it follows, how old its data may be,
//! and whether reads may be sent to it at all. Facts that the readers' pool,
//! the health in Consul and the problems must agree on.

use std::time::Duration;

use lictor_domain::{Mono, Node, NodeReport};

use crate::errant::errant;
use crate::view::{ClusterView, NodeView};

/// How old the replica's data is at most; `None` when it was never known.
///
/// Between two known lags it grows with time: data that was complete as of a
/// moment is still complete as of that moment.
#[must_use]
pub fn staleness(replica: &NodeView, now: Mono) -> Option<Duration> {
    let as_of = now.since(replica.fresh_as_of?);
    // A lag longer than our clock counts back would be cut short in it.
    let told = replica.answer.as_ref().and_then(|answer| {
        let lag = answer.report.replication.as_ref()?.lag?;
        Some(now.since(answer.at) + lag)
    });
    Some(told.map_or(as_of, |told| told.max(as_of)))
}

/// Whether the replica answers now and it is known how far it is behind the
/// primary: it says so, and so does everyone between them.
#[must_use]
pub fn tells_lag(view: &ClusterView, replica: &NodeView) -> bool {
    let known = |report: &NodeReport| {
        let replication = report.replication.as_ref();
        replication.is_some_and(|replication| replication.lag.is_some())
    };
    let Some(report) = current(replica).filter(|report| known(report)) else {
        return false;
    };
    way_up(view, report).is_some_and(|way| {
        let mut between = way.iter().map(|node| view.node(&node.name));
        between.all(|seen| current(seen).is_some_and(known))
    })
}

/// Whether its operator delays it by more than a reader may be behind: an idle
/// primary makes it look fresh for a while only.
#[must_use]
pub fn is_held_back(view: &ClusterView, replica: &NodeView) -> bool {
    let report = replica.report();
    let replication = report.and_then(|report| report.replication.as_ref());
    replication.is_some_and(|r| r.delay > view.cluster.policy.max_read_lag())
}

/// The last report of a node that is not silent.
#[must_use]
pub fn current(node: &NodeView) -> Option<&NodeReport> {
    node.report().filter(|_| node.silence.is_none())
}

/// Whether the replica is told to follow the primary, or live replicas of the
/// cluster that do.
#[must_use]
pub fn leads_to_primary(view: &ClusterView, report: &NodeReport) -> bool {
    way_up(view, report).is_some()
}

/// The replicas through which this one gets the primary's data, its own source
/// first; `None` unless it is certain that it does. Whoever lies between has to
/// answer, to be closed, and not to be quarantined.
#[must_use]
pub fn way_up<'a>(view: &'a ClusterView, report: &NodeReport) -> Option<Vec<&'a Node>> {
    let mut way: Vec<&Node> = vec![];
    let mut at = report;
    while !view.follows_primary(at) {
        let source = &at.replication.as_ref()?.source;
        let (node, seen) = view.replicas().find(|(node, _)| node.address == *source)?;
        let met = way.iter().any(|met| met.name == node.name);
        at = current(seen).filter(|source| !source.writability.accepts_writes())?;
        if met || node.quarantine.is_some() {
            return None;
        }
        way.push(node);
    }
    Some(way)
}

/// Whether what the replica holds can be the primary's data, so that it may be
/// shown to a reader: not if it is quarantined, takes writes of its own, or
/// holds what the primary never had.
#[must_use]
pub fn is_faithful(view: &ClusterView, node: &Node, replica: &NodeView) -> bool {
    let writable = replica
        .report()
        .is_some_and(|report| report.writability.accepts_writes());
    let strays = || errant(view, &node.name).is_some_and(|errant| !errant.is_empty());
    node.quarantine.is_none() && !writable && !strays()
}
