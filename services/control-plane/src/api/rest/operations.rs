//! Operations: what takes its time, while it lasts and afterwards.

use axum::Json;
use axum::extract::State;
use lictor_view::{Operation, OperationPage, OperationState};
use lictor_wire::v1;
use lictor_wire::v1::operation_service_server::OperationService;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::caller::Caller;
use super::extract::{Path, Query, said};
use super::page::Limit;
use super::refusal::Refusal;
use super::{Answer, answer};
use crate::app::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_operations))
        .routes(routes!(get_operation))
}

/// Which operations are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only those that stand so.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    state: Option<OperationState>,
    /// Only those of this cluster.
    cluster: Option<String>,
    /// How many at most.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Those older than the one of this id: `next` of the page before.
    after: Option<String>,
}

/// Failovers, switchovers and rebuilds, the newest first.
#[utoipa::path(
    get, path = "/operations", tag = "Operations", params(Asked),
    responses((status = 200, body = OperationPage, description = "A page of them"), Refusal),
    extensions(("x-grpc-method" = json!("OperationService/ListOperations"))),
)]
async fn list_operations(
    State(app): State<Shared>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer<OperationPage> {
    let state = asked.state.map(v1::OperationState::from);
    let request = caller.asks(v1::ListOperationsRequest {
        state: state.unwrap_or_default().into(),
        cluster: asked.cluster,
        limit: asked.limit.and_one(),
        after: asked.after,
    });
    let response = grpc::operations(&app).list_operations(request).await?;
    let all = response.into_inner().operations.into_iter();
    let all = all.map(Operation::from);
    let (items, next) = asked.limit.page(all, |last| last.id.clone());
    Ok(Json(OperationPage { items, next }))
}

/// An operation: how far it is, and how it ended.
#[utoipa::path(
    get, path = "/operations/{id}", tag = "Operations",
    params(("id" = String, Path, description = "Its id: the recovery's or the rebuild's")),
    responses((status = 200, body = Operation, description = "It"), Refusal),
    extensions(("x-grpc-method" = json!("OperationService/GetOperation"))),
)]
async fn get_operation(
    State(app): State<Shared>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Operation> {
    let request = caller.asks(v1::GetOperationRequest { id });
    let response = grpc::operations(&app).get_operation(request).await?;
    answer(response.into_inner().operation)
}
