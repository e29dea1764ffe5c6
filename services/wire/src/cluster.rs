//! Clusters and nodes, as they are shown.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain as domain;

use crate::time::{micros, timestamp};
use crate::v1;

impl From<domain::Writability> for v1::Writability {
    fn from(writability: domain::Writability) -> Self {
        match writability {
            domain::Writability::Writable => Self::Writable,
            domain::Writability::ReadOnly => Self::ReadOnly,
            domain::Writability::SuperReadOnly => Self::SuperReadOnly,
        }
    }
}

impl From<domain::ReceiverState> for v1::ReceiverState {
    fn from(receiver: domain::ReceiverState) -> Self {
        match receiver {
            domain::ReceiverState::Running => Self::Running,
            domain::ReceiverState::Connecting => Self::Connecting,
            domain::ReceiverState::Stopped => Self::Stopped,
        }
    }
}

impl From<&domain::Quarantine> for v1::Quarantine {
    fn from(quarantine: &domain::Quarantine) -> Self {
        Self {
            reason: quarantine.reason.clone(),
            errant: quarantine.errant.to_string(),
            incomplete: quarantine.incomplete,
        }
    }
}

impl From<&domain::Maintenance> for v1::Maintenance {
    fn from(maintenance: &domain::Maintenance) -> Self {
        Self {
            owner: maintenance.owner.clone(),
            reason: maintenance.reason.clone(),
            until: Some(timestamp(maintenance.until)),
        }
    }
}

impl From<&domain::Pause> for v1::Pause {
    fn from(pause: &domain::Pause) -> Self {
        Self {
            owner: pause.owner.clone(),
            reason: pause.reason.clone(),
            until: pause.until.map(timestamp),
        }
    }
}

impl From<&domain::Rebuild> for v1::Rebuild {
    fn from(rebuild: &domain::Rebuild) -> Self {
        use domain::RebuildState as State;
        let mut view = Self {
            id: rebuild.id.to_string(),
            donor: rebuild.donor.to_string(),
            actor: rebuild.actor.clone(),
            started_at: Some(timestamp(rebuild.started_at)),
            finished_at: rebuild.finished_at.map(timestamp),
            ..Self::default()
        };
        let state = match &rebuild.state {
            State::Checking => v1::RebuildState::Checking,
            State::Copying { progress } => {
                view.stage.clone_from(&progress.stage);
                view.copied_bytes = progress.copied;
                view.estimated_bytes = progress.estimate;
                v1::RebuildState::Copying
            }
            State::Restarting { by_hand } => {
                view.restart_by_hand = *by_hand;
                v1::RebuildState::Restarting
            }
            State::Rejoining => v1::RebuildState::Rejoining,
            State::Done => v1::RebuildState::Done,
            State::Failed { reason } => {
                view.failure.clone_from(reason);
                v1::RebuildState::Failed
            }
        };
        view.state = state.into();
        view
    }
}

impl v1::NodeSemiSync {
    /// A server without the plugins does neither.
    fn of(report: &domain::NodeReport) -> Self {
        let semi_sync = report.semi_sync.as_ref();
        Self {
            source: Some(semi_sync.is_some_and(|it| it.source_active)),
            replica: Some(semi_sync.is_some_and(|it| it.replica_active)),
        }
    }
}

impl v1::NodeView {
    /// What is stored of a node of this cluster, with nothing seen of it yet.
    #[must_use]
    pub fn stored(cluster: &domain::Cluster, node: &domain::Node) -> Self {
        let role = if node.name == cluster.primary {
            v1::NodeRole::Primary
        } else {
            v1::NodeRole::Replica
        };
        Self {
            name: node.name.to_string(),
            cluster: cluster.name.to_string(),
            address: node.address.to_string(),
            server_uuid: node.server_uuid.to_string(),
            role: role.into(),
            quarantine: node.quarantine.as_ref().map(Into::into),
            maintenance: node.maintenance.as_ref().map(Into::into),
            follows: node.follows.as_ref().map(ToString::to_string),
            zone: node.zone.as_ref().map(ToString::to_string),
            promotion: v1::PromotionRule::from(node.promotion.rule).into(),
            promotion_until: node.promotion.until.map(timestamp),
            ..Self::default()
        }
    }

    /// The same node, with its last report, how long that probe took, and when
    /// it answered.
    #[must_use]
    pub fn seen(
        self,
        report: &domain::NodeReport,
        latency: Duration,
        last_seen: DateTime<Utc>,
    ) -> Self {
        let replication = report.replication.as_ref();
        let receiver = replication.map(|replication| replication.receiver.into());
        Self {
            version: report.version.to_string(),
            writability: v1::Writability::from(report.writability).into(),
            lag_us: replication.and_then(|replication| replication.lag.map(micros)),
            latency_us: Some(micros(latency)),
            receiver: receiver.unwrap_or(v1::ReceiverState::Unspecified).into(),
            applier_running: replication.map(|replication| replication.applier_running),
            source: replication.map(|replication| replication.source.to_string()),
            gtid_executed: report.executed.to_string(),
            semi_sync: Some(v1::NodeSemiSync::of(report)),
            last_seen: Some(timestamp(last_seen)),
            ..self
        }
    }
}

impl From<&domain::RouteState> for v1::ClusterState {
    fn from(state: &domain::RouteState) -> Self {
        match state {
            domain::RouteState::Serving { .. } => Self::Serving,
            domain::RouteState::Held => Self::Held,
            domain::RouteState::NoPrimary => Self::NoPrimary,
        }
    }
}

impl v1::ClusterView {
    /// What is stored of a cluster, its problems, and its nodes as they are seen;
    /// where its writes go is unknown.
    #[must_use]
    pub fn new(
        cluster: &domain::Cluster,
        problems: &[domain::Problem],
        nodes: Vec<v1::NodeView>,
    ) -> Self {
        Self {
            name: cluster.name.to_string(),
            epoch: Some(cluster.epoch.into()),
            primary: cluster.primary.to_string(),
            policy: Some((&cluster.policy).into()),
            problems: problems.iter().map(Into::into).collect(),
            nodes,
            pause: cluster.pause.as_ref().map(Into::into),
            ..Self::default()
        }
    }
}
