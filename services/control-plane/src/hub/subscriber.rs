//! One subscriber: who it is, and what passed between the hub and it. Nothing
//! here is shared among subscribers, so that their answers never meet.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::task::AtomicWaker;
use lictor_domain::{ClusterName, Mono, Revision};

use super::behind::Behind;
use super::filter::Filter;

/// Revisions whose sending is remembered until they are acknowledged.
const ON_THEIR_WAY: usize = 32;

/// What kind of subscriber it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscriberKind {
    /// An application.
    Client,
    /// A proxy, or what configures one.
    Proxy,
    /// The command line.
    Cli,
    /// Anything else.
    Other,
    /// Another instance, which relays to its own subscribers.
    Lictord,
}

/// What a subscriber says of itself, and where it connects from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Introduction {
    /// Its name, for people.
    pub(crate) id: String,
    /// Its kind.
    pub(crate) kind: SubscriberKind,
    /// Its software.
    pub(crate) version: String,
    /// Where it connects from.
    pub(crate) address: String,
    /// Whether it wants hints beside the table.
    pub(crate) hints: bool,
    /// How many pools of connections it keeps to each node.
    pub(crate) pools: u32,
}

/// A revision that a subscriber refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The revision.
    pub(crate) revision: Revision,
    /// Why.
    pub(crate) reason: String,
}

/// What passed between the hub and a subscriber.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// What it was last sent, or held when it came back.
    pub(crate) sent: Option<Revision>,
    /// What it last acknowledged, or held when it came back.
    pub(crate) acked: Option<Revision>,
    /// From sending a revision to its acknowledgement, the last time.
    pub(crate) ack_delay: Option<Duration>,
    /// Revisions it refused.
    pub(crate) nacks: u64,
    /// The last of them.
    pub(crate) last_nack: Option<Refusal>,
    /// Who stands behind it.
    pub(crate) behind: Behind,
    /// Those of them that did not acknowledge what it last answered to.
    late: u32,
    on_their_way: VecDeque<(Revision, Mono)>,
}

/// How a subscriber stands to a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Acknowledged,
    Refused,
    Awaited,
}

/// How a subscriber stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscriber {
    /// Who it is.
    pub(crate) introduction: Introduction,
    /// What it wants.
    pub(crate) filter: Filter,
    /// When it connected.
    pub(crate) connected_at: DateTime<Utc>,
    /// What passed since.
    pub(crate) progress: Progress,
}

/// A subscriber's place at the hub.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) introduction: Introduction,
    pub(super) connected_at: DateTime<Utc>,
    left: AtomicBool,
    waker: AtomicWaker,
    progress: Mutex<Progress>,
}

impl Entry {
    /// It came holding `last`, or nothing.
    pub(super) fn new(introduction: Introduction, last: Option<Revision>) -> Self {
        Self {
            introduction,
            connected_at: crate::clock::now().wall,
            left: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            progress: Mutex::new(Progress {
                sent: last,
                acked: last,
                ..Progress::default()
            }),
        }
    }

    pub(super) fn progress(&self) -> Progress {
        self.with(|progress| progress.clone())
    }

    /// Whoever waits for something new is woken by the next wake-up.
    pub(super) fn listen(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    pub(super) fn sent(&self, revision: Revision, now: Mono) {
        self.with(|progress| {
            progress.sent = Some(revision);
            if progress.on_their_way.len() == ON_THEIR_WAY {
                progress.on_their_way.pop_front();
            }
            progress.on_their_way.push_back((revision, now));
        });
    }

    pub(super) fn acked(&self, revision: Revision, now: Mono) {
        self.with(|progress| {
            progress.acked = progress.acked.max(Some(revision));
            while let Some((sent, at)) = progress.on_their_way.front().copied()
                && sent <= revision
            {
                progress.on_their_way.pop_front();
                progress.ack_delay = Some(now.since(at));
            }
        });
    }

    pub(super) fn nacked(&self, refusal: Refusal) {
        self.with(|progress| {
            progress
                .on_their_way
                .retain(|(sent, _)| *sent != refusal.revision);
            progress.nacks += 1;
            progress.last_nack = Some(refusal);
        });
    }

    /// Who stands behind it, and how many of them are late.
    pub(super) fn relays(&self, behind: Behind, late: u32) {
        self.with(|progress| {
            progress.behind = behind;
            progress.late = late;
        });
    }

    /// How many it stands for, of those who want the cluster.
    pub(super) fn stands_for(&self, cluster: Option<&ClusterName>) -> u32 {
        match self.introduction.kind {
            SubscriberKind::Lictord => self.with(|it| it.behind.wanting(cluster)),
            _ => 1,
        }
    }

    /// How many of those acknowledged the revision.
    pub(super) fn have_acked(&self, cluster: Option<&ClusterName>, revision: Revision) -> u32 {
        if self.standing(revision) != Standing::Acknowledged {
            return 0;
        }
        let late = self.with(|progress| progress.late);
        self.stands_for(cluster).saturating_sub(late)
    }

    /// How many pools of connections it and those behind it keep to each node of
    /// the cluster.
    pub(super) fn pools(&self, cluster: &ClusterName) -> u32 {
        let behind = self.with(|progress| progress.behind.share(cluster).pools);
        self.introduction.pools.saturating_add(behind)
    }

    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::SeqCst);
    }

    pub(super) fn standing(&self, revision: Revision) -> Standing {
        self.with(|progress| {
            let refused = progress.last_nack.as_ref();
            if progress.acked >= Some(revision) {
                Standing::Acknowledged
            } else if refused.is_some_and(|refusal| refusal.revision >= revision) {
                Standing::Refused
            } else {
                Standing::Awaited
            }
        })
    }

    /// Whether nothing more is to be waited for from it.
    pub(super) fn has_answered(&self, revision: Revision) -> bool {
        self.left.load(Ordering::SeqCst) || self.standing(revision) != Standing::Awaited
    }

    fn with<T>(&self, work: impl FnOnce(&mut Progress) -> T) -> T {
        work(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
