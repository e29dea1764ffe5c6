//! Messages in a stream of bytes: gRPC's framing, a flag for compression, four
//! bytes of length, and a protobuf message (gRPC's PROTOCOL-HTTP2, "Length-
//! Prefixed-Message"). Compressed messages are refused: none was agreed on.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use bytes::{Buf, BufMut, BytesMut};
use lictor_wire::v1::SubscribeRequest;
use prost::Message;
use tonic::Status;

use super::super::super::problem;

/// Bytes before each message.
const PREFIX: usize = 5;
/// Bytes of a message at most: a hello with the largest filter has less.
const MESSAGE_MAX: usize = 256 * 1024;

/// What a subscriber says.
pub(super) struct Frames {
    body: Body,
    /// What came of a message that is not complete; empty mostly.
    partial: BytesMut,
}

impl Frames {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            partial: BytesMut::new(),
        }
    }

    /// The next message; `None` when the subscriber has said its last.
    pub(super) async fn next(&mut self) -> Result<Option<SubscribeRequest>, Status> {
        poll_fn(|context| self.poll_next(context)).await.transpose()
    }

    /// The same, to be polled.
    pub(super) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<SubscribeRequest, Status>>> {
        loop {
            if let Some(message) = self.complete().transpose() {
                return Poll::Ready(Some(message.and_then(read)));
            }
            let frame = ready!(std::pin::Pin::new(&mut self.body).poll_frame(context));
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.partial.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(Status::cancelled(error.to_string()))));
                }
                None if self.partial.is_empty() => return Poll::Ready(None),
                None => {
                    let sentence = "the stream ended within a message";
                    return Poll::Ready(Some(Err(problem::out_of_protocol(sentence))));
                }
            }
        }
    }

    /// The first message, if all of it has come.
    fn complete(&mut self) -> Result<Option<BytesMut>, Status> {
        let Some((prefix, rest)) = self.partial.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let [compressed, length @ ..] = *prefix;
        if compressed != 0 {
            let sentence = "the message is compressed, and no compression is agreed on";
            return Err(Status::unimplemented(sentence));
        }
        let length = u32::from_be_bytes(length) as usize;
        if length > MESSAGE_MAX {
            return Err(problem::too_large(length, MESSAGE_MAX));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.partial.advance(PREFIX);
        let message = self.partial.split_to(length);
        if self.partial.is_empty() {
            // What lasts between messages keeps no memory.
            self.partial = BytesMut::new();
        }
        Ok(Some(message))
    }
}

fn read(message: BytesMut) -> Result<SubscribeRequest, Status> {
    SubscribeRequest::decode(message)
        .map_err(|error| problem::out_of_protocol(format!("a message cannot be read: {error}")))
}

/// A message with its prefix.
pub(super) fn framed(message: &impl Message) -> Bytes {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
    let mut framed = BytesMut::with_capacity(PREFIX + encoded.len());
    framed.put_u8(0);
    framed.put_u32(length);
    framed.put_slice(&encoded);
    framed.freeze()
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use lictor_wire::v1::subscribe_request::Message as Said;
    use lictor_wire::v1::{Ack, Revision};
    use proptest::prelude::*;
    use tonic::Code;

    use super::*;

    fn ack(n: u64) -> SubscribeRequest {
        let revision = Some(Revision { term: 1, n });
        SubscribeRequest {
            message: Some(Said::Ack(Ack { revision })),
        }
    }

    fn frames(chunks: Vec<Vec<u8>>) -> Frames {
        let chunks = chunks.into_iter().map(Ok::<_, std::convert::Infallible>);
        Frames::new(Body::from_stream(stream::iter(chunks)))
    }

    async fn refused(bytes: Vec<u8>) -> Code {
        frames(vec![bytes]).next().await.unwrap_err().code()
    }

    proptest! {
        #[test]
        fn messages_are_read_wherever_they_are_cut(
            numbers in proptest::collection::vec(any::<u64>(), 0..6),
            sizes in proptest::collection::vec(1..40_usize, 1..20),
        ) {
            let bytes: Vec<u8> = numbers.iter().flat_map(|n| framed(&ack(*n))).collect();
            let mut rest = bytes.as_slice();
            let mut sizes = sizes.into_iter().cycle();
            let mut chunks = vec![];
            while let Some(size) = sizes.next().filter(|_| !rest.is_empty()) {
                let (chunk, after) = rest.split_at(size.min(rest.len()));
                chunks.push(chunk.to_vec());
                rest = after;
            }
            let mut frames = frames(chunks);
            futures::executor::block_on(async {
                for n in numbers {
                    assert_eq!(frames.next().await.unwrap(), Some(ack(n)));
                }
                assert_eq!(frames.next().await.unwrap(), None);
            });
        }
    }

    #[tokio::test]
    async fn what_is_no_message_is_refused_and_what_it_claims_is_not_waited_for() {
        assert_eq!(refused(vec![0, 0, 8, 0, 0]).await, Code::OutOfRange);
        assert_eq!(refused(vec![1, 0, 0, 0, 0]).await, Code::Unimplemented);
        assert_eq!(refused(vec![0, 0, 0, 0, 9, 1]).await, Code::InvalidArgument);
        assert_eq!(
            refused(vec![0, 0, 0, 0, 1, 255]).await,
            Code::InvalidArgument
        );
    }
}
