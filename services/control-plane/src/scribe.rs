//! Writes down what a cluster's keeper has done: the primacy, recoveries,
//! quarantines. It is never on a failover's critical path; it keeps the order
//! and tries until it holds or the reign ends.
//!
//! Invariant: a primacy is written before any recovery that is noted after it,
//! in both stores. So a next leader that finds a recovery done finds its primary
//! too, and one that does not find it finds the recovery unfinished and looks
//! who was opened.

use std::fmt;
use std::time::Duration;

use lictor_domain::access::Outcome;
use lictor_domain::{
    Actor, ClusterName, Epoch, NodeName, Quarantine, Rebuild, RebuildState, Recovery,
    RecoveryOutcome,
};
use lictor_engine::durability::Enforcement;
use lictor_store::{AuditEntry, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use crate::app::Shared;
use crate::audit;
use crate::failpoint;
use crate::intent;
use crate::leadership::Reign;
use crate::spool;

/// Entries that may wait; a cluster makes a handful in a failover.
const QUEUE: usize = 256;
const PAUSE: Duration = Duration::from_millis(500);

/// A primacy: its epoch and who has it.
type Primacy = (Epoch, NodeName);

/// Something to be written down.
#[derive(Debug)]
enum Entry {
    Primacy(Primacy),
    Recovery(Box<Recovery>),
    Quarantine(NodeName, Option<Quarantine>),
    /// A rebuild that may begin as soon as this is written.
    RebuildBegins(Box<Rebuild>, Quarantine),
    Rebuild(Box<Rebuild>),
    Audit(AuditEntry),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primacy((epoch, primary)) => write!(f, "{primary} as primary of {epoch}"),
            Self::Recovery(record) => write!(f, "recovery {}", record.id),
            Self::Quarantine(node, Some(_)) => write!(f, "the quarantine of {node}"),
            Self::Quarantine(node, None) => write!(f, "the end of the quarantine of {node}"),
            Self::RebuildBegins(record, _) | Self::Rebuild(record) => {
                write!(f, "the rebuild of {}", record.node)
            }
            Self::Audit(entry) => write!(f, "{} of {}", entry.action, entry.target),
        }
    }
}

/// Takes what one cluster's keeper has done.
#[derive(Clone, Debug)]
pub(crate) struct Scribe {
    primacy: watch::Sender<Primacy>,
    entries: mpsc::Sender<(Entry, Option<oneshot::Sender<()>>)>,
}

impl Scribe {
    /// Starts a scribe; it ends with the reign. `stored` is the primacy that
    /// Postgres holds.
    pub(crate) fn start(app: Shared, reign: Reign, cluster: ClusterName, stored: Primacy) -> Self {
        let (primacy, seen) = watch::channel(stored.clone());
        let (entries, inbox) = mpsc::channel(QUEUE);
        let tasks = app.tasks.clone();
        let end = reign.end.clone();
        let desk = Desk {
            app,
            reign,
            cluster,
            primacy: seen,
            written: stored,
        };
        tasks.spawn(async move {
            tokio::select! {
                () = desk.write_all(inbox) => {}
                () = end.cancelled() => {}
            }
        });
        Self { primacy, entries }
    }

    /// Has a primacy written down, if it is another one than was noted last.
    pub(crate) fn note_primacy(&self, epoch: Epoch, primary: &NodeName) {
        self.primacy.send_if_modified(|noted| {
            let changed = noted.0 != epoch || noted.1 != *primary;
            if changed {
                *noted = (epoch, primary.clone());
            }
            changed
        });
    }

    /// Has a recovery written down as it stands. It never waits.
    pub(crate) fn note_recovery(&self, record: Box<Recovery>) {
        self.note(Entry::Recovery(record));
    }

    /// Has it written down that a node is kept out of every pool, or let back.
    /// It never waits.
    pub(crate) fn note_quarantine(&self, node: NodeName, quarantine: Option<Quarantine>) {
        self.note(Entry::Quarantine(node, quarantine));
    }

    /// Has it written down that a rebuild begins, after all that was noted
    /// before; the answer comes when it is written, and never if it cannot be.
    pub(crate) fn note_rebuild_begins(
        &self,
        record: Box<Rebuild>,
        quarantine: Quarantine,
    ) -> oneshot::Receiver<()> {
        let (written, answer) = oneshot::channel();
        self.send(Entry::RebuildBegins(record, quarantine), Some(written));
        answer
    }

    /// Has a rebuild written down as it stands. It never waits.
    pub(crate) fn note_rebuild(&self, record: Box<Rebuild>) {
        self.note(Entry::Rebuild(record));
    }

    /// Has it written down that commits are told to wait for more or fewer
    /// acknowledgements. It never waits.
    pub(crate) fn note_enforcement(&self, node: &NodeName, enforcement: Enforcement) {
        tracing::warn!(%node, %enforcement, "durability");
        self.note(Entry::Audit(AuditEntry {
            actor: Actor::lictor(),
            action: "durability.enforce".to_owned(),
            target: node.to_string(),
            reason: None,
            result: enforcement.to_string(),
            outcome: Outcome::Done,
        }));
    }

