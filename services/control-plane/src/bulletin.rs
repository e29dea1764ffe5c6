//! The bulletin: what changes, numbered, for everyone who shows the control plane.
//!
//! Nothing is queued for a reader. Each pulls what comes after the event it was
//! told last, out of one bounded ring in which a newer event of a subject takes the
//! place of the older one: so a slow reader is told the newest state, and memory is
//! bounded whatever readers do. What is told is encoded once, by the first reader
//! who is told it, and not at all while nobody reads.
//!
//! It knows neither gRPC nor HTTP, and decides nothing.

mod ring;
mod teller;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use chrono::Utc;
use lictor_domain::{ClusterName, Operation, OperationId, Recovery, RecoveryId, Revision, Scope};
use lictor_store::{ConfigVersion, HappeningId, HappeningRecord};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::ring::Ring;
pub(crate) use self::teller::{tell, tell_cluster};
use crate::hub::Acks;
use crate::snapshot::Snapshot;

/// Readers at most.
const READERS: usize = 1000;
/// Events that are kept to resume from.
const KEPT: usize = 4096;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// This instance begins to lead, or leads no more: what was told before does
    /// not stand any more.
    Leads(bool),
    /// A cluster is seen like this now.
    Cluster(Arc<Snapshot>),
    /// A recovery made a step.
    Recovery(Arc<Recovery>),
    /// A rebuild made a step or progress.
    Operation(Arc<Operation>),
    /// The routing table has this revision now.
    Routing(Revision),
    /// The configuration has this version now.
    Config(Arc<ConfigVersion>),
    /// Something was written down in the history.
    Happening(Arc<HappeningRecord>),
    /// How subscribers stand to the routing table.
    Subscribers(Acks),
}

/// What an event is about: of each only the newest is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Leadership,
    Cluster(ClusterName),
    Recovery(RecoveryId),
    Operation(OperationId),
    Routing,
    Config,
    Happening(HappeningId),
    Subscribers,
}

impl Event {
    fn subject(&self) -> Subject {
        match self {
            Self::Leads(_) => Subject::Leadership,
            Self::Cluster(snapshot) => Subject::Cluster(snapshot.view.cluster.name.clone()),
            Self::Recovery(recovery) => Subject::Recovery(recovery.id),
            Self::Operation(operation) => Subject::Operation(operation.id()),
            Self::Routing(_) => Subject::Routing,
            Self::Config(_) => Subject::Config,
            Self::Happening(record) => Subject::Happening(record.id),
            Self::Subscribers(_) => Subject::Subscribers,
        }
    }

    /// Whether it is for those who see no more than these clusters. What is
    /// configured is about all of them.
    fn is_within(&self, scope: &Scope) -> bool {
        match self.cluster() {
            Some(cluster) => scope.has(cluster),
            None => *scope == Scope::All || !matches!(self, Self::Config(_)),
        }
    }

    /// The cluster it is about, if it is about one.
    fn cluster(&self) -> Option<&ClusterName> {
        match self {
            Self::Cluster(snapshot) => Some(&snapshot.view.cluster.name),
            Self::Recovery(recovery) => Some(&recovery.cluster),
            Self::Operation(operation) => Some(operation.cluster()),
            Self::Happening(record) => Some(&record.happening.cluster),
            Self::Leads(_) | Self::Routing(_) | Self::Config(_) | Self::Subscribers(_) => None,
        }
    }
}

/// An event as it is told to everyone.
#[derive(Debug)]
pub(crate) struct Notice {
    /// What a reader gives to resume after it.
    pub(crate) id: String,
    /// What happened.
    pub(crate) event: Event,
    wire: OnceLock<Bytes>,
    json: OnceLock<String>,
}

impl Notice {
    /// Its message, encoded by the first who asks.
    pub(crate) fn wire(&self, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.wire.get_or_init(|| encode(self)).clone()
    }

    /// Its JSON, written by the first who asks.
    pub(crate) fn json(&self, write: impl FnOnce(&Self) -> String) -> &str {
        self.json.get_or_init(|| write(self))
    }
}

