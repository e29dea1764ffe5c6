//! The connections, and the frame of every call: a deadline, a connection, and
//! for a write the check of its term.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use lictor_domain::Term;
use secrecy::{ExposeSecret, SecretString};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use tokio::time::timeout;

use crate::error::StoreError;
use crate::term;

/// Connections kept for the lease and the recoveries: one each.
const VITAL_CONNECTIONS: u32 = 2;

/// A migration may rewrite a large table, or wait for another instance's.
const MIGRATION_DEADLINE: Duration = Duration::from_mins(1);

/// How to reach Postgres.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `postgres://role:password@host:port/database`, with libpq's options.
    pub url: SecretString,
    /// Connections at most, beside two that only leadership and recoveries use.
    pub max_connections: NonZeroU32,
    /// After this time a call ends as [`StoreError::Unavailable`].
    pub deadline: Duration,
}

impl StoreConfig {
    /// The defaults: 8 connections, 2 s.
    #[must_use]
    pub const fn new(url: SecretString) -> Self {
        Self {
            url,
            max_connections: NonZeroU32::MIN.saturating_add(7),
            deadline: Duration::from_secs(2),
        }
    }
}

/// Lictor's memory in Postgres. A clone shares its connections.
///
/// A call that is dropped before its end may or may not have taken effect, as
/// one that passed its deadline; either leaves the store usable.
#[derive(Clone)]
pub struct Store {
    options: PgConnectOptions,
    common: PgPool,
    vital: PgPool,
    deadline: Duration,
}

impl fmt::Debug for Store {
    /// Leaves the options out: they hold the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Makes the store without connecting, so that it can start before
    /// Postgres does. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Denied`] when the URL cannot be read.
    pub fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        let options: PgConnectOptions = config.url.expose_secret().parse()?;
        let options = options.application_name("lictord");
        // The server too gives up after the deadline, so that a leader cut off
        // in the middle of a write does not hold its locks against the next.
        let millis = config.deadline.as_millis().max(1).to_string();
        let bounded = options.clone().options([
            ("statement_timeout", &millis),
            ("idle_in_transaction_session_timeout", &millis),
        ]);
        // No minimum: the library's upkeep of one sits on the connections'
        // permits for minutes while Postgres is away.
        let pool = |connections| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(config.deadline)
                .connect_lazy_with(bounded.clone())
        };
        Ok(Self {
            common: pool(config.max_connections.get()),
            vital: pool(VITAL_CONNECTIONS),
            options,
            deadline: config.deadline,
        })
    }

    /// Brings the schema up to date; of several instances one does it while
    /// the others wait. Its deadline is one minute.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        within(MIGRATION_DEADLINE, async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            sqlx::migrate!("../../migrations")
                .run_direct(None, &mut connection, false)
                .await?;
            Ok(connection.close().await?)
        })
        .await
    }

    /// Whether Postgres answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(async |connection| Ok(connection.ping().await?))
            .await
    }

    /// Runs a query.
    pub(crate) async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.call(&self.common, work).await
    }

    /// Runs a single statement of the lease or of a recovery, which never
    /// queues behind anything else.
    pub(crate) async fn vital<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.call(&self.vital, work).await
    }

    /// Runs a transaction that only takes effect in the current term.
    pub(crate) async fn write<T>(
        &self,
        term: Term,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read(async |connection| {
            let mut transaction = connection.begin().await?;
            term::hold(&mut transaction, term).await?;
            let done = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(done)
        })
        .await
    }

    async fn call<T>(
        &self,
        pool: &PgPool,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        within(self.deadline, async {
            let mut lent = Lent::from(pool.acquire().await?);
            let done = work(&mut lent.connection).await;
            lent.returned = true;
            done
        })
        .await
    }
}

async fn within<T>(
    deadline: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(deadline, call)
        .await
        .unwrap_or_else(|late| Err(StoreError::Unavailable(late.into())))
}

/// A connection in use. When its call is broken off, it is closed: an answer
/// may still be on its way, or never come, and the pool would wait for it.
struct Lent {
    connection: PoolConnection<Postgres>,
    returned: bool,
}

impl From<PoolConnection<Postgres>> for Lent {
    fn from(connection: PoolConnection<Postgres>) -> Self {
        Self {
            connection,
            returned: false,
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.returned {
            self.connection.close_on_drop();
        }
    }
}
