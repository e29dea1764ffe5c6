//! The connections, and the frame of every call: a deadline, a connection, and
//! for a write the check of its term.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use lictor_domain::Term;
use secrecy::SecretString;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::config::ConfigVersion;
use crate::error::StoreError;
use crate::hosts::Hosts;
use crate::term;

/// A migration may rewrite a large table, or wait for another instance's.
const MIGRATION_DEADLINE: Duration = Duration::from_mins(1);

/// How to reach Postgres.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `postgres://role:password@host:port/database`, with libpq's options. Of
    /// several hosts, `a:5432,b:5432`, the first that takes writes is used.
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
    hosts: Hosts,
    deadline: Duration,
    /// The newest version of the configuration that was made here.
    pub(crate) made: watch::Sender<Option<Arc<ConfigVersion>>>,
}

impl fmt::Debug for Store {
    /// Leaves the hosts out: they hold the password.
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
        let hosts = Hosts::new(&config.url, config.max_connections, config.deadline)?;
        Ok(Self {
            hosts,
            deadline: config.deadline,
            made: watch::Sender::default(),
        })
    }

    /// Brings the schema up to date; of several instances one does it while
    /// the others wait. Its deadline is one minute.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        within(MIGRATION_DEADLINE, async {
            let mut connection = PgConnection::connect_with(&self.hosts.used().options).await?;
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
        self.call(&self.hosts.used().common, work).await
    }

    /// Runs a single statement of the lease or of a recovery, which never
    /// queues behind anything else.
    pub(crate) async fn vital<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.call(&self.hosts.used().vital, work).await
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
        let mut trial = Trial {
            hosts: &self.hosts,
            answered: false,
        };
        let done = within(self.deadline, async {
            let mut lent = Lent::from(pool.acquire().await?);
            let done = work(&mut lent.connection).await;
            lent.returned = is_answer(&done);
            done
        })
        .await;
        trial.answered = is_answer(&done);
        done
    }
}

/// Whether the server did, or said, what it was asked. One that has turned
/// read-only has not.
const fn is_answer<T>(done: &Result<T, StoreError>) -> bool {
    !matches!(done, Err(StoreError::Unavailable(_)))
}

/// One call. When it ends without an answer, or is broken off, its server is in
/// doubt.
struct Trial<'a> {
    hosts: &'a Hosts,
    answered: bool,
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.hosts.doubt();
        }
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

/// A connection in use. When its call is broken off or fails, it is closed: an
/// answer may still be on its way, or never come, and the pool would wait for it.
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
