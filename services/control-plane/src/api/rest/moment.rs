//! Times of day in a query.

use chrono::{DateTime, Utc};
use lictor_wire::{Timestamp, timestamp};
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A time of day, RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Moment(DateTime<Utc>);

impl Moment {
    /// As it is asked for.
    pub(super) fn message(self) -> Timestamp {
        timestamp(self.0)
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = DateTime::parse_from_rfc3339(&text);
        let read = read.map_err(|why| {
            format!("`{text}` is no RFC 3339 time such as 2026-01-31T08:00:00Z: {why}")
        });
        read.map(|at| Self(at.into()))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_zone_and_is_told_in_utc() {
        let read = |text: &str| Moment::try_from(text.to_owned());
        let utc = read("2026-01-31T08:00:00Z").unwrap();
        assert_eq!(read("2026-01-31T09:00:00+01:00").unwrap(), utc);
        let why = read("2026-01-31").unwrap_err();
        assert!(why.contains("2026-01-31T08:00:00Z"), "{why}");
    }
}
