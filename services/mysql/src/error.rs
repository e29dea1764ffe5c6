//! What can go wrong with a server, by what the caller does next.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::time::Duration;

use lictor_domain::ProbeOutcome;
use mysql_async::{DriverError, Error, IoError};
use thiserror::Error;

use crate::deadline::Deadline;

/// Why a server did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MysqlError {
    /// A live host refused the connection: nothing listens there.
    #[error("connection refused")]
    Refused,
    /// No answer before the deadline; the statement may still take effect.
    #[error("no answer within {after:?} to: {what}")]
    TimedOut {
        /// What was asked.
        what: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// The network says that there is no way there.
    #[error("unreachable: {reason}")]
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// The server turned the account away, or it lacks a privilege; or no terms over
    /// TLS were come to.
    #[error("denied: {reason}")]
    Denied {
        /// What the server said, with its error number.
        reason: String,
    },
    /// Something listens there, but it does not speak MySQL.
    #[error("not a MySQL server: {reason}")]
    NotMysql {
        /// What was wrong with its greeting.
        reason: String,
    },
    /// A server, or a server's setting, that Lictor does not work with.
    #[error("not supported: {found}")]
    Unsupported {
        /// What was found.
        found: String,
    },
    /// The server answered with another error.
    #[error("MySQL error {number}: {message}")]
    Server {
        /// MySQL's error number.
        number: u16,
        /// MySQL's message.
        message: String,
    },
    /// The connection was lost midway, or the answer made no sense.
    #[error("connection broken: {reason}")]
    Broken {
        /// What happened.
        reason: String,
    },
}

/// `ER_LOCK_WAIT_TIMEOUT`.
pub(crate) const LOCK_WAIT_TIMEOUT: u16 = 1205;
/// `ER_NO_SUCH_THREAD`.
pub(crate) const NO_SUCH_THREAD: u16 = 1094;
/// `ER_PARSE_ERROR`: its message repeats the statement.
pub(crate) const PARSE_ERROR: u16 = 1064;
/// `ER_UNKNOWN_SYSTEM_VARIABLE`.
pub(crate) const UNKNOWN_VARIABLE: u16 = 1193;

/// The account is not let in (1045, 1129, 1130, 1251, 1524, 1698, 1820, 1862,
/// 3032, 3118, 3159, 3955), has used up what it may (1203, 1226) or lacks a
/// privilege (1044, 1095, 1142, 1143, 1227, 1370).
const DENIALS: [u16; 20] = [
    1044, 1045, 1095, 1129, 1130, 1142, 1143, 1203, 1226, 1227, 1251, 1370, 1524, 1698, 1820, 1862,
    3032, 3118, 3159, 3955,
];

/// The server ended the session with it: shutdown (1053, 1077), a lost
/// connection (1152, 1184), killed (3169), idle for too long (4031).
const FAREWELLS: [u16; 6] = [1053, 1077, 1152, 1184, 3169, 4031];

impl MysqlError {
    pub(crate) fn broken(reason: impl Into<String>) -> Self {
        Self::Broken {
            reason: reason.into(),
        }
    }

    pub(crate) const fn timed_out(deadline: &Deadline) -> Self {
        Self::TimedOut {
            what: deadline.what,
            after: deadline.total,
        }
    }

    fn of_server(number: u16, message: &str) -> Self {
        let reason = || format!("{message} ({number})");
        if DENIALS.contains(&number) {
            Self::Denied { reason: reason() }
        } else if FAREWELLS.contains(&number) {
            Self::Broken { reason: reason() }
        } else {
            Self::Server {
                number,
                message: message.to_owned(),
            }
        }
    }

    /// An error while the connection was being made.
    pub(crate) fn of_opening(error: Error) -> Self {
        match error {
            Error::Io(IoError::Io(error)) => Self::of_opening_io(&error),
            Error::Io(IoError::Tls(error)) => Self::no_terms(error),
            Error::Driver(error @ DriverError::NoClientSslFlagFromServer) => Self::no_terms(error),
            Error::Driver(
                error @ (DriverError::PacketOutOfOrder
                | DriverError::UnexpectedPacket { .. }
                | DriverError::PacketTooLarge
                | DriverError::CantParseServerVersion { .. }),
            ) => Self::NotMysql {
                reason: error.to_string(),
            },
            error => Self::of_session(error),
        }
    }

