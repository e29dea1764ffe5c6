//! The routing hub: the table as it is, its recent history, and everyone who
//! subscribes to it.
//!
//! Before the first term there is no table, and subscribers wait: empty is
//! never truth. Publishing works out what changed once for each filter that
//! somebody has, and wakes the subscribers; it waits for none of them, for it is
//! on the critical path of a failover. Nothing is queued for a subscriber: each
//! pulls, from the revision it holds, and one that falls behind skips to the
//! latest state. So memory is bounded whatever subscribers do.
//!
//! While another instance leads the table is that one's, under its revisions, and
//! those who subscribe here stand behind this instance there. Whoever leads, a
//! revision never falls.
//!
//! It knows nothing of gRPC, and decides nothing about routes.

mod answers;
mod behind;
mod cursor;
mod filter;
mod ledger;
mod parcel;
mod registry;
mod sight;
mod subscriber;
mod subscription;
mod view;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lictor_domain::{ClusterName, ClusterRoute, Config, Hints, Revision, RoutingTable, Term};
use tokio::sync::watch;

use self::answers::Answers;
pub(crate) use self::behind::{Behind, Share};
use self::cursor::Cursor;
pub(crate) use self::cursor::NeverSent;
pub(crate) use self::filter::Filter;
use self::ledger::{Ledger, Refused};
pub(crate) use self::parcel::{Next, Update};
pub(crate) use self::registry::TooMany;
use self::registry::{Membership, Registry};
use self::subscriber::Entry;
pub(crate) use self::subscriber::{Introduction, Subscriber, SubscriberKind};
pub(crate) use self::subscription::Subscription;
use self::view::View;
use crate::telemetry;

/// The hub. A clone is the same hub.
#[derive(Clone, Debug)]
pub(crate) struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Subscribers at most.
    most: u32,
    /// `None` before the first term.
    state: Mutex<(Option<Ledger>, Registry)>,
    answers: Answers,
    revised: watch::Sender<Revision>,
    ended: AtomicBool,
}

/// What came of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// The table's revision now.
    pub(crate) revision: Revision,
    /// Subscribers the new revision goes to; none when nothing changed.
    pub(crate) subscribers: u32,
}

/// How subscribers stand to a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acks {
    /// How many it concerns.
    pub(crate) of: u32,
    /// Those that acknowledged it.
    pub(crate) acked: u32,
}

impl Hub {
    /// A hub for so many subscribers.
    pub(crate) fn new(most: u32) -> Self {
        Self(Arc::new(Inner {
            most,
            state: Mutex::default(),
            answers: Answers::default(),
            revised: watch::Sender::default(),
            ended: AtomicBool::new(false),
        }))
    }

    /// Subscribers at most.
    pub(crate) fn most(&self) -> u32 {
        self.0.most
    }

    /// Starts a term with a complete table, under its first revision.
    pub(crate) fn begin(&self, term: Term, config: Arc<Config>, routes: Vec<ClusterRoute>) {
        self.change(|ledger| {
            match ledger {
                Some(ledger) => ledger.begin(term, config, routes)?,
                None => *ledger = Some(Ledger::new(term, config, routes)),
            }
            Ok(true)
        });
    }

    /// Puts another configuration in force. A new revision comes of it only if the
    /// table differs.
    pub(crate) fn configure(&self, term: Term, config: Arc<Config>) -> Published {
        self.change(|ledger| {
            let ledger = ledger.as_mut().ok_or(Refused::NotBegun { term })?;
            ledger.configure(term, config)
        })
    }

    /// Publishes a cluster's route. A new revision comes of it only if the
    /// route differs; one of a term that is not the table's, or of an older
    /// epoch, is refused and logged.
    pub(crate) fn publish(&self, term: Term, route: ClusterRoute) -> Published {
        self.change(|ledger| {
            let ledger = ledger.as_mut().ok_or(Refused::NotBegun { term })?;
            ledger.publish(term, route)
        })
    }

    /// Takes over the leader's table, under its revision; what came of it. One that
    /// is not above the table here, or has a route of an older epoch, is refused.
    pub(crate) fn adopt(&self, table: RoutingTable) -> Published {
        self.change(|held| {
            if let Some(ledger) = held {
                return ledger.adopt(table);
            }
            *held = Some(Ledger::relayed(table));
            Ok(true)
        })
    }

    /// Whether the table is another instance's.
    pub(crate) fn is_relayed(&self) -> bool {
        self.with(|ledger, _| ledger.as_ref().is_some_and(Ledger::is_relayed))
    }

