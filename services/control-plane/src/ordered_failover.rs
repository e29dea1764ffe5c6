//! Ordering a failover: hands an operator's order to the cluster's steward, and
//! has order and answer in the audit log, also when it was refused. How the
//! failover goes on is the keeper's matter.

use std::time::Duration;

use lictor_domain::{ClusterName, FailoverOrder, RecoveryId, Rehearsal, Term};
use lictor_store::AuditEntry;
use tokio::sync::oneshot;

use crate::app::Shared;
use crate::fleet;
use crate::switchover::OrderError;

/// The steward's answer.
const ANSWER: Duration = Duration::from_secs(5);

/// An order on its way to a steward.
#[derive(Debug)]
pub(crate) struct Request {
    /// What is ordered.
    pub(crate) order: FailoverOrder,
    /// Only say what would be found.
    pub(crate) rehearse: bool,
    /// Takes the answer.
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What a steward says to an order.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was found.
    pub(crate) rehearsal: Rehearsal,
    /// The recovery that began.
    pub(crate) recovery: Option<RecoveryId>,
}

/// Orders a failover, or rehearses it.
pub(crate) async fn order(
    app: &Shared,
    name: &ClusterName,
    order: FailoverOrder,
    rehearse: bool,
) -> Result<Answer, OrderError> {
    let Some(lease) = app.standing.lease() else {
        let leader = app.standing.view().leader_advertise;
        return Err(OrderError::NotLeading { leader });
    };
    let Some(steward) = app.fleet.steward(name) else {
        app.store.cluster_get(name).await?;
        return Err(OrderError::NotKept(name.clone()));
    };
    let mut entry = AuditEntry {
        actor: order.operator.clone(),
        action: "cluster.failover".to_owned(),
        target: name.to_string(),
        reason: Some(order.reason.clone()),
        result: String::new(),
    };
    let forced = if order.force { ", by force" } else { "" };
    let answered = ask(&steward, name, order, rehearse).await;
    if !rehearse {
        entry.result = match &answered {
            Ok(answer) => format!("{}{forced}", told(answer)),
            Err(error) => error.to_string(),
        };
        audit(app, lease.term(), &entry).await;
    }
    answered
}

async fn audit(app: &Shared, term: Term, entry: &AuditEntry) {
    if let Err(error) = app.store.audit_append(term, entry).await {
        let (cluster, result) = (&entry.target, &entry.result);
        tracing::warn!(%error, %cluster, result, "an ordered failover is not in the audit log");
    }
}

async fn ask(
    steward: &fleet::Steward,
    name: &ClusterName,
    order: FailoverOrder,
    rehearse: bool,
) -> Result<Answer, OrderError> {
    let (answer, answered) = oneshot::channel();
    let request = Request {
        order,
        rehearse,
        answer,
    };
    let asked = async {
        steward.failovers.send(request).await.ok()?;
        answered.await.ok()
    };
    let answer = tokio::time::timeout(ANSWER, asked).await.ok().flatten();
    answer.ok_or_else(|| OrderError::NotKept(name.clone()))
}

/// What came of it, for the audit log.
fn told(answer: &Answer) -> String {
    if let Some(recovery) = answer.recovery {
        return format!("recovery {recovery} began");
    }
    let blockers = answer.rehearsal.blockers.iter();
    let sentences: Vec<_> = blockers.map(ToString::to_string).collect();
    format!("nothing done: {}", sentences.join("; "))
}
