//! Recoveries: the story of each failover and switchover.

use axum::Json;
use axum::extract::State;
use lictor_view::{Recovery, RecoveryPage, RecoverySummary};
use lictor_wire::v1;
use lictor_wire::v1::recovery_service_server::RecoveryService;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::caller::Caller;
use super::extract::{Path, Query};
use super::page::Limit;
use super::refusal::Refusal;
use super::{Answer, answer};
use crate::app::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_recoveries))
        .routes(routes!(get_recovery))
}

/// Which recoveries are asked for.
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
    /// Those older than the one of this id: `next` of the page before.
    after: Option<String>,
}

/// Recoveries, the newest first.
#[utoipa::path(
    get, path = "/recoveries", tag = "Recoveries", params(Asked),
    responses((status = 200, body = RecoveryPage, description = "A page of them"), Refusal),
    extensions(("x-grpc-method" = json!("RecoveryService/ListRecoveries"))),
)]
async fn list_recoveries(
    State(app): State<Shared>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer<RecoveryPage> {
    let request = caller.asks(v1::ListRecoveriesRequest {
        cluster: asked.cluster,
        limit: asked.limit.and_one(),
        before: asked.after,
    });
    let response = grpc::recoveries(&app).list_recoveries(request).await?;
    let all = response.into_inner().recoveries.into_iter();
    let all = all.map(RecoverySummary::from);
    let (items, next) = asked.limit.page(all, |last| last.id.clone());
    Ok(Json(RecoveryPage { items, next }))
}

/// A recovery with every step, the candidates and the evidence.
#[utoipa::path(
    get, path = "/recoveries/{id}", tag = "Recoveries",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = Recovery, description = "It"), Refusal),
    extensions(("x-grpc-method" = json!("RecoveryService/GetRecovery"))),
)]
async fn get_recovery(
    State(app): State<Shared>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Recovery> {
    let request = caller.asks(v1::GetRecoveryRequest { id });
    let response = grpc::recoveries(&app).get_recovery(request).await?;
    answer(response.into_inner().recovery)
}
