//! Shards: which one owns a key, and connections to where it lives.

use std::sync::Arc;

use arc_swap::ArcSwap;
use arc_swap::Cache;
use futures::future::BoxFuture;
use lictor_domain::{ClusterName, Key, Keyspace, Shard, ShardName};
use mysql_async::Conn;

use crate::connection::Connection;
use crate::error::ClientError;
use crate::lictor::{Lictor, Wait};
use crate::place::{Place, keyspace_of};
use crate::read::{LagLimit, Read};
use crate::retry::Retry;
use crate::session::Session;
use crate::table::Snapshot;

/// The shard of one key. Cheap to make: no lock, no allocation.
///
/// While the shard's writes are held because its data is being moved, its
/// writers wait, and then go to where it lives afterwards. Work that reaches the
/// data through [`Lictor::writer`] instead does not wait for a shard.
///
/// ```no_run
/// use lictor_client::{AnyLag, Idempotent, Lictor};
/// use mysql_async::prelude::Queryable;
///
/// # async fn example(lictor: &Lictor) -> Result<(), Box<dyn std::error::Error>> {
/// let customer = 4711_u64;
/// let shard = lictor.shard("shop", customer)?;
/// shard
///     .with_writer(Idempotent::No, |conn| {
///         Box::pin(async move {
///             conn.exec_drop("INSERT INTO visits (customer) VALUES (?)", (customer,))
///                 .await
///         })
///     })
///     .await?;
/// let mut reader = shard.reader(AnyLag).await?;
/// let visits: Option<u64> = reader
///     .exec_first("SELECT COUNT(*) FROM visits WHERE customer = ?", (customer,))
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ShardHandle<'l, 'k> {
    lictor: &'l Lictor,
    session: Option<&'l Session<'l>>,
    keyspace: Arc<Keyspace>,
    /// Which of the keyspace's shards.
    shard: usize,
    key: Key<'k>,
}

impl Lictor {
    /// The shard of a keyspace that owns the key.
    ///
    /// Fails with [`ClientError::UnknownKeyspace`], and with
    /// [`ClientError::Unresolved`] when the key is of another type or nobody's.
    pub fn shard<'k>(
        &self,
        keyspace: &str,
        key: impl Into<Key<'k>>,
    ) -> Result<ShardHandle<'_, 'k>, ClientError> {
        let key = key.into();
        self.routes.with_table(|table| {
            let keyspace = keyspace_of(table, keyspace)?;
            let owner = keyspace.resolve(&key)?;
            // It is one of them, so it has a place among them.
            let shard = keyspace.shards().element_offset(owner).unwrap_or_default();
            Ok(ShardHandle {
                lictor: self,
                session: None,
                keyspace: Arc::clone(keyspace),
                shard,
                key,
            })
        })
    }
}

impl<'l> Session<'l> {
    /// As [`Lictor::shard`]; what is read sees what this session wrote.
    pub fn shard<'k>(
        &'l self,
        keyspace: &str,
        key: impl Into<Key<'k>>,
    ) -> Result<ShardHandle<'l, 'k>, ClientError> {
        let handle = self.lictor().shard(keyspace, key)?;
        Ok(ShardHandle {
            session: Some(self),
            ..handle
        })
    }
}

impl<'l> ShardHandle<'l, '_> {
    /// The shard, as it was when this was made.
    #[must_use]
    pub fn shard(&self) -> &Shard {
        &self.keyspace.shards()[self.shard]
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ShardName {
        &self.shard().name
    }

    /// The cluster it lived on when this was made.
    #[must_use]
    pub fn cluster(&self) -> &ClusterName {
        &self.shard().cluster
    }

    /// A connection to the node that takes the shard's writes now, as
    /// [`Lictor::writer`]; it also waits while the shard is held. In a session,
    /// tell it afterwards: [`Session::wrote`].
    pub async fn writer(&self) -> Result<Connection, ClientError> {
        let wait = Wait::starting_now(self.lictor.config.pool.connection_timeout);
        let (_, connection) = self.lictor.writer_at(&self.place(), wait).await?;
        if let Some(session) = self.session {
            session.doubts(&connection);
        }
        Ok(connection)
    }

    /// Does work on the node that takes the shard's writes now, as
    /// [`Lictor::with_writer`].
    pub async fn with_writer<T>(
        &self,
        retry: impl Into<Retry>,
        work: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, mysql_async::Result<T>>,
    ) -> Result<T, ClientError> {
        let place = self.place();
        if let Some(session) = self.session {
            return session.perform(&place, retry.into(), work).await;
        }
        let (value, _) = self.lictor.perform(&place, retry.into(), work).await?;
        Ok(value)
    }

    /// A read from where the shard lives now, as [`Lictor::reader`]; also while
    /// its writes are held.
    pub fn reader(&self, lag: impl Into<LagLimit>) -> Read<'l> {
        let located = self
            .lictor
            .routes
            .with_table(|table| self.place().locate(table));
        let cluster = located.map_or_else(|_| self.cluster().clone(), |located| located.cluster);
        match self.session {
            Some(session) => session.reader(cluster.as_str(), lag),
            None => self.lictor.reader(cluster.as_str(), lag),
        }
    }

    fn place(&self) -> Place<'_> {
        Place::Key {
            keyspace: self.keyspace.name.clone(),
            key: self.key.clone(),
        }
    }
}

/// Resolves keys in a hot loop: one for each task, by
/// [`Routes::resolver`](crate::Routes::resolver). Between two changes of the
/// table it reads one atomic pointer; it takes no lock, allocates nothing, and
/// never waits for an update.
///
/// ```no_run
/// # fn example(lictor: &lictor_client::Lictor) -> Result<(), lictor_client::ClientError> {
/// let mut resolver = lictor.routes().resolver();
/// for customer in 0..1_000_000_u64 {
///     let shard = resolver.shard("shop", &customer.into())?;
///     println!("{customer} lives on {}", shard.cluster);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Resolver {
    cache: Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl Resolver {
    pub(crate) fn new(held: Arc<ArcSwap<Snapshot>>) -> Self {
        Self {
            cache: Cache::new(held),
        }
    }

    /// The shard of the keyspace that owns the key, in the table as it is now.
    pub fn shard(&mut self, keyspace: &str, key: &Key<'_>) -> Result<&Shard, ClientError> {
        let snapshot = self.cache.load();
        Ok(keyspace_of(&snapshot.table, keyspace)?.resolve(key)?)
    }
}
