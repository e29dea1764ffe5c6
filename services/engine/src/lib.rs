//! Every decision of Lictor, and nothing else.
//!
//! The engine is a set of pure functions and one state machine per cluster:
//! events and the time go in, commands and problems come out. It never awaits,
//! reads a clock, draws a random number or logs, so that a simulator can run it
//! a million times and a test can compare its commands with a literal list.

pub mod candidate;
pub mod fencing;
pub mod message;
pub mod timing;
pub mod verdict;
pub mod view;
