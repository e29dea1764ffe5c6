//! Connections to one node.
//!
//! Every connection that is handed out was just reset (`COM_RESET_CONNECTION`),
//! which proves that it lives and gives it a fresh session: no transaction, no
//! user variable, no temporary table, no lock of the one before. Nothing here
//! waits without a deadline, and a connection that is broken, or cut off in the
//! middle of a statement, is closed and never kept.
//!
//! There are never more connections than the gate's limit: each one is on the
//! shelf or has a pass, and a new one is only opened by a pass that finds the
//! shelf empty, or while shelf and passes together are below the limit.

mod config;
mod gate;
mod shelf;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lictor_domain::NodeAddress;
use mysql_async::consts::StatusFlags;
use mysql_async::{Conn, Opts};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

pub use config::PoolConfig;
pub(crate) use gate::Pass;

use self::gate::Gate;
use self::shelf::{Parked, Shelf};
use crate::connection::Connection;
use crate::error::{CheckoutError, Meaning, meaning};
use crate::telemetry::PoolMeter;

/// How often the shelf is looked after.
const TEND_EVERY: Duration = Duration::from_secs(1);

/// Connections to one node, idle and in use.
pub(crate) struct NodePool {
    address: NodeAddress,
    options: Opts,
    config: PoolConfig,
    /// One pass for each connection that is not on the shelf.
    gate: Arc<Gate>,
    /// The idle ones; `None` once the pool is retired.
    shelf: Mutex<Option<Shelf<Conn>>>,
    /// Told when too few are idle.
    wanting: Notify,
    meter: PoolMeter,
}

impl NodePool {
    pub(crate) fn new(
        address: NodeAddress,
        options: Opts,
        config: PoolConfig,
        limit: usize,
    ) -> Self {
        Self {
            options,
            meter: PoolMeter::new(&address),
            address,
            gate: Gate::new(limit),
            shelf: Mutex::new(Some(Shelf::default())),
            wanting: Notify::new(),
            config,
        }
    }

    pub(crate) fn address(&self) -> &NodeAddress {
        &self.address
    }

    /// Changes how many connections there may be.
    pub(crate) fn resize(&self, limit: usize) {
        if self.gate.resize(limit) {
            debug!(node = %self.address, limit, "the pool has another limit");
            self.wanting.notify_one();
        }
    }

