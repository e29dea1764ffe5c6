//! The laboratory's own authority, and certificates of it.
//!
//! The keys are worth nothing: they are for servers on loopback that end with the
//! test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};

/// A certificate authority.
#[derive(Debug)]
pub struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in files.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The authority's certificate.
    pub ca_file: PathBuf,
    /// The certificate.
    pub cert_file: PathBuf,
    /// The key, which only its owner may read.
    pub key_file: PathBuf,
}

impl Authority {
    /// A new one that keeps its files in `dir`, which is made.
    pub fn new(dir: &Path, name: &str) -> Result<Self> {
        // Several providers may be linked in; what was chosen before stands.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        fs::create_dir_all(dir)?;
        let mut params = params(name, &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        fs::write(dir.join("ca.pem"), params.self_signed(&key)?.pem())?;
        Ok(Self {
            dir: dir.to_owned(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The file of its certificate.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// A certificate `CN=name` for a server at these hosts, or for a client. One of
    /// that name that it gave before is replaced in its files.
    pub fn issue(&self, name: &str, hosts: &[String]) -> Result<Identity> {
        let mut params = params(name, hosts)?;
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let identity = Identity {
            ca_file: self.ca_file(),
            cert_file: self.dir.join(format!("{name}.pem")),
            key_file: self.dir.join(format!("{name}-key.pem")),
        };
        fs::write(&identity.cert_file, certificate.pem())?;
        fs::write(&identity.key_file, key.serialize_pem())?;
        fs::set_permissions(&identity.key_file, fs::Permissions::from_mode(0o600))?;
        Ok(identity)
    }

    /// A client of HTTP that trusts nobody else, and shows a certificate of it.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn http(&self, client: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        let shown = self.issue("laboratory", &[])?;
        let ca = reqwest::Certificate::from_pem(&fs::read(self.ca_file())?)?;
        let pem = [fs::read(shown.cert_file)?, fs::read(shown.key_file)?].concat();
        let identity = reqwest::Identity::from_pem(&pem)?;
        Ok(client.tls_certs_only([ca]).identity(identity))
    }
}

fn params(name: &str, hosts: &[String]) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(hosts).context("no names for a certificate")?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}
