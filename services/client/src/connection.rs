//! A connection in use.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use lictor_domain::{ClusterName, NodeAddress};
use mysql_async::Conn;
use tokio::time::Instant;

use crate::causality::{Causality, executed};
use crate::error::ClientError;
use crate::pool::{NodePool, Pass};
use crate::uses::Use;

/// A connection to one node; derefs to [`mysql_async::Conn`] and goes back to
/// its pool when dropped.
///
/// Its session is fresh: nothing of the one who had it before is left. A
/// transaction that is still open when it is dropped is rolled back. A
/// connection cut off in the middle of a statement (its future was dropped) is
/// closed.
pub struct Connection {
    /// Taken only by `drop`.
    conn: Option<(Conn, Pass)>,
    /// When it has to be closed.
    expires: Instant,
    pool: Arc<NodePool>,
    cluster: Option<ClusterName>,
    /// Of a writer: its cluster, and its shard when it was asked for by key.
    in_use: [Option<Use>; 2],
}

impl Connection {
    pub(crate) fn new(conn: Conn, expires: Instant, pool: Arc<NodePool>, pass: Pass) -> Self {
        Self {
            conn: Some((conn, pass)),
            expires,
            pool,
            cluster: None,
            in_use: [None, None],
        }
    }

    /// The same, to a node of that cluster.
    pub(crate) fn of(mut self, cluster: &ClusterName) -> Self {
        self.cluster = Some(cluster.clone());
        self
    }

    /// The same, counted as a use of a writer until it is dropped.
    pub(crate) fn used(mut self, begun: Use) -> Self {
        let [latest, earlier] = &mut self.in_use;
        *earlier = latest.replace(begun);
        self
    }

    /// The cluster of the node; none where a hostgroup lists it by hand.
    #[must_use]
    pub fn cluster(&self) -> Option<&ClusterName> {
        self.cluster.as_ref()
    }

    /// What is visible on this node now, and so everything that was committed on
    /// this connection: hand it to the reads that have to see it.
    ///
    /// Fails with [`ClientError::NoCluster`] on a server that a hostgroup lists
    /// by hand, and with [`ClientError::Sql`].
    pub async fn causality(&mut self) -> Result<Causality, ClientError> {
        let Some(cluster) = self.cluster.clone() else {
            let node = self.node().clone();
            return Err(ClientError::NoCluster { node });
        };
        let point = executed(self).await.map_err(ClientError::Sql)?;
        Ok(Causality::at(cluster, point))
    }

    /// The node at the other end.
    #[must_use]
    pub fn node(&self) -> &NodeAddress {
        self.pool.address()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `Conn`'s own Debug shows the password.
        f.debug_struct("Connection")
            .field("node", self.pool.address())
            .finish_non_exhaustive()
    }
}

const PRESENT: &str = "only drop takes the connection";

#[expect(clippy::expect_used, reason = "only drop takes the connection")]
impl Deref for Connection {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn.as_ref().expect(PRESENT).0
    }
}

#[expect(clippy::expect_used, reason = "only drop takes the connection")]
impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn.as_mut().expect(PRESENT).0
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some((conn, pass)) = self.conn.take() {
            self.pool.give_back(conn, self.expires, pass);
        }
    }
}
