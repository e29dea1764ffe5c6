//! The connection to Consul's HTTP API: addresses, token, deadline, and how an
//! answer that is no success becomes an error.
//!
//! The token is in a header marked sensitive and nowhere else that is shown.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use lictor_tls::ClientTls;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ConsulError;
use crate::library;

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-consul-token");

/// Where Consul is and how to speak to it.
#[derive(Clone, Debug)]
pub struct ConsulConfig {
    /// The HTTP API of an agent, such as `http://127.0.0.1:8500`.
    pub address: Url,
    /// The ACL token, where Consul demands one.
    pub token: Option<SecretString>,
    /// Whom to trust at an address of `https`, and what to show there.
    pub tls: ClientTls,
    /// Longest time for one request and its answer.
    pub deadline: Duration,
}

impl ConsulConfig {
    /// The agent at `address`, without a token, with a deadline of 2 s.
    #[must_use]
    pub fn new(address: Url) -> Self {
        Self {
            address,
            token: None,
            tls: ClientTls::default(),
            deadline: Duration::from_secs(2),
        }
    }
}

/// A client of one Consul agent; cheap to share behind an `Arc`.
pub struct Consul {
    base: Url,
    pub(crate) deadline: Duration,
    http: reqwest::Client,
    pub(crate) library: rs_consul::Consul,
}

impl fmt::Debug for Consul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consul")
            .field("base", &self.base.as_str())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// An answer that came in whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads a successful answer as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, doing: &str) -> Result<T, ConsulError> {
        if !self.status.is_success() {
            return Err(self.unexpected(doing));
        }
        serde_json::from_slice(&self.body).map_err(|_| self.unexpected(doing))
    }

    pub(crate) fn unexpected(&self, doing: &str) -> ConsulError {
        ConsulError::from_answer(doing, self.status.as_u16(), &self.body)
    }
}

impl Consul {
    /// A client; connects to nothing yet.
    ///
    /// Fails with [`ConsulError::Setup`] on an address that is not HTTP or that
    /// holds a user or password, and on a token that no header can carry.
    pub fn new(config: ConsulConfig) -> Result<Self, ConsulError> {
        check_address(&config.address)?;
        let tls = tls(&config)?;
        Ok(Self {
            http: http_client(&config, tls.clone())?,
            library: library::client(&config, tls),
            base: config.address,
            deadline: config.deadline,
        })
    }

    /// The raft leader of Consul's servers as the agent knows it; `None` while
    /// there is none, when every write fails. Needs no token.
    pub async fn leader(&self) -> Result<Option<String>, ConsulError> {
        let doing = "asking for Consul's leader";
        let url = self.url("v1/status/leader");
        let leader: String = self.send(Method::GET, url, doing).await?.json(doing)?;
        Ok(Some(leader).filter(|address| !address.is_empty()))
    }

    /// The URL of `path`, each of its segments encoded.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        // An HTTP URL always has segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }

    /// The URL of `path`, to be answered by a leader that a quorum confirms.
    pub(crate) fn consistent(&self, path: &str) -> Url {
        let mut url = self.url(path);
        url.set_query(Some("consistent"));
        url
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        url: Url,
        doing: &str,
    ) -> Result<Answer, ConsulError> {
        self.answer(self.http.request(method, url), doing).await
    }

    pub(crate) async fn put<T: Serialize + ?Sized>(
        &self,
        url: Url,
        body: &T,
        doing: &str,
    ) -> Result<Answer, ConsulError> {
        self.answer(self.http.put(url).json(body), doing).await
    }

    async fn answer(
        &self,
        request: reqwest::RequestBuilder,
        doing: &str,
    ) -> Result<Answer, ConsulError> {
        let broken = |error| self.broken(error, doing);
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let body = response.bytes().await.map_err(broken)?.into();
        Ok(Answer { status, body })
    }

    fn broken(&self, error: reqwest::Error, doing: &str) -> ConsulError {
        let doing = doing.to_owned();
        if error.is_timeout() {
            return ConsulError::TimedOut {
                doing,
                deadline: self.deadline,
            };
        }
        ConsulError::Unreachable {
            doing,
            source: Box::new(error.without_url()),
        }
    }
}

