//! Prints each change of the routing table, and where it comes from.
//!
//! `cargo run -p lictor-client --example routes -- http://127.0.10.4:7400`, with the
//! token that `LICTOR_TOKEN_FILE` or `LICTOR_TOKEN` has

use std::time::Duration;

use lictor_client::{Routes, SubscribeConfig, TokenSource};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = std::env::args().nth(1);
    let endpoint = endpoint.unwrap_or_else(|| "http://127.0.0.1:7400".to_owned());
    let mut config = SubscribeConfig::new("routes-example", vec![endpoint]);
    config.token = TokenSource::of_environment();
    let routes = Routes::subscribe(config, Duration::from_secs(10)).await?;
    let mut changes = routes.changes();
    loop {
        changes.mark_unchanged();
        let table = routes.table();
        println!("revision {}, from {:?}", table.revision, routes.source());
        for route in table.clusters.values() {
            let writer = route.writer().map(|writer| writer.node.as_str());
            println!(
                "  {}: {}",
                route.name,
                writer.unwrap_or("nobody takes writes")
            );
        }
        changes.changed().await?;
    }
}
