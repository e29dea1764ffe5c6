//! The body of an answer that comes from the leader, and ends with it.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use futures::future::BoxFuture;
use http_body::Frame;
use tonic::Status;

use super::super::problem;

/// An answer of the leader's, passed on as it comes, trailers and all.
pub(super) struct Tied {
    body: Body,
    /// When it says nothing more that is true; never, for an answer that is whole.
    over: Option<BoxFuture<'static, ()>>,
    /// How gRPC says that it broke off.
    of_grpc: bool,
    ended: bool,
}

impl Tied {
    pub(super) fn new(body: Body, over: Option<BoxFuture<'static, ()>>, of_grpc: bool) -> Self {
        Self {
            body,
            over,
            of_grpc,
            ended: false,
        }
    }

    /// The last frame, where one says what happened.
    fn end(&mut self, status: &Status) -> Option<Frame<Bytes>> {
        self.ended = true;
        self.of_grpc
            .then(|| Frame::trailers(problem::trailers(status)))
    }
}

impl HttpBody for Tied {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let tied = self.get_mut();
        if tied.ended {
            return Poll::Ready(None);
        }
        if let Some(over) = &mut tied.over
            && over.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(tied.end(&problem::leader_lost()).map(Ok));
        }
        match Pin::new(&mut tied.body).poll_frame(context) {
            Poll::Ready(Some(Err(error))) => {
                let status = if tied.over.is_some() {
                    problem::leader_lost()
                } else {
                    problem::outcome_unknown("the leader was lost while it answered")
                };
                Poll::Ready(Some(tied.end(&status).ok_or(error)))
            }
            other => other,
        }
    }
}
