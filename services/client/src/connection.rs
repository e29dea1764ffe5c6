//! A connection in use.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use lictor_domain::NodeAddress;
use mysql_async::Conn;
use tokio::sync::OwnedSemaphorePermit;

use crate::pool::NodePool;
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
    conn: Option<Conn>,
    pool: Arc<NodePool>,
    _permit: OwnedSemaphorePermit,
    /// Of a writer.
    in_use: Option<Use>,
}

impl Connection {
    pub(crate) fn new(conn: Conn, pool: Arc<NodePool>, permit: OwnedSemaphorePermit) -> Self {
        Self {
            conn: Some(conn),
            pool,
            _permit: permit,
            in_use: None,
        }
    }

    /// The same, counted as a use of a writer until it is dropped.
    pub(crate) fn used(mut self, begun: Use) -> Self {
        self.in_use = Some(begun);
        self
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
        self.conn.as_ref().expect(PRESENT)
    }
}

#[expect(clippy::expect_used, reason = "only drop takes the connection")]
impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect(PRESENT)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.pool.give_back(conn);
        }
    }
}
