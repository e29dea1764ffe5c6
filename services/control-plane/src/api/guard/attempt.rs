//! A request that was not let through, or not all the way, as the audit log tells it.

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use http::header::AUTHORIZATION;
use lictor_domain::{Actor, ClusterName, Scope};
use tonic::transport::server::TcpConnectInfo;

use super::super::grpc::{ACTOR, ACTOR_MAX};
use crate::access::{self, Denials, Identity};

const SESSION: &str = "/v1/session";
/// Characters of a path that are written down.
const TARGET: usize = 200;
/// gRPC's number for who may not.
const PERMISSION_DENIED: &str = "7";

/// Who tried what.
pub(super) struct Attempt {
    actor: Actor,
    action: String,
    target: String,
}

impl Attempt {
    /// Of one who is known, or of nobody.
    pub(super) fn of(request: &Request, identity: Option<&Identity>) -> Self {
        let peer = request.extensions().get::<TcpConnectInfo>();
        let from = peer.and_then(TcpConnectInfo::remote_addr);
        let from = from.map(|address| address.ip());
        let says = request.headers().get(ACTOR);
        let says = says.and_then(|says| says.to_str().ok());
        let says = says.map(|says| says.chars().take(ACTOR_MAX).collect::<String>());
        let actor = match identity {
            Some(identity) => identity.actor(says.as_deref(), from),
            None => Actor {
                from,
                ..Actor::called(says.unwrap_or_else(|| "unknown".to_owned()))
            },
        };
        Self {
            actor,
            action: request.method().to_string(),
            target: request.uri().path().chars().take(TARGET).collect(),
        }
    }

    /// Writes down why it failed.
    pub(super) fn failed(self, denials: &Denials, why: &str) {
        denials.tell(self.actor, &self.action, &self.target, why);
    }
}

/// A page that is opened without a session asks whether there is one, and tries
/// nothing.
pub(super) fn only_asks_who_it_is(request: &Request) -> bool {
    let headers = request.headers();
    let shows = headers.contains_key(AUTHORIZATION) || access::is_carried(headers);
    request.uri().path() == SESSION && !shows
}

/// Whether a service has turned down what the guard had let in.
pub(super) fn is_denied(response: &Response) -> bool {
    let of_grpc = response.headers().get("grpc-status");
    let of_grpc = of_grpc.is_some_and(|status| status == PERMISSION_DENIED);
    of_grpc || response.status() == StatusCode::FORBIDDEN
}

/// Why a service turns a caller down: it asked beyond the clusters of its token.
pub(super) fn beyond(scope: &Scope) -> String {
    let clusters: Vec<_> = scope.clusters().map(ClusterName::as_str).collect();
    format!("the token is good for {} alone", clusters.join(", "))
}
