//! MySQL 8.0.22 and later, and servers that speak like it (Percona Server).
//!
//! Statements name the default channel, since without a name they would act on
//! every channel. Words that changed after 8.0.22 are in `words`.

mod status;
mod words;

use std::time::Duration;

use lictor_domain::gtid::Gtid;
use lictor_domain::{Durability, GtidSet, NodeAddress, ServerVersion};
use secrecy::ExposeSecret;

use self::status::{APPLIERS, CHANNEL_STATUS, HELD, OFFLINE_IS_OURS, SEMI_SYNC_STATUS, STALLS};
use self::words::{SemiSyncWords, Words};
use super::Dialect;
use crate::error::MysqlError;
use crate::quoting::quoted;
use crate::target::Account;

/// The channel `CHANGE REPLICATION SOURCE` without a name makes.
const CHANNEL: &str = "FOR CHANNEL ''";

const STOP_RECEIVER: &str = "STOP REPLICA IO_THREAD FOR CHANNEL ''";
const START_RECEIVER: &str = "START REPLICA IO_THREAD FOR CHANNEL ''";
const STOP: &str = "STOP REPLICA FOR CHANNEL ''";
const START: &str = "START REPLICA FOR CHANNEL ''";
const CLOSE: &str = "SET GLOBAL super_read_only = ON";
const WRITABLE: &str = "SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF";

/// Reconnects once a second for this long: as good as for ever. Left out, a
/// replica of 8.4 and later gives up after ten attempts.
const RETRIES: u32 = 1_000_000_000;

/// The performance schema counts time in these.
const PICOS_OF_MICRO: u32 = 1_000_000;

/// Whether the clone plugin is active, as `plugin`.
const CLONES: &str = "EXISTS (SELECT 1 FROM information_schema.PLUGINS \
     WHERE PLUGIN_NAME = 'clone' AND PLUGIN_STATUS = 'ACTIVE') AS plugin";

/// One text of the statements there are.
fn in_turn<const N: usize>(statements: [Option<String>; N]) -> String {
    let statements: Vec<String> = statements.into_iter().flatten().collect();
    statements.join("; ")
}

/// The words of one MySQL server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mysql {
    version: ServerVersion,
    words: Words,
    semi_sync: Option<SemiSyncWords>,
}

impl Mysql {
    pub(super) fn new(version: ServerVersion, plugins: &[String]) -> Self {
        Self {
            version,
            words: Words::of(version),
            semi_sync: SemiSyncWords::of(plugins),
        }
    }

    fn change(&self, options: &str) -> String {
        format!("{} {options} {CHANNEL}", self.words.change)
    }

    /// Host, port and heartbeat: changing the first two resets the third.
    fn place(&self, source: &NodeAddress, heartbeat: Duration) -> String {
        let prefix = self.words.source;
        format!(
            "{prefix}_HOST = {}, {prefix}_PORT = {}, {}",
            quoted(source.host()),
            source.port(),
            self.heartbeat(heartbeat)
        )
    }

    fn heartbeat(&self, period: Duration) -> String {
        format!(
            "{}_HEARTBEAT_PERIOD = {:.3}",
            self.words.source,
            period.as_secs_f64()
        )
    }

    /// Everything a channel needs.
    fn whole_channel(
        &self,
        source: &NodeAddress,
        account: &Account,
        heartbeat: Duration,
    ) -> String {
        let prefix = self.words.source;
        self.change(&format!(
            "{}, {prefix}_USER = {}, {prefix}_PASSWORD = {}, {prefix}_AUTO_POSITION = 1, \
             GET_{prefix}_PUBLIC_KEY = 1, {prefix}_CONNECT_RETRY = 1, \
             {prefix}_RETRY_COUNT = {RETRIES}{}",
            self.place(source, heartbeat),
            quoted(&account.user),
            quoted(account.password.expose_secret()),
            account.tls.of_channel(prefix),
        ))
    }

    fn acknowledge_if_able(&self) -> Option<String> {
        self.semi_sync.map(|words| words.acknowledge())
    }

    fn semi_sync(&self) -> Result<SemiSyncWords, MysqlError> {
        self.semi_sync.ok_or_else(|| MysqlError::Unsupported {
            found: "a server without the semi-sync plugins".to_owned(),
        })
    }
}

impl Dialect for Mysql {
    fn version(&self) -> ServerVersion {
        self.version
    }

