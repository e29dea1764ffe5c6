//! What a close look at a node found when its cluster is registered: a report,
//! and what only matters once.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::names::{NodeAddress, ServerUuid};
use crate::report::NodeReport;

/// A replica as its source lists it (`SHOW REPLICAS`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedReplica {
    /// Who it is.
    pub server_uuid: ServerUuid,
    /// Where it says it listens; `None` when it has no `report_host`.
    pub address: Option<NodeAddress>,
}

/// A close look at one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Where it was found.
    pub address: NodeAddress,
    /// What a probe sees.
    pub report: NodeReport,
    /// Privileges of the control account on `*.*`, as MySQL writes them, such
    /// as `REPLICATION_SLAVE_ADMIN`; `ALL PRIVILEGES` is spelled out.
    pub privileges: BTreeSet<String>,
    /// Its replicas, as it lists them.
    pub replicas: Vec<ListedReplica>,
    /// `@@replica_net_timeout`.
    pub replica_net_timeout: Duration,
    /// `@@sync_binlog` is 1.
    pub syncs_binlog: bool,
    /// `@@innodb_flush_log_at_trx_commit` is 1.
    pub flushes_redo_log: bool,
    /// Whether `super_read_only` comes from an option file or is persisted, so
    /// that the node boots read-only; `None` when it was last set at run time,
    /// which hides what its option file says.
    pub boots_read_only: Option<bool>,
}
