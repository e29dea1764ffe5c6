//! Who tells the bulletin: one task for what the whole instance does, and one for
//! each cluster that is kept here.
//!
//! A cluster is told at once when anything but lag, latency and the like changed,
//! and at most once a second otherwise. Comparing two snapshots makes nothing.

use std::sync::Arc;
use std::time::Duration;

use lictor_domain::{NodeReport, Rebuild, RebuildState, Recovery, RecoveryId};
use lictor_engine::view::NodeView;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{Bulletin, Event};
use crate::app::Shared;
use crate::snapshot::Snapshot;

/// What changes all the time is told this often at most.
const EVERY: Duration = Duration::from_secs(1);
/// How often the leadership is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Tells what the whole instance does, until shutdown.
pub(crate) async fn tell(app: Shared) {
    let telling = async {
        tokio::join!(
            leadership(&app),
            revisions(&app),
            versions(&app),
            subscribers(&app)
        );
    };
    tokio::select! {
        () = telling => {}
        () = app.shutdown.cancelled() => {}
    }
}

/// A leader is told once it sees every cluster.
async fn leadership(app: &Shared) {
    let mut told = false;
    loop {
        let leads = app.is_complete();
        if leads != told {
            app.bulletin.publish(Event::Leads(leads));
            told = leads;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn revisions(app: &Shared) {
    let mut revised = app.hub.revised();
    while revised.changed().await.is_ok() {
        let revision = *revised.borrow_and_update();
        app.bulletin.publish(Event::Routing(revision));
    }
}

async fn versions(app: &Shared) {
    let mut made = app.store.config_made();
    while made.changed().await.is_ok() {
        let version = made.borrow_and_update().clone();
        if let Some(version) = version {
            app.bulletin.publish(Event::Config(version));
        }
    }
}

async fn subscribers(app: &Shared) {
    let mut told = None;
    loop {
        let stand = app.hub.standing();
        if told != Some(stand) {
            app.bulletin.publish(Event::Subscribers(stand));
            told = Some(stand);
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Tells what happens to one cluster, until nobody keeps it here any more.
pub(crate) async fn tell_cluster(bulletin: Bulletin, mut snapshot: watch::Receiver<Arc<Snapshot>>) {
    let mut teller = Teller::new(bulletin);
    loop {
        let seen = snapshot.borrow_and_update().clone();
        let due = teller.see(&seen, Instant::now());
        let changed = async {
            match due {
                Some(due) => tokio::select! {
                    changed = snapshot.changed() => changed.is_ok(),
                    () = sleep_until(due) => true,
                },
                None => snapshot.changed().await.is_ok(),
            }
        };
        if !changed.await {
            return;
        }
    }
}

/// What of a cluster was told, and when.
struct Teller {
    bulletin: Bulletin,
    told: Option<(Arc<Snapshot>, Instant)>,
    /// The recovery that runs.
    recovery: Option<Recovery>,
    /// The one that ended last.
    ended: Option<RecoveryId>,
    /// The rebuild that runs.
    rebuild: Option<(Rebuild, Instant)>,
}

impl Teller {
    const fn new(bulletin: Bulletin) -> Self {
        Self {
            bulletin,
            told: None,
            recovery: None,
            ended: None,
            rebuild: None,
        }
    }

    /// Tells what is new; when to look again at the latest, if something waits for
    /// its time.
    fn see(&mut self, seen: &Arc<Snapshot>, now: Instant) -> Option<Instant> {
        self.see_recovery(seen);
        let rebuild = self.see_rebuild(seen, now);
        let cluster = self.see_cluster(seen, now);
        [rebuild, cluster].into_iter().flatten().min()
    }

    fn see_cluster(&mut self, seen: &Arc<Snapshot>, now: Instant) -> Option<Instant> {
        if let Some((told, at)) = &self.told {
            if Arc::ptr_eq(told, seen) {
                return None;
            }
            let due = *at + EVERY;
            if now < due && !differs(told, seen) {
                return Some(due);
            }
        }
        self.told = Some((seen.clone(), now));
        self.bulletin.publish(Event::Cluster(seen.clone()));
        None
    }

    /// The end of one, and each step of the one that runs.
    fn see_recovery(&mut self, seen: &Snapshot) {
        let ended = seen.ended.as_deref();
        if let Some(ended) = ended.filter(|it| self.ended != Some(it.id)) {
            self.ended = Some(ended.id);
            self.tell_recovery(ended);
        }
        if self.recovery != seen.recovery {
            self.recovery.clone_from(&seen.recovery);
            if let Some(running) = &seen.recovery {
                self.tell_recovery(running);
            }
        }
    }

    fn tell_recovery(&self, recovery: &Recovery) {
        let recovery = Arc::new(recovery.clone());
        self.bulletin.publish(Event::Recovery(recovery));
    }

    /// A step of a rebuild at once, what it copied once a second, and its end.
    fn see_rebuild(&mut self, seen: &Snapshot, now: Instant) -> Option<Instant> {
        let told = self.rebuild.as_ref();
        let running = seen.rebuilds.running();
        let ended = told
            .filter(|(told, _)| running.is_none_or(|it| it.id != told.id))
            .and_then(|(told, _)| seen.rebuilds.of(&told.node))
            .filter(|it| it.state.is_over());
        if let Some(ended) = ended {
            self.tell_rebuild(ended);
            self.rebuild = None;
        }
        let running = running?;
        if let Some((told, at)) = &self.rebuild {
            if told == running {
                return None;
            }
            let due = *at + EVERY;
            let copies = |it: &Rebuild| matches!(it.state, RebuildState::Copying { .. });
            if now < due && copies(told) && copies(running) {
                return Some(due);
            }
        }
        self.tell_rebuild(running);
        self.rebuild = Some((running.clone(), now));
        None
    }

    fn tell_rebuild(&self, rebuild: &Rebuild) {
        let operation = Arc::new(rebuild.clone().into());
        self.bulletin.publish(Event::Operation(operation));
    }
}

/// Whether anything but what changes all the time is different.
fn differs(a: &Snapshot, b: &Snapshot) -> bool {
    let of = |it: &Snapshot| it.recovery.as_ref().map(|recovery| recovery.id);
    a.view.cluster != b.view.cluster
        || a.route.state != b.route.state
        || of(a) != of(b)
        || !alike(&a.problems, &b.problems, |a, b| {
            (a.code, a.severity, &a.node) == (b.code, b.severity, &b.node)
        })
        || !alike(&a.health, &b.health, |a, b| {
            alike(&a.checks, &b.checks, |a, b| a.status == b.status)
        })
        || a.view.cluster.nodes.iter().any(|node| {
            let (name, rebuild) = (&node.name, |it: &Snapshot| {
                let rebuild = it.rebuilds.of(&node.name);
                rebuild.map(|it| (it.id, it.state.as_str()))
            });
            rebuild(a) != rebuild(b) || differently_seen(a.view.node(name), b.view.node(name))
        })
}

fn alike<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn differently_seen(a: &NodeView, b: &NodeView) -> bool {
    let guard = |it: &NodeView| it.guard.map(|guard| guard.instance);
    a.silence.is_some() != b.silence.is_some()
        || guard(a) != guard(b)
        || match (a.report(), b.report()) {
            (Some(a), Some(b)) => differently_reported(a, b),
            (a, b) => a.is_some() != b.is_some(),
        }
}

fn differently_reported(a: &NodeReport, b: &NodeReport) -> bool {
    let replication = |it: &NodeReport| {
        let it = it.replication.as_ref()?;
        Some((it.source.clone(), it.receiver, it.applier_running))
    };
    let semi_sync = |it: &NodeReport| {
        let it = it.semi_sync.as_ref()?;
        Some((it.source_active, it.replica_active))
    };
    (a.writability, a.version, a.server_uuid) != (b.writability, b.version, b.server_uuid)
        || replication(a) != replication(b)
        || semi_sync(a) != semi_sync(b)
}
