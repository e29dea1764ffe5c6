//! A control plane in this process that speaks the protocol of `lictor.v1` as
//! the real one does, remembers what it hears, and can be made to misbehave.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lictor_client::SubscribeConfig;
use lictor_client::domain::{
    ClusterName, ClusterRoute, Endpoint, Epoch, NodeName, Reader, Revision, RouteState,
    RoutingDelta, RoutingTable, Term,
};
use lictor_wire::v1::routing_service_server::{RoutingService, RoutingServiceServer};
use lictor_wire::v1::subscribe_request::Message as Request;
use lictor_wire::v1::subscribe_response::Message as Update;
use lictor_wire::v1::{self, Hello, SubscribeRequest, SubscribeResponse};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

/// Longer than anything here takes; only a test that fails waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a subscriber said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Hello(Hello),
    Ack(Revision),
    Nack(Revision, String),
}

struct State {
    /// Every table published, the newest last.
    history: Mutex<Vec<RoutingTable>>,
    published: watch::Sender<Revision>,
    /// Updates sent as they are, whatever the table is.
    raw: broadcast::Sender<Update>,
    heard: mpsc::UnboundedSender<Heard>,
    /// Who does not show this one is turned away.
    token: Option<&'static str>,
    stop: CancellationToken,
}

pub(crate) struct ControlPlane {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    heard: mpsc::UnboundedReceiver<Heard>,
    server: JoinHandle<()>,
}

impl ControlPlane {
    /// One at a free port, that has published these tables.
    pub(crate) async fn start(history: Vec<RoutingTable>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), history).await
    }

    pub(crate) async fn start_at(address: SocketAddr, history: Vec<RoutingTable>) -> Self {
        Self::start_for(None, address, history).await
    }

    /// One that lets nobody in without that token, if there is one.
    pub(crate) async fn start_for(
        token: Option<&'static str>,
        address: SocketAddr,
        history: Vec<RoutingTable>,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard_sender, heard) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let state = Arc::new(State {
            published: watch::Sender::new(history.last().map(|t| t.revision).unwrap_or_default()),
            history: Mutex::new(history),
            raw: broadcast::Sender::new(16),
            heard: heard_sender,
            token,
            stop: stop.clone(),
        });
        let service = RoutingServiceServer::new(Fake(Arc::clone(&state)));
        let server = tokio::spawn(async move {
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming_shutdown(
                    TcpListenerStream::new(listener),
                    stop.cancelled_owned(),
                )
                .await
                .unwrap();
        });
        Self {
            address,
            state,
            heard,
            server,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn publish(&self, table: RoutingTable) {
        let revision = table.revision;
        self.state.history.lock().unwrap().push(table);
        self.state.published.send_replace(revision);
    }

    pub(crate) fn send_raw(&self, update: Update) {
        self.state.raw.send(update).unwrap();
    }

    /// The next thing a subscriber says.
    pub(crate) async fn hears(&mut self) -> Heard {
        let heard = timeout(PATIENCE, self.heard.recv()).await;
        heard.expect("nothing was heard").unwrap()
    }

    pub(crate) async fn hears_hello(&mut self) -> Hello {
        match self.hears().await {
            Heard::Hello(hello) => hello,
            other => panic!("heard {other:?} instead of a hello"),
        }
    }

    /// Closes the port and every stream.
    pub(crate) async fn stop(self) {
        self.state.stop.cancel();
        timeout(PATIENCE, self.server).await.unwrap().unwrap();
    }
}

struct Fake(Arc<State>);

type Updates = Pin<Box<dyn tokio_stream::Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

#[tonic::async_trait]
impl RoutingService for Fake {
    type SubscribeStream = Updates;

    async fn subscribe(
        &self,
        request: tonic::Request<Streaming<SubscribeRequest>>,
    ) -> Result<tonic::Response<Updates>, Status> {
        let shown = request.metadata().get("authorization");
        if let Some(token) = self.0.token
            && shown.is_none_or(|shown| shown != &format!("Bearer {token}"))
        {
            return Err(Status::unauthenticated("nobody has this token"));
        }
        let mut requests = request.into_inner();
        let first = requests.message().await?.and_then(|first| first.message);
        let Some(Request::Hello(hello)) = first else {
            return Err(Status::invalid_argument("the first message is no hello"));
        };
        let (updates, outgoing) = mpsc::channel(1);
        tokio::spawn(Arc::clone(&self.0).serve(hello, requests, updates));
        Ok(tonic::Response::new(Box::pin(ReceiverStream::new(
            outgoing,
        ))))
    }

