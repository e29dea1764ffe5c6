//! Problems of one replica's stream: from whom it replicates, and how far it is.

use lictor_domain::evidence::human;
use lictor_domain::report::ServerError;
use lictor_domain::{Evidence, Node, NodeName, ReceiverState};

use super::{Finding, Scene};
use crate::replica::{current, leads_to_primary, staleness, tells_lag};
use crate::view::NodeView;

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

/// Worth knowing: what it holds is old on purpose.
pub(super) fn delayed(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let replication = current(seen)?.replication.as_ref()?;
    let delay = Some(replication.delay).filter(|delay| !delay.is_zero())?;
    Some(Finding {
        sentence: format!("{name} is delayed by {} on purpose", human(delay)),
        response: "it is never promoted, and serves no reads if the delay is above the limit for \
                   readers"
            .to_owned(),
        evidence: vec![Evidence::Lag {
            replica: name.clone(),
            lag: staleness(seen, scene.now).filter(|_| tells_lag(seen)),
            allowed: scene.view.cluster.policy.max_read_lag() + delay,
        }],
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

fn says(node: &NodeName, error: &ServerError) -> Evidence {
    Evidence::ServerSays {
        node: node.clone(),
        number: error.number,
        message: error.message.clone(),
    }
}
