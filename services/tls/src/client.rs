//! What a client of TLS trusts, and what it proves who it is by.

use std::path::PathBuf;

use rustls::client::WantsClientCert;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use crate::error::TlsError;
use crate::files::{self, Identity};
use crate::provider;

/// How a client speaks TLS. The server's certificate is always verified, its
/// name or address included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientTls {
    /// The authorities to trust (PEM); those of the system without it.
    pub ca_file: Option<PathBuf>,
    /// Its own certificate, where the server asks for one.
    pub identity: Option<Identity>,
}

/// The same as PEM, for libraries that read that themselves.
pub struct ClientPem {
    /// The authorities; those of the system without it.
    pub authorities: Option<Vec<u8>>,
    /// Its own certificate with its chain, and the key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl ClientTls {
    /// Whether anything was said about TLS.
    #[must_use]
    pub const fn is_said(&self) -> bool {
        self.ca_file.is_some() || self.identity.is_some()
    }

    /// For a client that only talks in plaintext: it trusts nobody.
    pub fn nobody() -> Result<ClientConfig, TlsError> {
        let builder = trusting(RootCertStore::empty())?;
        Ok(builder.with_no_client_auth())
    }

    /// The files as they are now.
    pub fn config(&self) -> Result<ClientConfig, TlsError> {
        let builder = trusting(self.roots()?)?;
        let Some(identity) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let proven = identity.read()?;
        builder
            .with_client_auth_cert(proven.chain, proven.key)
            .map_err(|error| TlsError::wrong(&identity.cert_file, error.to_string()))
    }

    /// The files as they are now, when they are right.
    pub fn pem(&self) -> Result<ClientPem, TlsError> {
        let authorities = self.ca_file.as_deref().map(|path| {
            files::authorities(path)?;
            files::bytes(path)
        });
        let identity = self.identity.as_ref().map(|identity| {
            identity.read()?;
            let chain = files::bytes(&identity.cert_file)?;
            Ok::<_, TlsError>((chain, files::bytes(&identity.key_file)?))
        });
        Ok(ClientPem {
            authorities: authorities.transpose()?,
            identity: identity.transpose()?,
        })
    }

    fn roots(&self) -> Result<RootCertStore, TlsError> {
        if let Some(path) = &self.ca_file {
            return files::authorities(path);
        }
        let mut roots = RootCertStore::empty();
        // One that cannot be read is not trusted, as it is not for other programs.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(TlsError::NoSystemRoots);
        }
        Ok(roots)
    }
}

fn trusting(
    roots: RootCertStore,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions();
    Ok(builder
        .map_err(TlsError::Provider)?
        .with_root_certificates(roots))
}
