//! Text inside a statement, where MySQL takes no bound value.
//!
//! Invariant: the session runs with `NO_BACKSLASH_ESCAPES` (set before its
//! first statement) and speaks utf8mb4, so that a quote is the only character
//! with a meaning inside a quoted text.

/// `text` as an SQL string.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_doubled_and_a_backslash_is_itself() {
        assert_eq!(quoted("plain"), "'plain'");
        assert_eq!(quoted("it's"), "'it''s'");
        assert_eq!(quoted(r"a\'b"), r"'a\''b'");
        assert_eq!(quoted(r"\"), r"'\'");
    }
}
