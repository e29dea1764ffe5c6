//! What a certificate says about itself.

use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

/// What a certificate says. Whether it is to be believed was decided before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whom it is for, such as `CN=orders-service`.
    pub subject: String,
    /// When it ends.
    pub not_after: SystemTime,
}

impl CertificateFacts {
    /// Reads a certificate; a sentence when it is none.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, &'static str> {
        let unreadable = "holds a certificate that cannot be read";
        let (_, parsed) = parse_x509_certificate(certificate).map_err(|_| unreadable)?;
        let ends = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or_default();
        Ok(Self {
            subject: parsed.subject().to_string(),
            not_after: SystemTime::UNIX_EPOCH + Duration::from_secs(ends),
        })
    }

    /// How long it still holds; nothing once it has ended.
    #[must_use]
    pub fn left(&self, now: SystemTime) -> Option<Duration> {
        self.not_after.duration_since(now).ok()
    }
}
