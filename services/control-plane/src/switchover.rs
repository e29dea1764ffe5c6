//! Ordering another primary: looks for long transactions, asks the cluster's
//! steward, and has order and answer in the audit log. How the switchover goes
//! on is the keeper's matter.

use std::time::Duration;

use lictor_domain::{ClusterName, OpenTransaction, Order, Preflight, RecoveryId, Term};
use lictor_engine::switchover::Facts;
use lictor_mysql::{MysqlError, Session, Target};
use lictor_store::{AuditEntry, StoreError};
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::app::Shared;
use crate::fleet;

/// Looking for long transactions.
const LOOK: Duration = Duration::from_secs(2);
/// The steward's answer.
const ANSWER: Duration = Duration::from_secs(5);

/// An order on its way to a steward.
#[derive(Debug)]
pub(crate) struct Request {
    /// What is ordered.
    pub(crate) order: Order,
    /// What is known beside the view.
    pub(crate) facts: Facts,
    /// Only say what would be found.
    pub(crate) rehearse: bool,
    /// Takes the answer.
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What a steward says to an order.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was found.
    pub(crate) preflight: Preflight,
    /// The recovery that began.
    pub(crate) recovery: Option<RecoveryId>,
}

/// Why an order got no answer.
#[derive(Debug, Error)]
pub(crate) enum OrderError {
    /// Ask the leader.
    #[error("this instance does not lead")]
    NotLeading {
        /// Where the leader serves, if it is known.
        leader: Option<String>,
    },
    /// There is no such cluster, or Postgres did not say.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody keeps the cluster at this moment.
    #[error("cluster {0} is not being kept at this moment; try again")]
    NotKept(ClusterName),
}

/// Orders another primary, or rehearses it.
pub(crate) async fn order(
    app: &Shared,
    name: &ClusterName,
    order: Order,
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
    let facts = Facts {
        transactions: look(app, &steward, lease.term(), order.older_than).await,
        subscribers: app.hub.concerned(name),
    };
    let mut entry = AuditEntry {
        actor: order.actor.clone(),
        action: "cluster.switchover".to_owned(),
        target: name.to_string(),
        reason: order.reason.clone(),
        result: String::new(),
    };
    let answer = ask(&steward, name, order, facts, rehearse).await?;
    if !rehearse {
        entry.result = told(&answer);
        if let Err(error) = app.store.audit_append(lease.term(), &entry).await {
            tracing::warn!(%error, cluster = %name, result = entry.result, "not in the audit log");
        }
    }
    Ok(answer)
}

/// The transactions that are open for long on the primary.
async fn look(
    app: &Shared,
    steward: &fleet::Steward,
    term: Term,
    older_than: Duration,
) -> Result<Vec<OpenTransaction>, String> {
    let primary = steward.snapshot.borrow().view.primary_node().cloned();
    let primary = primary.ok_or_else(|| "the cluster has no primary".to_owned())?;
    let target = Target {
        address: primary.address,
        account: app.settings.mysql.control_account(),
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

async fn ask(
    steward: &fleet::Steward,
    name: &ClusterName,
    order: Order,
    facts: Facts,
    rehearse: bool,
) -> Result<Answer, OrderError> {
    let (answer, answered) = oneshot::channel();
    let request = Request {
        order,
        facts,
        rehearse,
        answer,
    };
    let asked = async {
        steward.orders.send(request).await.ok()?;
        answered.await.ok()
    };
    let answer = tokio::time::timeout(ANSWER, asked).await.ok().flatten();
    answer.ok_or_else(|| OrderError::NotKept(name.clone()))
}

/// What came of it, for the audit log.
fn told(answer: &Answer) -> String {
    let candidate = answer.preflight.candidate.as_ref();
    if let Some((recovery, candidate)) = answer.recovery.zip(candidate) {
        return format!("recovery {recovery} makes {candidate} the primary");
    }
    let blockers = answer.preflight.blockers();
    let sentences: Vec<_> = blockers.map(|check| check.sentence.as_str()).collect();
    format!("nothing done: {}", sentences.join("; "))
}
