//! What the end-to-end tests and the benchmarks share: a laboratory with
//! `lictord` in it, the API's clients, and writers that remember every
//! acknowledged write.
//!
//! It only drives and watches; what is right and wrong is for the tests to say.

mod load;
mod scene;
mod whole;

pub use load::{Acknowledged, Ledger, Load};
pub use scene::{Connection, OPERATOR, PATIENCE, Scene, supervise};
pub use whole::Whole;
