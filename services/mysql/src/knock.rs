//! A bare handshake attempt: is anything alive behind a port?
//!
//! A knock that ends before the login counts as a handshake error of this host
//! on the server (`performance_schema.host_cache`); `max_connect_errors` of them
//! without a login in between, 100 by default, block the host. It is for
//! moments of suspicion, never for routine.

use std::io::ErrorKind;
use std::time::Duration;

use lictor_domain::NodeAddress;
use lictor_domain::report::Knock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// Protocol version of a greeting, and the mark of an error packet, which a
/// live server sends instead when it has no room or has blocked this host.
/// Source: MySQL client/server protocol, connection phase.
const GREETING: u8 = 10;
const ERROR: u8 = 0xff;

/// Length of a packet (three bytes, little-endian) and its number.
const HEADER: usize = 4;

/// Knocks once. Only a received greeting is life: a dying server's port still
/// accepts connections for a moment, and a hung one's kernel always does.
pub async fn knock(address: &NodeAddress, deadline: Duration) -> Knock {
    let end = Instant::now() + deadline;
    let connecting = TcpStream::connect((address.host(), address.port()));
    let mut stream = match timeout_at(end, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => return Knock::Refused,
        Ok(Err(_)) | Err(_) => return Knock::Unreachable,
    };
    match timeout_at(end, greeting(&mut stream)).await {
        Ok(Some(())) => {
            // An orderly end; the answer is known whether or not it arrives.
            let _ = stream.shutdown().await;
            Knock::Greeted
        }
        Ok(None) => Knock::Dropped,
        Err(_) => Knock::Silent,
    }
}

/// Reads one whole packet, so that the close is no reset; `None` when it does
/// not come or is no greeting.
async fn greeting(stream: &mut TcpStream) -> Option<()> {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header).await.ok()?;
    let [a, b, 0, 0] = header else { return None };
    let mut packet = vec![0; usize::from(u16::from_le_bytes([a, b]))];
    stream.read_exact(&mut packet).await.ok()?;
    matches!(packet.first(), Some(&(GREETING | ERROR))).then_some(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const SOON: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(30);

    /// A listener whose first caller gets `words`, then, if `closes`, the end.
    async fn listener(words: &'static [u8], closes: bool) -> NodeAddress {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(words).await.unwrap();
            if !closes {
                std::future::pending::<()>().await;
            }
        });
        NodeAddress::new("127.0.0.1", port).unwrap()
    }

    #[tokio::test]
    async fn a_greeting_is_life() {
        let address = listener(b"\x06\0\0\0\x0a9.7.4", false).await;
        assert_eq!(knock(&address, LONG).await, Knock::Greeted);
    }

    #[tokio::test]
    async fn an_error_instead_of_a_greeting_is_life_too() {
        let address = listener(b"\x07\0\0\0\xff\x10\x04Too ", true).await;
        assert_eq!(knock(&address, LONG).await, Knock::Greeted);
    }

    #[tokio::test]
    async fn silence_is_no_life() {
        let address = listener(b"", false).await;
        assert_eq!(knock(&address, SOON).await, Knock::Silent);
    }

    #[tokio::test]
    async fn half_a_greeting_is_no_life() {
        let address = listener(b"\x06\0\0\0\x0a9", false).await;
        assert_eq!(knock(&address, SOON).await, Knock::Silent);
    }

    #[tokio::test]
    async fn a_connection_closed_before_the_greeting_was_dropped() {
        let address = listener(b"", true).await;
        assert_eq!(knock(&address, LONG).await, Knock::Dropped);
    }

    #[tokio::test]
    async fn another_protocol_is_no_greeting() {
        let address = listener(b"SSH-2.0-OpenSSH_9.6\r\n", false).await;
        assert_eq!(knock(&address, LONG).await, Knock::Dropped);
    }

    #[tokio::test]
    async fn nobody_there_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let address = NodeAddress::new("127.0.0.1", port).unwrap();
        assert_eq!(knock(&address, LONG).await, Knock::Refused);
    }
}
