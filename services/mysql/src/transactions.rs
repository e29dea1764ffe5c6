//! Clients' transactions that stand in the way of closing a node.

use std::time::Duration;

use lictor_domain::OpenTransaction;

use crate::deadline::Deadline;
use crate::error::MysqlError;
use crate::session::Session;

impl Session {
    /// The transactions that have been open for so long, the oldest first; a server
    /// without its performance schema knows their ages in whole seconds only.
    pub async fn long_transactions(
        &mut self,
        older_than: Duration,
        deadline: Duration,
    ) -> Result<Vec<OpenTransaction>, MysqlError> {
        let deadline = Deadline::new("list long transactions", deadline);
        let sql = self.dialect().long_transactions(older_than);
        let mut open = Vec::new();
        for row in self.ask(&deadline, &sql).await?.rows()? {
            open.push(OpenTransaction {
                session: row.get("id")?,
                user: row.get("user")?,
                age: Duration::from_micros(row.get("micros")?),
            });
        }
        Ok(open)
    }

    /// Ends the sessions of these transactions: they are rolled back, and their
    /// clients lose the connection.
    pub async fn end_transactions(
        &mut self,
        open: &[OpenTransaction],
        deadline: Duration,
    ) -> Result<(), MysqlError> {
        let deadline = Deadline::new("end long transactions", deadline);
        for transaction in open {
            self.kill(&deadline, transaction.session).await?;
        }
        Ok(())
    }
}
