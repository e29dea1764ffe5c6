//! Problems of one replica's stream: from whom it replicates, and how far it is.

use lictor_domain::evidence::human;
use lictor_domain::report::ServerError;
use lictor_domain::{Evidence, Mode, Node, NodeName, ReceiverState};

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
    let lag = stale.filter(|_| tells_lag(scene.view, seen));
    if lag.is_none() && !scene.primary_is_well() {
        return None;
    }
    let sentence = lag.map_or_else(
        || format!("how far {name} is behind is unknown"),
        |lag| format!("{name} is {} behind", human(lag)),
    );
    let cluster = &scene.view.cluster;
    let kept = cluster.policy.keep_readers.of(cluster.replicas().count());
    let response = if kept == 0 {
        "it serves no reads until it has caught up"
    } else {
        "it serves no reads until it has caught up, unless it is one of the last that the policy \
         keeps"
    };
    Some(Finding {
        sentence,
        response: response.to_owned(),
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
            lag: staleness(seen, scene.now).filter(|_| tells_lag(scene.view, seen)),
            allowed: scene.view.cluster.policy.max_read_lag() + delay,
        }],
    })
}

/// One that follows the source it is wanted to follow is in its place, even if
/// that source is lost: then that is the problem.
pub(super) fn wrong_source(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let report = current(seen)?;
    let wanted = scene.view.cluster.wanted_source(name)?;
    let right = scene.moment().source(name)?;
    let told = report.replication.as_ref().map(|r| &r.source);
    if told.is_some_and(|told| [&right.address, &wanted.address].contains(&told)) {
        return None;
    }
    let sentence = match told {
        None => format!("{name} follows nobody, and is to follow {}", right.name),
        Some(told) => {
            let nodes = &scene.view.cluster.nodes;
            let known = nodes.iter().find(|node| node.address == *told);
            let told = known.map_or_else(|| told.to_string(), |node| node.name.to_string());
            format!("{name} follows {told}, and is to follow {}", right.name)
        }
    };
    Some(Finding {
        sentence,
        response: move_to(scene, name, right),
        evidence: told
            .into_iter()
            .map(|source| Evidence::Follows {
                replica: name.clone(),
                source: source.clone(),
            })
            .collect(),
    })
}

/// What moves a replica to `source`.
pub(super) fn move_to(scene: &Scene<'_>, name: &NodeName, source: &Node) -> String {
    match scene.view.cluster.policy.mode {
        Mode::Observe => format!(
            "on {name}: STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{}', \
             SOURCE_PORT = {}, SOURCE_AUTO_POSITION = 1; START REPLICA",
            source.address.host(),
            source.address.port()
        ),
        Mode::Manual | Mode::Auto => scene.response(
            &format!("Lictor makes it follow {}", source.name),
            &format!("lictor node repoint {name} --to {}", source.name),
        ),
    }
}

fn says(node: &NodeName, error: &ServerError) -> Evidence {
    Evidence::ServerSays {
        node: node.clone(),
        number: error.number,
        message: error.message.clone(),
    }
}
