//! Where one subscriber stands, and what it is to be sent next. Pure.
//!
//! Laws: what is sent leads the subscriber from what it holds to the table of
//! a revision, seen through its filter; a revision that changes nothing for it
//! is not sent; one that it refused is not sent again.

use std::collections::BTreeSet;

use lictor_domain::{ClusterName, Revision, RoutingDelta, RoutingTable};
use thiserror::Error;

use super::ledger::{HISTORY, Ledger};

/// Further behind than this many changes, a subscriber gets a snapshot.
pub(super) const LIVE: usize = 16;

/// The clusters a subscriber wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter(BTreeSet<ClusterName>);

impl Filter {
    /// Only these clusters; all when there are none.
    pub(crate) fn new(clusters: impl IntoIterator<Item = ClusterName>) -> Self {
        Self(clusters.into_iter().collect())
    }

    /// The clusters, in order; none means all.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &ClusterName> {
        self.0.iter()
    }

    /// Whether the cluster is one of them.
    pub(crate) fn wants(&self, name: &ClusterName) -> bool {
        self.0.is_empty() || self.0.contains(name)
    }

    /// The part of the table that it lets through.
    pub(crate) fn of_table(&self, table: &RoutingTable) -> RoutingTable {
        let wanted = table.clusters.iter().filter(|(name, _)| self.wants(name));
        RoutingTable {
            revision: table.revision,
            clusters: wanted
                .map(|(name, route)| (name.clone(), route.clone()))
                .collect(),
        }
    }

    fn lets_through(&self, change: &RoutingDelta) -> bool {
        change.changed.iter().any(|route| self.wants(&route.name))
            || change.removed.iter().any(|name| self.wants(name))
    }

    fn of_change(&self, change: &RoutingDelta, from: Revision) -> RoutingDelta {
        let changed = change
            .changed
            .iter()
            .filter(|route| self.wants(&route.name));
        let removed = change.removed.iter().filter(|name| self.wants(name));
        RoutingDelta {
            from,
            to: change.to,
            changed: changed.cloned().collect(),
            removed: removed.cloned().collect(),
        }
    }
}

/// What a subscriber is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    /// The whole table.
    Snapshot(RoutingTable),
    /// What changed.
    Delta(RoutingDelta),
}

impl Update {
    /// The revision it leads to.
    pub(crate) const fn revision(&self) -> Revision {
        match self {
            Self::Snapshot(table) => table.revision,
            Self::Delta(delta) => delta.to,
        }
    }
}

/// An answer to a revision that was never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("revision {0} was not sent on this stream")]
pub(crate) struct NeverSent(Revision);

/// Where one subscriber stands.
#[derive(Debug)]
pub(super) struct Cursor {
    filter: Filter,
    /// What it holds, and the next delta starts from; without it the next
    /// thing sent is a snapshot.
    base: Option<Revision>,
    /// Everything up to here was sent, or does not concern it.
    seen: Option<Revision>,
    /// The last revision sent, or held from before.
    sent: Option<Revision>,
    /// The highest revision it refused.
    refused: Option<Revision>,
    /// Changes it may be behind without getting a snapshot.
    patience: usize,
}

impl Cursor {
    /// A subscriber that holds the table of `last`, or nothing. What it missed
    /// since is sent change by change as far as it is known.
    pub(super) const fn new(filter: Filter, last: Option<Revision>) -> Self {
        Self {
            filter,
            base: last,
            seen: last,
            sent: last,
            refused: None,
            patience: HISTORY,
        }
    }

    /// What to send now; it counts as sent.
    pub(super) fn next(&mut self, ledger: &Ledger) -> Option<Update> {
        let head = ledger.revision();
        if self.seen >= Some(head) {
            return None;
        }
        let Some(missed) = self.seen.and_then(|seen| ledger.since(seen)) else {
            return Some(self.snapshot(ledger));
        };
        let mut missed = missed.filter(|change| self.filter.lets_through(change));
        let Some(first) = missed.next() else {
            self.up_to_date(head);
            return None;
        };
        match self.base {
            Some(base) if missed.count() < self.patience => {
                let delta = self.filter.of_change(first, base);
                self.base = Some(delta.to);
                self.sent = Some(delta.to);
                self.seen = Some(delta.to);
                if delta.to == head {
                    self.up_to_date(head);
                }
                Some(Update::Delta(delta))
            }
            _ => Some(self.snapshot(ledger)),
        }
    }

    /// It holds the table of `revision` now.
    pub(super) fn acked(&mut self, revision: Revision) -> Result<(), NeverSent> {
        self.was_sent(revision)?;
        if self.sent == Some(revision) {
            self.base = Some(revision);
            self.seen = self.seen.max(Some(revision));
        }
        Ok(())
    }

    /// It refused `revision`, and whatever was on its way to be put on top. Once
    /// there is something newer, that is sent as a snapshot. Tells whether the
    /// refusal is news, and not one of what was on its way.
    pub(super) fn nacked(&mut self, revision: Revision) -> Result<bool, NeverSent> {
        self.was_sent(revision)?;
        // Each refusal can cause one more snapshot, so none counts twice.
        if self.refused >= Some(revision) {
            return Ok(false);
        }
        self.refused = Some(revision);
        self.base = None;
        self.seen = Some(revision);
        Ok(true)
    }

    fn was_sent(&self, revision: Revision) -> Result<(), NeverSent> {
        match self.sent {
            Some(sent) if revision <= sent => Ok(()),
            _ => Err(NeverSent(revision)),
        }
    }

    fn snapshot(&mut self, ledger: &Ledger) -> Update {
        let table = self.filter.of_table(&ledger.table());
        self.base = Some(table.revision);
        self.sent = Some(table.revision);
        self.up_to_date(table.revision);
        Update::Snapshot(table)
    }

    const fn up_to_date(&mut self, head: Revision) {
        self.seen = Some(head);
        self.patience = LIVE;
    }
}
