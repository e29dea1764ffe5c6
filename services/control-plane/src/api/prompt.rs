//! A peer that connects is to speak: until it has said what it speaks, nobody else
//! watches over it.
//!
//! HTTP/1 has its own deadline for headers and HTTP/2 its pings, but both begin
//! after the first bytes told one from the other. Until then this has one.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// The first bytes, as many as HTTP/2 begins with, are there within this.
const WITHIN: Duration = Duration::from_secs(10);
/// Bytes of HTTP/2's connection preface (RFC 9113, 3.4).
const PREFACE: usize = 24;

/// A stream that ends with [`io::ErrorKind::TimedOut`] when its peer stays silent.
pub(super) struct Prompt<S> {
    stream: S,
    /// Gone once the peer has spoken.
    waiting: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<S> Prompt<S> {
    /// Begins to wait.
    pub(super) fn new(stream: S) -> Self {
        Self::within(stream, WITHIN)
    }

    fn within(stream: S, within: Duration) -> Self {
        Self {
            stream,
            waiting: Some((PREFACE, Box::pin(sleep(within)))),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prompt<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = pin!(&mut this.stream).poll_read(context, buffer);
        let Some((missing, until)) = &mut this.waiting else {
            return read;
        };
        *missing = missing.saturating_sub(buffer.filled().len() - before);
        if *missing == 0 {
            this.waiting = None;
        } else if read.is_pending() && until.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prompt<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Whoever is answered has asked, however briefly.
        this.waiting = None;
        pin!(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const BRIEF: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_peer_that_says_nothing_or_hardly_anything_is_not_waited_for() {
        for said in ["", "P", "PRI * HTTP/2.0"] {
            let (mut peer, stream) = duplex(64);
            peer.write_all(said.as_bytes()).await.unwrap();
            let mut heard = vec![];
            let error = Prompt::within(stream, BRIEF)
                .read_to_end(&mut heard)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert_eq!(heard, said.as_bytes());
        }
    }

    #[tokio::test]
    async fn one_that_has_spoken_may_be_silent() {
        let (mut peer, stream) = duplex(64);
        peer.write_all(&[b'x'; PREFACE]).await.unwrap();
        let mut stream = Prompt::within(stream, BRIEF);
        let later = async {
            tokio::time::sleep(BRIEF * 3).await;
            peer.write_all(b"y").await.unwrap();
            drop(peer);
        };
        let mut heard = vec![];
        let (read, ()) = tokio::join!(stream.read_to_end(&mut heard), later);
        assert_eq!(read.unwrap(), PREFACE + 1);
    }

    #[tokio::test]
    async fn one_that_is_answered_may_be_silent() {
        let (mut peer, stream) = duplex(64);
        let mut stream = Prompt::within(stream, BRIEF);
        stream.write_all(b"answer").await.unwrap();
        let later = async {
            tokio::time::sleep(BRIEF * 3).await;
            drop(peer.write_all(b"y").await);
            drop(peer);
        };
        let mut heard = vec![];
        let (read, ()) = tokio::join!(stream.read_to_end(&mut heard), later);
        assert_eq!(read.unwrap(), 1);
    }
}
