//! Operators' orders to a cluster's steward, and its answers.
//!
//! A recovery that is ordered is looked at or begun, and one that was more than a
//! look stands in the audit log with its answer, also when it was refused. How it
//! goes on is the keeper's matter.

pub(crate) mod failover;
pub(crate) mod lease;
pub(crate) mod switchover;

use std::time::Duration;

use lictor_domain::access::Outcome;
use lictor_domain::{Cluster, ClusterName, FailoverOrder, Preflight, RecoveryId, Rehearsal, Term};
use lictor_engine::switchover::Facts;
use lictor_store::{AuditEntry, StoreError};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::app::Shared;
use crate::audit;
use crate::fleet::Steward;
use crate::leadership::NotLeading;

/// The steward's answer.
const ANSWER: Duration = Duration::from_secs(5);

/// An order on its way to a steward.
#[derive(Debug)]
pub(crate) enum Order {
    /// Make another node the primary while the old one lives.
    Switchover(Request<(lictor_domain::Order, Facts), Preflight>),
    /// Take the primacy away from the primary.
    Failover(Request<FailoverOrder, Rehearsal>),
    /// Grant an agent a lease; it changes nothing that an operator has a say in,
    /// and stands in no audit log.
    Renew(lease::Request),
    /// Keep the cluster by this definition, which is stored; the answer comes as
    /// soon as everybody who asks is shown it.
    Define(Cluster, oneshot::Sender<()>),
}

/// What is wanted, and who waits for the answer.
#[derive(Debug)]
pub(crate) struct Request<Wanted, Found> {
    /// What is wanted.
    pub(crate) wanted: Wanted,
    /// Only say what would be found.
    pub(crate) rehearse: bool,
    /// Takes the answer.
    pub(crate) answer: oneshot::Sender<Answer<Found>>,
}

/// What a steward says to an order.
#[derive(Debug)]
pub(crate) struct Answer<Found> {
    /// What was found.
    pub(crate) found: Found,
    /// The recovery that began.
    pub(crate) recovery: Option<RecoveryId>,
}

/// Why an order got no answer.
#[derive(Debug, Error)]
pub(crate) enum OrderError {
    /// Ask the leader.
    #[error(transparent)]
    NotLeading(#[from] NotLeading),
    /// There is no such cluster, or Postgres did not say.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Who asks has a token that is not good for the cluster.
    #[error("this token is not good for cluster {0}")]
    OutOfScope(ClusterName),
    /// Nobody keeps the cluster at this moment.
    #[error("cluster {0} is not being kept at this moment; try again")]
    NotKept(ClusterName),
}

/// The way to a cluster's steward.
async fn steward(app: &Shared, name: &ClusterName) -> Result<Steward, OrderError> {
    if let Some(steward) = app.fleet.steward(name) {
        return Ok(steward);
    }
    app.store.cluster_get(name).await?;
    Err(OrderError::NotKept(name.clone()))
}

/// Hands an order to the steward and waits for the answer.
async fn ask<Wanted, Found>(
    steward: &Steward,
    name: &ClusterName,
    wanted: Wanted,
    rehearse: bool,
    order: impl FnOnce(Request<Wanted, Found>) -> Order,
) -> Result<Answer<Found>, OrderError> {
    let (answer, answered) = oneshot::channel();
    let order = order(Request {
        wanted,
        rehearse,
        answer,
    });
    let asked = async {
        steward.orders.send(order).await.ok()?;
        answered.await.ok()
    };
    let answer = tokio::time::timeout(ANSWER, asked).await.ok().flatten();
    answer.ok_or_else(|| OrderError::NotKept(name.clone()))
}

/// Writes down what came of an order.
async fn record<Found>(
    app: &Shared,
    term: Term,
    entry: AuditEntry,
    answered: &Result<Answer<Found>, OrderError>,
    told: impl FnOnce(&Answer<Found>) -> String,
) {
    let (begun, result) = match answered {
        Ok(answer) => (answer.recovery.is_some(), told(answer)),
        Err(error) => (false, error.to_string()),
    };
    let outcome = if begun {
        Outcome::Done
    } else {
        Outcome::Refused
    };
    let entry = AuditEntry {
        result,
        outcome,
        ..entry
    };
    audit::write(app, term, &entry).await;
}
