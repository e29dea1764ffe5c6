//! Words that changed between versions of MySQL, each in one place.

use lictor_domain::ServerVersion;

/// The largest timeout MySQL takes, in ms: some 31 years, so no fall-back.
const NO_FALL_BACK_MS: u64 = 1_000_000_000_000;

/// Words that later versions replaced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// `CHANGE … TO`, from 8.0.23 on with `SOURCE`.
    pub(super) change: &'static str,
    /// Prefix of its options.
    pub(super) source: &'static str,
    /// Variable, renamed in 8.0.26.
    pub(super) log_replica_updates: &'static str,
    /// Variable, renamed in 8.0.26.
    pub(super) replica_net_timeout: &'static str,
    /// Expression; a variable since 8.0.24, renamed in 8.0.26.
    pub(super) skip_replica_start: &'static str,
}

impl Words {
    pub(super) fn of(version: ServerVersion) -> Self {
        let (change, source) = if version >= ServerVersion::new(8, 0, 23) {
            ("CHANGE REPLICATION SOURCE TO", "SOURCE")
        } else {
            ("CHANGE MASTER TO", "MASTER")
        };
        let (log_replica_updates, replica_net_timeout) = if version >= ServerVersion::new(8, 0, 26)
        {
            ("log_replica_updates", "replica_net_timeout")
        } else {
            ("log_slave_updates", "slave_net_timeout")
        };
        let skip_replica_start = if version >= ServerVersion::new(8, 0, 26) {
            "@@global.skip_replica_start"
        } else if version >= ServerVersion::new(8, 0, 24) {
            "@@global.skip_slave_start"
        } else {
            "NULL"
        };
        Self {
            change,
            source,
            log_replica_updates,
            replica_net_timeout,
            skip_replica_start,
        }
    }
}

/// What the loaded semi-sync plugins call themselves, and a replica: the source
/// plugin says `replica` where the older one says `slave`.
#[derive(Clone, Copy, Debug)]
pub(super) struct SemiSyncWords {
    pub(super) source: &'static str,
    pub(super) replica: &'static str,
    pub(super) acknowledger: &'static str,
}

impl SemiSyncWords {
    /// The words, if both plugins are there.
    pub(super) fn of(plugins: &[String]) -> Option<Self> {
        let has = |name: &str| plugins.iter().any(|plugin| plugin == name);
        let (source, acknowledger) = if has("rpl_semi_sync_source") {
            ("rpl_semi_sync_source", "replica")
        } else if has("rpl_semi_sync_master") {
            ("rpl_semi_sync_master", "slave")
        } else {
            return None;
        };
        let replica = ["rpl_semi_sync_replica", "rpl_semi_sync_slave"]
            .into_iter()
            .find(|name| has(name))?;
        Some(Self {
            source,
            replica,
            acknowledger,
        })
    }

    pub(super) fn columns(&self) -> String {
        let Self {
            source,
            replica,
            acknowledger,
        } = self;
        format!(
            ", @@global.{replica}_enabled AS semi_replica_enabled, \
             @@global.{source}_enabled AS semi_source_enabled, \
             @@global.{source}_wait_for_{acknowledger}_count AS semi_wait_for_acks, \
             @@global.{source}_timeout AS semi_timeout_ms, \
             @@global.{source}_wait_no_{acknowledger} AS semi_wait_no_replica, \
             @@global.{source}_wait_point AS semi_wait_point"
        )
    }

    pub(super) fn enforce(&self, acks: u32) -> String {
        let Self {
            source,
            acknowledger,
            ..
        } = self;
        format!(
            "SET GLOBAL {source}_wait_for_{acknowledger}_count = {acks}, \
             GLOBAL {source}_timeout = {NO_FALL_BACK_MS}, \
             GLOBAL {source}_wait_no_{acknowledger} = ON, \
             GLOBAL {source}_wait_point = AFTER_SYNC, \
             GLOBAL {source}_enabled = ON"
        )
    }

    pub(super) fn stop_waiting(&self) -> String {
        format!("SET GLOBAL {}_enabled = OFF", self.source)
    }

    pub(super) fn acknowledge(&self) -> String {
        format!("SET GLOBAL {}_enabled = ON", self.replica)
    }
}
