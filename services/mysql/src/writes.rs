//! Opens a node for writes and closes it.
//!
//! Invariant: a node is never opened before the durability asked for is in
//! force, and closing never lets a waiting commit succeed unacknowledged for a
//! client that is still connected.

use std::time::Duration;

use lictor_domain::{Durability, GtidSet};

use crate::deadline::Deadline;
use crate::error::{LOCK_WAIT_TIMEOUT, MysqlError};
use crate::session::Session;
use crate::target::LOCK_PATIENCE;

/// How hard to try to close a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Running statements finish; one that does not within a second makes the
    /// call fail, and the node stays as it was. New writes wait meanwhile.
    Gentle,
    /// Clients that hinder it are cut off: their unfinished commits fail for
    /// them as a lost connection, and may stay behind as errant transactions.
    Forced,
}

/// A node that nobody but replication can write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Everything it has executed; nothing is added to it any more.
    pub executed: GtidSet,
    /// Clients had to be cut off for it.
    pub cut_clients: bool,
}

impl Session {
    /// Makes the node writable: first semi-sync as `durability` demands it,
    /// without any fall-back, then writes. An open node stays open.
    ///
    /// `Durability::Async` leaves the semi-sync source side as it is.
    pub async fn open_for_writes(
        &mut self,
        durability: Durability,
        deadline: Duration,
    ) -> Result<(), MysqlError> {
        let sql = self.dialect().open(durability)?;
        self.tell(&Deadline::new("open for writes", deadline), &sql)
            .await
    }

    /// The same for a node whose closing was given up: an attempt that still
    /// waits on the server is ended first, so that it cannot succeed afterwards.
    pub async fn reopen_for_writes(
        &mut self,
        durability: Durability,
        deadline: Duration,
    ) -> Result<(), MysqlError> {
        let deadline = Deadline::new("open for writes again", deadline);
        let closing = self.dialect().closing();
        self.end_sessions(&deadline, &closing).await?;
        let sql = self.dialect().open(durability)?;
        self.tell(&deadline, &sql).await
    }

    /// Makes the node `super_read_only` and returns what it has executed. A
    /// closed node stays closed.
    ///
    /// A commit that awaits its acknowledgement would make this wait for ever;
    /// [`Closing::Forced`] ends it in some two seconds. When the deadline passes
    /// meanwhile, the node may stay in offline mode, and reports say that it is
    /// Lictor's: see [`Session::let_clients_in`]. Clients with `SYSTEM_USER`
    /// can only be cut off by an account that has it too: without, the call is
    /// denied, the node stays in offline mode and their commits go on waiting.
    pub async fn close_for_writes(
        &mut self,
        closing: Closing,
        deadline: Duration,
    ) -> Result<Closed, MysqlError> {
        let deadline = Deadline::new("close for writes", deadline);
        let was_offline = match closing {
            Closing::Gentle => return self.close(&deadline, false).await.map_err(gently),
            Closing::Forced => {
                let obstacle = self.obstacle(&deadline).await?;
                if !obstacle.commits_wait {
                    match self.close(&deadline, false).await {
                        Err(error) if is_lock_timeout(&error) => {}
                        done => return done,
                    }
                }
                obstacle.offline
            }
        };
        self.cut_clients(&deadline).await?;
        let closed = self.close(&deadline, true).await?;
        if !was_offline {
            let sql = self.dialect().set_offline(false);
            self.tell(&deadline, &sql).await?;
        }
        Ok(closed)
    }

    /// Lets ordinary clients in again where a closing by force has left them out.
    pub async fn let_clients_in(&mut self, deadline: Duration) -> Result<(), MysqlError> {
        let deadline = Deadline::new("let clients in again", deadline);
        let sql = self.dialect().set_offline(false);
        self.tell(&deadline, &sql).await
    }

    async fn close(
        &mut self,
        deadline: &Deadline,
        cut_clients: bool,
    ) -> Result<Closed, MysqlError> {
        let sql = self.dialect().close();
        let answer = self.ask(deadline, &sql).await?.last_row()?;
        Ok(Closed {
            executed: answer.gtids("executed")?,
            cut_clients,
        })
    }

    async fn obstacle(&mut self, deadline: &Deadline) -> Result<Obstacle, MysqlError> {
        let sql = self.dialect().writing();
        let mut reply = self.ask(deadline, &sql).await?;
        let globals = reply.row()?;
        let waiting: Option<u32> = reply.row()?.maybe("waiting")?;
        Ok(Obstacle {
            offline: globals.switch("offline")?,
            commits_wait: waiting.unwrap_or(0) > 0,
        })
    }

    /// Ends the connections of clients, then the waits for acknowledgements.
    /// Offline mode spares accounts with `CONNECTION_ADMIN`; those of them that
    /// are committing must lose their connection too before the wait ends, or
    /// they would hear of a success.
    async fn cut_clients(&mut self, deadline: &Deadline) -> Result<(), MysqlError> {
        let sql = [
            self.dialect().set_offline(true),
            self.dialect().committing(),
        ]
        .join("; ");
        let mut reply = self.ask(deadline, &sql).await?;
        reply.skip_first();
        for session in reply.rows()? {
            self.kill(deadline, session.get("id")?).await?;
        }
        match self.dialect().stop_waiting() {
            Some(sql) => self.tell(deadline, &sql).await,
            None => Ok(()),
        }
    }
}

/// What stands in the way of closing a node.
#[derive(Debug)]
struct Obstacle {
    /// It is in offline mode already, by someone else.
    offline: bool,
    /// Commits await their acknowledgement.
    commits_wait: bool,
}

fn is_lock_timeout(error: &MysqlError) -> bool {
    matches!(error, MysqlError::Server { number, .. } if *number == LOCK_WAIT_TIMEOUT)
}

/// A statement that did not finish in time is what `Gentle` waits for.
fn gently(error: MysqlError) -> MysqlError {
    if is_lock_timeout(&error) {
        return MysqlError::TimedOut {
            what: "close for writes behind running statements",
            after: LOCK_PATIENCE,
        };
    }
    error
}
