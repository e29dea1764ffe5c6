//! Nodes and their health.

use lictor_wire::{domain, v1};

use crate::all;
use crate::time::At;
use crate::upkeep::{Maintenance, Rebuild};

words! {
    /// What a node is for its cluster.
    Role from NodeRole {
        /// It holds the current primacy.
        Primary = "primary",
        /// It replicates, or should.
        Replica = "replica",
    }
}

impl From<domain::Role> for Role {
    fn from(role: domain::Role) -> Self {
        match role {
            domain::Role::Primary => Self::Primary,
            domain::Role::Replica => Self::Replica,
        }
    }
}

words! {
    /// Who may write on a node.
    Writability from Writability {
        /// Everyone.
        Writable = "writable",
        /// Only privileged accounts.
        ReadOnly = "read_only",
        /// Nobody but replication.
        SuperReadOnly = "super_read_only",
    } + "unknown"
}

words! {
    /// The receiver (IO thread) of a replica.
    ReceiverState from ReceiverState {
        /// Connected to its source.
        Running = "running",
        /// Trying to connect to its source.
        Connecting = "connecting",
        /// Stopped, by an operator, by Lictor or by an error.
        Stopped = "stopped",
    } + "unknown"
}

words! {
    /// What a check looks at.
    CheckKind from CheckKind {
        /// Whether the node answers.
        Connect = "connect",
        /// How long a query takes.
        Latency = "latency",
        /// How far a replica is behind.
        Lag = "lag",
    }
}

words! {
    /// How a check stands.
    CheckStatus from CheckStatus {
        /// As it should be.
        Passing = "passing",
        /// Worse than it should be, or unknown.
        Warning = "warning",
        /// Unfit for traffic.
        Critical = "critical",
    }
}

words! {
    /// How gladly a node is made primary.
    PromotionRule from PromotionRule {
        /// Never.
        MustNot = "must_not",
        /// Only when no other can.
        PreferNot = "prefer_not",
        /// No preference.
        Neutral = "neutral",
        /// Before others that hold the same data.
        Prefer = "prefer",
    }
}

shown! {
    /// A node. While it does not answer, `version`, `source` and `gtid_executed` are
    /// what it last said, and what changes quickly is unknown.
    pub struct Node {
        /// Its name, unique over all clusters.
        pub name: String,
        /// The cluster it belongs to.
        pub cluster: String,
        /// Where it listens.
        pub address: String,
        /// `@@server_uuid`.
        pub server_uuid: String,
        /// Server version, such as 9.7.4; empty when it was not seen yet.
        pub version: String,
        /// What it is for its cluster.
        pub role: Role,
        /// Who may write there.
        pub writability: Writability,
        /// Its checks.
        pub checks: Vec<Check>,
        /// How far its data is behind the primary's, in microseconds; null for what
        /// follows nobody and when unknown.
        pub lag_us: Option<u64>,
        /// How long its last probe took, in microseconds.
        pub latency_us: Option<u64>,
        /// Its receiver; null when it follows nobody.
        pub receiver: Option<ReceiverState>,
        /// Whether its applier (SQL thread) runs; null when it follows nobody and
        /// when unknown.
        pub applier_running: Option<bool>,
        /// Address it replicates from now; null when it follows nobody.
        pub source: Option<String>,
        /// Name of the node it is configured to follow; null for the primary.
        pub follows: Option<String>,
        /// `@@gtid_executed` as last seen.
        pub gtid_executed: String,
        /// Set while it is kept out of every pool.
        pub quarantine: Option<Quarantine>,
        /// Where it stands, such as an availability zone.
        pub zone: Option<String>,
        /// How gladly it is made primary.
        pub promotion: PromotionRule,
        /// When `promotion` is neutral again by itself; null when it lasts.
        pub promotion_until: Option<At>,
        /// When it last answered; null when it never did.
        pub last_seen: Option<At>,
        /// Set while an operator works on it.
        pub maintenance: Option<Maintenance>,
        /// Its rebuild that runs, or the last one that this leader saw.
        pub rebuild: Option<Rebuild>,
        /// The agent that has started its server; null when none has.
        pub guard: Option<Guard>,
        /// What it does for semi-synchronous replication now.
        pub semi_sync: NodeSemiSync,
    }

    /// What a node does for semi-synchronous replication at this moment.
    pub struct NodeSemiSync {
        /// Whether its commits wait for acknowledgements; null when unknown.
        pub source: Option<bool>,
        /// Whether it acknowledges what it receives; null when unknown.
        pub replica: Option<bool>,
    }

    /// One check of a node, as Consul shows it too.
    pub struct Check {
        /// What it looks at.
        pub kind: CheckKind,
        /// How it stands.
        pub status: CheckStatus,
        /// Why.
        pub sentence: String,
    }

    /// Why a node is kept out of every pool.
    pub struct Quarantine {
        /// The reason.
        pub reason: String,
        /// Transactions that no other node may ever see: a GTID set.
        pub errant: String,
        /// A rebuild began to replace its data and did not end: only another rebuild
        /// brings it back.
        pub incomplete: bool,
    }

    /// The agent that has started a node's server, as the leader knows it.
    pub struct Guard {
        /// UUID of this start of the server.
        pub instance: String,
        /// When it asked for a lease last; null when it has not in this term.
        pub last_heard: Option<At>,
        /// When the server is dead at the latest, unless its lease is renewed; null
        /// when it is not known to be bound to one.
        pub lease_ends: Option<At>,
    }

    /// What is stored of a node that was changed.
    pub struct NodePlacement {
        /// The node.
        pub node: String,
        /// How gladly it is made primary.
        pub promotion: PromotionRule,
        /// When `promotion` is neutral again by itself; null when it lasts.
        pub promotion_until: Option<At>,
        /// Where it stands; null for nowhere.
        pub zone: Option<String>,
    }
}

