//! Files of certificates and keys, made into what TLS needs.
//!
//! Whoever serves or calls over TLS reads its files here, and is told in one
//! sentence which file is not right and why. It opens no connection, keeps
//! nothing between calls and never shows a key.

mod certificate;
mod client;
mod error;
mod files;
mod server;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub use certificate::CertificateFacts;
pub use client::{ClientPem, ClientTls};
pub use error::TlsError;
pub use files::Identity;
pub use server::{ClientAuth, ServerTls, Serving};

/// The cryptography that all of Lictor uses.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Makes it this process's default, unless it has one: libraries that ask for the
/// default would panic where two are linked in and none was chosen.
pub fn choose_provider() {
    // A choice that came before stands.
    let _ = aws_lc_rs::default_provider().install_default();
}

#[cfg(test)]
mod tests;
