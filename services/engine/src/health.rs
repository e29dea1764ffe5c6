//! What Consul shows of each node: its roles, and three checks with a sentence.
//!
//! DNS names a node unless a check of it is critical. Who serves reads is not
//! decided here but in `pool`: the checks of a replica hold a critical one
//! exactly while the route sends no readers to it.
//!
//! A sentence is written to Consul whenever it changes, and nodes are looked at
//! several times a second: so it holds nothing that changes with every look.
//! Lags and latencies are said as the range they lie in, and the reason of a
//! silence is left to the problems.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_domain::evidence::human;
use lictor_domain::{ClusterRoute, Maintenance, Mono, Node, NodeName};

use crate::errant::errant;
use crate::replica::{current, is_faithful, is_held_back, leads_to_primary, staleness, tells_lag};
use crate::timing::Timing;
use crate::view::{ClusterView, NodeView, Silence};

/// Above this an answer is slow.
const SLOW: Duration = Duration::from_millis(100);

/// A check's status, with Consul's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// All is well.
    Passing,
    /// Worth a look; DNS still names the node.
    Warning,
    /// DNS does not name the node.
    Critical,
}

impl Status {
    /// The word in the history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What a node is looked up as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Takes the writes. A primary that does not answer keeps the role, and is
    /// critical: nobody else has it.
    Primary,
    /// Its data may be shown to readers; its checks say whether it is now. A
    /// primary has this role too while the policy lets it stand in for replicas.
    Replica,
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckKind {
    /// Whether the node answers.
    Connect,
    /// How long its answers take.
    QueryLatency,
    /// How far its data is behind.
    ReplicationLag,
}

/// One check of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it looks at.
    pub kind: CheckKind,
    /// Its status.
    pub status: Status,
    /// Why, without anything that changes at every look.
    pub sentence: String,
}

/// What Consul shows of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeHealth {
    /// The node.
    pub node: NodeName,
    /// Its roles: none for a primary known to refuse writes, and for a replica
    /// whose data must not be shown.
    pub roles: BTreeSet<Role>,
    /// One of each kind, in a fixed order.
    pub checks: Vec<Check>,
}

/// Whom the route sends readers to, and when this is asked.
struct Look<'a> {
    route: &'a ClusterRoute,
    now: Mono,
}

impl Look<'_> {
    fn serves(&self, node: &NodeName) -> bool {
        let mut readers = self.route.readers.iter();
        readers.any(|reader| reader.endpoint.node == *node)
    }
}

/// The health of every node at `now`, in the cluster's order: DNS names as
/// replicas exactly those that the route sends readers to.
#[must_use]
pub fn of_cluster(
    view: &ClusterView,
    timing: &Timing,
    route: &ClusterRoute,
    now: Mono,
) -> Vec<NodeHealth> {
    let look = Look { route, now };
    let nodes = view.cluster.nodes.iter();
    nodes
        .map(|node| {
            let seen = view.node(&node.name);
            let serves = look.serves(&node.name);
            let reads_only = serves && node.name != view.cluster.primary;
            NodeHealth {
                node: node.name.clone(),
                roles: roles(view, node, seen, serves),
                checks: vec![
                    connect(node, seen, timing, reads_only, now),
                    query_latency(seen),
                    replication_lag(view, node, seen, &look),
                ],
            }
        })
        .collect()
}

fn roles(view: &ClusterView, node: &Node, seen: &NodeView, serves: bool) -> BTreeSet<Role> {
    let refuses_writes = seen
        .report()
        .is_some_and(|report| report.offline || !report.writability.accepts_writes());
    let out = node.quarantine.is_some() || node.maintenance.is_some();
    let is_primary = node.name == view.cluster.primary;
    let (writes, reads) = if is_primary {
        (!out && !refuses_writes, serves)
    } else {
        (false, serves || (!out && is_faithful(view, node, seen)))
    };
    let writes = writes.then_some(Role::Primary);
    writes
        .into_iter()
        .chain(reads.then_some(Role::Replica))
        .collect()
}

