//! Writes a document.

use lictor_domain::config::Draft;

/// Where editors find the schema of the document, as its first line says; beside
/// it, or wherever the settings of the editor say.
const HEADER: &str = "# yaml-language-server: $schema=./lictor.schema.json\n";

/// A draft as a document: each field is there, always in the same order.
#[must_use]
pub fn write(draft: &Draft) -> String {
    write_below(draft, "")
}

/// The same below comments, each of whose lines begins with `#`.
#[expect(
    clippy::expect_used,
    reason = "a draft's maps have texts as keys and its values no enum in an enum, which is all \
              that YAML could refuse; the tests write drafts with everything in them"
)]
pub(crate) fn write_below(draft: &Draft, comments: &str) -> String {
    let body = serde_norway::to_string(draft).expect("a draft can be written");
    let mut text = HEADER.to_owned() + comments;
    for line in body.lines() {
        // What a text with several lines says stands further in than a key.
        if line.starts_with(|c: char| c.is_ascii_lowercase()) {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read;
    use crate::samples::drafts;

    proptest! {
        #[test]
        fn what_is_written_reads_as_the_same(draft in drafts()) {
            let text = write(&draft);
            prop_assert_eq!(read(&text, "written"), Ok(draft), "{}", text);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*|([\\[\\]{}:,\"'&*!?#-]|[a-z]+|\n| )*") {
            let _ = read(&text, "any");
        }
    }
}
