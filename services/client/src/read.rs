//! Reads: which reader is fit for one, and what happens when none is.

use std::future::IntoFuture;
use std::time::Duration;

use futures::future::BoxFuture;
use lictor_domain::{ClusterName, ClusterRoute, Reader};
use mysql_async::Conn;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, instrument};

use crate::causality::{Causality, Point, has_executed};
use crate::connection::Connection;
use crate::error::{ClientError, Interruption, Meaning, Unfit, UnfitReader, meaning};
use crate::lictor::{Lictor, PAUSE, Wait, failed};
use crate::retry::{Failure, Retry};
use crate::telemetry;
use crate::turns::in_turn;

/// Readers may take so long together to apply what a read has to see, unless
/// the read says otherwise.
const CATCH_UP: Duration = Duration::from_secs(1);

/// Any reader will do: the control plane names only those within the cluster's
/// own limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnyLag;

/// Only a reader that is known to be at most so far behind. The control plane
/// rounds lags up; a reader whose lag it does not know, or that no control plane
/// tells of now, is not fit.
///
/// ```no_run
/// # use std::time::Duration;
/// # use lictor_client::{Lictor, MaxLag};
/// # use mysql_async::prelude::Queryable;
/// # async fn example(lictor: &Lictor) -> Result<(), Box<dyn std::error::Error>> {
/// let mut reader = lictor.reader("orders", MaxLag(Duration::from_secs(2))).await?;
/// let open: Option<u64> = reader.query_first("SELECT COUNT(*) FROM open_orders").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxLag(pub Duration);

/// How far behind a reader may be: [`AnyLag`] or [`MaxLag`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagLimit(Option<Duration>);

impl From<AnyLag> for LagLimit {
    fn from(_: AnyLag) -> Self {
        Self(None)
    }
}

impl From<MaxLag> for LagLimit {
    fn from(MaxLag(lag): MaxLag) -> Self {
        Self(Some(lag))
    }
}

impl LagLimit {
    /// What is against a reader of which so much is known.
    fn forbids(self, lag_at_most: Option<Duration>) -> Option<Unfit> {
        let allowed = self.0?;
        match lag_at_most {
            None => Some(Unfit::LagUnknown),
            Some(at_most) if at_most > allowed => Some(Unfit::Lagging { at_most }),
            Some(_) => None,
        }
    }
}

/// A read that was not sent yet: await it for a connection, or
/// [`run`](Self::run) work on one.
#[derive(Clone, Debug)]
#[must_use = "it does nothing before it is awaited"]
pub struct Read<'l> {
    lictor: &'l Lictor,
    cluster: String,
    lag: LagLimit,
    after: Causality,
    catch_up: Duration,
    or_writer: bool,
}

impl Lictor {
    /// A connection to a node that serves the cluster's reads: each in turn, by
    /// weight, and the next one when a node does not answer or is not fit. When
    /// none is fit, or there is no reader at all, the writer, unless
    /// [`never_the_writer`](Read::never_the_writer).
    pub fn reader(&self, cluster: &str, lag: impl Into<LagLimit>) -> Read<'_> {
        Read {
            lictor: self,
            cluster: cluster.to_owned(),
            lag: lag.into(),
            after: Causality::default(),
            catch_up: CATCH_UP,
            or_writer: true,
        }
    }
}

