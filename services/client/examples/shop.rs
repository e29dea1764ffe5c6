//! An application's day: write, read what was written, find a shard, ask all of
//! them.
//!
//! `cargo run -p lictor-client --example shop -- http://127.0.10.4:7400` in the
//! demo, with a keyspace `shop`, the tables of `prepare`, and the token that
//! `LICTOR_TOKEN_FILE` or `LICTOR_TOKEN` has.

use std::time::Duration;

use lictor_client::mysql_async::prelude::Queryable;
use lictor_client::{AnyLag, ClientConfig, Credentials, Idempotent, Lictor, Retry, TokenSource};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

async fn connect(endpoint: String) -> Outcome<Lictor> {
    let credentials = Credentials {
        user: std::env::var("SHOP_USER").unwrap_or_else(|_| "app".to_owned()),
        password: std::env::var("SHOP_PASSWORD")?.into(),
        database: Some("app".to_owned()),
    };
    let mut config = ClientConfig::new("shop-1", vec![endpoint], credentials);
    config.pool.maximum_pool_size = 20;
    config.subscribe.token = TokenSource::of_environment();
    config.subscribe.cache_file = Some("shop-1.routes".into());
    Ok(Lictor::connect(config).await?)
}

async fn prepare(lictor: &Lictor) -> Outcome<()> {
    let create = "CREATE TABLE IF NOT EXISTS visits (customer BIGINT UNSIGNED, at DATETIME)";
    for name in lictor.routes().table().clusters.keys() {
        let table = lictor.with_writer(name.as_str(), Idempotent::Yes, |c| c.query_drop(create));
        table.await?;
    }
    Ok(())
}

async fn visit(lictor: &Lictor, customer: u64) -> Outcome<()> {
    // A session reads what it wrote, also from a replica.
    let session = lictor.session();
    let shard = session.shard("shop", customer)?;
    let insert = "INSERT INTO visits VALUES (?, NOW())";
    let retry = Retry::new().within(Duration::from_secs(5));
    shard
        .with_writer(retry, |conn| conn.exec_drop(insert, (customer,)))
        .await?;
    let mut reader = shard.reader(AnyLag).await?;
    let count = "SELECT COUNT(*) FROM visits WHERE customer = ?";
    let visits: Option<u64> = reader.exec_first(count, (customer,)).await?;
    println!(
        "customer {customer} on {}: {} visits, read from {}",
        shard.name(),
        visits.unwrap_or_default(),
        reader.node()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let endpoint = std::env::args().nth(1);
    let lictor = connect(endpoint.unwrap_or_else(|| "http://127.0.0.1:7400".to_owned())).await?;
    println!("routes from {:?}", lictor.routes().source());
    prepare(&lictor).await?;
    for customer in 1..=4 {
        visit(&lictor, customer).await?;
    }
    let sum = lictor.scatter("shop", "SELECT COUNT(*) FROM visits", ());
    let gathered = sum.on_the_writers().collect::<u64>().await?;
    for (from, visits) in &gathered.rows {
        println!("{from}: {visits} visits");
    }
    Ok(())
}
