//! Lictor's client library: connections to the right MySQL node, before, during
//! and after a failover.
//!
//! The library subscribes to the control plane and keeps its routing table; when
//! the control plane is away, the last good table stays in force. To every node
//! of the table it keeps a connection ready, so that after a failover the next
//! write needs no login. Make one [`Lictor`] for each process and share it.
//!
//! ```no_run
//! use lictor_client::{AnyLag, ClientConfig, Credentials, Idempotent, Lictor};
//! use mysql_async::prelude::Queryable;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let lictor = Lictor::connect(ClientConfig::new(
//!     "shop-1",
//!     vec!["http://127.0.0.1:7400".to_owned()],
//!     Credentials {
//!         user: "shop".to_owned(),
//!         password: std::env::var("SHOP_PASSWORD")?.into(),
//!         database: Some("shop".to_owned()),
//!     },
//! ))
//! .await?;
//!
//! // A connection to whoever takes writes now; waits out a failover.
//! let mut writer = lictor.writer("orders").await?;
//! writer.query_drop("INSERT INTO visits (at) VALUES (NOW())").await?;
//!
//! // Work that is done again on the new writer when a failover cuts it off.
//! lictor
//!     .with_writer("orders", Idempotent::Yes, |conn| {
//!         conn.exec_drop("REPLACE INTO carts (id, items) VALUES (?, ?)", (7, 3))
//!     })
//!     .await?;
//!
//! // A replica, by weight.
//! let mut reader = lictor.reader("orders", AnyLag).await?;
//! let carts: Option<u64> = reader.query_first("SELECT COUNT(*) FROM carts").await?;
//! # Ok(())
//! # }
//! ```
//!
//! | you want | ask for |
//! |---|---|
//! | a connection to the node that takes a cluster's writes | [`Lictor::writer`] |
//! | work done there, through a failover | [`Lictor::with_writer`], [`Retry`] |
//! | a connection to a replica | [`Lictor::reader`], [`Read`] |
//! | to read what was just written | [`Session`], [`Causality`] |
//! | the shard of a key | [`Lictor::shard`], [`ShardHandle`] |
//! | an answer from all shards | [`Lictor::scatter`], [`Scatter`] |
//! | a server chosen by ProxySQL-like query rules | [`Lictor::route`] |
//! | to decide without connecting, in a hot loop | [`Router`], [`Resolver`] |
//! | only the routing table | [`Routes`] |
//!
//! # TLS
//!
//! Endpoints of `https` are verified with their names, by the authorities of
//! [`SubscribeConfig::tls`] or the system's; the MySQL nodes by those of
//! [`ClientConfig::mysql_tls`], and without it they are talked to in plaintext. The
//! files are read anew for each connection to the control plane.
//!
//! ```
//! # use lictor_client::{ClientConfig, ClientTls};
//! # fn secured(mut config: ClientConfig) -> ClientConfig {
//! config.subscribe.tls.ca_file = Some("/etc/shop/lictor-ca.pem".into());
//! config.mysql_tls = Some(ClientTls {
//!     ca_file: Some("/etc/shop/mysql-ca.pem".into()),
//!     identity: None,
//! });
//! # config
//! # }
//! ```
//!
//! # Tokens
//!
//! Who subscribes shows a token ([`SubscribeConfig::token`]); one of the role
//! subscriber is enough. Its file is read anew for each connection, so that it can be
//! replaced under a running process. When it is refused, the last good table stays,
//! and [`Routes::source`] says why.
//!
//! ```
//! # use lictor_client::{ClientConfig, TokenSource};
//! # fn allowed(mut config: ClientConfig) -> ClientConfig {
//! config.subscribe.token = Some(TokenSource::File("/etc/shop/lictor.token".into()));
//! # config
//! # }
//! ```
//!
//! # Writing
//!
//! A switchover costs no statement: the control plane asks to hold writes, and
//! this library says yes when no writer's connection is in use any more. So take
//! a connection for one statement or transaction, and let it go.
//!
//! Nothing that may have been executed is repeated, unless [`Idempotent::Yes`] or
//! [`Retry::idempotent`] says that this does no harm. Otherwise the answer is
//! [`ClientError::MaybeExecuted`], and the application looks before it tries
//! again. What certainly was not done (the node had become read-only, a deadlock
//! was rolled back) is done again by itself.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use lictor_client::{ClientError, Lictor, Retry};
//! # use mysql_async::prelude::Queryable;
//! # async fn example(lictor: &Lictor) -> Result<(), ClientError> {
//! let retry = Retry::new().within(Duration::from_secs(5));
//! let paid = lictor.with_writer("orders", retry, |conn| {
//!     Box::pin(async move {
//!         conn.query_drop("BEGIN").await?;
//!         conn.query_drop("UPDATE accounts SET balance = balance - 5 WHERE id = 1").await?;
//!         conn.query_drop("UPDATE accounts SET balance = balance + 5 WHERE id = 2").await?;
//!         conn.query_drop("COMMIT").await
//!     })
//! });
//! match paid.await {
//!     Ok(()) => println!("paid"),
//!     Err(ClientError::MaybeExecuted { source, .. }) => println!("look whether: {source}"),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Reading
//!
//! [`AnyLag`] takes any reader that the control plane names; [`MaxLag`] only one
//! that is known to be within, else the writer, or with
//! [`never_the_writer`](Read::never_the_writer) nobody.
//!
//! Replicas are behind. A [`Session`] remembers what it wrote, and reads only
//! where that is visible: it waits for a replica to apply it
//! (`WAIT_FOR_EXECUTED_GTID_SET`), tries the next, and asks the writer in the
//! end. [`Causality`] carries the same from one process to another.
//!
//! ```no_run
//! # use lictor_client::{AnyLag, Idempotent, Lictor};
//! # use mysql_async::prelude::Queryable;
//! # async fn example(lictor: &Lictor, cookie: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let session = lictor.session_after(cookie.parse()?);
//! session
//!     .with_writer("orders", Idempotent::No, |conn| {
//!         conn.query_drop("INSERT INTO carts (id) VALUES (7)")
//!     })
//!     .await?;
//! let mut reader = session.reader("orders", AnyLag).await?;
//! let cart: Option<u64> = reader.query_first("SELECT id FROM carts WHERE id = 7").await?;
//! let next_cookie = session.causality().to_string();
//! # Ok(())
//! # }
//! ```
//!
//! # Shards
//!
//! ```no_run
//! # use lictor_client::{Idempotent, Lictor, ScatterPolicy};
//! # use mysql_async::prelude::Queryable;
//! # async fn example(lictor: &Lictor) -> Result<(), Box<dyn std::error::Error>> {
//! // Where customer 4711 lives; waits while that shard is being moved.
//! let shard = lictor.shard("shop", 4711_u64)?;
//! shard
//!     .with_writer(Idempotent::Yes, |conn| conn.query_drop("REPLACE INTO seen VALUES (4711)"))
//!     .await?;
//!
//! // Everywhere at once; who does not answer is named.
//! let all = lictor
//!     .scatter("shop", "SELECT customer FROM seen WHERE customer > ?", (100,))
//!     .policy(ScatterPolicy::Partial)
//!     .collect::<u64>()
//!     .await?;
//! for failure in &all.report.failed {
//!     println!("{} did not answer: {}", failure.origin, failure.error);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Pools
//!
//! Each node has a pool; [`PoolConfig`] has the limits in `HikariCP`'s words.
//!
//! ```
//! # use std::time::Duration;
//! # use lictor_client::{ClientConfig, Credentials};
//! # let credentials = Credentials { user: String::new(), password: "".into(), database: None };
//! let mut config = ClientConfig::new("shop-1", vec!["http://10.0.0.5:7400".into()], credentials);
//! config.pool.maximum_pool_size = 20;
//! config.pool.minimum_idle = 5;
//! config.pool.connection_timeout = Duration::from_secs(3);
//! ```
//!
//! # When the control plane is away
//!
//! The last good table stays in force. With a cache file it is there for the next
//! start too; [`Routes::source`] says which of them it is.
//!
//! ```no_run
//! # use lictor_client::{ClientConfig, Lictor, TableSource};
//! # async fn example(mut config: ClientConfig) -> Result<(), Box<dyn std::error::Error>> {
//! config.subscribe.cache_file = Some("/var/cache/shop/routes".into());
//! let lictor = Lictor::connect(config).await?;
//! if let TableSource::CacheFile { written, reason } = lictor.routes().source() {
//!     eprintln!("no control plane ({reason}); routes as of {written:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Metrics and spans
//!
//! [`telemetry`] lists the metrics; install a recorder of the crate `metrics`
//! before connecting. Spans and events go through `tracing`: `lictor.writer`,
//! `lictor.reader`, `lictor.route` and `lictor.scatter` at level debug.

