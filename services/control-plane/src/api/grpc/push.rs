//! `RoutingService.Subscribe`: the routing push. A stream is one conversation: a
//! hello, then updates one way and answers the other. It pulls its updates from
//! the hub only while its connection takes them.
//!
//! It is served below tonic's codec: an update is framed and encoded by the
//! first stream that sends it, and the others send the very same bytes; what is
//! said to us is read without a buffer that lasts. With ten thousand streams
//! that is most of their memory and of the work on a change.

mod frames;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use futures::future::BoxFuture;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http_body::Frame;
use lictor_domain::{Hints, Revision};
use lictor_wire::WireError;
use lictor_wire::v1::subscribe_request::Message as Said;
use lictor_wire::v1::subscribe_response::Message;
use lictor_wire::v1::{self, SubscribeRequest, SubscribeResponse};
use tokio::time::Interval;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::service::Routes;
use tonic::transport::server::TcpConnectInfo;

use self::frames::Frames;
use super::super::problem::{self, Problem};
use super::parse;
use super::routing::filter;
use crate::access::{Identity, Need};
use crate::hub::{
    Behind, Hub, Introduction, NeverSent, Next, Share, SubscriberKind, Subscription, Update,
};

const PATH: &str = "/lictor.v1.RoutingService/Subscribe";
/// A subscriber must say who it is within this time.
const HELLO: Duration = Duration::from_secs(10);
/// Characters of an id, and of a version.
const NAME_MAX: usize = 128;
/// Pools of one subscriber.
const POOLS_MAX: u32 = 10_000;
/// Answers taken in before others get their turn.
const ANSWERS_AT_ONCE: usize = 64;
/// How often a lictord that relays is told where the table is.
const HEAD_EVERY: Duration = Duration::from_millis(500);

/// What every stream needs.
#[derive(Clone)]
struct Push {
    hub: Hub,
    shutdown: CancellationToken,
}

/// Adds the push to the other services.
pub(super) fn add(mut routes: Routes, hub: Hub, shutdown: CancellationToken) -> Routes {
    let push = Push { hub, shutdown };
    let all = routes.axum_router_mut();
    *all = std::mem::take(all).route(PATH, post(subscribe).with_state(push));
    routes
}

async fn subscribe(State(push): State<Push>, request: Request) -> Response {
    let peer = request.extensions().get::<TcpConnectInfo>();
    let peer = peer.and_then(TcpConnectInfo::remote_addr);
    let address = peer.map(|address| address.to_string()).unwrap_or_default();
    let caller = request.extensions().get::<Identity>().cloned();
    let said = Frames::new(request.into_body());
    // The hello is waited for inside the stream: some callers want the
    // response's head before they say anything.
    let talk = Talk::Opening(Box::pin(greet(push, address, caller, said)));
    let mut response = Response::new(Body::new(talk));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    response
}

async fn greet(
    push: Push,
    address: String,
    caller: Option<Identity>,
    mut said: Frames,
) -> Result<Live, Status> {
    let caller = caller.ok_or_else(problem::unauthenticated)?;
    let first = tokio::select! {
        () = push.shutdown.cancelled() => return Err(problem::shutting_down()),
        first = tokio::time::timeout(HELLO, said.next()) => first,
    };
    let late = |_| problem::no_hello(format!("no hello within {HELLO:?}"));
    let first = first.map_err(late)??.and_then(|request| request.message);
    let Some(Said::Hello(hello)) = first else {
        let sentence = "the first message must be a hello";
        return Err(problem::out_of_protocol(sentence));
    };
    let last = hello.last_revision.map(Revision::from);
    let filter = filter(
        &hello.clusters,
        &hello.keyspaces,
        &hello.hostgroups,
        "hello.",
        caller.scope(),
    )?;
    let introduction = introduction(hello, address)?;
    let relays = introduction.kind == SubscriberKind::Lictord;
    // What it says of those behind it is believed.
    if relays && !matches!(caller, Identity::Member) {
        return Err(problem::not_allowed(&caller, Need::Member));
    }
    if relays && push.hub.is_relayed() {
        return Err(problem::not_leading(None));
    }
    let subscription = push.hub.subscribe(introduction, filter, last);
    Ok(Live {
        subscription: subscription.map_err(Problem::from)?,
        said: Some(said),
        heads: relays.then(|| Box::new(tokio::time::interval(HEAD_EVERY))),
    })
}

