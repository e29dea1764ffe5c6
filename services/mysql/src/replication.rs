//! Moves replicas: stops, starts and points their channels.
//!
//! Each call is several statements and ends with the first that fails: after an
//! error the channel may be stopped. It must not reset binary logs or GTIDs, ever.

use std::time::Duration;

use lictor_domain::{GtidSet, NodeAddress};

use crate::deadline::Deadline;
use crate::error::MysqlError;
use crate::report::seconds;
use crate::session::Session;
use crate::target::Account;

/// `ER_REPLICA_RLI_INIT_REPOSITORY`: what is remembered of the relay log does not fit
/// the files that there are.
const NO_APPLIER: u16 = 1872;

/// How often an idle source sends a heartbeat to the replicas that Lictor
/// points at it: silence shows after two or three.
pub const HEARTBEAT_PERIOD: Duration = Duration::from_millis(200);

/// How long an answer to a bounded wait may take beyond it.
const GRACE: Duration = Duration::from_secs(1);

/// How much of a channel to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Only where the source is: for a replica that follows by GTID with the
    /// right account already. The applier runs on, and what was received stays.
    HostOnly,
    /// Everything: for a node without a channel or with a wrong one. Receiver
    /// and applier stop for it, so the server drops what it received and has
    /// not applied, and fetches it again from the new source.
    Full,
    /// Everything, for a primary that was closed a moment ago: its new source
    /// may need its acknowledgement at once, so it receives before it stops
    /// being a semi-sync source itself.
    Demoted,
}

impl Session {
    /// Stops the receiver and returns everything the node holds: executed, or
    /// received and yet to apply. A stopped receiver stays stopped.
    ///
    /// Milliseconds, but two seconds while the receiver is connecting to a hung
    /// source.
    pub async fn stop_receiver(&mut self, deadline: Duration) -> Result<GtidSet, MysqlError> {
        let deadline = Deadline::new("stop the receiver", deadline);
        let sql = self.dialect().stop_receiver();
        let held = self.ask(&deadline, &sql).await?.last_row()?;
        Ok(held.gtids("executed")?.union(&held.gtids("received")?))
    }

    /// Starts receiver and applier; running ones run on.
    pub async fn start_replication(&mut self, deadline: Duration) -> Result<(), MysqlError> {
        let sql = self.dialect().start_replication();
        self.tell(&Deadline::new("start replication", deadline), &sql)
            .await
    }

    /// Starts the receiver; a running one runs on.
    pub async fn start_receiver(&mut self, deadline: Duration) -> Result<(), MysqlError> {
        let sql = self.dialect().start_receiver();
        self.tell(&Deadline::new("start the receiver", deadline), &sql)
            .await
    }

    /// Waits at most `patience` until everything in `set` is executed; whether
    /// it is. A server that does not answer at all is given a second more.
    pub async fn wait_applied(
        &mut self,
        set: &GtidSet,
        patience: Duration,
    ) -> Result<bool, MysqlError> {
        let deadline = Deadline::new("wait for transactions", patience + GRACE);
        let sql = self.dialect().wait_applied(set, patience);
        let waited: u32 = self.ask(&deadline, &sql).await?.row()?.get("waited")?;
        Ok(waited == 0)
    }

    /// Points the node at `source`, with a heartbeat of [`HEARTBEAT_PERIOD`],
    /// and lets it replicate; it acknowledges as a semi-sync replica if it can.
    ///
    /// `account` is what the node logs in with at its source; [`How::HostOnly`]
    /// leaves it. The others also turn the semi-sync source side off, which takes up
    /// to a second where it is on.
    ///
    /// A node that is told to follow `source` already keeps its channel with
    /// [`How::Full`]: setting it up anew would drop what it has received and not
    /// applied yet, of which it may have acknowledged some. Only where the server
    /// itself finds its relay log no more, as after a kill in the middle of
    /// [`Session::detach`], the channel is forgotten and set up anew: there is nothing
    /// left to apply, and `source` sends again what the node has not executed.
    pub async fn follow(
        &mut self,
        source: &NodeAddress,
        account: &Account,
        how: How,
        deadline: Duration,
    ) -> Result<(), MysqlError> {
        let deadline = Deadline::new("follow a source", deadline);
        let goes_on = how == How::Full && self.is_told_to_follow(source, &deadline).await?;
        let dialect = self.dialect();
        let sql = match how {
            How::HostOnly => dialect.follow_host(source, HEARTBEAT_PERIOD),
            How::Full if goes_on => dialect.follow_on(),
            How::Full => dialect.follow_fully(source, account, HEARTBEAT_PERIOD),
            How::Demoted => dialect.follow_demoted(source, account, HEARTBEAT_PERIOD),
        };
        let anew = [
            dialect.detach(),
            dialect.follow_fully(source, account, HEARTBEAT_PERIOD),
        ];
        let told = match self.tell(&deadline, &sql).await {
            Err(MysqlError::Server { number, .. }) if number == NO_APPLIER => {
                self.tell(&deadline, &anew.join("; ")).await
            }
            told => told,
        };
        told.map_err(MysqlError::without_statement)
    }

    async fn is_told_to_follow(
        &mut self,
        source: &NodeAddress,
        deadline: &Deadline,
    ) -> Result<bool, MysqlError> {
        let sql = self.dialect().channel();
        let Some(channel) = self.ask(deadline, &sql).await?.rows()?.pop() else {
            return Ok(false);
        };
        let (host, port): (String, u16) = (channel.get("host")?, channel.get("port")?);
        Ok(host == source.host() && port == source.port())
    }

    /// Ends replication and forgets the channel, as a primary should. Also
    /// succeeds where there is none.
    pub async fn detach(&mut self, deadline: Duration) -> Result<(), MysqlError> {
        let sql = self.dialect().detach();
        self.tell(&Deadline::new("forget the source", deadline), &sql)
            .await
    }

    /// Sets how often the source sends heartbeats, if it is not so already;
    /// whether it changed anything. The receiver reconnects for it, and a
    /// stopped one stays stopped. Nothing happens where there is no channel.
    pub async fn set_heartbeat(
        &mut self,
        period: Duration,
        deadline: Duration,
    ) -> Result<bool, MysqlError> {
        let deadline = Deadline::new("set the heartbeat period", deadline);
        let sql = self.dialect().channel();
        let Some(channel) = self.ask(&deadline, &sql).await?.rows()?.pop() else {
            return Ok(false);
        };
        if seconds(channel.get("heartbeat")?)? == period {
            return Ok(false);
        }
        let was_stopped = channel.get::<String>("receiver")? == "OFF";
        let mut sql = self.dialect().change_heartbeat(period);
        if !was_stopped {
            sql = [sql, self.dialect().start_receiver()].join("; ");
        }
        self.tell(&deadline, &sql).await?;
        Ok(true)
    }
}
