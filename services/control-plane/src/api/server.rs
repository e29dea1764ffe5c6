//! The one port: gRPC and HTTP together, bounded in every direction.
//!
//! A connection that sends garbage, sends nothing, reads nothing or dies
//! without a word costs its own resources and nobody else's: HTTP/2 pings find
//! dead peers, requests have a size and a deadline, connections have a number
//! of streams. At the end every stream is ended at once.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::CONNECTION;
use ::http::{HeaderValue, Request, Response, Version};
use axum::body::Body;
use axum::response::IntoResponse;
use axum::{Router, middleware};
use futures::future::BoxFuture;
use hyper::body::{Body as _, Incoming};
use lictor_tls::TlsError;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tonic::Status;
use tonic::transport::server::TcpConnectInfo;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::ServiceExt;
use tracing::Instrument;

use super::seats::{Seat, Seats};
use super::tls::{Door, OverTls};
use super::{connection, deadline, forward, grpc, guard, http, readiness, rest};
use crate::app::Shared;
use crate::telemetry;

/// Requests that one connection may have under way; more of them wait.
const REQUESTS: usize = 64;
/// Connections that still live this long after the end are dropped.
const DRAIN: Duration = Duration::from_millis(300);
/// After a connection could not be taken up, for want of file handles mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections beside those of subscribers.
const OTHERS: u32 = 1000;
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
    /// Other instances cannot be called.
    #[error("no other instance can be called")]
    Tls(#[from] TlsError),
    /// The descriptors of the services cannot be read: a defect.
    #[error("the services cannot be described")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// The API, bound to its port.
pub(crate) struct Server {
    app: Shared,
    listener: TcpListener,
    router: Router,
    health: HealthReporter,
    door: Option<Door>,
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
    let pages = http::router(Arc::new(move || http::Fitness {
        missing: readiness::of(&asked),
        warnings: readiness::warnings(&asked),
    }));
    let pages = pages.merge(rest::router(app));
    let routes = grpc::add_routing(pages.into(), app);
    let routes = grpc::add_services(routes, app)
        .add_service(health_service)
        .add_service(reflection);
    let forwarder = forward::Forwarder::new(app)?;
    let passing_on = middleware::from_fn_with_state(forwarder, forward::forward);
    let guarding = middleware::from_fn_with_state(guard::Guard::new(app), guard::guard);
    let everything = routes.prepare().into_axum_router();
    Ok(Server {
        app: app.clone(),
        listener,
        // The last one comes first: nobody is passed on who was not let in.
        router: everything.layer(passing_on).layer(guarding),
        health,
        door: app.certificates.clone().map(Door::new),
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
        let serving = serve(self.listener, self.door, self.router, &self.app);
        let beside = async {
            tokio::join!(telemetry::keep_up(), tell_health(&self.app, &self.health));
        };
        tokio::select! {
            () = serving => {}
            () = beside => {}
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
    door: Option<Door>,
    everything: Router,
    app: &Shared,
) {
    let shutdown = app.shutdown.clone();
    let connections = TaskTracker::new();
    let seats = Seats::new(app.hub.most().saturating_add(OTHERS));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Whoever has none is told so by the end of the connection.
        let Some(seat) = seats.take(peer.ip()) else {
            continue;
        };
        // Without it small messages are late and no more.
        let _ = stream.set_nodelay(true);
        let desk = Desk {
            app: app.clone(),
            router: everything.clone(),
            requests: Arc::new(Semaphore::new(REQUESTS)),
            peer: TcpConnectInfo {
                local_addr: stream.local_addr().ok(),
                remote_addr: Some(peer),
            },
            over_tls: None,
            _seat: seat,
        };
        let ends = shutdown.clone();
        match &door {
            None => {
                connections.spawn(connection::serve(stream, desk.answers(), ends));
            }
            Some(door) => {
                let door = door.clone();
                connections.spawn(async move {
                    let entered = door.enter(stream).await;
                    if let Some((stream, over_tls)) = entered {
                        let desk = Desk {
                            over_tls: Some(over_tls),
                            ..desk
                        };
                        connection::serve(stream, desk.answers(), ends).await;
                    }
                });
            }
        }
    }
    drop(listener);
    app.hub.end();
    connections.close();
    // Connections that live longer end with the process.
    let _ = tokio::time::timeout(DRAIN, connections.wait()).await;
}

/// Where the requests of one connection are answered.
struct Desk {
    app: Shared,
    router: Router,
    requests: Arc<Semaphore>,
    peer: TcpConnectInfo,
    over_tls: Option<OverTls>,
    _seat: Seat,
}

impl Desk {
    fn answers(
        self,
    ) -> impl Fn(Request<Incoming>) -> BoxFuture<'static, Result<Response<Body>, Infallible>> {
        move |request| self.answer(request)
    }

    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> BoxFuture<'static, Result<Response<Body>, Infallible>> {
        let (router, requests) = (self.router.clone(), self.requests.clone());
        let mut request = request.map(Body::new);
        let keys = &self.app.access.keys;
        let peer = forward::peer(keys, request.headers(), &self.peer);
        request.extensions_mut().insert(peer);
        if let Some(over_tls) = &self.over_tls {
            request.extensions_mut().insert(over_tls.clone());
        }
        let deadline = deadline::of(request.headers());
        let of_rest = request.uri().path().starts_with(rest::ROOT);
        let span = span(&request, self.over_tls.as_ref());
        let unread = may_stay_unread(&request);
        let answered = async move {
            // The semaphore is never closed.
            let _turn = requests.acquire_owned().await;
            router.oneshot(request).await
        };
        let answered = async move {
            let late = |_| Ok(late(of_rest));
            let answered = tokio::time::timeout(deadline, answered).await;
            answered.unwrap_or_else(late).map(|mut response| {
                if unread && !response.status().is_success() {
                    let headers = response.headers_mut();
                    headers.insert(CONNECTION, HeaderValue::from_static("close"));
                }
                response
            })
        };
        Box::pin(answered.instrument(span))
    }
}

/// Whether this may be refused before its body was read. Over HTTP/1 nothing can
/// follow it then: whoever is not told so sends its next request into the end.
fn may_stay_unread(request: &Request<Body>) -> bool {
    request.version() < Version::HTTP_2 && !request.body().is_end_stream()
}

fn late(of_rest: bool) -> Response<Body> {
    if of_rest {
        return rest::late().into_response();
    }
    let status = Status::deadline_exceeded("the request was not answered in time");
    status.into_http()
}

/// What is logged while a request is served carries its path and an id, and whom
/// the client's certificate is for.
fn span<B>(request: &Request<B>, over_tls: Option<&OverTls>) -> tracing::Span {
    let id = uuid::Uuid::new_v4();
    let client = over_tls.and_then(|over| over.subject.as_deref());
    tracing::info_span!("request", path = request.uri().path(), %id, client)
}
