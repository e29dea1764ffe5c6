//! The control plane itself.

use axum::Json;
use axum::extract::State;
use lictor_view::{ControlPlane, ProblemKindList};
use lictor_wire::v1;
use lictor_wire::v1::control_plane_service_server::ControlPlaneService;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::Answer;
use super::caller::Caller;
use super::refusal::Refusal;
use crate::app::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(get_status))
        .routes(routes!(list_problem_codes))
}

/// This instance, its members, leases and stores.
#[utoipa::path(
    get, path = "/control-plane", tag = "Control plane",
    responses((status = 200, body = ControlPlane, description = "How it stands"), Refusal),
    extensions(("x-grpc-method" = json!("ControlPlaneService/GetStatus"))),
)]
async fn get_status(State(app): State<Shared>, caller: Caller) -> Answer<ControlPlane> {
    let request = caller.asks(v1::GetStatusRequest {});
    let response = grpc::control_plane(&app).get_status(request).await?;
    Ok(Json(response.into_inner().into()))
}

/// Every kind of problem there is, in order of code.
#[utoipa::path(
    get, path = "/problem-codes", tag = "Problems",
    responses((status = 200, body = ProblemKindList, description = "All of them"), Refusal),
    extensions(("x-grpc-method" = json!("ControlPlaneService/ListProblemCodes"))),
)]
async fn list_problem_codes(State(app): State<Shared>, caller: Caller) -> Answer<ProblemKindList> {
    let request = caller.asks(v1::ListProblemCodesRequest {});
    let response = grpc::control_plane(&app)
        .list_problem_codes(request)
        .await?;
    let items = response.into_inner().kinds.into_iter();
    let items = items.map(Into::into).collect();
    Ok(Json(ProblemKindList { items }))
}
