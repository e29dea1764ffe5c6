//! What operators take out of Lictor's hands for a time: a node in maintenance, a
//! paused cluster. Both end by themselves, by the wall clock that the caller
//! gives, as promotion rules with an end do; a node that is given back is Lictor's
//! to bring up again.

use std::fmt;

use chrono::TimeDelta;
use lictor_domain::{
    Cluster, Evidence, Maintenance, Mono, Node, NodeName, Now, Pause, Problem, ProblemCode,
};

use crate::view::ClusterView;

/// Why a node is not put into maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It takes the writes.
    IsPrimary(NodeName),
    /// It is to be put back, and nobody works on it.
    NotInMaintenance(NodeName),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IsPrimary(node) => write!(
                f,
                "{node} is the primary: it takes the writes, and maintenance would leave nobody \
                 to take them"
            ),
            Self::NotInMaintenance(node) => write!(f, "{node} is not in maintenance"),
        }
    }
}

impl Refusal {
    /// Its stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::IsPrimary(_) => "IsPrimary",
            Self::NotInMaintenance(_) => "NotInMaintenance",
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::IsPrimary(_) => "a switchover is needed first: make another node the primary",
            Self::NotInMaintenance(_) => "there is nothing to end",
        }
    }
}

/// Whether somebody may work on this node.
pub fn may_begin(cluster: &Cluster, node: &Node) -> Result<(), Refusal> {
    if node.name == cluster.primary {
        return Err(Refusal::IsPrimary(node.name.clone()));
    }
    Ok(())
}

/// Whether there is anything to end.
pub fn may_end(node: &Node) -> Result<(), Refusal> {
    if node.maintenance.is_none() {
        return Err(Refusal::NotInMaintenance(node.name.clone()));
    }
    Ok(())
}

/// Ends what was to end by now.
pub(crate) fn expire(view: &mut ClusterView, now: Now) {
    let lasts = |node: &Node| node.maintenance.is_none() && node.promotion.until.is_none();
    if view.cluster.pause.is_none() && view.cluster.nodes.iter().all(lasts) {
        return;
    }
    let mut after = view.cluster.clone();
    after.expire(now.wall);
    if after == view.cluster {
        return;
    }
    let released = released(&view.cluster, &after);
    view.cluster = after;
    give_back(view, &released, now.mono);
}

/// The nodes that nobody works on any more.
pub(crate) fn released(before: &Cluster, after: &Cluster) -> Vec<NodeName> {
    let is_over = |node: &&Node| {
        let then = before.node(&node.name);
        node.maintenance.is_none() && then.is_some_and(|node| node.maintenance.is_some())
    };
    let nodes = after.nodes.iter().filter(is_over);
    nodes.map(|node| node.name.clone()).collect()
}

/// Whatever was stopped on them meanwhile is Lictor's to start.
pub(crate) fn give_back(view: &mut ClusterView, released: &[NodeName], now: Mono) {
    for node in released {
        view.entrust(node, now);
    }
}

/// What is shown in place of the problems of nodes that somebody works on, and
/// of a cluster in which nothing is done by itself.
pub(crate) fn of_operators(view: &ClusterView, found: Vec<Problem>, now: Now) -> Vec<Problem> {
    let worked_on = |problem: &Problem| {
        let node = problem
            .node
            .as_ref()
            .and_then(|name| view.cluster.node(name));
        node.filter(|node| node.name != view.cluster.primary)
            .is_some_and(|node| node.maintenance.is_some())
    };
    let (expected, mut problems): (Vec<_>, Vec<_>) = found.into_iter().partition(worked_on);
    problems.extend(
        view.cluster
            .pause
            .iter()
            .map(|pause| paused(view, pause, now)),
    );
    for node in &view.cluster.nodes {
        let theirs = expected
            .iter()
            .filter(|problem| problem.node.as_ref() == Some(&node.name));
        let evidence = theirs.flat_map(|problem| problem.evidence.clone());
        if let Some(maintenance) = &node.maintenance {
            problems.push(in_maintenance(node, maintenance, evidence.collect(), now));
        }
    }
    problems
}

fn in_maintenance(
    node: &Node,
    maintenance: &Maintenance,
    evidence: Vec<Evidence>,
    now: Now,
) -> Problem {
    let Maintenance {
        owner,
        reason,
        until,
    } = maintenance;
    let name = &node.name;
    let left = *until - now.wall;
    Problem {
        code: ProblemCode::Maintenance,
        severity: ProblemCode::Maintenance.severity(),
        node: Some(name.clone()),
        sentence: format!(
            "{name} is in maintenance by {owner}, {} left: {reason}",
            time_left(left)
        ),
        response: format!(
            "it serves no reads and is never promoted; lictor node maintenance {name} --end ends it"
        ),
        evidence,
    }
}

