//! The one port: gRPC and HTTP together, bounded in every direction.
//!
//! A connection that sends garbage, sends nothing, reads nothing or dies
//! without a word costs its own resources and nobody else's: HTTP/2 pings find
//! dead peers, requests have a size and a deadline, connections have a number
//! of streams. At the end every stream is ended at once.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::{grpc, http, readiness};
use crate::app::Shared;
use crate::telemetry;

/// A peer that was silent for this long is asked whether it lives.
const PING_AFTER: Duration = Duration::from_secs(10);
/// It is dead when it does not say so within this.
const PING_PATIENCE: Duration = Duration::from_secs(5);
/// A request is answered within this; a stream may last.
const DEADLINE: Duration = Duration::from_secs(15);
/// Requests that one connection may have under way; more of them wait.
const REQUESTS: usize = 64;
/// Streams that one connection may have open.
const STREAMS: u32 = 256;
/// Bytes of a request's headers.
const HEADERS: u32 = 16 * 1024;
/// Connections that still live this long after the end are dropped.
const DRAIN: Duration = Duration::from_millis(300);
/// After a connection could not be taken up, for want of file handles mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often the gRPC health is compared with the readiness.
const HEALTH_EVERY: Duration = Duration::from_millis(500);

/// Why the API cannot be served.
#[derive(Debug, Error)]
pub(crate) enum BindError {
    /// The address is in use, or is none of this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The descriptors of the services cannot be read: a defect.
    #[error("the services cannot be described")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// The API, bound to its port.
pub(crate) struct Server {
    app: Shared,
    listener: TcpListener,
    routes: Routes,
    health: HealthReporter,
}

/// Binds the API to its port, and makes everything ready to serve.
pub(crate) async fn bind(app: &Shared) -> Result<Server, BindError> {
    let address = app.settings.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| BindError::Listen { address, source })?;
    let (health, health_service) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(lictor_wire::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let asked = app.clone();
    let pages = http::router(Arc::new(move || readiness::of(&asked)));
    let routes = grpc::add_routing(pages.into(), app.hub.clone(), app.shutdown.clone());
    let routes = grpc::add_services(routes, app)
        .add_service(health_service)
        .add_service(reflection);
    Ok(Server {
        app: app.clone(),
        listener,
        routes,
        health,
    })
}

impl Server {
    /// Where it listens.
    #[cfg(test)]
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until shutdown.
    pub(crate) async fn run(self) {
        let shutdown = self.app.shutdown.clone();
        let serving = serve(self.listener, self.routes, shutdown.clone());
        let beside = async {
            tokio::join!(telemetry::keep_up(), tell_health(&self.app, &self.health));
        };
        let ended = tokio::select! {
            ended = serving => ended,
            () = beside => Ok(()),
        };
        if let Err(error) = ended {
            tracing::error!(%error, "the API ended; so does lictord");
            shutdown.cancel();
        }
    }
}

/// Tells by gRPC health what `/readyz` tells. Never returns.
async fn tell_health(app: &Shared, health: &HealthReporter) {
    loop {
        let leads = app.standing.lease().is_some();
        telemetry::leading(leads);
        let status = if readiness::of(app).is_empty() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        health.set_service_status("", status).await;
        tokio::time::sleep(HEALTH_EVERY).await;
    }
}

/// Serves until shutdown, and a moment longer for what is under way.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Routes,
    shutdown: CancellationToken,
) -> Result<(), transport::Error> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let incoming = incoming.then(async |connection| {
        if connection.is_err() {
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
        connection
    });
    let serving = transport::Server::builder()
        .accept_http1(true)
        .http2_keepalive_interval(Some(PING_AFTER))
        .http2_keepalive_timeout(Some(PING_PATIENCE))
        .http2_max_header_list_size(HEADERS)
        .max_concurrent_streams(STREAMS)
        .concurrency_limit_per_connection(REQUESTS)
        .timeout(DEADLINE)
        .trace_fn(span)
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(incoming, shutdown.cancelled());
    tokio::select! {
        served = serving => served,
        () = async {
            shutdown.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        } => Ok(()),
    }
}

/// What is logged while a request is served carries its path and an id.
fn span(request: &::http::Request<()>) -> tracing::Span {
    let id = uuid::Uuid::new_v4();
    tracing::info_span!("request", path = request.uri().path(), %id)
}
