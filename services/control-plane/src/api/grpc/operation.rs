//! `OperationService`: recoveries and rebuilds under one view.
//!
//! One that runs, or has just ended, is told as its steward sees it, which is newer
//! than what is stored, and there even while Postgres is away.

use std::cmp::Reverse;

use lictor_domain::{ClusterName, Operation, OperationId, OperationState, Scope};
use lictor_store::StoreError;
use lictor_wire::v1::operation_service_server::OperationService;
use lictor_wire::{WireError, v1};
use tonic::{Request, Response, Status};

use super::super::problem::{self, Problem};
use super::{allow, meant, parse, shown};
use crate::app::Shared;
use crate::snapshot::Snapshot;

const USUAL: u32 = 50;
const MOST: u32 = 1000;

/// The service.
pub(super) struct Api {
    app: Shared,
}

impl Api {
    pub(super) const fn new(app: Shared) -> Self {
        Self { app }
    }

    fn seen(&self) -> Vec<Operation> {
        let snapshots = self.app.fleet.snapshots();
        snapshots.iter().flat_map(|it| operations(it)).collect()
    }

    async fn list(&self, query: &Query) -> Result<Vec<Operation>, Status> {
        let seen = self.seen();
        let (of, state) = (&query.of, query.state);
        // One that is stored in another state than it is seen in leaves the page.
        let room = u32::try_from(seen.len()).unwrap_or(u32::MAX);
        let limit = query.limit.saturating_add(room);
        let stored = self.app.store.operation_list(of, state, limit, query.after);
        match stored.await {
            Ok(stored) => Ok(merged(stored, seen, query)),
            Err(StoreError::Unavailable(_)) if state == Some(OperationState::Running) => {
                Ok(merged(vec![], seen, query))
            }
            Err(error) => Err(Problem::from(error).into()),
        }
    }

    async fn get(&self, id: OperationId) -> Result<Operation, Status> {
        if let Some(seen) = self.seen().into_iter().find(|it| it.id() == id) {
            return Ok(seen);
        }
        let stored = self.app.store.operation_get(id).await;
        Ok(stored.map_err(Problem::from)?)
    }
}

/// The operations that a snapshot tells.
fn operations(snapshot: &Snapshot) -> Vec<Operation> {
    let ended = snapshot.ended.as_deref().cloned();
    let recoveries = ended.into_iter().chain(snapshot.recovery.clone());
    let nodes = snapshot.view.cluster.nodes.iter();
    let rebuilds = nodes.filter_map(|node| snapshot.rebuilds.of(&node.name).cloned());
    let recoveries = recoveries.map(Operation::from);
    recoveries.chain(rebuilds.map(Operation::from)).collect()
}

/// What is asked for.
struct Query {
    state: Option<OperationState>,
    cluster: Option<ClusterName>,
    /// The clusters whose operations are shown.
    of: Scope,
    limit: u32,
    after: Option<OperationId>,
}

impl Query {
    fn new(asked: &Request<v1::ListOperationsRequest>) -> Result<Self, Status> {
        let request = asked.get_ref();
        let state = match v1::OperationState::try_from(request.state) {
            Ok(v1::OperationState::Unspecified) => None,
            Ok(v1::OperationState::Running) => Some(OperationState::Running),
            Ok(v1::OperationState::Done) => Some(OperationState::Done),
            Ok(v1::OperationState::Failed) => Some(OperationState::Failed),
            Err(error) => return Err(problem::invalid(WireError::invalid("state", error))),
        };
        let cluster = request.cluster.as_deref();
        let after = request.after.as_deref();
        let cluster = cluster.map(|name| parse(name, "cluster")).transpose()?;
        Ok(Self {
            state,
            of: meant(asked, cluster.as_ref())?,
            cluster,
            after: after.map(|id| parse(id, "after")).transpose()?,
            limit: match request.limit {
                0 => USUAL,
                limit => limit.min(MOST),
            },
        })
    }

    fn wants(&self, operation: &Operation) -> bool {
        self.of.has(operation.cluster())
            && self.state.is_none_or(|state| operation.state() == state)
            && self.after.is_none_or(|after| operation.id() < after)
    }
}

