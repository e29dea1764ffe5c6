//! `ClusterService`: clusters as they are stored and seen, and changes of them.

use lictor_domain::{Actor, ClusterName, FailoverOrder, NodeAddress, Pause, Policy, Rehearsal};
use lictor_wire::v1::cluster_service_server::ClusterService;
use lictor_wire::{WireError, refusal, v1};
use tonic::{Request, Response, Status};

use super::super::problem::{self, Problem};
use super::{actor, allow, end_of, owner, parse, reason, scope, shown, view};
use crate::app::Shared;
use crate::orders::{self, Answer, OrderError};
use crate::pause::{self, Asked};
use crate::policy_change::{self, ChangeError};
use crate::registration::{self, Added, Wish};

/// The service.
pub(super) struct Api {
    app: Shared,
}

impl Api {
    pub(super) const fn new(app: Shared) -> Self {
        Self { app }
    }

    async fn add(&self, wish: Wish) -> Result<Added, Status> {
        let (app, name, seed) = (self.app.clone(), wish.name.clone(), wish.seed.clone());
        // A caller that goes away does not leave it half done.
        let adding = self
            .app
            .tasks
            .spawn(async move { registration::add_cluster(&app, wish).await });
        let added = adding.await.map_err(|error| problem::broken_off(&error))?;
        added.map_err(|error| problem::not_added(&name, &seed, error))
    }

    async fn order_failover(
        &self,
        name: &ClusterName,
        order: FailoverOrder,
        dry_run: bool,
        actor: Actor,
    ) -> Result<Answer<Rehearsal>, Status> {
        let (app, of) = (self.app.clone(), name.clone());
        let ordering = self
            .app
            .tasks
            .spawn(async move { orders::failover::order(&app, &of, order, dry_run, actor).await });
        let answer = ordering
            .await
            .map_err(|error| problem::broken_off(&error))?;
        answer.map_err(Into::into)
    }

    async fn change_policy(
        &self,
        name: ClusterName,
        change: v1::PolicyChange,
        reason: String,
        actor: Actor,
    ) -> Result<(), Status> {
        let app = self.app.clone();
        let changing = self.app.tasks.spawn(async move {
            policy_change::change_policy(&app, &name, change, &reason, actor).await
        });
        let changed = changing
            .await
            .map_err(|error| problem::broken_off(&error))?;
        changed.map_err(not_changed)
    }

    async fn set_pause(
        &self,
        name: ClusterName,
        pause: Option<Pause>,
        asked: Asked,
    ) -> Result<v1::ClusterView, Status> {
        let (app, of) = (self.app.clone(), name.clone());
        let setting = self
            .app
            .tasks
            .spawn(async move { pause::set_pause(&app, &of, pause, asked).await });
        let set = setting.await.map_err(|error| problem::broken_off(&error))?;
        set.map_err(not_changed)?;
        shown::cluster(&self.app, &name).await
    }
}

#[tonic::async_trait]
impl ClusterService for Api {
    async fn add_cluster(
        &self,
        request: Request<v1::AddClusterRequest>,
    ) -> Result<Response<v1::AddClusterResponse>, Status> {
        let actor = actor(&request)?;
        let name: ClusterName = parse(&request.get_ref().name, "name")?;
        allow(&request, &name)?;
        let request = request.into_inner();
        let seed: NodeAddress = parse(&request.seed, "seed")?;
        let change = request.policy.unwrap_or_default();
        // What makes no sense at all is refused by any instance.
        change
            .clone()
            .applied_to(&Policy::default())
            .map_err(|error| problem::invalid(error.within("policy")))?;
        let wish = Wish {
            name: name.clone(),
            seed,
            change,
            actor,
        };
        let added = self.add(wish).await?;
        let warnings = added.warnings.into_iter();
        Ok(Response::new(v1::AddClusterResponse {
            cluster: Some(shown::cluster(&self.app, &name).await?),
            findings: warnings
                .map(|one| problem::finding("Warning", one))
                .collect(),
            created: added.created,
        }))
    }

    async fn list_clusters(
        &self,
        request: Request<v1::ListClustersRequest>,
    ) -> Result<Response<v1::ListClustersResponse>, Status> {
        let clusters = shown::clusters(&self.app, &scope(&request)?).await?;
        Ok(Response::new(v1::ListClustersResponse { clusters }))
    }

    async fn get_cluster(
        &self,
        request: Request<v1::GetClusterRequest>,
    ) -> Result<Response<v1::GetClusterResponse>, Status> {
        let name = parse(&request.get_ref().name, "name")?;
        allow(&request, &name)?;
        let cluster = Some(shown::cluster(&self.app, &name).await?);
        Ok(Response::new(v1::GetClusterResponse { cluster }))
    }

    async fn get_connections(
        &self,
        request: Request<v1::GetConnectionsRequest>,
    ) -> Result<Response<v1::GetConnectionsResponse>, Status> {
        let name = parse(&request.get_ref().name, "name")?;
        allow(&request, &name)?;
        let Some(steward) = self.app.fleet.steward(&name) else {
            let known = self.app.store.cluster_get(&name).await;
            known.map_err(Problem::from)?;
            let leader = self
                .app
                .standing
                .lead()
                .err()
                .and_then(|error| error.leader);
            return Err(problem::not_leading(leader));
        };
        let pools = self.app.hub.pools(&name);
        let nodes = view::connections(&steward.snapshot.borrow().view, pools);
        Ok(Response::new(v1::GetConnectionsResponse { nodes }))
    }