/// What a reader is told first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// What a reader gives to resume here.
    pub(crate) id: String,
    /// Whether this instance leads.
    pub(crate) leader: bool,
    /// Whether all since the event that the reader named follows.
    pub(crate) resumed: bool,
}

/// What a reader is told.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// The beginning.
    Hello(Hello),
    /// What happened.
    Notice(Arc<Notice>),
}

/// No more readers are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{READERS} read the events already, and no more are taken; ask another instance")]
pub(crate) struct TooManyReaders;

/// The bulletin. A clone is the same one.
#[derive(Clone, Debug)]
pub(crate) struct Bulletin(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Tells the numbers of this process from those of others, in microseconds.
    stamp: i64,
    ring: Mutex<Ring>,
    head: watch::Sender<u64>,
    places: Arc<Semaphore>,
}

impl Bulletin {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            stamp: Utc::now().timestamp_micros(),
            ring: Mutex::new(Ring::new(KEPT)),
            head: watch::Sender::new(0),
            places: Arc::new(Semaphore::new(READERS)),
        }))
    }

    /// Tells everyone. It waits for nobody, and encodes nothing.
    pub(crate) fn publish(&self, event: Event) {
        let head = self.with(|ring| ring.push(event, |number| self.id(number)));
        // A publisher that was overtaken has nothing newer to tell.
        self.0.head.send_if_modified(|known| {
            let newer = head > *known;
            *known = head.max(*known);
            newer
        });
    }

    /// Takes up a reader of these clusters' events, or of all within a scope, after
    /// the event of this id.
    ///
    /// # Errors
    /// [`TooManyReaders`].
    pub(crate) fn read(
        &self,
        clusters: BTreeSet<ClusterName>,
        within: Scope,
        last: Option<&str>,
    ) -> Result<Reader, TooManyReaders> {
        let place = self.0.places.clone().try_acquire_owned();
        let place = place.map_err(|_| TooManyReaders)?;
        let last = last.and_then(|id| self.number(id));
        let (at, leader, resumed) = self.with(|ring| {
            let last = last.filter(|last| ring.follows(*last));
            (last.unwrap_or(ring.head()), ring.leads(), last.is_some())
        });
        Ok(Reader {
            bulletin: self.clone(),
            clusters,
            within,
            at,
            hello: Some(Hello {
                id: self.id(at),
                leader,
                resumed,
            }),
            head: self.0.head.subscribe(),
            _place: place,
        })
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.0.stamp)
    }

    /// The number in an id of this process's.
    fn number(&self, id: &str) -> Option<u64> {
        let (stamp, number) = id.split_once('-')?;
        let ours = stamp.parse() == Ok(self.0.stamp);
        ours.then(|| number.parse().ok())?
    }

    fn with<T>(&self, work: impl FnOnce(&mut Ring) -> T) -> T {
        work(&mut self.0.ring.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One who is told, until it is dropped.
#[derive(Debug)]
pub(crate) struct Reader {
    bulletin: Bulletin,
    /// Only of these; of all when empty.
    clusters: BTreeSet<ClusterName>,
    /// Of nothing else, whatever it wants.
    within: Scope,
    /// What it was told last.
    at: u64,
    hello: Option<Hello>,
    head: watch::Receiver<u64>,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// What it is told next; waits until there is something. Nothing is lost when
    /// the call is dropped.
    pub(crate) async fn next(&mut self) -> Told {
        if let Some(hello) = self.hello.take() {
            return Told::Hello(hello);
        }
        loop {
            self.head.borrow_and_update();
            if let Some(notice) = self.at_hand() {
                return Told::Notice(notice);
            }
            // Its sender lives as long as the bulletin that is held here.
            let _ = self.head.changed().await;
        }
    }

    fn at_hand(&mut self) -> Option<Arc<Notice>> {
        let (at, clusters) = (self.at, &self.clusters);
        let wanted = |notice: &Notice| {
            let of = notice.event.cluster();
            let named = clusters.is_empty() || of.is_none_or(|name| clusters.contains(name));
            named && notice.event.is_within(&self.within)
        };
        let (number, notice) = self.bulletin.with(|ring| ring.next(at, wanted));
        self.at = number;
        notice
    }
}
