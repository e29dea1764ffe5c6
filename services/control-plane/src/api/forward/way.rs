//! The way to the leader: HTTP/2, over TLS where this instance has a certificate.
//!
//! Connections are made with the certificate of the moment. One without TLS never
//! talks TLS, and one with TLS never in plaintext.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use lictor_tls::{ClientTls, TlsError};
use tokio_rustls::rustls::ClientConfig;

use crate::certificates::Certificates;
use crate::members::{CONNECT, PING_EVERY, PING_PATIENCE};

/// Bytes of one answer that wait to be read, and of all of them: one that nobody
/// reads holds up no other.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;

type Http = Client<HttpsConnector<HttpConnector>, Body>;

/// A client of HTTP, made anew with each new certificate.
pub(super) struct Way {
    certificates: Option<Certificates>,
    made: Mutex<(Arc<ClientConfig>, Http)>,
}

impl Way {
    pub(super) fn new(certificates: Option<Certificates>) -> Result<Self, TlsError> {
        let tls = match &certificates {
            Some(certificates) => certificates.calling(),
            None => Arc::new(ClientTls::nobody()?),
        };
        let http = http(&tls, certificates.is_some());
        Ok(Self {
            certificates,
            made: Mutex::new((tls, http)),
        })
    }

    /// The client with the certificate of this moment.
    pub(super) fn http(&self) -> Http {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(certificates) = &self.certificates {
            let tls = certificates.calling();
            if !Arc::ptr_eq(&tls, &made.0) {
                *made = (tls.clone(), http(&tls, true));
            }
        }
        made.1.clone()
    }
}

fn http(tls: &Arc<ClientConfig>, over_tls: bool) -> Http {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    connector.enforce_http(false);
    let builder = HttpsConnectorBuilder::new().with_tls_config(ClientConfig::clone(tls));
    let builder = if over_tls {
        builder.https_only()
    } else {
        builder.https_or_http()
    };
    let connector = builder.enable_http2().wrap_connector(connector);
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .http2_only(true)
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_PATIENCE)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .build(connector)
}
