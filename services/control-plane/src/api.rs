//! The API: gRPC `lictor.v1` and a few HTTP pages, on one port.
//!
//! It is a skin: it reads requests, calls use cases, and says what came of
//! them. It decides nothing.

mod grpc;
mod http;
mod problem;
mod readiness;
pub(crate) mod server;

#[cfg(test)]
mod tests;
