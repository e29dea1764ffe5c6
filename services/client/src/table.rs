//! The routing table a process holds: read without waiting, replaced as a
//! whole, and never by an older one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use lictor_domain::routing::ApplyError;
use lictor_domain::rule::{RuleSet, TooManyPatterns};
use lictor_domain::{ClusterName, ClusterRoute, Endpoint, Hints, Revision, RoutingTable};
use lictor_wire::WireError;
use lictor_wire::v1;
use thiserror::Error;
use tokio::sync::watch;

use crate::telemetry;
use crate::uses::{Uses, held};

/// Why an update was not taken.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[from] WireError),
    /// It does not fit the table.
    #[error("it does not fit")]
    Unfit(#[from] ApplyError),
    /// Its rules are of no use.
    #[error("its query rules cannot be used")]
    Rules(#[from] TooManyPatterns),
}

/// A table, and what was made ready from it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) table: Arc<RoutingTable>,
    /// Its query rules, compiled.
    pub(crate) rules: Arc<RuleSet>,
}

impl Snapshot {
    /// The table with its rules, which are compiled only when they changed.
    fn of(table: RoutingTable, before: &Self) -> Result<Self, TooManyPatterns> {
        let rules = if table.query_rules == before.table.query_rules {
            Arc::clone(&before.rules)
        } else {
            Arc::new(RuleSet::new(&table.query_rules)?)
        };
        Ok(Self {
            table: Arc::new(table),
            rules,
        })
    }
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            table: Arc::default(),
            rules: Arc::new(RuleSet::default()),
        }
    }
}

/// What changes the table.
#[derive(Clone, Debug)]
pub(crate) enum Update {
    Snapshot(v1::RoutingTable),
    Delta(v1::RoutingDelta),
}

impl Update {
    /// Where it leads.
    pub(crate) const fn revision(&self) -> Option<v1::Revision> {
        match self {
            Self::Snapshot(table) => table.revision,
            Self::Delta(delta) => delta.to,
        }
    }
}

/// The last good table. There is one writer, the subscription.
#[derive(Debug)]
pub(crate) struct Table {
    held: Arc<ArcSwap<Snapshot>>,
    hints: watch::Sender<Arc<Hints>>,
    uses: Arc<Uses>,
    revision: watch::Sender<Option<Revision>>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            held: Arc::default(),
            hints: watch::Sender::default(),
            uses: Arc::default(),
            revision: watch::Sender::new(None),
        }
    }

    pub(crate) fn load(&self) -> Arc<RoutingTable> {
        Arc::clone(&self.held.load().table)
    }

    /// Looks at the table without taking a share of it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&RoutingTable) -> T) -> T {
        look(&self.held.load().table)
    }

    /// For those who look again and again.
    pub(crate) fn held(&self) -> Arc<ArcSwap<Snapshot>> {
        Arc::clone(&self.held)
    }

    /// What is known of the nodes now.
    pub(crate) fn hints(&self) -> watch::Receiver<Arc<Hints>> {
        self.hints.subscribe()
    }

    /// Takes other hints; whether they could be read. If not, nothing is known.
    pub(crate) fn hint(&self, hints: v1::Hints) -> Result<(), WireError> {
        let hints = hints.try_into();
        let (known, result) = match hints {
            Ok(hints) => (hints, Ok(())),
            Err(error) => (Hints::default(), Err(error)),
        };
        self.hints.send_replace(Arc::new(known));
        result
    }

    /// There is no stream: nobody knows the lags any more. The shares stay, for
    /// nobody gave them up.
    pub(crate) fn forget_lags(&self) {
        self.hints.send_modify(|hints| {
            for hint in Arc::make_mut(hints).nodes.values_mut() {
                hint.lag_at_most = None;
            }
        });
    }

    /// Who uses writers.
    pub(crate) const fn uses(&self) -> &Arc<Uses> {
        &self.uses
    }

    /// Whether nobody uses the writer of a cluster whose writes are held.
    pub(crate) fn keeps_holds(&self) -> bool {
        self.uses.keep(&self.load())
    }

    /// Waits until nobody does.
    pub(crate) async fn holds_kept(&self) {
        let mut ends = self.uses.ends();
        while !self.keeps_holds() {
            // The sender is in `self`, so it is not gone while we wait.
            let _ = ends.changed().await;
        }
    }

    /// The revision held; none before the first table.
    pub(crate) fn revision(&self) -> Option<Revision> {
        *self.revision.borrow()
    }

    /// Tells of each new revision; it is marked as seen up to now.
    pub(crate) fn changes(&self) -> watch::Receiver<Option<Revision>> {
        self.revision.subscribe()
    }

    /// Takes an update as a whole, or nothing of it.
    pub(crate) fn take(&self, update: Update) -> Result<Revision, Refusal> {
        let before = self.load();
        let mut table = RoutingTable::clone(&before);
        match update {
            Update::Snapshot(snapshot) => table.replace(snapshot.try_into()?)?,
            Update::Delta(delta) => table.apply(delta.try_into()?)?,
        }
        let holds = held(&table);
        let revision = self.hold(table)?;
        for subject in holds.difference(&held(&before)) {
            telemetry::held(subject);
        }
        Ok(revision)
    }

    /// Begins with a table that was good in an earlier life of this process.
    pub(crate) fn begin_with(&self, table: RoutingTable) -> Result<(), TooManyPatterns> {
        self.hold(table).map(drop)
    }

    fn hold(&self, table: RoutingTable) -> Result<Revision, TooManyPatterns> {
        let revision = table.revision;
        let snapshot = Snapshot::of(table, &self.held.load())?;
        self.held.store(Arc::new(snapshot));
        self.revision.send_replace(Some(revision));
        telemetry::table_taken(revision);
        Ok(revision)
    }

    /// Waits until the cluster's route gives an answer.
    pub(crate) async fn wait_for<T>(
        &self,
        cluster: &ClusterName,
        mut answer: impl FnMut(&ClusterRoute) -> Option<T>,
    ) -> T {
        let mut changes = self.changes();
        loop {
            if let Some(answer) = self.load().clusters.get(cluster).and_then(&mut answer) {
                return answer;
            }
            // The sender is in `self`, so it is not gone while we wait.
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until another node than `writer` takes the cluster's writes.
    pub(crate) async fn moved_from(&self, cluster: &ClusterName, writer: &Endpoint) -> Endpoint {
        self.wait_for(cluster, |route| {
            route.writer().filter(|now| *now != writer).cloned()
        })
        .await
    }
}
