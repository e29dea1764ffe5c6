//! Settings that a safe failover relies on.

use std::time::Duration;

use lictor_domain::evidence::human;
use lictor_domain::{Evidence, Node, NodeReport, Writability};

use super::{Finding, Scene};
use crate::replica::current;
use crate::view::NodeView;

/// A longer `replica_net_timeout` leaves a replica waiting for a dead source.
pub(crate) const LONG_NET_TIMEOUT: Duration = Duration::from_secs(10);
/// With rarer heartbeats a hung primary is noticed late.
pub(crate) const RARE_HEARTBEAT: Duration = Duration::from_secs(1);

/// A setting that is not as it should be.
struct Drift {
    name: &'static str,
    value: String,
    wanted: String,
    remedy: &'static str,
    /// Lictor sets it right where the mode lets it.
    by_lictor: bool,
}

/// A server that lives on without its agent, or whose agent reaches nobody.
pub(super) fn agent_silent(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    current(seen)?;
    let guard = seen.guard.filter(|guard| guard.is_silent(scene.now))?;
    let (name, answer) = (&node.name, seen.answer.as_ref()?);
    let sentence = match guard.heard_at {
        Some(at) => format!(
            "the agent of {name} was last heard {} ago",
            human(scene.now.since(at))
        ),
        None => format!("the agent of {name} has not been heard in this term"),
    };
    Some(Finding {
        sentence,
        response: format!("see to the agent of {name}, and to its way to lictord"),
        evidence: vec![Evidence::Answers {
            node: name.clone(),
            ago: scene.now.since(answer.at),
        }],
    })
}

pub(super) fn drifted(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let report = current(seen)?;
    let drifts = [
        privileged_writes(scene, node, report),
        boots_writable(report),
        boots_replicating(report),
        long_net_timeout(report),
        rare_heartbeat(report),
        acknowledges_nothing(scene, node, report),
    ];
    let drifts: Vec<_> = drifts.into_iter().flatten().collect();
    let names: Vec<_> = drifts.iter().map(|drift| drift.name).collect();
    let remedies = |drifts: &[Drift], all: bool| {
        let left = drifts.iter().filter(|drift| all || !drift.by_lictor);
        let left: Vec<_> = left.map(|drift| drift.remedy).collect();
        format!("on {}: {}", node.name, left.join("; "))
    };
    let by_lictor = if drifts.iter().all(|drift| drift.by_lictor) {
        "Lictor sets it right while the primary accepts writes".to_owned()
    } else {
        remedies(&drifts, false)
    };
    (!drifts.is_empty()).then(|| Finding {
        sentence: format!(
            "{} is not set as a safe failover needs it: {}",
            node.name,
            names.join(", ")
        ),
        response: scene.response(&by_lictor, &remedies(&drifts, true)),
        evidence: drifts
            .iter()
            .map(|drift| Evidence::Setting {
                node: node.name.clone(),
                name: drift.name.to_owned(),
                value: drift.value.clone(),
                wanted: drift.wanted.clone(),
            })
            .collect(),
    })
}

fn off(name: &'static str, remedy: &'static str) -> Drift {
    Drift {
        name,
        value: "OFF".to_owned(),
        wanted: "ON".to_owned(),
        remedy,
        by_lictor: false,
    }
}

/// A setting of a replica that Lictor sets right.
fn kept(name: &'static str, remedy: &'static str) -> Drift {
    Drift {
        by_lictor: true,
        ..off(name, remedy)
    }
}

/// Open for everyone is another problem.
fn privileged_writes(scene: &Scene<'_>, node: &Node, report: &NodeReport) -> Option<Drift> {
    let lost = scene.is_replica(node) && report.writability == Writability::ReadOnly;
    lost.then(|| kept("super_read_only", "SET GLOBAL super_read_only = ON"))
}

/// Persisted only: a primary is not to be closed now.
fn boots_writable(report: &NodeReport) -> Option<Drift> {
    let writable = report.settings.boots_read_only == Some(false);
    writable.then(|| {
        off(
            "super_read_only at boot",
            "SET PERSIST_ONLY super_read_only = ON",
        )
    })
}

fn boots_replicating(report: &NodeReport) -> Option<Drift> {
    let starts = report.settings.skips_replica_start == Some(false);
    starts.then(|| {
        off(
            "skip_replica_start",
            "SET PERSIST_ONLY skip_replica_start = ON, and restart it when it suits",
        )
    })
}

fn long_net_timeout(report: &NodeReport) -> Option<Drift> {
    let timeout = report.settings.replica_net_timeout;
    (timeout > LONG_NET_TIMEOUT).then(|| Drift {
        name: "replica_net_timeout",
        value: timeout.as_secs().to_string(),
        wanted: "4".to_owned(),
        remedy: "SET PERSIST replica_net_timeout = 4",
        by_lictor: false,
    })
}

fn rare_heartbeat(report: &NodeReport) -> Option<Drift> {
    let period = report.replication.as_ref()?.heartbeat_period;
    (period.is_zero() || period > RARE_HEARTBEAT).then(|| Drift {
        name: "SOURCE_HEARTBEAT_PERIOD",
        value: human(period),
        wanted: "200 ms".to_owned(),
        remedy: "STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HEARTBEAT_PERIOD = 0.2; \
                 START REPLICA",
        by_lictor: false,
    })
}

fn acknowledges_nothing(scene: &Scene<'_>, node: &Node, report: &NodeReport) -> Option<Drift> {
    let demanded = scene.view.cluster.policy.durability.acks() > 0 && scene.is_replica(node);
    let semi_sync = report.semi_sync.as_ref().filter(|_| demanded)?;
    (!semi_sync.replica_enabled).then(|| {
        kept(
            "rpl_semi_sync_replica_enabled",
            "SET GLOBAL rpl_semi_sync_replica_enabled = ON; STOP REPLICA IO_THREAD; \
             START REPLICA IO_THREAD",
        )
    })
}
