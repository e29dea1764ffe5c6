//! What Consul shows of each node: its role, and three checks with a sentence.
//!
//! A sentence is written to Consul whenever it changes, and nodes are looked at
//! several times a second: so it holds nothing that changes with every look.
//! Lags and latencies are said as the range they lie in, and the reason of a
//! silence is left to the problems.

use std::time::Duration;

use lictor_domain::evidence::human;
use lictor_domain::{Maintenance, Mono, Node, NodeName};

use crate::errant::errant;
use crate::replica::{is_faithful, is_held_back, staleness, tells_lag};
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

/// What a node is looked up as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Takes the writes. A primary that does not answer keeps the role, and is
    /// critical: nobody else has it.
    Primary,
    /// Serves reads.
    Replica,
    /// Neither: a primary known to refuse writes, or a replica whose data must
    /// not be shown.
    None,
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
    /// Its role.
    pub role: Role,
    /// One of each kind, in a fixed order.
    pub checks: Vec<Check>,
}

/// The health of every node at `now`, in the cluster's order.
#[must_use]
pub fn of_cluster(view: &ClusterView, timing: &Timing, now: Mono) -> Vec<NodeHealth> {
    let nodes = view.cluster.nodes.iter();
    nodes
        .map(|node| {
            let seen = view.node(&node.name);
            NodeHealth {
                node: node.name.clone(),
                role: role(view, node, seen),
                checks: vec![
                    connect(node, seen, timing, now),
                    query_latency(seen),
                    replication_lag(view, node, seen, now),
                ],
            }
        })
        .collect()
}

fn role(view: &ClusterView, node: &Node, seen: &NodeView) -> Role {
    let is_primary = node.name == view.cluster.primary;
    let refuses_writes = seen
        .report()
        .is_some_and(|report| report.offline || !report.writability.accepts_writes());
    if node.quarantine.is_some() || node.maintenance.is_some() {
        Role::None
    } else if is_primary {
        if refuses_writes {
            Role::None
        } else {
            Role::Primary
        }
    } else if is_faithful(view, node, seen) {
        Role::Replica
    } else {
        Role::None
    }
}

