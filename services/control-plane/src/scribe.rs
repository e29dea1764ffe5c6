//! Writes down what a cluster's keeper has done: recoveries, the primacy,
//! quarantines. It is never on a failover's critical path; it keeps the order
//! and tries each entry until it holds or the reign ends.

use std::time::Duration;

use lictor_domain::{ClusterName, Epoch, NodeName, Quarantine, Recovery};
use lictor_store::StoreError;
use tokio::sync::mpsc;

use crate::app::Shared;
use crate::intent;
use crate::leadership::Reign;

/// Entries that may wait; a cluster makes a handful in a failover.
const QUEUE: usize = 256;
const PAUSE: Duration = Duration::from_millis(500);

/// Something to be written down.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A recovery, as it stands.
    Recovery(Box<Recovery>),
    /// A new primacy.
    Primary(Epoch, NodeName),
    /// A node is kept out of every pool, or let back.
    Quarantine(NodeName, Option<Quarantine>),
}

/// Takes entries for one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Scribe {
    entries: mpsc::Sender<Entry>,
}

impl Scribe {
    /// Starts a scribe; it ends with the reign.
    pub(crate) fn start(app: Shared, reign: Reign, cluster: ClusterName) -> Self {
        let (entries, inbox) = mpsc::channel(QUEUE);
        let tasks = app.tasks.clone();
        tasks.spawn(write_all(app, reign, cluster, inbox));
        Self { entries }
    }

    /// Has an entry written down. It never waits.
    pub(crate) fn note(&self, entry: Entry) {
        if let Err(error) = self.entries.try_send(entry) {
            tracing::error!(%error, "history is lost: too much waits to be written");
        }
    }
}

async fn write_all(
    app: Shared,
    reign: Reign,
    cluster: ClusterName,
    mut inbox: mpsc::Receiver<Entry>,
) {
    let work = async {
        while let Some(entry) = inbox.recv().await {
            if let Entry::Recovery(record) = &entry {
                keep_in_consul(&app, record).await;
            }
            until_it_holds(&app, &reign, &cluster, &entry).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = reign.end.cancelled() => {}
    }
}

async fn keep_in_consul(app: &Shared, record: &Recovery) {
    if let Err(error) = intent::save(&app.consul, record).await {
        tracing::warn!(%error, cluster = %record.cluster, "recovery not copied to Consul");
    }
}

async fn until_it_holds(app: &Shared, reign: &Reign, cluster: &ClusterName, entry: &Entry) {
    loop {
        match write(app, reign, cluster, entry).await {
            Ok(()) => return,
            Err(StoreError::StaleTerm { current, .. }) => {
                reign.deposed_by_postgres(current);
                return;
            }
            Err(StoreError::Unavailable(error)) => {
                tracing::warn!(%error, %cluster, "Postgres is away; writing it down later");
            }
            Err(error) => {
                tracing::error!(%error, %cluster, ?entry, "cannot be written down");
                return;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn write(
    app: &Shared,
    reign: &Reign,
    cluster: &ClusterName,
    entry: &Entry,
) -> Result<(), StoreError> {
    match entry {
        Entry::Recovery(record) => app.store.recovery_save(reign.term, record).await,
        Entry::Primary(epoch, primary) => {
            app.store
                .cluster_set_primary(reign.term, cluster, *epoch, primary)
                .await
        }
        Entry::Quarantine(node, quarantine) => {
            app.store
                .node_set_quarantine(reign.term, node, quarantine.as_ref())
                .await
        }
    }
}
