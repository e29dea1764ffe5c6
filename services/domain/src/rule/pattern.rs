//! The patterns of rules: what ProxySQL's PCRE and the crate `regex` read alike.
//!
//! Both look for a match anywhere in the text, byte by byte: `\w`, `\d` and case
//! are those of ASCII. What one of the two does not have is refused, and so is
//! what they understand differently; a pattern that is taken means the same in
//! both, but for one thing: `$` is the end of the text, where PCRE also takes it
//! before a line break at the end. A digest has no line break there.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassSetBinaryOp, ClassSetItem, Flag, FlagsItemKind, RepetitionKind,
    Span, Visitor,
};
use thiserror::Error;

/// Bytes that one compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// It says what cannot be said, or not in this way.
    #[error(
        "{what} at character {at} of `{pattern}`; patterns have RE2's syntax, without look-around \
         and back-references"
    )]
    Syntax {
        /// The pattern.
        pattern: String,
        /// What is found.
        what: String,
        /// Where, in characters from 1.
        at: usize,
    },
    /// It would take too much memory, such as `(\w{1000}){1000}`.
    #[error("compiled, `{pattern}` would take more than {SIZE_LIMIT} bytes")]
    TooLarge {
        /// The pattern.
        pattern: String,
    },
}

/// What is understood differently.
struct Different {
    what: &'static str,
    span: Span,
}

/// Finds what PCRE reads in another way, although the crate takes it.
struct AsPcre;

impl AsPcre {
    const fn refuse<T>(what: &'static str, span: Span) -> Result<T, Different> {
        Err(Different { what, span })
    }
}

impl Visitor for AsPcre {
    type Output = ();
    type Err = Different;

