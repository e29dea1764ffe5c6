//! One node's hand: a warm session for commands, and the check of the lease
//! before each use of it.

use std::time::Duration;

use futures::future::BoxFuture;
use lictor_domain::Term;
use lictor_mysql::{MysqlError, Session, Target};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::Shared;

/// Why a hand did not do what it was told.
#[derive(Debug, Error)]
pub(crate) enum HandError {
    /// This instance may not act: nothing was sent.
    #[error("no valid lease of term {0}: nothing was sent")]
    NoLease(Term),
    /// The cluster has no such node any more.
    #[error("the cluster has no such node")]
    NoSuchNode,
    /// The node did not do it.
    #[error(transparent)]
    Mysql(#[from] MysqlError),
    /// The candidate still had something to apply.
    #[error("it had not applied everything after {} s", .0.as_secs())]
    NotApplied(Duration),
}

/// One thing to do on a node.
pub(crate) type Work<'s, T> = BoxFuture<'s, Result<T, MysqlError>>;

/// One node's hand.
#[derive(Debug)]
pub(crate) struct Hand {
    app: Shared,
    /// How to reach the node.
    pub(crate) target: Target,
    session: Mutex<Option<Session>>,
}

impl Hand {
    pub(crate) fn new(app: Shared, target: Target) -> Self {
        Self {
            app,
            target,
            session: Mutex::new(None),
        }
    }

    /// Keeps the session warm, and ends the sessions of older terms.
    pub(crate) async fn warm(&self, deadline: Duration) -> Result<u32, HandError> {
        let term = self.target.term;
        self.with(deadline, |session, left| {
            Box::pin(session.kill_older_terms(term, left))
        })
        .await
    }

    /// Does one thing on the node within `deadline`, opening a session where
    /// none is usable. A session that had died unnoticed is replaced once:
    /// every command is idempotent.
    pub(crate) async fn with<T>(
        &self,
        deadline: Duration,
        mut work: impl for<'s> FnMut(&'s mut Session, Duration) -> Work<'s, T> + Send,
    ) -> Result<T, HandError> {
        let ends = Instant::now() + deadline;
        let left = || ends.saturating_duration_since(Instant::now());
        let mut slot = tokio::time::timeout(deadline, self.session.lock())
            .await
            .map_err(|_| MysqlError::TimedOut {
                what: "wait for the node's command session",
                after: deadline,
            })?;
        if let Some(session) = slot.as_mut().filter(|session| session.is_usable()) {
            self.check_lease()?;
            match work(session, left()).await {
                Err(MysqlError::Broken { .. }) => {}
                result => return Ok(result?),
            }
        }
        *slot = None;
        self.check_lease()?;
        let session = slot.insert(Session::open(&self.target, left()).await?);
        self.check_lease()?;
        Ok(work(session, left()).await?)
    }

    fn check_lease(&self) -> Result<(), HandError> {
        let term = self.target.term;
        match self.app.standing.lease() {
            Some(lease) if lease.term() == term => Ok(()),
            _ => Err(HandError::NoLease(term)),
        }
    }
}
