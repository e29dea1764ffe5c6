//! One node's hand: a warm session for commands, and the lease without which
//! none is used.
//!
//! Invariant: a command begins only under a valid lease of the hand's own term,
//! and is broken off when that lease runs out. The first thing that a session
//! does is to end the sessions of older terms, so that nothing of a deposed
//! leader takes effect beside it.

use std::time::Duration;

use futures::future::BoxFuture;
use lictor_domain::evidence::human;
use lictor_domain::{OpenTransaction, Term};
use lictor_mysql::{MysqlError, Session, Target};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::Shared;

/// Why a hand did not do what it was told.
#[derive(Debug, Error)]
pub(crate) enum HandError {
    /// This instance may not act, or not any more.
    #[error("no valid lease of term {0}")]
    NoLease(Term),
    /// The cluster has no such node any more.
    #[error("the cluster has no such node")]
    NoSuchNode,
    /// The node did not do it.
    #[error(transparent)]
    Mysql(#[from] MysqlError),
    /// The candidate still had something to apply.
    #[error("it had not applied everything after {}", human(*.0))]
    NotApplied(Duration),
    /// Long transactions did not come to an end.
    #[error("{0} still open, the oldest in {1}")]
    StillOpen(usize, OpenTransaction),
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

    /// Makes sure of the session, and ends sessions of older terms. No command
    /// waits for it: one that comes meanwhile opens a session of its own.
    pub(crate) async fn warm(&self, deadline: Duration) -> Result<(), HandError> {
        let idle = match self.session.try_lock() {
            Ok(mut slot) => slot.take().filter(Session::is_usable),
            Err(_) => return Ok(()),
        };
        let session = self.under_lease(self.warmed(idle, deadline)).await?;
        if let Ok(mut slot) = self.session.try_lock()
            && !slot.as_ref().is_some_and(Session::is_usable)
        {
            *slot = Some(session);
        }
        Ok(())
    }

    async fn warmed(
        &self,
        idle: Option<Session>,
        deadline: Duration,
    ) -> Result<Session, HandError> {
        if let Some(mut session) = idle {
            self.check_lease()?;
            self.end_older_terms(&mut session, deadline).await;
            if session.is_usable() {
                return Ok(session);
            }
        }
        self.open(deadline).await
    }

    /// Does one thing on the node within `deadline`, opening a session where
    /// none is usable. A session that had died unnoticed is replaced once:
    /// every command is idempotent.
    pub(crate) async fn with<T>(
        &self,
        deadline: Duration,
        work: impl for<'s> FnMut(&'s mut Session, Duration) -> Work<'s, T> + Send,
    ) -> Result<T, HandError> {
        self.under_lease(self.within(deadline, work)).await
    }

    /// Does one thing in a session of its own, opened within `deadline`: for what
    /// lasts so long that no other command may wait for it.
    pub(crate) async fn apart<T>(
        &self,
        deadline: Duration,
        work: impl AsyncFnOnce(&mut Session) -> Result<T, MysqlError> + Send,
    ) -> Result<T, HandError> {
        self.under_lease(async {
            let mut session = self.open(deadline).await?;
            self.check_lease()?;
            Ok(work(&mut session).await?)
        })
        .await
    }

    async fn within<T>(
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
        let session = slot.insert(self.open(left()).await?);
        self.check_lease()?;
        Ok(work(session, left()).await?)
    }

    async fn open(&self, deadline: Duration) -> Result<Session, HandError> {
        let ends = Instant::now() + deadline;
        self.check_lease()?;
        let mut session = Session::open(&self.target, deadline).await?;
        self.check_lease()?;
        let left = ends.saturating_duration_since(Instant::now());
        self.end_older_terms(&mut session, left).await;
        Ok(session)
    }

    /// A server that cannot tell whose sessions it has is not refused for it:
    /// the leases alone keep a deposed leader from acting.
    async fn end_older_terms(&self, session: &mut Session, deadline: Duration) {
        let node = &self.target.address;
        match session.kill_older_terms(self.target.term, deadline).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(%node, ended, "ended sessions of older terms"),
            Err(error) => tracing::warn!(%node, %error, "sessions of older terms not ended"),
        }
    }

    /// Breaks `work` off when the lease runs out: a command of several
    /// statements must not go on after that.
    async fn under_lease<T>(
        &self,
        work: impl Future<Output = Result<T, HandError>>,
    ) -> Result<T, HandError> {
        let term = self.target.term;
        tokio::select! {
            result = work => result,
            () = self.app.standing.lost(term) => Err(HandError::NoLease(term)),
        }
    }

    fn check_lease(&self) -> Result<(), HandError> {
        let term = self.target.term;
        match self.app.standing.lease() {
            Some(lease) if lease.term() == term => Ok(()),
            _ => Err(HandError::NoLease(term)),
        }
    }
}
