//! Work on the writer that survives a failover.
//!
//! Work is raced with the route: a hung primary never answers, so the moment
//! another node takes its place, what still runs there is given up. Whether it
//! is done again, `retry` says.

use futures::future::BoxFuture;
use lictor_domain::ClusterName;
use mysql_async::Conn;
use tokio::time::{Instant, sleep};
use tracing::{debug, instrument};

use crate::connection::Connection;
use crate::error::{ClientError, Interruption, Meaning, meaning};
use crate::lictor::{Lictor, Wait};
use crate::place::Place;
use crate::retry::{Failure, Retry};
use crate::telemetry;

/// How one attempt ended.
enum Attempt<T> {
    Done(T),
    /// Nothing was done; the reason is for the metrics.
    Undone(mysql_async::Error, &'static str),
    /// MySQL's answer.
    Refused(mysql_async::Error),
    CutOff(Interruption),
}

impl Lictor {
    /// Does `work` on the cluster's writer, and again as `retry` says when a
    /// failover came between: a [`Retry`], or just an
    /// [`Idempotent`](crate::Idempotent).
    ///
    /// `work` gives a boxed future, as every method of
    /// [`Queryable`](mysql_async::prelude::Queryable) does by itself; more than
    /// one call goes into `Box::pin(async move { … })`. It has to be one
    /// statement, or one transaction that it begins and commits itself: what it
    /// did in an earlier statement of its own is not undone when a later one
    /// fails.
    ///
    /// Fails as [`writer`](Self::writer) does, with [`ClientError::Sql`] for
    /// MySQL's own refusals, and with [`ClientError::MaybeExecuted`] when the
    /// work was cut off and must not be repeated, or could not be repeated in
    /// time.
    pub async fn with_writer<T>(
        &self,
        cluster: &str,
        retry: impl Into<Retry>,
        work: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, mysql_async::Result<T>>,
    ) -> Result<T, ClientError> {
        let place = Place::Cluster(self.routes.route(cluster)?.name);
        let (value, _) = self.perform(&place, retry.into(), work).await?;
        Ok(value)
    }

    /// The same; the connection that did the work is still held.
    #[instrument(name = "lictor.with_writer", level = "debug", skip_all, fields(%place))]
    pub(crate) async fn perform<T>(
        &self,
        place: &Place<'_>,
        retry: Retry,
        work: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, mysql_async::Result<T>>,
    ) -> Result<(T, Connection), ClientError> {
        let usual = self.config.pool.connection_timeout;
        let mut wait = Wait::starting_now(usual);
        let mut attempts = retry.begin(usual);
        let mut cut_off: Option<Interruption> = None;
        let mut cluster = place.locate(&self.routes.table())?.cluster;
        loop {
            let (writer, mut connection) = match self.writer_at(place, wait).await {
                Ok(found) => found,
                Err(error) => return Err(worse(error, cut_off, &cluster)),
            };
            if let Some(now) = connection.cluster() {
                cluster.clone_from(now);
            }
            let cluster = &cluster;
            let attempt = tokio::select! {
                biased;
                result = work(&mut connection) => Attempt::of(result),
                to = self.routes.moved_from(cluster, &writer) => {
                    Attempt::CutOff(Interruption::Moved(to.address))
                }
                () = sleep(self.config.statement_timeout) => {
                    Attempt::CutOff(Interruption::TimedOut(self.config.statement_timeout))
                }
            };
            let (failure, reason, error) = match attempt {
                Attempt::Done(value) => return Ok((value, connection)),
                Attempt::Refused(error) => return Err(ClientError::Sql(error)),
                Attempt::Undone(error, reason) => {
                    let error = worse(ClientError::Sql(error), cut_off.take(), cluster);
                    (Failure::Undone, reason, error)
                }
                Attempt::CutOff(source) => {
                    let error = ClientError::maybe_executed(cluster, source);
                    (Failure::MaybeDone, "cut_off", error)
                }
            };
            drop(connection);
            let Some(pause) = attempts.again(failure, Instant::now()) else {
                return Err(error);
            };
            debug!(%cluster, reason, ?pause, "the work is done again");
            telemetry::retried(cluster, reason);
            // The time to recover counts from the first failure.
            wait = attempts.until().map_or(wait, Wait::until);
            if let ClientError::MaybeExecuted { source, .. } = error {
                cut_off = Some(source);
            }
            self.pause(cluster, &writer, pause).await;
        }
    }
}

/// The error to give up with: once work was cut off, that it may have been done
/// matters more than why it could not be repeated.
fn worse(error: ClientError, cut_off: Option<Interruption>, cluster: &ClusterName) -> ClientError {
    match cut_off {
        Some(source) => ClientError::maybe_executed(cluster, source),
        None => error,
    }
}

impl<T> Attempt<T> {
    fn of(result: mysql_async::Result<T>) -> Self {
        match result {
            Ok(value) => Self::Done(value),
            Err(error) => match meaning(&error) {
                Meaning::NotWriter => Self::Undone(error, "not_writer"),
                Meaning::RolledBack => Self::Undone(error, "rolled_back"),
                Meaning::Lost => Self::CutOff(Interruption::Broken(error)),
                Meaning::Denied | Meaning::Refused => Self::Refused(error),
            },
        }
    }
}
