//! The push and the pages over a real connection, without any store.

pub(super) mod whole;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use lictor_domain::access::Role;
use lictor_domain::{ClusterRoute, Epoch, Revision, RouteState, Term};
use lictor_wire::v1;
use lictor_wire::v1::routing_service_client::RoutingServiceClient;
use lictor_wire::v1::subscribe_request::Message as Say;
use lictor_wire::v1::subscribe_response::Message as Update;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use super::{grpc, http, server};
use crate::hub::Hub;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(10);

struct Server {
    hub: Hub,
    address: SocketAddr,
    shutdown: CancellationToken,
    ended: JoinHandle<()>,
    _end: DropGuard,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = whole::app();
        let (hub, shutdown) = (app.hub.clone(), app.shutdown.clone());
        let asked = hub.clone();
        let pages = http::router(Arc::new(move || http::Fitness {
            missing: match asked.table() {
                Some(_) => vec![],
                None => vec!["no table".to_owned()],
            },
            ..http::Fitness::default()
        }));
        let routes = grpc::add_routing(pages.into(), &app);
        let everything = routes.prepare().into_axum_router();
        let admin = whole::holder(Role::Admin);
        let everything = everything.layer(axum::Extension(admin));
        let serving = async move { server::serve(listener, None, everything, &app).await };
        Self {
            hub,
            address,
            ended: tokio::spawn(serving),
            _end: shutdown.clone().drop_guard(),
            shutdown,
        }
    }

    /// A server whose first revision is 1.1, with the clusters a and b.
    async fn with_table() -> Self {
        let server = Self::start().await;
        server
            .hub
            .begin(Term(1), Arc::default(), vec![route("a", 1), route("b", 1)]);
        server
    }

    fn publish(&self, cluster: &str, epoch: u64) {
        self.hub.publish(Term(1), route(cluster, epoch));
    }

    async fn client(&self) -> RoutingServiceClient<Channel> {
        let url = format!("http://{}", self.address);
        RoutingServiceClient::connect(url).await.unwrap()
    }

    async fn subscribe(&self, hello: v1::Hello) -> Talk {
        let (say, said) = mpsc::channel(8);
        let mut client = self.client().await;
        let heard = client.subscribe(ReceiverStream::new(said)).await.unwrap();
        let talk = Talk {
            say,
            heard: heard.into_inner(),
        };
        talk.say(Say::Hello(hello)).await;
        talk
    }

    async fn page(&self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        self.bytes(request.as_bytes()).await
    }

    /// A connection on which that was said, and then nothing more.
    async fn begin(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// What the server answers to these bytes until it closes.
    async fn bytes(&self, bytes: &[u8]) -> String {
        let mut stream = self.begin(bytes).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        // A connection that is reset has answered as well.
        let _ = tokio::time::timeout(PATIENCE, read).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

struct Talk {
    say: mpsc::Sender<v1::SubscribeRequest>,
    heard: Streaming<v1::SubscribeResponse>,
}

impl Talk {
    async fn say(&self, message: Say) {
        let request = v1::SubscribeRequest {
            message: Some(message),
        };
        self.say.send(request).await.unwrap();
    }

    async fn ack(&self, n: u64) {
        let revision = Some(v1::Revision { term: 1, n });
        self.say(Say::Ack(v1::Ack { revision })).await;
    }

    async fn hear(&mut self) -> Result<Update, Status> {
        let heard = tokio::time::timeout(PATIENCE, self.heard.message()).await;
        Ok(heard.unwrap()?.unwrap().message.unwrap())
    }

    /// The next update as (from, to): `from` is 0 for a snapshot.
    async fn step(&mut self) -> (u64, u64) {
        match self.hear().await.unwrap() {
            Update::Snapshot(table) => (0, table.revision.unwrap().n),
            Update::Delta(delta) => (delta.from.unwrap().n, delta.to.unwrap().n),
            other => panic!("nobody asked for {other:?}"),
        }
    }

    async fn refused(&mut self) -> Status {
        self.hear().await.unwrap_err()
    }
}

fn route(cluster: &str, epoch: u64) -> ClusterRoute {
    ClusterRoute {
        name: cluster.parse().unwrap(),
        epoch: Epoch {
            term: Term(1),
            n: epoch,
        },
        state: RouteState::NoPrimary,
        readers: vec![],
    }
}

fn hello(id: &str) -> v1::Hello {
    v1::Hello {
        id: id.to_owned(),
        kind: v1::SubscriberKind::Client.into(),
        version: "test/1".to_owned(),
        ..v1::Hello::default()
    }
}

/// Waits until the server has heard what was said.
async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, met).await.unwrap();
}

