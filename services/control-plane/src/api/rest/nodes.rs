//! Nodes: how they do, and what operators do with them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use lictor_view::{
    MaintenanceEndRequest, MaintenanceRequest, Node, NodeChange, NodeMaintenance, NodePage,
    NodePlacement, RebuildReport, RebuildRequest, RejoinReport, RejoinRequest, RepointReport,
    RepointRequest, VariableList,
};
use lictor_wire::v1;
use lictor_wire::v1::node_service_server::NodeService;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::caller::Caller;
use super::extract::{Body, Path, Query};
use super::orders::reported;
use super::page::Limit;
use super::refusal::Refusal;
use super::{Answer, answer};
use crate::app::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_nodes))
        .routes(routes!(get_node, set_node))
        .routes(routes!(get_node_variables))
        .routes(routes!(rejoin_node))
        .routes(routes!(rebuild_node))
        .routes(routes!(repoint_node))
        .routes(routes!(begin_maintenance, end_maintenance))
}

/// Which nodes are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only those of this cluster.
    cluster: Option<String>,
    /// How many at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Those after this name: `next` of the page before.
    after: Option<String>,
}

/// Nodes, in order of name.
#[utoipa::path(
    get, path = "/nodes", tag = "Nodes", params(Asked),
    responses((status = 200, body = NodePage, description = "A page of them"), Refusal),
    extensions(("x-grpc-method" = json!("NodeService/ListNodes"))),
)]
async fn list_nodes(
    State(app): State<Shared>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer<NodePage> {
    let request = caller.asks(v1::ListNodesRequest {
        cluster: asked.cluster,
        limit: asked.limit.and_one(),
        after: asked.after,
    });
    let response = grpc::nodes(&app).list_nodes(request).await?;
    let nodes = response.into_inner().nodes.into_iter().map(Node::from);
    let (items, next) = asked.limit.page(nodes, |last| last.name.clone());
    Ok(Json(NodePage { items, next }))
}

/// A node.
#[utoipa::path(
    get, path = "/nodes/{node}", tag = "Nodes",
    params(("node" = String, Path, description = "Its name")),
    responses((status = 200, body = Node, description = "It"), Refusal),
    extensions(("x-grpc-method" = json!("NodeService/GetNode"))),
)]
async fn get_node(
    State(app): State<Shared>,
    caller: Caller,
    Path(node): Path<String>,
) -> Answer<Node> {
    let request = caller.asks(v1::GetNodeRequest { node });
    let response = grpc::nodes(&app).get_node(request).await?;
    answer(response.into_inner().node)
}

/// Its variables now, beside what they should be and why.
#[utoipa::path(
    get, path = "/nodes/{node}/variables", tag = "Nodes",
    params(("node" = String, Path, description = "Its name")),
    responses((status = 200, body = VariableList, description = "Each"), Refusal),
    extensions(("x-grpc-method" = json!("NodeService/GetNodeVariables"))),
)]
async fn get_node_variables(
    State(app): State<Shared>,
    caller: Caller,
    Path(node): Path<String>,
) -> Answer<VariableList> {
    let request = caller.asks(v1::GetNodeVariablesRequest { node });
    let response = grpc::nodes(&app).get_node_variables(request).await?;
    let items = response.into_inner().variables.into_iter();
    let items = items.map(Into::into).collect();
    Ok(Json(VariableList { items }))
}

/// Changes its promotion rule, where it stands, or both.
#[utoipa::path(
    patch, path = "/nodes/{node}", tag = "Nodes",
    params(("node" = String, Path, description = "Its name")), request_body = NodeChange,
    responses((status = 200, body = NodePlacement, description = "What is stored now"), Refusal),
    extensions(("x-grpc-method" = json!("NodeService/SetNode"))),
)]
async fn set_node(
    State(app): State<Shared>,
    caller: Caller,
    Path(node): Path<String>,
    Body(body): Body<NodeChange>,
) -> Answer<NodePlacement> {
    let request = caller.asks(body.message(node.clone()));
    let response = grpc::nodes(&app).set_node(request).await?;
    Ok(Json(NodePlacement::new(node, response.into_inner())))
}

