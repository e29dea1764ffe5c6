//! What needs the leader, passed on by an instance that does not lead: gRPC and
//! REST alike, with its headers and its trailers, as the bytes they are.
//!
//! It adds no authority: the leader judges the caller as if it had come itself, by
//! the token or session that it shows. A
//! request is passed on once; who gets one that was passed on and does not lead
//! says so. Whether a change may have been done is always told: it certainly was
//! not, or nobody knows.

mod need;
mod tied;
mod way;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{CONNECTION, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, Version};
use lictor_domain::Term;
use lictor_engine::leadership::LeaderSeen;
use lictor_tls::TlsError;
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::transport::server::TcpConnectInfo;

use self::need::Need;
pub(super) use self::tied::Tied;
use self::way::Way;
use super::grpc::CONFIG_MAX;
use super::http::is_grpc;
use super::problem;
use super::rest::Refusal;
use crate::access::Keys;
use crate::app::Shared;
use crate::members::{self, PROOF};

/// Who passed a request on.
const FORWARDED: HeaderName = HeaderName::from_static("lictor-forwarded");
/// Where the caller of such a request connects from.
const CALLER: HeaderName = HeaderName::from_static("lictor-caller");
/// Why an answer does not come from the leader.
const WITHOUT_LEADER: HeaderName = HeaderName::from_static("lictor-without-leader");
/// What belongs to a connection and not to a request.
const OF_CONNECTION: [HeaderName; 7] = [
    CONNECTION,
    EXPECT,
    HOST,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Requests that wait for the leader's answer at the same time.
const AT_ONCE: usize = 256;

/// Who passes requests on.
pub(super) struct Forwarder {
    app: Shared,
    way: Way,
    turns: Semaphore,
}

/// The leader did not answer.
enum Lost {
    /// It was never asked.
    Unasked,
    /// It may have heard.
    Perhaps,
}

impl Forwarder {
    pub(super) fn new(app: &Shared) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self {
            app: app.clone(),
            way: Way::new(app.certificates.clone())?,
            turns: Semaphore::new(AT_ONCE),
        }))
    }

    /// Asks the leader, in the caller's name.
    async fn ask(&self, leader: &LeaderSeen, request: Request) -> Result<Response<Body>, Lost> {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        let request = self.addressed(leader, request).ok_or(Lost::Unasked)?;
        match self.way.http().request(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(error) => {
                tracing::warn!(%error, leader = leader.advertise, "a request was not passed on");
                Err(if error.is_connect() {
                    Lost::Unasked
                } else {
                    Lost::Perhaps
                })
            }
        }
    }

    /// The request as the leader gets it; `None` where nothing can be sent to what
    /// it says is its address.
    fn addressed(&self, leader: &LeaderSeen, request: Request) -> Option<Request> {
        let (mut parts, body) = request.into_parts();
        let mut uri = leader.advertise.parse::<Uri>().ok()?.into_parts();
        uri.path_and_query = parts.uri.into_parts().path_and_query;
        parts.uri = Uri::from_parts(uri).ok()?;
        parts.version = Version::HTTP_2;
        for name in OF_CONNECTION {
            parts.headers.remove(name);
        }
        let peer = parts.extensions.get::<TcpConnectInfo>();
        let peer = peer.and_then(TcpConnectInfo::remote_addr);
        parts.headers.insert(PROOF, members::proof(&self.app));
        let said = [
            (FORWARDED, Some(self.app.instance.clone())),
            (CALLER, peer.map(|address| address.to_string())),
        ];
        for (name, value) in said {
            parts.headers.remove(&name);
            if let Some(value) = value.and_then(|it| HeaderValue::try_from(it).ok()) {
                parts.headers.insert(name, value);
            }
        }
        parts.extensions.clear();
        Some(Request::from_parts(parts, body))
    }

    /// When a stream that comes from the leader of this term is over.
    fn over(&self, need: Need, term: Term) -> Option<BoxFuture<'static, Status>> {
        let app = self.app.clone();
        let over = async move {
            app.standing.after(term).await;
            problem::leader_lost()
        };
        (need == Need::Live).then(|| over.boxed())
    }
}

