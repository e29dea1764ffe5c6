//! Sessions: how a browser shows its token without holding it.
//!
//! A page gets the token of its user once, and a cookie in its place that no script
//! can read.

use std::net::{IpAddr, Ipv4Addr};

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use lictor_domain::Actor;
use lictor_view::{LogInRequest, Session as View};
use lictor_wire::v1;
use lictor_wire::v1::token_service_server::TokenService;
use tonic::Status;
use tonic::transport::server::TcpConnectInfo;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::tls::OverTls;
use super::super::{grpc, problem};
use super::Answer;
use super::caller::Caller;
use super::extract::Body;
use super::history::read;
use super::refusal::Refusal;
use crate::access::{Session, end_of_session};
use crate::app::Shared;
use crate::clock;

const PATH: &str = "/v1/session";
/// What one is told who tries too often: by then there are a few tries more.
const PAUSE: HeaderValue = HeaderValue::from_static("15");

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(get_session, log_in, log_out))
}

/// Who the caller is; in a browser also what its changes have to show.
#[utoipa::path(
    get, path = "/session", tag = "Access",
    responses((status = 200, body = View, description = "The caller's token"), Refusal),
    extensions(("x-grpc-method" = json!("TokenService/GetCaller"))),
)]
async fn get_session(
    State(app): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<View> {
    let request = caller.asks(v1::GetCallerRequest {});
    let response = grpc::tokens(&app).get_caller(request).await?;
    let token = response.into_inner().token.unwrap_or_default();
    let keys = &app.access.keys;
    let session = Session::of(keys, &headers, clock::now().wall);
    let csrf = session.map(|session| session.csrf(keys));
    Ok(Json(View {
        token: read(token)?,
        csrf,
    }))
}

/// Begins a session in the browser: a cookie that stands for the token for half a day.
#[utoipa::path(
    post, path = "/session", tag = "Access", request_body = LogInRequest, security(()),
    responses((status = 200, body = View, description = "It has begun"), Refusal),
)]
async fn log_in(
    State(app): State<Shared>,
    peer: Option<Extension<TcpConnectInfo>>,
    over_tls: Option<Extension<OverTls>>,
    Body(body): Body<LogInRequest>,
) -> Result<Response, Refusal> {
    let from = peer.and_then(|Extension(peer)| peer.remote_addr());
    let from = from.map(|address| address.ip());
    if !app
        .access
        .may_log_in(from.unwrap_or(Ipv4Addr::UNSPECIFIED.into()))
    {
        let refusal = Refusal::from(problem::too_many("tries to log in come before"));
        return Ok(([(RETRY_AFTER, PAUSE)], refusal).into_response());
    }
    let (access, now) = (&app.access, clock::now().wall);
    let held = access.keyring.holder(body.token.expose().trim(), now);
    let held = held.map_err(|why| denied(&app, from, problem::bad_token(why)))?;
    access.keyring.used(&held.token.id, from, now);
    let (session, cookie) = Session::begin(&access.keys, &held.token.id, now, over_tls.is_some());
    let view = View {
        token: read(v1::Token::from(held.token.as_ref()))?,
        csrf: Some(session.csrf(&access.keys)),
    };
    Ok((only_now(cookie), Json(view)).into_response())
}

/// Ends a session: the browser forgets it.
#[utoipa::path(
    delete, path = "/session", tag = "Access", security(()),
    responses((status = 204, description = "It is over"), Refusal),
)]
async fn log_out(over_tls: Option<Extension<OverTls>>) -> Response {
    let cookie = end_of_session(over_tls.is_some());
    (StatusCode::NO_CONTENT, only_now(cookie)).into_response()
}

/// A cookie, in an answer that nobody keeps.
fn only_now(cookie: HeaderValue) -> [(http::HeaderName, HeaderValue); 2] {
    let never = HeaderValue::from_static("no-store");
    [(SET_COOKIE, cookie), (CACHE_CONTROL, never)]
}

fn denied(app: &Shared, from: Option<IpAddr>, status: Status) -> Refusal {
    let actor = Actor {
        from,
        ..Actor::called("unknown")
    };
    app.access
        .denials
        .tell(actor, "POST", PATH, status.message());
    status.into()
}
