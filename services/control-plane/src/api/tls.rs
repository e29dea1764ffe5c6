//! The door: TLS before anything else is said.
//!
//! A caller that does not speak TLS is told so in its own words, and one that says
//! nothing is gone after a few seconds. What a client's certificate says is told
//! to whoever answers, and gives nobody any right.

use std::sync::Arc;
use std::time::Duration;

use lictor_tls::CertificateFacts;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::certificates::Certificates;

/// A caller has come to terms within this.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// The first byte of every TLS connection: a handshake record (RFC 8446, 5.1).
const TLS_RECORD: u8 = 0x16;
/// How a connection of HTTP/2 without TLS begins (RFC 9113, 3.4).
const HTTP2_BEGINS: &[u8] = b"PRI";
/// What a caller that is turned away still says is read in parts of this size.
const READ: usize = 16 * 1024;

const USE_HTTPS: &str = "this port speaks TLS: use https://";

/// In the extensions of each request that came over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OverTls {
    /// Whom the client's certificate is for, if it showed one. It was verified.
    pub(crate) subject: Option<Arc<str>>,
}

/// Where connections come in.
#[derive(Clone, Debug)]
pub(super) struct Door {
    certificates: Certificates,
}

impl Door {
    pub(super) fn new(certificates: Certificates) -> Self {
        Self { certificates }
    }

    /// Comes to terms with a caller; nobody where that fails.
    pub(super) async fn enter(&self, stream: TcpStream) -> Option<(TlsStream<TcpStream>, OverTls)> {
        let entered = timeout(HANDSHAKE, self.greet(stream)).await;
        entered.unwrap_or_else(|_| {
            tracing::debug!("a caller did not come to terms over TLS in time");
            None
        })
    }

    async fn greet(&self, stream: TcpStream) -> Option<(TlsStream<TcpStream>, OverTls)> {
        let mut first = [0; HTTP2_BEGINS.len()];
        let seen = stream.peek(&mut first).await.ok()?;
        let first = first.get(..seen)?;
        if *first.first()? != TLS_RECORD {
            tell(stream, first == HTTP2_BEGINS).await;
            return None;
        }
        let acceptor = TlsAcceptor::from(self.certificates.serving());
        match acceptor.accept(stream).into_fallible().await {
            Ok(stream) => {
                let over = OverTls {
                    subject: subject(&stream),
                };
                Some((stream, over))
            }
            Err((error, stream)) => {
                tracing::debug!(%error, "a caller did not come to terms over TLS");
                part(stream).await;
                None
            }
        }
    }
}

fn subject(stream: &TlsStream<TcpStream>) -> Option<Arc<str>> {
    let shown = stream.get_ref().1.peer_certificates()?.first()?;
    let facts = CertificateFacts::of(shown).ok()?;
    Some(facts.subject.into())
}

/// Says in plaintext that TLS is spoken here. Whether that arrives is the
/// caller's luck.
async fn tell(mut stream: TcpStream, http2: bool) {
    let said = if http2 { goaway() } else { bad_request() };
    let _ = stream.write_all(&said).await;
    part(stream).await;
}

/// Ends a connection so that what was said last is heard: with something unread
/// it would be broken off.
async fn part(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut unread = vec![0; READ];
    while matches!(stream.read(&mut unread).await, Ok(1..)) {}
}

fn bad_request() -> Vec<u8> {
    let length = USE_HTTPS.len() + 1;
    format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{USE_HTTPS}\n"
    )
    .into_bytes()
}

/// An empty SETTINGS frame, and a GOAWAY frame with the reason (RFC 9113, 6.5 and
/// 6.8).
fn goaway() -> Vec<u8> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GOAWAY: u8 = 7;
    const NO_STREAM: [u8; 4] = [0; 4];
    const INADEQUATE_SECURITY: [u8; 4] = [0, 0, 0, 0xc];
    let length = NO_STREAM.len() + INADEQUATE_SECURITY.len() + USE_HTTPS.len();
    let length = u8::try_from(length).unwrap_or_default();
    let header = [0, 0, length, GOAWAY, 0, 0, 0, 0, 0];
    [
        &SETTINGS[..],
        &header,
        &NO_STREAM,
        &INADEQUATE_SECURITY,
        USE_HTTPS.as_bytes(),
    ]
    .concat()
}
