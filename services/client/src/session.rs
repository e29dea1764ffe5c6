//! One user's writes and reads, in which the reads see the writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use lictor_domain::ClusterName;
use mysql_async::Conn;
use tokio::time::Instant;
use tracing::debug;

use crate::causality::{Causality, Point, executed};
use crate::connection::Connection;
use crate::error::ClientError;
use crate::lictor::Lictor;
use crate::place::Place;
use crate::read::{LagLimit, Read};
use crate::retry::Retry;

/// Writes and reads of one user: its reads see what it wrote, on whichever
/// reader they are done.
///
/// Make one for each request, and hand [`causality`](Self::causality) on to the
/// user's next request.
///
/// ```no_run
/// use lictor_client::{AnyLag, Idempotent, Lictor};
/// use mysql_async::prelude::Queryable;
///
/// # async fn example(lictor: &Lictor) -> Result<(), Box<dyn std::error::Error>> {
/// let session = lictor.session();
/// session
///     .with_writer("orders", Idempotent::No, |conn| {
///         conn.query_drop("INSERT INTO carts (id) VALUES (7)")
///     })
///     .await?;
/// let mut reader = session.reader("orders", AnyLag).await?;
/// let cart: Option<u64> = reader.query_first("SELECT id FROM carts WHERE id = 7").await?;
/// assert_eq!(cart, Some(7));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Session<'l> {
    lictor: &'l Lictor,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    causality: Causality,
    /// Since when there is a write of which it is not known what it did.
    doubts: BTreeMap<ClusterName, Instant>,
    /// Writers that were handed out, by the server's number of the connection;
    /// what they write will be told.
    out: BTreeSet<(ClusterName, u32)>,
}

impl Seen {
    /// A cluster had executed `point` when it was asked at `asked`.
    fn executed(&mut self, cluster: &ClusterName, point: Point, asked: Instant) {
        let doubt = self.doubts.get(cluster);
        let out = self.out.iter().any(|(of, _)| of == cluster);
        if !out && point != Point::Unknown && doubt.is_none_or(|doubt| *doubt < asked) {
            // It was asked later, so that it has all that there was to doubt.
            self.doubts.remove(cluster);
            if self.causality.point(cluster) == Some(&Point::Unknown) {
                self.causality.forget(cluster);
            }
        }
        self.causality.merge(&Causality::at(cluster.clone(), point));
    }

    fn doubt(&mut self, cluster: &ClusterName, now: Instant) {
        self.doubts.insert(cluster.clone(), now);
        self.causality
            .merge(&Causality::at(cluster.clone(), Point::Unknown));
    }
}

impl Lictor {
    /// A session that has seen nothing yet.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        self.session_after(Causality::default())
    }

    /// A session that goes on from what another has seen.
    #[must_use]
    pub fn session_after(&self, seen: Causality) -> Session<'_> {
        Session {
            lictor: self,
            seen: Mutex::new(Seen {
                causality: seen,
                ..Seen::default()
            }),
        }
    }
}

impl Session<'_> {
    /// Does work as [`Lictor::with_writer`] does; later reads of this session see
    /// it.
    pub async fn with_writer<T>(
        &self,
        cluster: &str,
        retry: impl Into<Retry>,
        work: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, mysql_async::Result<T>>,
    ) -> Result<T, ClientError> {
        let place = Place::Cluster(self.lictor.routes.route(cluster)?.name);
        self.perform(&place, retry.into(), work).await
    }

    pub(crate) async fn perform<T>(
        &self,
        place: &Place<'_>,
        retry: Retry,
        work: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, mysql_async::Result<T>>,
    ) -> Result<T, ClientError> {
        let cluster = place.locate(&self.lictor.routes.table())?.cluster;
        let doubt = Doubt::begin(self, cluster);
        match self.lictor.perform(place, retry, work).await {
            Ok((value, mut connection)) => {
                doubt.settle(&mut connection).await;
                Ok(value)
            }
            Err(ClientError::MaybeExecuted { cluster, source }) => {
                doubt.stays(&cluster);
                Err(ClientError::MaybeExecuted { cluster, source })
            }
            Err(error) => {
                doubt.nothing_was_done();
                Err(error)
            }
        }
    }

    /// A connection as [`Lictor::writer`] gives it. Tell the session when you
    /// have committed ([`wrote`](Self::wrote)); until then its reads of this
    /// cluster go to the writer.
    pub async fn writer(&self, cluster: &str) -> Result<Connection, ClientError> {
        let connection = self.lictor.writer(cluster).await?;
        self.doubts(&connection);
        Ok(connection)
    }

    /// What is written on this connection is not known before it is told.
    pub(crate) fn doubts(&self, connection: &Connection) {
        if let Some(cluster) = connection.cluster() {
            let mut seen = self.locked();
            seen.doubt(cluster, Instant::now());
            seen.out.insert((cluster.clone(), connection.id()));
        }
    }

    pub(crate) const fn lictor(&self) -> &Lictor {
        self.lictor
    }

    /// Everything committed on this connection so far was written by this
    /// session.
    pub async fn wrote(&self, writer: &mut Connection) {
        if let Some(cluster) = writer.cluster().cloned() {
            self.locked().out.remove(&(cluster.clone(), writer.id()));
            Doubt::begin(self, cluster).settle(writer).await;
        }
    }

    /// A read as [`Lictor::reader`] does it, that sees what this session wrote.
    pub fn reader(&self, cluster: &str, lag: impl Into<LagLimit>) -> Read<'_> {
        self.lictor.reader(cluster, lag).after(&self.causality())
    }

    /// What this session has seen.
    #[must_use]
    pub fn causality(&self) -> Causality {
        self.locked().causality.clone()
    }

    fn locked(&self) -> MutexGuard<'_, Seen> {
        // What panics here has changed nothing yet.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write under way; when it is dropped before its end is known, the session
