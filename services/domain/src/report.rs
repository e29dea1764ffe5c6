//! What one probe of a MySQL node saw. A report is a fact about one moment;
//! what it means is the engine's to say.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gtid::GtidSet;
use crate::names::{Instance, NodeAddress, ServerUuid};
use crate::version::ServerVersion;

/// Who may write on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writability {
    /// Everyone: `read_only=0`.
    Writable,
    /// Only privileged accounts: `read_only=1, super_read_only=0`.
    ReadOnly,
    /// Nobody but replication: `super_read_only=1`.
    SuperReadOnly,
}

impl Writability {
    /// Whether an ordinary client can write.
    #[must_use]
    pub const fn accepts_writes(self) -> bool {
        matches!(self, Self::Writable)
    }
}

/// The receiver (IO thread) of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiverState {
    /// Connected to its source.
    Running,
    /// Trying to connect to its source.
    Connecting,
    /// Stopped, by an operator, by Lictor or by an error.
    Stopped,
}

/// An error a MySQL server reported about its own replication.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServerError {
    /// MySQL's error number.
    pub number: u32,
    /// MySQL's message.
    pub message: String,
}

/// A replica's side of replication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// Where it is told to replicate from.
    pub source: NodeAddress,
    /// Whom it last reached there.
    pub source_uuid: Option<ServerUuid>,
    /// Whether it positions itself by GTID.
    pub auto_position: bool,
    /// Its receiver.
    pub receiver: ReceiverState,
    /// What last stopped or hinders the receiver.
    pub receiver_error: Option<ServerError>,
    /// Whether its applier (SQL thread) runs.
    pub applier_running: bool,
    /// What last stopped the applier.
    pub applier_error: Option<ServerError>,
    /// Everything it has ever received or executed.
    pub received: GtidSet,
    /// Time since the last heartbeat or transaction from its source, by its own
    /// clock; `None` when it never heard anything.
    pub heard_ago: Option<Duration>,
    /// How often an idle source sends a heartbeat.
    pub heartbeat_period: Duration,
    /// How far its data is behind; `None` when unknown, never a guess.
    pub lag: Option<Duration>,
    /// The delay its operator configured.
    pub delay: Duration,
}

/// A server's semi-synchronous settings.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one variable of the server"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SemiSync {
    /// Acknowledges as a replica, from when its receiver next connects.
    pub replica_enabled: bool,
    /// Whether its receiver acknowledges at this moment
    /// (`Rpl_semi_sync_replica_status`).
    pub replica_active: bool,
    /// Waits for acknowledgements as a source.
    pub source_enabled: bool,
    /// Whether the source side is in force at this moment
    /// (`Rpl_semi_sync_source_status`); it is off after a fall-back.
    pub source_active: bool,
    /// Acknowledgements a commit waits for.
    pub wait_for_acks: u32,
    /// After this the source would fall back to asynchronous.
    pub timeout: Duration,
    /// Waits even when no semi-sync replica is connected.
    pub wait_no_replica: bool,
    /// Waits before the commit becomes visible (`AFTER_SYNC`).
    pub after_sync: bool,
    /// Semi-sync replicas connected now.
    pub clients: u32,
    /// Sessions waiting for an acknowledgement now.
    pub waiting_sessions: u32,
}

impl SemiSync {
    /// A timeout this long never passes in practice: it counts as no fall-back.
    pub const NEVER: Duration = Duration::from_hours(365 * 24);

    /// How many acknowledgements a commit waits for; 0 when it is off.
    #[must_use]
    pub const fn level(&self) -> u32 {
        if self.source_enabled {
            self.wait_for_acks
        } else {
            0
        }
    }

    /// Whether a commit is acknowledged only after at least `acks` replicas
    /// hold it, without any fall-back: what `QuorumRevoked` relies on.
    #[must_use]
    pub fn enforces(&self, acks: u32) -> bool {
        self.source_enabled
            && self.source_active
            && self.wait_for_acks >= acks
            && self.timeout >= Self::NEVER
            && self.wait_no_replica
            && self.after_sync
    }
}

/// What sessions of a server wait for before a commit of theirs goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StallCause {
    /// Acknowledgements of semi-sync replicas.
    Acknowledgements,
    /// A global read lock that another session holds.
    GlobalReadLock,
    /// Space on the disk; what the server says of it.
    DiskSpace(String),
    /// Their turn to commit, behind others.
    Turn,
}

