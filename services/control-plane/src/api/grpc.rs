//! The services of `lictor.v1`, and what their methods have in common.

mod agent;
mod cluster;
mod control_plane;
mod node;
mod recovery;
mod routing;
mod view;

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain::cluster::LONGEST_EXCEPTION;
use lictor_wire::WireError;
use lictor_wire::v1::agent_service_server::AgentServiceServer;
use lictor_wire::v1::cluster_service_server::ClusterServiceServer;
use lictor_wire::v1::control_plane_service_server::ControlPlaneServiceServer;
use lictor_wire::v1::node_service_server::NodeServiceServer;
use lictor_wire::v1::recovery_service_server::RecoveryServiceServer;
use lictor_wire::v1::routing_service_server::RoutingServiceServer;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Request, Status};

use super::problem;
use crate::app::Shared;
use crate::clock;
use crate::hub::Hub;

/// Larger requests are refused before they are read.
const REQUEST_MAX: usize = 1024 * 1024;
/// Who did it, as the caller says.
const ACTOR: &str = "lictor-actor";
const ACTOR_MAX: usize = 128;
const REASON_MAX: usize = 500;

/// Every service that needs the whole lictord.
pub(super) fn add_services(routes: Routes, app: &Shared) -> Routes {
    let clusters = ClusterServiceServer::new(cluster::Api::new(app.clone()));
    let nodes = NodeServiceServer::new(node::Api::new(app.clone()));
    let recoveries = RecoveryServiceServer::new(recovery::Api::new(app.clone()));
    let control_plane = ControlPlaneServiceServer::new(control_plane::Api::new(app.clone()));
    let agents = AgentServiceServer::new(agent::Api::new(app.clone()));
    routes
        .add_service(agents.max_decoding_message_size(REQUEST_MAX))
        .add_service(clusters.max_decoding_message_size(REQUEST_MAX))
        .add_service(nodes.max_decoding_message_size(REQUEST_MAX))
        .add_service(recoveries.max_decoding_message_size(REQUEST_MAX))
        .add_service(control_plane.max_decoding_message_size(REQUEST_MAX))
}

/// The routing push, which needs the hub alone.
pub(super) fn add_routing(routes: Routes, hub: Hub, shutdown: CancellationToken) -> Routes {
    let routing = RoutingServiceServer::new(routing::Api::new(hub, shutdown));
    routes.add_service(routing.max_decoding_message_size(REQUEST_MAX))
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

/// Who has taken something out of Lictor's hands.
fn owner(text: &str) -> Result<String, Status> {
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
fn actor<T>(request: &Request<T>) -> Result<String, Status> {
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

fn peer<T>(request: &Request<T>) -> String {
    let address = request.remote_addr();
    address
        .as_ref()
        .map(SocketAddr::to_string)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic::metadata::MetadataValue;

    use super::*;

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
