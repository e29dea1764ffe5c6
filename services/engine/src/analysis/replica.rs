//! Problems of one replica.

use std::time::Duration;

use lictor_domain::evidence::human;
use lictor_domain::report::ServerError;
use lictor_domain::{Evidence, GtidRole, Node, NodeName, ReceiverState};

use super::primary::switched;
use super::{Finding, Scene};
use crate::replica::{current, leads_to_primary, staleness, tells_lag};
use crate::view::{NodeView, Silence};

pub(super) fn writable(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let writable = current(seen)?.writability.accepts_writes();
    let by_hand = format!("on {name}: SET GLOBAL super_read_only = ON");
    writable.then(|| Finding {
        sentence: format!("{name} is a replica, and accepts writes"),
        response: scene.response(
            "Lictor makes it super_read_only while the primary accepts writes",
            &by_hand,
        ),
        evidence: vec![switched(name, "read_only", "OFF", "ON")],
    })
}

pub(super) fn broken(_: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let replication = current(seen)?.replication.as_ref()?;
    if replication.applier_running {
        return None;
    }
    Some(match &replication.applier_error {
        Some(error) => Finding {
            sentence: format!("the applier of {name} stopped with error {}", error.number),
            response: format!("solve what the error says, then, on {name}: START REPLICA"),
            evidence: vec![says(name, error)],
        },
        None => Finding {
            sentence: format!("the applier of {name} is stopped, without an error"),
            response: format!("on {name}: START REPLICA SQL_THREAD"),
            evidence: vec![],
        },
    })
}

/// While something is odd about the primary a receiver that reconnects is a
/// testimony, not a problem of its own.
pub(super) fn receiver_down(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let replication = current(seen)?.replication.as_ref()?;
    let source = &replication.source;
    let (sentence, response) = match replication.receiver {
        ReceiverState::Running => return None,
        ReceiverState::Connecting if !scene.primary_is_well() => return None,
        ReceiverState::Connecting => (
            format!("the receiver of {name} cannot connect to {source}"),
            format!("check the network from {name} to {source}, and the replication account"),
        ),
        ReceiverState::Stopped => (
            format!("the receiver of {name} is stopped"),
            scene.response(
                &format!(
                    "Lictor starts it if {name} has restarted; else, on {name}: START REPLICA"
                ),
                &format!("on {name}: START REPLICA"),
            ),
        ),
    };
    Some(Finding {
        sentence,
        response,
        evidence: replication
            .receiver_error
            .iter()
            .map(|error| says(name, error))
            .collect(),
    })
}

/// A delay that its operator configured is no lag, but nothing a reader should
/// be sent to either: `pool` judges without regard to it.
pub(super) fn lagging(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let report = current(seen)?;
    let replication = report.replication.as_ref()?;
    if !leads_to_primary(scene.view, report) {
        // Behind whom? It follows the wrong source, and that is said.
        return None;
    }
    let allowed = scene.view.cluster.policy.max_read_lag() + replication.delay;
    let stale = staleness(seen, scene.now);
    if stale.is_some_and(|stale| stale <= allowed) {
        return None;
    }
    let lag = stale.filter(|_| tells_lag(seen));
    if lag.is_none() && !scene.primary_is_well() {
        return None;
    }
    let sentence = lag.map_or_else(
        || format!("how far {name} is behind is unknown"),
        |lag| format!("{name} is {} behind", human(lag)),
    );
    Some(Finding {
        sentence,
        response: "it serves no reads until it has caught up".to_owned(),
        evidence: vec![Evidence::Lag {
            replica: name.clone(),
            lag,
            allowed,
        }],
    })
}

pub(super) fn errant(scene: &Scene<'_>, node: &Node, _: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let held = |set| Evidence::Gtids {
        node: name.clone(),
        role: GtidRole::Errant,
        set,
    };
    if let Some(quarantine) = &node.quarantine {
        return Some(Finding {
            sentence: format!("{name} is quarantined: {}", quarantine.reason),
            response: "it is kept out of every pool: rebuild it from a sound node".to_owned(),
            evidence: vec![held(quarantine.errant.clone())],
        });
    }
    let errant = crate::errant::errant(scene.view, name)?;
    (!errant.is_empty()).then(|| Finding {
        sentence: format!(
            "{name} holds transactions that {} never had",
            scene.view.cluster.primary
        ),
        response: "it serves no reads and is never promoted: rebuild it from a sound node"
            .to_owned(),
        evidence: vec![held(errant)],
    })
}

pub(super) fn wrong_source(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let report = current(seen)?;
    if leads_to_primary(scene.view, report) {
        return None;
    }
    let primary = scene.view.primary_node()?;
    let source = report.replication.as_ref().map(|r| r.source.clone());
    let sentence = match &source {
        None => format!("{name} follows nobody"),
        Some(source) => format!("{name} follows {source}, not {}", primary.name),
    };
    let by_hand = format!(
        "on {name}: STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{}', \
         SOURCE_PORT = {}, SOURCE_AUTO_POSITION = 1; START REPLICA",
        primary.address.host(),
        primary.address.port()
    );
    Some(Finding {
        sentence,
        response: scene.response("Lictor makes it follow the primary", &by_hand),
        evidence: source
            .into_iter()
            .map(|source| Evidence::Follows {
                replica: name.clone(),
                source,
            })
            .collect(),
    })
}

/// A refusal is certain at once; any other silence has to last.
pub(super) fn unreachable(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let alive_at = seen.alive_at.unwrap_or(scene.view.watched_since);
    let silent_for = scene.now.since(alive_at);
    let threshold = scene.timing.hang_threshold;
    let overdue = silent_for >= threshold;
    let no_answer = || no_answer(name, silent_for, threshold);
    let (sentence, evidence) = match &seen.silence {
        Some((Silence::Refused, _)) => (
            format!("{name} is down: its process is gone"),
            vec![Evidence::ConnectionRefused { node: name.clone() }],
        ),
        Some((Silence::Denied(reason), _)) => (
            format!("{name} is alive, but turns the control account away"),
            vec![unreachable_because(name, reason)],
        ),
        Some((Silence::Unreachable(reason) | Silence::Broken(reason), _)) if overdue => (
            format!("{name} is out of reach: {reason}"),
            vec![unreachable_because(name, reason), no_answer()],
        ),
        Some((Silence::Mute, _)) if overdue => {
            (format!("{name} gives no sign of life"), vec![no_answer()])
        }
        None if seen.answer.is_none() && overdue => {
            (format!("{name} has never answered"), vec![no_answer()])
        }
        _ => return None,
    };
    Some(Finding {
        sentence,
        response: "it serves no reads and cannot be promoted until it answers".to_owned(),
        evidence,
    })
}

fn no_answer(node: &NodeName, silent_for: Duration, threshold: Duration) -> Evidence {
    Evidence::NoAnswer {
        node: node.clone(),
        silent_for,
        threshold,
    }
}

fn unreachable_because(node: &NodeName, reason: &str) -> Evidence {
    Evidence::Unreachable {
        node: node.clone(),
        reason: reason.to_owned(),
    }
}

fn says(node: &NodeName, error: &ServerError) -> Evidence {
    Evidence::ServerSays {
        node: node.clone(),
        number: error.number,
        message: error.message.clone(),
    }
}
