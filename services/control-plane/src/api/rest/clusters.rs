//! Clusters: who they are, how they do, and what is wanted of them.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use lictor_view::{
    AddClusterRequest, AddedCluster, Cluster, ClusterPage, ClusterSummary, NodeConnectionsList,
    PauseRequest, PolicyPatch, ResumeRequest, Severity,
};
use lictor_wire::v1;
use lictor_wire::v1::cluster_service_server::ClusterService;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::caller::Caller;
use super::extract::{Body, Path, Query, said};
use super::page::Limit;
use super::refusal::Refusal;
use super::{Answer, answer};
use crate::app::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_clusters, add_cluster))
        .routes(routes!(get_cluster))
        .routes(routes!(get_connections))
        .routes(routes!(update_policy))
        .routes(routes!(pause_cluster))
        .routes(routes!(resume_cluster))
}

/// Which clusters are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only those with this in the name, the primary's name or the worst problem.
    q: Option<String>,
    /// Only those whose worst problem is of this severity.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    severity: Option<Severity>,
    /// How many at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Those after this name: `next` of the page before.
    after: Option<String>,
}

impl Asked {
    fn wants(&self, cluster: &ClusterSummary) -> bool {
        let after = self
            .after
            .as_ref()
            .is_none_or(|after| cluster.name > *after);
        after && self.is_grave(cluster) && self.is_named(cluster)
    }

    fn is_grave(&self, cluster: &ClusterSummary) -> bool {
        self.severity.is_none() || self.severity == cluster.severity
    }

    fn is_named(&self, cluster: &ClusterSummary) -> bool {
        let Some(text) = self.q.as_ref().map(|text| text.to_lowercase()) else {
            return true;
        };
        let texts = [
            Some(&cluster.name),
            Some(&cluster.primary),
            cluster.worst.as_ref(),
        ];
        let mut texts = texts.into_iter().flatten();
        texts.any(|it| it.to_lowercase().contains(&text))
    }
}

/// Clusters, in order of name.
#[utoipa::path(
    get, path = "/clusters", tag = "Clusters", params(Asked),
    responses((status = 200, body = ClusterPage, description = "A page of them"), Refusal),
    extensions(("x-grpc-method" = json!("ClusterService/ListClusters"))),
)]
async fn list_clusters(
    State(app): State<Shared>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer<ClusterPage> {
    let request = caller.asks(v1::ListClustersRequest {});
    let response = grpc::clusters(&app).list_clusters(request).await?;
    let all = response.into_inner().clusters;
    let summaries = all
        .iter()
        .map(|view| ClusterSummary::from(v1::ClusterSummary::from(view)));
    let wanted = summaries.filter(|cluster| asked.wants(cluster));
    let (items, next) = asked.limit.page(wanted, |last| last.name.clone());
    Ok(Json(ClusterPage { items, next }))
}

/// A cluster.
#[utoipa::path(
    get, path = "/clusters/{cluster}", tag = "Clusters",
    params(("cluster" = String, Path, description = "Its name")),
    responses((status = 200, body = Cluster, description = "It"), Refusal),
    extensions(("x-grpc-method" = json!("ClusterService/GetCluster"))),
)]
async fn get_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<Cluster> {
    let request = caller.asks(v1::GetClusterRequest { name });
    let response = grpc::clusters(&app).get_cluster(request).await;
    let response = response.map_err(Refusal::of_cluster)?;
    answer(response.into_inner().cluster)
}

/// How the connections of its nodes are divided among the subscribers' pools.
#[utoipa::path(
    get, path = "/clusters/{cluster}/connections", tag = "Clusters",
    params(("cluster" = String, Path, description = "Its name")),
    responses((status = 200, body = NodeConnectionsList, description = "Each node"), Refusal),
    extensions(("x-grpc-method" = json!("ClusterService/GetConnections"))),
)]
async fn get_connections(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<NodeConnectionsList> {
    let request = caller.asks(v1::GetConnectionsRequest { name });
    let response = grpc::clusters(&app).get_connections(request).await;
    let response = response.map_err(Refusal::of_cluster)?;
    let items = response.into_inner().nodes.into_iter();
    let items = items.map(Into::into).collect();
    Ok(Json(NodeConnectionsList { items }))
}

/// Adds a cluster by any one of its nodes, or brings a known one up to date.
#[utoipa::path(
    post, path = "/clusters", tag = "Clusters", request_body = AddClusterRequest,
    responses(
        (status = 201, body = AddedCluster, description = "It was added"),
        (status = 200, body = AddedCluster, description = "It was known, and is up to date now"),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("ClusterService/AddCluster"))),
)]
async fn add_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Body(body): Body<AddClusterRequest>,
) -> Result<(StatusCode, Json<AddedCluster>), Refusal> {
    let request = caller.asks(body.message());
    let response = grpc::clusters(&app).add_cluster(request).await?;
    let added = AddedCluster::from(response.into_inner());
    let status = if added.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(added)))
}

/// Changes what is named of its policy, in a new version of the configuration.
#[utoipa::path(
    patch, path = "/clusters/{cluster}/policy", tag = "Clusters",
    params(("cluster" = String, Path, description = "Its name")), request_body = PolicyPatch,
    responses((status = 200, body = Cluster, description = "The cluster now"), Refusal),
    extensions(("x-grpc-method" = json!("ClusterService/UpdatePolicy"))),
)]
async fn update_policy(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Body(body): Body<PolicyPatch>,
) -> Answer<Cluster> {
    let request = caller.asks(body.message(name));
    let response = grpc::clusters(&app).update_policy(request).await;
    let response = response.map_err(Refusal::of_cluster)?;
    answer(response.into_inner().cluster)
}

/// Does nothing in it by itself for a time.
#[utoipa::path(
    post, path = "/clusters/{cluster}/pause", tag = "Clusters",
    params(("cluster" = String, Path, description = "Its name")), request_body = PauseRequest,
    responses((status = 200, body = Cluster, description = "The cluster now"), Refusal),
    extensions(("x-grpc-method" = json!("ClusterService/PauseCluster"))),
)]
async fn pause_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Body(body): Body<PauseRequest>,
) -> Answer<Cluster> {
    let request = caller.asks(body.message(name));
    let response = grpc::clusters(&app).pause_cluster(request).await;
    let response = response.map_err(Refusal::of_cluster)?;
    answer(response.into_inner().cluster)
}

/// Ends a pause.
#[utoipa::path(
    post, path = "/clusters/{cluster}/resume", tag = "Clusters",
    params(("cluster" = String, Path, description = "Its name")), request_body = ResumeRequest,
    responses((status = 200, body = Cluster, description = "The cluster now"), Refusal),
    extensions(("x-grpc-method" = json!("ClusterService/ResumeCluster"))),
)]
async fn resume_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Body(body): Body<ResumeRequest>,
) -> Answer<Cluster> {
    let request = caller.asks(body.message(name));
    let response = grpc::clusters(&app).resume_cluster(request).await;
    let response = response.map_err(Refusal::of_cluster)?;
    answer(response.into_inner().cluster)
}
