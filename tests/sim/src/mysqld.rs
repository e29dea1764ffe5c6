//! A model of one MySQL server, as far as replication and semi-sync go.
//!
//! A commit goes to the binary log, waits there until enough replicas hold it,
//! and only then is executed and acknowledged; there is no fall-back. Where no
//! replica is waited for it is acknowledged at once. A server
//! boots read-only with its receiver and applier stopped; what waited for
//! acknowledgements when it died is executed when it is back, unacknowledged.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use lictor_domain::gtid::{Gtid, Interval};
use lictor_domain::report::{SemiSync, ServerError, Settings};
use lictor_domain::{
    GtidSet, Instance, NodeAddress, NodeName, NodeReport, ReceiverState, Replication, ServerUuid,
    ServerVersion, Writability,
};
use uuid::Uuid;

use crate::agenda::{MS, Micros};
use crate::leader::Reign;
use crate::network::Place;
use crate::transcript::short;

/// How often an idle source sends a heartbeat.
pub const HEARTBEAT: Micros = 200 * MS;
/// A receiver that heard nothing for so long connects anew.
pub const NET_TIMEOUT: Micros = 4_000 * MS;

/// A server's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// It runs.
    Running,
    /// It is stopped like by SIGSTOP: connections open, nothing answers.
    Hung,
    /// It is gone; its host refuses connections.
    Dead,
    /// Its host is gone too: nothing answers at all.
    Off,
}

/// Where a server's data comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// It is its own.
    Own,
    /// It is being replaced, in a session of this leader.
    Replaced {
        /// Which.
        by: Reign,
    },
    /// It is half of it gone: its GTIDs promise what it has not.
    Half,
    /// It is a whole copy of another's.
    Copy,
}

/// A commit in the binary log that is not acknowledged yet.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Which.
    pub gtid: Gtid,
    /// Since when.
    pub since: Micros,
    acks: BTreeSet<Place>,
}

/// A replica's channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Where it is told to replicate from.
    pub source: Place,
    /// Its receiver, as it sees itself.
    pub receiver: ReceiverState,
    /// Its last attempt to connect failed; stays behind when it is stopped.
    pub failed: bool,
    /// Its applier runs.
    pub applying: bool,
    /// When it heard its source again after a silence.
    pub back_at: Micros,
    /// Last word from its source.
    pub heard_at: Option<Micros>,
    /// Received and yet to apply.
    pub relay: GtidSet,
}

impl Channel {
    /// A channel that receives and applies.
    #[must_use]
    pub fn to(source: Place) -> Self {
        Self {
            source,
            receiver: ReceiverState::Connecting,
            failed: false,
            applying: true,
            back_at: 0,
            heard_at: None,
            relay: GtidSet::default(),
        }
    }

    /// Whether its receiver is told to receive.
    #[must_use]
    pub fn is_told_to_receive(&self) -> bool {
        self.receiver != ReceiverState::Stopped
    }

    /// Whether it is connected to its source, as far as it knows.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.receiver == ReceiverState::Running
    }
}

/// One server.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact about a server"
)]
#[derive(Clone, Debug)]
pub struct Mysqld {
    /// Its place in the world.
    pub place: Place,
    /// Its name.
    pub name: NodeName,
    /// Where it listens.
    pub address: NodeAddress,
    /// Who it is.
    pub uuid: ServerUuid,
    /// Its process.
    pub process: Process,
    /// Rises with each boot: what was sent to an earlier life is lost.
    pub life: u64,
    /// Since when its process is what it is.
    pub since: Micros,
    /// Everyone may write.
    pub writable: bool,
    /// A commit waits for so many replicas; `None` while the source side is off.
    pub waits_for: Option<usize>,
    /// Committed.
    pub executed: GtidSet,
    /// In the binary log, waiting.
    pub pending: VecDeque<Pending>,
    /// Its channel.
    pub channel: Option<Channel>,
    /// An operator has stopped its receiver.
    pub stopped_by_operator: bool,
    /// An operator looks after its receiver: he stopped it once, or it was left
    /// stopped while nobody led, and no leader can tell that from his doing.
    pub looked_after: bool,
    next_number: u64,
    /// Where its data comes from.
    pub data: Data,
    /// Until then it is slow in all it does.
    pub slow_until: Micros,
    /// An agent starts it.
    pub guarded: bool,
}

