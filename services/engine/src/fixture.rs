//! A healthy cluster for tests, of which a test alters one thing.
//!
//! `orders-1` is the primary, `orders-2` and on are its replicas; number `n`
//! listens on `10.0.0.n:3306` and has the server UUID [`uuid`]`(n)`. It has been
//! watched for a minute at [`NOW`], when every node that is not told otherwise
//! answered. The alterations hold from the beginning: nothing in the view
//! remembers a time before them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use chrono::DateTime;
use lictor_domain::report::{SemiSync, ServerError, Settings};
use lictor_domain::{
    Cluster, ClusterName, Durability, Epoch, GtidSet, Maintenance, Mono, Node, NodeAddress,
    NodeName, NodeReport, Now, Policy, ProbeOutcome, Promotion, Quarantine, ReceiverState,
    Recovery, RecoveryId, Replication, ServerUuid, ServerVersion, Term, Writability,
};
use uuid::Uuid;

use crate::message::{Act, Command};
use crate::operation::Progress;
use crate::timing::Timing;
use crate::view::ClusterView;

/// When everyone last answered.
pub(crate) const NOW: Mono = Mono::from_origin(Duration::from_secs(100_000));
/// The profile of every fixture is the default one.
pub(crate) const TIMING: Timing = Timing::of(lictor_domain::Profile::Balanced);

const WATCHED_FOR: Duration = Duration::from_mins(1);
const LATENCY: Duration = Duration::from_millis(2);
/// The primary's number.
const PRIMARY: u32 = 1;

/// A cluster, what its nodes say, and who says nothing.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub(crate) cluster: Cluster,
    pub(crate) reports: BTreeMap<NodeName, NodeReport>,
    latency: Duration,
    watched_for: Duration,
    unseen: BTreeSet<NodeName>,
    silent: BTreeMap<NodeName, (ProbeOutcome, Duration)>,
}

/// So many milliseconds.
pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many milliseconds after everyone last answered.
pub(crate) fn at(millis: u64) -> Now {
    Now {
        mono: NOW + ms(millis),
        wall: DateTime::UNIX_EPOCH + Duration::from_secs(100_000) + ms(millis),
    }
}

/// The acts among `commands`, which are of no other recovery.
pub(crate) fn acts(of: RecoveryId, commands: Vec<Command>) -> Vec<Act> {
    let each = commands.into_iter().filter_map(|command| match command {
        Command::Recover { recovery, act } => {
            assert_eq!(recovery, of);
            Some(act)
        }
        _ => None,
    });
    each.collect()
}

/// What an operation that is over left behind.
pub(crate) fn over(progress: &Progress) -> &Recovery {
    match progress {
        Progress::Over(record) => record,
        Progress::Running(operation) => panic!("still running: {operation:?}"),
    }
}

/// The name of number `n`.
pub(crate) fn name(n: u32) -> NodeName {
    NodeName::numbered(&cluster_name(), n)
}

/// Where number `n` listens.
pub(crate) fn address(n: u32) -> NodeAddress {
    format!("10.0.0.{n}:3306").parse().unwrap()
}

/// Who number `n` is.
pub(crate) fn uuid(n: u32) -> ServerUuid {
    ServerUuid(Uuid::from_u128(n.into()))
}

/// The transactions `first` to `last` that number `n` committed first.
pub(crate) fn gtids(n: u32, first: u64, last: u64) -> GtidSet {
    format!("{}:{first}-{last}", uuid(n)).parse().unwrap()
}

fn cluster_name() -> ClusterName {
    "orders".parse().unwrap()
}

/// Everything a healthy cluster has committed.
fn history() -> GtidSet {
    gtids(PRIMARY, 1, 100)
}

fn node(n: u32) -> Node {
    Node {
        name: name(n),
        address: address(n),
        server_uuid: uuid(n),
        promotion: Promotion::default(),
        zone: None,
        follows: None,
        quarantine: None,
        maintenance: None,
    }
}

/// What a healthy primary with `replicas` replicas says.
pub(crate) fn primary_report(replicas: u32) -> NodeReport {
    NodeReport {
        server_uuid: uuid(PRIMARY),
        server_id: PRIMARY,
        instance: None,
        version: ServerVersion::new(9, 7, 4),
        writability: Writability::Writable,
        offline: false,
        offline_by_lictor: false,
        log_bin: true,
        log_replica_updates: true,
        gtid_mode_on: true,
        executed: history(),
        purged: GtidSet::default(),
        semi_sync: Some(SemiSync {
            replica_enabled: true,
            replica_active: false,
            source_enabled: true,
            source_active: true,
            wait_for_acks: 1,
            timeout: SemiSync::NEVER,
            wait_no_replica: true,
            after_sync: true,
            clients: replicas,
            waiting_sessions: 0,
        }),
        stalls: vec![],
        settings: Settings {
            boots_read_only: Some(true),
            skips_replica_start: Some(true),
            replica_net_timeout: Duration::from_secs(4),
            max_connections: 151,
        },
        replication: None,
        replicas: (2..replicas + 2).map(uuid).collect(),
    }
}

