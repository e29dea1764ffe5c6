//! What the benchmarks share: figures, and where the time of a recovery went.
//!
//! Nothing here asserts a time; a benchmark prints what it measured, as a table
//! for people and, on its last line, as one JSON object with the same figures.

mod figures;
mod phases;

pub use figures::{Spread, json_or_null, ms, table};
pub use phases::Phases;
