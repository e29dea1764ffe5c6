//! Ordering a failover.

use lictor_domain::access::Outcome;
use lictor_domain::{Actor, ClusterName, FailoverOrder, Rehearsal};
use lictor_store::AuditEntry;

use super::{Answer, Order, OrderError, ask, record, steward};
use crate::app::Shared;

/// Orders a failover, or rehearses it.
pub(crate) async fn order(
    app: &Shared,
    name: &ClusterName,
    order: FailoverOrder,
    rehearse: bool,
    actor: Actor,
) -> Result<Answer<Rehearsal>, OrderError> {
    let term = app.standing.lead()?.term();
    let entry = AuditEntry {
        actor,
        action: "cluster.failover".to_owned(),
        target: name.to_string(),
        reason: Some(order.reason.clone()),
        result: String::new(),
        outcome: Outcome::Refused,
    };
    let forced = if order.force { ", by force" } else { "" };
    let answered = async {
        let steward = steward(app, name).await?;
        ask(&steward, name, order, rehearse, Order::Failover).await
    };
    let answered = answered.await;
    if !rehearse {
        record(app, term, entry, &answered, |answer| {
            format!("{}{forced}", told(answer))
        })
        .await;
    }
    answered
}

fn told(answer: &Answer<Rehearsal>) -> String {
    if let Some(recovery) = answer.recovery {
        return format!("recovery {recovery} began");
    }
    if answer.found.blockers.is_empty() {
        return answer.found.steps.join("; ");
    }
    let blockers = answer.found.blockers.iter();
    let sentences: Vec<_> = blockers.map(ToString::to_string).collect();
    format!("nothing done: {}", sentences.join("; "))
}
