//! `EventService.Watch`: what changes, told to those who show it.
//!
//! It is served beside the generated service: an event is encoded by the first
//! stream that tells it, and the others send the same bytes.

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use bytes::BufMut;
use futures::stream::{self, BoxStream};
use lictor_domain::ClusterName;
use lictor_wire::v1::watch_response::Event as Said;
use lictor_wire::v1::{self, WatchRequest, WatchResponse};
use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, EncodeBuf, Encoder};
use tonic::server::Grpc;
use tonic::service::Routes;
use tower::service_fn;

use super::super::problem::{self, Problem};
use super::routing::names;
use super::{REQUEST_MAX, allow, scope, view};
use crate::app::Shared;
use crate::bulletin::{Event, Hello, Notice, Reader, Told};

const PATH: &str = "/lictor.v1.EventService/Watch";

/// Adds the service to the others.
pub(super) fn add(mut routes: Routes, app: &Shared) -> Routes {
    let all = routes.axum_router_mut();
    *all = std::mem::take(all).route(PATH, post(watch).with_state(app.clone()));
    routes
}

async fn watch(State(app): State<Shared>, request: Request) -> Response {
    let begun = service_fn(move |request: tonic::Request<WatchRequest>| {
        let events = events(&app, &request);
        async move { Ok(tonic::Response::new(events?)) }
    });
    let mut grpc = Grpc::new(Encoded).apply_max_message_size_config(Some(REQUEST_MAX), None);
    grpc.server_streaming(begun, request).await.map(Body::new)
}

type Events = BoxStream<'static, Result<Bytes, Status>>;

/// One who is told of these clusters, or of all that the caller may see, after the
/// event of that id.
pub(in crate::api) fn reader<T>(
    app: &Shared,
    request: &tonic::Request<T>,
    clusters: BTreeSet<ClusterName>,
    last: Option<&str>,
) -> Result<Reader, Status> {
    for cluster in &clusters {
        allow(request, cluster)?;
    }
    let reader = app.bulletin.read(clusters, scope(request)?, last);
    Ok(reader.map_err(Problem::from)?)
}

fn events(app: &Shared, request: &tonic::Request<WatchRequest>) -> Result<Events, Status> {
    let asked = request.get_ref();
    let clusters = names(&asked.clusters, "clusters")?;
    let last = Some(asked.last_event_id.as_str()).filter(|id| !id.is_empty());
    let reader = reader(app, request, clusters, last)?;
    let begin = (app.clone(), Some(reader));
    Ok(Box::pin(stream::unfold(
        begin,
        |(app, reader)| async move {
            let mut reader = reader?;
            let told = tokio::select! {
                () = app.shutdown.cancelled() => {
                    return Some((Err(problem::shutting_down()), (app, None)));
                }
                told = reader.next() => told,
            };
            let bytes = encoded(&app, told);
            Some((Ok(bytes), (app, Some::<Reader>(reader))))
        },
    )))
}

fn encoded(app: &Shared, told: Told) -> Bytes {
    match told {
        Told::Hello(Hello {
            id,
            leader,
            resumed,
        }) => {
            let hello = Said::Hello(v1::WatchHello {
                instance: app.instance.clone(),
                leader,
                resumed,
            });
            let event = Some(hello);
            WatchResponse { id, event }.encode_to_vec().into()
        }
        Told::Notice(notice) => notice.wire(|notice| {
            let response = WatchResponse {
                id: notice.id.clone(),
                event: Some(said(app, notice)),
            };
            response.encode_to_vec().into()
        }),
    }
}

/// What a notice says.
pub(in crate::api) fn said(app: &Shared, notice: &Notice) -> Said {
    match &notice.event {
        Event::Leads(leader) => Said::Hello(v1::WatchHello {
            instance: app.instance.clone(),
            leader: *leader,
            resumed: false,
        }),
        Event::Cluster(snapshot) => Said::Cluster((&view::seen(snapshot)).into()),
        Event::Recovery(recovery) => Said::Recovery((&**recovery).into()),
        Event::Operation(operation) => Said::Operation((&**operation).into()),
        Event::Routing(revision) => Said::Routing(v1::RoutingChanged {
            revision: Some((*revision).into()),
        }),
        Event::Config(version) => Said::Config(super::config::version(version)),
        Event::Happening(record) => {
            Said::Happening(v1::Happening::new(record.id.0, &record.happening))
        }
        Event::Subscribers(stand) => Said::Subscribers(v1::SubscriberCounts {
            connected: stand.of,
            behind: stand.of.saturating_sub(stand.acked),
        }),
    }
}

/// Responses that are encoded already.
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = WatchRequest;
    type Encoder = Self;
    type Decoder = <Plain as Codec>::Decoder;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self::Decoder {
        Plain::default().decoder()
    }
}

type Plain = tonic_prost::ProstCodec<WatchResponse, WatchRequest>;

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}