impl Mysqld {
    /// A fresh read-only server that follows nobody.
    #[must_use]
    pub fn new(place: Place, name: NodeName, address: NodeAddress) -> Self {
        Self {
            place,
            name,
            address,
            uuid: ServerUuid(Uuid::from_u128(place as u128 + 1)),
            process: Process::Running,
            life: 0,
            since: 0,
            writable: false,
            waits_for: None,
            executed: GtidSet::default(),
            pending: VecDeque::new(),
            channel: None,
            stopped_by_operator: false,
            looked_after: false,
            next_number: 1,
            data: Data::Own,
            slow_until: 0,
            guarded: false,
        }
    }

    /// Which start of it this is, if an agent has started it.
    #[must_use]
    pub fn instance(&self) -> Option<Instance> {
        let start = (self.place as u128 + 1) << 64 | u128::from(self.life);
        self.guarded.then(|| Instance(Uuid::from_u128(start)))
    }

    /// Whether it answers.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.process == Process::Running
    }

    /// Whether its process exists.
    #[must_use]
    pub const fn lives(&self) -> bool {
        matches!(self.process, Process::Running | Process::Hung)
    }

    /// Everything it holds as a replica.
    #[must_use]
    pub fn holds(&self) -> GtidSet {
        let relay = self.channel.as_ref().map(|channel| &channel.relay);
        relay.map_or_else(
            || self.executed.clone(),
            |relay| relay.union(&self.executed),
        )
    }

    /// Everything in its binary log, acknowledged or not.
    #[must_use]
    pub fn binlog(&self) -> GtidSet {
        let mut log = self.executed.clone();
        for pending in &self.pending {
            log.insert(pending.gtid.clone());
        }
        log
    }

    /// Whether it is told to receive from `source`.
    #[must_use]
    pub fn receives_from(&self, source: Place) -> bool {
        let channel = self.channel.as_ref();
        channel.is_some_and(|channel| channel.is_told_to_receive() && channel.source == source)
    }

    /// A client's commit, if the server takes it; what is acknowledged at once,
    /// because no replica is waited for.
    pub fn write(&mut self, now: Micros) -> Vec<Gtid> {
        if !self.runs() || !self.writable {
            return vec![];
        }
        let Some(gtid) = Gtid::new(self.uuid.0.into(), self.next_number) else {
            return vec![];
        };
        self.next_number += 1;
        self.pending.push_back(Pending {
            gtid,
            since: now,
            acks: BTreeSet::new(),
        });
        let waits = self.waits_for.is_some();
        self.commit_while(|_| !waits)
    }

    /// A replica says that it holds all this; what is acknowledged thereby.
    pub fn acknowledged_by(&mut self, replica: Place, held: &GtidSet) -> Vec<Gtid> {
        for pending in &mut self.pending {
            if held.contains(&pending.gtid) {
                pending.acks.insert(replica);
            }
        }
        let needed = self.waits_for.unwrap_or_default();
        self.commit_while(|pending| pending.acks.len() >= needed)
    }

    /// Whether its oldest commit lacks this replica's acknowledgement.
    #[must_use]
    pub fn awaits(&self, replica: Place) -> bool {
        let oldest = self.pending.front();
        oldest.is_some_and(|pending| !pending.acks.contains(&replica))
    }

    /// Acknowledges without replicas what has waited since `before`.
    pub fn fall_back(&mut self, before: Micros) -> Vec<Gtid> {
        self.commit_while(|pending| pending.since < before)
    }

    fn commit_while(&mut self, ripe: impl Fn(&Pending) -> bool) -> Vec<Gtid> {
        let mut done = Vec::new();
        while self.pending.front().is_some_and(&ripe) {
            if let Some(pending) = self.pending.pop_front() {
                self.executed.insert(pending.gtid.clone());
                done.push(pending.gtid);
            }
        }
        done
    }

    /// Applies up to `most` of what it received; whether anything is left.
    pub fn apply(&mut self, most: u64) -> bool {
        let Some(channel) = self.channel.as_mut().filter(|channel| channel.applying) else {
            return false;
        };
        let batch = first_of(&channel.relay, most);
        self.executed = self.executed.union(&batch);
        channel.relay = channel.relay.subtract(&batch);
        !channel.relay.is_empty()
    }

    /// Commits wait for so many replicas from now on; what has waited for more is
    /// acknowledged thereby.
    pub fn enforce(&mut self, acks: usize) -> Vec<Gtid> {
        self.waits_for = (acks > 0).then_some(acks);
        self.commit_while(|pending| pending.acks.len() >= acks)
    }

    /// Its process goes; what waited is in its binary log for good.
    pub fn die(&mut self, process: Process, now: Micros) {
        self.process = process;
        self.since = now;
        self.life += 1;
        self.executed = self.binlog();
        self.pending.clear();
        self.writable = false;
        self.waits_for = None;
        if let Data::Replaced { .. } = self.data {
            self.data = Data::Half;
        }
        self.stop_replication();
    }

    fn stop_replication(&mut self) {
        if let Some(channel) = &mut self.channel {
            channel.receiver = ReceiverState::Stopped;
            channel.applying = false;
        }
    }

    /// Its data is replaced from now on, and it replicates no more.
    pub fn replace_data(&mut self, by: Reign) {
        self.data = Data::Replaced { by };
        self.stop_replication();
    }

    /// That was broken off, if it still runs in this life.
    pub fn leave_half_copied(&mut self, life: u64) {
        if self.life == life && matches!(self.data, Data::Replaced { .. }) {
            self.data = Data::Half;
        }
    }

    /// Its data is all that another had executed.
    pub fn take_copy(&mut self, donor: &GtidSet, now: Micros) {
        self.clone_from_donor(donor, now);
        self.data = Data::Copy;
    }

    /// Whether it has the data that its GTIDs promise.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self.data, Data::Own | Data::Copy)
    }

    /// Its process stops or goes on.
    pub fn turn(&mut self, process: Process, now: Micros) {
        self.process = process;
        self.since = now;
    }

    /// Becomes a fresh copy of another server, as by the CLONE plugin.
    pub fn clone_from_donor(&mut self, donor: &GtidSet, now: Micros) {
        self.die(Process::Running, now);
        self.executed = donor.clone();
        self.channel = None;
        self.stopped_by_operator = false;
        self.data = Data::Own;
    }

    /// Opens it: first semi-sync where commits wait for replicas, then writes.
    pub fn open(&mut self, acks: usize) {
        self.waits_for = (acks > 0).then_some(acks);
        self.writable = true;
    }

    /// Closes it, cutting off the clients that wait.
    pub fn close(&mut self) {
        self.writable = false;
        if !self.pending.is_empty() {
            self.executed = self.binlog();
            self.pending.clear();
            self.waits_for = None;
        }
    }

    /// Stops the receiver.
    pub fn stop_receiver(&mut self) {
        if let Some(channel) = &mut self.channel {
            channel.receiver = ReceiverState::Stopped;
        }
    }

    /// Starts the receiver, and the applier too if asked to.
    pub fn start_receiver(&mut self, applier_too: bool) {
        self.stopped_by_operator = false;
        if let Some(channel) = &mut self.channel {
            if channel.receiver == ReceiverState::Stopped {
                channel.receiver = ReceiverState::Connecting;
                channel.failed = false;
            }
            channel.applying |= applier_too;
        }
    }

    /// Points its channel elsewhere; what was received stays.
    pub fn repoint(&mut self, source: Place) {
        self.stopped_by_operator = false;
        let channel = self.channel.get_or_insert_with(|| Channel::to(source));
        channel.source = source;
        channel.receiver = ReceiverState::Connecting;
        channel.failed = false;
        channel.heard_at = None;
    }

    /// Sets its channel up anew; what was received and not applied is dropped.
    pub fn follow(&mut self, source: Place) {
        self.stopped_by_operator = false;
        self.waits_for = None;
        if self.channel.as_ref().is_some_and(|c| c.source == source) {
            self.start_receiver(true);
        } else {
            self.channel = Some(Channel::to(source));
        }
    }

    /// What a probe sees.
    #[must_use]
    pub fn report(&self, world: &[Self], now: Micros) -> NodeReport {
        let waits_for = self.waits_for.unwrap_or(1);
        NodeReport {
            server_uuid: self.uuid,
            server_id: 1 + u32::try_from(self.place).unwrap_or(u32::MAX),
            instance: self.instance(),
            version: ServerVersion::new(9, 7, 4),
            writability: if self.writable {
                Writability::Writable
            } else {
                Writability::SuperReadOnly
            },
            offline: false,
            offline_by_lictor: false,
            log_bin: true,
            log_replica_updates: true,
            gtid_mode_on: true,
            executed: self.executed.clone(),
            purged: GtidSet::default(),
            semi_sync: Some(SemiSync {
                replica_enabled: true,
                replica_active: self.channel.as_ref().is_some_and(Channel::is_connected),
                source_enabled: self.waits_for.is_some(),
                source_active: self.waits_for.is_some(),
                wait_for_acks: u32::try_from(waits_for).unwrap_or(u32::MAX),
                timeout: SemiSync::NEVER,
                wait_no_replica: true,
                after_sync: true,
                clients: u32::try_from(self.connected_replicas(world).count()).unwrap_or(0),
                waiting_sessions: u32::try_from(self.pending.len()).unwrap_or(0),
            }),
            stalls: vec![],
            settings: Settings {
                boots_read_only: Some(true),
                skips_replica_start: Some(true),
                replica_net_timeout: Duration::from_micros(NET_TIMEOUT),
                max_connections: 151,
            },
            replication: self
                .channel
                .as_ref()
                .and_then(|channel| self.replication(channel, world, now)),
            replicas: self
                .connected_replicas(world)
                .map(|node| node.uuid)
                .collect(),
        }
    }

    fn connected_replicas<'a>(&self, world: &'a [Self]) -> impl Iterator<Item = &'a Self> {
        let place = self.place;
        world.iter().filter(move |node| {
            let channel = node.channel.as_ref();
            channel.is_some_and(|channel| channel.is_connected() && channel.source == place)
        })
    }

    fn replication(&self, channel: &Channel, world: &[Self], now: Micros) -> Option<Replication> {
        let source = world.get(channel.source)?;
        let receiver = channel.receiver;
        let heard_ago = channel.heard_at.map(|at| now.saturating_sub(at));
        let up_to_date = receiver == ReceiverState::Running && channel.relay.is_empty();
        let just_heard = heard_ago.is_some_and(|ago| ago < 3 * HEARTBEAT);
        Some(Replication {
            source: source.address.clone(),
            source_uuid: Some(source.uuid),
            auto_position: true,
            receiver,
            receiver_error: channel.failed.then(|| ServerError {
                number: 2003,
                message: "cannot connect".to_owned(),
            }),
            applier_running: channel.applying,
            applier_error: None,
            received: self.holds(),
            heard_ago: heard_ago.map(Duration::from_micros),
            heartbeat_period: Duration::from_micros(HEARTBEAT),
            lag: (up_to_date && just_heard).then_some(Duration::ZERO),
            delay: Duration::ZERO,
        })
    }
}

