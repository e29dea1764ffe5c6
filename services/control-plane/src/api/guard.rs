//! The guard: every request passes it before anything else is done, and carries from
//! there on who sent it, proven.
//!
//! What a request asks for stands in the one table of [`crate::access`]; a route of
//! REST asks for what its method of gRPC does. What is not in it is reached by
//! nobody. Who is turned away stands in the audit log.

mod attempt;
mod routes;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use lictor_domain::Scope;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Code, Status};

use self::attempt::Attempt;
use self::routes::{Found, Routes};
use super::forward::{Tied, is_from_a_member};
use super::http::is_grpc;
use super::rest::Refusal;
use super::{problem, rest};
use crate::access::{self, Held, Identity, Need, Place, Session, Unknown};
use crate::app::Shared;
use crate::clock;

/// In this header a page of the web UI shows that it is one.
pub(super) const CSRF: HeaderName = HeaderName::from_static("lictor-csrf");
const BEARER: &str = "Bearer ";
/// What one is told who asks too often.
const PAUSE: HeaderValue = HeaderValue::from_static("1");

/// What it judges by.
pub(super) struct Guard {
    app: Shared,
    routes: Routes,
}

/// Who is let in.
struct Entrant {
    identity: Identity,
    /// What its token has going on; none of a member.
    held: Option<Arc<Held>>,
}

impl Guard {
    pub(super) fn new(app: &Shared) -> Arc<Self> {
        Arc::new(Self {
            app: app.clone(),
            routes: Routes::of(&rest::openapi::document()),
        })
    }

    /// Who sent the request.
    fn entrant(&self, request: &Request) -> Result<Entrant, Status> {
        let headers = request.headers();
        if let Some(shown) = headers.get(AUTHORIZATION) {
            return self.bearer(shown);
        }
        if access::is_carried(headers) && !is_grpc(headers) {
            return self.browser(request.method(), headers);
        }
        if is_from_a_member(&self.app.access.keys, headers) {
            return Ok(Entrant {
                identity: Identity::Member,
                held: None,
            });
        }
        Err(problem::unauthenticated())
    }

    fn bearer(&self, shown: &HeaderValue) -> Result<Entrant, Status> {
        let text = shown.to_str().ok().and_then(|it| it.strip_prefix(BEARER));
        let text = text.ok_or_else(problem::unauthenticated)?;
        let keyring = &self.app.access.keyring;
        entrant(keyring.holder(text.trim(), clock::now().wall))
    }

    fn browser(&self, method: &Method, headers: &HeaderMap) -> Result<Entrant, Status> {
        let (access, now) = (&self.app.access, clock::now().wall);
        let session = Session::of(&access.keys, headers, now).ok_or_else(problem::no_session)?;
        let entrant = entrant(access.keyring.of_session(&session.token, now))?;
        let looks = matches!(*method, Method::GET | Method::HEAD);
        if looks || session.is_own(&access.keys, headers.get(CSRF)) {
            return Ok(entrant);
        }
        Err(problem::no_csrf(CSRF.as_str()))
    }

    /// Lets the request in, if its sender may send it.
    fn admit(&self, request: &Request, need: Need) -> Result<(Entrant, Option<Place>), Status> {
        let entrant = self.entrant(request)?;
        if !need.lets(&entrant.identity) {
            return Err(problem::not_allowed(&entrant.identity, need));
        }
        let Some(held) = &entrant.held else {
            return Ok((entrant, None));
        };
        if routes::is_stream(request.uri().path()) {
            let place = held.takes_a_place();
            let place = place.ok_or_else(|| problem::too_many("streams are open under"))?;
            return Ok((entrant, Some(place)));
        }
        if held.takes_a_turn() {
            return Ok((entrant, None));
        }
        Err(problem::too_many("requests are made with"))
    }