#[tokio::test]
async fn a_subscriber_gets_a_snapshot_then_deltas_and_its_acks_are_shown() {
    let server = Server::with_table().await;
    let mut talk = server.subscribe(hello("app")).await;
    assert_eq!(talk.step().await, (0, 1));
    server.publish("a", 2);
    assert_eq!(talk.step().await, (1, 2));
    talk.ack(2).await;
    until(|| server.hub.everyone()[0].progress.acked.is_some()).await;

    let request = v1::ListSubscribersRequest {};
    let list = server
        .client()
        .await
        .list_subscribers(request)
        .await
        .unwrap();
    let shown = &list.get_ref().subscribers[0];
    assert_eq!(
        (shown.id.as_str(), shown.version.as_str()),
        ("app", "test/1")
    );
    assert_eq!(shown.kind(), v1::SubscriberKind::Client);
    assert!(shown.address.starts_with("127.0.0.1:"), "{}", shown.address);
    assert_eq!(shown.acked, Some(v1::Revision { term: 1, n: 2 }));
    assert!(shown.ack_delay_us.is_some());

    drop(talk);
    until(|| server.hub.subscribers() == 0).await;
}

#[tokio::test]
async fn before_there_is_a_table_subscribers_wait_and_others_are_told() {
    let server = Server::start().await;
    let mut talk = server.subscribe(hello("app")).await;
    until(|| server.hub.subscribers() == 1).await;
    let request = v1::GetTableRequest::default();
    let status = server.client().await.get_table(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().contains("no routing table"),
        "{}",
        status.message()
    );

    server
        .hub
        .begin(Term(1), Arc::default(), vec![route("a", 1)]);
    assert_eq!(talk.step().await, (0, 1));
}

#[tokio::test]
async fn one_that_comes_back_gets_the_deltas_it_missed() {
    let server = Server::with_table().await;
    for epoch in 2..=5 {
        server.publish("a", epoch);
    }
    let last_revision = Some(v1::Revision { term: 1, n: 2 });
    let mut talk = server
        .subscribe(v1::Hello {
            last_revision,
            ..hello("app")
        })
        .await;
    for n in 2..5 {
        assert_eq!(talk.step().await, (n, n + 1));
    }
}

#[tokio::test]
async fn a_filter_is_kept() {
    let server = Server::with_table().await;
    let clusters = vec!["b".to_owned()];
    let mut talk = server
        .subscribe(v1::Hello {
            clusters: clusters.clone(),
            ..hello("app")
        })
        .await;
    assert_eq!(talk.step().await, (0, 1));
    server.publish("a", 2);
    server.publish("b", 2);
    assert_eq!(talk.step().await, (1, 3));

    let table = server
        .client()
        .await
        .get_table(v1::GetTableRequest {
            clusters,
            ..v1::GetTableRequest::default()
        })
        .await
        .unwrap();
    let table = table.into_inner().table.unwrap();
    assert_eq!(table.clusters.len(), 1);
    assert_eq!(
        table.revision.map(Revision::from),
        server.hub.table().map(|t| t.revision)
    );
}

