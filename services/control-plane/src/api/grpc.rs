//! The services of `lictor.v1`, and what their methods have in common.

mod agent;
mod cluster;
mod config;
mod control_plane;
mod history;
mod member;
mod node;
mod operation;
mod push;
mod recovery;
mod routing;
mod shown;
mod token;
mod view;
mod watch;

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain::cluster::LONGEST_EXCEPTION;
use lictor_domain::{Actor, ClusterName, NodeName, Scope};
use lictor_wire::WireError;
use lictor_wire::v1::agent_service_server::AgentServiceServer;
use lictor_wire::v1::cluster_service_server::{ClusterService, ClusterServiceServer};
use lictor_wire::v1::config_service_server::{ConfigService, ConfigServiceServer};
use lictor_wire::v1::control_plane_service_server::{
    ControlPlaneService, ControlPlaneServiceServer,
};
use lictor_wire::v1::history_service_server::{HistoryService, HistoryServiceServer};
use lictor_wire::v1::member_service_server::MemberServiceServer;
use lictor_wire::v1::node_service_server::{NodeService, NodeServiceServer};
use lictor_wire::v1::operation_service_server::{OperationService, OperationServiceServer};
use lictor_wire::v1::recovery_service_server::{RecoveryService, RecoveryServiceServer};
use lictor_wire::v1::routing_service_server::{RoutingService, RoutingServiceServer};
use lictor_wire::v1::token_service_server::{TokenService, TokenServiceServer};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Routes;
use tonic::{Request, Status};

use super::problem;
use crate::access::Identity;
use crate::app::Shared;
use crate::clock;

/// Larger requests are refused before they are read.
const REQUEST_MAX: usize = 1024 * 1024;
/// Requests with a document may be larger.
pub(super) use self::config::REQUEST_MAX as CONFIG_MAX;
/// Who did it, as the caller says.
pub(super) const ACTOR: &str = "lictor-actor";
pub(super) const ACTOR_MAX: usize = 128;
const REASON_MAX: usize = 500;

/// Every service that needs the whole lictord.
pub(super) fn add_services(routes: Routes, app: &Shared) -> Routes {
    let clusters = ClusterServiceServer::new(clusters(app));
    let config = ConfigServiceServer::new(config(app));
    let history = HistoryServiceServer::new(history(app));
    let nodes = NodeServiceServer::new(nodes(app));
    let recoveries = RecoveryServiceServer::new(recoveries(app));
    let control_plane = ControlPlaneServiceServer::new(control_plane(app));
    let routes = watch::add(routes, app);
    let operations = OperationServiceServer::new(operations(app));
    let members = MemberServiceServer::new(member::Api::new(app.clone()));
    let agents = AgentServiceServer::new(agent::Api::new(app.clone()));
    let tokens = TokenServiceServer::new(tokens(app));
    routes
        .add_service(tokens.max_decoding_message_size(REQUEST_MAX))
        .add_service(agents.max_decoding_message_size(REQUEST_MAX))
        .add_service(members.max_decoding_message_size(REQUEST_MAX))
        .add_service(operations.max_decoding_message_size(REQUEST_MAX))
        .add_service(clusters.max_decoding_message_size(REQUEST_MAX))
        .add_service(config.max_decoding_message_size(CONFIG_MAX))
        .add_service(history.max_decoding_message_size(REQUEST_MAX))
        .add_service(nodes.max_decoding_message_size(REQUEST_MAX))
        .add_service(recoveries.max_decoding_message_size(REQUEST_MAX))
        .add_service(control_plane.max_decoding_message_size(REQUEST_MAX))
}

// The services themselves, for callers in this process: what they answer is what
// gRPC answers. Each is as cheap as a handle.

pub(super) fn clusters(app: &Shared) -> impl ClusterService {
    cluster::Api::new(app.clone())
}

pub(super) fn config(app: &Shared) -> impl ConfigService {
    config::Api::new(app.clone())
}

pub(super) fn history(app: &Shared) -> impl HistoryService {
    history::Api::new(app.clone())
}

pub(super) fn nodes(app: &Shared) -> impl NodeService {
    node::Api::new(app.clone())
}

pub(super) fn operations(app: &Shared) -> impl OperationService {
    operation::Api::new(app.clone())
}

pub(super) fn recoveries(app: &Shared) -> impl RecoveryService {
    recovery::Api::new(app.clone())
}

