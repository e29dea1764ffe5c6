//! Every request is answered in time: within the time the caller has, as gRPC's
//! header says it, and never later than the server's own deadline. What an
//! answer streams afterwards may last.

use std::time::Duration;

use http::HeaderMap;

/// A request is answered within this; a stream may last.
const DEADLINE: Duration = Duration::from_secs(15);
const HEADER: &str = "grpc-timeout";

/// How long the answer may take.
pub(super) fn of(headers: &HeaderMap) -> Duration {
    let asked = headers.get(HEADER).and_then(|value| value.to_str().ok());
    asked
        .and_then(time)
        .map_or(DEADLINE, |asked| asked.min(DEADLINE))
}

/// At most eight digits and a unit, as gRPC's PROTOCOL-HTTP2 says it.
fn time(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn asked(text: &str) -> Duration {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(text).unwrap());
        of(&headers)
    }

    #[test]
    fn the_callers_time_counts_when_it_is_shorter() {
        assert_eq!(asked("250m"), Duration::from_millis(250));
        assert_eq!(asked("99999999n"), Duration::from_nanos(99_999_999));
        assert_eq!(asked("2H"), DEADLINE);
        assert_eq!(of(&HeaderMap::new()), DEADLINE);
    }

    #[test]
    fn a_time_that_makes_no_sense_is_none() {
        for text in ["", "m", "1", "-1m", "1.5S", "123456789m", "1x", "1\u{b5}"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
