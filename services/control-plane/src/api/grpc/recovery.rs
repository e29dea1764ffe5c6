//! `RecoveryService`: the history of recoveries, and those that run.
//!
//! One that runs, or has just ended, is told as its steward sees it, which is
//! newer than what is stored, and there even while Postgres is away.

use std::cmp::Reverse;

use lictor_domain::{ClusterName, Recovery, RecoveryId, Scope};
use lictor_store::StoreError;
use lictor_wire::v1;
use lictor_wire::v1::recovery_service_server::RecoveryService;
use tonic::{Request, Response, Status};

use super::super::problem::Problem;
use super::{allow, meant, parse};
use crate::app::Shared;

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

    fn newest(&self) -> impl Iterator<Item = Recovery> {
        let snapshots = self.app.fleet.snapshots().into_iter();
        snapshots.flat_map(|snapshot| {
            let ended = snapshot.ended.as_deref().cloned();
            ended.into_iter().chain(snapshot.recovery.clone())
        })
    }

    async fn list(&self, query: &Query) -> Result<Vec<Recovery>, Status> {
        let newest: Vec<_> = self
            .newest()
            .filter(|recovery| query.of.has(&recovery.cluster))
            .collect();
        let stored = self
            .app
            .store
            .recovery_list(&query.of, query.limit, query.before);
        match stored.await {
            Ok(stored) => Ok(merged(stored, newest, query)),
            Err(StoreError::Unavailable(_)) if !newest.is_empty() => {
                Ok(merged(vec![], newest, query))
            }
            Err(error) => Err(Problem::from(error).into()),
        }
    }

    /// No recovery of a cluster is an answer only if there is such a cluster.
    async fn known(&self, cluster: &ClusterName) -> Result<(), Status> {
        if self.app.fleet.steward(cluster).is_none() {
            let stored = self.app.store.cluster_get(cluster).await;
            stored.map_err(Problem::from)?;
        }
        Ok(())
    }

    async fn get(&self, id: RecoveryId) -> Result<Recovery, Status> {
        if let Some(newest) = self.newest().find(|recovery| recovery.id == id) {
            return Ok(newest);
        }
        let stored = self.app.store.recovery_get(id).await;
        Ok(stored.map_err(Problem::from)?)
    }
}

/// What is asked for.
struct Query {
    cluster: Option<ClusterName>,
    /// The clusters whose recoveries are shown.
    of: Scope,
    limit: u32,
    before: Option<RecoveryId>,
}

impl Query {
    fn new(asked: &Request<v1::ListRecoveriesRequest>) -> Result<Self, Status> {
        let request = asked.get_ref();
        let cluster = request.cluster.as_deref();
        let before = request.before.as_deref();
        let cluster = cluster.map(|name| parse(name, "cluster")).transpose()?;
        Ok(Self {
            of: meant(asked, cluster.as_ref())?,
            cluster,
            before: before.map(|id| parse(id, "before")).transpose()?,
            limit: match request.limit {
                0 => USUAL,
                limit => limit.min(MOST),
            },
        })
    }
}

/// What is stored, with the newer state of what runs, the newest first. What
/// runs and is not stored yet is on the first page.
fn merged(mut stored: Vec<Recovery>, running: Vec<Recovery>, query: &Query) -> Vec<Recovery> {
    for recovery in running {
        match stored.iter_mut().find(|stored| stored.id == recovery.id) {
            Some(stored) => *stored = recovery,
            None if query.before.is_none() => stored.push(recovery),
            None => {}
        }
    }
    stored.sort_by_key(|recovery| Reverse((recovery.started_at, recovery.id)));
    stored.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    stored
}

#[tonic::async_trait]
impl RecoveryService for Api {
    async fn list_recoveries(
        &self,
        request: Request<v1::ListRecoveriesRequest>,
    ) -> Result<Response<v1::ListRecoveriesResponse>, Status> {
        let query = Query::new(&request)?;
        let recoveries = self.list(&query).await?;
        if let Some(cluster) = query.cluster.filter(|_| recoveries.is_empty()) {
            self.known(&cluster).await?;
        }
        Ok(Response::new(v1::ListRecoveriesResponse {
            recoveries: recoveries.iter().map(Into::into).collect(),
        }))
    }

