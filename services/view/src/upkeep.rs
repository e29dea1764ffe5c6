//! What operators do with nodes and clusters: maintenance, pauses, rebuilds.

use lictor_wire::v1;

use crate::time::At;

words! {
    /// How a rebuild stands.
    RebuildState from RebuildState {
        /// The node and its donor are asked whether they can.
        Checking = "checking",
        /// The donor's data replaces the node's.
        Copying = "copying",
        /// The copy is whole, and the server restarts on it.
        Restarting = "restarting",
        /// It runs on the copy, and is made to follow the primary.
        Rejoining = "rejoining",
        /// It takes part again.
        Done = "done",
        /// It failed; the node stays quarantined.
        Failed = "failed",
    }
}

shown! {
    /// Something that an operator took out of Lictor's hands: a node, or a paused
    /// cluster.
    pub struct Maintenance {
        /// Who wants it.
        pub owner: String,
        /// Why.
        pub reason: String,
        /// When it ends by itself; null until it is ended.
        pub until: Option<At>,
    }

    /// A rebuild of a node: its data replaced by a copy of a donor's.
    pub struct Rebuild {
        /// Its identity, a UUID.
        pub id: String,
        /// Whose data the node gets.
        pub donor: String,
        /// Who wanted it: an operator, or `lictor` by the cluster's policy.
        pub actor: String,
        /// How it stands.
        pub state: RebuildState,
        /// When it began.
        pub started_at: Option<At>,
        /// When it was over; null while it runs.
        pub finished_at: Option<At>,
        /// The stage of the copy, as MySQL calls it, such as FILE COPY.
        pub stage: String,
        /// Bytes copied; of use while it copies.
        pub copied_bytes: u64,
        /// Bytes there are to copy, as MySQL estimates.
        pub estimated_bytes: u64,
        /// While it restarts: no supervisor starts mysqld again, so somebody has to.
        pub restart_by_hand: bool,
        /// Why it failed; empty unless it did.
        pub failure: String,
    }

    /// A node that was put into maintenance or taken out of it.
    pub struct NodeMaintenance {
        /// The node.
        pub node: String,
        /// Its maintenance; null when it has none.
        pub maintenance: Option<Maintenance>,
    }

    /// What was done to let a node back, or would be.
    pub struct RejoinReport {
        /// That.
        pub sentence: String,
        /// The GTID set of the empty transactions committed on the primary, or to
        /// commit; empty without `inject_empty`.
        pub injected: String,
    }

    /// Whom a node is to follow now, or would.
    pub struct RepointReport {
        /// That.
        pub sentence: String,
    }

    /// A rebuild that has begun, or would.
    pub struct RebuildReport {
        /// The node.
        pub node: String,
        /// Whose data it gets.
        pub donor: String,
        /// Transactions that only the node holds, and that are lost: a GTID set.
        pub loses: String,
        /// Id of the rebuild that began; null when nothing was begun.
        pub operation: Option<String>,
    }
}

impl From<v1::Maintenance> for Maintenance {
    fn from(maintenance: v1::Maintenance) -> Self {
        Self {
            owner: maintenance.owner,
            reason: maintenance.reason,
            until: At::read(maintenance.until.as_ref()),
        }
    }
}

impl From<v1::Pause> for Maintenance {
    fn from(pause: v1::Pause) -> Self {
        Self {
            owner: pause.owner,
            reason: pause.reason,
            until: At::read(pause.until.as_ref()),
        }
    }
}

impl From<v1::Rebuild> for Rebuild {
    fn from(rebuild: v1::Rebuild) -> Self {
        Self {
            id: rebuild.id,
            donor: rebuild.donor,
            actor: rebuild.actor,
            state: RebuildState::read(rebuild.state),
            started_at: At::read(rebuild.started_at.as_ref()),
            finished_at: At::read(rebuild.finished_at.as_ref()),
            stage: rebuild.stage,
            copied_bytes: rebuild.copied_bytes,
            estimated_bytes: rebuild.estimated_bytes,
            restart_by_hand: rebuild.restart_by_hand,
            failure: rebuild.failure,
        }
    }
}

impl From<v1::RejoinNodeResponse> for RejoinReport {
    fn from(response: v1::RejoinNodeResponse) -> Self {
        Self {
            sentence: response.sentence,
            injected: response.injected,
        }
    }
}

impl From<v1::RepointNodeResponse> for RepointReport {
    fn from(response: v1::RepointNodeResponse) -> Self {
        Self {
            sentence: response.sentence,
        }
    }
}

impl RebuildReport {
    /// Of that node.
    #[must_use]
    pub fn new(node: String, response: v1::RebuildNodeResponse) -> Self {
        Self {
            node,
            donor: response.donor,
            loses: response.loses,
            operation: Some(response.id).filter(|id| !id.is_empty()),
        }
    }
}

impl NodeMaintenance {
    /// Of that node.
    #[must_use]
    pub fn new(node: String, maintenance: Option<v1::Maintenance>) -> Self {
        Self {
            node,
            maintenance: maintenance.map(Into::into),
        }
    }
}
