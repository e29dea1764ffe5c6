//! Times of day.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use lictor_wire::{Timestamp, WireError, instant};
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At(pub DateTime<Utc>);

impl At {
    /// The time of day in a message; none when there is none, or it makes no
    /// sense.
    #[must_use]
    pub fn read(timestamp: Option<&Timestamp>) -> Option<Self> {
        timestamp.and_then(|at| instant(at, "").ok()).map(Self)
    }

    /// The time of day that a message has to say; `field` is named when it does
    /// not.
    pub(crate) fn said(timestamp: Option<&Timestamp>, field: &str) -> Result<Self, WireError> {
        let timestamp = timestamp.ok_or_else(|| WireError::missing(field))?;
        instant(timestamp, field).map(Self)
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for At {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339 in UTC, with milliseconds."))
            .into()
    }
}

impl ToSchema for At {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_milliseconds_and_nonsense_is_no_time() {
        let at = |seconds, nanos| At::read(Some(&Timestamp { seconds, nanos }));
        let written = serde_json::to_value(at(0, 5_000_000)).unwrap();
        assert_eq!(written, "1970-01-01T00:00:00.005Z");
        assert_eq!(at(i64::MAX, 0), None);
        assert_eq!(At::read(None), None);
    }
}
