//! Changes what commits wait for, and who acknowledges them.

use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::MysqlError;
use crate::session::Session;

impl Session {
    /// Lets commits wait for so many acknowledgements, without any fall-back;
    /// those that wait already go on once they have enough by the new count.
    ///
    /// With 0 they wait for nobody, and waiting ones are acknowledged: it turns
    /// the source side off, which takes up to a second while replicas are
    /// connected. The server answers little else meanwhile.
    pub async fn wait_for_acks(&mut self, acks: u32, deadline: Duration) -> Result<(), MysqlError> {
        let sql = self.dialect().enforce(acks)?;
        self.tell(&Deadline::new("set what commits wait for", deadline), &sql)
            .await
    }

    /// Commits something that changes nothing. A replica never acknowledges what
    /// it received before it was made to acknowledge, or before the source side
    /// was on: only its acknowledgement of a later commit stands for that too.
    pub async fn commit_nothing(&mut self, deadline: Duration) -> Result<(), MysqlError> {
        let sql = self.dialect().commit_nothing();
        self.tell(
            &Deadline::new("commit something that changes nothing", deadline),
            &sql,
        )
        .await
    }

    /// Makes the node acknowledge what it receives. It takes effect when the
    /// receiver next connects: at once if it is to `reconnect`.
    pub async fn acknowledge(
        &mut self,
        reconnect: bool,
        deadline: Duration,
    ) -> Result<(), MysqlError> {
        let sql = self.dialect().acknowledge(reconnect)?;
        self.tell(&Deadline::new("acknowledge as a replica", deadline), &sql)
            .await
    }
}
