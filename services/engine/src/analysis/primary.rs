//! Problems of the primary.

use lictor_domain::report::{SemiSync, StallCause};
use lictor_domain::{Evidence, Mode, NodeName, NodeReport, ProblemCode, Writability};

use super::{Finding, Scene};
use crate::replica::current;
use crate::verdict::Verdict;
use crate::view::{NodeView, Silence};

pub(super) fn dead(scene: &Scene<'_>) -> Option<Finding> {
    judged(scene, ProblemCode::DeadPrimary)
}

pub(super) fn hung(scene: &Scene<'_>) -> Option<Finding> {
    judged(scene, ProblemCode::HungPrimary)
}

/// It answers, so it is not lost; but who writes there waits.
pub(super) fn stalled(scene: &Scene<'_>) -> Option<Finding> {
    let name = &scene.view.cluster.primary;
    let primary = scene.view.primary();
    let report = current(primary)?;
    let since = scene.now.since(primary.stalled_since?);
    let threshold = scene.timing.hang_threshold;
    if since < threshold {
        return None;
    }
    let causes: Vec<_> = report.stalls.iter().map(|stall| &stall.cause).collect();
    let has = |cause: fn(&StallCause) -> bool| causes.iter().any(|found| cause(found));
    let (what, response) = if has(|cause| matches!(cause, StallCause::DiskSpace(_))) {
        ("disk space", format!("make room on the disk of {name}"))
    } else if has(|cause| *cause == StallCause::GlobalReadLock) {
        (
            "a global read lock",
            format!("on {name}: end the session that holds FLUSH TABLES WITH READ LOCK"),
        )
    } else if has(|cause| *cause == StallCause::Acknowledgements) {
        (
            "acknowledgements of replicas",
            without_acknowledgement(scene, report),
        )
    } else {
        (
            "a commit that does not end",
            format!("look what hinders commits on {name}: its disk, its storage engine"),
        )
    };
    let mut evidence = vec![Evidence::NothingCommitted {
        node: name.clone(),
        since,
        threshold,
    }];
    evidence.extend(report.stalls.iter().map(|stall| Evidence::Waits {
        node: name.clone(),
        stall: stall.clone(),
    }));
    Some(Finding {
        sentence: format!("{name} answers, but no commit passes: it waits for {what}"),
        response: format!("no failover: {response}"),
        evidence,
    })
}

/// What a replica received while it did not acknowledge, it does not acknowledge
/// later: only the next commit's acknowledgement stands for it. Where every
/// client waits, that commit has to come from somebody else.
fn without_acknowledgement(scene: &Scene<'_>, report: &NodeReport) -> String {
    let (name, mode) = (&scene.view.cluster.primary, scene.view.cluster.mode());
    let connected = |s: &SemiSync| s.clients >= s.level();
    if !report.semi_sync.as_ref().is_some_and(connected) {
        return "it goes on when enough replicas acknowledge, or as the durability policy says"
            .to_owned();
    }
    let who = if mode == Mode::Auto {
        "Lictor commits something".to_owned()
    } else {
        format!("commit something on {name}")
    };
    format!(
        "enough replicas are connected, and any other commit lets those that wait go on: {who} \
         that changes nothing (FLUSH OPTIMIZER_COSTS)"
    )
}

pub(super) fn unreachable(scene: &Scene<'_>) -> Option<Finding> {
    judged(scene, ProblemCode::UnreachablePrimary).or_else(|| denied(scene))
}

pub(super) fn unreachable_with_replicas(scene: &Scene<'_>) -> Option<Finding> {
    judged(scene, ProblemCode::PrimaryAndReplicasUnreachable)
}

/// The verdict's problem, where it is of this kind.
fn judged(scene: &Scene<'_>, code: ProblemCode) -> Option<Finding> {
    let (Verdict::Lost(problem) | Verdict::Withheld(problem)) = &scene.verdict else {
        return None;
    };
    (problem.code == code).then(|| Finding {
        sentence: problem.sentence.clone(),
        response: problem.response.clone(),
        evidence: problem.evidence.clone(),
    })
}

