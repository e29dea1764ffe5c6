//! Keeps Consul's catalog as one cluster's snapshots say: the flip of a
//! failover in one transaction, health as it changes, and drift repaired.
//!
//! It never stands in a failover's way: it works from the latest snapshot, and
//! tries again until that holds. Every write is guarded by the term.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lictor_consul::{
    Check, CheckKind, ConsulError, Drift, NodeEntry, Role as Tag, Status as ConsulStatus, drift,
};
use lictor_domain::{ClusterName, NodeName};
use lictor_engine::health::{NodeHealth, Role, Status};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::Shared;
use crate::leadership::Reign;
use crate::snapshot::Snapshot;
use crate::telemetry;

/// How often the catalog is compared with what it should be.
const RECONCILE_EVERY: Duration = Duration::from_secs(5);
/// After a failed write.
const PAUSE: Duration = Duration::from_millis(300);

type Entries = BTreeMap<NodeName, NodeEntry>;

/// Keeps one cluster's part of the catalog until the reign ends.
pub(crate) async fn keep(app: Shared, reign: Reign, snapshots: watch::Receiver<Arc<Snapshot>>) {
    let end = reign.end.clone();
    let cluster = snapshots.borrow().view.cluster.name.clone();
    let keeper = Catalog {
        app: app.clone(),
        cluster: cluster.clone(),
        reign,
        snapshots,
        written: None,
        reconcile_at: Instant::now(),
        troubled: false,
    };
    tokio::select! {
        () = keeper.run() => {}
        () = end.cancelled() => {}
    }
    app.behind.ends(&cluster);
}

/// The clusters of which Consul does not show how they stand, because it does
/// not take that; since when.
#[derive(Debug, Default)]
pub(crate) struct Behind(Mutex<BTreeMap<ClusterName, Instant>>);

impl Behind {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<ClusterName, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begins(&self, cluster: &ClusterName) {
        let mut behind = self.locked();
        behind.entry(cluster.clone()).or_insert_with(Instant::now);
    }

    fn ends(&self, cluster: &ClusterName) {
        self.locked().remove(cluster);
    }

    /// A sentence about each.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let behind = self.locked();
        let sentences = behind.iter().map(|(cluster, since)| {
            let for_secs = since.elapsed().as_secs();
            format!(
                "Consul has not taken for {for_secs} s how {cluster} stands: its DNS may name an \
                 old primary; it is tried again"
            )
        });
        sentences.collect()
    }
}

struct Catalog {
    app: Shared,
    cluster: ClusterName,
    reign: Reign,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What the catalog holds as far as we know; `None` when unsure.
    written: Option<Entries>,
    reconcile_at: Instant,
    /// The last try failed.
    troubled: bool,
}