pub(super) fn control_plane(app: &Shared) -> impl ControlPlaneService {
    control_plane::Api::new(app.clone())
}

pub(super) fn tokens(app: &Shared) -> impl TokenService {
    token::Api::new(app.clone())
}

pub(super) fn routing(app: &Shared) -> impl RoutingService {
    routing::Api::new(app.clone())
}

pub(super) use self::routing::names;
pub(super) use self::watch::{reader, said};

/// The routing push, and who receives it.
pub(super) fn add_routing(routes: Routes, app: &Shared) -> Routes {
    let routing = RoutingServiceServer::new(routing(app));
    let routes = routes.add_service(routing.max_decoding_message_size(REQUEST_MAX));
    push::add(routes, app.hub.clone(), app.shutdown.clone())
}

/// A text field, read; an error names it.
fn parse<T>(text: &str, field: &str) -> Result<T, Status>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse()
        .map_err(|error: T::Err| problem::invalid(WireError::invalid(field, error)))
}

/// Why something is to be done, for the audit log.
fn reason(text: &str) -> Result<String, Status> {
    words(text, "reason", REASON_MAX)
}

/// Who has taken something out of Lictor's hands: the caller, unless it says who.
fn owner(text: &str, caller: &str) -> Result<String, Status> {
    if text.is_empty() {
        return Ok(caller.to_owned());
    }
    words(text, "owner", ACTOR_MAX)
}

fn words(text: &str, field: &str, max: usize) -> Result<String, Status> {
    let text = text.trim();
    if text.is_empty() {
        return Err(problem::invalid(WireError::missing(field)));
    }
    if text.chars().count() > max {
        let why = format!("it is longer than {max} characters");
        return Err(problem::invalid(WireError::invalid(field, why)));
    }
    // Postgres has no place for it.
    if text.contains('\0') {
        return Err(problem::invalid(WireError::invalid(field, "it has a NUL")));
    }
    Ok(text.to_owned())
}

/// When something that lasts so many seconds from now is over.
fn end_of(for_secs: u64) -> Result<DateTime<Utc>, Status> {
    if !(1..=LONGEST_EXCEPTION.as_secs()).contains(&for_secs) {
        let why = "it must be from one second to 30 days";
        return Err(problem::invalid(WireError::invalid("for_secs", why)));
    }
    Ok(clock::now().wall + Duration::from_secs(for_secs))
}

/// Who calls, proven.
pub(super) fn identity<T>(request: &Request<T>) -> Result<&Identity, Status> {
    let identity = request.extensions().get::<Identity>();
    identity.ok_or_else(problem::unauthenticated)
}

/// Which clusters the caller may see, and do something with.
fn scope<T>(request: &Request<T>) -> Result<Scope, Status> {
    Ok(identity(request)?.scope().clone())
}

/// Lets nobody through whose token is not good for that cluster.
fn allow<T>(request: &Request<T>, cluster: &ClusterName) -> Result<(), Status> {
    if identity(request)?.scope().has(cluster) {
        return Ok(());
    }
    Err(problem::out_of_scope(cluster))
}

/// Which clusters are meant: the one that is asked for, or all that the caller may
/// see.
fn meant<T>(request: &Request<T>, asked: Option<&ClusterName>) -> Result<Scope, Status> {
    let Some(cluster) = asked else {
        return scope(request);
    };
    allow(request, cluster)?;
    Ok(Scope::of([cluster.clone()].into()))
}

/// Lets nobody through whose token is not good for the cluster of that node.
fn allow_node<T>(request: &Request<T>, node: &NodeName) -> Result<(), Status> {
    match node.cluster() {
        Some(cluster) => allow(request, &cluster),
        None => allow_all(request),
    }
}

/// Lets nobody through whose token is limited to clusters: what is asked for belongs
/// to none, or to all of them.
fn allow_all<T>(request: &Request<T>) -> Result<(), Status> {
    match identity(request)?.scope() {
        Scope::All => Ok(()),
        limited @ Scope::Only(_) => Err(problem::limited(limited)),
    }
}

/// Who calls, for the audit log: whom the caller names, and the token it shows.
pub(super) fn actor<T>(request: &Request<T>) -> Result<Actor, Status> {
    let says = request.metadata().get(ACTOR).map(named).transpose()?;
    let from = request.remote_addr().map(|address| address.ip());
    Ok(identity(request)?.actor(says, from))
}

