//! One statement on all of a keyspace, at once.
//!
//! Shards of one keyspace that live on the same cluster share its tables, so
//! each cluster is asked once, however many shards it has. Rows come as they
//! arrive, and no more are read than are taken.

mod report;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt;
use futures::stream::{self, StreamExt};
use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Params, Row};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, instrument};

pub use report::{Answer, Failure, Gathered, Origin, ScatterError, ScatterReport};
pub use rows::{ScatterRow, ScatterRows};

use self::rows::Event;
use crate::causality::Causality;
use crate::connection::Connection;
use crate::error::{ClientError, Interruption, Meaning, meaning};
use crate::lictor::Lictor;
use crate::place::keyspace_of;
use crate::read::{AnyLag, LagLimit};
use crate::retry::{self, Retry};
use crate::telemetry;

/// Clusters asked at the same time, unless told otherwise.
const AT_ONCE: usize = 8;
/// Rows read ahead of the one who takes them.
const AHEAD: usize = 64;

/// What becomes of a scatter when a cluster does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScatterPolicy {
    /// All have to answer: the first failure ends it.
    #[default]
    All,
    /// Those that answer will do; the [`ScatterReport`] names the others.
    Partial,
}

/// A statement for every cluster of a keyspace, not sent yet.
///
/// It is meant for reads: nothing makes a write on several clusters one, and a
/// held shard does not stop it. Rows come in any order; sorting, grouping and
/// limits over all clusters are the caller's work. While a shard's data is
/// being moved, rows may be on two clusters and are then seen twice.
///
/// ```no_run
/// use futures::TryStreamExt;
/// use lictor_client::{Lictor, ScatterPolicy};
///
/// # async fn example(lictor: &Lictor) -> Result<(), Box<dyn std::error::Error>> {
/// // All rows, or an error that says who did not answer and why:
/// let sql = "SELECT id, total FROM orders WHERE day = ?";
/// let all = lictor.scatter("shop", sql, ("2026-11-23",)).collect::<(u64, f64)>().await?;
/// let turnover: f64 = all.rows.iter().map(|(_, (_, total))| total).sum();
///
/// // Row by row, as much as there is:
/// let mut rows = lictor
///     .scatter("shop", sql, ("2026-11-23",))
///     .at_once(4)
///     .policy(ScatterPolicy::Partial)
///     .stream()?;
/// while let Some(row) = rows.try_next().await? {
///     println!("{}: {:?}", row.from.cluster, row.row);
/// }
/// for failure in &rows.report().failed {
///     println!("{} did not answer: {}", failure.origin, failure.error);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing before it is streamed or collected"]
pub struct Scatter<'l> {
    lictor: &'l Lictor,
    keyspace: String,
    sql: String,
    params: Params,
    at_once: usize,
    policy: ScatterPolicy,
    lag: LagLimit,
    after: Causality,
    on_the_writers: bool,
    retry: Retry,
}

impl Lictor {
    /// A statement for every cluster that holds shards of the keyspace; see
    /// [`Scatter`].
    pub fn scatter(&self, keyspace: &str, sql: &str, params: impl Into<Params>) -> Scatter<'_> {
        Scatter {
            lictor: self,
            keyspace: keyspace.to_owned(),
            sql: sql.to_owned(),
            params: params.into(),
            at_once: AT_ONCE,
            policy: ScatterPolicy::default(),
            lag: AnyLag.into(),
            after: Causality::default(),
            on_the_writers: false,
            retry: Retry::never(),
        }
    }
}

impl<'l> Scatter<'l> {
    /// So many clusters are asked at the same time; 8 unless told otherwise, and
    /// at least 1.
    pub fn at_once(mut self, clusters: usize) -> Self {
        self.at_once = clusters.max(1);
        self
    }

    /// Whether all have to answer, as they have to unless told otherwise.
    pub const fn policy(mut self, policy: ScatterPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How far behind the readers may be.
    pub fn lag(mut self, lag: impl Into<LagLimit>) -> Self {
        self.lag = lag.into();
        self
    }

    /// Only where everything in `seen` is visible, as [`Read::after`](crate::Read::after).
    pub fn after(mut self, seen: &Causality) -> Self {
        self.after.merge(seen);
        self
    }

    /// The clusters' writers are asked instead of their readers: they have all
    /// that was committed.
    pub const fn on_the_writers(mut self) -> Self {
        self.on_the_writers = true;
        self
    }

    /// A cluster that was cut off before its first row came is asked again, as
    /// `retry` says; never, unless told otherwise.
    pub fn retry(mut self, retry: impl Into<Retry>) -> Self {
        self.retry = retry.into();
        self
    }

    /// The rows as they come. Nothing is sent before the stream is polled, and
    /// dropping it ends what still runs.
    ///
    /// Fails with [`ClientError::UnknownKeyspace`].
    pub fn stream(self) -> Result<ScatterRows<'l>, ClientError> {
        let origins = self.origins()?;
        let (policy, (events, taken)) = (self.policy, mpsc::channel(AHEAD));
        let work = async move {
            let (scatter, events) = (&self, &events);
            stream::iter(origins)
                .for_each_concurrent(self.at_once, |origin| scatter.ask(origin, events))
                .await;
        };
        Ok(ScatterRows::new(Box::pin(work), taken, policy))
    }

