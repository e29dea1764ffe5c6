//! Looks at a node: one round trip (now and then, and at first, it takes two), no
//! locks.

use std::time::Duration;

use lictor_domain::{NodeReport, Survey};
use tokio::time::Instant;

use crate::deadline::Deadline;
use crate::error::{MysqlError, UNKNOWN_VARIABLE};
use crate::report::{self, Seen};
use crate::session::{Boot, Session};
use crate::survey;

/// What is known of how a server boots is asked again after this.
const BOOT_AGE: Duration = Duration::from_secs(10);

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

    /// Asked now and then: it takes longer than all the rest, and only a boot,
    /// which ends the session, or an operator makes it another.
    async fn boot(&mut self, deadline: &Deadline) -> Result<Boot, MysqlError> {
        let recent = |(at, _): &(Instant, Boot)| at.elapsed() < BOOT_AGE;
        if let Some((_, known)) = self.boot.filter(recent) {
            return Ok(known);
        }
        let sql = self.dialect().boot();
        let row = self.ask(deadline, &sql).await?.row()?;
        let read_only: Option<u32> = row.maybe("boots_read_only")?;
        let boot = Boot {
            read_only: read_only.map(|read_only| read_only == 1),
        };
        self.boot = Some((Instant::now(), boot));
        Ok(boot)
    }

    async fn look(&mut self, deadline: &Deadline) -> Result<Seen, MysqlError> {
        let sql = self.dialect().probe();
        let answer = self.ask(deadline, &sql).await;
        if let Err(MysqlError::Server { number, .. }) = answer
            && number == UNKNOWN_VARIABLE
        {
            self.end();
        }
        let mut reply = answer?;
        let boot = self.boot(deadline).await?;
        let seen = report::read(&mut reply, boot)?;
        if seen.semi_sync_loaded && !self.dialect().has_semi_sync() {
            self.end();
        }
        Ok(seen)
    }
}