fn named(said: &MetadataValue<Ascii>) -> Result<&str, Status> {
    let text = said.to_str().unwrap_or_default().trim();
    if text.is_empty() || text.len() > ACTOR_MAX {
        let why = format!("it must be 1 to {ACTOR_MAX} visible ASCII characters");
        return Err(problem::invalid(WireError::invalid(ACTOR, why)));
    }
    Ok(text)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use lictor_domain::Token;
    use lictor_domain::access::Role;
    use tonic::Code;
    use tonic::transport::server::TcpConnectInfo;
    use tonic_types::StatusExt;

    use super::*;

    /// A request of one who shows a token that is good for these clusters, or for
    /// all.
    pub(super) fn of_holder<T>(clusters: &[&str], message: T) -> Request<T> {
        let clusters = clusters.iter().map(|name| name.parse().unwrap());
        let token = Token {
            id: "0123456789ab".parse().unwrap(),
            name: "ci".parse().unwrap(),
            role: Role::Admin,
            scope: Scope::of(clusters.collect()),
            created_at: DateTime::UNIX_EPOCH,
            created_by: "ann".to_owned(),
            expires_at: None,
            revoked: None,
            last_use: None,
        };
        let mut request = Request::new(message);
        let holder = Identity::Holder(Arc::new(token));
        request.extensions_mut().insert(holder);
        request
    }

    fn why(status: &Status) -> String {
        status.get_details_error_info().unwrap().reason
    }

    #[test]
    fn an_owner_is_the_caller_unless_it_says_who() {
        assert_eq!(owner("", "ann").unwrap(), "ann");
        assert_eq!(owner(" bob ", "ann").unwrap(), "bob");
        assert_eq!(owner(" ", "ann").unwrap_err().code(), Code::InvalidArgument);
    }

    #[test]
    fn a_reason_that_cannot_be_stored_is_refused() {
        for wrong in ["", " \n", "a\0b", &"x".repeat(REASON_MAX + 1)] {
            assert_eq!(reason(wrong).unwrap_err().code(), Code::InvalidArgument);
        }
        assert_eq!(reason(" why ").unwrap(), "why");
    }

    #[test]
    fn an_actor_is_who_it_says_and_is_known_by_its_token_and_address() {
        let mut request = of_holder(&[], ());
        assert_eq!(actor(&request).unwrap().name, "ci");
        let named = MetadataValue::from_static("ann");
        request.metadata_mut().insert(ACTOR, named);
        request.extensions_mut().insert(TcpConnectInfo {
            local_addr: None,
            remote_addr: Some("10.0.0.9:5".parse().unwrap()),
        });
        let proven = Actor {
            name: "ann".to_owned(),
            token: Some("ci".to_owned()),
            from: Some([10, 0, 0, 9].into()),
        };
        assert_eq!(actor(&request).unwrap(), proven);
        let long = "x".repeat(ACTOR_MAX + 1).parse().unwrap();
        request.metadata_mut().insert(ACTOR, long);
        assert_eq!(actor(&request).unwrap_err().code(), Code::InvalidArgument);
    }

    #[test]
    fn who_shows_nothing_is_nobody() {
        let request = Request::new(());
        let refused = actor(&request).unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert_eq!(why(&scope(&request).unwrap_err()), "NO_TOKEN");
    }

    #[test]
    fn a_limited_token_is_good_for_its_clusters_their_nodes_and_nothing_else() {
        let limited = of_holder(&["orders", "users"], ());
        let every = of_holder(&[], ());
        let of = |name: &str| name.parse::<ClusterName>().unwrap();
        allow(&limited, &of("orders")).unwrap();
        allow_node(&limited, &NodeName::numbered(&of("users"), 2)).unwrap();
        let refused = [
            allow(&limited, &of("billing")),
            allow_node(&limited, &NodeName::numbered(&of("billing"), 1)),
            allow_all(&limited),
        ];
        for refused in refused {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied);
            assert_eq!(why(&refused), "OUT_OF_SCOPE");
        }
        let sentence = allow_all(&limited).unwrap_err();
        let says = "this token is limited to clusters orders, users";
        assert!(sentence.message().contains(says), "{sentence}");
        allow(&every, &of("billing")).unwrap();
        allow_all(&every).unwrap();
    }
}
