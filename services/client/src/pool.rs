//! Connections to one node.
//!
//! Every connection that is handed out was just reset (`COM_RESET_CONNECTION`),
//! which proves that it lives and gives it a fresh session: no transaction, no
//! user variable, no temporary table, no lock of the one before. Nothing here
//! waits without a deadline, and a connection that is broken, or cut off in the
//! middle of a statement, is closed and never kept.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lictor_domain::NodeAddress;
use mysql_async::consts::StatusFlags;
use mysql_async::{Conn, Opts};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

use crate::config::ClientConfig;
use crate::connection::Connection;
use crate::error::{CheckoutError, Meaning, meaning};

/// How often idle connections are looked after.
const TEND_EVERY: Duration = Duration::from_secs(1);
/// A connection unused for this long is closed, unless it is the last one.
const SPARE_FOR: Duration = Duration::from_mins(1);

struct Idle {
    conn: Conn,
    /// Last handed back by a user, or made.
    used: Instant,
    /// Last known to live.
    checked: Instant,
}

/// Connections to one node, idle and in use.
pub(crate) struct NodePool {
    address: NodeAddress,
    options: Opts,
    connect_timeout: Duration,
    limit: usize,
    /// One for each connection that may be in use.
    permits: Arc<Semaphore>,
    /// The idle ones, the last used last; `None` once the pool is retired.
    idle: Mutex<Option<Vec<Idle>>>,
    /// Told when the last idle connection is taken.
    emptied: Notify,
}

impl NodePool {
    pub(crate) fn new(address: NodeAddress, config: &ClientConfig) -> Self {
        Self {
            options: config.credentials.options(&address),
            address,
            connect_timeout: config.connect_timeout,
            limit: config.max_connections_per_node,
            permits: Arc::new(Semaphore::new(config.max_connections_per_node)),
            idle: Mutex::new(Some(Vec::new())),
            emptied: Notify::new(),
        }
    }

    pub(crate) fn address(&self) -> &NodeAddress {
        &self.address
    }

    /// A connection, idle or new.
    pub(crate) async fn checkout(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Result<Connection, CheckoutError> {
        let permit = timeout_at(deadline, Arc::clone(&self.permits).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(CheckoutError::Exhausted(self.limit));
        };
        let conn = match self.take_idle() {
            Some(idle) => self.reset(idle.conn).await,
            None => None,
        };
        let conn = match conn {
            Some(conn) => conn,
            None => self.connect().await?,
        };
        Ok(Connection::new(conn, Arc::clone(self), permit))
    }

    /// Takes back a connection that was in use.
    pub(crate) fn give_back(self: &Arc<Self>, conn: Conn) {
        // A statement was cut off, or the connection broke: its drop closes the
        // socket at once, without a word to a server that may hang.
        if conn.is_disconnected() || self.is_retired() {
            return;
        }
        if may_hold_transaction(&conn) {
            // Its locks must not outlive its use. Outside a runtime it is closed,
            // which rolls it back too.
            if let Ok(runtime) = Handle::try_current() {
                let pool = Arc::clone(self);
                runtime.spawn(async move {
                    if let Some(conn) = pool.reset(conn).await {
                        pool.park(conn, Instant::now());
                    }
                });
            }
            return;
        }
        self.park(conn, Instant::now());
    }

    /// Closes what is idle now, and what comes back later.
    pub(crate) fn retire(&self) {
        drop(self.with_idle(Option::take));
    }

    /// Keeps an idle connection ready, for as long as it is polled.
    pub(crate) async fn keep_warm(self: Arc<Self>) {
        while !self.is_retired() {
            self.tend().await;
            let emptied = self.emptied.notified();
            let _ = timeout(TEND_EVERY, emptied).await;
        }
    }

    async fn tend(&self) {
        let before = Instant::now();
        while let Some(idle) = self.take_neglected(before) {
            if let Some(conn) = self.reset(idle.conn).await {
                self.park(conn, idle.used);
            }
        }
        if !self.has_idle() {
            match self.connect().await {
                Ok(conn) => self.park(conn, Instant::now()),
                Err(error) => debug!(node = %self.address, ?error, "no connection to keep ready"),
            }
        }
    }

    async fn connect(&self) -> Result<Conn, CheckoutError> {
        match timeout(self.connect_timeout, Conn::new(self.options.clone())).await {
            Ok(Ok(conn)) => Ok(conn),
            Ok(Err(error)) if meaning(&error) == Meaning::Denied => {
                Err(CheckoutError::Denied(error))
            }
            Ok(Err(error)) => Err(CheckoutError::Failed(error)),
            Err(_) => Err(CheckoutError::NoAnswer(self.connect_timeout)),
        }
    }

    /// The connection with a fresh session; none when it is of no use any more,
    /// and then the other idle ones are suspect too and go with it.
    async fn reset(&self, mut conn: Conn) -> Option<Conn> {
        if let Ok(Ok(true)) = timeout(self.connect_timeout, conn.reset()).await {
            return Some(conn);
        }
        drop(self.with_idle(|idle| idle.as_mut().map(std::mem::take)));
        None
    }

    fn park(&self, conn: Conn, used: Instant) {
        let idle = Idle {
            conn,
            used,
            checked: Instant::now(),
        };
        self.with_idle(|all| {
            if let Some(all) = all {
                all.push(idle);
            }
        });
    }

    fn take_idle(&self) -> Option<Idle> {
        let taken = self.with_idle(|idle| idle.as_mut().and_then(Vec::pop));
        if !self.has_idle() {
            self.emptied.notify_one();
        }
        taken
    }

    /// An idle connection that was not checked for a while before `now`, after
    /// closing what nobody used for long.
    fn take_neglected(&self, now: Instant) -> Option<Idle> {
        let is_neglected = |idle: &Idle| now.duration_since(idle.checked) >= TEND_EVERY;
        self.with_idle(|idle| {
            let idle = idle.as_mut()?;
            let spare = idle.len().saturating_sub(1);
            let unused = idle
                .iter()
                .take(spare)
                .take_while(|idle| now.duration_since(idle.used) >= SPARE_FOR)
                .count();
            idle.drain(..unused);
            let at = idle.iter().position(is_neglected)?;
            Some(idle.remove(at))
        })
    }

    fn has_idle(&self) -> bool {
        self.with_idle(|idle| idle.as_ref().is_some_and(|idle| !idle.is_empty()))
    }

    fn is_retired(&self) -> bool {
        self.with_idle(|idle| idle.is_none())
    }

    fn with_idle<T>(&self, body: impl FnOnce(&mut Option<Vec<Idle>>) -> T) -> T {
        // No body leaves the list half changed.
        body(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a transaction may be open: the server's last word says so, or it was
/// an error and says nothing.
fn may_hold_transaction(conn: &Conn) -> bool {
    conn.last_ok_packet().is_none_or(|ok| {
        ok.status_flags()
            .contains(StatusFlags::SERVER_STATUS_IN_TRANS)
    })
}