impl fmt::Display for StallCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acknowledgements => f.write_str("acknowledgements of replicas"),
            Self::GlobalReadLock => f.write_str("a global read lock"),
            Self::DiskSpace(message) => write!(f, "disk space ({message})"),
            Self::Turn => f.write_str("their turn to commit"),
        }
    }
}

/// Sessions that wait for the same before a commit of theirs goes on. A busy
/// server has some at any moment; they stall only when nothing is committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stall {
    /// What they wait for.
    pub cause: StallCause,
    /// How many.
    pub sessions: u32,
    /// How long ago the oldest of their statements began.
    pub longest: Duration,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} session(s) wait for {}, the longest for {} s",
            self.sessions,
            self.cause,
            self.longest.as_secs()
        )
    }
}

/// Settings that a safe failover relies on and that show only later when they
/// are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether `super_read_only` comes from an option file or is persisted, so
    /// that the node boots read-only; `None` when it was last set at run time,
    /// which hides what its option file says.
    pub boots_read_only: Option<bool>,
    /// `@@skip_replica_start`: it does not replicate by itself after its boot;
    /// `None` for a server that does not show it.
    pub skips_replica_start: Option<bool>,
    /// `@@replica_net_timeout`.
    pub replica_net_timeout: Duration,
    /// `@@max_connections`.
    pub max_connections: u32,
}

/// Everything one probe saw of one node.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one variable of the server"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// `@@server_uuid`.
    pub server_uuid: ServerUuid,
    /// `@@server_id`.
    pub server_id: u32,
    /// The start of it by its agent; `None` when no agent has started it.
    pub instance: Option<Instance>,
    /// `@@version`, as numbers.
    pub version: ServerVersion,
    /// Who may write.
    pub writability: Writability,
    /// `@@offline_mode`: ordinary clients are turned away.
    pub offline: bool,
    /// Lictor turned them away itself, to close the server: a closing that did
    /// not come to its end in time.
    pub offline_by_lictor: bool,
    /// Binary log on.
    pub log_bin: bool,
    /// Replicated transactions go to the binary log too.
    pub log_replica_updates: bool,
    /// `gtid_mode=ON`.
    pub gtid_mode_on: bool,
    /// `@@gtid_executed`.
    pub executed: GtidSet,
    /// `@@gtid_purged`.
    pub purged: GtidSet,
    /// Semi-sync settings; `None` when the plugins are not loaded.
    pub semi_sync: Option<SemiSync>,
    /// Sessions that wait to commit now.
    pub stalls: Vec<Stall>,
    /// Settings that matter later.
    pub settings: Settings,
    /// Its replication channel; `None` when it follows nobody.
    pub replication: Option<Replication>,
    /// Replicas connected to it (server UUIDs of its registered replicas).
    pub replicas: Vec<ServerUuid>,
}

impl NodeReport {
    /// Everything this node holds: executed, or received and yet to apply.
    #[must_use]
    pub fn holds(&self) -> GtidSet {
        match &self.replication {
            None => self.executed.clone(),
            Some(replication) => self.executed.union(&replication.received),
        }
    }
}

/// How a probe ended. Only `Answered` is life; nothing else is health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// The node answered in time.
    Answered {
        /// What it said.
        report: Box<NodeReport>,
        /// How long it took.
        latency: Duration,
    },
    /// A live host refused the connection: nothing listens there.
    Refused,
    /// No answer before the deadline.
    TimedOut,
    /// The network says that there is no way there.
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// It is MySQL and alive, but turned the control account away.
    Denied {
        /// What it said.
        reason: String,
    },
    /// The connection broke or the answer made no sense.
    Broken {
        /// What happened.
        reason: String,
    },
}

/// What a bare handshake attempt found. Only a completed handshake is life,
/// only a refusal is death.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Knock {
    /// The server sent its greeting.
    Greeted,
    /// A live host refused the connection.
    Refused,
    /// The connection opened, and nothing came before the deadline.
    Silent,
    /// No connection before the deadline, or no way there.
    Unreachable,
    /// The connection opened and broke before the greeting.
    Dropped,
}