impl Catalog {
    async fn run(mut self) {
        loop {
            let snapshot = self.snapshots.borrow_and_update().clone();
            // Nothing is known yet of some node: what Consul shows stays.
            let complete = snapshot.is_complete();
            if complete {
                match self.bring_about(&desired(&snapshot)).await {
                    Ok(()) => {
                        self.troubled = false;
                        self.app.behind.ends(&self.cluster);
                    }
                    Err(ConsulError::StaleTerm { .. }) => return self.reign.deposed_by_consul(),
                    Err(error) => {
                        self.failed(&error);
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                }
            }
            tokio::select! {
                changed = self.snapshots.changed() => if changed.is_err() { return },
                () = tokio::time::sleep_until(self.reconcile_at), if complete => {}
            }
        }
    }

    /// Tells the first failure of a row, and remembers to be unsure.
    fn failed(&mut self, error: &ConsulError) {
        let cluster = &self.cluster;
        if self.troubled {
            tracing::debug!(%error, %cluster, "Consul not written; trying again");
        } else {
            tracing::warn!(%error, %cluster, "Consul not written; trying again");
        }
        self.app.behind.begins(cluster);
        self.troubled = true;
        self.written = None;
    }

    async fn bring_about(&mut self, desired: &Entries) -> Result<(), ConsulError> {
        if let Some(written) = &self.written {
            let guard = &self.reign.guard;
            let changed: Vec<NodeEntry> = desired
                .iter()
                .filter(|(name, entry)| written.get(*name) != Some(entry))
                .map(|(_, entry)| entry.clone())
                .collect();
            if changed
                .iter()
                .any(|entry| moved(written.get(&entry.node), entry))
            {
                self.app.consul.flip(guard, &changed).await?;
            } else if !changed.is_empty() {
                self.app.consul.set_checks(guard, &changed).await?;
            }
            self.written = Some(desired.clone());
        }
        if self.written.is_none() || Instant::now() >= self.reconcile_at {
            self.reconcile(desired).await?;
            self.reconcile_at = Instant::now() + RECONCILE_EVERY;
        }
        Ok(())
    }

    /// Compares and repairs.
    async fn reconcile(&mut self, desired: &Entries) -> Result<(), ConsulError> {
        let first = self.written.is_none();
        let Some(cluster) = desired.values().next().map(|entry| entry.cluster.clone()) else {
            return Ok(());
        };
        let entries: Vec<NodeEntry> = desired.values().cloned().collect();
        let observed = self.app.consul.observed(&cluster).await?;
        let drifts = drift(&entries, &observed);
        let differs = drifts
            .iter()
            .any(|drift| matches!(drift, Drift::Differs { .. }));
        if first || differs {
            self.app
                .consul
                .register(&self.reign.guard, &entries)
                .await?;
        }
        for drift in &drifts {
            let foreign = matches!(drift, Drift::Foreign { .. });
            if first && foreign {
                tracing::warn!(%cluster, %drift, "Consul holds what is not ours; it stays");
            }
            if !first && !foreign {
                tracing::warn!(%cluster, %drift, "Consul had drifted");
                telemetry::consul_repaired();
                self.app
                    .repairs
                    .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            self.repair(drift).await?;
        }
        self.written = Some(desired.clone());
        Ok(())
    }

    async fn repair(&self, drift: &Drift) -> Result<(), ConsulError> {
        let (consul, guard) = (&self.app.consul, &self.reign.guard);
        match drift {
            Drift::UnexpectedCheck { node, check_id, .. } => {
                consul.remove_check(guard, node, check_id).await
            }
            Drift::UnexpectedNode { node } => consul.deregister(guard, node).await,
            // Registering again has repaired the one; the other is not ours.
            Drift::Differs { .. } | Drift::Foreign { .. } => Ok(()),
        }
    }
}

/// Whether more than the checks of a node changed.
fn moved(written: Option<&NodeEntry>, entry: &NodeEntry) -> bool {
    written.is_none_or(|written| {
        let same_checks = NodeEntry {
            checks: written.checks.clone(),
            ..entry.clone()
        };
        same_checks != *written
    })
}

fn desired(snapshot: &Snapshot) -> Entries {
    let cluster = &snapshot.view.cluster;
    let health: BTreeMap<&NodeName, &NodeHealth> = snapshot
        .health
        .iter()
        .map(|health| (&health.node, health))
        .collect();
    cluster
        .nodes
        .iter()
        .filter_map(|node| {
            let health = health.get(&node.name)?;
            let report = snapshot.view.node(&node.name).report();
            let entry = NodeEntry {
                cluster: cluster.name.clone(),
                node: node.name.clone(),
                address: node.address.clone(),
                roles: health.roles.iter().copied().map(tag).collect(),
                zone: node.zone.as_ref().map(ToString::to_string),
                epoch: cluster.epoch,
                version: report.map(|report| report.version),
                checks: health.checks.iter().map(check).collect(),
            };
            Some((node.name.clone(), entry))
        })
        .collect()
}

const fn tag(role: Role) -> Tag {
    match role {
        Role::Primary => Tag::Primary,
        Role::Replica => Tag::Replica,
    }
}

fn check(check: &lictor_engine::health::Check) -> Check {
    use lictor_engine::health::CheckKind as Kind;
    Check {
        kind: match check.kind {
            Kind::Connect => CheckKind::Connect,
            Kind::QueryLatency => CheckKind::QueryLatency,
            Kind::ReplicationLag => CheckKind::ReplicationLag,
        },
        status: match check.status {
            Status::Passing => ConsulStatus::Passing,
            Status::Warning => ConsulStatus::Warning,
            Status::Critical => ConsulStatus::Critical,
        },
        output: check.sentence.clone(),
    }
}