fn setup(why: impl fmt::Display) -> ConsulError {
    ConsulError::Setup {
        why: why.to_string(),
    }
}

fn check_address(address: &Url) -> Result<(), ConsulError> {
    if !matches!(address.scheme(), "http" | "https") {
        return Err(setup("its address must begin with http:// or https://"));
    }
    if !address.username().is_empty() || address.password().is_some() {
        return Err(setup(
            "its address holds a user or password; use the token setting",
        ));
    }
    Ok(())
}

/// Without `https` nobody is trusted, and nobody has to be.
fn tls(config: &ConsulConfig) -> Result<rustls::ClientConfig, ConsulError> {
    if config.address.scheme() == "https" {
        return config.tls.config().map_err(|error| match error.source() {
            Some(source) => setup(format!("{error}: {source}")),
            None => setup(error),
        });
    }
    if config.tls.is_said() {
        return Err(setup(
            "its address is plaintext, and certificates are given for TLS; use https://",
        ));
    }
    ClientTls::nobody().map_err(setup)
}

fn http_client(
    config: &ConsulConfig,
    tls: rustls::ClientConfig,
) -> Result<reqwest::Client, ConsulError> {
    let mut headers = HeaderMap::new();
    if let Some(token) = &config.token {
        let mut value = HeaderValue::from_str(token.expose_secret())
            .map_err(|_| setup("the token has a character that no header can carry"))?;
        value.set_sensitive(true);
        headers.insert(TOKEN_HEADER, value);
    }
    reqwest::Client::builder()
        .default_headers(headers)
        .tls_backend_preconfigured(tls)
        .timeout(config.deadline)
        .redirect(reqwest::redirect::Policy::none())
        // The agent is on this host or beside it, never behind a web proxy.
        .no_proxy()
        .build()
        .map_err(setup)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(address: &str) -> ConsulConfig {
        ConsulConfig::new(address.parse().unwrap())
    }

    #[test]
    fn the_token_is_never_shown() {
        let config = ConsulConfig {
            token: Some("s3cr3t-token".into()),
            ..config("http://127.0.0.1:1")
        };
        assert!(!format!("{config:?}").contains("s3cr3t"));
        let consul = Consul::new(config).unwrap();
        assert!(!format!("{consul:?} {:?}", consul.http).contains("s3cr3t"));
    }

    #[test]
    fn an_address_that_is_not_http_or_holds_a_password_is_refused() {
        for address in ["ftp://127.0.0.1", "unix:/run/consul", "http://u:p@host"] {
            let error = Consul::new(config(address)).unwrap_err();
            assert!(matches!(error, ConsulError::Setup { .. }), "{address}");
            assert!(!error.to_string().contains("u:p"));
        }
    }

    #[test]
    fn certificates_for_a_plaintext_address_are_refused_and_so_are_absent_ones() {
        let config = |address| ConsulConfig {
            tls: ClientTls {
                ca_file: Some("/absent/ca.pem".into()),
                identity: None,
            },
            ..config(address)
        };
        let said = |address| Consul::new(config(address)).unwrap_err().to_string();
        let plaintext = said("http://127.0.0.1:1");
        assert!(plaintext.contains("use https://"), "{plaintext}");
        let absent = said("https://127.0.0.1:1");
        assert!(absent.contains("/absent/ca.pem cannot be read"), "{absent}");
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_refused_without_showing_it() {
        let error = Consul::new(ConsulConfig {
            token: Some("two\nlines".into()),
            ..config("http://127.0.0.1:1")
        });
        let text = error.unwrap_err().to_string();
        assert!(text.contains("token") && !text.contains("lines"), "{text}");
    }

    #[test]
    fn paths_are_encoded_and_kept_under_the_base_path() {
        let consul = Consul::new(config("http://127.0.0.1:1/consul/")).unwrap();
        assert_eq!(
            consul.consistent("v1/kv/a b?/c").as_str(),
            "http://127.0.0.1:1/consul/v1/kv/a%20b%3F/c?consistent"
        );
    }
}
