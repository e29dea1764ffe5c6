//! Puts a node into maintenance for a time, and ends it: stored with its audit
//! entry, then told to the cluster's steward.

use lictor_domain::access::Outcome;
use lictor_domain::{Maintenance, Term};
use lictor_engine::maintenance::{Refusal, may_begin, may_end};
use lictor_store::AuditEntry;

use super::{Deed, NodeError, Place, Refused, audit, of_node};
use crate::app::Shared;

/// Begins it, or gives it another owner, reason and time; with `None` ends it.
pub(crate) async fn set_maintenance(
    app: &Shared,
    deed: &Deed,
    maintenance: Option<Maintenance>,
) -> Result<(), NodeError> {
    let set = try_set(app, deed, maintenance).await;
    if let Err(error) = &set {
        audit(app, deed, Outcome::Refused, format!("not changed: {error}")).await;
    }
    set
}

async fn try_set(
    app: &Shared,
    deed: &Deed,
    maintenance: Option<Maintenance>,
) -> Result<(), NodeError> {
    let place = Place::find(app, &deed.node)?;
    let seen = &place.snapshot.view.cluster;
    let known = seen.node(&deed.node);
    let known = known.ok_or_else(|| NodeError::NotFound(deed.node.clone()))?;
    let allowed = match maintenance {
        Some(_) => may_begin(seen, known),
        None => may_end(known),
    };
    allowed.map_err(|refusal| refused(&refusal))?;
    let result = match &maintenance {
        Some(maintenance) => format!(
            "in maintenance by {} until {}",
            maintenance.owner, maintenance.until
        ),
        None => "maintenance ended".to_owned(),
    };
    store(app, place.term, deed, maintenance, result).await
}

async fn store(
    app: &Shared,
    term: Term,
    deed: &Deed,
    maintenance: Option<Maintenance>,
    result: String,
) -> Result<(), NodeError> {
    let entry: AuditEntry = deed.entry(Outcome::Done, result);
    let _turn = app.changes.lock().await;
    app.store
        .node_set_maintenance(term, &deed.node, maintenance.as_ref(), &entry)
        .await?;
    let cluster = of_node(app, deed).await?;
    // Without a steward nobody reigns here: the next leader reads the store.
    app.fleet.define(cluster).await;
    Ok(())
}

fn refused(refusal: &Refusal) -> NodeError {
    NodeError::Refused(vec![Refused {
        code: refusal.code(),
        sentence: refusal.to_string(),
        remedy: refusal.remedy().to_owned(),
    }])
}
