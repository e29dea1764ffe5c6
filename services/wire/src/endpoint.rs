//! How a lictord is reached: its URL, and over `https` whom to trust.
//!
//! `http` is plaintext and takes no word about TLS, so that nobody who named an
//! authority talks in the clear by a slip of the URL.

use std::time::Duration;

use lictor_tls::{ClientTls, TlsError};
use thiserror::Error;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

/// A server that does not come to terms over TLS within this is given up.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// Why a URL cannot be used to reach a lictord.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// It is none, or of another scheme.
    #[error("`{url}` is not a URL such as https://lictor-1:7400 or http://127.0.0.1:7400")]
    NotAUrl {
        /// What was given.
        url: String,
    },
    /// It says plaintext, and something else says TLS.
    #[error("`{url}` is plaintext, and certificates are given for TLS; use https://")]
    Plaintext {
        /// What was given.
        url: String,
    },
    /// The files for TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The library refuses the host's name.
    #[error("`{url}` cannot be verified by TLS")]
    Unverifiable {
        /// What was given.
        url: String,
        /// What it said.
        #[source]
        source: tonic::transport::Error,
    },
}

/// The endpoint of that URL, with the files for TLS as they are now.
pub fn endpoint(url: &str, tls: &ClientTls) -> Result<Endpoint, EndpointError> {
    let not_a_url = || EndpointError::NotAUrl {
        url: url.to_owned(),
    };
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| not_a_url())?;
    match scheme {
        Some("http") if tls.is_said() => Err(EndpointError::Plaintext {
            url: url.to_owned(),
        }),
        Some("http") => Ok(endpoint),
        Some("https") => secured(endpoint, url, tls),
        _ => Err(not_a_url()),
    }
}

fn secured(endpoint: Endpoint, url: &str, tls: &ClientTls) -> Result<Endpoint, EndpointError> {
    lictor_tls::choose_provider();
    let pem = tls.pem()?;
    let config = ClientTlsConfig::new().timeout(HANDSHAKE);
    let config = match pem.authorities {
        Some(authorities) => config.ca_certificate(Certificate::from_pem(authorities)),
        None => config.with_native_roots(),
    };
    let config = match pem.identity {
        Some((chain, key)) => config.identity(Identity::from_pem(chain, key)),
        None => config,
    };
    let secured = endpoint.tls_config(config);
    secured.map_err(|source| EndpointError::Unverifiable {
        url: url.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, ca_file: Option<&str>) -> String {
        let tls = ClientTls {
            ca_file: ca_file.map(Into::into),
            identity: None,
        };
        endpoint(url, &tls).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_url_of_a_lictord_is_named() {
        for url in ["127.0.0.1:7400", "ftp://a:7400", "", "unix:/run/lictor"] {
            let said = refused(url, None);
            assert!(
                said.starts_with(&format!("`{url}` is not a URL such as")),
                "{said}"
            );
        }
        assert!(endpoint("http://127.0.0.1:7400", &ClientTls::default()).is_ok());
    }

    #[test]
    fn nobody_who_names_an_authority_talks_in_the_clear() {
        let said = refused("http://127.0.0.1:7400", Some("ca.pem"));
        assert!(
            said.contains("is plaintext") && said.contains("https"),
            "{said}"
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let said = refused("https://127.0.0.1:7400", Some("/absent/ca.pem"));
        assert_eq!(said, "/absent/ca.pem cannot be read");
    }
}
