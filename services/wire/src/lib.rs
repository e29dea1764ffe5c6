//! The wire format: generated protobuf of `lictor.v1`, and its conversions
//! from and to domain values.
//!
//! Here and nowhere else does one become the other. What comes from the wire is
//! judged while it is converted, and an error names the field it is about
//! ([`WireError`]); what goes to the wire cannot fail.

mod bearer;
mod cluster;
mod config;
mod endpoint;
mod error;
mod hint;
mod history;
mod hostgroup;
mod keyspace;
mod operation;
mod order;
mod policy;
mod problem;
mod recovery;
mod refusal;
mod routing;
mod rule;
mod summary;
mod switchover;
mod time;
mod token;
mod variable;

/// Messages, clients and servers of `lictor.v1`, generated from `proto/`.
#[expect(
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    reason = "generated code"
)]
pub mod v1 {
    tonic::include_proto!("lictor.v1");
}

/// The domain values that messages stand for.
pub use lictor_domain as domain;

pub use bearer::{Bearer, TOKEN_VARIABLE, TokenError, TokenSource};
pub use config::{detail, moved_configuration, refused_document};
pub use endpoint::{EndpointError, endpoint};
pub use error::WireError;
pub use history::{outcome, severity};
/// A time of day in a message.
pub use prost_types::Timestamp;
pub use refusal::{objections, refusal};
pub use time::{instant, micros, timestamp};

/// The descriptors of every file of `lictor.v1` and of what they import, for
/// gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/lictor_descriptor.bin"));
