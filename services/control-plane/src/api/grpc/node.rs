//! `NodeService`: single nodes, and what operators do with them.

use lictor_domain::{ClusterName, GtidSet, Maintenance, NodeName, Promotion, PromotionRule};
use lictor_wire::v1::node_service_server::NodeService;
use lictor_wire::{WireError, timestamp, v1};
use tonic::{Request, Response, Status};

use super::super::problem;
use super::{actor, allow, allow_node, end_of, owner, parse, reason, scope, shown};
use crate::app::Shared;
use crate::nodes::maintenance::set_maintenance;
use crate::nodes::placement::{Placement, Stand, set_placement};
use crate::nodes::repoint::repoint_node;
use crate::nodes::variables::node_variables;
use crate::nodes::{self, Deed, NodeError};

/// Nodes on a page, unless another number is asked for.
const USUAL: usize = 100;
const MOST: usize = 1000;

/// The service.
pub(super) struct Api {
    app: Shared,
}

impl Api {
    pub(super) const fn new(app: Shared) -> Self {
        Self { app }
    }

    /// Runs a use case to its end: a caller that goes away does not leave it half
    /// done.
    async fn run<T, F>(&self, deed: Deed, work: impl FnOnce(Shared, Deed) -> F) -> Result<T, Status>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, NodeError>> + Send + 'static,
    {
        let node = deed.node.clone();
        let done = self.app.tasks.spawn(work(self.app.clone(), deed)).await;
        let done = done.map_err(|error| problem::broken_off(&error))?;
        done.map_err(|error| problem::of_node(&node, error))
    }
}

#[tonic::async_trait]
impl NodeService for Api {
    async fn list_nodes(
        &self,
        request: Request<v1::ListNodesRequest>,
    ) -> Result<Response<v1::ListNodesResponse>, Status> {
        let cluster = request.get_ref().cluster.as_deref();
        let cluster: Option<ClusterName> = cluster.map(|it| parse(it, "cluster")).transpose()?;
        let scope = scope(&request)?;
        if let Some(cluster) = &cluster {
            allow(&request, cluster)?;
        }
        let request = request.into_inner();
        let limit = match request.limit {
            0 => USUAL,
            limit => usize::try_from(limit).map_or(MOST, |limit| limit.min(MOST)),
        };
        let nodes = match cluster {
            Some(cluster) => shown::cluster(&self.app, &cluster).await?.nodes,
            None => shown::nodes(&self.app, &scope).await?,
        };
        let nodes = shown::page(nodes, |it| &it.name, request.after.as_deref(), limit)?;
        Ok(Response::new(v1::ListNodesResponse { nodes }))
    }

    async fn get_node(
        &self,
        request: Request<v1::GetNodeRequest>,
    ) -> Result<Response<v1::GetNodeResponse>, Status> {
        let node = parse(&request.get_ref().node, "node")?;
        allow_node(&request, &node)?;
        let node = Some(shown::node(&self.app, &node).await?);
        Ok(Response::new(v1::GetNodeResponse { node }))
    }

    async fn get_node_variables(
        &self,
        request: Request<v1::GetNodeVariablesRequest>,
    ) -> Result<Response<v1::GetNodeVariablesResponse>, Status> {
        let node = parse(&request.get_ref().node, "node")?;
        allow_node(&request, &node)?;
        let variables = node_variables(&self.app, &node).await;
        let variables = variables.map_err(|error| problem::of_node(&node, error))?;
        let variables = variables.into_iter().map(Into::into).collect();
        Ok(Response::new(v1::GetNodeVariablesResponse { variables }))
    }

    async fn rejoin_node(
        &self,
        request: Request<v1::RejoinNodeRequest>,
    ) -> Result<Response<v1::RejoinNodeResponse>, Status> {
        use nodes::rejoin::{Wish, rejoin_node};
        let actor = actor(&request)?;
        let node = parse(&request.get_ref().node, "node")?;
        allow_node(&request, &node)?;
        let request = request.into_inner();
        let deed = Deed {
            node,
            action: "node.rejoin",
            actor,
            reason: reason(&request.reason)?,
        };
        let shown: GtidSet = parse(&request.errant, "errant")?;
        let wish = if request.inject_empty {
            Wish::InjectEmpty((!shown.is_empty()).then_some(shown))
        } else {
            Wish::AsItIs
        };
        let dry_run = request.dry_run;
        let rejoined = self
            .run(deed, async move |app: Shared, deed: Deed| {
                rejoin_node(&app, &deed, wish, dry_run).await
            })
            .await?;
        Ok(Response::new(v1::RejoinNodeResponse {
            sentence: rejoined.sentence,
            injected: rejoined.injected.to_string(),
        }))
    }

    async fn rebuild_node(
        &self,
        request: Request<v1::RebuildNodeRequest>,
    ) -> Result<Response<v1::RebuildNodeResponse>, Status> {
        use nodes::rebuild::{Wish, rebuild_node};
        let actor = actor(&request)?;
        let node = parse(&request.get_ref().node, "node")?;
        allow_node(&request, &node)?;
        let donor = named(&request, &request.get_ref().donor, "donor")?;
        let request = request.into_inner();
        let deed = Deed {
            node,
            action: "node.rebuild",
            actor,
            reason: reason(&request.reason)?,
        };
        let wish = Wish {
            donor,
            force: request.force,
            dry_run: request.dry_run,
        };
        let (plan, id) = self
            .run(deed, async move |app: Shared, deed: Deed| {
                rebuild_node(&app, &deed, wish).await
            })
            .await?;
        Ok(Response::new(v1::RebuildNodeResponse {
            id: id.map(|id| id.to_string()).unwrap_or_default(),
            donor: plan.donor.to_string(),
            loses: plan.loses.to_string(),
        }))
    }

