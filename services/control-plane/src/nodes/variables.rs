//! What a node's variables are now, beside what they should be.

use std::time::Duration;

use lictor_domain::{NodeName, Variable};
use lictor_engine::advice::{Advice, advice};

use super::{NodeError, Place};
use crate::app::Shared;

/// Logging in and one statement.
const READ: Duration = Duration::from_secs(5);

/// Reads them from the node now.
pub(crate) async fn node_variables(
    app: &Shared,
    node: &NodeName,
) -> Result<Vec<Variable>, NodeError> {
    let place = Place::find(app, node)?;
    let all = advice(&place.snapshot.view, node);
    let names: Vec<_> = all.iter().flat_map(Advice::names).collect();
    let told = place
        .hand(node)?
        .with(READ, |session, left| {
            let names = names.clone();
            Box::pin(async move { session.variables(&names, left).await })
        })
        .await;
    let told = told.map_err(|error| match NodeError::from(error) {
        NodeError::Failed(why) => {
            NodeError::Failed(format!("{node} does not tell its variables: {why}"))
        }
        other => other,
    })?;
    Ok(all.iter().filter_map(|one| one.judge(&told)).collect())
}
