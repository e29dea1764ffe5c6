//! The rows of a scatter, as a stream.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use futures::future::BoxFuture;
use mysql_async::Row;
use tokio::sync::mpsc;

use super::ScatterPolicy;
use super::report::{Answer, Failure, Origin, ScatterError, ScatterReport};
use crate::error::ClientError;

/// A row, and where it is from.
#[derive(Clone, Debug)]
pub struct ScatterRow {
    /// The cluster.
    pub from: Arc<Origin>,
    /// The row.
    pub row: Row,
}

/// What happened at a cluster.
pub(super) enum Event {
    Row(Arc<Origin>, Row),
    /// It is done, after so many rows.
    End(Arc<Origin>, Result<u64, ClientError>),
}

/// The rows of a scatter as they come, in any order; it ends when every cluster
/// is done, or with the first failure where all have to answer.
///
/// The work is done while it is polled, and only a few rows are read ahead: a
/// slow reader slows the servers down and fills no memory.
pub struct ScatterRows<'l> {
    /// None when it is over.
    work: Option<BoxFuture<'l, ()>>,
    events: mpsc::Receiver<Event>,
    policy: ScatterPolicy,
    report: ScatterReport,
}

impl fmt::Debug for ScatterRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScatterRows")
            .field("policy", &self.policy)
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

impl<'l> ScatterRows<'l> {
    pub(super) fn new(
        work: BoxFuture<'l, ()>,
        events: mpsc::Receiver<Event>,
        policy: ScatterPolicy,
    ) -> Self {
        Self {
            work: Some(work),
            events,
            policy,
            report: ScatterReport::default(),
        }
    }

    /// Who has answered so far, and who has failed; complete once the stream has
    /// ended.
    #[must_use]
    pub const fn report(&self) -> &ScatterReport {
        &self.report
    }

    pub(super) fn into_report(self) -> ScatterReport {
        self.report
    }

    /// What an event is to the one who takes the rows.
    fn take(&mut self, event: Event) -> Option<Result<ScatterRow, ScatterError>> {
        match event {
            Event::Row(from, row) => return Some(Ok(ScatterRow { from, row })),
            Event::End(origin, Ok(rows)) => self.report.answered.push(Answer { origin, rows }),
            Event::End(origin, Err(error)) => {
                self.report.failed.push(Failure { origin, error });
                if self.policy == ScatterPolicy::All {
                    self.work = None;
                    self.events.close();
                    while self.events.try_recv().is_ok() {}
                    let report = std::mem::take(&mut self.report);
                    return Some(Err(ScatterError::Incomplete(report)));
                }
            }
        }
        None
    }
}

impl Stream for ScatterRows<'_> {
    type Item = Result<ScatterRow, ScatterError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // Once before the work goes on, once after it.
        let mut worked = false;
        loop {
            while let Poll::Ready(event) = this.events.poll_recv(context) {
                let Some(event) = event else {
                    return Poll::Ready(None);
                };
                if let Some(item) = this.take(event) {
                    return Poll::Ready(Some(item));
                }
            }
            let Some(work) = this.work.as_mut().filter(|_| !worked) else {
                return Poll::Pending;
            };
            worked = true;
            if work.as_mut().poll(context).is_ready() {
                // The senders go with it, so that the rest ends with `None`.
                this.work = None;
            }
        }
    }
}
