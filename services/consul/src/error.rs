//! What can go wrong with Consul, by what the caller does next.
//!
//! No variant holds a token or the address with its credentials.

use std::error::Error as StdError;
use std::time::Duration;

use thiserror::Error;

/// Most of an unexpected answer that is kept, in bytes.
const BODY_SHOWN: usize = 300;

/// Why a call to Consul failed.
#[derive(Debug, Error)]
pub enum ConsulError {
    /// The client cannot be built from its configuration: correct that.
    #[error("the Consul client cannot be set up: {why}")]
    Setup {
        /// What is wrong, as a sentence.
        why: String,
    },
    /// No connection, or it broke: try again later.
    #[error("Consul cannot be reached ({doing})")]
    Unreachable {
        /// What was being done.
        doing: String,
        /// What the connection said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No whole answer within the deadline: try again later.
    #[error("Consul did not answer within {deadline:?} ({doing})")]
    TimedOut {
        /// What was being done.
        doing: String,
        /// How long it was waited.
        deadline: Duration,
    },
    /// The token lacks a right: tell the operator.
    #[error("Consul's access rules refuse {doing}: {reason}")]
    Refused {
        /// What was being done.
        doing: String,
        /// Consul's words.
        reason: String,
    },
    /// The term key has moved since the guard was taken: stop acting as leader.
    #[error("the term is stale, nothing was done ({doing}): {reason}")]
    StaleTerm {
        /// What was being done.
        doing: String,
        /// Consul's words, or the term found.
        reason: String,
    },
    /// A precondition did not hold and nothing was applied: read again.
    #[error("Consul applied nothing ({doing}): {}", failed.join("; "))]
    Conflict {
        /// What was being done.
        doing: String,
        /// Each operation that failed, and why.
        failed: Vec<String>,
    },
    /// More operations than one transaction may have: ask for less at once.
    #[error("{operations} operations exceed Consul's {limit} in one transaction ({doing})")]
    TooLarge {
        /// What was being done.
        doing: String,
        /// How many there would be.
        operations: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Any other answer, such as 500 when Consul has no leader: try again later.
    #[error("Consul answered {status} ({doing}): {body}")]
    Unexpected {
        /// What was being done.
        doing: String,
        /// The HTTP status.
        status: u16,
        /// The start of the answer.
        body: String,
    },
}

impl ConsulError {
    /// The error for an HTTP answer that is not the one expected.
    pub(crate) fn from_answer(doing: &str, status: u16, body: &[u8]) -> Self {
        let body = shorten(&String::from_utf8_lossy(body));
        if status == 401 || status == 403 {
            return Self::Refused {
                doing: doing.to_owned(),
                reason: body,
            };
        }
        Self::Unexpected {
            doing: doing.to_owned(),
            status,
            body,
        }
    }
}

fn shorten(text: &str) -> String {
    let text = text.trim();
    if text.len() <= BODY_SHOWN {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(BODY_SHOWN)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_error_says_what_was_refused() {
        let error = ConsulError::from_answer("reading key `a`", 403, b"Permission denied");
        assert!(matches!(error, ConsulError::Refused { .. }));
        assert_eq!(
            error.to_string(),
            "Consul's access rules refuse reading key `a`: Permission denied"
        );
    }

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        let body = "é".repeat(400);
        let error = ConsulError::from_answer("listing", 500, body.as_bytes());
        let ConsulError::Unexpected { status, body, .. } = error else {
            panic!("not Unexpected: {error}");
        };
        assert_eq!(status, 500);
        assert_eq!(body, format!("{}…", "é".repeat(150)));
    }
}
