//! Clusters: in a line each, and whole.

use lictor_wire::v1;

use crate::node::Node;
use crate::policy::{Mode, Policy};
use crate::problem::{Finding, Problem, Severity};
use crate::upkeep::Maintenance;
use crate::{all, epoch};

words! {
    /// Where the writes of a cluster go now.
    ClusterState from ClusterState {
        /// To the primary.
        Serving = "serving",
        /// They wait for a moment.
        Held = "held",
        /// There is no primary now.
        NoPrimary = "no_primary",
    } + "unknown"
}

shown! {
    /// A cluster in a line.
    pub struct ClusterSummary {
        /// Its name.
        pub name: String,
        /// The current primacy.
        pub epoch: String,
        /// Name of the node that holds it.
        pub primary: String,
        /// How far Lictor may act by itself.
        pub mode: Mode,
        /// Where writes go now; unknown to an instance that does not lead.
        pub state: ClusterState,
        /// Of its worst problem; null when there is none.
        pub severity: Option<Severity>,
        /// How many problems it has.
        pub problems: ProblemCounts,
        /// What its worst problem is.
        pub worst: Option<String>,
        /// How its nodes are.
        pub nodes: NodeCounts,
        /// The largest known lag of its replicas, in microseconds.
        pub max_lag_us: Option<u64>,
        /// Replicas whose lag nobody knows.
        pub lag_unknown: u32,
        /// Whether nothing is done by itself for a time.
        pub paused: bool,
        /// Id of the recovery under way.
        pub recovery: Option<String>,
    }

    /// Problems by severity.
    pub struct ProblemCounts {
        /// Writes or data are in danger.
        pub critical: u32,
        /// Redundancy or freshness suffers.
        pub warning: u32,
        /// Worth knowing.
        pub info: u32,
    }

    /// Nodes by the worst of their checks.
    pub struct NodeCounts {
        /// All of them.
        pub total: u32,
        /// Every check passes.
        pub passing: u32,
        /// Some check warns.
        pub warning: u32,
        /// Some check is critical.
        pub critical: u32,
        /// Nobody knows.
        pub unknown: u32,
    }

    /// A cluster.
    pub struct Cluster {
        /// Its name.
        pub name: String,
        /// The current primacy.
        pub epoch: String,
        /// Name of the node that holds it.
        pub primary: String,
        /// What its operator wants.
        pub policy: Policy,
        /// Set while nothing is done by itself.
        pub pause: Option<Maintenance>,
        /// What is not as it should be, the gravest first.
        pub problems: Vec<Problem>,
        /// Its nodes, in order of name.
        pub nodes: Vec<Node>,
        /// Where writes go now; unknown to an instance that does not lead.
        pub state: ClusterState,
        /// Id of the recovery under way.
        pub recovery: Option<String>,
    }

    /// What came of adding a cluster.
    pub struct AddedCluster {
        /// The cluster as it is stored now.
        pub cluster: Option<Cluster>,
        /// What is not as it should be, but does not stand in the way.
        pub findings: Vec<Finding>,
        /// False when the cluster was known already.
        pub created: bool,
    }

    /// How the connections of a node are divided among the pools of subscribers.
    pub struct NodeConnections {
        /// Its name.
        pub node: String,
        /// Its `max_connections`; null while it was never seen.
        pub max_connections: Option<u32>,
        /// What stays in reserve.
        pub reserve: u32,
        /// How many pools subscribers keep to it.
        pub pools: u32,
        /// What each pool may have; null where there is no pool, or it was never
        /// seen.
        pub share: Option<u32>,
        /// What all pools may have together.
        pub handed_out: u64,
    }
}

impl From<v1::ClusterView> for Cluster {
    fn from(view: v1::ClusterView) -> Self {
        Self {
            name: view.name,
            epoch: epoch(view.epoch.as_ref()),
            primary: view.primary,
            policy: view.policy.unwrap_or_default().into(),
            pause: view.pause.map(Into::into),
            problems: all(view.problems),
            nodes: all(view.nodes),
            state: ClusterState::read(view.state),
            recovery: view.recovery,
        }
    }
}

impl From<v1::ClusterSummary> for ClusterSummary {
    fn from(summary: v1::ClusterSummary) -> Self {
        let severity = Severity::read(summary.severity);
        Self {
            name: summary.name,
            epoch: epoch(summary.epoch.as_ref()),
            primary: summary.primary,
            mode: Mode::read(summary.mode),
            state: ClusterState::read(summary.state),
            severity: summary.worst.is_some().then_some(severity),
            problems: summary.problems.unwrap_or_default().into(),
            worst: summary.worst,
            nodes: summary.nodes.unwrap_or_default().into(),
            max_lag_us: summary.max_lag_us,
            lag_unknown: summary.lag_unknown,
            paused: summary.paused,
            recovery: summary.recovery,
        }
    }
}

impl From<v1::ProblemCounts> for ProblemCounts {
    fn from(counts: v1::ProblemCounts) -> Self {
        Self {
            critical: counts.critical,
            warning: counts.warning,
            info: counts.info,
        }
    }
}

impl From<v1::NodeCounts> for NodeCounts {
    fn from(counts: v1::NodeCounts) -> Self {
        Self {
            total: counts.total,
            passing: counts.passing,
            warning: counts.warning,
            critical: counts.critical,
            unknown: counts.unknown,
        }
    }
}

impl From<v1::AddClusterResponse> for AddedCluster {
    fn from(response: v1::AddClusterResponse) -> Self {
        Self {
            cluster: response.cluster.map(Into::into),
            findings: all(response.findings),
            created: response.created,
        }
    }
}

impl From<v1::NodeConnections> for NodeConnections {
    fn from(node: v1::NodeConnections) -> Self {
        Self {
            node: node.node,
            max_connections: node.max_connections,
            reserve: node.reserve,
            pools: node.pools,
            share: node.share,
            handed_out: node.handed_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_without_a_problem_has_no_severity_and_a_new_one_is_unknown() {
        let severity = |severity: i32, worst: Option<&str>| {
            ClusterSummary::from(v1::ClusterSummary {
                severity,
                worst: worst.map(ToOwned::to_owned),
                ..v1::ClusterSummary::default()
            })
            .severity
        };
        assert_eq!(severity(0, None), None);
        assert_eq!(severity(99, Some("new")), Some(Severity::Unknown));
        let warning = v1::Severity::Warning.into();
        assert_eq!(severity(warning, Some("slow")), Some(Severity::Warning));
    }

    #[test]
    fn of_a_cluster_that_nobody_keeps_here_the_state_is_unknown() {
        let cluster = Cluster::from(v1::ClusterView::default());
        let json = serde_json::to_value(cluster).unwrap();
        assert_eq!(json["state"], "unknown");
        assert_eq!(json["recovery"], serde_json::Value::Null);
        assert_eq!(json["epoch"], "-");
    }
}
