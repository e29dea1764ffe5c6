//! Looks at a node: one round trip, no locks.

use std::time::Duration;

use lictor_domain::{NodeReport, Survey};

use crate::deadline::Deadline;
use crate::error::{MysqlError, UNKNOWN_VARIABLE};
use crate::report::{self, Seen};
use crate::session::Session;
use crate::survey;

impl Session {
    /// What the node says of itself.
    ///
    /// While a server turns its semi-sync source side off it answers nothing
    /// for up to a second. A plugin loaded or unloaded since the session was
    /// opened makes the session unusable: a new one speaks the right words.
    pub async fn probe(&mut self, deadline: Duration) -> Result<NodeReport, MysqlError> {
        let deadline = Deadline::new("probe", deadline);
        Ok(self.look(&deadline).await?.report)
    }

    /// A close look at the node, for when its cluster is registered.
    pub async fn survey(&mut self, deadline: Duration) -> Result<Survey, MysqlError> {
        let deadline = Deadline::new("survey", deadline);
        let seen = self.look(&deadline).await?;
        let sql = self.dialect().survey();
        let mut reply = self.ask(&deadline, &sql).await?;
        survey::read(self.address().clone(), seen, &mut reply)
    }

    async fn look(&mut self, deadline: &Deadline) -> Result<Seen, MysqlError> {
        let sql = self.dialect().probe();
        let answer = self.ask(deadline, &sql).await;
        if let Err(MysqlError::Server { number, .. }) = answer
            && number == UNKNOWN_VARIABLE
        {
            self.end();
        }
        let seen = report::read(&mut answer?)?;
        if seen.semi_sync_loaded && !self.dialect().has_semi_sync() {
            self.end();
        }
        Ok(seen)
    }
}
