//! The library against a control plane in this process, as an application uses
//! it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test needs and does not get is its failure"
)]

mod connections;
mod control_plane;
mod subscription;
