//! The routing table a process holds: read without waiting, replaced as a
//! whole, and never by an older one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use lictor_domain::routing::ApplyError;
use lictor_domain::{ClusterName, ClusterRoute, Endpoint, Revision, RoutingTable};
use lictor_wire::WireError;
use lictor_wire::v1::subscribe_response::Message;
use thiserror::Error;
use tokio::sync::watch;

use crate::uses::Uses;

/// Why an update was not taken.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[from] WireError),
    /// It does not fit the table.
    #[error("it does not fit")]
    Unfit(#[from] ApplyError),
}

/// The last good table. There is one writer, the subscription.
#[derive(Debug)]
pub(crate) struct Table {
    held: ArcSwap<RoutingTable>,
    uses: Arc<Uses>,
    revision: watch::Sender<Option<Revision>>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            held: ArcSwap::default(),
            uses: Arc::default(),
            revision: watch::Sender::new(None),
        }
    }

    pub(crate) fn load(&self) -> Arc<RoutingTable> {
        self.held.load_full()
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
    pub(crate) fn take(&self, update: Message) -> Result<Revision, Refusal> {
        let mut table = RoutingTable::clone(&self.held.load());
        match update {
            Message::Snapshot(snapshot) => table.replace(snapshot.try_into()?)?,
            Message::Delta(delta) => table.apply(delta.try_into()?)?,
        }
        let revision = table.revision;
        self.held.store(Arc::new(table));
        self.revision.send_replace(Some(revision));
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