fn connect(node: &Node, seen: &NodeView, timing: &Timing, now: Mono) -> Check {
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
    let silence = seen.silence.as_ref().map(|(why, _)| why);
    match (silence, &seen.answer) {
        (None, None) => critical("not seen yet"),
        (None, Some(answer)) if stale(answer.at) => critical("has not been heard for a while"),
        (None, Some(_)) => check(Status::Passing, "answers"),
        (Some(Silence::Refused), _) => critical("refuses connections: its process is gone"),
        (Some(Silence::Mute), _) => critical("does not answer in time"),
        (Some(Silence::Unreachable(_)), _) => critical("cannot be reached over the network"),
        (Some(Silence::Denied(_)), _) => critical("turns the control account away"),
        (Some(Silence::Broken(_)), _) => critical("gives no answer that makes sense"),
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

fn replication_lag(view: &ClusterView, node: &Node, seen: &NodeView, now: Mono) -> Check {
    let limit = view.cluster.policy.max_read_lag();
    let (status, sentence) = if node.name == view.cluster.primary {
        (Status::Passing, "is the primary".to_owned())
    } else if errant(view, &node.name).is_some_and(|errant| !errant.is_empty()) {
        (
            Status::Critical,
            "holds transactions that the primary never had".to_owned(),
        )
    } else if is_held_back(view, seen) {
        (
            Status::Critical,
            "is delayed on purpose, beyond the limit for readers".to_owned(),
        )
    } else {
        match staleness(seen, now) {
            Some(stale) if stale <= limit / 2 => (
                Status::Passing,
                format!("under {} behind", seconds(limit / 2)),
            ),
            Some(stale) if stale <= limit => {
                (Status::Warning, format!("under {} behind", seconds(limit)))
            }
            Some(stale) if tells_lag(seen) => (Status::Critical, far_behind(stale, limit)),
            _ => (
                Status::Critical,
                "how far it is behind is unknown".to_owned(),
            ),
        }
    };
    Check {
        kind: CheckKind::ReplicationLag,
        status,
        sentence,
    }
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
mod tests {
    use lictor_domain::{ProbeOutcome, Writability};

    use super::*;
    use crate::fixture::{Fixture, NOW, TIMING, gtids, ms, name};
    use Status::{Critical, Passing, Warning};

    fn health(fixture: &Fixture, n: u32) -> NodeHealth {
        let all = of_cluster(&fixture.view(), &TIMING, NOW);
        let mut found = all.into_iter().filter(|health| health.node == name(n));
        found.next().unwrap()
    }

    fn check(fixture: &Fixture, n: u32, kind: CheckKind) -> (Status, String) {
        let checks = health(fixture, n).checks;
        let found = checks.into_iter().find(|check| check.kind == kind).unwrap();
        (found.status, found.sentence)
    }

    #[test]
    fn a_healthy_cluster_passes_every_check() {
        let fixture = Fixture::healthy(2);
        let all = of_cluster(&fixture.view(), &TIMING, NOW);
        let roles: Vec<_> = all.iter().map(|health| health.role).collect();
        assert_eq!(roles, [Role::Primary, Role::Replica, Role::Replica]);
        for health in all {
            let kinds: Vec<_> = health.checks.iter().map(|check| check.kind).collect();
            assert_eq!(
                kinds,
                [
                    CheckKind::Connect,
                    CheckKind::QueryLatency,
                    CheckKind::ReplicationLag
                ]
            );
            assert!(health.checks.iter().all(|check| check.status == Passing));
        }
    }

    #[test]
    fn connect_is_critical_unless_the_node_answers() {
        let healthy = || Fixture::healthy(1);
        let silent = |outcome| healthy().silent(2, outcome, ms(100));
        let reason = || "errno 113".to_owned();
        for (fixture, expected) in [
            (healthy().unseen(2), "not seen yet"),
            (
                silent(ProbeOutcome::Refused),
                "refuses connections: its process is gone",
            ),
            (silent(ProbeOutcome::TimedOut), "does not answer in time"),
            (
                silent(ProbeOutcome::Unreachable { reason: reason() }),
                "cannot be reached over the network",
            ),
            (
                silent(ProbeOutcome::Denied { reason: reason() }),
                "turns the control account away",
            ),
            (
                silent(ProbeOutcome::Broken { reason: reason() }),
                "gives no answer that makes sense",
            ),
            (
                healthy().quarantined(2, "it diverged"),
                "quarantined: it diverged",
            ),
        ] {
            let (status, sentence) = check(&fixture, 2, CheckKind::Connect);
            assert_eq!((status, sentence.as_str()), (Critical, expected));
        }
    }

    #[test]
    fn an_old_answer_is_no_health() {
        let later = NOW + TIMING.reader_patience + ms(1);
        let all = of_cluster(&Fixture::healthy(1).view(), &TIMING, later);
        assert!(all.iter().all(|health| health.checks[0].status == Critical));
    }

    #[test]
    fn slow_answers_are_a_warning() {
        for (millis, expected) in [(100, Passing), (101, Warning)] {
            let fixture = Fixture::healthy(1).latency(ms(millis));
            assert_eq!(check(&fixture, 2, CheckKind::QueryLatency).0, expected);
        }
    }

    #[test]
    fn lag_is_judged_by_the_policy_and_unknown_is_critical() {
        for (lag, expected, sentence) in [
            (Some(0), Passing, "under 2.5 s behind"),
            (Some(2500), Passing, "under 2.5 s behind"),
            (Some(2501), Warning, "under 5 s behind"),
            (Some(5001), Critical, "more than 5 s behind"),
            (Some(61_000), Critical, "more than a minute behind"),
            (Some(90_000_000), Critical, "more than a day behind"),
            (None, Critical, "how far it is behind is unknown"),
        ] {
            let fixture = Fixture::healthy(1).lag(2, lag.map(ms));
            let found = check(&fixture, 2, CheckKind::ReplicationLag);
            assert_eq!(found, (expected, sentence.to_owned()));
        }
    }

    #[test]
    fn between_two_known_lags_the_last_one_bounds_the_age() {
        let mut view = Fixture::healthy(1).view();
        let unknown = Fixture::healthy(1).lag(2, None).answer(2);
        for (later, expected) in [(2000, Passing), (4000, Warning), (6000, Critical)] {
            let now = NOW + ms(later);
            view.probed(&name(2), unknown.clone(), now);
            let checks = &of_cluster(&view, &TIMING, now)[1].checks;
            assert_eq!(checks[2].status, expected, "after {later} ms");
        }
    }

    #[test]
    fn a_dead_primary_stays_the_primary_and_is_critical() {
        let health = health(&Fixture::healthy(1).dead_primary(), 1);
        assert_eq!(health.role, Role::Primary);
        assert_eq!(health.checks[0].status, Critical);
    }

    #[test]
    fn a_primary_that_refuses_writes_is_not_looked_up_as_one() {
        let closed = Fixture::healthy(1).writability(1, Writability::SuperReadOnly);
        assert_eq!(health(&closed, 1).role, Role::None);
    }

    #[test]
    fn a_replica_whose_data_must_not_be_shown_has_no_role() {
        for fixture in [
            Fixture::healthy(1).quarantined(2, "it diverged"),
            Fixture::healthy(1).writability(2, Writability::Writable),
            Fixture::healthy(1).executed(2, &gtids(9, 1, 1)),
        ] {
            assert_eq!(health(&fixture, 2).role, Role::None);
        }
    }

    #[test]
    fn nothing_is_rewritten_while_a_healthy_cluster_is_only_looked_at() {
        let mut view = Fixture::healthy(2).view();
        let first = of_cluster(&view, &TIMING, NOW);
        for look in 1..50 {
            let now = NOW + TIMING.probe_interval * look;
            for n in 1..=3 {
                let jitter = ms(u64::from(look * n) % 90);
                let mut fixture = Fixture::healthy(2).latency(jitter);
                if n > 1 {
                    fixture = fixture.lag(n, Some(jitter));
                }
                view.probed(&name(n), fixture.answer(n), now);
            }
            assert_eq!(of_cluster(&view, &TIMING, now), first);
        }
    }
}
