//! A logged-in session with one server: it sends, waits no longer than told,
//! and hands back the answer.
//!
//! Invariant: a session whose answer did not come, or whose caller went away
//! midway, is closed and never used again, so that no late answer is taken for
//! another question's.

use std::fmt;
use std::time::Duration;

use lictor_domain::{NodeAddress, ServerVersion};
use tokio::time::{Instant, timeout_at};

use crate::deadline::Deadline;
use crate::dialect::{self, Dialect};
use crate::error::MysqlError;
use crate::line::Line;
use crate::reply::Reply;
use crate::target::Target;

/// A session with one MySQL server. Dropping it closes it; the server closes
/// one that was asked nothing for ten minutes.
pub struct Session {
    address: NodeAddress,
    id: u32,
    line: Option<Line>,
    dialect: Box<dyn Dialect>,
    /// How the server boots, and when it was asked.
    pub(crate) boot: Option<(Instant, Boot)>,
}

/// How a server boots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot {
    /// `None` when it cannot be told.
    pub(crate) read_only: Option<bool>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("address", &self.address)
            .field("id", &self.id)
            .field("usable", &self.is_usable())
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Connects, logs in, and finds out what kind of server it is.
    pub async fn open(target: &Target, deadline: Duration) -> Result<Self, MysqlError> {
        let deadline = Deadline::new("log in", deadline);
        let (line, mut reply) = timeout_at(deadline.end(), Line::open(target, dialect::QUESTION))
            .await
            .map_err(|_| MysqlError::timed_out(&deadline))??;
        Ok(Self {
            address: target.address.clone(),
            id: line.id(),
            dialect: dialect::choose(&mut reply)?,
            line: Some(line),
            boot: None,
        })
    }

    /// Whether it can be asked again: not after a deadline passed, the
    /// connection broke, or a call was dropped before its end.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.line.is_some()
    }

    /// Where it is connected to.
    #[must_use]
    pub const fn address(&self) -> &NodeAddress {
        &self.address
    }

    /// What the server said its version is.
    #[must_use]
    pub fn version(&self) -> ServerVersion {
        self.dialect.version()
    }

    /// The server's number of this session.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn dialect(&self) -> &dyn Dialect {
        &*self.dialect
    }

    /// Closes it; the next call finds it unusable.
    pub(crate) fn end(&mut self) {
        self.line = None;
    }

    /// Sends `sql`, statements separated by `;`, and returns their answers.
    pub(crate) async fn ask(
        &mut self,
        deadline: &Deadline,
        sql: &str,
    ) -> Result<Reply, MysqlError> {
        self.on_line(deadline, async |line| line.ask(sql).await)
            .await
    }

    /// Sends one statement with `about` bound to its only parameter.
    pub(crate) async fn ask_about(
        &mut self,
        deadline: &Deadline,
        sql: &str,
        about: &str,
    ) -> Result<Reply, MysqlError> {
        self.on_line(deadline, async |line| line.ask_about(sql, about).await)
            .await
    }

    async fn on_line(
        &mut self,
        deadline: &Deadline,
        ask: impl AsyncFnOnce(&mut Line) -> Result<Reply, MysqlError>,
    ) -> Result<Reply, MysqlError> {
        let mut line = self
            .line
            .take()
            .ok_or_else(|| MysqlError::broken("the session ended earlier"))?;
        let answer = timeout_at(deadline.end(), ask(&mut line))
            .await
            .unwrap_or_else(|_| Err(MysqlError::timed_out(deadline)));
        if answer
            .as_ref()
            .err()
            .is_none_or(|error| !error.ends_session())
        {
            self.line = Some(line);
        }
        answer
    }

    /// Sends `sql` for what it does, not for what it answers.
    pub(crate) async fn tell(&mut self, deadline: &Deadline, sql: &str) -> Result<(), MysqlError> {
        self.ask(deadline, sql).await.map(drop)
    }
}
