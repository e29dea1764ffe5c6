//! The HTTP pages: is it alive, is it ready, how does it do.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tonic::Status;

use crate::telemetry;

/// The content type of Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const WELCOME: &str = concat!(
    "lictord ",
    env!("CARGO_PKG_VERSION"),
    ": gRPC lictor.v1 on this port; HTTP: /healthz /readyz /metrics\n"
);

/// Says what is missing for this instance to serve.
pub(super) type Missing = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    missing: Vec<String>,
}

/// The pages, and the answer to whatever is none.
pub(super) fn router(missing: Missing) -> Router {
    Router::new()
        .route("/", get(async || WELCOME))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(unknown)
        .with_state(missing)
}

async fn readyz(State(missing): State<Missing>) -> (StatusCode, Json<Readiness>) {
    let missing = missing();
    let ready = missing.is_empty();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Readiness { ready, missing }))
}

async fn metrics() -> impl IntoResponse {
    ([(CONTENT_TYPE, METRICS_TYPE)], telemetry::render())
}

/// A gRPC caller needs to hear it in gRPC.
async fn unknown(request: Request) -> Response {
    let content_type = request.headers().get(CONTENT_TYPE);
    let of_grpc =
        content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if of_grpc {
        let sentence = format!("there is no method {}", request.uri().path());
        return Status::unimplemented(sentence)
            .into_http::<axum::body::Body>()
            .into_response();
    }
    (StatusCode::NOT_FOUND, "there is no such page; see /\n").into_response()
}
