//! Orders: who is to be primary. What takes its time is begun, and the answer says
//! where to watch it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use lictor_view::{FailoverReport, FailoverRequest, SwitchoverReport, SwitchoverRequest};
use lictor_wire::v1::cluster_service_server::ClusterService;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::ROOT;
use super::caller::Caller;
use super::extract::{Body, Path};
use super::refusal::Refusal;
use crate::app::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(switchover_cluster))
        .routes(routes!(failover_cluster))
}

/// A report: of what began, with where it can be watched, or of a rehearsal.
pub(super) fn reported(report: impl Serialize, operation: Option<&str>) -> Response {
    let Some(id) = operation else {
        return Json(report).into_response();
    };
    let at = format!("{ROOT}/operations/{id}");
    (StatusCode::ACCEPTED, [(LOCATION, at)], Json(report)).into_response()
}

/// Makes another node the primary while the old one lives.
///
/// No acknowledged write is lost; with `dry_run` the checks are shown and nothing is
/// done.
#[utoipa::path(
    post, path = "/clusters/{cluster}/switchover", tag = "Clusters",
    params(("cluster" = String, Path, description = "Its name")),
    request_body = SwitchoverRequest,
    responses(
        (status = 202, body = SwitchoverReport, description = "It began", headers(
            ("Location" = String, description = "The operation to watch"))),
        (status = 200, body = SwitchoverReport, description = "What a rehearsal found"),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("ClusterService/SwitchoverCluster"))),
)]
async fn switchover_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Body(body): Body<SwitchoverRequest>,
) -> Result<Response, Refusal> {
    let request = caller.asks(body.message(name));
    let response = grpc::clusters(&app).switchover_cluster(request).await;
    let response = response.map_err(Refusal::of_cluster)?;
    let report = SwitchoverReport::from(response.into_inner());
    Ok(reported(&report, report.operation.as_deref()))
}

/// Makes a replica the primary although the old one cannot help.
///
/// With `dry_run` what would be done and what stands in the way is shown, and
/// nothing is done.
#[utoipa::path(
    post, path = "/clusters/{cluster}/failover", tag = "Clusters",
    params(("cluster" = String, Path, description = "Its name")),
    request_body = FailoverRequest,
    responses(
        (status = 202, body = FailoverReport, description = "It began", headers(
            ("Location" = String, description = "The operation to watch"))),
        (status = 200, body = FailoverReport, description = "What a rehearsal found"),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("ClusterService/FailoverCluster"))),
)]
async fn failover_cluster(
    State(app): State<Shared>,
    caller: Caller,
    Path(name): Path<String>,
    Body(body): Body<FailoverRequest>,
) -> Result<Response, Refusal> {
    let request = caller.asks(body.message(name));
    let response = grpc::clusters(&app).failover_cluster(request).await;
    let response = response.map_err(Refusal::of_cluster)?;
    let report = FailoverReport::from(response.into_inner());
    Ok(reported(&report, report.operation.as_deref()))
}
