//! Changing a cluster's policy: stored with its audit entry, then handed to the
//! cluster's steward.

use lictor_domain::{Cluster, ClusterName};
use lictor_engine::message::Event;
use lictor_store::{AuditEntry, StoreError};
use lictor_wire::WireError;
use lictor_wire::v1::PolicyChange;
use thiserror::Error;
use tokio::sync::Mutex;

use crate::app::Shared;

/// Changes are made one after the other: each starts from what is stored, and
/// must not undo one that came between. Only the leader makes any.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Why a policy was not changed.
#[derive(Debug, Error)]
pub(crate) enum ChangeError {
    /// Ask the leader.
    #[error("this instance does not lead")]
    NotLeading {
        /// Where the leader serves, if it is known.
        leader: Option<String>,
    },
    /// The change makes no sense.
    #[error(transparent)]
    Invalid(#[from] WireError),
    /// There is no such cluster, or Postgres did not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes a cluster's policy; gives the cluster as it is stored then.
pub(crate) async fn change_policy(
    app: &Shared,
    name: &ClusterName,
    change: PolicyChange,
    reason: &str,
    actor: &str,
) -> Result<Cluster, ChangeError> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let Some(lease) = app.standing.lease() else {
        let leader = app.standing.view().leader_advertise;
        return Err(ChangeError::NotLeading { leader });
    };
    let mut cluster = app.store.cluster_get(name).await?;
    let policy = change.applied_to(&cluster.policy)?;
    let entry = AuditEntry {
        actor: actor.to_owned(),
        action: "cluster.set".to_owned(),
        target: name.to_string(),
        reason: Some(reason.to_owned()),
        result: "policy changed".to_owned(),
    };
    let term = lease.term();
    app.store
        .cluster_set_policy(term, name, &policy, &entry)
        .await?;
    cluster.policy = policy;
    if let Some(steward) = app.fleet.steward(name) {
        // A steward that is gone has lost its reign: the next one reads the store.
        let _ = steward.events.send(Event::Redefined(cluster.clone())).await;
    }
    Ok(cluster)
}
