//! Nothing is said to Postgres that others can hear, unless the URL says so.
//!
//! A server on this machine is spoken to as the library does by itself. Any other
//! one has to prove who it is (`sslmode=verify-full`), where the URL does not say
//! what else is right; see "SSL Support" in libpq's manual.

use std::net::IpAddr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::error::StoreError;

/// What the URL calls it, and the environment.
const MODES: [&str; 2] = ["sslmode", "ssl-mode"];
const VARIABLE: &str = "PGSSLMODE";

/// The options of one server of that URL, with what protects them.
///
/// # Errors
/// [`StoreError::Denied`] for a mode that falls back to plaintext when somebody
/// between us and the server wishes so.
pub(crate) fn protected(
    options: PgConnectOptions,
    url: &str,
) -> Result<PgConnectOptions, StoreError> {
    if is_local(&options) {
        return Ok(options);
    }
    if !says_mode(url) && std::env::var_os(VARIABLE).is_none() {
        return Ok(options.ssl_mode(PgSslMode::VerifyFull));
    }
    match options.get_ssl_mode() {
        PgSslMode::Prefer | PgSslMode::Allow => {
            let why = "sslmode=prefer and allow fall back to plaintext: say verify-full, or \
                       disable where nobody can listen";
            Err(StoreError::Denied(why.into()))
        }
        _ => Ok(options),
    }
}

fn says_mode(url: &str) -> bool {
    let options = url.split_once('?').map_or("", |(_, options)| options);
    let mut keys = options.split('&').filter_map(|it| it.split_once('='));
    keys.any(|(key, _)| MODES.contains(&key))
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    options.get_socket().is_some()
        || host.starts_with('/')
        || address.map_or(host == "localhost", |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<PgSslMode, StoreError> {
        Ok(protected(url.parse()?, url)?.get_ssl_mode())
    }

    #[test]
    fn a_server_elsewhere_has_to_prove_who_it_is_unless_something_else_is_said() {
        let elsewhere = mode("postgres://lictor@db-1/lictor").unwrap();
        assert!(matches!(elsewhere, PgSslMode::VerifyFull));
        for host in ["127.0.0.3", "localhost", "[::1]", "%2Frun%2Fpostgres"] {
            let here = mode(&format!("postgres://lictor@{host}/lictor")).unwrap();
            assert!(matches!(here, PgSslMode::Prefer), "{host}");
        }
        let said = mode("postgres://lictor@db-1/lictor?sslmode=disable").unwrap();
        assert!(matches!(said, PgSslMode::Disable));
        let weaker = mode("postgres://lictor@db-1/lictor?a=b&sslmode=require").unwrap();
        assert!(matches!(weaker, PgSslMode::Require));
    }

    #[test]
    fn a_mode_that_falls_back_to_plaintext_is_refused() {
        let refused = mode("postgres://lictor:hunter2@db-1/lictor?sslmode=prefer");
        let Err(StoreError::Denied(why)) = refused else {
            panic!("{refused:?}");
        };
        assert!(why.to_string().contains("say verify-full"), "{why}");
    }
}
