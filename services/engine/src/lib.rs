//! Every decision of Lictor, and nothing else.
//!
//! The engine is a set of pure functions and one state machine per cluster:
//! events and the time go in, commands and problems come out. It never awaits,
//! reads a clock, draws a random number or logs, so that a simulator can run it
//! a million times and a test can compare its commands with a literal list.

pub mod admission;
pub mod advice;
pub mod analysis;
pub mod availability;
pub mod candidate;
pub mod durability;
pub mod errant;
pub mod failover;
pub mod fencing;
pub mod guard;
pub mod health;
pub mod hint;
pub mod history;
pub mod keeper;
pub mod leadership;
pub mod maintenance;
pub mod message;
pub mod operation;
pub mod pool;
pub mod readmission;
pub mod rebuild;
pub mod rejoin;
pub mod replica;
pub mod repoint;
pub mod routing;
mod settling;
mod story;
pub mod switchover;
pub mod timing;
pub mod tree;
pub mod verdict;
pub mod view;
pub mod witness;

#[cfg(test)]
pub(crate) mod fixture;
