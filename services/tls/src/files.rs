//! PEM files.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::error::TlsError;
use crate::provider;

/// A certificate and its key, by which one proves who one is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The certificate, and after it those that lead to its authority (PEM).
    pub cert_file: PathBuf,
    /// Its private key (PEM).
    pub key_file: PathBuf,
}

/// An identity that was read: its key fits its certificate.
pub(crate) struct Proven {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(crate) fn read(&self) -> Result<Proven, TlsError> {
        let chain = certificates(&self.cert_file)?;
        let key = key(&self.key_file)?;
        let together = CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider());
        together.map_err(|error| {
            let cert_file = self.cert_file.display();
            let why = format!("cannot be used with {cert_file}: {error}");
            TlsError::wrong(&self.key_file, why)
        })?;
        Ok(Proven { chain, key })
    }
}

/// The bytes of a file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// Every certificate of a file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = bytes(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| TlsError::wrong(path, format!("is no PEM file: {error}")))?;
    if found.is_empty() {
        return Err(TlsError::wrong(path, "holds no certificate"));
    }
    Ok(found)
}

/// The authorities of a file, at least one.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| {
            TlsError::wrong(path, format!("holds an unusable certificate: {error}"))
        })?;
    }
    Ok(roots)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&bytes(path)?).map_err(|error| match error {
        Error::NoItemsFound => TlsError::wrong(path, "holds no private key"),
        error => TlsError::wrong(path, format!("is no PEM file: {error}")),
    })
}