/// Lets it back that nothing stands against any more, or says what does.
#[utoipa::path(
    post, path = "/nodes/{node}/rejoin", tag = "Nodes",
    params(("node" = String, Path, description = "Its name")), request_body = RejoinRequest,
    responses((status = 200, body = RejoinReport, description = "What was done, or would be"), Refusal),
    extensions(("x-grpc-method" = json!("NodeService/RejoinNode"))),
)]
async fn rejoin_node(
    State(app): State<Shared>,
    caller: Caller,
    Path(node): Path<String>,
    Body(body): Body<RejoinRequest>,
) -> Answer<RejoinReport> {
    let request = caller.asks(body.message(node));
    let response = grpc::nodes(&app).rejoin_node(request).await?;
    Ok(Json(response.into_inner().into()))
}

/// Makes it follow another node.
#[utoipa::path(
    post, path = "/nodes/{node}/repoint", tag = "Nodes",
    params(("node" = String, Path, description = "Its name")), request_body = RepointRequest,
    responses((status = 200, body = RepointReport, description = "Whom it follows, or would"), Refusal),
    extensions(("x-grpc-method" = json!("NodeService/RepointNode"))),
)]
async fn repoint_node(
    State(app): State<Shared>,
    caller: Caller,
    Path(node): Path<String>,
    Body(body): Body<RepointRequest>,
) -> Answer<RepointReport> {
    let request = caller.asks(body.message(node));
    let response = grpc::nodes(&app).repoint_node(request).await?;
    Ok(Json(response.into_inner().into()))
}

/// Puts it into maintenance for a time: it serves no reads and is never promoted.
#[utoipa::path(
    put, path = "/nodes/{node}/maintenance", tag = "Nodes",
    params(("node" = String, Path, description = "Its name")), request_body = MaintenanceRequest,
    responses((status = 200, body = NodeMaintenance, description = "Its maintenance"), Refusal),
    extensions(("x-grpc-method" = json!("NodeService/BeginMaintenance"))),
)]
async fn begin_maintenance(
    State(app): State<Shared>,
    caller: Caller,
    Path(node): Path<String>,
    Body(body): Body<MaintenanceRequest>,
) -> Answer<NodeMaintenance> {
    let request = caller.asks(body.message(node.clone()));
    let response = grpc::nodes(&app).begin_maintenance(request).await?;
    let maintenance = response.into_inner().maintenance;
    Ok(Json(NodeMaintenance::new(node, maintenance)))
}

/// Takes it out of maintenance.
#[utoipa::path(
    delete, path = "/nodes/{node}/maintenance", tag = "Nodes",
    params(("node" = String, Path, description = "Its name")), request_body = MaintenanceEndRequest,
    responses((status = 200, body = NodeMaintenance, description = "It has none now"), Refusal),
    extensions(("x-grpc-method" = json!("NodeService/EndMaintenance"))),
)]
async fn end_maintenance(
    State(app): State<Shared>,
    caller: Caller,
    Path(node): Path<String>,
    Body(body): Body<MaintenanceEndRequest>,
) -> Answer<NodeMaintenance> {
    let request = caller.asks(body.message(node.clone()));
    grpc::nodes(&app).end_maintenance(request).await?;
    Ok(Json(NodeMaintenance::new(node, None)))
}

/// Replaces its data by a copy of a donor's, and makes it follow the primary.
#[utoipa::path(
    post, path = "/nodes/{node}/rebuild", tag = "Nodes",
    params(("node" = String, Path, description = "Its name")), request_body = RebuildRequest,
    responses(
        (status = 202, body = RebuildReport, description = "It began", headers(
            ("Location" = String, description = "The operation to watch"))),
        (status = 200, body = RebuildReport, description = "What a rehearsal found"),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("NodeService/RebuildNode"))),
)]
async fn rebuild_node(
    State(app): State<Shared>,
    caller: Caller,
    Path(node): Path<String>,
    Body(body): Body<RebuildRequest>,
) -> Result<Response, Refusal> {
    let request = caller.asks(body.message(node.clone()));
    let response = grpc::nodes(&app).rebuild_node(request).await?;
    let report = RebuildReport::new(node, response.into_inner());
    Ok(reported(&report, report.operation.as_deref()))
}