    async fn get_recovery(
        &self,
        request: Request<v1::GetRecoveryRequest>,
    ) -> Result<Response<v1::GetRecoveryResponse>, Status> {
        let id = parse(&request.get_ref().id, "id")?;
        let recovery = self.get(id).await?;
        allow(&request, &recovery.cluster)?;
        Ok(Response::new(v1::GetRecoveryResponse {
            recovery: Some((&recovery).into()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use lictor_domain::{
        Epoch, NodeName, Problem, ProblemCode, RecoveryKind, RecoveryOutcome, Severity,
    };
    use tonic::Code;
    use uuid::Uuid;

    use super::super::tests::of_holder;
    use super::*;

    fn recovery(id: u128, second: i64, outcome: RecoveryOutcome) -> Recovery {
        let cluster: ClusterName = "orders".parse().unwrap();
        Recovery {
            id: RecoveryId(Uuid::from_u128(id)),
            kind: RecoveryKind::Failover,
            epoch: Epoch::default(),
            started_at: DateTime::from_timestamp(second, 0).unwrap(),
            old_primary: NodeName::numbered(&cluster, 1),
            new_primary: None,
            verdict: Problem {
                code: ProblemCode::DeadPrimary,
                severity: Severity::Critical,
                node: None,
                sentence: String::new(),
                response: String::new(),
                evidence: vec![],
            },
            fencing: None,
            candidates: vec![],
            steps: vec![],
            outcome,
            cluster,
        }
    }

    fn first_page(limit: u32) -> Query {
        Query {
            cluster: None,
            of: Scope::All,
            limit,
            before: None,
        }
    }

    #[test]
    fn what_runs_is_newer_than_what_is_stored() {
        let stored = vec![
            recovery(2, 20, RecoveryOutcome::Running),
            recovery(1, 10, RecoveryOutcome::Done),
        ];
        let now = recovery(2, 20, RecoveryOutcome::Done);
        let unheard_of = recovery(3, 30, RecoveryOutcome::Running);
        let running = vec![now.clone(), unheard_of.clone()];
        let list = merged(stored.clone(), running.clone(), &first_page(50));
        assert_eq!(list, [unheard_of.clone(), now.clone(), stored[1].clone()]);
        assert_eq!(
            merged(stored.clone(), running.clone(), &first_page(1)),
            [unheard_of]
        );

        let second_page = Query {
            before: Some(RecoveryId(Uuid::from_u128(9))),
            ..first_page(50)
        };
        assert_eq!(
            merged(stored.clone(), running, &second_page),
            [now, stored[1].clone()]
        );
    }

    #[test]
    fn recoveries_of_other_clusters_may_not_be_asked_for() {
        let of = |cluster: Option<&str>| {
            let asked = v1::ListRecoveriesRequest {
                cluster: cluster.map(ToOwned::to_owned),
                ..v1::ListRecoveriesRequest::default()
            };
            Query::new(&of_holder(&["orders", "users"], asked))
        };
        let both = Scope::of(["orders", "users"].map(|it| it.parse().unwrap()).into());
        assert_eq!(of(None).unwrap().of, both);
        let one = Scope::of(["users".parse().unwrap()].into());
        assert_eq!(of(Some("users")).unwrap().of, one);
        let refused = of(Some("billing")).err().unwrap();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }

    #[test]
    fn a_query_is_bounded_and_names_what_makes_no_sense() {
        let query = |limit| {
            let asked = v1::ListRecoveriesRequest {
                limit,
                ..v1::ListRecoveriesRequest::default()
            };
            Query::new(&of_holder(&[], asked))
        };
        assert_eq!(query(0).unwrap().limit, 50);
        assert_eq!(query(9999).unwrap().limit, 1000);

        let wrong = v1::ListRecoveriesRequest {
            cluster: Some("Or_ders".to_owned()),
            ..v1::ListRecoveriesRequest::default()
        };
        let status = Query::new(&of_holder(&[], wrong)).err().unwrap();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(
            status.message().contains("`cluster`"),
            "{}",
            status.message()
        );
    }
}
