//! Errors with all that caused them, for the log and for people.

use std::error::Error;

/// An error with what caused it, on one line.
pub(crate) fn with_sources(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