/// Alive, so no verdict; but nothing is known of it.
fn denied(scene: &Scene<'_>) -> Option<Finding> {
    let name = &scene.view.cluster.primary;
    let Some((Silence::Denied(reason), _)) = &scene.view.primary().silence else {
        return None;
    };
    Some(Finding {
        sentence: format!("{name} is alive, but turns the control account away"),
        response: "no failover: give the control account its password and privileges".to_owned(),
        evidence: vec![Evidence::Unreachable {
            node: name.clone(),
            reason: reason.clone(),
        }],
    })
}

pub(super) fn read_only(scene: &Scene<'_>) -> Option<Finding> {
    let name = &scene.view.cluster.primary;
    let report = current(scene.view.primary())?;
    let mut wrong = match report.writability {
        Writability::Writable => vec![],
        Writability::ReadOnly => vec!["read_only"],
        Writability::SuperReadOnly => vec!["super_read_only"],
    };
    // Clearing `read_only` clears `super_read_only` with it.
    let mut by_hand: Vec<_> = wrong.iter().map(|_| "SET GLOBAL read_only = OFF").collect();
    if report.offline {
        wrong.push("offline_mode");
        by_hand.push("SET GLOBAL offline_mode = OFF");
    }
    let by_hand = format!("on {name}: {}", by_hand.join("; "));
    let by_lictor =
        format!("Lictor opens it if it has restarted and no replica holds more; else, {by_hand}");
    (!wrong.is_empty()).then(|| Finding {
        sentence: format!("{name} is the primary, and accepts no writes"),
        response: scene.response(&by_lictor, &by_hand),
        evidence: wrong
            .iter()
            .map(|setting| switched(name, setting, "ON", "OFF"))
            .collect(),
    })
}

/// Certain only when each node has said so, or has no process.
pub(super) fn none(scene: &Scene<'_>) -> Option<Finding> {
    let view = scene.view;
    let primary = &view.cluster.primary;
    let closed = |seen: &NodeView| {
        seen.refused() || current(seen).is_some_and(|report| !report.writability.accepts_writes())
    };
    let nobody = view.primary().refused() && view.replicas().all(|(_, seen)| closed(seen));
    nobody.then(|| Finding {
        sentence: format!(
            "{} has no primary: {primary} is down, and no other node accepts writes",
            view.cluster.name
        ),
        response: scene.response(
            "Lictor fails over if it can; else, start the nodes that are down",
            &format!("start {primary}, or fail over by hand"),
        ),
        evidence: view
            .cluster
            .nodes
            .iter()
            .filter(|node| view.node(&node.name).refused())
            .map(|node| Evidence::ConnectionRefused {
                node: node.name.clone(),
            })
            .collect(),
    })
}

pub(super) fn multiple(scene: &Scene<'_>) -> Option<Finding> {
    let view = scene.view;
    let writable: Vec<_> = view
        .cluster
        .nodes
        .iter()
        .map(|node| &node.name)
        .filter(|name| {
            current(view.node(name)).is_some_and(|report| report.writability.accepts_writes())
        })
        .collect();
    let names: Vec<_> = writable.iter().map(|name| name.as_str()).collect();
    let by_hand = format!(
        "close all but {}: SET GLOBAL super_read_only = ON",
        view.cluster.primary
    );
    (writable.len() > 1).then(|| Finding {
        sentence: format!("more than one node accepts writes: {}", names.join(", ")),
        response: scene.response(
            "Lictor closes all but the primary while that accepts writes",
            &by_hand,
        ),
        evidence: writable
            .iter()
            .map(|name| switched(name, "read_only", "OFF", "ON, except on the primary"))
            .collect(),
    })
}

/// A switch that stands wrong.
pub(super) fn switched(node: &NodeName, setting: &str, value: &str, wanted: &str) -> Evidence {
    Evidence::Setting {
        node: node.clone(),
        name: setting.to_owned(),
        value: value.to_owned(),
        wanted: wanted.to_owned(),
    }
}