    fn has_semi_sync(&self) -> bool {
        self.semi_sync.is_some()
    }

    /// `gtid_executed` is read after what was received: whatever is received
    /// and not executed was still to apply at that moment.
    fn probe(&self) -> String {
        let semi_sync = self
            .semi_sync
            .map_or_else(String::new, |words| words.columns());
        let globals = format!(
            "SELECT @@global.server_uuid AS server_uuid, @@global.server_id AS server_id, \
             @@global.pid_file AS pid_file, @@global.max_connections AS max_connections, \
             {} AS skip_replica_start, @@global.{} AS replica_net_timeout, \
             @@global.version AS version, @@global.read_only AS read_only, \
             @@global.super_read_only AS super_read_only, @@global.offline_mode AS offline, \
             IF(@@global.offline_mode, ({OFFLINE_IS_OURS}), 0) AS offline_ours, \
             @@global.log_bin AS log_bin, @@global.{} AS log_replica_updates, \
             @@global.gtid_mode AS gtid_mode, @@global.gtid_executed AS executed, \
             @@global.gtid_purged AS purged{semi_sync}",
            self.words.skip_replica_start,
            self.words.replica_net_timeout,
            self.words.log_replica_updates
        );
        [
            CHANNEL_STATUS,
            APPLIERS,
            &globals,
            SEMI_SYNC_STATUS,
            STALLS,
            "SHOW REPLICAS",
        ]
        .join("; ")
    }

    fn survey(&self) -> String {
        format!(
            "SHOW GRANTS; SELECT @@global.sync_binlog AS sync_binlog, \
             @@global.innodb_flush_log_at_trx_commit AS flush_log, {CLONES}"
        )
    }

    fn boot(&self) -> String {
        "SELECT COALESCE((SELECT VARIABLE_VALUE IN ('ON', '1') FROM \
         performance_schema.persisted_variables WHERE VARIABLE_NAME = 'super_read_only'), \
         (SELECT CASE VARIABLE_SOURCE WHEN 'DYNAMIC' THEN NULL WHEN 'COMPILED' THEN 0 \
         ELSE @@global.super_read_only END FROM performance_schema.variables_info \
         WHERE VARIABLE_NAME = 'super_read_only')) AS boots_read_only"
            .to_owned()
    }

    fn stop_receiver(&self) -> String {
        [STOP_RECEIVER, HELD].join("; ")
    }

    fn start_replication(&self) -> String {
        START.to_owned()
    }

    fn start_receiver(&self) -> String {
        START_RECEIVER.to_owned()
    }

    fn wait_applied(&self, set: &GtidSet, patience: Duration) -> String {
        // Zero would wait for ever.
        let seconds = patience.as_secs_f64().max(0.001);
        let set = quoted(&set.to_string());
        format!("SELECT WAIT_FOR_EXECUTED_GTID_SET({set}, {seconds:.3}) AS waited")
    }

    fn channel(&self) -> String {
        "SELECT c.HOST AS host, c.PORT AS port, c.HEARTBEAT_INTERVAL AS heartbeat, \
         s.SERVICE_STATE AS receiver \
         FROM performance_schema.replication_connection_configuration c \
         JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME) \
         WHERE c.CHANNEL_NAME = ''"
            .to_owned()
    }

    fn change_heartbeat(&self, period: Duration) -> String {
        [STOP_RECEIVER, &self.change(&self.heartbeat(period))].join("; ")
    }

    fn follow_host(&self, source: &NodeAddress, heartbeat: Duration) -> String {
        let change = self.change(&self.place(source, heartbeat));
        in_turn([
            Some(STOP_RECEIVER.to_owned()),
            self.acknowledge_if_able(),
            Some(change),
            Some(START_RECEIVER.to_owned()),
        ])
    }

    /// A semi-sync source side left on freezes the applier, and with it the
    /// stop: it goes off first.
    fn follow_fully(&self, source: &NodeAddress, account: &Account, heartbeat: Duration) -> String {
        in_turn([
            self.stop_waiting(),
            Some(STOP.to_owned()),
            self.acknowledge_if_able(),
            Some(self.whole_channel(source, account, heartbeat)),
            Some(START.to_owned()),
        ])
    }

    fn follow_on(&self) -> String {
        in_turn([
            self.stop_waiting(),
            self.acknowledge_if_able(),
            Some(START.to_owned()),
        ])
    }

