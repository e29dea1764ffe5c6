//! What every part of lictord shares. It holds handles and no logic.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use lictor_consul::Consul;
use lictor_store::Store;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::bulletin::Bulletin;
use crate::catalog::Behind;
use crate::certificates::Certificates;
use crate::fleet::Fleet;
use crate::hub::Hub;
use crate::leadership::Standing;
use crate::members::Members;
use crate::relay::Relay;
use crate::settings::Settings;
use crate::spool::Spool;

/// One lictord.
#[derive(Debug)]
pub(crate) struct App {
    /// How it was set up.
    pub(crate) settings: Settings,
    /// Its name among the members of the control plane.
    pub(crate) instance: String,
    /// When it started.
    pub(crate) started: Instant,
    /// Postgres.
    pub(crate) store: Store,
    /// Consul.
    pub(crate) consul: Consul,
    /// Who may do what.
    pub(crate) access: Access,
    /// What it serves with over TLS; nothing where it serves in plaintext.
    pub(crate) certificates: Option<Certificates>,
    /// The clusters it keeps.
    pub(crate) fleet: Fleet,
    /// Held while a cluster's definition is changed: each change starts from what
    /// is stored, and must not undo one that came between.
    pub(crate) changes: Mutex<()>,
    /// What changes, told to those who show it.
    pub(crate) bulletin: Bulletin,
    /// History that Postgres does not take.
    pub(crate) spool: Spool,
    /// The routing push.
    pub(crate) hub: Hub,
    /// Whether it leads, and by which leases.
    pub(crate) standing: Standing,
    /// The other instances.
    pub(crate) members: Members,
    /// What is heard of the leader's routing table.
    pub(crate) relay: Relay,
    /// What Consul does not show yet.
    pub(crate) behind: Behind,
    /// How often Consul's catalog was found changed and repaired.
    pub(crate) repairs: AtomicU64,
    /// Ends everything when it is cancelled.
    pub(crate) shutdown: CancellationToken,
    /// Every task, so that none is forgotten at the end.
    pub(crate) tasks: TaskTracker,
}

impl App {
    /// Whether this instance leads and has looked at every cluster: its routing
    /// table is of its own term, and none that an earlier one left behind.
    pub(crate) fn is_complete(&self) -> bool {
        let lease = self.standing.lease();
        lease.is_some_and(|lease| self.hub.term() == Some(lease.term()))
    }
}

/// A shared lictord.
pub(crate) type Shared = Arc<App>;
