//! One reign: what a leader does from the moment it leads until it stops.
//!
//! It takes over every cluster from the store, looks at all of them once, and
//! only then opens the routing table: an incomplete table would tell
//! subscribers that clusters are gone.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use lictor_domain::{Cluster, ClusterName, Recovery, RecoveryOutcome};
use lictor_engine::keeper::Inheritance;
use lictor_store::StoreError;
use tokio::sync::{mpsc, watch};

use crate::app::Shared;
use crate::catalog;
use crate::fleet;
use crate::intent;
use crate::leadership::Reign;
use crate::snapshot::Snapshot;
use crate::steward::Steward;

/// Between two tries to read what a reign needs.
const PAUSE: Duration = Duration::from_millis(300);
/// How long the first look at every node may take.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// Reigns until the reign ends.
pub(crate) async fn run(app: Shared, reign: Reign) {
    let end = reign.end.clone();
    tokio::select! {
        () = begin(&app, &reign) => end.cancelled().await,
        () = end.cancelled() => {}
    }
    app.fleet.clear();
}

async fn begin(app: &Shared, reign: &Reign) {
    let (open, opened) = watch::channel(false);
    let mut handles = Vec::new();
    for inheritance in inherit(app, reign).await {
        handles.push(take_up(app, reign, inheritance, opened.clone()));
    }
    let first_look = all_complete(&handles);
    if tokio::time::timeout(FIRST_LOOK, first_look).await.is_err() {
        tracing::warn!("some nodes have not been seen yet");
    }
    let routes = handles
        .iter()
        .map(|handle| handle.snapshot.borrow().route.clone());
    app.hub.begin(reign.term, routes.collect());
    open.send_replace(true);
    adopt_newcomers(app, reign, &opened).await;
}

/// Starts the steward of one cluster, and what follows it.
fn take_up(
    app: &Shared,
    reign: &Reign,
    inheritance: Inheritance,
    opened: watch::Receiver<bool>,
) -> fleet::Steward {
    let steward = Steward::new(app, reign, inheritance, opened);
    let handle = steward.handle();
    app.fleet.enter(steward.name(), handle.clone());
    let catalog = catalog::keep(app.clone(), reign.clone(), handle.snapshot.clone());
    app.tasks.spawn(catalog);
    app.tasks.spawn(steward.run());
    handle
}

async fn all_complete(handles: &[fleet::Steward]) {
    for handle in handles {
        let mut snapshot = handle.snapshot.clone();
        // The steward outlives this wait, or the reign is over anyway.
        let complete = |snapshot: &Arc<Snapshot>| snapshot.is_complete();
        let _ = snapshot.wait_for(complete).await;
    }
}

/// Takes up clusters that are added while it reigns.
async fn adopt_newcomers(app: &Shared, reign: &Reign, opened: &watch::Receiver<bool>) {
    let (sender, mut newcomers) = mpsc::channel::<Cluster>(16);
    app.fleet.open_reception(sender);
    while let Some(cluster) = newcomers.recv().await {
        let inheritance = Inheritance {
            cluster,
            unfinished: None,
            done_at: vec![],
        };
        take_up(app, reign, inheritance, opened.clone());
    }
}

/// Reads every cluster with what an earlier leader left, trying until it can.
async fn inherit(app: &Shared, reign: &Reign) -> Vec<Inheritance> {
    loop {
        match try_inherit(app).await {
            Ok(inheritances) => return inheritances,
            Err(StoreError::StaleTerm { current, .. }) => reign.deposed_by_postgres(current),
            Err(error) => tracing::warn!(%error, "the clusters cannot be read; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn try_inherit(app: &Shared) -> Result<Vec<Inheritance>, StoreError> {
    let unfinished = app.store.recovery_unfinished().await?;
    let mut inheritances = Vec::new();
    for cluster in app.store.cluster_list().await? {
        let since = Utc::now() - cluster.policy.budget.window();
        let done_at = app
            .store
            .recovery_finished_since(&cluster.name, since)
            .await?;
        let stored = unfinished
            .iter()
            .find(|record| record.cluster == cluster.name);
        let unfinished = running(app, &cluster.name, stored.cloned()).await;
        inheritances.push(Inheritance {
            cluster,
            unfinished,
            done_at,
        });
    }
    Ok(inheritances)
}

/// The recovery that runs according to either store. A finished copy of the
/// same one in Consul says more than a running one in Postgres.
async fn running(
    app: &Shared,
    cluster: &ClusterName,
    stored: Option<Recovery>,
) -> Option<Recovery> {
    let copy = match intent::load(&app.consul, cluster).await {
        Ok(copy) => copy,
        Err(error) => {
            tracing::warn!(%error, %cluster, "no intent read from Consul");
            None
        }
    };
    match (stored, copy) {
        (Some(stored), Some(copy)) if copy.id == stored.id || copy.epoch > stored.epoch => {
            still_running(copy)
        }
        (Some(stored), _) => Some(stored),
        (None, copy) => copy.and_then(still_running),
    }
}

fn still_running(record: Recovery) -> Option<Recovery> {
    (record.outcome == RecoveryOutcome::Running).then_some(record)
}
