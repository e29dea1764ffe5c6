//! One instance that does not lead before a leader made of a few routes.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::HttpBody;
use axum::routing::{any, post};
use futures::{StreamExt, stream};
use http::header::CONTENT_LENGTH;
use http_body::Frame;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio_util::sync::DropGuard;
use tower::ServiceExt;

use super::super::server;
use super::super::tests::whole;
use super::*;
use crate::leadership::Whom;

const CHANGE: &str = "/v1/clusters/orders/pause";
const READ: &str = "/v1/clusters/orders";
const WATCH: &str = "/lictor.v1.EventService/Watch";
const UNARY: &str = "/lictor.v1.ClusterService/GetCluster";

/// A leader, and what it was asked.
struct Leader {
    url: String,
    asked: Arc<AtomicU32>,
    _end: DropGuard,
}

impl Leader {
    async fn start() -> Self {
        let asked = Arc::new(AtomicU32::new(0));
        let counted = asked.clone();
        let echo = any(async move |request: Request| {
            counted.fetch_add(1, Ordering::SeqCst);
            let peer: Option<&TcpConnectInfo> = request.extensions().get();
            let peer = peer.and_then(TcpConnectInfo::remote_addr);
            let mut headers = request.headers().clone();
            headers.remove(CONTENT_LENGTH);
            let body = axum::body::to_bytes(request.into_body(), 1000).await;
            let said = format!("{peer:?} {:?}", body.unwrap_or_default());
            let mut response = Response::new(Body::from(said));
            *response.headers_mut() = headers;
            response
        });
        let routes = Router::new()
            .route(CHANGE, echo.clone())
            .route(READ, echo)
            .route(UNARY, post(async || Response::new(Body::new(Trailed(0)))))
            .route(WATCH, post(async || Body::from_stream(endless())));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = whole::app();
        let end = app.shutdown.clone();
        tokio::spawn(async move { server::serve(listener, None, routes, &app).await });
        Self {
            url,
            asked,
            _end: end.drop_guard(),
        }
    }
}

/// One that takes connections, hears a request and hangs up.
async fn one_that_hangs_up() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let hang_up = service_fn(async |_| Err::<Response, _>(io::Error::other("lost")));
            let builder = Builder::new(TokioExecutor::new());
            let _ = builder
                .serve_connection(TokioIo::new(stream), hang_up)
                .await;
        }
    });
    url
}

/// A body of two words and a trailer.
struct Trailed(usize);

impl HttpBody for Trailed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0 += 1;
        std::task::Poll::Ready(match self.0 {
            1 => Some(Ok(Frame::data(Bytes::from_static(b"one ")))),
            2 => Some(Ok(Frame::data(Bytes::from_static(b"two")))),
            3 => Some(Ok(Frame::trailers(
                [(
                    HeaderName::from_static("grpc-status"),
                    HeaderValue::from_static("5"),
                )]
                .into_iter()
                .collect(),
            ))),
            _ => None,
        })
    }
}

fn endless() -> impl stream::Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    stream::iter([Ok(Bytes::from_static(b"hello"))]).chain(stream::pending())
}

/// One that does not lead, and what it answers itself.
struct Follower {
    app: Shared,
    router: Router,
}

impl Follower {
    fn of(leader: Option<&str>) -> Self {
        let app = whole::app();
        let passing_on =
            axum::middleware::from_fn_with_state(Forwarder::new(&app).unwrap(), forward);
        let router = Router::new().fallback(async || "here").layer(passing_on);
        let follower = Self { app, router };
        if let Some(url) = leader {
            follower.sees(url, 1);
        }
        follower
    }

    fn sees(&self, url: &str, term: u64) {
        self.app.standing.sees(Whom::Other(LeaderSeen {
            holder: "lictor-1".to_owned(),
            advertise: url.to_owned(),
            term: Term(term),
        }));
    }

    async fn asked(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.extension(TcpConnectInfo {
            local_addr: None,
            remote_addr: Some("10.9.8.7:6".parse().unwrap()),
        });
        let request = request.body(Body::from("a body")).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000).await;
    String::from_utf8(bytes.unwrap().to_vec()).unwrap()
}