impl fmt::Display for Mysqld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.writable { "open" } else { "closed" };
        let executed = short(&self.executed);
        write!(
            f,
            "{}: {:?}, {open}, executed {executed}",
            self.name, self.process
        )?;
        if let Some(oldest) = self.pending.front() {
            let count = self.pending.len();
            let acks = &oldest.acks;
            let needed = self.waits_for;
            write!(
                f,
                ", {count} waiting (acknowledged by {acks:?}, needs {needed:?})"
            )?;
        }
        let Some(channel) = &self.channel else {
            return Ok(());
        };
        let state = format!("{:?}", channel.receiver).to_lowercase();
        let applier = if channel.applying {
            ""
        } else {
            ", not applying"
        };
        let relay = short(&channel.relay);
        let source = channel.source + 1;
        write!(
            f,
            ", {state} from {source}{applier}, still to apply {relay}"
        )
    }
}

/// The first `most` transactions of a set.
fn first_of(set: &GtidSet, most: u64) -> GtidSet {
    let mut taken = GtidSet::default();
    let mut left = most;
    for (source, intervals) in set.sources() {
        for number in intervals.iter().flat_map(numbers) {
            if left == 0 {
                return taken;
            }
            if let Some(gtid) = Gtid::new(source.clone(), number) {
                taken.insert(gtid);
            }
            left -= 1;
        }
    }
    taken
}

fn numbers(interval: &Interval) -> std::ops::RangeInclusive<u64> {
    interval.start()..=interval.end()
}