    fn note(&self, entry: Entry) {
        self.send(entry, None);
    }

    fn send(&self, entry: Entry, written: Option<oneshot::Sender<()>>) {
        if let Err(error) = self.entries.try_send((entry, written)) {
            tracing::error!(%error, "history is lost: too much waits to be written");
        }
    }
}

/// Where a scribe writes.
struct Desk {
    app: Shared,
    reign: Reign,
    cluster: ClusterName,
    primacy: watch::Receiver<Primacy>,
    /// The primacy that Postgres holds.
    written: Primacy,
}

impl Desk {
    async fn write_all(mut self, mut inbox: mpsc::Receiver<(Entry, Option<oneshot::Sender<()>>)>) {
        loop {
            let entry = tokio::select! {
                changed = self.primacy.changed() => match changed {
                    Ok(()) => None,
                    Err(_) => return,
                },
                entry = inbox.recv() => match entry {
                    Some(entry) => Some(entry),
                    None => return,
                },
            };
            self.write_primacy().await;
            if let Some((entry, written)) = entry {
                failpoint::before("write-entry").await;
                let holds = self.until_it_holds(&entry).await;
                failpoint::after("write-entry").await;
                if let Some(written) = written.filter(|_| holds) {
                    // Who asked may have given up waiting.
                    let _ = written.send(());
                }
            }
        }
    }

    async fn write_primacy(&mut self) {
        let primacy = self.primacy.borrow_and_update().clone();
        if primacy != self.written {
            failpoint::before("write-primacy").await;
            self.until_it_holds(&Entry::Primacy(primacy.clone())).await;
            failpoint::after("write-primacy").await;
            self.written = primacy;
        }
    }

    /// Repeats it until Postgres has it; whether it has. Only what contradicts
    /// what is stored is dropped: no repetition would change that.
    async fn until_it_holds(&self, entry: &Entry) -> bool {
        let cluster = &self.cluster;
        if let Entry::Recovery(record) = entry {
            self.keep_in_consul(record).await;
        }
        let mut waiting = false;
        loop {
            match self.write(entry).await {
                Ok(()) => {
                    if waiting {
                        tracing::info!(%cluster, %entry, "Postgres has it now");
                    }
                    return true;
                }
                Err(StoreError::StaleTerm { current, .. }) => {
                    self.reign.deposed_by_postgres(current);
                    return false;
                }
                Err(error @ (StoreError::Conflict(_) | StoreError::NotFound { .. })) => {
                    tracing::error!(%error, %cluster, %entry, "cannot be written down");
                    return false;
                }
                Err(error) if !waiting => {
                    tracing::warn!(%error, %cluster, %entry, "Postgres does not take it yet");
                    waiting = true;
                    self.keep_on_disk(entry).await;
                }
                Err(error) => tracing::debug!(%error, %cluster, %entry, "Postgres still does not"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn write(&self, entry: &Entry) -> Result<(), StoreError> {
        let (store, term) = (&self.app.store, self.reign.term);
        match entry {
            Entry::Primacy((epoch, primary)) => {
                store
                    .cluster_set_primary(term, &self.cluster, *epoch, primary)
                    .await
            }
            Entry::Audit(entry) => {
                audit::write(&self.app, term, entry).await;
                Ok(())
            }
            Entry::Recovery(record) => store.recovery_save(term, record).await,
            Entry::Quarantine(node, quarantine) => {
                store
                    .node_set_quarantine(term, node, quarantine.as_ref())
                    .await
            }
            Entry::RebuildBegins(record, quarantine) => {
                let entry = deed(
                    record,
                    Outcome::Done,
                    format!("its data is replaced by {}'s", record.donor),
                );
                store.rebuild_begin(term, record, quarantine, &entry).await
            }
            Entry::Rebuild(record) => {
                let entry = match &record.state {
                    RebuildState::Done => Some(deed(record, Outcome::Done, "rebuilt".to_owned())),
                    RebuildState::Failed { reason } => Some(deed(
                        record,
                        Outcome::Refused,
                        format!("not rebuilt: {reason}"),
                    )),
                    _ => None,
                };
                store.rebuild_save(term, record, entry.as_ref()).await
            }
        }
    }

    /// What has ended is known although this leader dies before Postgres is back,
    /// and Consul has only the last recovery of a cluster.
    async fn keep_on_disk(&self, entry: &Entry) {
        if let Entry::Recovery(record) = entry
            && record.outcome != RecoveryOutcome::Running
        {
            let ended = spool::Entry::Recovery(record.clone());
            self.app.spool.put(self.reign.term, vec![ended]).await;
        }
    }

    async fn keep_in_consul(&self, record: &Recovery) {
        if let Err(error) = intent::save(&self.app.consul, record).await {
            tracing::warn!(%error, cluster = %record.cluster, "recovery not copied to Consul");
        }
    }
}

/// A rebuild's entry in the audit log.
fn deed(record: &Rebuild, outcome: Outcome, result: String) -> AuditEntry {
    AuditEntry {
        actor: Actor::called(&record.actor),
        action: "node.rebuild".to_owned(),
        target: record.node.to_string(),
        reason: None,
        result,
        outcome,
    }
}
