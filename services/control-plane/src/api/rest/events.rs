//! Server-sent events: what changes, for browsers. The events of
//! `EventService.Watch` in JSON; who comes again says what it heard last, and is told
//! what it missed, or that it must ask for everything.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as Frame, KeepAlive};
use futures::stream::{self, Stream};
use http::HeaderMap;
use lictor_domain::ClusterName;
use lictor_view::{
    ClusterSummary, ConfigVersion, Happening, Operation, Recovery, RoutingChanged,
    SubscriberCounts, WatchHello,
};
use lictor_wire::v1;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::caller::Caller;
use super::extract::Query;
use super::refusal::Refusal;
use crate::app::Shared;
use crate::bulletin::{Event, Hello, Notice, Told};

/// A line is sent at least this often, so that a lost connection is noticed.
const ALIVE: Duration = Duration::from_secs(5);
/// When a browser comes again.
const AGAIN: Duration = Duration::from_secs(1);
const LAST: &str = "last-event-id";

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(watch))
}

/// Whose events are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only this cluster's, and those that are about none; may come again.
    #[serde(default)]
    cluster: Vec<String>,
}

/// What changes, as server-sent events: `hello`, `cluster`, `recovery`, `operation`,
/// `routing`, `config`, `happening` and `subscribers`.
///
/// Each has an id, to come again with in `Last-Event-ID`. `hello` with `resumed`
/// false means: forget everything, and ask again.
#[utoipa::path(
    get, path = "/events", tag = "Events",
    params(Asked, ("Last-Event-ID" = Option<String>, Header, description = "Resume after it")),
    responses(
        (status = 200, body = String, content_type = "text/event-stream", description = "Events"),
        Refusal,
    ),
    extensions(("x-grpc-method" = json!("EventService/Watch"))),
)]
async fn watch(
    State(app): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Sse<impl Stream<Item = Result<Frame, Infallible>>>, Refusal> {
    let clusters = grpc::names::<ClusterName>(&asked.cluster, "cluster")?;
    let last = headers.get(LAST).and_then(|last| last.to_str().ok());
    let reader = grpc::reader(&app, &caller.asks(()), clusters, last)?;
    let events = stream::unfold((app, reader), |(app, mut reader)| async move {
        let told = tokio::select! {
            () = app.shutdown.cancelled() => return None,
            told = reader.next() => told,
        };
        Some((Ok(frame(&app, told)), (app, reader)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

fn frame(app: &Shared, told: Told) -> Frame {
    match told {
        Told::Hello(Hello {
            id,
            leader,
            resumed,
        }) => {
            let instance = app.instance.clone();
            let hello = WatchHello {
                instance,
                leader,
                resumed,
            };
            framed(&id, "hello", &json(&hello)).retry(AGAIN)
        }
        Told::Notice(notice) => {
            let data = notice.json(|notice| written(app, notice));
            framed(&notice.id, name(&notice.event), data)
        }
    }
}

fn framed(id: &str, name: &str, data: &str) -> Frame {
    Frame::default().id(id).event(name).data(data)
}

const fn name(event: &Event) -> &'static str {
    match event {
        Event::Leads(_) => "hello",
        Event::Cluster(_) => "cluster",
        Event::Recovery(_) => "recovery",
        Event::Operation(_) => "operation",
        Event::Routing(_) => "routing",
        Event::Config(_) => "config",
        Event::Happening(_) => "happening",
        Event::Subscribers(_) => "subscribers",
    }
}

fn written(app: &Shared, notice: &Notice) -> String {
    match grpc::said(app, notice) {
        v1::watch_response::Event::Hello(said) => json(&WatchHello::from(said)),
        v1::watch_response::Event::Cluster(said) => json(&ClusterSummary::from(said)),
        v1::watch_response::Event::Recovery(said) => json(&Recovery::from(said)),
        v1::watch_response::Event::Operation(said) => json(&Operation::from(said)),
        v1::watch_response::Event::Routing(said) => json(&RoutingChanged::from(said)),
        v1::watch_response::Event::Config(said) => json(&ConfigVersion::from(said)),
        v1::watch_response::Event::Happening(said) => {
            // It was made of a time of day just now.
            Happening::try_from(said).map_or_else(|_| String::new(), |it| json(&it))
        }
        v1::watch_response::Event::Subscribers(said) => json(&SubscriberCounts::from(said)),
    }
}

fn json(view: &impl Serialize) -> String {
    // Texts, numbers and lists of them: they can always be written.
    serde_json::to_string(view).unwrap_or_default()
}