/// One stream, as the body of its response.
enum Talk {
    /// Before its hello.
    Opening(BoxFuture<'static, Result<Live, Status>>),
    Live(Box<Live>),
    Over,
}

impl HttpBody for Talk {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let talk = self.get_mut();
        loop {
            let next = match talk {
                Self::Opening(greeting) => match ready!(greeting.as_mut().poll(context)) {
                    Ok(live) => {
                        *talk = Self::Live(Box::new(live));
                        continue;
                    }
                    Err(status) => Err(status),
                },
                Self::Live(live) => ready!(live.poll_next(context)),
                Self::Over => return Poll::Ready(None),
            };
            let frame = next.map_or_else(
                |status| {
                    *talk = Self::Over;
                    Frame::trailers(problem::trailers(&status))
                },
                Frame::data,
            );
            return Poll::Ready(Some(Ok(frame)));
        }
    }
}

struct Live {
    subscription: Subscription,
    /// `None` after the subscriber has said its last; it may still listen.
    said: Option<Frames>,
    /// When a lictord is told where the table is.
    heads: Option<Box<Interval>>,
}

impl Live {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, Status>> {
        self.take_in_answers(context)?;
        let next = match self.subscription.poll_next(context) {
            Poll::Ready(next) => next,
            Poll::Pending => return self.poll_head(context).map(Ok),
        };
        Poll::Ready(match next {
            Some(Next::Update(parcel)) => Ok(parcel.encoded(update)),
            Some(Next::Hints(parcel)) => Ok(parcel.encoded(hints)),
            None => Err(problem::shutting_down()),
        })
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        let Some(heads) = &mut self.heads else {
            return Poll::Pending;
        };
        ready!(heads.poll_tick(context));
        let revision = self.subscription.head().map(Into::into);
        Poll::Ready(framed(Message::Head(v1::Head { revision })))
    }

    fn take_in_answers(&mut self, context: &mut Context<'_>) -> Result<(), Status> {
        for _ in 0..ANSWERS_AT_ONCE {
            let Some(said) = &mut self.said else {
                return Ok(());
            };
            match said.poll_next(context) {
                Poll::Ready(Some(request)) => self.take_in(request?)?,
                Poll::Ready(None) => self.said = None,
                Poll::Pending => return Ok(()),
            }
        }
        context.waker().wake_by_ref();
        Ok(())
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
            Some(Said::Relayed(relayed)) => {
                if !self.subscription.is_relay() {
                    return Err(problem::out_of_protocol("only a lictord relays"));
                }
                let revision = relayed.revision.map(Revision::from);
                let (behind, late) = (behind(relayed.clusters, relayed.subscribers)?, relayed.late);
                let relayed = self.subscription.relayed(revision, behind, late);
                relayed.map_err(never_sent)
            }
            Some(Said::Hello(_)) => Err(problem::out_of_protocol("a second hello")),
            None => Err(problem::out_of_protocol("an empty message")),
        }
    }
}

fn revision(revision: Option<v1::Revision>, field: &str) -> Result<Revision, Status> {
    let revision = revision.ok_or_else(|| problem::invalid(WireError::missing(field)))?;
    Ok(revision.into())
}

fn behind(clusters: Vec<v1::relayed::Cluster>, subscribers: u32) -> Result<Behind, Status> {
    let each = clusters.into_iter().enumerate().map(|(at, cluster)| {
        let name = parse(&cluster.name, &format!("relayed.clusters[{at}].name"))?;
        let (subscribers, pools) = (cluster.subscribers, cluster.pools);
        Ok((name, Share { subscribers, pools }))
    });
    Ok(Behind {
        subscribers,
        clusters: each.collect::<Result<_, Status>>()?,
    })
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
        Ok(v1::SubscriberKind::Lictord) => SubscriberKind::Lictord,
        Ok(v1::SubscriberKind::Other | v1::SubscriberKind::Unspecified) => SubscriberKind::Other,
        Err(error) => return Err(problem::invalid(WireError::invalid("hello.kind", error))),
    };
    if hello.pools > POOLS_MAX {
        return Err(invalid("hello.pools", "it is more than 10,000"));
    }
    Ok(Introduction {
        id: hello.id,
        kind,
        version: hello.version,
        address,
        hints: hello.hints,
        pools: hello.pools,
    })
}

fn update(update: &Update) -> Bytes {
    framed(match update.clone() {
        Update::Snapshot(table) => Message::Snapshot((*table).clone().into()),
        Update::Delta(delta) => Message::Delta((*delta).into()),
    })
}

fn hints(hints: &Hints) -> Bytes {
    framed(Message::Hints(hints.clone().into()))
}

fn framed(message: Message) -> Bytes {
    frames::framed(&SubscribeResponse {
        message: Some(message),
    })
}
