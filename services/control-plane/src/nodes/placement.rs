//! Says how gladly a node is made primary and where it stands: stored with its
//! audit entry, then told to the cluster's steward.

use lictor_domain::access::Outcome;
use lictor_domain::{Node, Promotion, Zone};

use super::{Deed, NodeError, Place, audit, of_node};
use crate::app::Shared;

/// What to change.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    /// How gladly it is made primary; stays as it is with `None`.
    pub(crate) promotion: Option<Promotion>,
    /// Where it stands.
    pub(crate) stand: Stand,
}

/// Where a node is to stand.
#[derive(Clone, Debug)]
pub(crate) enum Stand {
    /// Where it stood.
    Unchanged,
    /// In no zone.
    Nowhere,
    /// In this zone.
    In(Zone),
}

/// Changes a node's placement; gives the node as it is stored then.
pub(crate) async fn set_placement(
    app: &Shared,
    deed: &Deed,
    placement: Placement,
) -> Result<Node, NodeError> {
    let set = try_set(app, deed, placement).await;
    if let Err(error) = &set {
        audit(app, deed, Outcome::Refused, format!("not changed: {error}")).await;
    }
    set
}

async fn try_set(app: &Shared, deed: &Deed, placement: Placement) -> Result<Node, NodeError> {
    let place = Place::find(app, &deed.node)?;
    let not_found = || NodeError::NotFound(deed.node.clone());
    let _turn = app.changes.lock().await;
    let mut cluster = of_node(app, deed).await?;
    let nodes = &mut cluster.nodes;
    let node = nodes.iter_mut().find(|node| node.name == deed.node);
    let node = node.ok_or_else(not_found)?;
    node.promotion = placement.promotion.unwrap_or(node.promotion);
    node.zone = match placement.stand {
        Stand::Unchanged => node.zone.take(),
        Stand::Nowhere => None,
        Stand::In(zone) => Some(zone),
    };
    let node = node.clone();
    let entry = deed.entry(Outcome::Done, told(&node));
    app.store
        .node_set_placement(
            place.term,
            &node.name,
            node.promotion,
            node.zone.as_ref(),
            &entry,
        )
        .await?;
    // Without a steward nobody reigns here: the next leader reads the store.
    app.fleet.define(cluster).await;
    Ok(node)
}

fn told(node: &Node) -> String {
    let Promotion { rule, until } = node.promotion;
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    let zone = node.zone.as_ref();
    let zone = zone.map_or_else(String::new, |zone| format!(", in zone {zone}"));
    format!("promotion rule {rule}{until}{zone}")
}