    /// A connection, idle or new.
    pub(crate) async fn checkout(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Result<Connection, CheckoutError> {
        let began = Instant::now();
        let result = self.take(deadline).await;
        self.meter.checkout(&result, began.elapsed());
        self.measure();
        result
    }

    async fn take(self: &Arc<Self>, deadline: Instant) -> Result<Connection, CheckoutError> {
        let Ok(pass) = timeout_at(deadline, self.gate.pass()).await else {
            return Err(CheckoutError::Exhausted(self.gate.limit()));
        };
        let mut idle = self.with_shelf(|shelf| shelf.as_mut()?.take(Instant::now()));
        if self.lacks_idle() {
            self.wanting.notify_one();
        }
        if let Some(parked) = &mut idle
            && !self.reset(&mut parked.conn).await
        {
            idle = None;
        }
        let (conn, expires) = match idle {
            Some(parked) => (parked.conn, parked.expires),
            None => (self.connect().await?, self.lifetime()),
        };
        Ok(Connection::new(conn, expires, Arc::clone(self), pass))
    }

    /// Takes back a connection that was in use.
    pub(crate) fn give_back(self: &Arc<Self>, mut conn: Conn, expires: Instant, pass: Pass) {
        // A statement was cut off, or the connection broke: its drop closes the
        // socket at once, without a word to a server that may hang.
        if conn.is_disconnected() || self.is_retired() || expires <= Instant::now() {
            drop((conn, pass));
            self.measure();
            return;
        }
        if !may_hold_transaction(&conn) {
            self.park(conn, expires, Instant::now(), pass);
            return;
        }
        // Its locks must not outlive its use. Outside a runtime it is closed,
        // which rolls it back too.
        if let Ok(runtime) = Handle::try_current() {
            let pool = Arc::clone(self);
            runtime.spawn(async move {
                if pool.reset(&mut conn).await {
                    pool.park(conn, expires, Instant::now(), pass);
                }
            });
        }
    }

    /// Closes what is idle now, and what comes back later.
    pub(crate) fn retire(&self) {
        drop(self.with_shelf(Option::take));
        self.measure();
    }

    /// Keeps idle connections ready, and lets go of old ones, for as long as it
    /// is polled.
    pub(crate) async fn keep_warm(self: Arc<Self>) {
        while !self.is_retired() {
            self.tend().await;
            self.measure();
            let _ = timeout(TEND_EVERY, self.wanting.notified()).await;
        }
    }

    async fn tend(&self) {
        let now = Instant::now();
        let room = self.gate.limit().saturating_sub(self.gate.out());
        let gone = self.with_shelf(|shelf| Some(shelf.as_mut()?.evict(now, &self.config, room)));
        drop(gone);
        while let Some(pass) = self.gate.try_pass()
            && let Some(mut idle) =
                self.with_shelf(|shelf| shelf.as_mut()?.take_unheard(now, &self.config))
        {
            if self.reset(&mut idle.conn).await {
                self.park(idle.conn, idle.expires, idle.used, pass);
            }
        }
        while self.lacks_idle()
            && let Some(pass) = self.gate.try_pass()
            && self.has_room()
        {
            match self.connect().await {
                Ok(conn) => self.park(conn, self.lifetime(), Instant::now(), pass),
                Err(error) => {
                    debug!(node = %self.address, ?error, "no connection to keep ready");
                    return;
                }
            }
        }
    }

    async fn connect(&self) -> Result<Conn, CheckoutError> {
        let within = self.config.login_timeout;
        match timeout(within, Conn::new(self.options.clone())).await {
            Ok(Ok(conn)) => {
                self.meter.opened();
                Ok(conn)
            }
            Ok(Err(error)) if meaning(&error) == Meaning::Denied => {
                Err(CheckoutError::Denied(error))
            }
            Ok(Err(error)) => Err(CheckoutError::Failed(error)),
            Err(_) => Err(CheckoutError::NoAnswer(within)),
        }
    }

    /// Until when a connection made now may live.
    fn lifetime(&self) -> Instant {
        let less = rand::random_range(0.0..0.1);
        Instant::now() + self.config.max_lifetime.mul_f64(1.0 - less)
    }

    /// Gives the connection a fresh session. When it is of no use any more, the
    /// idle ones are suspect too and go with it.
    async fn reset(&self, conn: &mut Conn) -> bool {
        if let Ok(Ok(true)) = timeout(self.config.validation_timeout, conn.reset()).await {
            return true;
        }
        drop(self.with_shelf(|shelf| shelf.as_mut().map(std::mem::take)));
        false
    }

    /// Puts a connection on the shelf, and only then gives its pass up.
    fn park(&self, conn: Conn, expires: Instant, used: Instant, pass: Pass) {
        let parked = Parked {
            conn,
            expires,
            used,
            checked: Instant::now(),
        };
        self.with_shelf(|shelf| {
            if let Some(shelf) = shelf {
                shelf.park(parked);
            }
        });
        drop(pass);
        self.measure();
    }

    fn idle(&self) -> usize {
        self.with_shelf(|shelf| shelf.as_ref().map_or(0, Shelf::len))
    }

    fn lacks_idle(&self) -> bool {
        self.idle() < self.config.minimum_idle && !self.is_retired()
    }

    /// Whether one more connection, whose pass is out already, may be opened
    /// beside the idle ones.
    fn has_room(&self) -> bool {
        self.idle() + self.gate.out() <= self.gate.limit()
    }

    fn measure(&self) {
        let (idle, out) = (self.idle(), self.gate.out());
        self.meter.stands(idle, out, self.gate.limit());
    }

    fn is_retired(&self) -> bool {
        self.with_shelf(|shelf| shelf.is_none())
    }

    fn with_shelf<T>(&self, body: impl FnOnce(&mut Option<Shelf<Conn>>) -> T) -> T {
        // No body leaves the shelf half changed.
        body(&mut self.shelf.lock().unwrap_or_else(PoisonError::into_inner))
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
