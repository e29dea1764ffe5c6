//! Changing a cluster's policy: stored with its audit entry, then handed to the
//! cluster's steward.

use lictor_domain::access::Outcome;
use lictor_domain::{Actor, ClusterName, Term};
use lictor_store::{AuditEntry, StoreError};
use lictor_wire::WireError;
use lictor_wire::v1::PolicyChange;
use thiserror::Error;

use crate::app::Shared;
use crate::audit;
use crate::leadership::NotLeading;

/// Why a policy was not changed.
#[derive(Debug, Error)]
pub(crate) enum ChangeError {
    /// Ask the leader.
    #[error(transparent)]
    NotLeading(#[from] NotLeading),
    /// The change makes no sense.
    #[error(transparent)]
    Invalid(#[from] WireError),
    /// There is no such cluster, or Postgres did not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes a cluster's policy. A refusal is in the audit log as well.
pub(crate) async fn change_policy(
    app: &Shared,
    name: &ClusterName,
    change: PolicyChange,
    reason: &str,
    actor: Actor,
) -> Result<(), ChangeError> {
    let term = app.standing.lead()?.term();
    let mut entry = AuditEntry {
        actor,
        action: "cluster.set".to_owned(),
        target: name.to_string(),
        reason: Some(reason.to_owned()),
        result: "policy changed".to_owned(),
        outcome: Outcome::Done,
    };
    let changed = try_change(app, name, change, term, &entry).await;
    if let Err(error) = &changed {
        entry.outcome = Outcome::Refused;
        entry.result = format!("not changed: {error}");
        audit::write(app, term, &entry).await;
    }
    changed
}

async fn try_change(
    app: &Shared,
    name: &ClusterName,
    change: PolicyChange,
    term: Term,
    entry: &AuditEntry,
) -> Result<(), ChangeError> {
    let _turn = app.changes.lock().await;
    let mut cluster = app.store.cluster_get(name).await?;
    let policy = change.applied_to(&cluster.policy)?;
    app.store
        .cluster_set_policy(term, name, &policy, entry)
        .await?;
    cluster.policy = policy;
    // Without a steward nobody reigns here: the next leader reads the store.
    app.fleet.define(cluster).await;
    Ok(())
}
