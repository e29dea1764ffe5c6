//! Replaces a server's data by another's, by the CLONE plugin.
//!
//! The statement lasts as long as the copy; it needs a session of its own. After
//! it the server shuts down: its supervisor, where there is one, starts it on
//! the copy. A copy that fails midway leaves a server whose GTIDs promise data
//! that is gone.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_domain::report::ServerError;
use lictor_domain::{CopyProgress, NodeAddress};
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::error::MysqlError;
use crate::session::Session;
use crate::survey::held;
use crate::target::Account;

/// `ER_RESTART_SERVER_FAILED`: the copy is whole, and no supervisor is there to
/// start the server again.
const NOT_SUPERVISED: u16 = 3707;

/// `ER_CLONE_TOO_MANY_CONCURRENT_CLONES`: an earlier copy has not come to its end,
/// although its session was ended.
const ANOTHER_COPY: u16 = 3634;
/// `ER_CLONE_DONOR`: the donor's own error is in the message.
const DONOR_SAYS: u16 = 3862;
/// An earlier copy comes to its end within this.
const ENDING: Duration = Duration::from_secs(30);
/// Between two tries.
const AGAIN: Duration = Duration::from_millis(200);

/// Whether a server can give or take a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloneFitness {
    /// The clone plugin is active.
    pub plugin: bool,
    /// Privileges of the account on `*.*`.
    pub privileges: BTreeSet<String>,
}

/// Who starts the server on its new data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Its supervisor.
    Supervised,
    /// Somebody has to.
    ByHand,
}

/// How the last copy into a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloneState {
    /// There was none since the server was made.
    None,
    /// It goes on, or the server has not started on it yet.
    InProgress,
    /// The server runs on it.
    Completed,
    /// It failed.
    Failed,
}

/// How the last copy into a server stands, and what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloneStatus {
    /// The state.
    pub state: CloneState,
    /// What ended it.
    pub error: Option<ServerError>,
}

impl Session {
    /// Whether the server can give or take a copy.
    pub async fn clone_fitness(&mut self, deadline: Duration) -> Result<CloneFitness, MysqlError> {
        let deadline = Deadline::new("ask about the clone plugin", deadline);
        let sql = self.dialect().clone_fitness();
        let mut reply = self.ask(&deadline, &sql).await?;
        let plugin = reply.row()?.get::<u32>("plugin")? == 1;
        let grants = reply
            .rows()?
            .iter()
            .map(|row| row.nth_last::<String>(0))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(CloneFitness {
            plugin,
            privileges: grants.iter().flat_map(|grant| held(grant)).collect(),
        })
    }

    /// Replaces the server's data by that of `donor`, where `account` logs in,
    /// and says who starts the server again. Its replication is stopped for it;
    /// it keeps `read_only`, and its `server_uuid`. An earlier copy that is ending
    /// is waited for, up to 30 s.
    pub async fn clone_from(
        &mut self,
        donor: &NodeAddress,
        account: &Account,
        deadline: Duration,
    ) -> Result<Restart, MysqlError> {
        let deadline = Deadline::new("copy the donor's data", deadline);
        let sql = self.dialect().clone_from(donor, account);
        let patience = Instant::now() + ENDING;
        loop {
            match self.tell(&deadline, &sql).await {
                Ok(()) => return Ok(Restart::Supervised),
                Err(MysqlError::Server { number, .. }) if number == NOT_SUPERVISED => {
                    return Ok(Restart::ByHand);
                }
                Err(error) if is_of_another_copy(&error) && Instant::now() < patience => {
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(error.without_statement()),
            }
        }
    }

    /// How the last copy into the server stands.
    pub async fn clone_status(&mut self, deadline: Duration) -> Result<CloneStatus, MysqlError> {
        let deadline = Deadline::new("read the clone status", deadline);
        let sql = self.dialect().clone_status();
        let Some(row) = self.ask(&deadline, &sql).await?.rows()?.pop() else {
            return Ok(CloneStatus {
                state: CloneState::None,
                error: None,
            });
        };
        let state = match row.get::<String>("state")?.as_str() {
            "Not Started" => CloneState::None,
            "In Progress" => CloneState::InProgress,
            "Completed" => CloneState::Completed,
            "Failed" => CloneState::Failed,
            other => return Err(MysqlError::broken(format!("clone state `{other}`"))),
        };
        let number: u32 = row.get("errno")?;
        let message = row.maybe::<String>("error")?.unwrap_or_default();
        let error = (number != 0).then_some(ServerError { number, message });
        Ok(CloneStatus { state, error })
    }

    /// How far the copy into the server is.
    pub async fn clone_progress(&mut self, deadline: Duration) -> Result<CopyProgress, MysqlError> {
        let deadline = Deadline::new("read the clone progress", deadline);
        let sql = self.dialect().clone_progress();
        let row = self.ask(&deadline, &sql).await?.row()?;
        Ok(CopyProgress {
            stage: row.get("stage")?,
            copied: row.get("copied")?,
            estimate: row.get("estimate")?,
        })
    }
}

fn is_of_another_copy(error: &MysqlError) -> bool {
    let MysqlError::Server { number, message } = error else {
        return false;
    };
    *number == ANOTHER_COPY || *number == DONOR_SAYS && message.contains(&ANOTHER_COPY.to_string())
}