    /// Turned away, which is written down.
    fn turned_away(&self, request: &Request, status: Status) -> Response {
        let denied = matches!(
            status.code(),
            Code::Unauthenticated | Code::PermissionDenied
        );
        if denied && !attempt::only_asks_who_it_is(request) {
            let known = self.entrant(request).ok();
            let identity = known.as_ref().map(|entrant| &entrant.identity);
            let attempt = Attempt::of(request, identity);
            attempt.failed(&self.app.access.denials, status.message());
        }
        refused(is_grpc(request.headers()), status)
    }

    /// What is done for one who was let in. Where the services turn it down, the
    /// leader, which is asked for all that matters, writes it down.
    async fn serve(&self, request: Request, next: Next, scope: &Scope) -> Response {
        let limited = *scope != Scope::All && self.app.standing.lease().is_some();
        let identity = request.extensions().get::<Identity>();
        let attempt = limited.then(|| Attempt::of(&request, identity));
        let response = next.run(request).await;
        if let Some(attempt) = attempt.filter(|_| attempt::is_denied(&response)) {
            attempt.failed(&self.app.access.denials, &attempt::beyond(scope));
        }
        response
    }
}

fn entrant(held: Result<Arc<Held>, Unknown>) -> Result<Entrant, Status> {
    let held = held.map_err(problem::bad_token)?;
    Ok(Entrant {
        identity: Identity::Holder(held.token.clone()),
        held: Some(held),
    })
}

/// Lets in who may come in.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().remove::<Identity>();
    let need = match guard.routes.find(request.method(), request.uri().path()) {
        Found::Need(Need::Open) => return next.run(request).await,
        Found::Need(need) => need,
        // What is not there is told to those alone who may know what is.
        Found::Nothing | Found::OtherMethods => {
            return match guard.admit(&request, Need::Token) {
                Err(status) => guard.turned_away(&request, status),
                Ok(_) => absent(&request, &guard.routes),
            };
        }
    };
    let (entrant, place) = match guard.admit(&request, need) {
        Ok(admitted) => admitted,
        Err(status) => return guard.turned_away(&request, status),
    };
    if let (Some(token), Some(peer)) = (
        entrant.identity.token(),
        request.extensions().get::<TcpConnectInfo>(),
    ) {
        let from = peer.remote_addr().map(|address| address.ip());
        let keyring = &guard.app.access.keyring;
        keyring.used(token, from, clock::now().wall);
    }
    let of_grpc = is_grpc(request.headers());
    let scope = entrant.identity.scope().clone();
    request.extensions_mut().insert(entrant.identity);
    let response = guard.serve(request, next, &scope).await;
    match (entrant.held, place) {
        (Some(held), Some(place)) => response.map(|body| tied(body, &held, place, of_grpc)),
        _ => response,
    }
}

/// A stream that ends with the token it is open under.
fn tied(body: Body, held: &Held, place: Place, of_grpc: bool) -> Body {
    let ended = held.ended();
    let over = async move {
        ended.cancelled().await;
        drop(place);
        problem::token_ended()
    };
    Body::new(Tied::new(body, Some(over.boxed()), of_grpc))
}

fn absent(request: &Request, routes: &Routes) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    if is_grpc(request.headers()) {
        let sentence = format!("there is no method {path}");
        return refused(true, Status::unimplemented(sentence));
    }
    match routes.find(method, path) {
        Found::OtherMethods => rest::not_allowed(method, path).into_response(),
        _ => rest::unknown(path).into_response(),
    }
}

fn refused(of_grpc: bool, status: Status) -> Response {
    if of_grpc {
        return status.into_http::<Body>().into_response();
    }
    let code = status.code();
    let mut response = Refusal::from(status).into_response();
    let headers = response.headers_mut();
    match code {
        Code::Unauthenticated => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Code::ResourceExhausted => {
            headers.insert(RETRY_AFTER, PAUSE);
        }
        _ => {}
    }
    response
}

#[cfg(test)]
mod tests;