    /// All rows, each with the cluster it is from.
    ///
    /// Fails with [`ScatterError::Incomplete`] when a cluster does not answer
    /// and all have to.
    pub async fn collect<T: FromRow>(self) -> Result<Gathered<T>, ScatterError> {
        let mut stream = self.stream()?;
        let mut rows = vec![];
        while let Some(ScatterRow { from, row }) = stream.try_next().await? {
            let row = T::from_row_opt(row).map_err(ScatterError::Row)?;
            rows.push((from, row));
        }
        Ok(Gathered {
            rows,
            report: stream.into_report(),
        })
    }

    fn origins(&self) -> Result<Vec<Arc<Origin>>, ClientError> {
        let by_cluster = self.lictor.routes().with_table(|table| {
            let keyspace = keyspace_of(table, &self.keyspace)?;
            let mut by_cluster = BTreeMap::<_, Vec<_>>::new();
            for shard in keyspace.shards() {
                let shards = by_cluster.entry(shard.cluster.clone()).or_default();
                shards.push(shard.name.clone());
            }
            Ok::<_, ClientError>(by_cluster)
        })?;
        let origins = by_cluster.into_iter();
        Ok(origins
            .map(|(cluster, shards)| Arc::new(Origin { cluster, shards }))
            .collect())
    }

    /// Asks one cluster, and tells of each row and of the end.
    #[instrument(name = "lictor.scatter", level = "debug", skip_all, fields(cluster = %origin.cluster))]
    async fn ask(&self, origin: Arc<Origin>, events: &mpsc::Sender<Event>) {
        let mut attempts = self.retry.begin(self.lictor.config.pool.connection_timeout);
        let (mut rows, cluster) = (0, &origin.cluster);
        let result = loop {
            let error = match self.ask_once(&origin, events, &mut rows).await {
                Ok(()) => break Ok(rows),
                Err(error) => error,
            };
            let failure = match &error {
                ClientError::MaybeExecuted { .. } if rows == 0 => retry::Failure::MaybeDone,
                _ => break Err(error),
            };
            let Some(pause) = attempts.again(failure, Instant::now()) else {
                break Err(error);
            };
            debug!(%cluster, ?error, ?pause, "the cluster is asked again");
            telemetry::retried(cluster, failure.as_str());
            sleep(pause).await;
        };
        // Whoever took the rows may be gone.
        let _ = events.send(Event::End(origin, result)).await;
    }

    async fn ask_once(
        &self,
        origin: &Arc<Origin>,
        events: &mpsc::Sender<Event>,
        rows: &mut u64,
    ) -> Result<(), ClientError> {
        let within = self.lictor.config.statement_timeout;
        let cut_off = |source| ClientError::maybe_executed(&origin.cluster, source);
        let late = |_| cut_off(Interruption::TimedOut(within));
        let broken = |error| match meaning(&error) {
            Meaning::Lost => cut_off(Interruption::Broken(error)),
            _ => ClientError::Sql(error),
        };
        let mut connection = self.connection(origin).await?;
        let asked = connection.exec_stream::<Row, _, _>(self.sql.as_str(), self.params.clone());
        let mut answer = timeout(within, asked)
            .await
            .map_err(late)?
            .map_err(broken)?;
        while let Some(row) = timeout(within, answer.next()).await.map_err(late)? {
            let event = Event::Row(Arc::clone(origin), row.map_err(broken)?);
            if events.send(event).await.is_err() {
                return Ok(());
            }
            *rows += 1;
        }
        Ok(())
    }

    async fn connection(&self, origin: &Origin) -> Result<Connection, ClientError> {
        let cluster = origin.cluster.as_str();
        if self.on_the_writers {
            return self.lictor.writer(cluster).await;
        }
        self.lictor
            .reader(cluster, self.lag)
            .after(&self.after)
            .await
    }
}
