//! Subscribers of the routing push on one connection, as few bytes and as little
//! work as HTTP/2 (RFC 9113) and gRPC allow: headers without compression, and a
//! window so large that it never has to be opened again.

use anyhow::{Context, Result, bail, ensure};
use lictor_wire::v1;
use lictor_wire::v1::subscribe_request::Message as Say;
use lictor_wire::v1::subscribe_response::Message as Heard;
use lictor_wire::v1::{SubscribeRequest, SubscribeResponse};
use prost::Message;

use crate::peer::{Change, Peer};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// The largest window there is.
const WINDOW: u32 = (1 << 31) - 1;
/// What a connection's window is without being opened.
const WINDOW_AT_FIRST: u32 = 65_535;
const SETTINGS_INITIAL_WINDOW_SIZE: u16 = 4;
/// Bytes before each message of gRPC: no compression, and a length.
const PREFIX: usize = 5;

/// So many subscribers on one connection.
pub(crate) struct Subscribers {
    streams: u32,
    number: u32,
    headers: Vec<u8>,
    partial: Vec<u8>,
    /// The last message, its change, and the acknowledgement of it: most of what
    /// comes is the same on all streams.
    last: Option<(Vec<u8>, Change, Vec<u8>)>,
}

impl Subscribers {
    /// The connection of that number, under this token.
    pub(crate) fn new(number: u32, streams: u32, token: &str) -> Self {
        Self {
            streams,
            number,
            headers: headers(token),
            partial: vec![],
            last: None,
        }
    }

    fn take(
        &mut self,
        (kind, flags, stream): (u8, u8, u32),
        payload: &[u8],
        heard: &mut dyn FnMut(Change),
        say: &mut Vec<u8>,
    ) -> Result<()> {
        match kind {
            DATA if !payload.is_empty() => {
                let (change, ack) = self.read(payload)?;
                heard(change);
                frame(say, DATA, 0, stream, ack);
            }
            HEADERS | DATA if flags & END_STREAM != 0 => bail!("stream {stream} was ended"),
            RST_STREAM | GOAWAY => bail!("the server broke off: frame {kind}, {payload:?}"),
            SETTINGS if flags & ACK == 0 => frame(say, SETTINGS, ACK, 0, &[]),
            PING if flags & ACK == 0 => frame(say, PING, ACK, 0, payload),
            _ => {}
        }
        Ok(())
    }

    fn read(&mut self, payload: &[u8]) -> Result<(Change, &[u8])> {
        if self.last.as_ref().is_none_or(|(last, ..)| last != payload) {
            let (prefix, message) = payload.split_at_checked(PREFIX).context("no prefix")?;
            let length = u32::from_be_bytes(prefix[1..].try_into()?) as usize;
            ensure!(length == message.len(), "a message in pieces");
            let response = SubscribeResponse::decode(message)?;
            let revision = match response.message.context("an empty message")? {
                Heard::Snapshot(table) => table.revision,
                Heard::Delta(delta) => delta.to,
                Heard::Hints(_) | Heard::Head(_) => bail!("what was not asked for"),
            };
            let change = revision.context("no revision")?.n;
            let ack = message_of(Say::Ack(v1::Ack { revision }));
            self.last = Some((payload.to_vec(), change, ack));
        }
        let (_, change, ack) = self.last.as_ref().context("nothing was read")?;
        Ok((*change, ack))
    }
}

impl Peer for Subscribers {
    fn open(&mut self, say: &mut Vec<u8>) {
        say.extend_from_slice(PREFACE);
        let mut settings = SETTINGS_INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
        settings.extend(WINDOW.to_be_bytes());
        frame(say, SETTINGS, 0, 0, &settings);
        let opened = (WINDOW - WINDOW_AT_FIRST).to_be_bytes();
        frame(say, WINDOW_UPDATE, 0, 0, &opened);
        for at in 0..self.streams {
            let stream = 2 * at + 1;
            frame(say, HEADERS, END_HEADERS, stream, &self.headers);
            let hello = message_of(Say::Hello(v1::Hello {
                id: format!("bench-{}-{at}", self.number),
                kind: v1::SubscriberKind::Client.into(),
                version: "bench-push".to_owned(),
                ..v1::Hello::default()
            }));
            frame(say, DATA, 0, stream, &hello);
        }
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        heard: &mut dyn FnMut(Change),
        say: &mut Vec<u8>,
    ) -> Result<()> {
        let mut partial = std::mem::take(&mut self.partial);
        let mut rest = if partial.is_empty() {
            bytes
        } else {
            partial.extend_from_slice(bytes);
            &partial
        };
        while let Some((head, after)) = rest.split_first_chunk::<9>() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let Some((payload, after)) = after.split_at_checked(length) else {
                break;
            };
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            self.take((head[3], head[4], stream), payload, heard, say)?;
            rest = after;
        }
        self.partial = rest.to_vec();
        Ok(())
    }
}

fn frame(say: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    say.extend_from_slice(&length.to_be_bytes()[1..]);
    say.extend_from_slice(&[kind, flags]);
    say.extend_from_slice(&stream.to_be_bytes());
    say.extend_from_slice(payload);
}

fn message_of(message: Say) -> Vec<u8> {
    let request = SubscribeRequest {
        message: Some(message),
    };
    let encoded = request.encode_to_vec();
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
    let mut framed = vec![0];
    framed.extend(length.to_be_bytes());
    framed.extend(encoded);
    framed
}

/// The headers of the call, each a literal that is not indexed (RFC 7541, 6.2.2).
fn headers(token: &str) -> Vec<u8> {
    let shown = format!("Bearer {}", token.trim());
    let mut block = vec![];
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/lictor.v1.RoutingService/Subscribe"),
        (":authority", "lictor"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("authorization", &shown),
    ] {
        block.push(0);
        for text in [name, value] {
            // All of them are shorter than 127 bytes.
            block.push(u8::try_from(text.len()).unwrap_or_default());
            block.extend(text.bytes());
        }
    }
    block
}