/// A node that the route sends readers to is at most doubtful.
fn connect(node: &Node, seen: &NodeView, timing: &Timing, serves: bool, now: Mono) -> Check {
    let check = |status, sentence: &str| Check {
        kind: CheckKind::Connect,
        status,
        sentence: sentence.to_owned(),
    };
    let critical = |sentence| check(Status::Critical, sentence);
    if let Some(quarantine) = &node.quarantine {
        return critical(&format!("quarantined: {}", quarantine.reason));
    }
    if let Some(maintenance) = &node.maintenance {
        let Maintenance { owner, reason, .. } = maintenance;
        return critical(&format!("in maintenance by {owner}: {reason}"));
    }
    let stale = |at| now.since(at) > timing.reader_patience;
    let doubtful = if serves {
        Status::Warning
    } else {
        Status::Critical
    };
    let silence = seen.silence.as_ref().map(|(why, _)| why);
    match (silence, &seen.answer) {
        (None, None) => critical("not seen yet"),
        (None, Some(answer)) if stale(answer.at) => {
            check(doubtful, "has not been heard for a while")
        }
        (None, Some(answer)) if answer.report.offline => critical("is in offline_mode"),
        (None, Some(_)) => check(Status::Passing, "answers"),
        (Some(Silence::Refused), _) => critical("refuses connections: its process is gone"),
        (Some(Silence::Mute), _) => check(doubtful, "does not answer in time"),
        (Some(Silence::Unreachable(_)), _) => check(doubtful, "cannot be reached over the network"),
        (Some(Silence::Denied(_)), _) => check(doubtful, "turns the control account away"),
        (Some(Silence::Broken(_)), _) => check(doubtful, "gives no answer that makes sense"),
    }
}

fn query_latency(seen: &NodeView) -> Check {
    let answer = seen.answer.as_ref().filter(|_| seen.silence.is_none());
    let slow = human(SLOW);
    let (status, sentence) = match answer {
        None => (
            Status::Warning,
            "unknown while it does not answer".to_owned(),
        ),
        Some(answer) if answer.latency > SLOW => {
            (Status::Warning, format!("answers in more than {slow}"))
        }
        Some(_) => (Status::Passing, format!("answers within {slow}")),
    };
    Check {
        kind: CheckKind::QueryLatency,
        status,
        sentence,
    }
}

/// Critical exactly while it serves no reads, where that is not said elsewhere.
fn replication_lag(view: &ClusterView, node: &Node, seen: &NodeView, at: &Look<'_>) -> Check {
    let (status, sentence) = if node.name == view.cluster.primary {
        (Status::Passing, "is the primary".to_owned())
    } else {
        match (lag(view, node, seen, at.now), at.serves(&node.name)) {
            ((Status::Critical, sentence), true) => {
                let kept = format!("{sentence}; serves reads as one of the last");
                (Status::Warning, kept)
            }
            ((status @ (Status::Passing | Status::Warning), sentence), false) => {
                out(view, seen, status, sentence)
            }
            (as_it_is, _) => as_it_is,
        }
    };
    Check {
        kind: CheckKind::ReplicationLag,
        status,
        sentence,
    }
}

/// What the lag alone says.
fn lag(view: &ClusterView, node: &Node, seen: &NodeView, now: Mono) -> (Status, String) {
    let limit = view.cluster.policy.max_read_lag();
    let critical = |sentence: &str| (Status::Critical, sentence.to_owned());
    let under = |limit| format!("under {} behind", seconds(limit));
    if errant(view, &node.name).is_some_and(|errant| !errant.is_empty()) {
        return critical("holds transactions that the primary never had");
    }
    if is_held_back(view, seen) {
        return critical("is delayed on purpose, beyond the limit for readers");
    }
    match staleness(seen, now) {
        Some(stale) if stale <= limit / 2 => (Status::Passing, under(limit / 2)),
        Some(stale) if stale <= limit => (Status::Warning, under(limit)),
        Some(stale) if tells_lag(view, seen) => (Status::Critical, far_behind(stale, limit)),
        _ => critical("may be behind: how far is unknown"),
    }
}

/// Why a replica that is not far behind serves no reads.
fn out(view: &ClusterView, seen: &NodeView, status: Status, lag: String) -> (Status, String) {
    let follows = |report| leads_to_primary(view, report);
    let sentence = match current(seen) {
        None => return (status, lag),
        Some(report) if !follows(report) => "does not follow the primary".to_owned(),
        Some(_) if !tells_lag(view, seen) => "may be behind: how far is unknown".to_owned(),
        Some(_) if status == Status::Warning => {
            let half = seconds(view.cluster.policy.max_read_lag() / 2);
            format!("{lag}; serves reads again when it is under {half}")
        }
        Some(_) => format!("{lag}; in reserve: the policy lets no more replicas serve reads"),
    };
    (Status::Critical, sentence)
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// A lag above the limit, as the coarsest thing that still tells a hiccup from
/// a replica that will not catch up.
fn far_behind(stale: Duration, limit: Duration) -> String {
    const MARKS: [(Duration, &str); 3] = [
        (Duration::from_hours(24), "more than a day behind"),
        (Duration::from_hours(1), "more than an hour behind"),
        (Duration::from_mins(1), "more than a minute behind"),
    ];
    let passed = MARKS
        .iter()
        .find(|(mark, _)| stale > *mark && *mark > limit);
    passed.map_or_else(
        || format!("more than {} behind", seconds(limit)),
        |(_, sentence)| (*sentence).to_owned(),
    )
}

#[cfg(test)]
mod tests;
