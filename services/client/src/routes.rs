//! The routing table as an application sees it, kept up to date in the
//! background.

use std::sync::Arc;
use std::time::Duration;

use lictor_domain::{ClusterName, ClusterRoute, Endpoint, Revision, RouteState, RoutingTable};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use crate::config::SubscribeConfig;
use crate::error::ClientError;
use crate::subscription::Subscription;
use crate::table::Table;
use crate::uses::Use;

/// A subscription to the control plane, and the last good table it gave.
/// Dropping it ends the subscription.
#[derive(Debug)]
pub struct Routes {
    table: Arc<Table>,
    trouble: watch::Receiver<String>,
    _subscription: AbortOnDropHandle<()>,
}

impl Routes {
    /// Subscribes, and returns with the first table.
    ///
    /// Fails with [`ClientError::InvalidConfig`], and with
    /// [`ClientError::NoTable`] when no control plane sends one `within` this
    /// time. Must be called within a Tokio runtime.
    pub async fn subscribe(config: SubscribeConfig, within: Duration) -> Result<Self, ClientError> {
        let table = Arc::new(Table::new());
        let subscription = Subscription::new(config, Arc::clone(&table))?;
        let mut changes = table.changes();
        let routes = Self {
            table,
            trouble: subscription.trouble(),
            _subscription: AbortOnDropHandle::new(tokio::spawn(subscription.run())),
        };
        let first = timeout(within, changes.wait_for(Option::is_some)).await;
        if matches!(first, Ok(Ok(_))) {
            return Ok(routes);
        }
        Err(ClientError::NoTable {
            waited: within,
            reason: routes
                .trouble()
                .unwrap_or_else(|| "it sent none".to_owned()),
        })
    }

    /// The last good table.
    #[must_use]
    pub fn table(&self) -> Arc<RoutingTable> {
        self.table.load()
    }

    /// Tells of each new revision.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Option<Revision>> {
        self.table.changes()
    }

    /// Why there is no stream from a control plane now; none while there is
    /// one. The last good table stays in force meanwhile.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.borrow();
        Some(trouble.clone()).filter(|trouble| !trouble.is_empty())
    }

    /// Where the cluster's traffic goes now.
    pub fn route(&self, cluster: &str) -> Result<ClusterRoute, ClientError> {
        let name: Option<ClusterName> = cluster.parse().ok();
        name.and_then(|name| self.table().clusters.get(&name).cloned())
            .ok_or_else(|| ClientError::UnknownCluster(cluster.to_owned()))
    }

    /// The node that takes the cluster's writes, waited for until `deadline`
    /// while there is none. The caller began to wait at `began`.
    pub(crate) async fn writer(
        &self,
        cluster: &ClusterName,
        began: Instant,
        deadline: Instant,
    ) -> Result<Endpoint, ClientError> {
        let serving = self
            .table
            .wait_for(cluster, |route| route.writer().cloned());
        if let Ok(writer) = timeout_at(deadline, serving).await {
            return Ok(writer);
        }
        let (cluster, waited) = (cluster.clone(), began.elapsed());
        match self.route(cluster.as_str())?.state {
            RouteState::Serving { writer } => Ok(writer),
            RouteState::Held => Err(ClientError::Held { cluster, waited }),
            RouteState::NoPrimary => Err(ClientError::NoPrimary { cluster, waited }),
        }
    }

    /// A use of the cluster's writer that begins now; none when another node takes
    /// writes meanwhile, or they are held.
    pub(crate) fn begin_use(&self, cluster: &ClusterName, writer: &Endpoint) -> Option<Use> {
        let begun = self.table.uses().begin(cluster);
        let table = self.table();
        let now = table.clusters.get(cluster)?.writer();
        (now == Some(writer)).then_some(begun)
    }

    /// Waits until another node than `writer` takes the cluster's writes.
    pub(crate) async fn moved_from(&self, cluster: &ClusterName, writer: &Endpoint) -> Endpoint {
        self.table.moved_from(cluster, writer).await
    }
}
