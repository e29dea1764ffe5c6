//! This room against a real Postgres.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod config;
mod cut;
mod database;
mod fixture;
mod happening;
mod hosts;
mod late;
mod lease;
mod once;
mod operation;
mod outage;
mod paging;
mod rebuild;
mod recovery;
mod secret;
mod term;
mod token;
