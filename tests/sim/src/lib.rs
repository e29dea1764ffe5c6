//! Seeded simulation of the engine in virtual time.
//!
//! The real [`Keeper`](lictor_engine::keeper::Keeper) watches and fails over a
//! model of a cluster: servers that crash, hang, are slow, lose power and come
//! back, links that are cut, commands and answers that are late or lost, leaders
//! that die or sleep, operators who change, order and rebuild, and subscribers
//! that write all the time. Everything that happens follows from one number, the
//! seed, so that a failure can be told again word for word.
//!
//! After a storm everything is repaired, or all but one server, and the cluster
//! has to be whole again within a bound. What must hold meanwhile and at the end
//! are the [`invariants`], and the rules of [`conduct`] beside them; that they can
//! be broken is shown with each [`Flaw`].

pub mod administration;
pub mod agenda;
pub mod agents;
pub mod conduct;
pub mod contenders;
pub mod dice;
pub mod faults;
pub mod flaw;
pub mod hands;
pub mod invariants;
pub mod leader;
pub mod mysqld;
pub mod network;
pub mod operator;
pub mod rebuilds;
pub mod replication;
pub mod scenario;
pub mod shrink;
pub mod soak;
pub mod store;
pub mod subscribers;
pub mod transcript;
pub mod words;
pub mod world;

pub use flaw::Flaw;
pub use invariants::Breach;
pub use scenario::Scenario;
pub use world::{Ending, World};

/// Simulates one scenario to its end.
#[must_use]
pub fn run(scenario: &Scenario, flaw: Flaw) -> Ending {
    World::new(scenario.clone(), flaw, transcript::Transcript::silent()).run()
}

/// Simulates one scenario to its end and writes everything down.
#[must_use]
pub fn tell(scenario: &Scenario, flaw: Flaw) -> Ending {
    World::new(scenario.clone(), flaw, transcript::Transcript::detailed()).run()
}