/// does not know what it did.
struct Doubt<'s> {
    session: &'s Session<'s>,
    cluster: ClusterName,
    is_over: bool,
}

impl<'s> Doubt<'s> {
    fn begin(session: &'s Session<'_>, cluster: ClusterName) -> Self {
        Self {
            session,
            cluster,
            is_over: false,
        }
    }

    fn nothing_was_done(mut self) {
        self.is_over = true;
    }

    /// It may have been done, and there.
    fn stays(mut self, cluster: &ClusterName) {
        self.cluster.clone_from(cluster);
    }

    /// Learns from the writer what there is to see.
    async fn settle(mut self, writer: &mut Connection) {
        if let Some(cluster) = writer.cluster() {
            self.cluster.clone_from(cluster);
        }
        let asked = Instant::now();
        let within = self.session.lictor.config.pool.validation_timeout;
        match tokio::time::timeout(within, executed(writer)).await {
            Ok(Ok(point)) => {
                let mut seen = self.session.locked();
                seen.executed(&self.cluster, point, asked);
                drop(seen);
                self.is_over = true;
            }
            Ok(Err(error)) => debug!(cluster = %self.cluster, %error, "not known what was written"),
            Err(_) => debug!(cluster = %self.cluster, "not told in time what was written"),
        }
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.session.locked().doubt(&self.cluster, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn executed(gtids: &str) -> Point {
        let text = format!("3e11fa47-71ca-11e1-9e33-c80aa9429562:{gtids}");
        Point::Executed(text.parse().unwrap())
    }

    #[tokio::test]
    async fn a_doubt_ends_only_by_what_was_asked_after_it() {
        let (orders, start) = ("orders".parse().unwrap(), Instant::now());
        let later = |millis| start + Duration::from_millis(millis);
        let mut seen = Seen::default();
        seen.executed(&orders, executed("1-5"), later(1));
        seen.doubt(&orders, later(10));
        seen.executed(&orders, executed("1-6"), later(5));
        assert_eq!(seen.causality.point(&orders), Some(&Point::Unknown));
        seen.executed(&orders, Point::Unknown, later(11));
        assert_eq!(seen.causality.point(&orders), Some(&Point::Unknown));
        seen.executed(&orders, executed("1-7"), later(12));
        assert_eq!(seen.causality.point(&orders), Some(&executed("1-7")));
    }

    #[tokio::test]
    async fn what_an_earlier_session_did_not_know_is_settled_by_the_next_write() {
        let orders = "orders".parse().unwrap();
        let mut seen = Seen {
            causality: "orders=?".parse().unwrap(),
            ..Seen::default()
        };
        seen.executed(&orders, executed("1-7"), Instant::now());
        assert_eq!(seen.causality.point(&orders), Some(&executed("1-7")));
    }

    #[tokio::test]
    async fn nothing_settles_what_a_writer_that_is_out_may_still_write() {
        let orders: ClusterName = "orders".parse().unwrap();
        let mut seen = Seen::default();
        seen.doubt(&orders, Instant::now());
        seen.out.insert((orders.clone(), 7));
        seen.executed(&orders, executed("1-7"), Instant::now());
        assert_eq!(seen.causality.point(&orders), Some(&Point::Unknown));
        seen.out.clear();
        seen.executed(&orders, executed("1-8"), Instant::now());
        assert_eq!(seen.causality.point(&orders), Some(&executed("1-8")));
    }

    #[tokio::test]
    async fn what_was_seen_only_grows() {
        let (orders, start) = ("orders".parse().unwrap(), Instant::now());
        let mut seen = Seen::default();
        seen.executed(&orders, executed("1-9"), start);
        seen.executed(&orders, executed("1-5"), start);
        assert_eq!(seen.causality.point(&orders), Some(&executed("1-9")));
    }
}
