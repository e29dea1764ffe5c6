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
mod view;
mod watch;

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain::cluster::LONGEST_EXCEPTION;
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
use tonic::service::Routes;
use tonic::{Request, Status};

use super::problem;
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
    routes
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

pub(super) fn routing(app: &Shared) -> impl RoutingService {
    routing::Api::new(app.clone())
}

pub(super) use self::routing::names;
pub(super) use self::watch::said;

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

/// Who calls, for the audit log: what the caller says, or where it is.
pub(super) fn actor<T>(request: &Request<T>) -> Result<String, Status> {
    let Some(actor) = request.metadata().get(ACTOR) else {
        let address = request.remote_addr().map(|address| address.ip());
        return Ok(address.map_or_else(
            || "anonymous".to_owned(),
            |address| format!("anonymous@{address}"),
        ));
    };
    let text = actor.to_str().unwrap_or_default().trim();
    if text.is_empty() || text.len() > ACTOR_MAX {
        let why = format!("it must be 1 to {ACTOR_MAX} visible ASCII characters");
        return Err(problem::invalid(WireError::invalid(ACTOR, why)));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic::metadata::MetadataValue;

    use super::*;

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
    fn an_actor_is_who_it_says_or_anonymous() {
        let mut request = Request::new(());
        assert_eq!(actor(&request).unwrap(), "anonymous");
        let named = MetadataValue::from_static("ann");
        request.metadata_mut().insert(ACTOR, named);
        assert_eq!(actor(&request).unwrap(), "ann");
        let long = "x".repeat(ACTOR_MAX + 1).parse().unwrap();
        request.metadata_mut().insert(ACTOR, long);
        assert_eq!(actor(&request).unwrap_err().code(), Code::InvalidArgument);
    }
}
