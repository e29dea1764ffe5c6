//! This instance's own certificate: what it serves with and calls other instances
//! with, renewed without a restart.
//!
//! The files are looked at every few seconds. What they hold is served with from
//! the next handshake on, and connections that are open stay. What cannot be used
//! is told and never served with: the certificate before it stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use lictor_tls::{CertificateFacts, ClientTls, Serving, TlsError};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio_rustls::rustls::{ClientConfig, ServerConfig};
use tokio_util::sync::CancellationToken;

use crate::causes::with_sources;
use crate::settings::OwnTls;
use crate::telemetry;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// A certificate that ends within this is warned of.
const SOON: Duration = Duration::from_hours(14 * 24);
/// What is spoken inside TLS.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate that is served with. A clone is the same one.
#[derive(Clone, Debug)]
pub(crate) struct Certificates {
    files: OwnTls,
    now: watch::Sender<Now>,
}

#[derive(Debug)]
struct Now {
    serving: Arc<ServerConfig>,
    calling: Arc<ClientConfig>,
    facts: CertificateFacts,
    /// Why newer files are not served with.
    trouble: Option<String>,
}

/// What files held at a moment.
type Print = [u8; 32];

impl Certificates {
    /// Those of these files, which have to be right at first.
    pub(crate) fn of(files: OwnTls) -> Result<Self, TlsError> {
        let now = Now::read(&files)?;
        Ok(Self {
            files,
            now: watch::Sender::new(now),
        })
    }

    /// What the next handshake with a caller is made with.
    pub(crate) fn serving(&self) -> Arc<ServerConfig> {
        self.now.borrow().serving.clone()
    }

    /// What other instances are called with.
    pub(crate) fn calling(&self) -> Arc<ClientConfig> {
        self.now.borrow().calling.clone()
    }

    /// The files that it is called with.
    pub(crate) const fn calling_files(&self) -> &ClientTls {
        &self.files.calling
    }

    /// What an operator should see to.
    pub(crate) fn warnings(&self, now: SystemTime) -> Vec<String> {
        let state = self.now.borrow();
        let ending = ending(&state.facts, now);
        state.trouble.iter().cloned().chain(ending).collect()
    }

    /// Looks at the files until shutdown.
    pub(crate) async fn keep(self, shutdown: CancellationToken) {
        let mut seen = self.print().await;
        telemetry::certificate_ends(self.now.borrow().facts.not_after);
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = shutdown.cancelled() => return,
            }
            let print = self.print().await;
            if print != seen {
                seen = print;
                self.renew();
            }
        }
    }

    /// Takes the files as they are now, if they are right.
    fn renew(&self) {
        match Now::read(&self.files) {
            Ok(now) => {
                let facts = &now.facts;
                tracing::info!(subject = facts.subject, ends = %date(facts), "a new certificate is served with");
                telemetry::certificate_ends(facts.not_after);
                self.now.send_replace(now);
            }
            Err(error) => {
                let why = with_sources(&error);
                tracing::warn!(why, "the new certificate is not served with");
                let trouble = format!(
                    "the new certificate cannot be used, and the one before it is served with: {why}"
                );
                self.now.send_modify(|now| now.trouble = Some(trouble));
            }
        }
    }

    /// A file that cannot be read counts as an empty one.
    async fn print(&self) -> Print {
        let OwnTls { serving, calling } = &self.files;
        let identity = &serving.identity;
        let own = [&identity.cert_file, &identity.key_file].map(PathBuf::as_path);
        let trusted = [serving.client_auth.ca_file(), calling.ca_file.as_deref()];
        let mut print = Sha256::new();
        for path in own.into_iter().chain(trusted.into_iter().flatten()) {
            let bytes = tokio::fs::read(path).await.unwrap_or_default();
            print.update(Sha256::digest(bytes));
        }
        print.finalize().into()
    }
}

impl Now {
    fn read(files: &OwnTls) -> Result<Self, TlsError> {
        let Serving { mut config, facts } = files.serving.read()?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        Ok(Self {
            serving: Arc::new(config),
            calling: Arc::new(files.calling.config()?),
            facts,
            trouble: None,
        })
    }
}

fn ending(facts: &CertificateFacts, now: SystemTime) -> Option<String> {
    let (subject, date) = (&facts.subject, date(facts));
    match facts.left(now) {
        Some(left) if left > SOON => None,
        Some(left) => {
            let days = left.as_secs() / (24 * 60 * 60);
            Some(format!(
                "the certificate {subject} of this instance ends at {date}, in {days} days"
            ))
        }
        None => Some(format!(
            "the certificate {subject} of this instance ended at {date}: whoever verifies it turns away"
        )),
    }
}

fn date(facts: &CertificateFacts) -> String {
    DateTime::<Utc>::from(facts.not_after).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> CertificateFacts {
        CertificateFacts {
            subject: "CN=lictord".to_owned(),
            not_after: SystemTime::UNIX_EPOCH + Duration::from_hours(24_000),
        }
    }

    #[test]
    fn a_certificate_is_warned_of_before_and_after_its_end() {
        let facts = facts();
        let before = |hours| ending(&facts, facts.not_after - Duration::from_hours(hours));
        assert_eq!(before(15 * 24), None);
        let soon = before(3 * 24).unwrap();
        assert_eq!(
            soon,
            "the certificate CN=lictord of this instance ends at 1972-09-27T00:00:00Z, in 3 days"
        );
        let ended = ending(&facts, facts.not_after + Duration::from_secs(1)).unwrap();
        assert!(ended.contains("ended at 1972-09-27"), "{ended}");
    }
}
