//! The configuration as people write it: one YAML document.
//!
//! Law: what [`write()`] writes, [`read`] reads as the same draft. A text that is
//! not wholly understood is refused, with the place and the reason; nothing in
//! it is passed over. Whether a draft is whole is the domain's to say. Nothing
//! here touches a file or a network.

mod error;
pub mod import;
mod locate;
mod read;
mod schema;
mod write;

#[cfg(test)]
mod samples;

pub use self::error::{DocumentError, Position};
pub use self::locate::locate;
pub use self::read::{MAX_BYTES, read};
pub use self::schema::{SCHEMA_FILE, schema};
pub use self::write::write;