impl Read<'_> {
    /// Only where everything in `seen` is visible; a reader that has not applied
    /// it yet is waited for.
    pub fn after(mut self, seen: &Causality) -> Self {
        self.after.merge(seen);
        self
    }

    /// How long the readers may take, together, to apply what has to be seen;
    /// 1 s unless told otherwise.
    pub fn catching_up_within(mut self, time: Duration) -> Self {
        self.catch_up = time;
        self
    }

    /// Fails with [`ClientError::NoFitReader`] instead of asking the writer.
    pub fn never_the_writer(mut self) -> Self {
        self.or_writer = false;
        self
    }

    /// Does `work` on such a connection, and again on another when that one
    /// failed: as `retry` says, so tell it that the read is
    /// [`Idempotent`](crate::Idempotent).
    ///
    /// `work` is as in [`with_writer`](Lictor::with_writer).
    pub async fn run<T>(
        self,
        retry: impl Into<Retry>,
        work: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, mysql_async::Result<T>>,
    ) -> Result<T, ClientError> {
        let cluster = self.lictor.routes.route(&self.cluster)?.name;
        let config = &self.lictor.config;
        let usual = config.pool.connection_timeout;
        let mut attempts = retry.into().begin(usual);
        loop {
            let wait = attempts
                .until()
                .map_or_else(|| Wait::starting_now(usual), Wait::until);
            let mut connection = self.get(wait).await?;
            let result = timeout(config.statement_timeout, work(&mut connection)).await;
            drop(connection);
            let (failure, error) = match result {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => match meaning(&error) {
                    Meaning::RolledBack => (Failure::Undone, ClientError::Sql(error)),
                    Meaning::Lost => cut_off(&cluster, Interruption::Broken(error)),
                    Meaning::NotWriter | Meaning::Denied | Meaning::Refused => {
                        return Err(ClientError::Sql(error));
                    }
                },
                Err(_) => cut_off(&cluster, Interruption::TimedOut(config.statement_timeout)),
            };
            let Some(pause) = attempts.again(failure, Instant::now()) else {
                return Err(error);
            };
            debug!(%cluster, ?error, ?pause, "the read is done again");
            telemetry::retried(&cluster, failure.as_str());
            sleep(pause).await;
        }
    }

    #[instrument(name = "lictor.reader", level = "debug", skip_all, fields(cluster = %self.cluster))]
    async fn get(&self, wait: Wait) -> Result<Connection, ClientError> {
        let mut changes = self.lictor.routes.changes();
        let mut catch_up = self.catch_up;
        loop {
            let route = self.lictor.routes.route(&self.cluster)?;
            let unfit = match self.try_each(&route, wait, &mut catch_up).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(unfit)) => unfit,
                Err(fatal) => return Err(fatal),
            };
            // What readers are too busy for is not the writer's to carry.
            let busy = unfit.iter().any(UnfitReader::is_busy);
            if self.or_writer && !busy {
                let (_, connection) = self.lictor.writer_within(&route.name, wait).await?;
                return Ok(connection);
            }
            if wait.is_over() || unfit.iter().any(|reader| !reader.is_away()) {
                return Err(none_fit(route.name, unfit, wait));
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep(PAUSE) => {}
            }
        }
    }

    /// Tries each reader once; a fatal error ends the whole read.
    async fn try_each(
        &self,
        route: &ClusterRoute,
        wait: Wait,
        catch_up: &mut Duration,
    ) -> Result<Result<Connection, Vec<UnfitReader>>, ClientError> {
        let mut unfit = vec![];
        let turn = self.lictor.next_turn();
        for (reader, left) in in_turn(&route.readers, turn).zip((1..=route.readers.len()).rev()) {
            // What one does not use of its part is left to the others.
            let part = *catch_up / u32::try_from(left).unwrap_or(u32::MAX);
            let began = Instant::now();
            let why = match self.try_one(route, reader, wait, part).await? {
                Ok(connection) => return Ok(Ok(connection)),
                Err(why) => why,
            };
            if matches!(why, Unfit::Behind { .. }) {
                *catch_up = catch_up.saturating_sub(began.elapsed());
            }
            unfit.push(UnfitReader {
                node: reader.endpoint.node.clone(),
                why,
            });
        }
        Ok(Err(unfit))
    }

    /// How far a reader is behind at most, as far as that is known.
    fn lag_of(&self, route: &ClusterRoute, reader: &Reader) -> Option<Duration> {
        if route.writer() == Some(&reader.endpoint) {
            return Some(Duration::ZERO);
        }
        let hints = self.lictor.routes.hints();
        hints.lag_at_most(&reader.endpoint.node)
    }

    async fn try_one(
        &self,
        route: &ClusterRoute,
        reader: &Reader,
        wait: Wait,
        catch_up: Duration,
    ) -> Result<Result<Connection, Unfit>, ClientError> {
        let cluster = &route.name;
        if let Some(why) = self.lag.forbids(self.lag_of(route, reader)) {
            return Ok(Err(why));
        }
        let point = self.after.point(cluster);
        if point == Some(&Point::Unknown) {
            return Ok(Err(Unfit::OnlyTheWriter));
        }
        let pool = self.lictor.fleet.pool(&reader.endpoint.address);
        let within = &self.lictor.config.pool;
        let deadline = wait.deadline.min(Instant::now() + within.login_timeout);
        let mut connection = match pool.checkout(deadline).await {
            Ok(connection) => connection.of(cluster),
            Err(error) => {
                return match failed(cluster, &reader.endpoint, wait, error) {
                    fatal @ ClientError::Denied { .. } => Err(fatal),
                    other => Ok(Err(Unfit::NoConnection(Box::new(other)))),
                };
            }
        };
        let Some(Point::Executed(set)) = point else {
            return Ok(Ok(connection));
        };
        let waited = catch_up.min(wait.left());
        let seen = has_executed(&mut connection, set, waited, within.validation_timeout).await;
        Ok(match seen {
            Ok(true) => Ok(connection),
            Ok(false) => Err(Unfit::Behind { waited }),
            Err(error) => Err(Unfit::Unsure(error)),
        })
    }
}

fn cut_off(cluster: &ClusterName, source: Interruption) -> (Failure, ClientError) {
    let error = ClientError::maybe_executed(cluster, source);
    (Failure::MaybeDone, error)
}

/// The error to give up with: that of the last one tried, when none could be
/// reached.
fn none_fit(cluster: ClusterName, mut readers: Vec<UnfitReader>, wait: Wait) -> ClientError {
    match readers.pop() {
        Some(UnfitReader {
            why: Unfit::NoConnection(error),
            ..
        }) if readers.iter().all(UnfitReader::is_away) => *error,
        last => {
            readers.extend(last);
            ClientError::NoFitReader {
                cluster,
                waited: wait.waited(),
                readers,
            }
        }
    }
}

impl<'l> IntoFuture for Read<'l> {
    type Output = Result<Connection, ClientError>;
    type IntoFuture = BoxFuture<'l, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let wait = Wait::starting_now(self.lictor.config.pool.connection_timeout);
        Box::pin(async move { self.get(wait).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_lag_is_never_within_a_limit() {
        let limit = LagLimit::from(MaxLag(Duration::from_secs(2)));
        let known = |millis| Some(Duration::from_millis(millis));
        assert!(limit.forbids(known(2000)).is_none());
        assert!(matches!(
            limit.forbids(known(2001)),
            Some(Unfit::Lagging { .. })
        ));
        assert!(matches!(limit.forbids(None), Some(Unfit::LagUnknown)));
        assert!(LagLimit::from(AnyLag).forbids(None).is_none());
    }
}