/// What a healthy replica with number `n` says.
pub(crate) fn replica_report(n: u32) -> NodeReport {
    let primary = primary_report(0);
    let semi_sync = primary.semi_sync.map(|semi_sync| SemiSync {
        replica_active: true,
        source_enabled: false,
        source_active: false,
        ..semi_sync
    });
    NodeReport {
        server_uuid: uuid(n),
        server_id: n,
        writability: Writability::SuperReadOnly,
        semi_sync,
        replication: Some(replication_from(PRIMARY)),
        ..primary
    }
}

/// A healthy stream from number `source`.
pub(crate) fn replication_from(source: u32) -> Replication {
    Replication {
        source: address(source),
        source_uuid: Some(uuid(source)),
        auto_position: true,
        receiver: ReceiverState::Running,
        receiver_error: None,
        applier_running: true,
        applier_error: None,
        received: history(),
        heard_ago: Some(Duration::from_millis(50)),
        heartbeat_period: Duration::from_millis(200),
        lag: Some(Duration::ZERO),
        delay: Duration::ZERO,
    }
}

/// An error as MySQL reports it.
pub(crate) fn server_error(number: u32, message: &str) -> ServerError {
    ServerError {
        number,
        message: message.to_owned(),
    }
}

impl Fixture {
    /// One primary and so many replicas, with one acknowledgement demanded.
    pub(crate) fn healthy(replicas: u32) -> Self {
        let reports = (2..replicas + 2)
            .map(|n| (name(n), replica_report(n)))
            .chain([(name(PRIMARY), primary_report(replicas))]);
        Self {
            cluster: Cluster {
                name: cluster_name(),
                policy: Policy::default(),
                epoch: Epoch {
                    term: Term(1),
                    n: 1,
                },
                primary: name(PRIMARY),
                nodes: (1..replicas + 2).map(node).collect(),
                pause: None,
            },
            reports: reports.collect(),
            latency: LATENCY,
            watched_for: WATCHED_FOR,
            unseen: BTreeSet::new(),
            silent: BTreeMap::new(),
        }
    }

