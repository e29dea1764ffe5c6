//! The routing table as an application sees it, kept up to date in the
//! background.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use lictor_domain::{
    ClusterName, ClusterRoute, Endpoint, Hints, Revision, RouteState, RoutingTable,
};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use tracing::info;

use crate::cache::{CacheFile, Cached};
use crate::config::SubscribeConfig;
use crate::error::ClientError;
use crate::shard::Resolver;
use crate::source::{Link, TableSource};
use crate::subscription::Subscription;
use crate::table::{Snapshot, Table};
use crate::uses::{Subject, Use};

/// A subscription to the control plane, and the last good table it gave.
/// Dropping it ends the subscription.
#[derive(Debug)]
pub struct Routes {
    table: Arc<Table>,
    link: watch::Receiver<Link>,
    /// When the table that it began with was written to the cache file.
    cached: Option<SystemTime>,
    _subscription: AbortOnDropHandle<()>,
    _cache: Option<AbortOnDropHandle<()>>,
}

impl Routes {
    /// Subscribes, and returns with the first table. With a usable cache file it
    /// returns with that one when no endpoint answers; then
    /// [`source`](Self::source) says so.
    ///
    /// Fails with [`ClientError::InvalidConfig`], and with
    /// [`ClientError::NoTable`] when no control plane sends one `within` this
    /// time and none is cached. Must be called within a Tokio runtime.
    pub async fn subscribe(config: SubscribeConfig, within: Duration) -> Result<Self, ClientError> {
        Self::for_pools(config, 0, within).await
    }

    /// The same for so many pools of connections to each node.
    pub(crate) async fn for_pools(
        config: SubscribeConfig,
        pools: u32,
        within: Duration,
    ) -> Result<Self, ClientError> {
        let table = Arc::new(Table::new());
        let file = CacheFile::of(&config);
        let endpoints = config.endpoints.len();
        let subscription = Subscription::new(config, pools, Arc::clone(&table))?;
        let cached = file.as_ref().and_then(|file| begin(file, &table));
        let (mut changes, mut link) = (table.changes(), subscription.link());
        let keep = file.map(|file| tokio::spawn(file.keep(Arc::clone(&table))));
        let routes = Self {
            table,
            link: link.clone(),
            cached,
            _subscription: AbortOnDropHandle::new(tokio::spawn(subscription.run())),
            _cache: keep.map(AbortOnDropHandle::new),
        };
        if cached.is_some() {
            let tried = |link: &Link| link.trouble.is_none() || link.failures >= endpoints;
            let _ = timeout(within, link.wait_for(tried)).await;
            return Ok(routes);
        }
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

    /// What the control plane told of the nodes. Without a stream no lag is known;
    /// the shares of connections stay as they were.
    #[must_use]
    pub fn hints(&self) -> Arc<Hints> {
        Arc::clone(&self.table.hints().borrow())
    }

    pub(crate) fn hint_changes(&self) -> watch::Receiver<Arc<Hints>> {
        self.table.hints()
    }

    /// Looks at the table as it is now.
    pub(crate) fn with_table<T>(&self, look: impl FnOnce(&RoutingTable) -> T) -> T {
        self.table.with(look)
    }

    /// For those who look again and again.
    pub(crate) fn held(&self) -> Arc<ArcSwap<Snapshot>> {
        self.table.held()
    }

    /// Resolves keys fast.
    #[must_use]
    pub fn resolver(&self) -> Resolver {
        Resolver::new(self.held())
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
        self.link.borrow().trouble.clone()
    }

    /// What stands behind the table now.
    #[must_use]
    pub fn source(&self) -> TableSource {
        self.link.borrow().source(self.cached)
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

    /// A use that begins now.
    pub(crate) fn begin(&self, subject: Subject) -> Use {
        self.table.uses().begin(subject)
    }

    /// A use of the cluster's writer that begins now; none when another node takes
    /// writes meanwhile, or they are held.
    pub(crate) fn begin_use(&self, cluster: &ClusterName, writer: &Endpoint) -> Option<Use> {
        let begun = self.begin(Subject::Cluster(cluster.clone()));
        let table = self.table();
        let now = table.clusters.get(cluster)?.writer();
        (now == Some(writer)).then_some(begun)
    }

    /// Waits until another node than `writer` takes the cluster's writes.
    pub(crate) async fn moved_from(&self, cluster: &ClusterName, writer: &Endpoint) -> Endpoint {
        self.table.moved_from(cluster, writer).await
    }
}

/// Begins with the table of the file, and says when it was written; a file of no
/// use is reported.
fn begin(file: &CacheFile, table: &Table) -> Option<SystemTime> {
    let begun = file.load().and_then(|cached| {
        let Some(Cached {
            table: held,
            written,
        }) = cached
        else {
            return Ok(None);
        };
        let revision = held.revision;
        table.begin_with(held)?;
        info!(file = %file.path().display(), %revision, "began with the cached routes");
        Ok(Some(written))
    });
    begun.unwrap_or_else(|error| {
        file.complain(&error);
        None
    })
}