    /// Who is subscribed, for the leader to know.
    pub(crate) fn behind(&self) -> Behind {
        let table = self.table();
        let clusters = table.iter().flat_map(|table| table.clusters.keys());
        let shares = clusters.map(|name| {
            let share = Share {
                subscribers: self.concerned(name),
                pools: self.pools(name),
            };
            (name.clone(), share)
        });
        Behind {
            subscribers: self.subscribers(),
            clusters: shares.filter(|(_, it)| *it != Share::default()).collect(),
        }
    }

    /// Tells those who want hints what is known now of the nodes of each cluster,
    /// if that is news to them.
    pub(crate) fn hint(&self, told: &BTreeMap<ClusterName, Hints>) {
        for view in self.views() {
            if view.hint(told) {
                view.wake();
            }
        }
    }

    /// The table; `None` before the first term.
    pub(crate) fn table(&self) -> Option<Arc<RoutingTable>> {
        self.with(|ledger, _| ledger.as_ref().map(|ledger| ledger.table().clone()))
    }

    /// Takes up a subscriber, which holds the table of `last` or nothing.
    ///
    /// # Errors
    /// [`TooMany`], when the hub has as many as it takes.
    pub(crate) fn subscribe(
        &self,
        introduction: Introduction,
        filter: Filter,
        last: Option<Revision>,
    ) -> Result<Subscription, TooMany> {
        let entry = Arc::new(Entry::new(introduction, last));
        let (head, known, joined) = self.with(|ledger, registry| {
            let ledger = ledger.as_ref();
            let known = ledger
                .zip(last)
                .is_some_and(|(ledger, last)| ledger.knows(last));
            let joined = registry.join(filter, entry.clone(), ledger, self.0.most);
            (ledger.map(Ledger::revision), known, joined)
        });
        let (view, key) = joined?;
        if let Some((last, head)) = last.zip(head)
            && last > head
        {
            tracing::warn!(
                subscriber = entry.introduction.id, %last, %head,
                "it holds a newer revision than there is here; it is sent the next one above"
            );
        }
        let membership = Membership {
            hub: self.clone(),
            view,
            entry,
            key,
        };
        Ok(Subscription::new(membership, Cursor::new(last, known)))
    }

    /// Waits until everyone who wants the cluster has answered to `revision`, at
    /// most so long; how they stand then.
    pub(crate) async fn acknowledged(
        &self,
        name: &ClusterName,
        revision: Revision,
        within: Duration,
    ) -> Acks {
        self.answered_by(|| self.concerning(name), revision, within)
            .await;
        standing(&self.concerning(name), revision, Some(name))
    }

    /// The same for everyone, whatever they want of the table.
    pub(crate) async fn acknowledged_by_all(&self, revision: Revision, within: Duration) -> Acks {
        self.answered_by(|| self.views(), revision, within).await;
        standing(&self.views(), revision, None)
    }

    async fn answered_by(
        &self,
        whom: impl Fn() -> Vec<Arc<View>>,
        revision: Revision,
        within: Duration,
    ) {
        let everyone = async {
            let waiting = self.0.answers.wait();
            loop {
                // Again from the start after all have answered, for those who
                // came meanwhile.
                let awaited = awaited(&whom(), revision);
                if awaited.is_empty() {
                    break;
                }
                for (entry, due) in awaited {
                    waiting.until(|| entry.has_answered(due)).await;
                }
            }
        };
        let _ = tokio::time::timeout(within, everyone).await;
    }

    /// How many want the cluster.
    pub(crate) fn concerned(&self, name: &ClusterName) -> u32 {
        let views = self.concerning(name);
        let each = views.iter().map(|view| view.stand_for(Some(name)));
        each.fold(0, u32::saturating_add)
    }

    /// How many pools of connections they keep to each of its nodes.
    pub(crate) fn pools(&self, name: &ClusterName) -> u32 {
        let pools = |view: &Arc<View>| {
            let members = view.members();
            let pools = members.values().map(|entry| entry.pools(name));
            pools.fold(0, u32::saturating_add)
        };
        let views = self.concerning(name);
        views.iter().map(pools).fold(0, u32::saturating_add)
    }

