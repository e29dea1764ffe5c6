//! Consul: catalog, transactions and keys.
//!
//! A thin hand: it writes what it is told, under the guard it is given, and
//! reads back what is there. It decides nothing, retries nothing and remembers
//! nothing; every request to Consul has the configured deadline.
//!
//! Whatever changes the catalog is one `/v1/txn` (or several, where that is
//! said) that begins with a check on the term key, so that a deposed leader
//! changes nothing. `rs-consul` lists the catalog's nodes here. The rest is
//! direct HTTP, because that library has no transactions and no agent calls,
//! tells neither a written key's index nor an instance's checks, and reads and
//! deletes keys by prefix.
//!
//! Any error but [`ConsulError::Refused`], [`ConsulError::StaleTerm`],
//! [`ConsulError::Conflict`] and [`ConsulError::TooLarge`] leaves it open
//! whether a write was applied: read again.

mod agent;
mod catalog;
mod client;
mod drift;
mod entry;
mod error;
mod keys;
mod library;
mod observe;
mod term;
mod txn;

pub use agent::{SelfService, ready_check};
pub use client::{Consul, ConsulConfig};
pub use drift::{Difference, Drift, drift};
pub use entry::{Check, CheckKind, NodeEntry, Role, Status};
pub use error::ConsulError;
pub use keys::Entry;
pub use observe::{Instance, ObservedCheck};
pub use reqwest::Url;
pub use term::TermGuard;
