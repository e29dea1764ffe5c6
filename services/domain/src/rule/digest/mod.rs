//! The digest of a statement: its text without what differs from call to call,
//! as ProxySQL shows it in `stats_mysql_query_digest` and matches it with
//! `match_digest`.
//!
//! Assumed are ProxySQL 2.7's defaults: `mysql-query_digests_lowercase`,
//! `_replace_null`, `_no_digits` and `_keep_comment` off,
//! `_grouping_limit` 3, `_groups_grouping_limit` 10, `_max_query_length` 65000.
//! With them:
//!
//! - Strings (`'…'`, `"…"`) and numbers (also `1.5e-3` and `0x1F`) become `?`;
//!   `NULL` stays, and so do names, also in backquotes, but for numbers and
//!   strings that stand alone in them (`` `a 1` `` becomes `` `a ?` ``).
//! - Comments go; of `/*!40101 SET x */` the inside stays as it is. White space
//!   becomes one blank, or none beside `,`, within `(` and `)`, and around
//!   arithmetic with a `?`. A sign goes with its number.
//! - Of five or more values in a list three are shown: `(?,?,?,...)`. Of eleven
//!   or more such lists in a row ten are: `(?,?,?,...),...`.
//! - Blanks and semicolons at the end go. 65,000 bytes are kept at most.
//!
//! It is the same as ProxySQL's, its peculiarities included (`SELECT a, f() - 1`
//! loses its minus), but for these texts, where ProxySQL loses track:
//!
//! - a comment to the end of the line stands for a blank (ProxySQL joins the
//!   words on both sides when there was none), ends at the first line break
//!   even when it is empty, and leaves nothing of itself at the end of the text;
//! - a comment ends at the first `*/` after its beginning, and what looks like
//!   another one within it is nothing but comment;
//! - `...` in the statement itself is text like any other;
//! - a NUL byte does not end the text;
//! - comments are comments beyond the first 65,000 bytes too.
//!
//! Any bytes have a digest. It takes one pass and no memory but the buffer.

mod fold;
mod literals;
mod spaces;

use fold::{Groups, Lists};
use spaces::Spaces;

/// Bytes of a digest that are kept.
const MAX_LENGTH: usize = 65_000;

/// Writes the digest of `sql` into `digest`, whatever was in there. Nothing is
/// allocated when the buffer is large enough already.
pub fn digest(sql: &[u8], digest: &mut Vec<u8>) {
    digest.clear();
    digest.reserve(sql.len().min(MAX_LENGTH));
    let mut spaces = Spaces::new(Lists::new(Groups::new(digest)));
    literals::scan(sql, &mut spaces);
    spaces.finish();
    let kept = digest
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b';'))
        .map_or(1, |last| last + 1);
    digest.truncate(kept);
}

const fn is_arithmetic(byte: u8) -> bool {
    matches!(byte, b'+' | b'-' | b'*' | b'/' | b'%')
}

/// Whether the byte can be part of a name.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'_')
}

#[cfg(test)]
mod tests;
