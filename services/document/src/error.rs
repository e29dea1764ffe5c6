//! Why a text is no document, and where.

use std::fmt;

use thiserror::Error;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a text is no document. Each begins with the document's name and, where
/// it is known, the line and the column.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// It is larger than any document.
    #[error("{document}: it has {found} bytes; {max} at most are allowed")]
    TooLarge {
        /// The document.
        document: String,
        /// Its size.
        found: usize,
        /// What is allowed.
        max: usize,
    },
    /// It says nothing. That is no wish to have nothing.
    #[error(
        "{document}: it is empty; a configuration without anything is written \
         `clusters: {{}}`"
    )]
    Empty {
        /// The document.
        document: String,
    },
    /// It is more than one document.
    #[error("{document}: it has more than one YAML document; write one, without `---` in between")]
    Several {
        /// The document.
        document: String,
    },
    /// It is no YAML.
    #[error("{}: {why}", place(document, *at))]
    Syntax {
        /// The document.
        document: String,
        /// Where.
        at: Option<Position>,
        /// What is wrong.
        why: String,
    },
    /// A field holds what it must not hold.
    #[error("{}: {field}: {why}", place(document, *at))]
    Field {
        /// The document.
        document: String,
        /// Where.
        at: Option<Position>,
        /// The field, as a path through the document.
        field: String,
        /// What was found, and what is allowed.
        why: String,
    },
}

fn place(document: &str, at: Option<Position>) -> String {
    match at {
        Some(at) => format!("{document}:{at}"),
        None => document.to_owned(),
    }
}
