//! Whom to call, and as whom.

use std::time::Duration;

use lictor_domain::{NodeAddress, Term};
use mysql_async::{Opts, OptsBuilder};
use secrecy::{ExposeSecret, SecretString};

use crate::tls::Tls;

/// The connection attribute that carries the caller's term.
pub(crate) const TERM_ATTRIBUTE: &str = "lictor_term";

/// Answers larger than this are refused: a GTID set is far smaller.
const MAX_PACKET: usize = 64 * 1024 * 1024;

/// A server drops a session that asked nothing for this long, so that those of
/// a vanished control plane do not pile up.
const IDLE_SECS: usize = 600;

/// How long a statement waits for a lock on the server, in whole seconds as
/// MySQL counts it: one whose caller has given up does not stay there.
pub(crate) const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// An idle connection asks the kernel of the other side whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// A MySQL account. `Debug` never shows the password.
#[derive(Clone, Debug)]
pub struct Account {
    /// User name.
    pub user: String,
    /// Password.
    pub password: SecretString,
    /// How the connection is protected.
    pub tls: Tls,
}

/// A server to call, the account to log in with, and the term of the caller: a
/// later leader ends the sessions of earlier terms by it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where the server listens.
    pub address: NodeAddress,
    /// Who logs in.
    pub account: Account,
    /// The caller's term; the session carries it as attribute `lictor_term`.
    pub term: Term,
}

impl Target {
    pub(crate) fn options(&self) -> Opts {
        OptsBuilder::default()
            .ip_or_hostname(self.address.host())
            .tcp_port(self.address.port())
            .user(Some(self.account.user.as_str()))
            .pass(Some(self.account.password.expose_secret()))
            // A local connection would else move to the server's unix socket,
            // whose end says nothing about the network.
            .prefer_socket(false)
            .ssl_opts(self.account.tls.options(&self.address))
            .tcp_keepalive(Some(KEEPALIVE))
            // Given here, so that the library does not ask the server for them.
            .max_allowed_packet(Some(MAX_PACKET))
            .wait_timeout(Some(IDLE_SECS))
            .stmt_cache_size(0)
            .connect_attribute("program_name", "lictord")
            .connect_attribute(TERM_ATTRIBUTE, self.term.to_string())
            .into()
    }
}

/// What a new session says first. Quoting relies on `NO_BACKSLASH_ESCAPES`;
/// times are compared in UTC.
pub(crate) fn greeting() -> String {
    format!(
        "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES', time_zone = '+00:00', \
         lock_wait_timeout = {}, wait_timeout = {IDLE_SECS}, autocommit = 1",
        LOCK_PATIENCE.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_password() {
        let target = Target {
            address: "127.0.0.1:3306".parse().unwrap(),
            account: Account {
                user: "lictor".to_owned(),
                password: "s3cret".into(),
                tls: Tls::default(),
            },
            term: Term(7),
        };
        let shown = format!("{target:?}");
        assert!(
            shown.contains("lictor") && !shown.contains("s3cret"),
            "{shown}"
        );
    }
}
