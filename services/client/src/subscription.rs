//! The subscription: keeps the table up to date for as long as the process
//! lives, through any instance of the control plane.
//!
//! A lost stream is opened again at the next endpoint, with the revision held;
//! the table stays as it was meanwhile. What cannot be taken is refused with a
//! reason (`Nack`), and the stream goes on. A table that holds a cluster's writes
//! is acknowledged when no writer of that cluster is in use any more.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use lictor_wire::v1::routing_service_client::RoutingServiceClient;
use lictor_wire::v1::subscribe_request::Message as Request;
use lictor_wire::v1::subscribe_response::Message;
use lictor_wire::v1::{self, Ack, Hello, Nack, SubscribeRequest};
use lictor_wire::{Bearer, EndpointError, TokenError};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;
use tonic::{Status, Streaming};
use tracing::{debug, info, warn};

use crate::config::SubscribeConfig;
use crate::error::{ClientError, with_sources};
use crate::source::Link;
use crate::table::{Table, Update};
use crate::telemetry;

/// Connecting, and each answer of ours, may take this long.
const PATIENCE: Duration = Duration::from_secs(3);
/// A control plane that shows no sign of life for this and then again for
/// `PATIENCE` is given up.
const KEEPALIVE: Duration = Duration::from_secs(2);
const SOONEST_RETRY: Duration = Duration::from_millis(50);
const LATEST_RETRY: Duration = Duration::from_secs(2);
/// Answers of ours that may wait to be sent.
const ANSWERS: usize = 16;

const SOFTWARE: &str = concat!("lictor-client/", env!("CARGO_PKG_VERSION"));