    fn finish(self) -> Result<(), Different> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Different> {
        match ast {
            Ast::Repetition(outer)
                if outer.op.kind == RepetitionKind::OneOrMore
                    && matches!(*outer.ast, Ast::Repetition(_)) =>
            {
                Self::refuse("a possessive quantifier (`++`, `*+`, `?+`)", outer.op.span)
            }
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::WordBoundaryStartAngle | AssertionKind::WordBoundaryEndAngle => {
                    Self::refuse(
                        "`\\<` or `\\>` (write `<` or `>` for the character, `\\b` for the edge of \
                         a word)",
                        assertion.span,
                    )
                }
                _ => Ok(()),
            },
            Ast::Flags(set) => Self::flags(&set.flags),
            Ast::Group(group) => match group.flags() {
                Some(flags) => Self::flags(flags),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Different> {
        match item {
            ClassSetItem::Bracketed(inner) => {
                Self::refuse("a `[` within `[ ]` (write `\\[`)", inner.span)
            }
            _ => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, op: &ClassSetBinaryOp) -> Result<(), Different> {
        Self::refuse("`&&`, `--` or `~~` within `[ ]`", op.span)
    }
}

impl AsPcre {
    fn flags(flags: &ast::Flags) -> Result<(), Different> {
        let unlike = flags
            .items
            .iter()
            .find(|item| matches!(item.kind, FlagsItemKind::Flag(Flag::Unicode | Flag::CRLF)));
        match unlike {
            Some(item) => Self::refuse("the flag `u` or `R`", item.span),
            None => Ok(()),
        }
    }
}

fn describe(kind: &ast::ErrorKind) -> String {
    match kind {
        ast::ErrorKind::UnsupportedLookAround => {
            "look-around (`(?=`, `(?!`, `(?<=`, `(?<!`)".to_owned()
        }
        ast::ErrorKind::UnsupportedBackreference => "a back-reference".to_owned(),
        other => other.to_string(),
    }
}

fn syntax(pattern: &str, what: String, offset: usize) -> PatternError {
    let before = pattern.get(..offset).unwrap_or(pattern);
    PatternError::Syntax {
        pattern: pattern.to_owned(),
        what,
        at: before.chars().count() + 1,
    }
}

/// Compiles a pattern.
pub(super) fn compile(pattern: &str, caseless: bool) -> Result<Regex, PatternError> {
    let tree = ast::parse::Parser::new()
        .parse(pattern)
        .map_err(|error| syntax(pattern, describe(error.kind()), error.span().start.offset))?;
    ast::visit(&tree, AsPcre)
        .map_err(|found| syntax(pattern, found.what.to_owned(), found.span.start.offset))?;
    ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .map_err(|error| match error {
            regex_syntax::Error::Translate(error) => {
                syntax(pattern, error.kind().to_string(), error.span().start.offset)
            }
            other => syntax(pattern, other.to_string(), 0),
        })?;
    RegexBuilder::new(pattern)
        .unicode(false)
        .case_insensitive(caseless)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|_| PatternError::TooLarge {
            pattern: pattern.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pattern: &str) -> (String, usize) {
        match compile(pattern, true).unwrap_err() {
            PatternError::Syntax { what, at, .. } => (what, at),
            PatternError::TooLarge { .. } => (String::from("too large"), 0),
        }
    }

    #[test]
    fn patterns_match_anywhere_by_bytes_and_in_either_case_when_told() {
        for (pattern, caseless, text, expected) in [
            ("^select", true, "SELECT 1", true),
            ("^select", false, "SELECT 1", false),
            ("from t", true, "SELECT 1 FROM t", true),
            (
                "^SELECT.*FOR UPDATE$",
                true,
                "select a from t for update",
                true,
            ),
            ("caf.. =", true, "WHERE café = ?", true),
            ("id=\\?$", true, "WHERE id=?", true),
            ("\\w", true, "é", false),
            ("É", true, "é", false),
            ("a\\/b\\'c\\_", true, "a/b'c_", true),
            ("[[:alpha:]]{2,3}$", true, "1ab", true),
        ] {
            let found = compile(pattern, caseless)
                .unwrap()
                .is_match(text.as_bytes());
            assert_eq!(found, expected, "{pattern} in {text}");
        }
    }

    #[test]
    fn what_only_pcre_has_is_refused_where_it_stands() {
        for (pattern, what, at) in [
            (
                "^SELECT(?! 1)",
                "look-around (`(?=`, `(?!`, `(?<=`, `(?<!`)",
                8,
            ),
            ("(?<=a)b", "look-around (`(?=`, `(?!`, `(?<=`, `(?<!`)", 1),
            ("(a)\\1", "a back-reference", 4),
            ("é(", "unclosed group", 2),
            ("(?>a)", "unrecognized flag", 3),
            ("a\\Z", "unrecognized escape sequence", 2),
        ] {
            assert_eq!(refused(pattern), (what.to_owned(), at), "{pattern}");
        }
    }

    #[test]
    fn what_pcre_reads_in_another_way_is_refused_too() {
        for (pattern, what, at) in [
            ("ba++c", "a possessive quantifier", 4),
            ("a*+", "a possessive quantifier", 3),
            ("a{2}+", "a possessive quantifier", 5),
            ("a \\< b", "`\\<` or `\\>`", 3),
            ("[a[b]]", "a `[` within `[ ]`", 3),
            ("[a-z&&b]", "`&&`, `--` or `~~` within `[ ]`", 2),
            ("(?R)", "the flag `u` or `R`", 3),
            ("(?u:a)", "the flag `u` or `R`", 3),
        ] {
            let (said, place) = refused(pattern);
            assert!(said.starts_with(what), "{pattern}: {said}");
            assert_eq!(place, at, "{pattern}");
        }
        assert!(compile("(a+)+", true).is_ok());
        assert!(compile("a+?", true).is_ok());
    }

    #[test]
    fn a_pattern_that_would_take_too_much_memory_is_refused() {
        assert_eq!(refused("(\\w{1000}){1000}").0, "too large");
    }
}
