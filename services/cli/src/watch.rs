//! `route watch`: follows the routing table until Ctrl-C.
//!
//! A lost stream is opened again with the revision held, so that nothing is
//! missed and nothing is shown twice. An update that does not fit is refused,
//! as any subscriber does.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Context;
use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::Utc;
use lictor_wire::domain::RoutingTable;
use lictor_wire::v1::routing_service_client::RoutingServiceClient;
use lictor_wire::v1::subscribe_request::Message as Request;
use lictor_wire::v1::subscribe_response::Message as Update;
use lictor_wire::v1::{Ack, Hello, Nack, SubscribeRequest, SubscribeResponse, SubscriberKind};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::args::{Format, Server};
use crate::call::{SOON, answer, cause, connect};
use crate::output::show_item;
use crate::view::routing::Event;

const SOONEST_RETRY: Duration = Duration::from_millis(200);
const LATEST_RETRY: Duration = Duration::from_secs(2);

/// Follows the table of this server until Ctrl-C.
pub(crate) async fn run(server: &Server, format: Format) -> anyhow::Result<()> {
    let mut watcher = Watcher {
        server,
        format,
        held: None,
    };
    tokio::select! {
        ended = watcher.follow() => ended.map(|never| match never {}),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            Ok(())
        }
    }
}

struct Watcher<'a> {
    server: &'a Server,
    format: Format,
    held: Option<RoutingTable>,
}

type Stream = (mpsc::Sender<SubscribeRequest>, Streaming<SubscribeResponse>);

impl Watcher<'_> {
    async fn follow(&mut self) -> anyhow::Result<Infallible> {
        let mut stream = self.open().await?;
        loop {
            let Lost(reason) = self.take_all(stream).await?;
            self.tell("lost", format!("lost the control plane: {reason}"))?;
            stream = self.open_again().await?;
        }
    }

    async fn open(&self) -> anyhow::Result<Stream> {
        let mut client = RoutingServiceClient::new(connect(self.server).await?);
        let (requests, outgoing) = mpsc::channel(16);
        requests.send(message(Request::Hello(self.hello()))).await?;
        let updates = answer(SOON, client.subscribe(ReceiverStream::new(outgoing))).await?;
        Ok((requests, updates))
    }

    async fn open_again(&self) -> anyhow::Result<Stream> {
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(SOONEST_RETRY)
            .with_max_delay(LATEST_RETRY)
            .without_max_times()
            .with_jitter()
            .build();
        loop {
            tokio::time::sleep(pauses.next().unwrap_or(LATEST_RETRY)).await;
            if let Ok(stream) = self.open().await {
                let from = match &self.held {
                    Some(held) => format!("connected again, from revision {}", held.revision),
                    None => "connected again".to_owned(),
                };
                self.tell("connected", from)?;
                return Ok(stream);
            }
        }
    }

    fn hello(&self) -> Hello {
        Hello {
            id: format!("route-watch-{}", std::process::id()),
            kind: SubscriberKind::Cli.into(),
            version: concat!("lictor/", env!("CARGO_PKG_VERSION")).to_owned(),
            clusters: vec![],
            last_revision: self.held.as_ref().map(|held| held.revision.into()),
            ..Hello::default()
        }
    }

    /// Shows each update until the stream is lost.
    async fn take_all(&mut self, (requests, mut updates): Stream) -> anyhow::Result<Lost> {
        loop {
            let update = match updates.message().await {
                Ok(Some(response)) => response.message.context("the server sent nothing")?,
                Ok(None) => return Ok(Lost("it closed the stream".to_owned())),
                Err(status) => return Ok(Lost(cause(&status))),
            };
            let Some(reply) = self.take(update)? else {
                continue;
            };
            match tokio::time::timeout(SOON, requests.send(message(reply))).await {
                Ok(Ok(())) => {}
                _ => return Ok(Lost("it takes no acknowledgement".to_owned())),
            }
        }
    }

    /// Applies and shows one update, and gives the answer to it; what is beside the table has none.
    fn take(&mut self, update: Update) -> anyhow::Result<Option<Request>> {
        let revision = match &update {
            Update::Snapshot(table) => table.revision,
            Update::Delta(delta) => delta.to,
            Update::Hints(_) | Update::Head(_) => None,
        };
        match self.apply(update) {
            Ok(None) => Ok(None),
            Ok(Some(event)) => {
                show_item(&event, self.format)?;
                Ok(Some(Request::Ack(Ack { revision })))
            }
            Err(error) => {
                let reason = format!("{error:#}");
                self.tell("refused", format!("refused an update: {reason}"))?;
                Ok(Some(Request::Nack(Nack { revision, reason })))
            }
        }
    }

    fn apply(&mut self, update: Update) -> anyhow::Result<Option<Event>> {
        let before = self.held.clone().unwrap_or_default();
        let mut now = before.clone();
        let event = match update {
            Update::Snapshot(snapshot) => {
                now.replace(snapshot.try_into()?)?;
                Event::snapshot(Utc::now(), &before, &now)
            }
            Update::Delta(delta) => {
                now.apply(delta.try_into()?)?;
                Event::delta(Utc::now(), &before, &now)
            }
            Update::Hints(_) | Update::Head(_) => return Ok(None),
        };
        self.held = Some(now);
        Ok(Some(event))
    }

    fn tell(&self, event: &'static str, sentence: String) -> anyhow::Result<()> {
        show_item(&Event::stream(Utc::now(), event, sentence), self.format)
    }
}

/// Why the stream ended.
struct Lost(String);

fn message(message: Request) -> SubscribeRequest {
    SubscribeRequest {
        message: Some(message),
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::domain::{Revision, Term};

    use super::*;

    fn table(n: u64) -> RoutingTable {
        RoutingTable {
            revision: Revision { term: Term(1), n },
            ..RoutingTable::default()
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_what_is_held_stays() {
        let server = Server::at("");
        let mut watcher = Watcher {
            server: &server,
            format: Format::Table,
            held: None,
        };
        assert_eq!(watcher.hello().last_revision, None);
        watcher.apply(Update::Snapshot(table(5).into())).unwrap();

        let error = watcher
            .apply(Update::Snapshot(table(4).into()))
            .unwrap_err();
        assert_eq!(error.to_string(), "revision 1.4 does not rise above 1.5");
        let gap = table(7).diff(&table(8));
        watcher.apply(Update::Delta(gap.into())).unwrap_err();

        watcher
            .apply(Update::Delta(table(5).diff(&table(6)).into()))
            .unwrap();
        let held = watcher.hello().last_revision.map(Revision::from);
        assert_eq!(held, Some(table(6).revision), "the next hello says so");
    }
}
