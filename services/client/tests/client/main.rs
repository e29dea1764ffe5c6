//! The library against a control plane in this process, as an application uses
//! it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test needs and does not get is its failure"
)]

mod cache;
mod causal;
mod connections;
mod control_plane;
mod hints;
mod pools;
mod retries;
mod routing;
mod shards;
mod stage;
mod subscription;
mod telemetry;
