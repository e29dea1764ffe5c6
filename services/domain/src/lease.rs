//! The lease record, the same in Postgres and in Consul.
//!
//! It carries no time: an observer calls it free when it has seen it unchanged
//! for longer than the lease on its own monotonic clock.

use serde::{Deserialize, Serialize};

use crate::order::Term;

/// Who leads the control plane, as one store remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRecord {
    /// The instance that holds it; `None` when it was given back.
    pub holder: Option<String>,
    /// Where that instance serves gRPC and REST, as a URL.
    pub advertise: String,
    /// Its term; kept when the lease is given back, so that terms only rise.
    pub term: Term,
    /// Raised at each renewal, so that an observer sees the holder is alive.
    pub counter: u64,
}
