//! The routing hub: the table as it is, its recent history, and everyone who
//! subscribes to it.
//!
//! Before the first term there is no table, and subscribers wait: empty is
//! never truth. Publishing takes no longer than copying the table and waking
//! the subscribers; it waits for none of them, for it is on the critical path
//! of a failover. Nothing is queued for a subscriber: each pulls, from the
//! revision it holds, and one that falls behind skips to the latest state. So
//! memory is bounded whatever subscribers do.
//!
//! It knows nothing of gRPC, and decides nothing about routes.

mod cursor;
mod ledger;
mod registry;
mod subscription;

use std::sync::Arc;
use std::time::Duration;

use lictor_domain::{ClusterName, ClusterRoute, Revision, RoutingTable, Term};
use tokio::sync::watch;

pub(crate) use self::cursor::{Filter, NeverSent, Update};
use self::ledger::{Ledger, Refused};
use self::registry::Registry;
pub(crate) use self::registry::{Acks, Introduction, Subscriber, SubscriberKind, TooMany};
pub(crate) use self::subscription::Subscription;
use crate::telemetry;

/// The hub. A clone is the same hub.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hub {
    ledger: Arc<watch::Sender<Option<Arc<Ledger>>>>,
    registry: Arc<Registry>,
}

/// What came of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// The table's revision now.
    pub(crate) revision: Revision,
    /// Subscribers the new revision goes to; none when nothing changed.
    pub(crate) subscribers: u32,
}

impl Hub {
    /// Starts a term with a complete table, under its first revision.
    pub(crate) fn begin(&self, term: Term, routes: Vec<ClusterRoute>) {
        self.change(|held| Ledger::begun(held, term, routes).map(Some));
    }

    /// Publishes a cluster's route. A new revision comes of it only if the
    /// route differs; one of a term that is not the table's, or of an older
    /// epoch, is refused and logged.
    pub(crate) fn publish(&self, term: Term, route: ClusterRoute) -> Published {
        let name = route.name.clone();
        let changed = self.change(|held| Ledger::in_term(held, term)?.published(route));
        changed.map_or_else(
            || Published {
                revision: self.revision().unwrap_or_default(),
                subscribers: 0,
            },
            |revision| Published {
                revision,
                subscribers: self.registry.concerned(&name),
            },
        )
    }

    /// The table; `None` before the first term.
    pub(crate) fn table(&self) -> Option<Arc<RoutingTable>> {
        self.ledger.borrow().as_ref().map(|ledger| ledger.table())
    }

    /// Takes up a subscriber, which holds the table of `last` or nothing.
    ///
    /// # Errors
    /// [`TooMany`], when the hub has as many as it takes.
    pub(crate) fn subscribe(
        &self,
        introduction: Introduction,
        last: Option<Revision>,
    ) -> Result<Subscription, TooMany> {
        let head = self.revision();
        if let (Some(last), Some(head)) = (last, head)
            && last > head
        {
            tracing::warn!(
                subscriber = introduction.id, %last, %head,
                "it holds a newer revision than there is here; it is sent the next one above"
            );
        }
        let membership = Registry::join(&self.registry, introduction)?;
        Ok(Subscription::begin(
            membership,
            self.ledger.subscribe(),
            last,
        ))
    }

    /// Waits until everyone who wants the cluster has answered to `revision`, at
    /// most so long; how they stand then.
    pub(crate) async fn acknowledged(
        &self,
        name: &ClusterName,
        revision: Revision,
        within: Duration,
    ) -> Acks {
        let mut answers = self.registry.answers();
        let everyone = async {
            while self.registry.standing(name, revision).awaited > 0 {
                // The registry outlives the wait.
                let _ = answers.changed().await;
            }
        };
        let _ = tokio::time::timeout(within, everyone).await;
        self.registry.standing(name, revision)
    }

    /// How many want the cluster.
    pub(crate) fn concerned(&self, name: &ClusterName) -> u32 {
        self.registry.concerned(name)
    }

    /// Everyone who is subscribed, in order of id.
    pub(crate) fn everyone(&self) -> Vec<Subscriber> {
        self.registry.everyone()
    }

    /// How many are subscribed.
    pub(crate) fn subscribers(&self) -> u32 {
        self.registry.count()
    }

    /// The term of the table; `None` before the first.
    pub(crate) fn term(&self) -> Option<Term> {
        self.revision().map(|revision| revision.term)
    }

    /// The table's revision; `None` before the first term.
    pub(crate) fn revision(&self) -> Option<Revision> {
        self.ledger.borrow().as_ref().map(|held| held.revision())
    }

    /// Replaces the ledger and wakes everyone, if `step` gives another one; its
    /// revision then.
    fn change(
        &self,
        step: impl FnOnce(Option<&Ledger>) -> Result<Option<Ledger>, Refused>,
    ) -> Option<Revision> {
        let mut made = None;
        self.ledger.send_if_modified(|held| {
            match step(held.as_deref()) {
                Ok(Some(ledger)) => {
                    made = Some(ledger.revision());
                    *held = Some(Arc::new(ledger));
                }
                Ok(None) => {}
                Err(refused) => tracing::warn!(%refused, "a route was not published"),
            }
            made.is_some()
        });
        if let Some(revision) = made {
            telemetry::published(revision);
        }
        made
    }
}

#[cfg(test)]
mod tests;
