//! The HTTP pages: is it alive, is it ready, how does it do; any other is the web
//! UI's, or nobody's.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tonic::Status;
use tower_http::compression::CompressionLayer;

use super::{rest, web};
use crate::telemetry;

/// The content type of Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Says how fit this instance is to serve.
pub(super) type Ask = Arc<dyn Fn() -> Fitness + Send + Sync>;

/// How fit this instance is to serve.
#[derive(Default)]
pub(super) struct Fitness {
    /// What is missing; nothing when it is ready.
    pub(super) missing: Vec<String>,
    /// What an operator should see to, although it hinders nobody yet.
    pub(super) warnings: Vec<String>,
}

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    missing: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// The pages, and the answer to whatever is none.
pub(super) fn router(ask: Ask) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(unknown)
        .layer(CompressionLayer::new())
        .with_state(ask)
}

async fn readyz(State(ask): State<Ask>) -> (StatusCode, Json<Readiness>) {
    let Fitness { missing, warnings } = ask();
    let ready = missing.is_empty();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(Readiness {
            ready,
            missing,
            warnings,
        }),
    )
}

async fn metrics() -> impl IntoResponse {
    ([(CONTENT_TYPE, METRICS_TYPE)], telemetry::render())
}

/// Whether a request is gRPC's.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// A gRPC caller needs to hear it in gRPC.
async fn unknown(request: Request) -> Response {
    if is_grpc(request.headers()) {
        let sentence = format!("there is no method {}", request.uri().path());
        return Status::unimplemented(sentence)
            .into_http::<axum::body::Body>()
            .into_response();
    }
    if request.uri().path().starts_with(rest::ROOT) {
        return rest::unknown(request.uri().path()).into_response();
    }
    web::answer(&request).unwrap_or_else(|| {
        (StatusCode::NOT_FOUND, "there is no such page; see /\n").into_response()
    })
}
