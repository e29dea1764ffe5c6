//! Lictor's client library: connections to the right MySQL node, before, during
//! and after a failover.
//!
//! The library subscribes to the control plane and keeps its routing table; when
//! the control plane is away, the last good table stays in force. To every node
//! of the table it keeps a connection ready, so that after a failover the next
//! write needs no login.
//!
//! ```no_run
//! use lictor_client::{ClientConfig, Credentials, Idempotent, Lictor};
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
//! let mut reader = lictor.reader("orders").await?;
//! let carts: Option<u64> = reader.query_first("SELECT COUNT(*) FROM carts").await?;
//! # Ok(())
//! # }
//! ```
//!
//! A switchover costs no statement: the control plane asks to hold writes, and
//! this library says yes when no writer's connection is in use any more. So take
//! a connection for one statement or transaction, and let it go.
//!
//! Work that must not be done twice says [`Idempotent::No`]; when a failover
//! cuts it off, the answer is [`ClientError::MaybeExecuted`], and the
//! application looks before it tries again.

mod config;
mod connection;
mod error;
mod fleet;
mod lictor;
mod pool;
mod routes;
mod subscription;
mod table;
mod uses;
mod write;

pub use config::{ClientConfig, Credentials, SubscribeConfig, SubscriberKind};
pub use connection::Connection;
pub use error::{CheckoutError, ClientError, Interruption};
pub use lictor::Lictor;
pub use routes::Routes;
pub use write::Idempotent;

pub use lictor_domain as domain;
pub use mysql_async;
pub use secrecy::SecretString;
