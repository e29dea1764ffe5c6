//! A network that is cut in the middle of a conversation: both ends stay
//! connected, and nothing comes through any more.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where to reach `server` until a client says `last`, which does not arrive.
pub(crate) async fn until(server: SocketAddr, last: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(server).await.unwrap();
            tokio::spawn(converse(client, server, last));
        }
    });
    address
}

/// Ends when either side does.
async fn converse(mut client: TcpStream, mut server: TcpStream, last: &[u8]) {
    let (mut said, mut answered) = ([0; 4096], [0; 4096]);
    loop {
        let (length, from_client) = tokio::select! {
            length = client.read(&mut said) => (length.unwrap(), true),
            length = server.read(&mut answered) => (length.unwrap(), false),
        };
        match (length, from_client) {
            (0, _) => return,
            (_, true) if said[..length].windows(last.len()).any(|part| part == last) => {
                std::future::pending::<()>().await;
            }
            (_, true) => server.write_all(&said[..length]).await.unwrap(),
            (_, false) => client.write_all(&answered[..length]).await.unwrap(),
        }
    }
}
