//! The configuration in versions: read, compared, changed and rolled back.
//!
//! Who changes it says in `If-Match` which version that starts from, and hears what
//! came between when it is not the newest.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use http::request::Parts;
use lictor_view::{
    Config, ConfigApplyRequest, ConfigDiff, ConfigDiffRequest, ConfigOutcome,
    ConfigRollbackRequest, ConfigStep, ConfigStepPage, RuleTest, RuleTestRequest,
};
use lictor_wire::v1;
use lictor_wire::v1::config_service_server::ConfigService;
use serde::Deserialize;
use thiserror::Error;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::super::problem;
use super::Answer;
use super::caller::Caller;
use super::extract::{Body, Query, said};
use super::page::Limit;
use super::refusal::Refusal;
use crate::app::Shared;

/// Versions on a page, at most: each is compared with the one before it.
const VERSIONS: u16 = 99;
/// The largest whole number that every reader of JSON knows, 2^53 - 1.
const NUMBER_MAX: u64 = 9_007_199_254_740_991;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(get_config, apply_config))
        .routes(routes!(list_config_versions))
        .routes(routes!(diff_config))
        .routes(routes!(rollback_config))
        .routes(routes!(config_schema))
        .routes(routes!(test_rule))
}

/// The version that a change starts from.
struct Base(u64);

impl<S: Sync> FromRequestParts<S> for Base {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Some(tag) = parts.headers.get(IF_MATCH) else {
            let sentence = "say in If-Match which version this starts from, such as \"7\"";
            let status = StatusCode::PRECONDITION_REQUIRED;
            return Err(Refusal::new(status, "PRECONDITION_REQUIRED", sentence));
        };
        let tag = tag.to_str().unwrap_or_default().trim();
        let number = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        let number = number.and_then(|number| number.parse().ok());
        let why = "it must be one version in quotes, such as \"7\"";
        number
            .map(Self)
            .ok_or_else(|| Refusal::field("If-Match", why))
    }
}

/// A version as `ETag` and `If-Match` have it.
fn tag(version: u64) -> String {
    format!("\"{version}\"")
}

/// A refusal of a change: that the configuration has moved is what `If-Match` asks.
fn refused(status: tonic::Status) -> Refusal {
    let refusal = Refusal::from(status);
    if refusal.is_conflict() {
        return refusal.with_status(StatusCode::PRECONDITION_FAILED);
    }
    refusal
}

/// What came of a change, tagged with the version that stands now.
fn changed(outcome: Option<v1::ConfigOutcome>) -> Response {
    let outcome = ConfigOutcome::from(outcome.unwrap_or_default());
    let made = outcome.made.as_ref().map(|made| made.version);
    let tag = tag(made.unwrap_or(outcome.base));
    ([(ETAG, tag)], Json(outcome)).into_response()
}

/// The number of a version.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u64")]
struct Number(u64);

/// Why a number is none.
#[derive(Debug, Error)]
#[error("it must be from 1 to {NUMBER_MAX}")]
struct OutOfRange;

impl TryFrom<u64> for Number {
    type Error = OutOfRange;

    fn try_from(number: u64) -> Result<Self, OutOfRange> {
        if (1..=NUMBER_MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(OutOfRange)
        }
    }
}

/// Which version is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// That version; the newest when it is not said.
    #[serde(default, deserialize_with = "said")]
    #[param(value_type = Option<u64>, minimum = 1, maximum = 9_007_199_254_740_991_u64)]
    version: Option<Number>,
}

/// The configuration: policies, promotion rules, keyspaces, hostgroups, query rules.
#[utoipa::path(
    get, path = "/config", tag = "Configuration", params(Asked),
    responses(
        (status = 200, body = Config, description = "It", headers(
            ("ETag" = String, description = "Its version, for If-Match"))),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("ConfigService/GetConfig"))),
)]
async fn get_config(
    State(app): State<Shared>,
    caller: Caller,
    Query(Asked { version }): Query<Asked>,
) -> Result<Response, Refusal> {
    let request = caller.asks(v1::GetConfigRequest {
        version: version.map(|number| number.0),
    });
    let response = grpc::config(&app).get_config(request).await?;
    let config = Config::try_from(response.into_inner());
    let config = config.map_err(|error| problem::broken_off(&error))?;
    Ok(([(ETAG, tag(config.version.version))], Json(config)).into_response())
}

/// Makes a document the configuration, as a whole or not at all.
#[utoipa::path(
    put, path = "/config", tag = "Configuration", request_body = ConfigApplyRequest,
    params(("If-Match" = String, Header, description = "The version it starts from")),
    responses(
        (status = 200, body = ConfigOutcome, description = "What came of it", headers(
            ("ETag" = String, description = "The version now"))),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("ConfigService/ApplyConfig"))),
)]
async fn apply_config(
    State(app): State<Shared>,
    caller: Caller,
    Base(base): Base,
    Body(body): Body<ConfigApplyRequest>,
) -> Result<Response, Refusal> {
    let request = caller.asks(body.message(base).map_err(problem::invalid)?);
    let response = grpc::config(&app).apply_config(request).await;
    let response = response.map_err(refused)?;
    Ok(changed(response.into_inner().outcome))
}

