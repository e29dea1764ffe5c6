//! One connection, HTTP/1 or HTTP/2, in one task with all its streams.
//!
//! Streams that have something to say at the same moment are polled before the
//! connection is, so what they say goes out in one write; a task for each would
//! cost a write for each. The price: a handler that blocked would hold up the
//! other streams of its connection, and nobody else's.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use axum::body::Body;
use futures::StreamExt;
use futures::future::{BoxFuture, poll_fn};
use futures::stream::FuturesUnordered;
use futures::task::AtomicWaker;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::prompt::Prompt;

/// A peer that was silent for this long is asked whether it lives.
const PING_AFTER: Duration = Duration::from_secs(10);
/// It is dead when it does not say so within this.
const PING_PATIENCE: Duration = Duration::from_secs(5);
/// A request over HTTP/1 has come with its headers within this.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Streams that one connection may have open: as many as a proxy with many
/// subscribers behind it needs.
const STREAMS: u32 = 1024;
/// How often streams and connection are polled in turn before others are.
const ROUNDS: usize = 4;
/// Bytes of a request's headers.
const HEADERS: u32 = 16 * 1024;
/// Bytes that a peer may send on one stream before they are read.
const STREAM_WINDOW: u32 = 64 * 1024;
/// Bytes that a peer may send on one connection before they are read.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Serves a connection until it ends, over TLS or not. After shutdown it takes no
/// new request.
pub(super) async fn serve<S, A>(stream: S, answer: A, shutdown: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>) -> BoxFuture<'static, Result<Response<Body>, Infallible>>,
{
    let service = service_fn(answer);
    let streams = Streams::default();
    let builder = builder(streams.clone());
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(Together(Prompt::new(stream))), service));
    let mut open = FuturesUnordered::new();
    let mut ends = pin!(shutdown.cancelled());
    let (ends_bell, streams_bell, connection_bell) = (Bell::new(), Bell::new(), Bell::new());
    let ended = poll_fn(|context| {
        for bell in [&ends_bell, &streams_bell, &connection_bell] {
            bell.attend(context.waker());
        }
        if ends_bell.rang() && ends_bell.poll(ends.as_mut()).is_ready() {
            connection.as_mut().graceful_shutdown();
        }
        for _ in 0..ROUNDS {
            let begun = streams.take();
            if streams_bell.rang() || !begun.is_empty() {
                open.extend(begun);
                while let Poll::Ready(Some(())) = streams_bell.poll(Pin::new(&mut open.next())) {}
            }
            // The streams have rung it too by what they said.
            if connection_bell.rang()
                && let Poll::Ready(ended) = connection_bell.poll(connection.as_mut())
            {
                return Poll::Ready(ended);
            }
            if streams.is_empty() && streams_bell.leave() && connection_bell.leave() {
                ends_bell.leave();
                return Poll::Pending;
            }
        }
        // Others have their turn before it goes on.
        context.waker().wake_by_ref();
        Poll::Pending
    });
    if let Err(error) = ended.await {
        tracing::debug!(error, "a connection broke off");
    }
}

fn builder(streams: Streams) -> Builder<Streams> {
    let mut builder = Builder::new(streams);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_PATIENCE)
        .max_header_list_size(HEADERS)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN);
    builder
}

/// The waker of one part of a connection's task. While the task is at work a
/// wake-up is only noted, and seen to before it rests: what one part does to
/// another is no reason to be scheduled again. Both flags are written before the
/// other is read, so that of a wake-up and a rest at the same moment one sees the
/// other.
struct Bell {
    rang: AtomicBool,
    at_work: AtomicBool,
    task: AtomicWaker,
}

impl Bell {
    /// It has rung, for nothing was polled yet.
    fn new() -> Arc<Self> {
        Arc::new(Self {
            rang: AtomicBool::new(true),
            at_work: AtomicBool::new(false),
            task: AtomicWaker::new(),
        })
    }

    /// The task is at work.
    fn attend(&self, task: &Waker) {
        self.task.register(task);
        self.at_work.store(true, Ordering::SeqCst);
    }

    /// Whether it has rung since it was asked last.
    fn rang(&self) -> bool {
        self.rang.swap(false, Ordering::SeqCst)
    }

    /// The task rests, unless it has rung.
    fn leave(&self) -> bool {
        self.at_work.store(false, Ordering::SeqCst);
        !self.rang.load(Ordering::SeqCst)
    }

    /// Polls the part that rings it.
    fn poll<F: Future>(self: &Arc<Self>, part: Pin<&mut F>) -> Poll<F::Output> {
        part.poll(&mut Context::from_waker(&Waker::from(self.clone())))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Ordering::SeqCst);
        if !self.at_work.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

/// Streams that hyper has begun, until the connection's task takes them.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl Streams {
    fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_empty(&self) -> bool {
        let streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        streams.is_empty()
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        streams.push(Box::pin(stream));
    }
}

/// A connection that says it cannot gather bytes from several places: then h2
/// copies small frames together, and writes them with one call.
struct Together<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Together<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Together<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