/// What is stored, with the newer state of what is seen, the newest first.
fn merged(stored: Vec<Operation>, seen: Vec<Operation>, query: &Query) -> Vec<Operation> {
    let old = |it: &Operation| seen.iter().any(|seen| seen.id() == it.id());
    let mut all: Vec<_> = stored.into_iter().filter(|it| !old(it)).collect();
    all.extend(seen.into_iter().filter(|it| query.wants(it)));
    all.sort_by_key(|it| Reverse(it.id()));
    all.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    all
}

#[tonic::async_trait]
impl OperationService for Api {
    async fn list_operations(
        &self,
        request: Request<v1::ListOperationsRequest>,
    ) -> Result<Response<v1::ListOperationsResponse>, Status> {
        let query = Query::new(&request)?;
        let operations = self.list(&query).await?;
        if let Some(cluster) = query.cluster.filter(|_| operations.is_empty()) {
            // None of a cluster is an answer only if there is such a cluster.
            shown::cluster(&self.app, &cluster).await?;
        }
        Ok(Response::new(v1::ListOperationsResponse {
            operations: operations.iter().map(Into::into).collect(),
        }))
    }

    async fn get_operation(
        &self,
        request: Request<v1::GetOperationRequest>,
    ) -> Result<Response<v1::GetOperationResponse>, Status> {
        let id = parse(&request.get_ref().id, "id")?;
        let operation = self.get(id).await?;
        allow(&request, operation.cluster())?;
        Ok(Response::new(v1::GetOperationResponse {
            operation: Some((&operation).into()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use lictor_domain::{NodeName, Rebuild, RebuildId, RebuildState};
    use tonic::Code;
    use uuid::Uuid;

    use super::super::tests::of_holder;
    use super::*;

    fn rebuild(id: u128, state: RebuildState) -> Operation {
        rebuild_of(id, state).into()
    }

    fn rebuild_of(id: u128, state: RebuildState) -> Rebuild {
        let cluster: ClusterName = "orders".parse().unwrap();
        Rebuild {
            id: RebuildId(Uuid::from_u128(id)),
            node: NodeName::numbered(&cluster, 3),
            donor: NodeName::numbered(&cluster, 2),
            cluster,
            actor: "ann".to_owned(),
            started_at: DateTime::UNIX_EPOCH,
            finished_at: None,
            state,
        }
    }

    fn query(state: v1::OperationState, limit: u32, after: Option<u128>) -> Query {
        let asked = v1::ListOperationsRequest {
            state: state.into(),
            cluster: None,
            limit,
            after: after.map(|id| Uuid::from_u128(id).to_string()),
        };
        Query::new(&of_holder(&["orders"], asked)).unwrap()
    }

    #[test]
    fn operations_of_other_clusters_are_not_seen_and_may_not_be_asked_for() {
        let stranger = Operation::from(Rebuild {
            cluster: "users".parse().unwrap(),
            ..rebuild_of(2, RebuildState::Checking)
        });
        let any = query(v1::OperationState::Unspecified, 0, None);
        let seen = vec![rebuild(1, RebuildState::Checking), stranger];
        assert_eq!(ids(&merged(vec![], seen, &any)), [1]);
        let users = v1::ListOperationsRequest {
            cluster: Some("users".to_owned()),
            ..v1::ListOperationsRequest::default()
        };
        let refused = Query::new(&of_holder(&["orders"], users)).err().unwrap();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }

    fn ids(operations: &[Operation]) -> Vec<u128> {
        operations.iter().map(|it| it.id().0.as_u128()).collect()
    }

    #[test]
    fn what_is_seen_is_newer_than_what_is_stored() {
        let stored = || {
            vec![
                rebuild(2, RebuildState::Rejoining),
                rebuild(1, RebuildState::Done),
            ]
        };
        let seen = || {
            vec![
                rebuild(3, RebuildState::Checking),
                rebuild(2, RebuildState::Done),
            ]
        };
        let any = query(v1::OperationState::Unspecified, 0, None);
        assert_eq!(ids(&merged(stored(), seen(), &any)), [3, 2, 1]);
        let running = query(v1::OperationState::Running, 0, None);
        let stored_as_running = vec![rebuild(2, RebuildState::Rejoining)];
        assert_eq!(ids(&merged(stored_as_running, seen(), &running)), [3]);
        let second = query(v1::OperationState::Unspecified, 1, Some(3));
        assert_eq!(ids(&merged(stored(), seen(), &second)), [2]);
    }
}