/// Why a stream ended.
#[derive(Debug, Error)]
enum Ended {
    #[error("the endpoint cannot be used")]
    Unusable(#[from] EndpointError),
    #[error("there is no token to show")]
    NoToken(#[from] TokenError),
    #[error("no connection")]
    NoConnection(#[from] tonic::transport::Error),
    #[error("no answer within {PATIENCE:?}")]
    NoAnswer,
    #[error("{}: {}", .0.code(), .0.message())]
    Refused(Status),
    #[error("the control plane closed the stream")]
    Closed,
    #[error("the control plane sent an empty message")]
    Empty,
}

/// Keeps `table` up to date. Never returns.
pub(crate) struct Subscription {
    config: SubscribeConfig,
    /// Pools of connections that this process keeps to each node.
    pools: u32,
    table: Arc<Table>,
    link: watch::Sender<Link>,
}

impl Subscription {
    pub(crate) fn new(
        config: SubscribeConfig,
        pools: u32,
        table: Arc<Table>,
    ) -> Result<Self, ClientError> {
        if config.id.trim().is_empty() {
            return Err(ClientError::InvalidConfig("the id is empty".to_owned()));
        }
        if config.endpoints.is_empty() {
            let why = "there is no endpoint of the control plane";
            return Err(ClientError::InvalidConfig(why.to_owned()));
        }
        for url in &config.endpoints {
            let unusable =
                |error| ClientError::InvalidConfig(format!("endpoint {}", with_sources(&error)));
            endpoint(url, &config).map_err(unusable)?;
        }
        Ok(Self {
            config,
            pools,
            table,
            link: watch::Sender::new(Link::new()),
        })
    }

    /// Whether there is a stream now.
    pub(crate) fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    pub(crate) async fn run(self) {
        let mut pauses = pauses();
        for url in self.config.endpoints.iter().cycle() {
            let (before, began) = (self.table.revision(), Instant::now());
            let ended = self.follow(url).await;
            self.table.forget_lags();
            let reason = with_sources(&ended);
            let mut was_up = false;
            self.link
                .send_modify(|link| was_up = link.down(reason.clone()));
            telemetry::table_age(self.link.borrow().since.elapsed());
            if was_up {
                warn!(
                    url,
                    reason, "lost the control plane; the last good table stays"
                );
            } else {
                debug!(url, reason, "the control plane is still away");
            }
            let was_of_use = self.table.revision() != before;
            if was_of_use || began.elapsed() > LATEST_RETRY {
                pauses = self::pauses();
            }
            tokio::time::sleep(pauses.next().unwrap_or(LATEST_RETRY)).await;
        }
    }

    /// One stream, from its hello to its end.
    async fn follow(&self, url: &str) -> Ended {
        match self.open(url).await {
            Err(ended) => ended,
            Ok((answers, updates)) => match self.take_all(answers, updates).await {
                Err(ended) => ended,
                Ok(never) => match never {},
            },
        }
    }

    async fn open(&self, url: &str) -> Result<(Answers, Streaming<v1::SubscribeResponse>), Ended> {
        // Anew each time: certificates and tokens are renewed while a process lives.
        let bearer = Bearer::of(self.config.token.as_ref())?;
        let endpoint = endpoint(url, &self.config)?;
        let channel = timeout(PATIENCE, endpoint.connect())
            .await
            .map_err(|_| Ended::NoAnswer)??;
        let (answers, requests) = mpsc::channel(ANSWERS);
        let answers = Answers(answers);
        answers.send(Request::Hello(self.hello())).await?;
        let mut client = RoutingServiceClient::with_interceptor(channel, bearer);
        let response = timeout(PATIENCE, client.subscribe(ReceiverStream::new(requests)))
            .await
            .map_err(|_| Ended::NoAnswer)?
            .map_err(Ended::Refused)?;
        info!(url, held = ?self.table.revision(), "subscribed to routes");
        self.link.send_modify(Link::up);
        telemetry::table_age(Duration::ZERO);
        Ok((answers, response.into_inner()))
    }

    fn hello(&self) -> Hello {
        Hello {
            id: self.config.id.clone(),
            kind: v1::SubscriberKind::from(self.config.kind).into(),
            version: SOFTWARE.to_owned(),
            clusters: texts(&self.config.clusters),
            keyspaces: texts(&self.config.keyspaces),
            hostgroups: self.config.hostgroups.iter().map(|id| id.0).collect(),
            last_revision: self.table.revision().map(Into::into),
            hints: true,
            pools: self.pools,
        }
    }

    async fn take_all(
        &self,
        answers: Answers,
        mut updates: Streaming<v1::SubscribeResponse>,
    ) -> Result<std::convert::Infallible, Ended> {
        // An acknowledgement that waits until no writer of a held cluster is in
        // use; a later one stands for it too.
        let mut owed = None;
        loop {
            // The wait has no deadline: the keepalive ends a dead stream.
            let update = tokio::select! {
                biased;
                () = self.table.holds_kept(), if owed.is_some() => None,
                update = updates.message() => Some(update.map_err(Ended::Refused)?),
            };
            let answer = match update {
                None => owed.take(),
                Some(update) => match update.ok_or(Ended::Closed)?.message.ok_or(Ended::Empty)? {
                    Message::Snapshot(table) => Some(self.take(Update::Snapshot(table))),
                    Message::Delta(delta) => Some(self.take(Update::Delta(delta))),
                    Message::Hints(hints) => {
                        self.hint(hints);
                        None
                    }
                    // Said to those who relay.
                    Message::Head(_) => None,
                },
            };
            match answer {
                Some(ack @ Request::Ack(_)) if !self.table.keeps_holds() => owed = Some(ack),
                Some(ack @ Request::Ack(_)) => {
                    owed = None;
                    answers.send(ack).await?;
                }
                Some(other) => answers.send(other).await?,
                None => {}
            }
        }
    }

    /// Takes hints; those that cannot be read are none.
    fn hint(&self, hints: v1::Hints) {
        if let Err(error) = self.table.hint(hints) {
            warn!(%error, "hints that cannot be read");
        }
    }

    /// Takes one update, and gives the answer to it.
    fn take(&self, update: Update) -> Request {
        let revision = update.revision();
        match self.table.take(update) {
            Ok(revision) => Request::Ack(Ack {
                revision: Some(revision.into()),
            }),
            Err(refusal) => {
                let reason = with_sources(&refusal);
                telemetry::table_refused();
                warn!(?revision, reason, "refused a routing update");
                Request::Nack(Nack { revision, reason })
            }
        }
    }
}

fn texts(names: &[impl ToString]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The way back to the control plane.
struct Answers(mpsc::Sender<SubscribeRequest>);

impl Answers {
    async fn send(&self, message: Request) -> Result<(), Ended> {
        let request = SubscribeRequest {
            message: Some(message),
        };
        match timeout(PATIENCE, self.0.send(request)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ended::Closed),
            Err(_) => Err(Ended::NoAnswer),
        }
    }
}

fn endpoint(url: &str, config: &SubscribeConfig) -> Result<Endpoint, EndpointError> {
    let endpoint = lictor_wire::endpoint(url, &config.tls)?;
    Ok(endpoint
        .connect_timeout(PATIENCE)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(PATIENCE)
        .keep_alive_while_idle(true))
}

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(SOONEST_RETRY)
        .with_max_delay(LATEST_RETRY)
        .without_max_times()
        .with_jitter()
        .build()
}
