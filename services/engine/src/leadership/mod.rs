//! Who leads the control plane: take both stores, hold either.
//!
//! Two stores, Postgres and Consul, each keep one [`LeaseRecord`] that is
//! written by compare-and-set only. An instance begins to lead when it has both
//! at one instant, and leads for as long as it has at least one without a gap.
//! [`Leadership`] decides; the control plane obeys its [`Command`]s and answers
//! each of them with one [`Event`].
//!
//! Invariant: at no real instant do two instances have `now < valid_until()`.
//! It must not do I/O, read a clock, draw a random number or log.
//!
//! # Transitions
//!
//! | from | when | to |
//! |---|---|---|
//! | Following | both records are free and the backoff is over: the compare-and-set on Postgres is sent | Claiming |
//! | Claiming | Postgres is held: the compare-and-set on Consul is sent, with the new term | Taking |
//! | Taking | Consul is held and the claim on Postgres still valid: the term is written to Postgres too | Sealing |
//! | Sealing | Postgres bears the term: both stores are told to refuse older terms | Fencing |
//! | Fencing | both refuse older terms: `Lead` | Leading |
//! | Claiming … Fencing | any answer but yes, or the first of the leases runs out | Following, after a backoff |
//! | Leading | no lease is left, a higher term is seen, or a write was refused as stale: `StepDown` | Following |
//! | any | `Resign` (when Leading: `StepDown`) | Leaving |
//!
//! While it follows or leaves, an instance gives back every record that bears
//! its name, wherever a lost answer may have left one.
//!
//! # Why two never lead
//!
//! *One store.* A holder's lease ends `lease − margin` after the instant it
//! *issued* its last successful write. An observer calls a record free when it
//! has seen that very record for a whole `lease` since a read of it had
//! *returned*, hence since later than the write. With clocks whose rates are
//! within [`LeaseTiming::DRIFT_PERCENT`] of true the first ends before the
//! second, so the leases of two instances in one store never overlap. No record
//! is ever written twice (the counter rises with each write), so the
//! compare-and-set succeeds only on the record that was watched.
//!
//! *Both.* When Consul says yes to a contender whose claim on Postgres is valid
//! until after that answer, there was one instant at which it had both. At that
//! instant nobody else had a lease in either store, so whoever led before has a
//! gap, and must have stepped down. Whoever leads later has such an instant of
//! its own, at which this one has a gap. Hence the reigns are disjoint.
//!
//! # Why terms rise
//!
//! A claim on Postgres keeps the record's term; only the write that completes
//! the pair bears a new one, one above both. So a contender that fails never
//! leaves a term above the running leader's, the leader can retake a store that
//! came back under its own term, the term of a record never falls, and a new
//! leader's term is above that of every leader before.
//!
//! # What it does not survive
//!
//! A store that forgets (emptied, or restored from a copy) is one lost store:
//! its missing record counts as a dead holder's, not as a free one, while the
//! other store still has a record. If within one lease the other store is cut
//! off from the leader as well, two may lead until the older lease ends; the
//! terms still order them. Nor does a clock count that stands still while the
//! machine is suspended: what a leader does on waking, before its next step, is
//! for the fences of its term to stop. All instances must be given the same
//! lease.
//!
//! [`LeaseRecord`]: lictor_domain::lease::LeaseRecord

mod machine;
mod message;
mod plan;
mod slot;
mod status;
mod store;
mod timing;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use machine::Leadership;
pub use message::{CasAnswer, Command, Event, StepDownReason, TermAnswer, Unreachable};
pub use status::{LeaderSeen, RoleStatus, Status, StoreStatus};
pub use store::{PerStore, Store};
pub use timing::{LeaseTiming, LeaseTimingError};