impl From<v1::NodeView> for Node {
    fn from(view: v1::NodeView) -> Self {
        let receiver = ReceiverState::read(view.receiver);
        Self {
            name: view.name,
            cluster: view.cluster,
            address: view.address,
            server_uuid: view.server_uuid,
            version: view.version,
            role: Role::read(view.role),
            writability: Writability::read(view.writability),
            checks: all(view.checks),
            lag_us: view.lag_us,
            latency_us: view.latency_us,
            receiver: view.source.is_some().then_some(receiver),
            applier_running: view.applier_running,
            source: view.source,
            follows: view.follows,
            gtid_executed: view.gtid_executed,
            quarantine: view.quarantine.map(Into::into),
            zone: view.zone,
            promotion: PromotionRule::read(view.promotion),
            promotion_until: At::read(view.promotion_until.as_ref()),
            last_seen: At::read(view.last_seen.as_ref()),
            maintenance: view.maintenance.map(Into::into),
            rebuild: view.rebuild.map(Into::into),
            guard: view.guard.map(Into::into),
            semi_sync: view.semi_sync.unwrap_or_default().into(),
        }
    }
}

impl From<v1::HealthCheck> for Check {
    fn from(check: v1::HealthCheck) -> Self {
        Self {
            kind: CheckKind::read(check.kind),
            status: CheckStatus::read(check.status),
            sentence: check.sentence,
        }
    }
}

impl From<v1::Quarantine> for Quarantine {
    fn from(quarantine: v1::Quarantine) -> Self {
        Self {
            reason: quarantine.reason,
            errant: quarantine.errant,
            incomplete: quarantine.incomplete,
        }
    }
}

impl From<v1::NodeSemiSync> for NodeSemiSync {
    fn from(semi_sync: v1::NodeSemiSync) -> Self {
        Self {
            source: semi_sync.source,
            replica: semi_sync.replica,
        }
    }
}

impl From<v1::Guard> for Guard {
    fn from(guard: v1::Guard) -> Self {
        Self {
            instance: guard.instance,
            last_heard: At::read(guard.last_heard.as_ref()),
            lease_ends: At::read(guard.lease_ends.as_ref()),
        }
    }
}

impl NodePlacement {
    /// Of that node.
    #[must_use]
    pub fn new(node: String, set: v1::SetNodeResponse) -> Self {
        Self {
            node,
            promotion: PromotionRule::read(set.promotion),
            promotion_until: At::read(set.promotion_until.as_ref()),
            zone: set.zone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_follows_somebody_has_a_receiver() {
        let follower = v1::NodeView {
            source: Some("127.0.0.1:3306".to_owned()),
            ..v1::NodeView::default()
        };
        let receiver = |view| Node::from(view).receiver;
        assert_eq!(receiver(follower), Some(ReceiverState::Unknown));
        assert_eq!(receiver(v1::NodeView::default()), None);
    }

    #[test]
    fn of_a_node_that_nobody_saw_nothing_is_said_to_be_well() {
        let json = serde_json::to_value(Node::from(v1::NodeView::default())).unwrap();
        assert_eq!(json["writability"], "unknown");
        assert_eq!(json["checks"], serde_json::json!([]));
        for unknown in ["lag_us", "latency_us", "last_seen"] {
            assert_eq!(json[unknown], serde_json::Value::Null);
        }
        assert_eq!(json["semi_sync"]["source"], serde_json::Value::Null);
    }
}
