//! Makes a node follow another: whom it is to follow is stored with its audit
//! entry, then told to the cluster's steward, who moves it.

use lictor_domain::access::Outcome;
use lictor_domain::{NodeName, ProblemCode};
use lictor_engine::message::Event;
use lictor_engine::repoint::{Plan, Refusal, judge};
use lictor_engine::timing::Timing;
use lictor_engine::tree::Moment;

use super::{Deed, NodeError, Place, Refused, audit, of_node};
use crate::app::Shared;
use crate::clock;

/// Makes it follow `to`, or the primary.
pub(crate) async fn repoint_node(
    app: &Shared,
    deed: &Deed,
    to: Option<NodeName>,
    dry_run: bool,
) -> Result<Plan, NodeError> {
    let done = repoint(app, deed, to.as_ref(), dry_run).await;
    if let Err(error) = &done
        && !dry_run
    {
        audit(
            app,
            deed,
            Outcome::Refused,
            format!("not repointed: {error}"),
        )
        .await;
    }
    done
}

async fn repoint(
    app: &Shared,
    deed: &Deed,
    to: Option<&NodeName>,
    dry_run: bool,
) -> Result<Plan, NodeError> {
    let place = Place::find(app, &deed.node)?;
    let snapshot = &place.snapshot;
    let timing = Timing::of(snapshot.view.cluster.policy.profile);
    let moment = Moment {
        view: &snapshot.view,
        timing: &timing,
        now: clock::mono(),
    };
    let mut problems = snapshot.problems.iter();
    let unfinished = problems.any(|problem| problem.code == ProblemCode::UnfinishedRecovery);
    let busy = snapshot.recovery.is_some() || unfinished;
    let plan = judge(moment, &deed.node, to, busy).map_err(|refusals| refused(&refusals))?;
    if dry_run {
        return Ok(plan);
    }
    store(app, &place, deed, &plan).await?;
    if !plan.is_there {
        let node = plan.node.clone();
        place.tell(Event::Readmitted { node }).await?;
    }
    Ok(plan)
}

/// One wish at a time, each compared with what is stored by then: two of them
/// must not close a circle together.
async fn store(app: &Shared, place: &Place, deed: &Deed, plan: &Plan) -> Result<(), NodeError> {
    let _turn = app.changes.lock().await;
    let stored = of_node(app, deed).await?;
    let follows = plan.follows.as_ref();
    if let Some(circle) = follows.and_then(|to| stored.circle(&plan.node, to)) {
        return Err(refused(&[Refusal::Circle(circle)]));
    }
    let entry = deed.entry(Outcome::Done, plan.to_string());
    app.store
        .node_set_source(place.term, &plan.node, follows, &entry)
        .await?;
    let cluster = of_node(app, deed).await?;
    // Without a steward nobody reigns here: the next leader reads the store.
    app.fleet.define(cluster).await;
    Ok(())
}

fn refused(refusals: &[Refusal]) -> NodeError {
    let each = refusals.iter().map(|refusal| Refused {
        code: refusal.code(),
        sentence: refusal.to_string(),
        remedy: refusal.remedy().to_owned(),
    });
    NodeError::Refused(each.collect())
}
