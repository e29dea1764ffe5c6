//! A lease for an agent: the cluster's keeper grants it, under this leader's own.

use std::time::Duration;

use lictor_domain::{Instance, NodeName, Scope};
use lictor_engine::guard::{Answer, Refusal, Renewal};
use tokio::sync::oneshot;

use super::{Order, OrderError};
use crate::app::Shared;

/// An agent gives up earlier.
const ANSWER: Duration = Duration::from_secs(2);

/// A renewal on its way to a steward.
#[derive(Debug)]
pub(crate) struct Request {
    /// The node whose server it is for.
    pub(crate) node: NodeName,
    /// What the agent says.
    pub(crate) renewal: Renewal,
    /// How long a lease lasts.
    pub(crate) lease: Duration,
    /// Takes the answer.
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What an agent gets.
#[derive(Debug)]
pub(crate) struct Granted {
    /// The node whose server it guards, if one shows this start.
    pub(crate) node: Option<NodeName>,
    /// The keeper's word.
    pub(crate) answer: Answer,
}

/// Answers an agent that asks for the lease of a server in one of these clusters.
pub(crate) async fn renew(
    app: &Shared,
    renewal: Renewal,
    of: &Scope,
) -> Result<Granted, OrderError> {
    app.standing.lead()?;
    let Some((cluster, node)) = guarded(app, renewal.instance) else {
        return Ok(Granted {
            node: None,
            answer: Answer::Refused(Refusal::Unknown),
        });
    };
    if !of.has(&cluster) {
        return Err(OrderError::OutOfScope(cluster));
    }
    let not_kept = || OrderError::NotKept(cluster.clone());
    let steward = app.fleet.steward(&cluster).ok_or_else(not_kept)?;
    let (answer, answered) = oneshot::channel();
    let request = Request {
        node: node.clone(),
        renewal,
        lease: app.settings.agent_lease,
        answer,
    };
    let asked = async {
        steward.orders.send(Order::Renew(request)).await.ok()?;
        answered.await.ok()
    };
    let answer = tokio::time::timeout(ANSWER, asked).await.ok().flatten();
    Ok(Granted {
        node: Some(node),
        answer: answer.ok_or_else(not_kept)?,
    })
}

/// The node that shows this start of its server, and its cluster.
fn guarded(app: &Shared, instance: Instance) -> Option<(lictor_domain::ClusterName, NodeName)> {
    app.fleet.snapshots().iter().find_map(|snapshot| {
        let cluster = &snapshot.view.cluster;
        let shows = |node: &&lictor_domain::Node| {
            let guard = snapshot.view.node(&node.name).guard;
            guard.is_some_and(|guard| guard.instance == instance)
        };
        let node = cluster.nodes.iter().find(shows)?;
        Some((cluster.name.clone(), node.name.clone()))
    })
}
