//! Work on the writer that survives a failover.
//!
//! The rule: work is done again only when it certainly was not done before, or
//! when the caller says that doing it twice does no harm. Work is raced with
//! the route: a hung primary never answers, so the moment another node takes
//! its place, what still runs there is given up.

use futures::future::BoxFuture;
use mysql_async::Conn;
use tokio::time::sleep;

use crate::error::{ClientError, Interruption, Meaning, meaning};
use crate::lictor::{Lictor, Wait};

/// Whether work does the same when it is done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotent {
    /// Doing it twice does no harm: it is done again when it was cut off.
    Yes,
    /// It must not be done twice: when it is cut off, the caller is told.
    No,
}

/// How one attempt ended.
enum Attempt<T> {
    Done(T),
    /// The node takes no writes: nothing was done.
    NotWriter(mysql_async::Error),
    /// MySQL's answer.
    Refused(mysql_async::Error),
    CutOff(Interruption),
}

impl Lictor {
    /// Does `work` on the cluster's writer, and again on the new writer when a
    /// failover came between and [`Idempotent`] allows it.
    ///
    /// `work` gives a boxed future, as every method of
    /// [`Queryable`](mysql_async::prelude::Queryable) does by itself; more than
    /// one call goes into `Box::pin(async move { … })`. It has to be one statement, or one transaction that it begins and
    /// commits itself: what it did in an earlier statement of its own is not
    /// undone when a later one fails.
    ///
    /// Fails as [`writer`](Self::writer) does, with [`ClientError::Sql`] for
    /// MySQL's own refusals, and with [`ClientError::MaybeExecuted`] when the
    /// work was cut off and must not be repeated, or could not be repeated
    /// within `acquire_timeout`.
    pub async fn with_writer<T>(
        &self,
        cluster: &str,
        idempotent: Idempotent,
        work: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, mysql_async::Result<T>>,
    ) -> Result<T, ClientError> {
        let cluster = self.routes.route(cluster)?.name;
        let mut wait = Wait::starting_now(self.config.acquire_timeout);
        let mut failed_before = false;
        let mut cut_off: Option<Interruption> = None;
        loop {
            let (writer, mut connection) = match self.writer_within(&cluster, wait).await {
                Ok(found) => found,
                Err(error) => return Err(worse(error, cut_off, cluster)),
            };
            let attempt = tokio::select! {
                biased;
                result = work(&mut connection) => Attempt::of(result),
                to = self.routes.moved_from(&cluster, &writer) => {
                    Attempt::CutOff(Interruption::Moved(to.address))
                }
                () = sleep(self.config.statement_timeout) => {
                    Attempt::CutOff(Interruption::TimedOut(self.config.statement_timeout))
                }
            };
            drop(connection);
            // The time to recover counts from the first failure.
            if !failed_before {
                failed_before = true;
                wait = Wait::starting_now(self.config.acquire_timeout);
            }
            match attempt {
                Attempt::Done(value) => return Ok(value),
                Attempt::Refused(error) => return Err(ClientError::Sql(error)),
                Attempt::NotWriter(error) if wait.is_over() => {
                    return Err(worse(ClientError::Sql(error), cut_off, cluster));
                }
                Attempt::NotWriter(_) => {}
                Attempt::CutOff(source) if idempotent == Idempotent::No || wait.is_over() => {
                    return Err(ClientError::MaybeExecuted { cluster, source });
                }
                Attempt::CutOff(source) => cut_off = Some(source),
            }
            self.pause(&cluster, &writer).await;
        }
    }
}

/// The error to give up with: once work was cut off, that it may have been done
/// matters more than why it could not be repeated.
fn worse(
    error: ClientError,
    cut_off: Option<Interruption>,
    cluster: lictor_domain::ClusterName,
) -> ClientError {
    match cut_off {
        Some(source) => ClientError::MaybeExecuted { cluster, source },
        None => error,
    }
}

impl<T> Attempt<T> {
    fn of(result: mysql_async::Result<T>) -> Self {
        match result {
            Ok(value) => Self::Done(value),
            Err(error) => match meaning(&error) {
                Meaning::NotWriter => Self::NotWriter(error),
                Meaning::Lost => Self::CutOff(Interruption::Broken(error)),
                Meaning::Denied | Meaning::Refused => Self::Refused(error),
            },
        }
    }
}