/// Answers here what can be answered here, and passes on what needs the leader.
pub(super) async fn forward(
    State(forwarder): State<Arc<Forwarder>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(need) = need::of(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    let of_grpc = is_grpc(request.headers());
    let standing = &forwarder.app.standing;
    if let Some(lease) = standing.lease() {
        let over = forwarder.over(need, lease.term());
        let tie = |body| Body::new(Tied::new(body, over, of_grpc));
        let response = next.run(request).await;
        return if need == Need::Live {
            response.map(tie)
        } else {
            response
        };
    }
    let leader = standing.whom().borrow().other();
    if request.headers().contains_key(FORWARDED) {
        let leader = leader.map(|leader| leader.advertise);
        return refused(of_grpc, problem::not_leading(leader));
    }
    match (leader, need) {
        (Some(leader), Need::Read) => read(&forwarder, &leader, request, next).await,
        (Some(leader), Need::Change | Need::Live) => {
            let answered = forwarder.ask(&leader, request).await;
            answered.map_or_else(
                |lost| refused(of_grpc, status_of(&lost, need, leader.advertise)),
                |response| {
                    let over = forwarder.over(need, leader.term);
                    response.map(|body| Body::new(Tied::new(body, over, of_grpc)))
                },
            )
        }
        (None, Need::Read) => without_leader(request, next, "no leader is known here").await,
        (None, Need::Change | Need::Live) => refused(of_grpc, problem::not_leading(None)),
    }
}

/// A read is answered here, from what Postgres knows, when the leader is lost.
async fn read(
    forwarder: &Forwarder,
    leader: &LeaderSeen,
    request: Request,
    next: Next,
) -> Response {
    let of_grpc = is_grpc(request.headers());
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, CONFIG_MAX).await else {
        return refused(of_grpc, problem::unread(CONFIG_MAX));
    };
    let asked = again(&parts, &body);
    if let Ok(response) = forwarder.ask(leader, asked).await {
        return response.map(|body| Body::new(Tied::new(body, None, of_grpc)));
    }
    let request = Request::from_parts(parts, Body::from(body));
    without_leader(request, next, "the leader does not answer").await
}

fn again(parts: &Parts, body: &Bytes) -> Request {
    Request::from_parts(parts.clone(), Body::from(body.clone()))
}

async fn without_leader(request: Request, next: Next, why: &'static str) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(WITHOUT_LEADER, HeaderValue::from_static(why));
    response
}

fn status_of(lost: &Lost, need: Need, leader: String) -> Status {
    match lost {
        Lost::Perhaps if need == Need::Change => {
            let sentence = format!("the leader at {leader} was lost while it was asked");
            problem::outcome_unknown(&sentence)
        }
        Lost::Perhaps | Lost::Unasked => problem::unreachable_leader(leader),
    }
}

fn refused(of_grpc: bool, status: Status) -> Response {
    if of_grpc {
        return status.into_http::<Body>().into_response();
    }
    let unknown = status.code() == tonic::Code::Unknown;
    let refusal = Refusal::from(status);
    if unknown {
        return refusal.with_status(StatusCode::BAD_GATEWAY).into_response();
    }
    refusal.into_response()
}

/// Whether another member sent this request.
pub(super) fn is_from_a_member(keys: &Keys, headers: &HeaderMap) -> bool {
    let proof = headers.get(PROOF);
    proof.is_some_and(|proof| keys.is_member(proof.as_bytes()))
}

/// Where a request comes from: the caller's own address also where a member passed
/// it on.
pub(super) fn peer(keys: &Keys, headers: &HeaderMap, peer: &TcpConnectInfo) -> TcpConnectInfo {
    let mut peer = peer.clone();
    if is_from_a_member(keys, headers) {
        let caller = headers.get(CALLER).and_then(|value| value.to_str().ok());
        let caller = caller.and_then(|text| text.parse::<SocketAddr>().ok());
        peer.remote_addr = caller.or(peer.remote_addr);
    }
    peer
}

#[cfg(test)]
mod tests;
