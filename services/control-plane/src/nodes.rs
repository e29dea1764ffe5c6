//! What operators do with single nodes, and ask of them. Each deed is decided by
//! the engine on the cluster's last snapshot, told to its steward, and written into
//! the audit log whether it was done or refused.

pub(crate) mod maintenance;
pub(crate) mod placement;
pub(crate) mod rebuild;
pub(crate) mod rejoin;
pub(crate) mod repoint;
pub(crate) mod variables;

use std::sync::Arc;

use lictor_domain::access::Outcome;
use lictor_domain::{Actor, Cluster, NodeName, Term};
use lictor_engine::admission::Objection;
use lictor_engine::message::Event;
use lictor_mysql::Target;
use lictor_store::{AuditEntry, StoreError};
use thiserror::Error;

use crate::app::Shared;
use crate::audit;
use crate::fleet;
use crate::hands::{Hand, HandError};
use crate::leadership::NotLeading;
use crate::snapshot::Snapshot;

/// Why a deed was not done, by what the caller does next.
#[derive(Debug, Error)]
pub(crate) enum NodeError {
    /// Ask the leader.
    #[error(transparent)]
    NotLeading(#[from] NotLeading),
    /// Nobody keeps its cluster at this moment.
    #[error("the cluster of {0} is not being kept at this moment; try again")]
    NotKept(NodeName),
    /// No cluster has the node.
    #[error("no cluster has a node `{0}`")]
    NotFound(NodeName),
    /// Something stands in the way.
    #[error("{}", .0.iter().map(|one| one.sentence.as_str()).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Refused>),
    /// A node did not do it.
    #[error("{0}")]
    Failed(String),
    /// Postgres did not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One thing that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Its stable name.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) sentence: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

impl From<Objection> for Refused {
    fn from(objection: Objection) -> Self {
        Self {
            code: "Objection",
            sentence: objection.sentence,
            remedy: objection.remedy,
        }
    }
}

impl From<HandError> for NodeError {
    fn from(error: HandError) -> Self {
        match error {
            HandError::NoLease(_) => NotLeading { leader: None }.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Who wants something done with which node, and why.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    /// The node.
    pub(crate) node: NodeName,
    /// The word of the audit log.
    pub(crate) action: &'static str,
    /// Who asks.
    pub(crate) actor: Actor,
    /// Why.
    pub(crate) reason: String,
}

impl Deed {
    /// Its entry in the audit log.
    fn entry(&self, outcome: Outcome, result: String) -> AuditEntry {
        AuditEntry {
            actor: self.actor.clone(),
            action: self.action.to_owned(),
            target: self.node.to_string(),
            reason: Some(self.reason.clone()),
            result,
            outcome,
        }
    }
}

/// A node's cluster as its leader sees it now.
pub(crate) struct Place {
    app: Shared,
    /// The leader's term.
    term: Term,
    steward: fleet::Steward,
    /// What is known of the cluster.
    pub(crate) snapshot: Arc<Snapshot>,
}

impl Place {
    /// Finds the node's cluster.
    pub(crate) fn find(app: &Shared, node: &NodeName) -> Result<Self, NodeError> {
        let lease = app.standing.lead()?;
        let not_kept = || NodeError::NotKept(node.clone());
        if !app.is_complete() {
            return Err(not_kept());
        }
        let snapshots = app.fleet.snapshots();
        let snapshot = snapshots
            .into_iter()
            .find(|snapshot| snapshot.view.cluster.node(node).is_some())
            .ok_or_else(|| NodeError::NotFound(node.clone()))?;
        let steward = app
            .fleet
            .steward(&snapshot.view.cluster.name)
            .ok_or_else(not_kept)?;
        Ok(Self {
            app: app.clone(),
            term: lease.term(),
            steward,
            snapshot,
        })
    }

    /// A hand of its own for a node of the cluster.
    pub(crate) fn hand(&self, node: &NodeName) -> Result<Hand, NodeError> {
        let known = self.snapshot.view.cluster.node(node);
        let known = known.ok_or_else(|| NodeError::NotFound(node.clone()))?;
        let target = Target {
            address: known.address.clone(),
            account: self
                .app
                .settings
                .mysql
                .control_account(&self.snapshot.view.cluster.name),
            term: self.term,
        };
        Ok(Hand::new(self.app.clone(), target))
    }

    /// Tells the steward.
    pub(crate) async fn tell(&self, event: Event) -> Result<(), NodeError> {
        let told = self.steward.events.send(event).await;
        told.map_err(|_| NotLeading { leader: None }.into())
    }
}

/// The node's cluster as it is stored.
async fn of_node(app: &Shared, deed: &Deed) -> Result<Cluster, NodeError> {
    let clusters = app.store.cluster_list().await?;
    let found = clusters
        .into_iter()
        .find(|cluster| cluster.node(&deed.node).is_some());
    found.ok_or_else(|| NodeError::NotFound(deed.node.clone()))
}

/// Writes into the audit log how a deed ended.
pub(crate) async fn audit(app: &Shared, deed: &Deed, outcome: Outcome, result: String) {
    if let Some(lease) = app.standing.lease() {
        audit::write(app, lease.term(), &deed.entry(outcome, result)).await;
    }
}
