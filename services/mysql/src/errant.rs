//! Makes the errant transactions of one node known to all, as empty ones.

use std::time::Duration;

use lictor_domain::GtidSet;

use crate::deadline::Deadline;
use crate::error::MysqlError;
use crate::session::Session;

impl Session {
    /// Commits an empty transaction for each GTID of `set`; those that the node
    /// has executed already are passed over. Each commit waits for the
    /// acknowledgements that the node demands. An error leaves those before it
    /// committed.
    pub async fn commit_empty(
        &mut self,
        set: &GtidSet,
        deadline: Duration,
    ) -> Result<(), MysqlError> {
        let deadline = Deadline::new("commit empty transactions", deadline);
        for gtid in set.gtids() {
            let sql = self.dialect().commit_empty(&gtid);
            if let Err(error) = self.tell(&deadline, &sql).await {
                // The session may hold the GTID: it is not to be used again.
                self.end();
                return Err(error);
            }
        }
        Ok(())
    }
}
