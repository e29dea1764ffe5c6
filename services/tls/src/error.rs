//! What can be wrong with the files.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why files of certificates and keys cannot be used. Each names the file; none
/// shows what is in it.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file does not hold what it should, or that cannot be used.
    #[error("{path} {why}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The cryptography has no version of TLS that is safe: a defect.
    #[error("TLS cannot be spoken")]
    Provider(#[source] rustls::Error),
    /// This system has no certificates of authorities.
    #[error("this system trusts no certificate authority; name a file with one")]
    NoSystemRoots,
}

impl TlsError {
    pub(crate) fn wrong(path: &Path, why: impl Into<String>) -> Self {
        Self::Wrong {
            path: path.to_owned(),
            why: why.into(),
        }
    }
}
