//! Whether a statement only reads, so that a replica can answer it.
//!
//! This is what a client goes by that has no query rules. Whatever is not known
//! to only read is a write: what changes or locks rows, what depends on the
//! session that it is sent in or on the server that it is sent to, and what
//! cannot be read here as surely as by the server. A replica refuses a write
//! with an error at best, and at worst it answers what is not so.
//!
//! A statement alone does not say whether a transaction is open: who has one
//! open sends all of it where it began.

mod functions;
mod lexer;
mod query;

use std::fmt;

use lexer::{Lexer, Token};

/// Where a statement has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// It only reads: a replica can answer it.
    Read,
    /// It has to go to the primary.
    Write(WriteReason),
}

/// Why a statement has to go to the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteReason {
    /// There is nothing in it but comments.
    Empty,
    /// It begins with this word, which is not known to only read.
    Verb(String),
    /// It begins, ends or divides a transaction.
    Transaction,
    /// It changes the session: a setting, the default schema, a prepared
    /// statement, a lock on tables, a distributed transaction.
    SessionState(String),
    /// It locks the rows that it reads.
    RowLock,
    /// It puts what it reads elsewhere: `INTO`.
    Into,
    /// It is about a variable of the session.
    UserVariable,
    /// It is about a variable of the server or of the session: `@@`.
    SystemVariable,
    /// It calls this function of the server, which is about the session or the
    /// server.
    SessionFunction(String),
    /// It calls this function, which may be a stored one that writes.
    UnknownFunction(String),
    /// It takes a number from a sequence.
    Sequence,
    /// It asks for what differs from server to server.
    ServerState(String),
    /// There are several statements.
    Several,
    /// It has a comment that only some servers execute.
    ExecutableComment,
    /// The server may read it in another way than it is read here.
    Unclear,
}

impl Statement {
    /// Whether a statement, in any character set that extends ASCII, only
    /// reads.
    #[must_use]
    pub fn classify(sql: &[u8]) -> Self {
        query::reason(sql).map_or(Self::Read, Self::Write)
    }

    /// Whether a replica can answer it.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        matches!(self, Self::Read)
    }

    /// The stable name in the API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write(reason) => reason.code(),
        }
    }
}

impl WriteReason {
    const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Verb(_) => "verb",
            Self::Transaction => "transaction",
            Self::SessionState(_) => "session_state",
            Self::RowLock => "row_lock",
            Self::Into => "into",
            Self::UserVariable => "user_variable",
            Self::SystemVariable => "system_variable",
            Self::SessionFunction(_) => "session_function",
            Self::UnknownFunction(_) => "unknown_function",
            Self::Sequence => "sequence",
            Self::ServerState(_) => "server_state",
            Self::Several => "several",
            Self::ExecutableComment => "executable_comment",
            Self::Unclear => "unclear",
        }
    }
}

/// The sentence.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("it only reads"),
            Self::Write(reason) => reason.fmt(f),
        }
    }
}

impl fmt::Display for WriteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no statement"),
            Self::Verb(verb) => write!(f, "`{verb}` is not known to only read"),
            Self::Transaction => f.write_str("it begins, ends or divides a transaction"),
            Self::SessionState(verb) => write!(f, "`{verb}` changes the session"),
            Self::RowLock => f.write_str("it locks the rows that it reads"),
            Self::Into => f.write_str("`INTO` puts what it reads elsewhere"),
            Self::UserVariable => f.write_str("it is about a variable of the session (`@`)"),
            Self::SystemVariable => f.write_str("it is about a variable of the server (`@@`)"),
            Self::SessionFunction(name) => {
                write!(f, "`{name}` is about this session or this server")
            }
            Self::UnknownFunction(name) => {
                write!(f, "`{name}` may be a stored function that writes")
            }
            Self::Sequence => f.write_str("it takes a number from a sequence"),
            Self::ServerState(what) => write!(f, "`{what}` differs from server to server"),
            Self::Several => f.write_str("there are several statements"),
            Self::ExecutableComment => {
                f.write_str("it has a comment that only some servers execute (`/*!`)")
            }
            Self::Unclear => f.write_str("the server may read it in another way"),
        }
    }
}

#[cfg(test)]
mod tests;
