//! What a close look at a node found when its cluster is registered: a report,
//! and what only matters once.

use std::collections::BTreeSet;

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
    /// `@@sync_binlog` is 1.
    pub syncs_binlog: bool,
    /// `@@innodb_flush_log_at_trx_commit` is 1.
    pub flushes_redo_log: bool,
    /// The clone plugin is active.
    pub clones: bool,
}
