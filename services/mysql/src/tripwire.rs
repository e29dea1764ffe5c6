//! A standing connection whose end is a signal.
//!
//! It always has a statement under way, so that the end of the connection is
//! read the moment the kernel tells. The statement is short: a server does not
//! look at a client's socket while it sleeps, so that is how long the session
//! of a dropped tripwire lives on.
//!
//! An end says only that the connection ended. A hung server or a lost network
//! sends none.

use std::fmt;
use std::time::Duration;

use lictor_domain::NodeAddress;
use tokio::time::{timeout, timeout_at};

use crate::deadline::Deadline;
use crate::error::MysqlError;
use crate::line::Line;
use crate::target::Target;

/// The standing statement.
const SLEEP: &str = "DO SLEEP(1)";

/// No answer to it for this long counts as the end too.
const PATIENCE: Duration = Duration::from_secs(10);

/// A tripwire that is set. Dropping it frees the server's session within a
/// second.
pub struct Tripwire {
    address: NodeAddress,
    line: Line,
}

impl fmt::Debug for Tripwire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tripwire")
            .field("address", &self.address)
            .field("id", &self.line.id())
            .finish()
    }
}

impl Tripwire {
    /// Connects and logs in.
    pub async fn set(target: &Target, deadline: Duration) -> Result<Self, MysqlError> {
        let deadline = Deadline::new("set a tripwire", deadline);
        let (line, _) = timeout_at(deadline.end(), Line::open(target, "DO 0"))
            .await
            .map_err(|_| MysqlError::timed_out(&deadline))??;
        Ok(Self {
            address: target.address.clone(),
            line,
        })
    }

    /// Returns when the connection has ended, and says how.
    pub async fn broken(mut self) -> String {
        loop {
            match timeout(PATIENCE, self.line.ask(SLEEP)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return format!("no answer for {PATIENCE:?}"),
            }
        }
    }
}
