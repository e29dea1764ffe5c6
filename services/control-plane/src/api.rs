//! The API: gRPC `lictor.v1`, REST under `/v1`, a few HTTP pages and the web UI, on
//! one port.
//!
//! It is a skin: it reads requests, calls use cases, and says what came of
//! them. It decides nothing.

mod connection;
mod deadline;
mod forward;
mod grpc;
mod guard;
mod http;
mod problem;
mod prompt;
mod readiness;
mod rest;
mod seats;
pub(crate) mod server;
mod tls;
mod web;

/// The `OpenAPI` document of REST, as JSON for people.
pub(crate) fn openapi() -> String {
    let document = rest::openapi::document();
    // Texts, numbers and lists of them: they can always be written.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text + "\n"
}

#[cfg(test)]
mod tests;