#[tokio::test]
async fn a_refused_revision_is_shown_and_the_next_is_a_snapshot() {
    let server = Server::with_table().await;
    let mut talk = server.subscribe(hello("app")).await;
    assert_eq!(talk.step().await, (0, 1));
    let nack = v1::Nack {
        revision: Some(v1::Revision { term: 1, n: 1 }),
        reason: "I do not like it".to_owned(),
    };
    talk.say(Say::Nack(nack)).await;
    until(|| server.hub.everyone()[0].progress.nacks == 1).await;
    server.publish("a", 2);
    assert_eq!(talk.step().await, (0, 2));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name_and_ends_one_stream_only() {
    let server = Server::with_table().await;
    let mut other = server.subscribe(hello("other")).await;
    assert_eq!(other.step().await, (0, 1));

    let clusters = vec!["a".to_owned(), "Not_A_Label".to_owned()];
    let mut talk = server
        .subscribe(v1::Hello {
            clusters: clusters.clone(),
            ..hello("app")
        })
        .await;
    let status = talk.refused().await;
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("`hello.clusters[1]`"),
        "{}",
        status.message()
    );
    assert!(
        status.message().contains("Not_A_Label"),
        "{}",
        status.message()
    );
    let request = v1::GetTableRequest {
        clusters,
        ..v1::GetTableRequest::default()
    };
    let status = server.client().await.get_table(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);

    for bad in [hello(" "), hello(&"x".repeat(129)), hello("a\nb")] {
        let status = server.subscribe(bad).await.refused().await;
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(
            status.message().contains("`hello.id`"),
            "{}",
            status.message()
        );
    }

    let mut talk = server.subscribe(hello("app")).await;
    assert_eq!(talk.step().await, (0, 1));
    talk.ack(9).await;
    let status = talk.refused().await;
    assert!(
        status.message().contains("revision 1.9 was not sent"),
        "{}",
        status.message()
    );

    server.publish("a", 2);
    assert_eq!(other.step().await, (1, 2));
}

#[tokio::test]
async fn garbage_oversized_and_slow_messages_hurt_nobody_else() {
    let server = Server::with_table().await;
    let mut other = server.subscribe(hello("other")).await;
    assert_eq!(other.step().await, (0, 1));

    server.bytes(&[0xff; 4096]).await;
    server
        .bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage garbage garbage")
        .await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let _slow = join_all((0..200).map(|_| server.begin(b"POST /v1/clu"))).await;
    let _never_read = join_all((0..50).map(|_| server.begin(b"GET /metrics HTTP/1.1\r\n"))).await;

    let mut huge = server.subscribe(hello(&"x".repeat(2 * 1024 * 1024))).await;
    assert_eq!(huge.refused().await.code(), Code::OutOfRange);
    let clusters = vec!["a".repeat(2 * 1024 * 1024)];
    let request = v1::GetTableRequest {
        clusters,
        ..v1::GetTableRequest::default()
    };
    let status = server.client().await.get_table(request).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);

    server.publish("a", 2);
    assert_eq!(other.step().await, (1, 2));
}

#[tokio::test]
async fn the_pages_tell_how_it_stands() {
    let server = Server::start().await;
    assert!(server.page("/").await.starts_with("HTTP/1.1 200"));
    assert!(server.page("/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(server.page("/metrics").await.starts_with("HTTP/1.1 200"));
    assert!(server.page("/nowhere").await.starts_with("HTTP/1.1 404"));
    let not_ready = server.page("/readyz").await;
    assert!(not_ready.starts_with("HTTP/1.1 503"), "{not_ready}");
    assert!(
        not_ready.contains(r#"{"ready":false,"missing":["no table"]}"#),
        "{not_ready}"
    );
    server.hub.begin(Term(1), Arc::default(), vec![]);
    let ready = server.page("/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
}

#[tokio::test]
async fn a_method_that_is_not_served_is_told_so_in_grpc() {
    use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
    let server = Server::start().await;
    let url = format!("http://{}", server.address);
    let mut client = ClusterServiceClient::connect(url).await.unwrap();
    let status = client
        .list_clusters(v1::ListClustersRequest {})
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(
        status.message().contains("ListClusters"),
        "{}",
        status.message()
    );
}

#[tokio::test]
async fn at_the_end_every_stream_is_ended_and_the_server_with_them() {
    let server = Server::with_table().await;
    let mut talk = server.subscribe(hello("app")).await;
    assert_eq!(talk.step().await, (0, 1));
    let (say, said) = mpsc::channel::<v1::SubscribeRequest>(1);
    let mut client = server.client().await;
    let without_hello = client.subscribe(ReceiverStream::new(said)).await.unwrap();
    let _idle = TcpStream::connect(server.address).await.unwrap();

    server.shutdown.cancel();
    assert_eq!(talk.refused().await.code(), Code::Unavailable);
    let status = without_hello.into_inner().message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    drop(say);
    tokio::time::timeout(PATIENCE, server.ended)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(server.hub.subscribers(), 0);
}
