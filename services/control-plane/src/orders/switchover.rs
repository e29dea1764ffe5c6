//! Ordering another primary: long transactions are looked for first.

use std::time::Duration;

use lictor_domain::access::Outcome;
use lictor_domain::{Actor, ClusterName, OpenTransaction, Preflight, Term};
use lictor_engine::switchover::Facts;
use lictor_mysql::{MysqlError, Session, Target};
use lictor_store::AuditEntry;
use tokio::time::Instant;

use super::{Answer, Order, OrderError, ask, record, steward};
use crate::app::Shared;
use crate::fleet::Steward;

/// Looking for long transactions.
const LOOK: Duration = Duration::from_secs(2);

/// Orders another primary, or rehearses it.
pub(crate) async fn order(
    app: &Shared,
    name: &ClusterName,
    order: lictor_domain::Order,
    rehearse: bool,
    actor: Actor,
) -> Result<Answer<Preflight>, OrderError> {
    let term = app.standing.lead()?.term();
    let entry = AuditEntry {
        actor,
        action: "cluster.switchover".to_owned(),
        target: name.to_string(),
        reason: order.reason.clone(),
        result: String::new(),
        outcome: Outcome::Refused,
    };
    let answered = async {
        let steward = steward(app, name).await?;
        let facts = Facts {
            transactions: look(app, name, &steward, term, order.older_than).await,
            subscribers: app.hub.concerned(name),
        };
        ask(&steward, name, (order, facts), rehearse, Order::Switchover).await
    };
    let answered = answered.await;
    if !rehearse {
        record(app, term, entry, &answered, told).await;
    }
    answered
}

/// The transactions that are open for long on the primary.
async fn look(
    app: &Shared,
    name: &ClusterName,
    steward: &Steward,
    term: Term,
    older_than: Duration,
) -> Result<Vec<OpenTransaction>, String> {
    let primary = steward.snapshot.borrow().view.primary_node().cloned();
    let primary = primary.ok_or_else(|| "the cluster has no primary".to_owned())?;
    let target = Target {
        address: primary.address,
        account: app.settings.mysql.control_account(name),
        term,
    };
    let listed: Result<_, MysqlError> = async {
        let ends = Instant::now() + LOOK;
        let mut session = Session::open(&target, LOOK).await?;
        let left = ends.saturating_duration_since(Instant::now());
        session.long_transactions(older_than, left).await
    }
    .await;
    listed.map_err(|error| error.to_string())
}

fn told(answer: &Answer<Preflight>) -> String {
    let candidate = answer.found.candidate.as_ref();
    if let Some((recovery, candidate)) = answer.recovery.zip(candidate) {
        return format!("recovery {recovery} makes {candidate} the primary");
    }
    let blockers = answer.found.blockers();
    let sentences: Vec<_> = blockers.map(|check| check.sentence.as_str()).collect();
    format!("nothing done: {}", sentences.join("; "))
}
