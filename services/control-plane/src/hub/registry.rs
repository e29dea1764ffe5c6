//! Who is subscribed, and how each stands: what was sent, acknowledged and
//! refused. A subscriber is here exactly as long as its subscription lives.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain::{ClusterName, Mono, Revision};
use thiserror::Error;
use tokio::sync::watch;

use super::cursor::Filter;
use crate::telemetry;

/// Subscribers at most.
const MAX: usize = 20_000;
/// Revisions whose sending is remembered until they are acknowledged.
const ON_THEIR_WAY: usize = 32;

/// The hub has as many subscribers as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there are {MAX} subscribers already, and no more are taken; ask another instance")]
pub(crate) struct TooMany;

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
    /// The clusters it wants.
    pub(crate) filter: Filter,
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
    on_their_way: VecDeque<(Revision, Mono)>,
}

/// How a subscriber stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscriber {
    /// Who it is.
    pub(crate) introduction: Introduction,
    /// When it connected.
    pub(crate) connected_at: DateTime<Utc>,
    /// What passed since.
    pub(crate) progress: Progress,
}

/// How subscribers stand to a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acks {
    /// How many it concerns.
    pub(crate) of: u32,
    /// Those that acknowledged it.
    pub(crate) acked: u32,
    /// Those whose answer is still to come.
    pub(super) awaited: u32,
}

/// Everyone who is subscribed.
#[derive(Debug, Default)]
pub(super) struct Registry {
    next: AtomicU64,
    /// Told of every answer, and of everyone who leaves.
    answers: watch::Sender<()>,
    entries: Mutex<BTreeMap<u64, Arc<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    introduction: Introduction,
    connected_at: DateTime<Utc>,
    progress: Mutex<Progress>,
}

/// A place in the registry, until it is dropped.
#[derive(Debug)]
pub(super) struct Membership {
    registry: Arc<Registry>,
    key: u64,
    entry: Arc<Entry>,
}

impl Registry {
    pub(super) fn join(
        registry: &Arc<Self>,
        introduction: Introduction,
    ) -> Result<Membership, TooMany> {
        let entry = Arc::new(Entry {
            introduction,
            connected_at: crate::clock::now().wall,
            progress: Mutex::default(),
        });
        let key = registry.next.fetch_add(1, Ordering::Relaxed);
        registry.with(|entries| {
            if entries.len() >= MAX {
                return Err(TooMany);
            }
            entries.insert(key, entry.clone());
            Ok(())
        })?;
        Ok(Membership {
            registry: registry.clone(),
            key,
            entry,
        })
    }

    pub(super) fn everyone(&self) -> Vec<Subscriber> {
        let entries: Vec<_> = self.with(|entries| entries.values().cloned().collect());
        let mut everyone: Vec<_> = entries.iter().map(|entry| entry.subscriber()).collect();
        everyone.sort_by(|a, b| a.introduction.id.cmp(&b.introduction.id));
        everyone
    }

    pub(super) fn count(&self) -> u32 {
        self.with(|entries| number(entries.len()))
    }

    /// How many want the cluster.
    pub(super) fn concerned(&self, name: &ClusterName) -> u32 {
        let wants = |entry: &&Arc<Entry>| entry.introduction.filter.wants(name);
        self.with(|entries| number(entries.values().filter(wants).count()))
    }

    /// Tells of every answer, and of everyone who leaves.
    pub(super) fn answers(&self) -> watch::Receiver<()> {
        self.answers.subscribe()
    }

    /// How those who want the cluster stand to a revision.
    pub(super) fn standing(&self, name: &ClusterName, revision: Revision) -> Acks {
        let mut acks = Acks::default();
        self.with(|entries| {
            let concerned = entries
                .values()
                .filter(|entry| entry.introduction.filter.wants(name));
            for entry in concerned {
                acks.of += 1;
                entry.with(|progress| {
                    let refused = progress.last_nack.as_ref();
                    if progress.acked >= Some(revision) {
                        acks.acked += 1;
                    } else if refused.is_none_or(|refusal| refusal.revision < revision) {
                        acks.awaited += 1;
                    }
                });
            }
        });
        acks
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<u64, Arc<Entry>>) -> T) -> T {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let before = entries.len();
        let done = work(&mut entries);
        if entries.len() != before {
            telemetry::subscribed(number(entries.len()));
        }
        done
    }
}

impl Entry {
    fn subscriber(&self) -> Subscriber {
        Subscriber {
            introduction: self.introduction.clone(),
            connected_at: self.connected_at,
            progress: self.with(|progress| progress.clone()),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Progress) -> T) -> T {
        work(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Membership {
    pub(super) fn introduction(&self) -> &Introduction {
        &self.entry.introduction
    }

    /// It came back holding `revision`.
    pub(super) fn held(&self, revision: Revision) {
        self.entry.with(|progress| {
            progress.sent = Some(revision);
            progress.acked = Some(revision);
        });
    }

    pub(super) fn sent(&self, revision: Revision, now: Mono) {
        self.entry.with(|progress| {
            progress.sent = Some(revision);
            if progress.on_their_way.len() == ON_THEIR_WAY {
                progress.on_their_way.pop_front();
            }
            progress.on_their_way.push_back((revision, now));
        });
    }

    pub(super) fn acked(&self, revision: Revision, now: Mono) {
        self.entry.with(|progress| {
            progress.acked = progress.acked.max(Some(revision));
            while let Some((sent, at)) = progress.on_their_way.front().copied()
                && sent <= revision
            {
                progress.on_their_way.pop_front();
                progress.ack_delay = Some(now.since(at));
            }
        });
        self.registry.answers.send_replace(());
    }

    pub(super) fn nacked(&self, refusal: Refusal) {
        self.entry.with(|progress| {
            progress
                .on_their_way
                .retain(|(sent, _)| *sent != refusal.revision);
            progress.nacks += 1;
            progress.last_nack = Some(refusal);
        });
        self.registry.answers.send_replace(());
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.registry.with(|entries| entries.remove(&self.key));
        self.registry.answers.send_replace(());
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
