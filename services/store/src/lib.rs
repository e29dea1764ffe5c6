//! Postgres: what Lictor must remember, and the only SQL against its database.
//!
//! One file per aggregate. Rows become domain values here and nowhere else; a
//! row that cannot is an error naming its table, column and row, never a
//! guess. Every call ends within its deadline, and every write but the lease
//! is refused unless its term is the current one.
//!
//! It decides nothing, retries nothing and remembers nothing between calls.
//! The URL's password appears in no error and no `Debug`.

mod audit;
mod cluster;
mod error;
mod lease;
mod node;
mod rebuild;
mod recovery;
mod row;
mod store;
mod term;

pub use audit::{AuditEntry, AuditId, AuditRecord};
pub use error::{Cause, Conflict, Kind, StoreError};
pub use store::{Store, StoreConfig};
