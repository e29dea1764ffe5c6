//! Reads the answer to a dialect's probe.
//!
//! Invariant: nothing is guessed. An age that the server does not know is
//! absent, and lag is zero only when a running receiver that heard its source
//! just now has nothing left to apply.

use std::time::Duration;

use lictor_domain::report::{SemiSync, ServerError, Settings, Stall, StallCause};
use lictor_domain::{
    GtidSet, Instance, ListedReplica, NodeAddress, NodeReport, ReceiverState, Replication,
    ServerUuid, Writability,
};

use crate::error::MysqlError;
use crate::reply::{Fields, Reply, is_on};
use crate::session::Boot;

/// A source that missed this many heartbeats has not been heard just now.
const HEARTBEATS_MISSED: f64 = 2.5;

/// The source stamps a commit and the replica measures its age: a commit from
/// the near future only says that two clocks agree within this.
const CLOCKS_AGREE: Duration = Duration::from_secs(1);

/// A report and what only a survey shows.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) report: NodeReport,
    pub(crate) replicas: Vec<ListedReplica>,
    /// A semi-sync source plugin answered, whether or not the dialect knew.
    pub(crate) semi_sync_loaded: bool,
}

/// Reads the result sets of `Dialect::probe`, in their order.
pub(crate) fn read(reply: &mut Reply, boot: Boot) -> Result<Seen, MysqlError> {
    let channel = reply.rows()?.pop();
    let appliers = reply.rows()?;
    let globals = reply.row()?;
    let status = reply.row()?;
    let stalls = reply.rows()?.iter().map(stall).collect::<Result<_, _>>()?;
    let replicas = reply
        .rows()?
        .iter()
        .filter_map(|row| listed(row).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    let executed = globals.gtids("executed")?;
    let replication = match channel {
        Some(channel) => replication(&channel, &appliers, &executed)?,
        None => None,
    };
    let report = NodeReport {
        server_uuid: globals.parsed("server_uuid")?,
        server_id: globals.get("server_id")?,
        instance: globals
            .maybe::<String>("pid_file")?
            .and_then(|path| Instance::of_pid_file(&path)),
        version: globals.parsed("version")?,
        writability: writability(&globals)?,
        offline: globals.switch("offline")?,
        offline_by_lictor: globals.maybe::<u32>("offline_ours")? == Some(1),
        log_bin: globals.switch("log_bin")?,
        log_replica_updates: globals.switch("log_replica_updates")?,
        gtid_mode_on: globals.switch("gtid_mode")?,
        executed,
        purged: globals.gtids("purged")?,
        semi_sync: semi_sync(&globals, &status)?,
        stalls,
        settings: Settings {
            boots_read_only: boot.read_only,
            skips_replica_start: globals
                .maybe::<String>("skip_replica_start")?
                .map(|word| is_on(&word)),
            replica_net_timeout: Duration::from_secs(globals.get("replica_net_timeout")?),
            max_connections: globals.get("max_connections")?,
        },
        replication,
        replicas: replicas.iter().map(|replica| replica.server_uuid).collect(),
    };
    Ok(Seen {
        report,
        replicas,
        semi_sync_loaded: status.maybe::<String>("active")?.is_some(),
    })
}

/// A row of `SHOW REPLICAS`: …, host, port, source's id, UUID; more columns in
/// front with `--show-replica-auth-info`. `None` for a binlog reader that is no
/// server.
fn listed(row: &Fields) -> Result<Option<ListedReplica>, MysqlError> {
    let Ok(server_uuid) = row.nth_last::<String>(0)?.parse::<ServerUuid>() else {
        return Ok(None);
    };
    let port: u16 = row.nth_last(2)?;
    let host: String = row.nth_last(3)?;
    Ok(Some(ListedReplica {
        server_uuid,
        address: NodeAddress::new(&host, port).ok(),
    }))
}

fn stall(row: &Fields) -> Result<Stall, MysqlError> {
    let state: String = row.get("state")?;
    let cause = match (row.maybe("disk_full")?, state.as_str()) {
        (Some(message), _) => StallCause::DiskSpace(message),
        (None, "waiting for handler commit") => StallCause::Turn,
        (None, state) if state.ends_with("lock") => StallCause::GlobalReadLock,
        (None, _) => StallCause::Acknowledgements,
    };
    Ok(Stall {
        cause,
        sessions: row.get("sessions")?,
        longest: Duration::from_secs(row.get("seconds")?),
    })
}

fn writability(globals: &Fields) -> Result<Writability, MysqlError> {
    let (read_only, super_read_only) = (
        globals.switch("read_only")?,
        globals.switch("super_read_only")?,
    );
    Ok(match (read_only, super_read_only) {
        (_, true) => Writability::SuperReadOnly,
        (true, false) => Writability::ReadOnly,
        (false, false) => Writability::Writable,
    })
}

fn semi_sync(globals: &Fields, status: &Fields) -> Result<Option<SemiSync>, MysqlError> {
    if !globals.has("semi_source_enabled") {
        return Ok(None);
    }
    Ok(Some(SemiSync {
        replica_enabled: globals.switch("semi_replica_enabled")?,
        replica_active: status
            .maybe::<String>("acknowledges")?
            .is_some_and(|word| is_on(&word)),
        source_enabled: globals.switch("semi_source_enabled")?,
        source_active: status
            .maybe::<String>("active")?
            .is_some_and(|word| is_on(&word)),
        wait_for_acks: globals.get("semi_wait_for_acks")?,
        timeout: Duration::from_millis(globals.get("semi_timeout_ms")?),
        wait_no_replica: globals.switch("semi_wait_no_replica")?,
        after_sync: globals.get::<String>("semi_wait_point")? == "AFTER_SYNC",
        clients: status.maybe("clients")?.unwrap_or(0),
        waiting_sessions: status.maybe("waiting")?.unwrap_or(0),
    }))
}

/// `None` when the channel points nowhere (`RESET REPLICA` keeps an empty one).
fn replication(
    channel: &Fields,
    appliers: &[Fields],
    executed: &GtidSet,
) -> Result<Option<Replication>, MysqlError> {
    let host: String = channel.get("host")?;
    if host.is_empty() {
        return Ok(None);
    }
    let source = NodeAddress::new(&host, channel.get("port")?)
        .map_err(|error| MysqlError::broken(error.to_string()))?;
    let received = channel.gtids("received")?;
    let state = receiver_state(&channel.get::<String>("receiver")?)?;
    let heartbeat_period = seconds(channel.get("heartbeat")?)?;
    let heard_ago = channel
        .maybe::<i64>("heard_us")?
        .map(|us| Duration::from_micros(u64::try_from(us).unwrap_or(0)));
    let applier_running = is_on(&channel.get::<String>("applier")?);
    let delay = Duration::from_secs(channel.get("delay")?);
    let remaining = channel.maybe("remaining_delay")?.map(Duration::from_secs);
    let backlog = Backlog {
        held_back: remaining.map(|remaining| delay.saturating_sub(remaining)),
        unapplied: received.subtract(executed),
        at_work: at_work(appliers, executed)?,
        applier_running,
        last_queued: channel.gtids("last_queued").ok(),
        last_queued_age: age(channel, "last_queued_us")?,
        queueing_age: age(channel, "queueing_us")?,
    };
    let just_heard = heard_ago
        .is_some_and(|ago| ago.as_secs_f64() <= HEARTBEATS_MISSED * heartbeat_period.as_secs_f64());
    let lag = (state == ReceiverState::Running)
        .then(|| backlog.lag(just_heard))
        .flatten();
    Ok(Some(Replication {
        source,
        source_uuid: channel.get::<String>("source_uuid")?.parse().ok(),
        auto_position: channel.switch("auto_position")?,
        receiver: state,
        receiver_error: server_error(
            channel.get("receiver_errno")?,
            channel.get("receiver_error")?,
        ),
        applier_running,
        applier_error: applier_error(appliers)?,
        received: received.union(executed),
        heard_ago,
        heartbeat_period,
        lag,
        delay,
    }))
}

fn receiver_state(word: &str) -> Result<ReceiverState, MysqlError> {
    match word {
        "ON" => Ok(ReceiverState::Running),
        "CONNECTING" => Ok(ReceiverState::Connecting),
        "OFF" => Ok(ReceiverState::Stopped),
        other => Err(MysqlError::broken(format!("receiver state `{other}`"))),
    }
}

pub(crate) fn seconds(value: f64) -> Result<Duration, MysqlError> {
    Duration::try_from_secs_f64(value)
        .map_err(|_| MysqlError::broken(format!("{value} is no number of seconds")))
}

fn server_error(number: u32, message: String) -> Option<ServerError> {
    (number != 0).then_some(ServerError { number, message })
}

fn applier_error(appliers: &[Fields]) -> Result<Option<ServerError>, MysqlError> {
    for applier in appliers {
        let error = server_error(applier.get("errno")?, applier.get("error")?);
        if error.is_some() {
            return Ok(error);
        }
    }
    Ok(None)
}

/// An age by two clocks; `None` when there is none, or the clocks disagree.
fn age(row: &Fields, name: &str) -> Result<Option<Duration>, MysqlError> {
    Ok(row.maybe::<i64>(name)?.and_then(plausible_age))
}

/// Something that waits is some time old, however young its stamp.
fn plausible_age(us: i64) -> Option<Duration> {
    let earliest = -i64::try_from(CLOCKS_AGREE.as_micros()).unwrap_or(i64::MAX);
    (us >= earliest).then(|| Duration::from_micros(u64::try_from(us).unwrap_or(0).max(1)))
}

/// The age of the oldest transaction being applied; one that is executed by now
/// does not count.
fn at_work(appliers: &[Fields], executed: &GtidSet) -> Result<Option<Duration>, MysqlError> {
    let mut oldest = None;
    for applier in appliers {
        let done = applier
            .gtids("at_work")
            .is_ok_and(|gtid| gtid.is_subset_of(executed));
        if !done {
            oldest = oldest.max(age(applier, "at_work_us")?);
        }
    }
    Ok(oldest)
}

/// What a replica still has to do.
#[derive(Debug)]
struct Backlog {
    /// Received whole and not executed.
    unapplied: GtidSet,
    /// Age of the one that the applier holds back because it is delayed, in
    /// whole seconds.
    held_back: Option<Duration>,
    /// Age of the oldest transaction that the applier is at.
    at_work: Option<Duration>,
    applier_running: bool,
    /// The newest one received whole.
    last_queued: Option<GtidSet>,
    last_queued_age: Option<Duration>,
    /// Age of the one that is arriving.
    queueing_age: Option<Duration>,
}

impl Backlog {
    /// The age of the oldest commit that is not applied here, when it is known.
    ///
    /// A running applier takes transactions in order, so what it is at is the
    /// oldest. Otherwise only a backlog of one has a known age.
    fn lag(&self, just_heard: bool) -> Option<Duration> {
        if self.unapplied.is_empty() {
            return self
                .queueing_age
                .or_else(|| just_heard.then_some(Duration::ZERO));
        }
        let oldest = self.at_work.max(self.held_back);
        if self.applier_running && oldest.is_some() {
            return oldest;
        }
        (self.last_queued.as_ref() == Some(&self.unapplied))
            .then_some(self.last_queued_age)
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    const OLD: Duration = Duration::from_secs(30);
    const YOUNG: Duration = Duration::from_millis(2);

    fn gtids(numbers: &str) -> GtidSet {
        format!("{UUID}:{numbers}").parse().unwrap()
    }

    fn nothing_to_do() -> Backlog {
        Backlog {
            unapplied: GtidSet::default(),
            held_back: None,
            at_work: None,
            applier_running: true,
            last_queued: Some(gtids("7")),
            last_queued_age: Some(OLD),
            queueing_age: None,
        }
    }

    #[test]
    fn lag_is_zero_only_when_all_is_applied_and_the_source_was_just_heard() {
        assert_eq!(nothing_to_do().lag(true), Some(Duration::ZERO));
        assert_eq!(nothing_to_do().lag(false), None);
    }

    #[test]
    fn what_the_applier_is_at_is_the_oldest() {
        let busy = Backlog {
            unapplied: gtids("5-7"),
            at_work: Some(OLD),
            last_queued_age: Some(YOUNG),
            ..nothing_to_do()
        };
        assert_eq!(busy.lag(true), Some(OLD));
    }

    #[test]
    fn what_a_delayed_applier_holds_back_is_the_oldest() {
        let waiting = Backlog {
            unapplied: gtids("5-7"),
            held_back: Some(OLD),
            ..nothing_to_do()
        };
        assert_eq!(waiting.lag(true), Some(OLD));
    }

    #[test]
    fn a_backlog_of_a_stopped_applier_has_a_known_age_only_when_it_is_one() {
        let stopped = Backlog {
            unapplied: gtids("7"),
            applier_running: false,
            ..nothing_to_do()
        };
        assert_eq!(stopped.lag(true), Some(OLD));
        let more = Backlog {
            unapplied: gtids("6-7"),
            ..stopped
        };
        assert_eq!(more.lag(true), None);
    }

    #[test]
    fn a_transaction_that_is_arriving_counts() {
        let arriving = Backlog {
            queueing_age: Some(OLD),
            ..nothing_to_do()
        };
        assert_eq!(arriving.lag(true), Some(OLD));
    }

    #[test]
    fn clocks_that_disagree_give_no_age() {
        assert_eq!(plausible_age(-5_000_000), None);
        assert_eq!(plausible_age(-700), Some(Duration::from_micros(1)));
        assert_eq!(plausible_age(1_500), Some(Duration::from_micros(1_500)));
    }
}
