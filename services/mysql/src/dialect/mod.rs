//! How each server family words its statements.
//!
//! A dialect is words only: it says what to send, and its answers carry the
//! same column names in every family, so that one reader serves all. It never
//! holds a connection and knows no deadline. Another family is another file
//! with another [`Dialect`], and a line in [`choose`].

mod mysql;

use std::fmt;
use std::time::Duration;

use lictor_domain::gtid::Gtid;
use lictor_domain::{Durability, GtidSet, NodeAddress, ServerVersion};

use crate::error::MysqlError;
use crate::reply::{Fields, Reply};
use crate::target::Account;

/// What tells the families apart; every one of them understands it.
pub(crate) const QUESTION: &str = "SELECT @@version AS version; \
     SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS \
     WHERE PLUGIN_NAME LIKE 'rpl!_semi!_sync!_%' ESCAPE '!' AND PLUGIN_STATUS = 'ACTIVE'";

/// The statements of one server family. The columns of the answers are those
/// that the caller of each method reads.
pub(crate) trait Dialect: fmt::Debug + Send + Sync {
    /// The server's version.
    fn version(&self) -> ServerVersion;

    /// Whether the server can be a semi-sync source and replica.
    fn has_semi_sync(&self) -> bool;

    /// Everything a report says; read by [`crate::report`].
    fn probe(&self) -> String;

    /// How the server boots: `boots_read_only` (1, 0, or NULL when it cannot be
    /// told).
    fn boot(&self) -> String;

    /// What a survey adds to a report; read by [`crate::survey`].
    fn survey(&self) -> String;

    /// Stops the receiver, then answers with [`Self::held`]'s row.
    fn stop_receiver(&self) -> String;

    /// Starts receiver and applier.
    fn start_replication(&self) -> String;

    /// Starts the receiver alone.
    fn start_receiver(&self) -> String;

    /// Waits at most `patience` until `set` is executed; column `waited` is 0
    /// if it is.
    fn wait_applied(&self, set: &GtidSet, patience: Duration) -> String;

    /// Source and heartbeat period of the channel: `heartbeat` (seconds),
    /// `receiver`; no row without a channel.
    fn channel(&self) -> String;

    /// Sets the heartbeat period, stopping the receiver for it.
    fn change_heartbeat(&self, period: Duration) -> String;

    /// Points a replica at `source` with its applier left running.
    fn follow_host(&self, source: &NodeAddress, heartbeat: Duration) -> String;

    /// Points any node at `source` with everything a channel needs.
    fn follow_fully(&self, source: &NodeAddress, account: &Account, heartbeat: Duration) -> String;

    /// Lets a node go on with the channel it has.
    fn follow_on(&self) -> String;

    /// Points a closed primary at `source`: it acknowledges first, and stops
    /// being a semi-sync source afterwards.
    fn follow_demoted(
        &self,
        source: &NodeAddress,
        account: &Account,
        heartbeat: Duration,
    ) -> String;

    /// Ends replication and forgets the channel.
    fn detach(&self) -> String;

    /// Makes the server writable under `durability`.
    fn open(&self, durability: Durability) -> Result<String, MysqlError>;

    /// Lets commits wait for so many acknowledgements, or for none.
    fn enforce(&self, acks: u32) -> Result<String, MysqlError>;

    /// Makes it acknowledge as a replica; its receiver connects anew for it if
    /// asked to.
    fn acknowledge(&self, reconnect: bool) -> Result<String, MysqlError>;

    /// Whether it is closed and what hinders closing it: `super_read_only`,
    /// `offline`, `waiting` (sessions awaiting an acknowledgement, or NULL).
    fn writing(&self) -> String;

    /// Makes it `super_read_only`, then answers with `executed`.
    fn close(&self) -> String;

    /// Turns ordinary clients away, or lets them in.
    fn set_offline(&self, offline: bool) -> String;

    /// Writes a transaction into the binary log that changes no data.
    fn commit_nothing(&self) -> String;

    /// The sessions of clients in the middle of a commit: `id`.
    fn committing(&self) -> String;

    /// The session of this identity, while there is one: `id`.
    fn session(&self, id: u32) -> String;

    /// The other sessions in which the server is being closed: `id`.
    fn closing(&self) -> String;

    /// Clients' transactions that have been open for so long: `id` (of the
    /// session), `user`, `age` (seconds).
    fn long_transactions(&self, older_than: Duration) -> String;

    /// Lets no commit wait for an acknowledgement any longer; `None` when it
    /// never does.
    fn stop_waiting(&self) -> Option<String>;

    /// Commits an empty transaction under this name; one that is executed
    /// already is passed over.
    fn commit_empty(&self, gtid: &Gtid) -> String;

    /// Whether the clone plugin is active (`plugin`), then the account's grants.
    fn clone_fitness(&self) -> String;

    /// Replaces the server's data by the donor's; the server then shuts down.
    fn clone_from(&self, donor: &NodeAddress, account: &Account) -> String;

    /// The last clone into this server: `state`, `errno`, `error`; no row before
    /// the first.
    fn clone_status(&self) -> String;

    /// How far it is: `stage`, `copied`, `estimate`.
    fn clone_progress(&self) -> String;

    /// Global variables: `name`, `value`. Its only parameter has the names wanted,
    /// with commas between.
    fn variables(&self) -> String;

    /// Values of a connection attribute: `id` (of the session), `value`.
    fn attribute(&self, name: &str) -> String;
}

/// The dialect of the server that answered [`QUESTION`].
pub(crate) fn choose(reply: &mut Reply) -> Result<Box<dyn Dialect>, MysqlError> {
    let found: String = reply.row()?.get("version")?;
    let plugins = reply
        .rows()?
        .iter()
        .map(|plugin: &Fields| plugin.get("name"))
        .collect::<Result<Vec<String>, _>>()?;
    let version = supported(&found)?;
    Ok(Box::new(mysql::Mysql::new(version, &plugins)))
}

/// The version, if a dialect speaks it.
fn supported(found: &str) -> Result<ServerVersion, MysqlError> {
    let unsupported = |found: String| MysqlError::Unsupported { found };
    if found.contains("MariaDB") {
        return Err(unsupported(format!("MariaDB ({found})")));
    }
    let version: ServerVersion = found
        .parse()
        .map_err(|_| unsupported(format!("version `{found}`")))?;
    if version < ServerVersion::OLDEST_SUPPORTED {
        let oldest = ServerVersion::OLDEST_SUPPORTED;
        return Err(unsupported(format!("MySQL {found}, older than {oldest}")));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_servers_and_other_families_are_refused_by_name() {
        for (found, named) in [
            (
                "10.11.6-MariaDB-0+deb12u1",
                "not supported: MariaDB (10.11.6-MariaDB-0+deb12u1)",
            ),
            (
                "5.7.44-log",
                "not supported: MySQL 5.7.44-log, older than 8.0.22",
            ),
            ("strange", "not supported: version `strange`"),
        ] {
            assert_eq!(supported(found).unwrap_err().to_string(), named);
        }
        assert_eq!(supported("9.7.4-2").unwrap(), ServerVersion::new(9, 7, 4));
    }
}