    async fn repoint_node(
        &self,
        request: Request<v1::RepointNodeRequest>,
    ) -> Result<Response<v1::RepointNodeResponse>, Status> {
        let actor = actor(&request)?;
        let node = parse(&request.get_ref().node, "node")?;
        allow_node(&request, &node)?;
        let source = named(&request, &request.get_ref().source, "source")?;
        let request = request.into_inner();
        let deed = Deed {
            node,
            action: "node.repoint",
            actor,
            reason: reason(&request.reason)?,
        };
        let dry_run = request.dry_run;
        let plan = self
            .run(deed, async move |app: Shared, deed: Deed| {
                repoint_node(&app, &deed, source, dry_run).await
            })
            .await?;
        Ok(Response::new(v1::RepointNodeResponse {
            sentence: plan.to_string(),
        }))
    }

    async fn begin_maintenance(
        &self,
        request: Request<v1::BeginMaintenanceRequest>,
    ) -> Result<Response<v1::BeginMaintenanceResponse>, Status> {
        let actor = actor(&request)?;
        let node = parse(&request.get_ref().node, "node")?;
        allow_node(&request, &node)?;
        let request = request.into_inner();
        let maintenance = Maintenance {
            owner: owner(&request.owner, &actor.name)?,
            reason: reason(&request.reason)?,
            until: end_of(request.for_secs)?,
        };
        let deed = Deed {
            node,
            action: "node.maintenance.begin",
            actor,
            reason: maintenance.reason.clone(),
        };
        let response = v1::BeginMaintenanceResponse {
            maintenance: Some((&maintenance).into()),
        };
        self.run(deed, async move |app: Shared, deed: Deed| {
            set_maintenance(&app, &deed, Some(maintenance)).await
        })
        .await?;
        Ok(Response::new(response))
    }

    async fn end_maintenance(
        &self,
        request: Request<v1::EndMaintenanceRequest>,
    ) -> Result<Response<v1::EndMaintenanceResponse>, Status> {
        let actor = actor(&request)?;
        let node = parse(&request.get_ref().node, "node")?;
        allow_node(&request, &node)?;
        let request = request.into_inner();
        let deed = Deed {
            node,
            action: "node.maintenance.end",
            actor,
            reason: reason(&request.reason)?,
        };
        self.run(deed, async move |app: Shared, deed: Deed| {
            set_maintenance(&app, &deed, None).await
        })
        .await?;
        Ok(Response::new(v1::EndMaintenanceResponse {}))
    }

    async fn set_node(
        &self,
        request: Request<v1::SetNodeRequest>,
    ) -> Result<Response<v1::SetNodeResponse>, Status> {
        let actor = actor(&request)?;
        let node = parse(&request.get_ref().node, "node")?;
        allow_node(&request, &node)?;
        let request = request.into_inner();
        let placement = placement(&request)?;
        let deed = Deed {
            node,
            action: "node.set",
            actor,
            reason: reason(&request.reason)?,
        };
        let node = self
            .run(deed, async move |app: Shared, deed: Deed| {
                set_placement(&app, &deed, placement).await
            })
            .await?;
        Ok(Response::new(v1::SetNodeResponse {
            promotion: v1::PromotionRule::from(node.promotion.rule).into(),
            promotion_until: node.promotion.until.map(timestamp),
            zone: node.zone.map(Into::into),
        }))
    }
}

/// Another node that the request may name.
fn named<T>(request: &Request<T>, text: &str, field: &str) -> Result<Option<NodeName>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let node = parse(text, field)?;
    allow_node(request, &node)?;
    Ok(Some(node))
}

fn placement(request: &v1::SetNodeRequest) -> Result<Placement, Status> {
    let invalid = |field, why: &str| problem::invalid(WireError::invalid(field, why));
    let promotion = v1::PromotionRule::try_from(request.promotion)
        .map_err(|error| invalid("promotion", &error.to_string()))?;
    let rule = PromotionRule::try_from(promotion).ok();
    let until = request.promotion_for_secs.map(end_of).transpose()?;
    if until.is_some() && matches!(rule, None | Some(PromotionRule::Neutral)) {
        let why = "only a rule that is set, and is not neutral, can end";
        return Err(invalid("promotion_for_secs", why));
    }
    let stand = match request.zone.as_deref() {
        None => Stand::Unchanged,
        Some("") => Stand::Nowhere,
        Some(zone) => Stand::In(parse(zone, "zone")?),
    };
    if rule.is_none() && request.zone.is_none() {
        return Err(invalid(
            "promotion",
            "neither a promotion rule nor a zone is given",
        ));
    }
    Ok(Placement {
        promotion: rule.map(|rule| Promotion { rule, until }),
        stand,
    })
}