/// Makes an earlier version's document the newest version.
#[utoipa::path(
    post, path = "/config/rollback", tag = "Configuration",
    request_body = ConfigRollbackRequest,
    params(("If-Match" = String, Header, description = "The version it starts from")),
    responses(
        (status = 200, body = ConfigOutcome, description = "What came of it", headers(
            ("ETag" = String, description = "The version now"))),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("ConfigService/RollbackConfig"))),
)]
async fn rollback_config(
    State(app): State<Shared>,
    caller: Caller,
    Base(base): Base,
    Body(body): Body<ConfigRollbackRequest>,
) -> Result<Response, Refusal> {
    let request = caller.asks(body.message(base));
    let response = grpc::config(&app).rollback_config(request).await;
    let response = response.map_err(refused)?;
    Ok(changed(response.into_inner().outcome))
}

/// Which versions are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Versions {
    /// How many at most; no page has more than 99.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// Those before this one: `next` of the page before.
    #[serde(default, deserialize_with = "said")]
    #[param(value_type = Option<u64>, minimum = 1, maximum = 9_007_199_254_740_991_u64)]
    after: Option<Number>,
}

/// Versions with what each changed, the newest first.
#[utoipa::path(
    get, path = "/config/versions", tag = "Configuration", params(Versions),
    responses((status = 200, body = ConfigStepPage, description = "A page of them"), Refusal),
    extensions(("x-grpc-method" = json!("ConfigService/ListConfigVersions"))),
)]
async fn list_config_versions(
    State(app): State<Shared>,
    caller: Caller,
    Query(versions): Query<Versions>,
) -> Answer<ConfigStepPage> {
    let limit = versions.limit.at_most(VERSIONS);
    let request = caller.asks(v1::ListConfigVersionsRequest {
        limit: limit.and_one(),
        before: versions.after.map(|number| number.0),
    });
    let response = grpc::config(&app).list_config_versions(request).await?;
    let steps = response
        .into_inner()
        .steps
        .into_iter()
        .map(ConfigStep::from);
    let (items, next) = limit.page(steps, |last| last.version.version.to_string());
    Ok(Json(ConfigStepPage { items, next }))
}

/// What a document or a version would change.
#[utoipa::path(
    post, path = "/config/diff", tag = "Configuration", request_body = ConfigDiffRequest,
    responses((status = 200, body = ConfigDiff, description = "Each change"), Refusal),
    extensions(("x-grpc-method" = json!("ConfigService/DiffConfig"))),
)]
async fn diff_config(
    State(app): State<Shared>,
    caller: Caller,
    Body(body): Body<ConfigDiffRequest>,
) -> Answer<ConfigDiff> {
    let request = caller.asks(body.message().map_err(problem::invalid)?);
    let response = grpc::config(&app).diff_config(request).await?;
    Ok(Json(response.into_inner().into()))
}

/// The JSON Schema of the document, for editors.
#[utoipa::path(
    get, path = "/config/schema", tag = "Configuration",
    responses((status = 200, body = serde_json::Value, description = "It"), Refusal),
)]
async fn config_schema() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "application/json")],
        lictor_document::schema(),
    )
}

/// Which query rules fire for a statement, and where it goes.
#[utoipa::path(
    post, path = "/rules/test", tag = "Routing", request_body = RuleTestRequest,
    responses((status = 200, body = RuleTest, description = "Each step"), Refusal),
    extensions(("x-grpc-method" = json!("ConfigService/TestRule"))),
)]
async fn test_rule(
    State(app): State<Shared>,
    caller: Caller,
    Body(body): Body<RuleTestRequest>,
) -> Answer<RuleTest> {
    let request = caller.asks(body.message());
    let response = grpc::config(&app).test_rule(request).await?;
    Ok(Json(response.into_inner().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn base(tag: Option<&str>) -> Result<u64, Refusal> {
        let mut request = http::Request::builder();
        if let Some(tag) = tag {
            request = request.header(IF_MATCH, tag);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let read = Base::from_request_parts(&mut parts, &()).await;
        read.map(|base| base.0)
    }

    #[tokio::test]
    async fn a_change_says_which_version_it_starts_from() {
        assert_eq!(base(Some(&tag(7))).await.unwrap(), 7);
        let status = async |tag| {
            let refused = base(tag).await.unwrap_err();
            refused.into_response().status()
        };
        assert_eq!(status(None).await, StatusCode::PRECONDITION_REQUIRED);
        for wrong in ["7", "*", "\"x\"", "W/\"7\"", "\"7\", \"8\""] {
            assert_eq!(
                status(Some(wrong)).await,
                StatusCode::BAD_REQUEST,
                "{wrong}"
            );
        }
    }
}
