//! Orders a rebuild, after both servers were asked whether they can.

use lictor_domain::access::Outcome;
use lictor_domain::{NodeName, RebuildId};
use lictor_engine::message::Event;
use lictor_engine::rebuild::fitness::Side;
use lictor_engine::rebuild::{Order, Plan, Refusal, plan};
use lictor_engine::timing::Timing;

use super::{Deed, NodeError, Place, Refused, audit};
use crate::app::Shared;
use crate::clock;
use crate::hands::rebuild::fitness;

/// What is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Whose data the node shall get, if it matters.
    pub(crate) donor: Option<NodeName>,
    /// Its own may be lost.
    pub(crate) force: bool,
    /// Only say what would be done.
    pub(crate) dry_run: bool,
}

/// Orders it; what is done, and the identity of the rebuild if it is.
pub(crate) async fn rebuild_node(
    app: &Shared,
    deed: &Deed,
    wish: Wish,
) -> Result<(Plan, Option<RebuildId>), NodeError> {
    let dry_run = wish.dry_run;
    let ordered = order(app, deed, wish).await;
    match &ordered {
        Ok((_, None)) => {}
        Ok((plan, Some(_))) => {
            let lost = plan.loses.summary(12);
            let donor = &plan.donor;
            audit(
                app,
                deed,
                Outcome::Done,
                format!("rebuild from {donor} ordered; lost: {lost}"),
            )
            .await;
        }
        Err(_) if dry_run => {}
        Err(error) => audit(app, deed, Outcome::Refused, format!("not rebuilt: {error}")).await,
    }
    ordered
}

async fn order(
    app: &Shared,
    deed: &Deed,
    wish: Wish,
) -> Result<(Plan, Option<RebuildId>), NodeError> {
    let place = Place::find(app, &deed.node)?;
    let order = Order {
        node: deed.node.clone(),
        donor: wish.donor,
        force: wish.force,
        actor: deed.actor.name.clone(),
    };
    let snapshot = &place.snapshot;
    let timing = Timing::of(snapshot.view.cluster.policy.profile);
    let planned = match snapshot.rebuilds.running() {
        Some(running) => Err(vec![Refusal::AnotherRuns(running.node.clone())]),
        None if snapshot.recovery.is_some() => Err(vec![Refusal::FailoverRuns]),
        None => plan(&snapshot.view, &order, &timing, clock::mono()),
    };
    let plan = planned.map_err(|refusals| {
        let each = refusals.iter().map(|refusal| Refused {
            code: refusal.code(),
            sentence: refusal.to_string(),
            remedy: refusal.remedy().to_owned(),
        });
        NodeError::Refused(each.collect())
    })?;
    let mut objections = fitness(&place.hand(&plan.node)?, Side::Recipient).await?;
    objections.extend(fitness(&place.hand(&plan.donor)?, Side::Donor).await?);
    if !objections.is_empty() {
        let each = objections.into_iter().map(Into::into);
        return Err(NodeError::Refused(each.collect()));
    }
    if wish.dry_run {
        return Ok((plan, None));
    }
    let id = RebuildId(uuid::Uuid::now_v7());
    place.tell(Event::RebuildOrdered { id, order }).await?;
    Ok((plan, Some(id)))
}
