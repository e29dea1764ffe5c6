//! The body of an answer that ends with something else: with the leader it comes from,
//! or the token it was asked for with.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use futures::future::BoxFuture;
use http_body::Frame;
use tonic::Status;

use super::super::problem;

/// An answer, passed on as it comes, trailers and all.
pub(in crate::api) struct Tied {
    body: Body,
    /// When it is over, and why; never, for an answer that is whole.
    over: Option<BoxFuture<'static, Status>>,
    /// How gRPC says that it broke off.
    of_grpc: bool,
    ended: bool,
}

impl Tied {
    pub(in crate::api) fn new(
        body: Body,
        over: Option<BoxFuture<'static, Status>>,
        of_grpc: bool,
    ) -> Self {
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
            && let Poll::Ready(why) = over.as_mut().poll(context)
        {
            return Poll::Ready(tied.end(&why).map(Ok));
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
