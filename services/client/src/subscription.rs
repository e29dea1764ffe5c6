//! The subscription: keeps the table up to date for as long as the process
//! lives, through any instance of the control plane.
//!
//! A lost stream is opened again at the next endpoint, with the revision held;
//! the table stays as it was meanwhile. What cannot be taken is refused with a
//! reason (`Nack`), and the stream goes on. A table that holds a cluster's writes
//! is acknowledged when no writer of that cluster is in use any more.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use lictor_wire::v1::routing_service_client::RoutingServiceClient;
use lictor_wire::v1::subscribe_request::Message as Request;
use lictor_wire::v1::subscribe_response::Message as Update;
use lictor_wire::v1::{self, Ack, Hello, Nack, SubscribeRequest};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;
use tonic::{Status, Streaming};
use tracing::{debug, info, warn};

use crate::config::SubscribeConfig;
use crate::error::ClientError;
use crate::table::Table;

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
    endpoints: Vec<Endpoint>,
    table: Arc<Table>,
    /// Why there is no stream now; empty while there is one.
    trouble: watch::Sender<String>,
}

impl Subscription {
    pub(crate) fn new(config: SubscribeConfig, table: Arc<Table>) -> Result<Self, ClientError> {
        if config.id.trim().is_empty() {
            return Err(ClientError::InvalidConfig("the id is empty".to_owned()));
        }
        let endpoints: Vec<_> = config
            .endpoints
            .iter()
            .map(|url| endpoint(url))
            .collect::<Result<_, _>>()?;
        if endpoints.is_empty() {
            let why = "there is no endpoint of the control plane";
            return Err(ClientError::InvalidConfig(why.to_owned()));
        }
        Ok(Self {
            config,
            endpoints,
            table,
            trouble: watch::Sender::new("not connected yet".to_owned()),
        })
    }

    /// Why there is no stream now; empty while there is one.
    pub(crate) fn trouble(&self) -> watch::Receiver<String> {
        self.trouble.subscribe()
    }

    pub(crate) async fn run(self) {
        let mut pauses = pauses();
        for endpoint in self.endpoints.iter().cycle() {
            let (before, began) = (self.table.revision(), Instant::now());
            let ended = self.follow(endpoint).await;
            let reason = with_sources(&ended);
            if self.trouble.send_replace(reason.clone()).is_empty() {
                warn!(url = %endpoint.uri(), reason, "lost the control plane; the last good table stays");
            } else {
                debug!(url = %endpoint.uri(), reason, "the control plane is still away");
            }
            let was_of_use = self.table.revision() != before;
            if was_of_use || began.elapsed() > LATEST_RETRY {
                pauses = self::pauses();
            }
            tokio::time::sleep(pauses.next().unwrap_or(LATEST_RETRY)).await;
        }
    }

    /// One stream, from its hello to its end.
    async fn follow(&self, endpoint: &Endpoint) -> Ended {
        match self.open(endpoint).await {
            Err(ended) => ended,
            Ok((answers, updates)) => match self.take_all(answers, updates).await {
                Err(ended) => ended,
                Ok(never) => match never {},
            },
        }
    }

    async fn open(
        &self,
        endpoint: &Endpoint,
    ) -> Result<(Answers, Streaming<v1::SubscribeResponse>), Ended> {
        let channel = timeout(PATIENCE, endpoint.connect())
            .await
            .map_err(|_| Ended::NoAnswer)??;
        let (answers, requests) = mpsc::channel(ANSWERS);
        let answers = Answers(answers);
        answers.send(Request::Hello(self.hello())).await?;
        let mut client = RoutingServiceClient::new(channel);
        let response = timeout(PATIENCE, client.subscribe(ReceiverStream::new(requests)))
            .await
            .map_err(|_| Ended::NoAnswer)?
            .map_err(Ended::Refused)?;
        info!(url = %endpoint.uri(), held = ?self.table.revision(), "subscribed to routes");
        self.trouble.send_replace(String::new());
        Ok((answers, response.into_inner()))
    }

    fn hello(&self) -> Hello {
        Hello {
            id: self.config.id.clone(),
            kind: v1::SubscriberKind::from(self.config.kind).into(),
            version: SOFTWARE.to_owned(),
            clusters: self
                .config
                .clusters
                .iter()
                .map(ToString::to_string)
                .collect(),
            last_revision: self.table.revision().map(Into::into),
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
                Some(update) => {
                    let update = update.ok_or(Ended::Closed)?.message.ok_or(Ended::Empty)?;
                    Some(self.take(update))
                }
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

    /// Takes one update, and gives the answer to it.
    fn take(&self, update: Update) -> Request {
        let revision = match &update {
            Update::Snapshot(table) => table.revision,
            Update::Delta(delta) => delta.to,
        };
        match self.table.take(update) {
            Ok(revision) => Request::Ack(Ack {
                revision: Some(revision.into()),
            }),
            Err(refusal) => {
                let reason = with_sources(&refusal);
                warn!(?revision, reason, "refused a routing update");
                Request::Nack(Nack { revision, reason })
            }
        }
    }
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

fn endpoint(url: &str) -> Result<Endpoint, ClientError> {
    let endpoint = Endpoint::from_shared(url.to_owned()).ok();
    let endpoint = endpoint.filter(|endpoint| endpoint.uri().scheme_str() == Some("http"));
    let endpoint = endpoint.ok_or_else(|| {
        let why = format!("endpoint `{url}` is not a URL such as http://127.0.0.1:7400");
        ClientError::InvalidConfig(why)
    })?;
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

/// An error with what caused it, on one line.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
