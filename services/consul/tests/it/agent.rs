//! Our own service at the agent.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_consul::SelfService;
use lictor_lab::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fixture::Fixture;

/// Answers every HTTP request with 200 until the test ends.
async fn ready_endpoint() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let _ = peer.read(&mut [0; 1024]).await;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = peer.write_all(answer).await;
        }
    });
    port
}

#[tokio::test]
async fn our_own_service_is_found_by_tag_once_ready_and_gone_once_taken_out() {
    let fixture = Fixture::start().await;
    let port = ready_endpoint().await;
    let mut service = SelfService {
        name: "lictor".to_owned(),
        id: "lictor-1".to_owned(),
        address: "127.9.9.7".to_owned(),
        port: 7400,
        tags: vec!["follower".to_owned()],
        meta: BTreeMap::new(),
        ready: format!("http://127.0.0.1:{port}/readyz").parse().unwrap(),
    };
    fixture.consul.register_self(&service).await.unwrap();
    until(&fixture, "follower.lictor.service.consul.", &[7]).await;

    service.tags = vec!["leader".to_owned()];
    fixture.consul.register_self(&service).await.unwrap();
    until(&fixture, "leader.lictor.service.consul.", &[7]).await;
    until(&fixture, "follower.lictor.service.consul.", &[]).await;

    for _ in 0..2 {
        fixture.consul.deregister_self("lictor-1").await.unwrap();
    }
    until(&fixture, "lictor.service.consul.", &[]).await;
}

/// Waits until DNS gives just these, for the agent syncs in its own time.
async fn until(fixture: &Fixture, name: &str, wanted: &[u8]) {
    let look = || async {
        let found = fixture.found(name).await;
        if found == wanted {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    };
    eventually(name, Duration::from_secs(30), look)
        .await
        .unwrap();
}