    /// Turning the source side off takes up to a second with clients connected,
    /// and the new primary may need this acknowledgement at once. Until then the
    /// applier is not started: it would freeze.
    fn follow_demoted(
        &self,
        source: &NodeAddress,
        account: &Account,
        heartbeat: Duration,
    ) -> String {
        in_turn([
            Some(STOP_RECEIVER.to_owned()),
            self.acknowledge_if_able(),
            Some(self.whole_channel(source, account, heartbeat)),
            Some(START_RECEIVER.to_owned()),
            self.stop_waiting(),
            Some(START.to_owned()),
        ])
    }

    fn detach(&self) -> String {
        format!("{STOP}; RESET REPLICA ALL {CHANNEL}")
    }

    fn open(&self, durability: Durability) -> Result<String, MysqlError> {
        match durability {
            Durability::Async => Ok(WRITABLE.to_owned()),
            Durability::SemiSync { acks } => {
                Ok([&self.semi_sync()?.enforce(acks.get()), WRITABLE].join("; "))
            }
        }
    }

    fn enforce(&self, acks: u32) -> Result<String, MysqlError> {
        let words = self.semi_sync()?;
        Ok(if acks == 0 {
            words.stop_waiting()
        } else {
            words.enforce(acks)
        })
    }

    fn acknowledge(&self, reconnect: bool) -> Result<String, MysqlError> {
        let again = reconnect.then(|| [STOP_RECEIVER, START_RECEIVER].join("; "));
        Ok(in_turn([Some(self.semi_sync()?.acknowledge()), again]))
    }

    fn writing(&self) -> String {
        format!(
            "SELECT @@global.super_read_only AS super_read_only, \
             @@global.offline_mode AS offline; {SEMI_SYNC_STATUS}"
        )
    }

    fn close(&self) -> String {
        format!("{CLOSE}; SELECT @@global.gtid_executed AS executed")
    }

    fn session(&self, id: u32) -> String {
        format!("SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID = {id}")
    }

    fn closing(&self) -> String {
        format!(
            "SELECT ID AS id FROM information_schema.PROCESSLIST \
             WHERE INFO LIKE '{CLOSE}%' AND ID <> CONNECTION_ID()"
        )
    }

    /// `INNODB_TRX` is a copy that is not renewed while anybody reads it more often
    /// than every 100 ms, and counts in whole seconds: it is asked only of sessions
    /// that the performance schema does not watch.
    fn long_transactions(&self, older_than: Duration) -> String {
        format!(
            "SELECT p.ID AS id, p.USER AS user, o.micros AS micros FROM (\
             SELECT h.PROCESSLIST_ID AS id, e.TIMER_WAIT DIV {PICOS_OF_MICRO} AS micros \
             FROM performance_schema.events_transactions_current e \
             JOIN performance_schema.threads h USING (THREAD_ID) WHERE e.STATE = 'ACTIVE' \
             UNION ALL \
             SELECT t.trx_mysql_thread_id, \
             TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) * 1000000 \
             FROM information_schema.INNODB_TRX t WHERE NOT EXISTS (\
             SELECT 1 FROM performance_schema.events_transactions_current e \
             JOIN performance_schema.threads h USING (THREAD_ID) \
             WHERE h.PROCESSLIST_ID = t.trx_mysql_thread_id)\
             ) o JOIN information_schema.PROCESSLIST p ON p.ID = o.id \
             WHERE p.USER <> 'system user' AND p.ID <> CONNECTION_ID() AND o.micros >= {} \
             ORDER BY o.micros DESC, p.ID",
            older_than.as_micros()
        )
    }

    fn set_offline(&self, offline: bool) -> String {
        format!("SET GLOBAL offline_mode = {}", i32::from(offline))
    }

    /// It needs the privilege `RELOAD` only, and is written to the binary log.
    fn commit_nothing(&self) -> String {
        "FLUSH OPTIMIZER_COSTS".to_owned()
    }

    /// From the information schema: it answers without the performance schema
    /// too.
    fn committing(&self) -> String {
        "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER <> 'system user' \
         AND (STATE LIKE 'Waiting for semi-sync ACK%' OR STATE = 'waiting for handler commit')"
            .to_owned()
    }

    fn stop_waiting(&self) -> Option<String> {
        self.semi_sync.map(|words| words.stop_waiting())
    }

