//! This room against a real Postgres.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod cut;
mod database;
mod fixture;
mod lease;
mod outage;
mod paging;
mod rebuild;
mod recovery;
mod secret;
mod term;
