//! Times of day and durations.

use std::time::Duration;

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

use crate::error::WireError;

/// A time of day for the wire.
#[must_use]
pub fn timestamp(at: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: at.timestamp(),
        // Chrono writes a leap second as nanoseconds above a whole second.
        nanos: at.timestamp_subsec_nanos().min(999_999_999).cast_signed(),
    }
}

/// A time of day from the wire; `field` is named when it is none.
pub fn instant(at: &Timestamp, field: &str) -> Result<DateTime<Utc>, WireError> {
    u32::try_from(at.nanos)
        .ok()
        .and_then(|nanos| DateTime::from_timestamp(at.seconds, nanos))
        .ok_or_else(|| WireError::invalid(field, "no time of day"))
}

/// A duration in microseconds, the largest number when it is longer.
#[must_use]
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_of_day_reads_back_as_sent(
            seconds in -10_000_000_000..10_000_000_000_i64,
            nanos in 0..1_000_000_000_u32,
        ) {
            let at = DateTime::from_timestamp(seconds, nanos).unwrap();
            prop_assert_eq!(instant(&timestamp(at), "at").unwrap(), at);
        }
    }

    #[test]
    fn no_time_of_day_is_refused() {
        for (seconds, nanos) in [(i64::MAX, 0), (0, -1), (0, 2_000_000_000)] {
            let error = instant(&Timestamp { seconds, nanos }, "before").unwrap_err();
            assert_eq!(error.field(), "before");
        }
    }
}