mod cache;
mod causality;
mod config;
mod connection;
mod error;
mod fleet;
mod hostgroup;
mod lictor;
mod place;
mod pool;
mod query;
mod read;
mod retry;
mod routes;
mod scatter;
mod session;
mod shard;
mod source;
mod subscription;
mod table;
pub mod telemetry;
mod turns;
mod uses;
mod write;

pub use causality::{Causality, CausalityParseError};
pub use config::{ClientConfig, Credentials, SubscribeConfig, SubscriberKind};
pub use connection::Connection;
pub use error::{CheckoutError, ClientError, Interruption, Unfit, UnfitReader};
pub use lictor::Lictor;
/// How a client speaks TLS: to the control plane, and to the MySQL nodes.
pub use lictor_tls::{ClientTls, Identity};
/// Where a token for the control plane is.
pub use lictor_wire::TokenSource;
pub use pool::PoolConfig;
pub use query::{Decision, Destination, Router};
pub use read::{AnyLag, LagLimit, MaxLag, Read};
pub use retry::{Idempotent, Retry};
pub use routes::Routes;
pub use scatter::{
    Answer, Failure, Gathered, Origin, Scatter, ScatterError, ScatterPolicy, ScatterReport,
    ScatterRow, ScatterRows,
};
pub use session::Session;
pub use shard::{Resolver, ShardHandle};
pub use source::TableSource;

pub use lictor_domain as domain;
pub use mysql_async;
pub use secrecy::SecretString;