    async fn failover_cluster(
        &self,
        request: Request<v1::FailoverClusterRequest>,
    ) -> Result<Response<v1::FailoverClusterResponse>, Status> {
        let actor = actor(&request)?;
        let name: ClusterName = parse(&request.get_ref().name, "name")?;
        allow(&request, &name)?;
        let request = request.into_inner();
        let to = request.to.as_deref();
        let order = FailoverOrder {
            to: to.map(|to| parse(to, "to")).transpose()?,
            force: request.force,
            operator: actor.name.clone(),
            reason: reason(&request.reason)?,
        };
        let answer = self
            .order_failover(&name, order, request.dry_run, actor)
            .await?;
        let found = answer.found;
        let blockers: Vec<_> = found.blockers.iter().map(problem::blocker).collect();
        if !blockers.is_empty() && !request.dry_run {
            return Err(refusal(&format!("{name} is not failed over:"), blockers));
        }
        Ok(Response::new(v1::FailoverClusterResponse {
            candidate: found.candidate.map(Into::into),
            candidates: found.candidates.iter().map(Into::into).collect(),
            steps: found.steps,
            blockers,
            recovery: answer.recovery.map(|id| id.to_string()),
        }))
    }

    async fn update_policy(
        &self,
        request: Request<v1::UpdatePolicyRequest>,
    ) -> Result<Response<v1::UpdatePolicyResponse>, Status> {
        let actor = actor(&request)?;
        let name: ClusterName = parse(&request.get_ref().name, "name")?;
        allow(&request, &name)?;
        let request = request.into_inner();
        let reason = reason(&request.reason)?;
        let change = request
            .change
            .ok_or_else(|| problem::invalid(WireError::missing("change")))?;
        self.change_policy(name.clone(), change, reason, actor)
            .await?;
        let cluster = Some(shown::cluster(&self.app, &name).await?);
        Ok(Response::new(v1::UpdatePolicyResponse { cluster }))
    }

    async fn pause_cluster(
        &self,
        request: Request<v1::PauseClusterRequest>,
    ) -> Result<Response<v1::PauseClusterResponse>, Status> {
        let actor = actor(&request)?;
        let name: ClusterName = parse(&request.get_ref().name, "name")?;
        allow(&request, &name)?;
        let request = request.into_inner();
        let reason = reason(&request.reason)?;
        let pause = Pause {
            owner: owner(&request.owner, &actor.name)?,
            reason: reason.clone(),
            until: request.for_secs.map(end_of).transpose()?,
        };
        let asked = Asked { actor, reason };
        let cluster = Some(self.set_pause(name, Some(pause), asked).await?);
        Ok(Response::new(v1::PauseClusterResponse { cluster }))
    }

    async fn resume_cluster(
        &self,
        request: Request<v1::ResumeClusterRequest>,
    ) -> Result<Response<v1::ResumeClusterResponse>, Status> {
        let actor = actor(&request)?;
        let name: ClusterName = parse(&request.get_ref().name, "name")?;
        allow(&request, &name)?;
        let request = request.into_inner();
        let reason = reason(&request.reason)?;
        let asked = Asked { actor, reason };
        let cluster = Some(self.set_pause(name, None, asked).await?);
        Ok(Response::new(v1::ResumeClusterResponse { cluster }))
    }

    async fn switchover_cluster(
        &self,
        request: Request<v1::SwitchoverClusterRequest>,
    ) -> Result<Response<v1::SwitchoverClusterResponse>, Status> {
        let actor = actor(&request)?;
        let name: ClusterName = parse(&request.get_ref().name, "name")?;
        allow(&request, &name)?;
        let request = request.into_inner();
        let rehearse = request.dry_run;
        let order = request
            .order(actor.name.clone())
            .map_err(problem::invalid)?;
        let (app, of) = (self.app.clone(), name.clone());
        // A caller that goes away does not keep it out of the audit log.
        let ordering = self.app.tasks.spawn(async move {
            orders::switchover::order(&app, &of, order, rehearse, actor).await
        });
        let answer = ordering
            .await
            .map_err(|error| problem::broken_off(&error))??;
        let blockers: Vec<_> = answer.found.blockers().map(problem::check).collect();
        if !blockers.is_empty() && !rehearse {
            return Err(refusal(&format!("{name} is not switched over:"), blockers));
        }
        Ok(Response::new(v1::SwitchoverClusterResponse {
            recovery: answer.recovery.map(|id| id.to_string()),
            ..(&answer.found).into()
        }))
    }
}

impl From<OrderError> for Status {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotLeading(error) => problem::not_leading(error.leader),
            OrderError::Store(error) => Problem::from(error).into(),
            OrderError::OutOfScope(cluster) => problem::out_of_scope(&cluster),
            OrderError::NotKept(_) => problem::not_kept(error.to_string()),
        }
    }
}

fn not_changed(error: ChangeError) -> Status {
    match error {
        ChangeError::NotLeading(error) => problem::not_leading(error.leader),
        ChangeError::Invalid(error) => problem::invalid(error.within("change")),
        ChangeError::Store(error) => Problem::from(error).into(),
    }
}
