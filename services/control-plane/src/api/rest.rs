//! REST under `/v1`, with its `OpenAPI` document: the services of `lictor.v1` in
//! JSON.
//!
//! A handler reads JSON into the message, asks the same service that gRPC asks, in
//! this process, and writes the answer as its view. It decides nothing, so that
//! neither way in can do what the other cannot.

mod availability;
mod caller;
mod clusters;
mod config;
mod control_plane;
mod csv;
mod events;
mod extract;
mod history;
mod moment;
mod nodes;
mod once;
pub(super) mod openapi;
mod operations;
mod orders;
mod page;
mod recoveries;
mod refusal;
mod routing;
mod session;
#[cfg(test)]
mod tests;
mod tokens;

use axum::extract::{DefaultBodyLimit, Request};
use axum::{Json, Router, middleware};
use http::{Method, StatusCode};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub(super) use self::refusal::Refusal;
use crate::app::Shared;

/// Where REST begins.
pub(super) const ROOT: &str = "/v1";
/// Larger bodies are refused before they are read.
const BODY_MAX: usize = super::grpc::CONFIG_MAX;

/// An answer in JSON, or why there is none.
type Answer<T> = Result<Json<T>, Refusal>;

/// What a response holds. It always holds it; an empty one would be a defect.
fn answer<M, V: From<M>>(message: Option<M>) -> Answer<V> {
    let missing = || {
        let sentence = "the answer is empty; this is a defect";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", sentence)
    };
    message.map(|it| Json(it.into())).ok_or_else(missing)
}

/// The routes and what describes them.
fn parts() -> (Router<Shared>, OpenApi) {
    let every = OpenApiRouter::new()
        .merge(clusters::routes())
        .merge(orders::routes())
        .merge(nodes::routes())
        .merge(operations::routes())
        .merge(recoveries::routes())
        .merge(routing::routes())
        .merge(config::routes())
        .merge(history::routes())
        .merge(availability::routes())
        .merge(control_plane::routes())
        .merge(tokens::routes())
        .merge(session::routes())
        .merge(events::routes());
    let (routes, document) = OpenApiRouter::with_openapi(openapi::frame())
        .nest(ROOT, every)
        .split_for_parts();
    (routes, openapi::with_headers(document))
}

/// Everything under `/v1`, the document and its pages.
pub(super) fn router(app: &Shared) -> Router {
    let (routes, document) = parts();
    let routes = routes
        .layer(middleware::from_fn_with_state(app.clone(), once::once))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .method_not_allowed_fallback(async |request: Request| {
            not_allowed(request.method(), request.uri().path())
        })
        .with_state(app.clone());
    routes.merge(openapi::pages(document))
}

/// The path is there, for other methods.
pub(super) fn not_allowed(method: &Method, path: &str) -> Refusal {
    let sentence = format!("{path} does not take {method}");
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        sentence,
    )
}

/// There is no such thing under `/v1`.
pub(super) fn unknown(path: &str) -> Refusal {
    let sentence = format!("there is no {path}; /docs shows what there is");
    Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", sentence)
}

/// A request was not answered in time.
pub(super) fn late() -> Refusal {
    let sentence = "the request was not answered in time; what it began may go on";
    Refusal::new(StatusCode::GATEWAY_TIMEOUT, "LATE", sentence)
}
