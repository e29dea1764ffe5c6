//! Whether somebody could take over if the primary died now.

use std::collections::BTreeSet;

use lictor_domain::{Evidence, Node, NodeName, NodeReport, ReceiverState};

use super::{Finding, Scene, durability, replica};
use crate::candidate;
use crate::fencing;
use crate::replica::{current, leads_to_primary};
use crate::view::NodeView;

/// Says nothing while a replica has yet to say how it is.
pub(super) fn none_viable(scene: &Scene<'_>) -> Option<Finding> {
    let view = scene.view;
    if !scene.primary_is_well() {
        return None;
    }
    let mut answering = BTreeSet::new();
    let mut unfit = Vec::new();
    let mut viable = false;
    for (node, seen) in view.replicas() {
        let reasons = obstacles(scene, node, seen)?;
        viable |= reasons.is_empty();
        if current(seen).is_some() {
            answering.insert(node.name.clone());
        }
        unfit.push((node.name.clone(), reasons));
    }
    // A primary that does not enforce the policy is a problem of its own.
    let missing = match durability::not_enforced(scene) {
        None => fencing::holds_all_acknowledged(view, &answering).err(),
        Some(_) => None,
    };
    let blocker = match missing {
        Some(missing) => missing.0,
        None if viable => return None,
        None if unfit.is_empty() => "it has no replica".to_owned(),
        None => "none of its replicas is fit".to_owned(),
    };
    Some(Finding {
        sentence: format!(
            "if {} died now, nobody could be promoted: {blocker}",
            view.cluster.primary
        ),
        response: "make a replica fit to take over, or add one".to_owned(),
        evidence: unfit.into_iter().filter_map(cannot).collect(),
    })
}

fn cannot((replica, reasons): (NodeName, Vec<String>)) -> Option<Evidence> {
    (!reasons.is_empty()).then(|| Evidence::CannotBePromoted {
        replica,
        reason: reasons.join("; "),
    })
}

/// What keeps a replica from being promoted; `None` while it is not known.
fn obstacles(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Vec<String>> {
    let Some(report) = current(seen) else {
        return replica::unreachable(scene, node, seen).map(|found| vec![found.sentence]);
    };
    let mut reasons: Vec<_> = candidate::obstacles(scene.view, node, report)
        .iter()
        .map(ToString::to_string)
        .collect();
    reasons.extend(not_receiving(scene, report));
    Some(reasons)
}

/// A replica that receives nothing falls behind what is acknowledged.
fn not_receiving(scene: &Scene<'_>, report: &NodeReport) -> Option<String> {
    if !leads_to_primary(scene.view, report) {
        return Some("it does not follow the primary".to_owned());
    }
    let receiver = report.replication.as_ref()?.receiver;
    (receiver != ReceiverState::Running).then(|| "its receiver does not run".to_owned())
}