    fn commit_empty(&self, gtid: &Gtid) -> String {
        let gtid = quoted(&gtid.to_string());
        format!(
            "SET SESSION gtid_next = {gtid}; BEGIN; COMMIT; SET SESSION gtid_next = 'AUTOMATIC'"
        )
    }

    fn clone_fitness(&self) -> String {
        format!("SELECT {CLONES}; SHOW GRANTS")
    }

    /// `read_only` stays: nobody else can write while the plugin, which refuses
    /// a `super_read_only` server, does its work. A server that replicates would
    /// acknowledge what it is about to lose, so that stops first.
    fn clone_from(&self, donor: &NodeAddress, account: &Account) -> String {
        let (host, port) = (quoted(donor.host()), donor.port());
        let list = quoted(&format!("{}:{port}", donor.host()));
        let (user, password) = (
            quoted(&account.user),
            quoted(account.password.expose_secret()),
        );
        let over_tls = if account.tls.is_demanded() {
            " REQUIRE SSL"
        } else {
            ""
        };
        format!(
            "{STOP}; SET GLOBAL read_only = ON; SET GLOBAL super_read_only = OFF; \
             SET GLOBAL clone_valid_donor_list = {list}; \
             CLONE INSTANCE FROM {user}@{host}:{port} IDENTIFIED BY {password}{over_tls}"
        )
    }

    fn clone_status(&self) -> String {
        "SELECT STATE AS state, ERROR_NO AS errno, ERROR_MESSAGE AS error \
         FROM performance_schema.clone_status"
            .to_owned()
    }

    fn clone_progress(&self) -> String {
        "SELECT COALESCE(MAX(IF(STATE = 'In Progress', STAGE, NULL)), '') AS stage, \
         CAST(COALESCE(SUM(DATA), 0) AS UNSIGNED) AS copied, \
         CAST(COALESCE(SUM(ESTIMATE), 0) AS UNSIGNED) AS estimate \
         FROM performance_schema.clone_progress"
            .to_owned()
    }

    fn variables(&self) -> String {
        "SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value \
         FROM performance_schema.global_variables WHERE FIND_IN_SET(VARIABLE_NAME, ?)"
            .to_owned()
    }

    fn attribute(&self, name: &str) -> String {
        format!(
            "SELECT PROCESSLIST_ID AS id, ATTR_VALUE AS value \
             FROM performance_schema.session_connect_attrs WHERE ATTR_NAME = {}",
            quoted(name)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: [u16; 3], plugins: &[&str]) -> Mysql {
        let [major, minor, patch] = version;
        let plugins: Vec<String> = plugins.iter().map(ToString::to_string).collect();
        Mysql::new(ServerVersion::new(major, minor, patch), &plugins)
    }

    #[test]
    fn older_servers_hear_their_own_words() {
        let old = of([8, 0, 22], &["rpl_semi_sync_master", "rpl_semi_sync_slave"]);
        let source = "db-1:3306".parse().unwrap();
        let follow = old.follow_host(&source, Duration::from_millis(200));
        assert!(
            follow.contains("CHANGE MASTER TO MASTER_HOST = 'db-1', MASTER_PORT = 3306, MASTER_HEARTBEAT_PERIOD = 0.200"),
            "{follow}"
        );
        let open = old.open(Durability::ONE_ACK).unwrap();
        assert!(
            open.contains("rpl_semi_sync_master_wait_for_slave_count = 1"),
            "{open}"
        );
        assert!(old.probe().contains("@@global.log_slave_updates"));
    }

    #[test]
    fn semi_sync_needs_both_plugins() {
        assert!(!of([9, 7, 4], &["rpl_semi_sync_source"]).has_semi_sync());
        let half = of([9, 7, 4], &["rpl_semi_sync_replica"]);
        assert!(half.open(Durability::ONE_ACK).is_err());
        assert_eq!(half.open(Durability::Async).unwrap(), WRITABLE);
    }

    #[test]
    fn writes_open_only_after_semi_sync_is_in_force() {
        let mysql = of(
            [9, 7, 4],
            &["rpl_semi_sync_source", "rpl_semi_sync_replica"],
        );
        let open = mysql.open(Durability::ONE_ACK).unwrap();
        let at = |word: &str| open.find(word).unwrap();
        assert!(at("source_enabled = ON") < at("super_read_only = OFF"));
        assert!(at("timeout = 1000000000000") < at("source_enabled = ON"));
    }
}
