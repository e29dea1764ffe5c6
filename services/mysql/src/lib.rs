//! MySQL nodes: probe, replication, fencing.
//!
//! A thin hand: each call says or asks one thing of one server and reports what
//! came back. It decides nothing, retries nothing and waits for nothing without
//! a deadline. Every duration given to a call is the deadline of the whole call.
//!
//! What it must not do: judge what it saw (the engine does), reset a server's
//! binary logs or GTIDs, or let a password reach a log, an error or a `Debug`.

mod clone;
mod deadline;
mod dialect;
mod errant;
mod error;
mod fencing;
mod knock;
mod line;
mod probe;
mod quoting;
mod replication;
mod reply;
mod report;
mod semi_sync;
mod session;
mod survey;
mod target;
mod tls;
mod transactions;
mod tripwire;
mod variables;
mod writes;

pub use clone::{CloneFitness, CloneState, CloneStatus, Restart};
pub use error::MysqlError;
pub use knock::knock;
pub use replication::{HEARTBEAT_PERIOD, How};
pub use session::Session;
pub use target::{Account, Target};
pub use tls::{Demand, Tls, Verify};
pub use tripwire::Tripwire;
pub use writes::{Closed, Closing};
