//! How available clusters were, and whether that is what was promised.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use lictor_view::{Availability, ClusterAvailability};
use lictor_wire::v1;
use lictor_wire::v1::history_service_server::HistoryService;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::caller::Caller;
use super::extract::{Query, said};
use super::history::read;
use super::moment::Moment;
use super::refusal::Refusal;
use super::{Answer, csv};
use crate::app::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(get_availability))
        .routes(routes!(export_availability))
}

/// A time that ends now.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Period {
    /// 24 hours.
    Day,
    /// 30 days.
    Month,
    /// 365 days.
    Year,
}

/// Of whom and when the availability is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only of this cluster.
    cluster: Option<String>,
    /// A time that ends now: a day when nothing is said. Not together with `from` and
    /// `to`.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    period: Option<Period>,
    /// From then on.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    from: Option<Moment>,
    /// Until then; now when it is not said.
    #[serde(default, deserialize_with = "said")]
    #[param(inline)]
    to: Option<Moment>,
}

impl From<Asked> for v1::GetAvailabilityRequest {
    fn from(asked: Asked) -> Self {
        let period = match asked.period {
            None => v1::Period::Unspecified,
            Some(Period::Day) => v1::Period::Day,
            Some(Period::Month) => v1::Period::Month,
            Some(Period::Year) => v1::Period::Year,
        };
        Self {
            cluster: asked.cluster,
            period: period.into(),
            from: asked.from.map(Moment::message),
            to: asked.to.map(Moment::message),
        }
    }
}

async fn reached(app: &Shared, caller: &Caller, asked: Asked) -> Result<Availability, Refusal> {
    let request = caller.asks(v1::GetAvailabilityRequest::from(asked));
    let response = grpc::history(app).get_availability(request).await?;
    read(response.into_inner())
}

/// How available clusters were, with the formula.
#[utoipa::path(
    get, path = "/availability", tag = "History", params(Asked),
    responses((status = 200, body = Availability, description = "Of each"), Refusal),
    extensions(("x-grpc-method" = json!("HistoryService/GetAvailability"))),
)]
async fn get_availability(
    State(app): State<Shared>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer<Availability> {
    reached(&app, &caller, asked).await.map(Json)
}

/// How available clusters were, as a CSV file.
#[utoipa::path(
    get, path = "/availability.csv", tag = "History", params(Asked),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "The file"),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("HistoryService/GetAvailability"))),
)]
async fn export_availability(
    State(app): State<Shared>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    let reached = reached(&app, &caller, asked).await?;
    let (from, to) = (reached.from.to_string(), reached.to.to_string());
    let header = [
        "cluster",
        "from",
        "to",
        "observed_secs",
        "unavailable_secs",
        "availability_percent",
        "objective_availability_percent",
        "failures",
        "mtbf_secs",
        "mttr_secs",
        "rto_objective_secs",
        "rto_worst_secs",
        "rpo_objective_secs",
        "rpo_worst_secs",
        "rpo",
    ];
    let row = |it: ClusterAvailability| {
        [
            it.cluster,
            from.clone(),
            to.clone(),
            it.observed_secs.to_string(),
            it.unavailable_secs.to_string(),
            csv::known(it.availability_percent),
            csv::known(it.objective_availability_percent),
            it.failures.to_string(),
            csv::known(it.mtbf_secs),
            csv::known(it.mttr_secs),
            csv::known(it.rto_objective_secs),
            csv::known(it.rto_worst_secs),
            csv::known(it.rpo_objective_secs),
            csv::known(it.rpo_worst_secs),
            it.rpo_sentence,
        ]
    };
    csv::file(
        "lictor-availability.csv",
        header,
        reached.clusters.into_iter().map(row),
    )
}
