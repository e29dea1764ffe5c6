//! One reign: what a leader does from the moment it leads until it stops.
//!
//! It takes over every cluster from the store, looks at all of them once, and
//! only then opens the routing table: an incomplete table would tell
//! subscribers that clusters are gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures::stream::{self, StreamExt, TryStreamExt};
use lictor_domain::{Cluster, ClusterName, Config, Rebuild, Recovery, RecoveryOutcome, Term};
use lictor_engine::history::Past;
use lictor_engine::keeper::{Inheritance, LATELY};
use lictor_store::StoreError;
use tokio::sync::{mpsc, watch};

use crate::app::Shared;
use crate::bulletin;
use crate::catalog;
use crate::configuration;
use crate::fleet::{self, Newcomer};
use crate::hints;
use crate::historian::{self, Historian};
use crate::intent;
use crate::leadership::Reign;
use crate::snapshot::Snapshot;
use crate::steward::Steward;

/// Between two tries to read what a reign needs.
const PAUSE: Duration = Duration::from_millis(300);
/// Clusters that are read at the same time.
const AT_ONCE: usize = 16;
/// Clusters that may wait to be taken up.
const NEWCOMERS: usize = 16;
/// How often Consul's term key is looked at.
const TERM_EVERY: Duration = Duration::from_secs(5);
/// How long the first look at every node may take.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// Reigns until the reign ends.
pub(crate) async fn run(app: Shared, reign: Reign) {
    // Open from the start: who is added while the others are read waits here.
    let (reception, newcomers) = mpsc::channel(NEWCOMERS);
    app.fleet.open_reception(reception);
    tokio::select! {
        () = Box::pin(begin(&app, &reign, newcomers)) => {}
        () = hints::keep(&app) => {}
        () = historian::forget(&app, &reign) => {}
        () = watch_term(&app, &reign) => {}
        () = reign.end.cancelled() => {}
    }
    app.fleet.clear();
    // What nobody watches any more is not known.
    app.hub.hint(&BTreeMap::new());
}

/// Ends the reign when Consul's term key is not what this term made of it: an
/// operator deleted it, or Consul was restored. Every write to the catalog would
/// be refused from now on, and a failover is no time to find that out.
async fn watch_term(app: &Shared, reign: &Reign) {
    let guard = &reign.guard;
    loop {
        tokio::time::sleep(TERM_EVERY).await;
        match app.consul.read_exact(guard.key()).await {
            Ok(Some(entry)) if entry.modify_index == guard.modify_index() => {}
            Ok(_) => {
                tracing::warn!(term = %reign.term, "Consul's term key was changed or lost");
                return reign.deposed_by_consul();
            }
            Err(error) => tracing::debug!(%error, "Consul's term key cannot be read"),
        }
    }
}

/// Never returns before the reign ends.
async fn begin(app: &Shared, reign: &Reign, newcomers: mpsc::Receiver<Newcomer>) {
    let (open, opened) = watch::channel(false);
    let mut handles = Vec::new();
    let historian = Historian::start(app, reign);
    let Estate {
        config,
        inheritances,
    } = inherit(app, reign).await;
    for inheritance in inheritances {
        let steward = take_up(app, reign, inheritance, &historian, opened.clone());
        handles.push(steward);
    }
    let first_look = all_complete(&handles);
    if tokio::time::timeout(FIRST_LOOK, first_look).await.is_err() {
        tracing::warn!("some nodes have not been seen yet");
    }
    let routes = handles
        .iter()
        .map(|handle| handle.snapshot.borrow().route.clone());
    app.hub.begin(reign.term, config, routes.collect());
    open.send_replace(true);
    adopt(app, reign, newcomers, &historian, &opened).await;
}

