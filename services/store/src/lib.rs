//! Postgres: what Lictor must remember, and the only SQL against its database.
//!
//! One file per aggregate. Rows become domain values here and nowhere else; a
//! row that cannot is an error naming its table, column and row, never a
//! guess. Every call ends within its deadline, and every write but the lease
//! is refused unless its term is the current one.
//!
//! It decides nothing, retries nothing and remembers nothing between calls but
//! which of several servers takes writes.
//! The URL's password appears in no error and no `Debug`.

mod audit;
mod cluster;
mod config;
mod error;
mod happening;
mod hosts;
mod late;
mod lease;
mod node;
mod once;
mod operation;
mod rebuild;
mod recovery;
mod row;
mod search;
mod store;
mod term;
mod tls;
mod token;

pub use audit::{AuditEntry, AuditFilter, AuditId, AuditRecord};
pub use config::ConfigVersion;
pub use error::{Cause, Conflict, Kind, StoreError};
pub use happening::{
    AvailabilityRecords, HappeningFilter, HappeningId, HappeningRecord, StoredPast,
};
pub use late::AuditNote;
pub use once::Claim;
pub use store::{Store, StoreConfig};
pub use token::StoredToken;
