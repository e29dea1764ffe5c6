//! Connections by cluster and purpose.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lictor_domain::{ClusterName, Endpoint};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use tracing::instrument;

use crate::config::ClientConfig;
use crate::connection::Connection;
use crate::error::{CheckoutError, ClientError, with_sources};
use crate::fleet::Fleet;
use crate::routes::Routes;
use crate::telemetry;

/// How long to leave a node alone that gave no connection, unless the route
/// changes before.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// The clusters of a control plane, ready to be used. Make one for each process
/// and share it; dropping it closes its connections.
pub struct Lictor {
    pub(crate) config: ClientConfig,
    pub(crate) routes: Arc<Routes>,
    pub(crate) fleet: Arc<Fleet>,
    /// Counts reads, so that they take turns.
    turn: AtomicU64,
    _follower: AbortOnDropHandle<()>,
}

/// How long one call may wait for a connection.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    began: Instant,
    pub(crate) deadline: Instant,
}

impl Wait {
    pub(crate) fn starting_now(limit: Duration) -> Self {
        let began = Instant::now();
        Self {
            began,
            deadline: began + limit,
        }
    }

    /// The same, to a time that is known.
    pub(crate) fn until(deadline: Instant) -> Self {
        let began = Instant::now();
        Self { began, deadline }
    }

    pub(crate) fn waited(self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn left(self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.deadline
    }
}

impl Lictor {
    /// Subscribes to the control plane and begins to keep a connection ready to
    /// every node of the clusters.
    ///
    /// Returns with the first routing table; fails with
    /// [`ClientError::InvalidConfig`] or, after `connection_timeout`,
    /// [`ClientError::NoTable`]. Must be called within a Tokio runtime.
    pub async fn connect(config: ClientConfig) -> Result<Self, ClientError> {
        config.pool.check()?;
        if let Some(tls) = &config.mysql_tls {
            lictor_tls::choose_provider();
            let unusable = |error| ClientError::InvalidConfig(with_sources(&error));
            tls.pem().map_err(unusable)?;
        }
        telemetry::describe();
        let within = config.pool.connection_timeout;
        let routes = Arc::new(Routes::for_pools(config.subscribe.clone(), 1, within).await?);
        let fleet = Arc::new(Fleet::new(config.clone()));
        let follower = Arc::clone(&fleet).follow(Arc::clone(&routes));
        Ok(Self {
            config,
            routes,
            fleet,
            turn: AtomicU64::new(0),
            _follower: AbortOnDropHandle::new(tokio::spawn(follower)),
        })
    }

    /// The routing table and its changes.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// A connection to the node that takes the cluster's writes.
    ///
    /// While there is none, because a failover or a switchover is under way, it
    /// waits, up to `connection_timeout`. A switchover waits in turn, for a moment,
    /// until it is dropped: keep it for one statement or one transaction.
    #[instrument(name = "lictor.writer", level = "debug", skip_all, fields(cluster))]
    pub async fn writer(&self, cluster: &str) -> Result<Connection, ClientError> {
        let route = self.routes.route(cluster)?;
        let wait = Wait::starting_now(self.config.pool.connection_timeout);
        let (_, connection) = self.writer_within(&route.name, wait).await?;
        Ok(connection)
    }

    /// Counts what takes turns.
    pub(crate) fn next_turn(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    /// The writer's connection, and who the writer is.
    pub(crate) async fn writer_within(
        &self,
        cluster: &ClusterName,
        wait: Wait,
    ) -> Result<(Endpoint, Connection), ClientError> {
        loop {
            let Wait { began, deadline } = wait;
            let asked = Instant::now();
            let writer = self.routes.writer(cluster, began, deadline).await?;
            telemetry::waited_for_writer(cluster, asked.elapsed());
            let pool = self.fleet.pool(&writer.address);
            let checkout = tokio::select! {
                biased;
                checkout = pool.checkout(deadline) => checkout,
                _ = self.routes.moved_from(cluster, &writer) => continue,
            };
            let failure = match checkout {
                Ok(connection) => match self.routes.begin_use(cluster, &writer) {
                    Some(begun) => return Ok((writer, connection.of(cluster).used(begun))),
                    None => continue,
                },
                Err(failure) => failed(cluster, &writer, wait, failure),
            };
            if wait.is_over() || matches!(failure, ClientError::Denied { .. }) {
                return Err(failure);
            }
            self.pause(cluster, &writer, PAUSE).await;
        }
    }

    /// Leaves a writer alone for a moment, or until another takes its place.
    pub(crate) async fn pause(&self, cluster: &ClusterName, writer: &Endpoint, pause: Duration) {
        tokio::select! {
            _ = self.routes.moved_from(cluster, writer) => {}
            () = sleep(pause) => {}
        }
    }
}

impl fmt::Debug for Lictor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lictor")
            .field("subscribe", &self.config.subscribe)
            .finish_non_exhaustive()
    }
}

/// What a failed checkout means to the caller.
pub(crate) fn failed(
    cluster: &ClusterName,
    node: &Endpoint,
    wait: Wait,
    error: CheckoutError,
) -> ClientError {
    let node = node.address.clone();
    match error {
        CheckoutError::Denied(source) => ClientError::Denied { node, source },
        source => ClientError::TimedOut {
            cluster: cluster.clone(),
            node,
            waited: wait.began.elapsed(),
            source: Box::new(source),
        },
    }
}
