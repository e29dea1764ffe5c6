//! Problems of one replica as a server: whether it answers, who may write there,
//! and whose data it holds.

use std::time::Duration;

use lictor_domain::{Evidence, GtidRole, Node, NodeName};

use super::primary::switched;
use super::{Finding, Scene, stream};
use crate::rejoin::lost;
use crate::replica::current;
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

/// A former primary that is silent was last seen taking writes, or never by this
/// leader. Where commits wait for replicas, a failover proved that it cannot
/// acknowledge any; one whose process is gone boots read-only.
pub(super) fn unfenced(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let policy = &scene.view.cluster.policy;
    let may_take_writes = seen.report().map_or(policy.accepts_unfenced(), |report| {
        report.writability.accepts_writes()
    });
    if policy.durability.acks() > 0 || !may_take_writes || seen.refused() {
        return None;
    }
    let silence = unreachable(scene, node, seen)?;
    let (name, primary) = (&node.name, &scene.view.cluster.primary);
    Some(Finding {
        sentence: format!(
            "{name} does not answer and may still take writes: two writable primaries are \
             possible, and what {name} takes beside {primary} is lost"
        ),
        response: scene.response(
            "keep clients from it, and stop it where it runs; Lictor closes it when it answers",
            "keep clients from it, and stop it where it runs",
        ),
        evidence: silence.evidence,
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
            response: format!("it is kept out of every pool: {}", way_back(name)),
            evidence: vec![held(quarantine.errant.clone())],
        });
    }
    let errant = crate::errant::errant(scene.view, name)?;
    (!errant.is_empty()).then(|| Finding {
        sentence: format!(
            "{name} holds transactions that {} never had",
            scene.view.cluster.primary
        ),
        response: format!(
            "it serves no reads and is never promoted: {}",
            way_back(name)
        ),
        evidence: vec![held(errant)],
    })
}

fn way_back(name: &NodeName) -> String {
    format!(
        "lictor node rejoin {name} says what stands in the way, lictor node rebuild {name} replaces its data"
    )
}

/// What the primary numbered and does not hold, it has lost. While it takes
/// writes, a replica may hold what it is just committing: then only the refusal
/// that the replica got says so.
pub(super) fn diverged(scene: &Scene<'_>, node: &Node, seen: &NodeView) -> Option<Finding> {
    let name = &node.name;
    let primary = &scene.view.cluster.primary;
    let report = current(seen)?;
    let replication = report.replication.as_ref();
    let refusal = replication
        .and_then(|r| r.receiver_error.as_ref())
        .filter(|error| error.message.contains("has more GTIDs than the"));
    let source = current(scene.view.primary())?;
    let ahead = lost(source, report);
    let certain = !source.writability.accepts_writes() && !ahead.is_empty();
    if refusal.is_none() && !certain {
        return None;
    }
    let mut evidence: Vec<_> = refusal
        .map(|error| Evidence::ServerSays {
            node: name.clone(),
            number: error.number,
            message: error.message.clone(),
        })
        .into_iter()
        .collect();
    if !ahead.is_empty() {
        evidence.push(Evidence::Gtids {
            node: primary.clone(),
            role: GtidRole::Missing,
            set: ahead,
        });
    }
    Some(Finding {
        sentence: format!("{name} holds transactions of {primary} that {primary} has lost"),
        response: format!(
            "decide whose data counts: rebuild {name} from {primary}, or make {name} the primary"
        ),
        evidence,
    })
}

/// Those that are to follow it are cut off with it, or have had to leave it.
pub(super) fn intermediate_dead(
    scene: &Scene<'_>,
    node: &Node,
    seen: &NodeView,
) -> Option<Finding> {
    let name = &node.name;
    let death = unreachable(scene, node, seen)?;
    let cluster = &scene.view.cluster;
    let lost: Vec<_> = cluster
        .replicas()
        .filter(|below| below.quarantine.is_none())
        .filter(|below| {
            cluster
                .wanted_source(&below.name)
                .is_some_and(|it| it.name == *name)
        })
        .filter(|below| scene.moment().is_lost_to(&below.name, node))
        .collect();
    let (first, moment) = (lost.first()?, scene.moment());
    let names: Vec<_> = lost.iter().map(|below| below.name.as_str()).collect();
    let below = names.join(", ");
    let by_hand = moment
        .source(&first.name)
        .map_or_else(String::new, |source| {
            stream::move_to(scene, &first.name, source)
        });
    let source = moment
        .source(&first.name)
        .map(|source| source.name.as_str());
    Some(Finding {
        sentence: format!("{below} cannot follow {name} as wanted: {}", death.sentence),
        response: scene.response(
            &format!(
                "Lictor makes those below it follow {}, and lets them return when it is back",
                source.unwrap_or("the primary")
            ),
            &by_hand,
        ),
        evidence: lost
            .iter()
            .filter_map(|below| followed_by(scene, &below.name))
            .collect(),
    })
}

/// Whom it follows, as it says itself.
fn followed_by(scene: &Scene<'_>, name: &NodeName) -> Option<Evidence> {
    let replication = current(scene.view.node(name))?.replication.as_ref()?;
    Some(Evidence::Follows {
        replica: name.clone(),
        source: replication.source.clone(),
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
