//! A cluster in one line: counted out of what is shown of it, here and nowhere
//! else.

use crate::v1;

impl From<&v1::ClusterView> for v1::ClusterSummary {
    fn from(cluster: &v1::ClusterView) -> Self {
        let worst = cluster.problems.first();
        let replicas = cluster
            .nodes
            .iter()
            .filter(|node| node.role() == v1::NodeRole::Replica);
        Self {
            name: cluster.name.clone(),
            epoch: cluster.epoch,
            primary: cluster.primary.clone(),
            mode: cluster.policy.as_ref().map_or(0, |policy| policy.mode),
            state: cluster.state,
            severity: worst.map_or(0, |problem| problem.severity),
            problems: Some(problems(&cluster.problems)),
            worst: worst.map(|problem| problem.sentence.clone()),
            nodes: Some(nodes(&cluster.nodes)),
            max_lag_us: replicas.clone().filter_map(|node| node.lag_us).max(),
            lag_unknown: number(replicas.filter(|node| node.lag_us.is_none()).count()),
            paused: cluster.pause.is_some(),
            recovery: cluster.recovery.clone(),
        }
    }
}

fn problems(problems: &[v1::Problem]) -> v1::ProblemCounts {
    let of = |severity| {
        let alike = problems.iter().filter(|it| it.severity() == severity);
        number(alike.count())
    };
    v1::ProblemCounts {
        critical: of(v1::Severity::Critical),
        warning: of(v1::Severity::Warning),
        info: of(v1::Severity::Info),
    }
}

fn nodes(nodes: &[v1::NodeView]) -> v1::NodeCounts {
    let worst = |node: &v1::NodeView| {
        let checks = node.checks.iter().map(v1::HealthCheck::status);
        // Passing, warning, critical: as they are numbered.
        checks.max().unwrap_or(v1::CheckStatus::Unspecified)
    };
    let of = |status| number(nodes.iter().filter(|node| worst(node) == status).count());
    v1::NodeCounts {
        total: number(nodes.len()),
        passing: of(v1::CheckStatus::Passing),
        warning: of(v1::CheckStatus::Warning),
        critical: of(v1::CheckStatus::Critical),
        unknown: of(v1::CheckStatus::Unspecified),
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(role: v1::NodeRole, lag_us: Option<u64>, checks: &[v1::CheckStatus]) -> v1::NodeView {
        let checks = checks.iter().map(|status| v1::HealthCheck {
            status: (*status).into(),
            ..v1::HealthCheck::default()
        });
        v1::NodeView {
            role: role.into(),
            lag_us,
            checks: checks.collect(),
            ..v1::NodeView::default()
        }
    }

    #[test]
    fn what_nobody_knows_is_counted_and_never_zero() {
        use v1::CheckStatus::{Critical, Passing, Warning};
        let replica = v1::NodeRole::Replica;
        let cluster = v1::ClusterView {
            nodes: vec![
                node(v1::NodeRole::Primary, None, &[Passing, Passing]),
                node(replica, Some(7), &[Passing, Warning]),
                node(replica, None, &[Critical, Passing]),
                node(replica, None, &[]),
            ],
            ..v1::ClusterView::default()
        };
        let summary = v1::ClusterSummary::from(&cluster);
        let nodes = summary.nodes.unwrap();
        assert_eq!((nodes.total, nodes.passing, nodes.warning), (4, 1, 1));
        assert_eq!((nodes.critical, nodes.unknown), (1, 1));
        assert_eq!((summary.max_lag_us, summary.lag_unknown), (Some(7), 2));
        assert_eq!(summary.state(), v1::ClusterState::Unspecified);
        let stored = v1::ClusterSummary::from(&v1::ClusterView::default());
        assert_eq!(stored.max_lag_us, None);
    }

    #[test]
    fn the_worst_problem_stands_for_all() {
        let problem = |severity: v1::Severity, sentence: &str| v1::Problem {
            severity: severity.into(),
            sentence: sentence.to_owned(),
            ..v1::Problem::default()
        };
        let cluster = v1::ClusterView {
            problems: vec![
                problem(v1::Severity::Critical, "it is dead"),
                problem(v1::Severity::Info, "it is old"),
            ],
            ..v1::ClusterView::default()
        };
        let summary = v1::ClusterSummary::from(&cluster);
        assert_eq!(summary.worst.as_deref(), Some("it is dead"));
        assert_eq!(summary.severity(), v1::Severity::Critical);
        let counts = summary.problems.unwrap();
        assert_eq!((counts.critical, counts.warning, counts.info), (1, 0, 1));
    }
}
