//! MySQL global transaction identifiers and the algebra of their sets.
//!
//! Which replica is most advanced, whether one has diverged and what is errant
//! are all questions about [`GtidSet`]s, so they are answered here and nowhere
//! else, never by comparing text.
//!
//! Invariant: a set is always in canonical form (no source without intervals;
//! the intervals of a source ascending, disjoint and non-adjacent), so equal
//! sets are equal values. Every operation is linear in the number of intervals
//! and none depends on how many transactions those intervals span.
//!
//! MariaDB's GTIDs (`domain-server-sequence`) are another thing: they must not
//! be squeezed into these types.

mod identifier;
mod interval;
mod parse;
mod set;
mod write;

#[cfg(test)]
mod tests;

pub use identifier::{Gtid, Source, Tag};
pub use interval::{Interval, MAX_NUMBER};
pub use parse::{Expected, GtidParseError};
pub use set::{GtidSet, Relation};
