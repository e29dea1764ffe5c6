//! Connections by cluster and purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lictor_domain::{ClusterName, ClusterRoute, Endpoint, Reader};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::config::ClientConfig;
use crate::connection::Connection;
use crate::error::{CheckoutError, ClientError};
use crate::fleet::Fleet;
use crate::routes::Routes;

/// How long to leave a node alone that gave no connection, unless the route
/// changes before.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// The clusters of a control plane, ready to be used. Make one for each process
/// and share it; dropping it closes its connections.
pub struct Lictor {
    pub(crate) config: ClientConfig,
    pub(crate) routes: Arc<Routes>,
    fleet: Arc<Fleet>,
    /// Counts reads, so that they take turns.
    turn: AtomicU64,
    _follower: AbortOnDropHandle<()>,
}

/// How long one call may wait for a connection.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    began: Instant,
    deadline: Instant,
}

impl Wait {
    pub(crate) fn starting_now(limit: Duration) -> Self {
        let began = Instant::now();
        Self {
            began,
            deadline: began + limit,
        }
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
    /// [`ClientError::InvalidConfig`] or, after `acquire_timeout`,
    /// [`ClientError::NoTable`]. Must be called within a Tokio runtime.
    pub async fn connect(config: ClientConfig) -> Result<Self, ClientError> {
        let within = config.acquire_timeout;
        let routes = Arc::new(Routes::subscribe(config.subscribe.clone(), within).await?);
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
    /// waits, up to `acquire_timeout`. A switchover waits in turn, for a moment,
    /// until it is dropped: keep it for one statement or one transaction.
    pub async fn writer(&self, cluster: &str) -> Result<Connection, ClientError> {
        let route = self.routes.route(cluster)?;
        let wait = Wait::starting_now(self.config.acquire_timeout);
        let (_, connection) = self.writer_within(&route.name, wait).await?;
        Ok(connection)
    }

    /// A connection to a node that serves the cluster's reads: each in turn, by
    /// weight, and the next one when a node does not answer. Without any
    /// reader, the writer.
    pub async fn reader(&self, cluster: &str) -> Result<Connection, ClientError> {
        let wait = Wait::starting_now(self.config.acquire_timeout);
        let mut changes = self.routes.changes();
        loop {
            let route = self.routes.route(cluster)?;
            if route.readers.is_empty() {
                let (_, connection) = self.writer_within(&route.name, wait).await?;
                return Ok(connection);
            }
            let failure = match self.any_reader(&route, wait).await {
                Ok(connection) => return Ok(connection),
                Err(error @ ClientError::Denied { .. }) => return Err(error),
                Err(error) => error,
            };
            if wait.is_over() {
                return Err(failure);
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep(PAUSE) => {}
            }
        }
    }

    /// The writer's connection, and who the writer is.
    pub(crate) async fn writer_within(
        &self,
        cluster: &ClusterName,
        wait: Wait,
    ) -> Result<(Endpoint, Connection), ClientError> {
        loop {
            let Wait { began, deadline } = wait;
            let writer = self.routes.writer(cluster, began, deadline).await?;
            let pool = self.fleet.pool(&writer.address);
            let checkout = tokio::select! {
                biased;
                checkout = pool.checkout(deadline) => checkout,
                _ = self.routes.moved_from(cluster, &writer) => continue,
            };
            let failure = match checkout {
                Ok(connection) => match self.routes.begin_use(cluster, &writer) {
                    Some(begun) => return Ok((writer, connection.used(begun))),
                    None => continue,
                },
                Err(failure) => failed(cluster, &writer, wait, failure),
            };
            if wait.is_over() || matches!(failure, ClientError::Denied { .. }) {
                return Err(failure);
            }
            self.pause(cluster, &writer).await;
        }
    }

    /// Leaves a writer alone for a moment, or until another takes its place.
    pub(crate) async fn pause(&self, cluster: &ClusterName, writer: &Endpoint) {
        tokio::select! {
            _ = self.routes.moved_from(cluster, writer) => {}
            () = sleep(PAUSE) => {}
        }
    }

    /// Tries each reader once.
    async fn any_reader(
        &self,
        route: &ClusterRoute,
        wait: Wait,
    ) -> Result<Connection, ClientError> {
        let mut failure = None;
        for reader in in_turn(&route.readers, self.turn.fetch_add(1, Ordering::Relaxed)) {
            let pool = self.fleet.pool(&reader.endpoint.address);
            let deadline = wait
                .deadline
                .min(Instant::now() + self.config.connect_timeout);
            match pool.checkout(deadline).await {
                Ok(connection) => return Ok(connection),
                Err(error) => failure = Some(failed(&route.name, &reader.endpoint, wait, error)),
            }
        }
        Err(failure.unwrap_or_else(|| ClientError::UnknownCluster(route.name.to_string())))
    }
}

fn failed(cluster: &ClusterName, node: &Endpoint, wait: Wait, error: CheckoutError) -> ClientError {
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

/// Every reader once, beginning with the one whose turn it is by weight.
fn in_turn(readers: &[Reader], turn: u64) -> impl Iterator<Item = &Reader> {
    let total: u64 = readers.iter().map(|reader| u64::from(reader.weight)).sum();
    let mut at = turn % total.max(1);
    let first = readers
        .iter()
        .position(|reader| {
            let weight = u64::from(reader.weight);
            let hit = at < weight;
            at = at.saturating_sub(weight);
            hit
        })
        .unwrap_or(0);
    readers.iter().cycle().skip(first).take(readers.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lictor_domain::{NodeAddress, NodeName};

    use super::*;

    fn readers(weights: &[u32]) -> Vec<Reader> {
        let cluster = "orders".parse().unwrap();
        let numbered = weights.iter().zip(1..);
        numbered
            .map(|(weight, number)| Reader {
                endpoint: Endpoint {
                    node: NodeName::numbered(&cluster, number),
                    address: NodeAddress::new("127.0.0.1", 3306).unwrap(),
                },
                weight: *weight,
            })
            .collect()
    }

    #[test]
    fn readers_come_first_in_proportion_to_their_weight() {
        let readers = readers(&[1, 3]);
        let mut first = BTreeMap::new();
        for turn in 0..400 {
            let name = in_turn(&readers, turn)
                .next()
                .unwrap()
                .endpoint
                .node
                .clone();
            *first.entry(name.to_string()).or_insert(0) += 1;
        }
        let expected = [("orders-1".to_owned(), 100), ("orders-2".to_owned(), 300)];
        assert_eq!(first, expected.into());
    }

    #[test]
    fn every_reader_gets_its_chance_when_the_first_does_not_answer() {
        let readers = readers(&[1, 1, 5]);
        for turn in 0..7 {
            let mut names: Vec<_> = in_turn(&readers, turn)
                .map(|reader| reader.endpoint.node.as_str())
                .collect();
            names.sort_unstable();
            assert_eq!(names, ["orders-1", "orders-2", "orders-3"]);
        }
    }
}
