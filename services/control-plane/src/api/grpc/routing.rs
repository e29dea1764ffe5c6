//! `RoutingService`: the routing push. A stream is one conversation: a hello,
//! then updates one way and answers the other. It pulls its updates from the
//! hub only while its connection takes them.

use std::pin::Pin;
use std::time::Duration;

use futures::stream::{self, Stream};
use lictor_domain::Revision;
use lictor_wire::v1::routing_service_server::RoutingService;
use lictor_wire::v1::subscribe_request::Message as Said;
use lictor_wire::v1::subscribe_response::Message;
use lictor_wire::v1::{self, SubscribeRequest, SubscribeResponse};
use lictor_wire::{WireError, micros, timestamp};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::super::problem::{self, Problem};
use super::{parse, peer};
use crate::hub::{
    Filter, Hub, Introduction, NeverSent, Subscriber, SubscriberKind, Subscription, Update,
};

/// A subscriber must say who it is within this time.
const HELLO: Duration = Duration::from_secs(10);
/// Characters of an id, and of a version.
const NAME_MAX: usize = 128;
/// Clusters in a filter.
const FILTER_MAX: usize = 1000;

/// The service.
pub(super) struct Api {
    hub: Hub,
    shutdown: CancellationToken,
}

impl Api {
    pub(super) const fn new(hub: Hub, shutdown: CancellationToken) -> Self {
        Self { hub, shutdown }
    }
}

#[tonic::async_trait]
impl RoutingService for Api {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

    async fn subscribe(
        &self,
        request: Request<Streaming<SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        // The hello is waited for inside the stream: some callers want the
        // response's head before they say anything.
        let opening = Talk::Opening(Opening {
            hub: self.hub.clone(),
            shutdown: self.shutdown.clone(),
            peer: peer(&request),
            said: request.into_inner(),
        });
        let updates = stream::try_unfold(opening, async |talk| {
            let mut live = match talk {
                Talk::Opening(opening) => opening.greet().await?,
                Talk::Live(live) => live,
            };
            let response = live.next().await?;
            Ok(Some((response, Talk::Live(live))))
        });
        Ok(Response::new(Box::pin(updates)))
    }

    async fn get_table(
        &self,
        request: Request<v1::GetTableRequest>,
    ) -> Result<Response<v1::GetTableResponse>, Status> {
        let filter = filter(&request.get_ref().clusters, "clusters")?;
        let table = self.hub.table().ok_or_else(problem::no_table)?;
        let table = Some(filter.of_table(&table).into());
        Ok(Response::new(v1::GetTableResponse { table }))
    }

    async fn list_subscribers(
        &self,
        _: Request<v1::ListSubscribersRequest>,
    ) -> Result<Response<v1::ListSubscribersResponse>, Status> {
        let everyone = self.hub.everyone().into_iter();
        Ok(Response::new(v1::ListSubscribersResponse {
            subscribers: everyone.map(shown).collect(),
        }))
    }
}

/// One stream, before and after its hello.
enum Talk {
    Opening(Opening),
    Live(Live),
}

struct Opening {
    hub: Hub,
    shutdown: CancellationToken,
    peer: String,
    said: Streaming<SubscribeRequest>,
}

impl Opening {
    async fn greet(mut self) -> Result<Live, Status> {
        let first = tokio::select! {
            () = self.shutdown.cancelled() => return Err(problem::shutting_down()),
            first = tokio::time::timeout(HELLO, self.said.message()) => first,
        };
        let late = |_| problem::no_hello(format!("no hello within {HELLO:?}"));
        let said = first.map_err(late)??.and_then(|request| request.message);
        let Some(Said::Hello(hello)) = said else {
            let sentence = "the first message must be a hello";
            return Err(problem::out_of_protocol(sentence));
        };
        let last = hello.last_revision.map(Revision::from);
        let introduction = introduction(hello, self.peer)?;
        let subscription = self
            .hub
            .subscribe(introduction, last)
            .map_err(Problem::from)?;
        Ok(Live {
            subscription,
            shutdown: self.shutdown,
            said: Some(self.said),
        })
    }
}

struct Live {
    subscription: Subscription,
    shutdown: CancellationToken,
    /// `None` after the subscriber has said its last; it may still listen.
    said: Option<Streaming<SubscribeRequest>>,
}