    /// Alters the policy.
    pub(crate) fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.cluster.policy);
        self
    }

    /// Demands so many acknowledgements; 0 is `async`.
    pub(crate) fn acks(self, acks: u32) -> Self {
        let acks = NonZeroU32::new(acks);
        self.policy(|policy| {
            policy.durability =
                acks.map_or(Durability::Async, |acks| Durability::SemiSync { acks });
        })
    }

    /// Alters how number `n` is defined.
    pub(crate) fn definition(mut self, n: u32, change: impl FnOnce(&mut Node)) -> Self {
        let node = self
            .cluster
            .nodes
            .iter_mut()
            .find(|node| node.name == name(n));
        change(node.unwrap());
        self
    }

    /// Quarantines number `n`.
    pub(crate) fn quarantined(self, n: u32, reason: &str) -> Self {
        self.definition(n, |node| {
            node.quarantine = Some(Quarantine {
                reason: reason.to_owned(),
                errant: GtidSet::default(),
                incomplete: false,
            });
        })
    }

    /// Somebody works on number `n` for an hour.
    pub(crate) fn in_maintenance(self, n: u32) -> Self {
        self.definition(n, |node| {
            node.maintenance = Some(Maintenance {
                owner: "ada".to_owned(),
                reason: "a new disk".to_owned(),
                until: DateTime::UNIX_EPOCH + Duration::from_hours(1),
            });
        })
    }

    /// Alters what number `n` says.
    pub(crate) fn report(mut self, n: u32, change: impl FnOnce(&mut NodeReport)) -> Self {
        change(self.reports.get_mut(&name(n)).unwrap());
        self
    }

    /// Alters what number `n` says of its replication.
    pub(crate) fn replication(self, n: u32, change: impl FnOnce(&mut Replication)) -> Self {
        self.report(n, |report| change(report.replication.as_mut().unwrap()))
    }

    /// Alters what number `n` says of its semi-sync settings.
    pub(crate) fn semi_sync(self, n: u32, change: impl FnOnce(&mut SemiSync)) -> Self {
        self.report(n, |report| change(report.semi_sync.as_mut().unwrap()))
    }

    /// Number `n` is told to follow number `source`, and does.
    pub(crate) fn follows(self, n: u32, source: u32) -> Self {
        let fixture = self.report(n, |report| {
            report.replication = Some(replication_from(source));
        });
        if source == PRIMARY {
            return fixture;
        }
        fixture.let_go(n)
    }

    /// The primary has noticed that number `n` is not connected to it any more.
    pub(crate) fn let_go(self, n: u32) -> Self {
        self.report(PRIMARY, |report| {
            report.replicas.retain(|replica| *replica != uuid(n));
            if let Some(semi_sync) = &mut report.semi_sync {
                let connected = u32::try_from(report.replicas.len()).unwrap();
                semi_sync.clients = semi_sync.clients.min(connected);
            }
        })
    }

    /// Number `n` is to follow number `source`, and does.
    pub(crate) fn below(self, n: u32, source: u32) -> Self {
        self.wishes(n, source).follows(n, source)
    }

    /// Number `n` is to follow number `source`.
    pub(crate) fn wishes(self, n: u32, source: u32) -> Self {
        self.definition(n, |node| node.follows = Some(name(source)))
    }

    /// What is known when everyone who answers has said the same for so long.
    pub(crate) fn lasting(&self, time: Duration) -> (ClusterView, Mono) {
        let mut view = self.view();
        let now = NOW + time;
        for n in 1..self.replica_numbers().end {
            let node = name(n);
            match self.silent.get(&node) {
                None => view.probed(&node, self.answer(n), now),
                Some((outcome, _)) => view.probed(&node, outcome.clone(), now),
            }
        }
        (view, now)
    }

    /// Lets number `n` accept writes, or only those of nobody.
    pub(crate) fn writability(self, n: u32, writability: Writability) -> Self {
        self.report(n, |report| report.writability = writability)
    }

    /// Number `n` has committed `more` beside the common history.
    pub(crate) fn executed(self, n: u32, more: &GtidSet) -> Self {
        self.report(n, |report| report.executed = report.executed.union(more))
    }

    /// How far number `n` says it is behind.
    pub(crate) fn lag(self, n: u32, lag: Option<Duration>) -> Self {
        self.replication(n, |replication| replication.lag = lag)
    }

    /// How long every answer takes.
    pub(crate) fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Since when it is watched.
    pub(crate) fn watched_for(mut self, watched_for: Duration) -> Self {
        self.watched_for = watched_for;
        self
    }

    /// Number `n` was never probed.
    pub(crate) fn unseen(mut self, n: u32) -> Self {
        self.unseen.insert(name(n));
        self
    }

    /// Number `n` gave its last answer so long ago, and every probe since ended
    /// like this.
    pub(crate) fn silent(mut self, n: u32, outcome: ProbeOutcome, since: Duration) -> Self {
        if outcome == ProbeOutcome::Refused {
            self = self.let_go(n);
        }
        self.silent.insert(name(n), (outcome, since));
        self
    }

    /// The primary's process is gone, and its replicas noticed.
    pub(crate) fn dead_primary(mut self) -> Self {
        for n in self.replica_numbers() {
            self = self.replication(n, |replication| {
                replication.receiver = ReceiverState::Connecting;
                replication.receiver_error = Some(server_error(2003, "connection refused"));
                replication.heard_ago = Some(Duration::from_millis(150));
                replication.lag = None;
            });
        }
        self.silent(PRIMARY, ProbeOutcome::Refused, Duration::from_millis(100))
    }

    /// The primary has given nobody a sign of life for so long.
    pub(crate) fn hung_primary(mut self, since: Duration) -> Self {
        for n in self.replica_numbers() {
            self = self.replication(n, |replication| replication.heard_ago = Some(since));
        }
        self.silent(PRIMARY, ProbeOutcome::TimedOut, since)
    }

    fn replica_numbers(&self) -> std::ops::Range<u32> {
        2..u32::try_from(self.cluster.nodes.len()).unwrap() + 1
    }

    /// How a probe of number `n` ends when it answers.
    pub(crate) fn answer(&self, n: u32) -> ProbeOutcome {
        ProbeOutcome::Answered {
            report: Box::new(self.reports[&name(n)].clone()),
            latency: self.latency,
        }
    }

    /// What is known of all this at [`NOW`].
    pub(crate) fn view(&self) -> ClusterView {
        let mut view = ClusterView::new(self.cluster.clone(), NOW - self.watched_for);
        for n in 1..self.replica_numbers().end {
            let node = name(n);
            if self.unseen.contains(&node) {
                continue;
            }
            match self.silent.get(&node) {
                None => view.probed(&node, self.answer(n), NOW),
                Some((outcome, since)) => {
                    view.probed(&node, self.answer(n), NOW - *since);
                    if *outcome == ProbeOutcome::Refused {
                        view.connection_lost(&node, NOW - *since);
                    }
                    view.probed(&node, outcome.clone(), NOW - *since);
                }
            }
        }
        // Once more: whom a node follows is judged by what the others said.
        for n in 1..self.replica_numbers().end {
            let node = name(n);
            if !self.unseen.contains(&node) && !self.silent.contains_key(&node) {
                view.probed(&node, self.answer(n), NOW);
            }
        }
        view
    }
}
