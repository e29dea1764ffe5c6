//! Clusters and nodes as they are shown: what is stored beside what is seen.

use std::cmp::Reverse;

use lictor_domain::{Cluster, Division, Node};
use lictor_engine::guard::Guard;
use lictor_engine::health::{Check, CheckKind, Status};
use lictor_engine::view::ClusterView;
use lictor_engine::{hint, replica};
use lictor_wire::{timestamp, v1};

use crate::snapshot::Snapshot;

/// A cluster with what is seen of it.
pub(super) fn seen(snapshot: &Snapshot) -> v1::ClusterView {
    let cluster = &snapshot.view.cluster;
    let mut problems = snapshot.problems.clone();
    problems.sort_by_key(|problem| Reverse(problem.severity));
    let nodes = cluster.nodes.iter().map(|node| seen_node(snapshot, node));
    v1::ClusterView {
        state: v1::ClusterState::from(&snapshot.route.state).into(),
        recovery: snapshot.recovery.as_ref().map(|it| it.id.to_string()),
        ..v1::ClusterView::new(cluster, &problems, nodes.collect())
    }
}

/// A cluster of which nothing is seen here.
pub(super) fn stored(cluster: &Cluster) -> v1::ClusterView {
    let nodes = cluster.nodes.iter();
    let nodes = nodes.map(|node| v1::NodeView::stored(cluster, node));
    v1::ClusterView::new(cluster, &[], nodes.collect())
}

fn seen_node(snapshot: &Snapshot, node: &Node) -> v1::NodeView {
    let known = snapshot.view.node(&node.name);
    let mut view = v1::NodeView::stored(&snapshot.view.cluster, node);
    if let Some(answer) = &known.answer {
        let last_seen = snapshot.wall - snapshot.at.since(answer.at);
        view = view.seen(&answer.report, answer.latency, last_seen);
    }
    let below = known
        .report()
        .is_some_and(|report| !snapshot.view.follows_primary(report));
    if below && view.lag_us.is_some() {
        // What it says is how far it is behind its own source.
        let lag = replica::staleness(known, snapshot.at);
        let lag = lag.filter(|_| replica::tells_lag(&snapshot.view, known));
        view.lag_us = lag.map(|lag| u64::try_from(lag.as_micros()).unwrap_or(u64::MAX));
    }
    if known.silence.is_some() {
        // What the last answer said of these, nobody knows now.
        view.lag_us = None;
        view.latency_us = None;
        view.writability = v1::Writability::Unspecified.into();
        view.receiver = v1::ReceiverState::Unspecified.into();
        view.applier_running = None;
        view.semi_sync = None;
    }
    view.guard = known.guard.map(|guard| self::guard(snapshot, &guard));
    view.rebuild = snapshot.rebuilds.of(&node.name).map(Into::into);
    let health = snapshot
        .health
        .iter()
        .find(|health| health.node == node.name);
    let checks = health.iter().flat_map(|health| &health.checks);
    view.checks = checks.map(check).collect();
    view
}

fn guard(snapshot: &Snapshot, guard: &Guard) -> v1::Guard {
    let heard = guard
        .heard_at
        .map(|at| snapshot.wall - snapshot.at.since(at));
    let ends = guard.ends.map(|at| {
        // Either is zero: the end is before the picture, or after it.
        snapshot.wall + at.since(snapshot.at) - snapshot.at.since(at)
    });
    v1::Guard {
        instance: guard.instance.to_string(),
        last_heard: heard.map(timestamp),
        lease_ends: ends.map(timestamp),
    }
}

fn check(check: &Check) -> v1::HealthCheck {
    let kind = match check.kind {
        CheckKind::Connect => v1::CheckKind::Connect,
        CheckKind::QueryLatency => v1::CheckKind::Latency,
        CheckKind::ReplicationLag => v1::CheckKind::Lag,
    };
    let status = match check.status {
        Status::Passing => v1::CheckStatus::Passing,
        Status::Warning => v1::CheckStatus::Warning,
        Status::Critical => v1::CheckStatus::Critical,
    };
    v1::HealthCheck {
        kind: kind.into(),
        status: status.into(),
        sentence: check.sentence.clone(),
    }
}

/// How the connections of each node are divided among so many pools.
pub(super) fn connections(cluster: &ClusterView, pools: u32) -> Vec<v1::NodeConnections> {
    let shown = |node: &Node| {
        let division = hint::division(cluster, &node.name, pools);
        v1::NodeConnections {
            node: node.name.to_string(),
            pools,
            max_connections: division.map(|it| it.max_connections),
            reserve: division.map_or(0, Division::reserve),
            share: division.and_then(Division::share),
            handed_out: division.map_or(0, Division::handed_out),
        }
    };
    cluster.cluster.nodes.iter().map(shown).collect()
}