async fn code(response: Response) -> String {
    let problem: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");

#[tokio::test]
async fn the_leader_hears_the_request_as_its_caller_said_it_and_where_that_is() {
    let leader = Leader::start().await;
    let follower = Follower::of(Some(&leader.url));
    for (method, path) in [("POST", CHANGE), ("GET", READ)] {
        let headers = [
            ("authorization", "Bearer x"),
            ("idempotency-key", "k"),
            ("connection", "keep-alive"),
            ("host", "anywhere"),
        ];
        let response = follower.asked(method, path, &headers).await;
        assert_eq!(response.status(), StatusCode::OK);
        let heard = response.headers().clone();
        assert_eq!(heard["authorization"], "Bearer x");
        assert_eq!(heard["idempotency-key"], "k");
        assert_eq!(heard["lictor-forwarded"], follower.app.instance);
        assert!(!heard.contains_key("connection"));
        assert_eq!(text(response).await, "Some(10.9.8.7:6) b\"a body\"");
    }
    assert_eq!(leader.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_answer_comes_with_its_trailers() {
    let leader = Leader::start().await;
    let follower = Follower::of(Some(&leader.url));
    let response = follower.asked("POST", UNARY, &[GRPC]).await;
    let mut body = response.into_body();
    let (mut said, mut trailers) = (vec![], HeaderMap::new());
    while let Some(frame) =
        std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await
    {
        match frame.unwrap().into_data() {
            Ok(data) => said.extend(data),
            Err(frame) => trailers = frame.into_trailers().unwrap(),
        }
    }
    assert_eq!(said, b"one two");
    assert_eq!(trailers["grpc-status"], "5");
}

#[tokio::test]
async fn what_was_passed_on_is_never_passed_on_again() {
    let leader = Leader::start().await;
    let follower = Follower::of(Some(&leader.url));
    let forwarded = [("lictor-forwarded", "lictor-3")];
    for (method, path) in [("POST", CHANGE), ("GET", READ)] {
        let response = follower.asked(method, path, &forwarded).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(code(response).await, "NOT_LEADING");
    }
    assert_eq!(leader.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn where_no_leader_is_reached_nothing_is_changed_and_reads_say_who_answers() {
    for leader in [None, Some("http://127.255.0.9:1")] {
        let follower = Follower::of(leader);
        let response = follower.asked("POST", CHANGE, &[]).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(code(response).await, "NOT_LEADING");
        let response = follower.asked("POST", WATCH, &[GRPC]).await;
        assert_eq!(response.headers()["grpc-status"], "14");
        let response = follower.asked("GET", READ, &[]).await;
        assert!(response.headers().contains_key(WITHOUT_LEADER));
        assert_eq!(text(response).await, "here");
    }
}

#[tokio::test]
async fn a_change_whose_leader_was_lost_may_have_been_made() {
    let follower = Follower::of(Some(&one_that_hangs_up().await));
    let response = follower.asked("POST", CHANGE, &[]).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(code(response).await, "OUTCOME_UNKNOWN");
    let change = "/lictor.v1.ClusterService/PauseCluster";
    let response = follower.asked("POST", change, &[GRPC]).await;
    assert_eq!(response.headers()["grpc-status"], "2");
    let response = follower.asked("GET", READ, &[]).await;
    assert_eq!(text(response).await, "here");
}

#[tokio::test]
async fn what_needs_no_leader_is_answered_here() {
    let leader = Leader::start().await;
    let follower = Follower::of(Some(&leader.url));
    let response = follower.asked("GET", "/v1/control-plane", &[]).await;
    assert_eq!(text(response).await, "here");
}

#[tokio::test]
async fn a_stream_ends_when_another_leads() {
    let leader = Leader::start().await;
    let follower = Follower::of(Some(&leader.url));
    let response = follower.asked("POST", WATCH, &[GRPC]).await;
    let mut body = response.into_body().into_data_stream();
    assert_eq!(body.next().await.unwrap().unwrap(), "hello");
    follower.sees("http://127.255.0.9:1", 2);
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn only_a_member_says_where_another_is() {
    let app = whole::app();
    let keys = &app.access.keys;
    let own = TcpConnectInfo {
        local_addr: None,
        remote_addr: Some("10.0.0.1:1".parse().unwrap()),
    };
    let mut headers = HeaderMap::new();
    headers.insert(CALLER, HeaderValue::from_static("10.0.0.2:2"));
    headers.insert(FORWARDED, HeaderValue::from_static("lictor-2"));
    assert_eq!(peer(keys, &headers, &own).remote_addr, own.remote_addr);
    headers.insert(PROOF, HeaderValue::from_static("lictor-2"));
    assert_eq!(peer(keys, &headers, &own).remote_addr, own.remote_addr);
    headers.insert(PROOF, members::proof(&app));
    let caller = "10.0.0.2:2".parse().ok();
    assert_eq!(peer(keys, &headers, &own).remote_addr, caller);
}
