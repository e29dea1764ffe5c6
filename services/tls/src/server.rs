//! What a server of TLS shows, and whom it lets in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::certificate::CertificateFacts;
use crate::error::TlsError;
use crate::files::{self, Identity};
use crate::provider;

/// Whether a client has to show a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// It is not asked for one.
    None,
    /// One that it shows must be of these authorities (PEM).
    Optional(PathBuf),
    /// Only who shows one of these authorities (PEM) is let in.
    Required(PathBuf),
}

impl ClientAuth {
    /// The file of the authorities of clients.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        match self {
            Self::None => None,
            Self::Optional(path) | Self::Required(path) => Some(path),
        }
    }
}

/// How a server speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// Its certificate and key.
    pub identity: Identity,
    /// Whom it lets in.
    pub client_auth: ClientAuth,
}

/// What a server serves with, from files as they were at one moment.
#[derive(Clone, Debug)]
pub struct Serving {
    /// For rustls. It offers no application protocol yet.
    pub config: ServerConfig,
    /// What its certificate says.
    pub facts: CertificateFacts,
}

impl ServerTls {
    /// The files as they are now.
    pub fn read(&self) -> Result<Serving, TlsError> {
        let proven = self.identity.read()?;
        let cert_file = &self.identity.cert_file;
        let wrong = |why: String| TlsError::wrong(cert_file, why);
        let leaf = proven.chain.first();
        let leaf = leaf.ok_or_else(|| wrong("holds no certificate".to_owned()))?;
        let facts = CertificateFacts::of(leaf).map_err(|why| wrong(why.to_owned()))?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?
            .with_client_cert_verifier(self.verifier()?)
            .with_single_cert(proven.chain, proven.key)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Serving { config, facts })
    }

    fn verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let Some(path) = self.client_auth.ca_file() else {
            return Ok(WebPkiClientVerifier::no_client_auth());
        };
        let roots = Arc::new(files::authorities(path)?);
        let builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
        let builder = match self.client_auth {
            ClientAuth::Required(_) => builder,
            ClientAuth::None | ClientAuth::Optional(_) => builder.allow_unauthenticated(),
        };
        let verifier = builder.build();
        verifier.map_err(|error| TlsError::wrong(path, error.to_string()))
    }
}
