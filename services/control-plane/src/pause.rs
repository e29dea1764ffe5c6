//! Pauses a cluster, or ends its pause: stored with its audit entry, then handed
//! to the cluster's steward.

use lictor_domain::access::Outcome;
use lictor_domain::{Actor, ClusterName, Pause};
use lictor_store::AuditEntry;

use crate::app::Shared;
use crate::audit;
use crate::policy_change::ChangeError;

/// Who does it, and why.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Who asks.
    pub(crate) actor: Actor,
    /// Why.
    pub(crate) reason: String,
}

/// Pauses the cluster, or with `None` resumes it. A refusal is in the audit log
/// as well.
pub(crate) async fn set_pause(
    app: &Shared,
    name: &ClusterName,
    pause: Option<Pause>,
    asked: Asked,
) -> Result<(), ChangeError> {
    let term = app.standing.lead()?.term();
    let (action, result) = match &pause {
        None => ("cluster.resume", "resumed".to_owned()),
        Some(Pause { owner, until, .. }) => (
            "cluster.pause",
            until.map_or_else(
                || format!("paused by {owner}"),
                |until| format!("paused by {owner} until {until}"),
            ),
        ),
    };
    let mut entry = AuditEntry {
        actor: asked.actor,
        action: action.to_owned(),
        target: name.to_string(),
        reason: Some(asked.reason),
        result,
        outcome: Outcome::Done,
    };
    let set = async {
        let _turn = app.changes.lock().await;
        app.store
            .cluster_set_pause(term, name, pause.as_ref(), &entry)
            .await?;
        let cluster = app.store.cluster_get(name).await?;
        // Without a steward nobody reigns here: the next leader reads the store.
        app.fleet.define(cluster).await;
        Ok::<_, ChangeError>(())
    };
    let set = set.await;
    if let Err(error) = &set {
        entry.outcome = Outcome::Refused;
        entry.result = format!("not changed: {error}");
        audit::write(app, term, &entry).await;
    }
    set
}