/// Starts the steward of one cluster, and what follows it.
fn take_up(
    app: &Shared,
    reign: &Reign,
    inheritance: (Inheritance, Past),
    historian: &Historian,
    opened: watch::Receiver<bool>,
) -> fleet::Steward {
    let steward = Steward::new(app, reign, inheritance, historian.clone(), opened);
    let handle = steward.handle();
    app.fleet.enter(steward.name(), handle.clone());
    let catalog = catalog::keep(app.clone(), reign.clone(), handle.snapshot.clone());
    app.tasks.spawn(catalog);
    let told = bulletin::tell_cluster(app.bulletin.clone(), handle.snapshot.clone());
    app.tasks.spawn(told);
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

/// Takes up clusters that are added while it reigns. One that was read from the
/// store as well has its steward already, and never gets a second one.
async fn adopt(
    app: &Shared,
    reign: &Reign,
    mut newcomers: mpsc::Receiver<Newcomer>,
    historian: &Historian,
    opened: &watch::Receiver<bool>,
) {
    while let Some(Newcomer { cluster, taken_up }) = newcomers.recv().await {
        let steward = app.fleet.steward(&cluster.name).unwrap_or_else(|| {
            let inheritance = Inheritance {
                cluster,
                unfinished: None,
                done_at: vec![],
                given_up: vec![],
                last_done: None,
                rebuild: None,
            };
            let inheritance = (inheritance, Past::default());
            take_up(app, reign, inheritance, historian, opened.clone())
        });
        // Who added it may have gone; it is taken up all the same.
        let _ = taken_up.send(steward);
    }
}

/// What a new leader finds.
struct Estate {
    /// The configuration in force.
    config: Arc<Config>,
    /// Every cluster, and what was told of it.
    inheritances: Vec<(Inheritance, Past)>,
}

/// Reads every cluster with what an earlier leader left, and the configuration,
/// trying until it can.
async fn inherit(app: &Shared, reign: &Reign) -> Estate {
    loop {
        match try_inherit(app, reign).await {
            Ok(estate) => return estate,
            Err(StoreError::StaleTerm { current, .. }) => reign.deposed_by_postgres(current),
            Err(error) => tracing::warn!(%error, "the estate cannot be read; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn try_inherit(app: &Shared, reign: &Reign) -> Result<Estate, StoreError> {
    app.spool.hand_down(app, reign.term).await?;
    let config = configuration::begin(app, reign.term).await?;
    let unfinished = app.store.recovery_unfinished().await?;
    let rebuilds = app.store.rebuild_unfinished().await?;
    let clusters = app.store.cluster_list().await?;
    let inheritances = clusters.into_iter().map(|cluster| {
        let of_it = |record: &&Recovery| record.cluster == cluster.name;
        let stored = unfinished.iter().rfind(of_it).cloned();
        let rebuild = rebuilds.iter().rfind(|it| it.cluster == cluster.name);
        inheritance(app, reign.term, cluster, stored, rebuild.cloned())
    });
    let inheritances = stream::iter(inheritances).buffered(AT_ONCE);
    let inheritances: Vec<_> = inheritances.try_collect().await?;
    let past = app.store.happening_past().await?;
    let mut pasts = Past::of_all(past.happenings, past.observed_until);
    let with_past = |inheritance: Inheritance| {
        let past = pasts.remove(&inheritance.cluster.name);
        (inheritance, past.unwrap_or_default())
    };
    Ok(Estate {
        config: Arc::new(config),
        inheritances: inheritances.into_iter().map(with_past).collect(),
    })
}

async fn inheritance(
    app: &Shared,
    term: Term,
    mut cluster: Cluster,
    stored: Option<Recovery>,
    rebuild: Option<Rebuild>,
) -> Result<Inheritance, StoreError> {
    let since = Utc::now() - cluster.policy.budget.window();
    let name = &cluster.name;
    let done_at = app.store.recovery_finished_since(name, since).await?;
    let copy = copy_in_consul(app, name).await;
    if let Some(ended) = untold(stored.as_ref(), copy.as_ref()) {
        app.store.recovery_save(term, ended).await?;
    }
    let lately = Utc::now() - LATELY;
    let given_up = app.store.recovery_given_up_since(name, lately).await?;
    let last_done = app.store.recovery_last_done(name).await?;
    let unfinished = further(stored, copy);
    if let Some(record) = &unfinished {
        recall_primary(&mut cluster, record);
    }
    Ok(Inheritance {
        cluster,
        unfinished,
        done_at,
        given_up,
        last_done,
        rebuild,
    })
}

/// The primary that an unfinished recovery was to replace is the last one there
/// was, although Postgres, away by then, may not have heard of it.
fn recall_primary(cluster: &mut Cluster, unfinished: &Recovery) {
    let last = &unfinished.old_primary;
    if unfinished.epoch > cluster.epoch && cluster.node(last).is_some() {
        cluster.primary.clone_from(last);
    }
}

async fn copy_in_consul(app: &Shared, cluster: &ClusterName) -> Option<Recovery> {
    match intent::load(&app.consul, cluster).await {
        Ok(copy) => copy,
        Err(error) => {
            tracing::warn!(%error, %cluster, "no intent read from Consul");
            None
        }
    }
}

/// A recovery that has ended according to Consul, and of which Postgres knows
/// that it runs, or perhaps nothing: its leader died between the two writes.
fn untold<'a>(stored: Option<&Recovery>, copy: Option<&'a Recovery>) -> Option<&'a Recovery> {
    let of_another = |copy: &Recovery| stored.is_some_and(|stored| stored.id != copy.id);
    copy.filter(|copy| copy.outcome != RecoveryOutcome::Running && !of_another(copy))
}

/// The recovery that runs according to either store: the newer one, and of the
/// same one the copy that has come further.
fn further(stored: Option<Recovery>, copy: Option<Recovery>) -> Option<Recovery> {
    let progress = |record: &Recovery| (record.epoch, record.standing());
    let further = [stored, copy].into_iter().flatten().max_by_key(progress);
    further.and_then(still_running)
}

fn still_running(record: Recovery) -> Option<Recovery> {
    (record.outcome == RecoveryOutcome::Running).then_some(record)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use lictor_domain::{
        Epoch, Node, NodeName, Policy, Problem, ProblemCode, Promotion, RecoveryId, RecoveryKind,
        ServerUuid, Severity, Term,
    };
    use uuid::Uuid;

    use super::*;

    fn epoch(n: u64) -> Epoch {
        Epoch { term: Term(1), n }
    }

    fn node(number: u8) -> Node {
        Node {
            name: format!("orders-{number}").parse().unwrap(),
            address: format!("127.0.0.{number}:3306").parse().unwrap(),
            server_uuid: ServerUuid(Uuid::from_u128(number.into())),
            promotion: Promotion::default(),
            zone: None,
            follows: None,
            quarantine: None,
            maintenance: None,
        }
    }

    /// A cluster whose primary Postgres says is the first node, since epoch 1.1.
    fn stored() -> Cluster {
        Cluster {
            name: "orders".parse().unwrap(),
            policy: Policy::default(),
            epoch: epoch(1),
            primary: node(1).name,
            nodes: vec![node(1), node(2), node(3)],
            pause: None,
        }
    }

    fn unfinished(n: u64, old_primary: u8) -> Recovery {
        Recovery {
            id: RecoveryId(Uuid::nil()),
            cluster: "orders".parse().unwrap(),
            kind: RecoveryKind::Failover,
            epoch: epoch(n),
            started_at: DateTime::UNIX_EPOCH,
            old_primary: node(old_primary).name,
            new_primary: None,
            fencing: None,
            candidates: vec![],
            steps: vec![],
            verdict: Problem {
                code: ProblemCode::DeadPrimary,
                severity: Severity::Critical,
                node: None,
                sentence: String::new(),
                response: String::new(),
                evidence: vec![],
            },
            outcome: RecoveryOutcome::Running,
        }
    }

    #[test]
    fn of_both_stores_the_one_that_has_come_further_is_believed() {
        let begun = unfinished(3, 2);
        let chosen = Recovery {
            new_primary: Some(node(3).name),
            ..begun.clone()
        };
        let ended = Recovery {
            outcome: lictor_domain::RecoveryOutcome::Done,
            ..chosen.clone()
        };
        let both = |a: &Recovery, b: &Recovery| further(Some(a.clone()), Some(b.clone()));
        for (a, b) in [(&begun, &chosen), (&chosen, &begun)] {
            assert_eq!(both(a, b).as_ref(), Some(&chosen));
        }
        assert_eq!(both(&chosen, &ended), None);
        assert_eq!(untold(Some(&chosen), Some(&ended)), Some(&ended));
        assert_eq!(untold(None, Some(&ended)), Some(&ended));
        assert_eq!(untold(Some(&begun), Some(&chosen)), None);
        let another = Recovery {
            id: RecoveryId(Uuid::max()),
            ..begun.clone()
        };
        assert_eq!(untold(Some(&another), Some(&ended)), None);
        assert_eq!(untold(Some(&unfinished(4, 3)), None), None);
        assert_eq!(further(None, Some(ended)), None);
        assert_eq!(both(&chosen, &unfinished(4, 3)), Some(unfinished(4, 3)));
    }

    fn recalled(record: &Recovery) -> NodeName {
        let mut cluster = stored();
        recall_primary(&mut cluster, record);
        assert_eq!(
            cluster.epoch,
            epoch(1),
            "only an opened node makes an epoch"
        );
        cluster.primary
    }

    #[test]
    fn a_primacy_that_postgres_never_heard_of_is_recalled_from_the_next_recovery() {
        assert_eq!(recalled(&unfinished(3, 2)), node(2).name);
    }

    #[test]
    fn a_recovery_older_than_the_stored_primacy_recalls_nothing() {
        assert_eq!(recalled(&unfinished(1, 2)), node(1).name);
    }

    #[test]
    fn a_node_that_is_gone_is_recalled_as_no_primary() {
        assert_eq!(recalled(&unfinished(3, 9)), node(1).name);
    }
}