    async fn get_table(
        &self,
        _: tonic::Request<v1::GetTableRequest>,
    ) -> Result<tonic::Response<v1::GetTableResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn list_subscribers(
        &self,
        _: tonic::Request<v1::ListSubscribersRequest>,
    ) -> Result<tonic::Response<v1::ListSubscribersResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }
}

impl State {
    async fn serve(
        self: Arc<Self>,
        hello: Hello,
        mut requests: Streaming<SubscribeRequest>,
        updates: mpsc::Sender<Result<SubscribeResponse, Status>>,
    ) {
        let (mut published, mut raw) = (self.published.subscribe(), self.raw.subscribe());
        // What the subscriber holds, as far as we know.
        let mut at = hello.last_revision.map(Revision::from);
        let mut refused = None;
        let _ = self.heard.send(Heard::Hello(hello));
        loop {
            if let Some(update) = self.next_update(at, refused) {
                at = Some(*published.borrow_and_update());
                if updates.send(Ok(response(update))).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = published.changed() => {}
                update = raw.recv() => {
                    let _ = updates.send(Ok(response(update.unwrap()))).await;
                }
                request = requests.message() => match request {
                    Ok(Some(request)) => {
                        let heard = heard(request.message.expect("an empty request"));
                        if matches!(heard, Heard::Nack(..)) {
                            at = None;
                            refused = Some(*published.borrow());
                        }
                        let _ = self.heard.send(heard);
                    }
                    _ => return,
                }
            }
        }
    }

    fn next_update(&self, at: Option<Revision>, refused: Option<Revision>) -> Option<Update> {
        let history = self.history.lock().unwrap();
        let now = history.last()?;
        if at == Some(now.revision) || refused == Some(now.revision) {
            return None;
        }
        let before = history.iter().find(|table| Some(table.revision) == at);
        Some(match before {
            Some(before) => delta(before.diff(now)),
            None => snapshot(now.clone()),
        })
    }
}

fn heard(message: Request) -> Heard {
    let revision = |revision: Option<v1::Revision>| revision.unwrap_or_default().into();
    match message {
        Request::Hello(hello) => Heard::Hello(hello),
        Request::Ack(ack) => Heard::Ack(revision(ack.revision)),
        Request::Nack(nack) => Heard::Nack(revision(nack.revision), nack.reason),
        Request::Relayed(relayed) => {
            let reason = "an application relays nothing".to_owned();
            Heard::Nack(revision(relayed.revision), reason)
        }
    }
}

fn response(update: Update) -> SubscribeResponse {
    SubscribeResponse {
        message: Some(update),
    }
}

pub(crate) fn snapshot(table: RoutingTable) -> Update {
    Update::Snapshot(table.into())
}

pub(crate) fn delta(delta: RoutingDelta) -> Update {
    Update::Delta(delta.into())
}

pub(crate) fn revision(n: u64) -> Revision {
    Revision { term: Term(1), n }
}

/// Node `number` of cluster orders; nothing listens there.
pub(crate) fn node(number: u32) -> Endpoint {
    Endpoint {
        node: NodeName::numbered(&orders(), number),
        address: "127.0.0.1:1".parse().unwrap(),
    }
}

pub(crate) fn orders() -> ClusterName {
    "orders".parse().unwrap()
}

/// The table of revision `n` where cluster orders is in epoch `epoch`.
pub(crate) fn table(n: u64, epoch: u64, state: RouteState) -> RoutingTable {
    let route = ClusterRoute {
        name: orders(),
        epoch: Epoch {
            term: Term(1),
            n: epoch,
        },
        state,
        readers: vec![Reader {
            endpoint: node(2),
            weight: 1,
        }],
    };
    RoutingTable {
        revision: revision(n),
        clusters: [(orders(), route)].into(),
        ..RoutingTable::default()
    }
}

/// The table of revision `n`, epoch `n`, where node `writer` takes writes.
pub(crate) fn served_by(n: u64, writer: u32) -> RoutingTable {
    let writer = node(writer);
    table(n, n, RouteState::Serving { writer })
}

pub(crate) fn subscriber(endpoints: Vec<String>) -> SubscribeConfig {
    SubscribeConfig::new("shop-1", endpoints)
}