impl Live {
    async fn next(&mut self) -> Result<SubscribeResponse, Status> {
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => return Err(problem::shutting_down()),
                update = self.subscription.next() => return Ok(response(update)),
                said = message(&mut self.said) => match said? {
                    Some(request) => self.take_in(request)?,
                    None => self.said = None,
                },
            }
        }
    }

    fn take_in(&mut self, request: SubscribeRequest) -> Result<(), Status> {
        let never_sent = |error: NeverSent| problem::out_of_protocol(error.to_string());
        match request.message {
            Some(Said::Ack(ack)) => {
                let revision = revision(ack.revision, "ack.revision")?;
                self.subscription.acked(revision).map_err(never_sent)
            }
            Some(Said::Nack(nack)) => {
                let revision = revision(nack.revision, "nack.revision")?;
                let nacked = self.subscription.nacked(revision, &nack.reason);
                nacked.map_err(never_sent)
            }
            Some(Said::Hello(_)) => Err(problem::out_of_protocol("a second hello")),
            None => Err(problem::out_of_protocol("an empty message")),
        }
    }
}

async fn message(
    said: &mut Option<Streaming<SubscribeRequest>>,
) -> Result<Option<SubscribeRequest>, Status> {
    match said {
        Some(said) => said.message().await,
        None => std::future::pending().await,
    }
}

fn revision(revision: Option<v1::Revision>, field: &str) -> Result<Revision, Status> {
    let revision = revision.ok_or_else(|| problem::invalid(WireError::missing(field)))?;
    Ok(revision.into())
}

fn introduction(hello: v1::Hello, address: String) -> Result<Introduction, Status> {
    let invalid = |field, why: &str| problem::invalid(WireError::invalid(field, why));
    if hello.id.trim().is_empty() {
        return Err(problem::invalid(WireError::missing("hello.id")));
    }
    let texts = [("hello.id", &hello.id), ("hello.version", &hello.version)];
    for (field, text) in texts {
        if text.chars().count() > NAME_MAX {
            return Err(invalid(field, "it is longer than 128 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(invalid(field, "it has a control character"));
        }
    }
    let kind = match v1::SubscriberKind::try_from(hello.kind) {
        Ok(v1::SubscriberKind::Client) => SubscriberKind::Client,
        Ok(v1::SubscriberKind::Proxy) => SubscriberKind::Proxy,
        Ok(v1::SubscriberKind::Cli) => SubscriberKind::Cli,
        Ok(v1::SubscriberKind::Other | v1::SubscriberKind::Unspecified) => SubscriberKind::Other,
        Err(error) => return Err(problem::invalid(WireError::invalid("hello.kind", error))),
    };
    Ok(Introduction {
        filter: filter(&hello.clusters, "hello.clusters")?,
        id: hello.id,
        kind,
        version: hello.version,
        address,
    })
}

fn filter(clusters: &[String], field: &str) -> Result<Filter, Status> {
    if clusters.len() > FILTER_MAX {
        let why = format!(
            "{} clusters, and {FILTER_MAX} at most are allowed",
            clusters.len()
        );
        return Err(problem::invalid(WireError::invalid(field, why)));
    }
    let names = clusters.iter().enumerate();
    let names = names.map(|(at, name)| parse(name, &format!("{field}[{at}]")));
    Ok(Filter::new(names.collect::<Result<Vec<_>, _>>()?))
}

fn response(update: Update) -> SubscribeResponse {
    let message = match update {
        Update::Snapshot(table) => Message::Snapshot(table.into()),
        Update::Delta(delta) => Message::Delta(delta.into()),
    };
    SubscribeResponse {
        message: Some(message),
    }
}

fn shown(subscriber: Subscriber) -> v1::Subscriber {
    let Subscriber {
        introduction,
        connected_at,
        progress,
    } = subscriber;
    let kind = match introduction.kind {
        SubscriberKind::Client => v1::SubscriberKind::Client,
        SubscriberKind::Proxy => v1::SubscriberKind::Proxy,
        SubscriberKind::Cli => v1::SubscriberKind::Cli,
        SubscriberKind::Other => v1::SubscriberKind::Other,
    };
    v1::Subscriber {
        id: introduction.id,
        kind: kind.into(),
        version: introduction.version,
        address: introduction.address,
        clusters: introduction
            .filter
            .clusters()
            .map(ToString::to_string)
            .collect(),
        connected_at: Some(timestamp(connected_at)),
        sent: progress.sent.map(Into::into),
        acked: progress.acked.map(Into::into),
        ack_delay_us: progress.ack_delay.map(micros),
        nacks: progress.nacks,
        last_nack: progress.last_nack.map(|nack| v1::Nack {
            revision: Some(nack.revision.into()),
            reason: nack.reason,
        }),
    }
}