    /// Everyone who is subscribed, in order of id.
    pub(crate) fn everyone(&self) -> Vec<Subscriber> {
        let mut everyone = vec![];
        for view in self.views() {
            let entries: Vec<_> = view.members().values().cloned().collect();
            everyone.extend(entries.iter().map(|entry| Subscriber {
                introduction: entry.introduction.clone(),
                filter: view.filter().clone(),
                connected_at: entry.connected_at,
                progress: entry.progress(),
            }));
        }
        everyone.sort_by(|a, b| a.introduction.id.cmp(&b.introduction.id));
        everyone
    }

    /// How many are subscribed, here and behind those who relay.
    pub(crate) fn subscribers(&self) -> u32 {
        let views = self.views();
        let each = views.iter().map(|view| view.stand_for(None));
        each.fold(0, u32::saturating_add)
    }

    /// How many are subscribed here, those that relay not counted.
    pub(crate) fn served(&self) -> u32 {
        let relays = |one: &Subscriber| one.introduction.kind == SubscriberKind::Lictord;
        let everyone = self.everyone();
        let served = everyone.iter().filter(|one| !relays(one)).count();
        u32::try_from(served).unwrap_or(u32::MAX)
    }

    /// The term of the table; `None` before the first.
    pub(crate) fn term(&self) -> Option<Term> {
        self.revision().map(|revision| revision.term)
    }

    /// How all who are subscribed stand to the table.
    pub(crate) fn standing(&self) -> Acks {
        standing(&self.views(), self.revision().unwrap_or_default(), None)
    }

    /// Tells each new revision of the table, or the newest of several.
    pub(crate) fn revised(&self) -> watch::Receiver<Revision> {
        self.0.revised.subscribe()
    }

    /// The table's revision; `None` before the first term.
    pub(crate) fn revision(&self) -> Option<Revision> {
        self.with(|ledger, _| ledger.as_ref().map(Ledger::revision))
    }

    /// Ends every subscription.
    pub(crate) fn end(&self) {
        self.0.ended.store(true, Ordering::SeqCst);
        for view in self.views() {
            view.wake();
        }
    }

    fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::SeqCst)
    }

    fn answered(&self) {
        self.0.answers.came();
    }

    fn views(&self) -> Vec<Arc<View>> {
        self.with(|_, registry| registry.views().cloned().collect())
    }

    /// The views of those who want the cluster.
    fn concerning(&self, name: &ClusterName) -> Vec<Arc<View>> {
        let mut views = self.views();
        views.retain(|view| view.concerns(name));
        views
    }

    /// Changes the table, and wakes everyone who is to know.
    fn change(&self, step: impl FnOnce(&mut Option<Ledger>) -> Result<bool, Refused>) -> Published {
        let (revision, changed) = self.with(|held, registry| {
            let term = held.as_ref().map(|ledger| ledger.revision().term);
            let changed = step(held).unwrap_or_else(|refused| {
                tracing::warn!(%refused, "the table was not changed");
                false
            });
            let Some(ledger) = held.as_ref() else {
                return (Revision::default(), vec![]);
            };
            if !changed {
                return (ledger.revision(), vec![]);
            }
            telemetry::published(ledger.revision());
            let begun = term != Some(ledger.revision().term);
            let views = registry.views();
            let concerned = views.filter(|view| view.follow(ledger) || begun);
            (ledger.revision(), concerned.cloned().collect())
        });
        let mut subscribers = 0;
        for view in changed {
            subscribers += view.stand_for(None);
            view.wake();
        }
        self.0.revised.send_if_modified(|told| {
            let newer = revision > *told;
            *told = revision.max(*told);
            newer
        });
        Published {
            revision,
            subscribers,
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<Ledger>, &mut Registry) -> T) -> T {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (ledger, registry) = &mut *state;
        work(ledger, registry)
    }
}

/// Who has not answered to `revision`, and what each is to acknowledge.
fn awaited(views: &[Arc<View>], revision: Revision) -> Vec<(Arc<Entry>, Revision)> {
    let mut awaited = vec![];
    for view in views {
        let due = view.due(revision);
        let members = view.members();
        let late = members.values().filter(|entry| !entry.has_answered(due));
        awaited.extend(late.map(|entry| (entry.clone(), due)));
    }
    awaited
}

fn standing(views: &[Arc<View>], revision: Revision, cluster: Option<&ClusterName>) -> Acks {
    let mut acks = Acks::default();
    for view in views {
        let due = view.due(revision);
        for entry in view.members().values() {
            acks.of = acks.of.saturating_add(entry.stands_for(cluster));
            let acked = entry.have_acked(cluster, due);
            acks.acked = acks.acked.saturating_add(acked);
        }
    }
    acks
}

#[cfg(test)]
mod tests;