fn paused(view: &ClusterView, pause: &Pause, now: Now) -> Problem {
    let Pause {
        owner,
        reason,
        until,
    } = pause;
    let name = &view.cluster.name;
    let left = until.map_or_else(
        || "until it is resumed".to_owned(),
        |until| format!("{} left", time_left(until - now.wall)),
    );
    Problem {
        code: ProblemCode::ClusterPaused,
        severity: ProblemCode::ClusterPaused.severity(),
        node: None,
        sentence: format!("{name} is paused by {owner}, {left}: {reason}"),
        response: format!(
            "nothing is done by itself, not even a failover; lictor cluster resume {name} ends it"
        ),
        evidence: vec![],
    }
}

/// As far as it matters: minutes, or seconds when there are few.
fn time_left(left: TimeDelta) -> String {
    let seconds = left.num_seconds().max(0);
    let minutes = left.num_minutes().max(0);
    match minutes {
        0 => format!("{seconds} s"),
        1..=119 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use lictor_domain::ProbeOutcome;

    use super::*;
    use crate::analysis;
    use crate::fixture::{Fixture, NOW, TIMING, name};

    fn now(seconds: u64) -> Now {
        Now {
            mono: NOW,
            wall: DateTime::UNIX_EPOCH + Duration::from_secs(seconds),
        }
    }

    fn shown(view: &ClusterView, at: Now) -> Vec<Problem> {
        of_operators(view, analysis::problems(view, &TIMING, NOW), at)
    }

    #[test]
    fn what_is_wrong_with_a_node_in_maintenance_is_no_alarm() {
        let dead = Fixture::healthy(2)
            .silent(2, ProbeOutcome::Refused, Duration::from_secs(1))
            .in_maintenance(2);
        let problems = shown(&dead.view(), now(60));
        let theirs: Vec<_> = problems
            .iter()
            .filter(|problem| problem.node == Some(name(2)))
            .collect();
        let [problem] = theirs[..] else {
            panic!("{problems:?}");
        };
        assert_eq!(problem.code, ProblemCode::Maintenance);
        assert!(
            problem.sentence.contains("by ada, 59 min left"),
            "{problem:?}"
        );
        assert!(!problem.evidence.is_empty());
    }

    #[test]
    fn maintenance_ends_by_the_wall_clock_and_the_node_is_ours_again() {
        let mut view = Fixture::healthy(2).in_maintenance(2).view();
        expire(&mut view, now(3_599));
        assert!(view.cluster.node(&name(2)).unwrap().maintenance.is_some());
        assert!(!view.node(&name(2)).returned);
        expire(&mut view, now(3_600));
        assert_eq!(view.cluster.node(&name(2)).unwrap().maintenance, None);
        assert!(view.node(&name(2)).returned);
    }

    #[test]
    fn a_primary_is_refused_and_a_node_that_nobody_works_on_has_nothing_to_end() {
        let cluster = Fixture::healthy(2).in_maintenance(3).cluster;
        let node = |n| cluster.node(&name(n)).unwrap();
        let refused = may_begin(&cluster, node(1)).unwrap_err();
        assert!(refused.remedy().contains("switchover"));
        assert_eq!(may_begin(&cluster, node(2)), Ok(()));
        assert_eq!(may_end(node(2)), Err(Refusal::NotInMaintenance(name(2))));
        assert_eq!(may_end(node(3)), Ok(()));
    }

    #[test]
    fn a_pause_is_shown_with_its_owner_its_reason_and_the_time_left() {
        let mut view = Fixture::healthy(2).view();
        for (until, left) in [
            (None, "until it is resumed"),
            (Some(7_320), "2 h 1 min left"),
        ] {
            view.cluster.pause = Some(Pause {
                owner: "ada".to_owned(),
                reason: "a network change".to_owned(),
                until: until.map(|at| now(at).wall),
            });
            let problems = shown(&view, now(60));
            let problem = problems
                .iter()
                .find(|problem| problem.code == ProblemCode::ClusterPaused)
                .unwrap();
            for part in ["ada", "a network change", left] {
                assert!(problem.sentence.contains(part), "{problem:?}");
            }
        }
    }
}