    /// A server that speaks TLS with us, or says that it cannot, is alive.
    fn no_terms(why: impl Display) -> Self {
        Self::Denied {
            reason: format!("no terms over TLS: {why}"),
        }
    }

    fn of_opening_io(error: &io::Error) -> Self {
        if let Some(error) = tls_error(error) {
            return Self::no_terms(error);
        }
        let reason = error.to_string();
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            // The library's codec reports a malformed packet as `Other`.
            ErrorKind::InvalidData | ErrorKind::Other => Self::NotMysql { reason },
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected => Self::Broken { reason },
            _ => Self::Unreachable { reason },
        }
    }

    /// An error on a connection that worked before.
    pub(crate) fn of_session(error: Error) -> Self {
        match error {
            Error::Server(error) => Self::of_server(error.code, &error.message),
            Error::Io(IoError::Io(error)) => Self::broken(error.to_string()),
            Error::Driver(DriverError::UnexpectedPacket { .. }) => {
                Self::broken("unexpected packet")
            }
            error => Self::broken(error.to_string()),
        }
    }

    /// Whether the connection it came from cannot be used again.
    pub(crate) const fn ends_session(&self) -> bool {
        !matches!(self, Self::Server { .. } | Self::Denied { .. })
    }

    /// The same error without the text of a statement that holds a secret.
    pub(crate) fn without_statement(self) -> Self {
        match self {
            Self::Server { number, .. } if number == PARSE_ERROR => Self::Server {
                number,
                message: "syntax error (the statement holds a password and is not shown)"
                    .to_owned(),
            },
            other => other,
        }
    }
}

/// What TLS has against the other side, if that is what went wrong.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

impl From<MysqlError> for ProbeOutcome {
    /// A server that answers with an error is alive, like one that denies.
    fn from(error: MysqlError) -> Self {
        match error {
            MysqlError::Refused => Self::Refused,
            MysqlError::TimedOut { .. } => Self::TimedOut,
            MysqlError::Unreachable { reason } => Self::Unreachable { reason },
            MysqlError::Denied { reason } => Self::Denied { reason },
            error @ (MysqlError::Unsupported { .. } | MysqlError::Server { .. }) => Self::Denied {
                reason: error.to_string(),
            },
            MysqlError::Broken { reason } => Self::Broken { reason },
            error @ MysqlError::NotMysql { .. } => Self::Broken {
                reason: error.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_answers_with_an_error_is_not_taken_for_dead() {
        let outcome = ProbeOutcome::from(MysqlError::of_server(1040, "Too many connections"));
        let reason = "MySQL error 1040: Too many connections".to_owned();
        assert_eq!(outcome, ProbeOutcome::Denied { reason });
    }

    #[test]
    fn a_killed_session_is_broken_and_a_wrong_password_is_denied() {
        let killed = MysqlError::of_server(3169, "Session was killed.");
        assert!(matches!(killed, MysqlError::Broken { .. }) && killed.ends_session());
        let denied = MysqlError::of_server(1045, "Access denied");
        assert!(matches!(denied, MysqlError::Denied { .. }) && !denied.ends_session());
    }

    #[test]
    fn a_server_whose_certificate_is_not_believed_is_not_taken_for_dead() {
        let invalid = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = Error::Io(IoError::Io(io::Error::new(ErrorKind::InvalidData, invalid)));
        let outcome = ProbeOutcome::from(MysqlError::of_opening(error));
        let ProbeOutcome::Denied { reason } = outcome else {
            panic!("{outcome:?}");
        };
        assert!(
            reason.starts_with("no terms over TLS: invalid peer"),
            "{reason}"
        );
    }

    #[test]
    fn a_syntax_error_does_not_repeat_a_statement_with_a_secret() {
        let error = MysqlError::of_server(PARSE_ERROR, "near 'SOURCE_PASSWORD='s3cret''");
        assert!(!error.without_statement().to_string().contains("s3cret"));
    }
}
