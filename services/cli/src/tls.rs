//! An authority to try Lictor out with, and certificates of it.
//!
//! Every file is readable by its owner alone and is new: what exists is never
//! overwritten, and when one file exists none is made.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::args::{Format, InitArgs};
use crate::output::{Paint, View, show};

/// At these one reaches a server on one's own machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// Clocks that are behind see the certificates hold as well.
const BACKDATED: Duration = Duration::days(1);

/// What was made.
#[derive(Serialize)]
struct Made {
    ca_file: PathBuf,
    ca_key_file: PathBuf,
    cert_file: PathBuf,
    key_file: PathBuf,
    client_cert_file: PathBuf,
    client_key_file: PathBuf,
    hosts: Vec<String>,
}

impl Made {
    fn at(dir: &Path, hosts: Vec<String>) -> Self {
        Self {
            ca_file: dir.join("ca.pem"),
            ca_key_file: dir.join("ca-key.pem"),
            cert_file: dir.join("server.pem"),
            key_file: dir.join("server-key.pem"),
            client_cert_file: dir.join("client.pem"),
            client_key_file: dir.join("client-key.pem"),
            hosts,
        }
    }

    fn files(&self) -> [&Path; 6] {
        [
            &self.ca_file,
            &self.ca_key_file,
            &self.cert_file,
            &self.key_file,
            &self.client_cert_file,
            &self.client_key_file,
        ]
    }
}

impl View for Made {
    fn text(&self, _: Paint) -> String {
        format!(
            "Made an authority, a certificate for a lictord at {hosts}, and one for clients.\n\n\
             In the settings of lictord:\n\n\
             [tls]\n\
             cert_file = \"{cert}\"\n\
             key_file = \"{key}\"\n\
             ca_file = \"{ca}\"           # trusted at other lictord\n\
             client_ca_file = \"{ca}\"    # with client_auth: who shows a certificate of it is let in\n\
             client_auth = \"optional\"\n\n\
             For the command line:\n\n\
             export LICTOR_SERVER=https://{host}:7400\n\
             export LICTOR_CA_FILE={ca}\n\
             export LICTOR_CERT_FILE={client_cert} LICTOR_KEY_FILE={client_key}",
            hosts = self.hosts.join(", "),
            host = self.hosts.first().map_or("localhost", String::as_str),
            cert = self.cert_file.display(),
            key = self.key_file.display(),
            ca = self.ca_file.display(),
            client_cert = self.client_cert_file.display(),
            client_key = self.client_key_file.display(),
        )
    }
}

/// Makes an authority, a server's certificate and a client's.
pub(crate) fn init(args: &InitArgs, format: Format) -> anyhow::Result<()> {
    let loopback = LOOPBACK.map(ToOwned::to_owned);
    let hosts: Vec<String> = args.hosts.iter().cloned().chain(loopback).collect();
    let made = Made::at(&args.dir, hosts);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&args.dir)
        .with_context(|| format!("{} cannot be made", args.dir.display()))?;
    if let Some(there) = made.files().into_iter().find(|file| file.exists()) {
        bail!(
            "{} exists, and nothing is overwritten; nothing was made",
            there.display()
        );
    }
    let texts = certificates(&made.hosts, args.days)?;
    for (file, text) in made.files().into_iter().zip(texts) {
        write(file, &text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    show(&made, format)
}

/// In the order of [`Made::files`].
fn certificates(hosts: &[String], days: u16) -> anyhow::Result<[String; 6]> {
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    let mut authority = params("Lictor development CA", &[], days)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_key = KeyPair::generate()?;
    let ca = authority.self_signed(&ca_key)?.pem();
    let issuer = Issuer::from_params(&authority, &ca_key);
    let issue = |name, hosts, purposes| {
        let mut params = params(name, hosts, days)?;
        params.extended_key_usages = purposes;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        anyhow::Ok((certificate.pem(), key.serialize_pem()))
    };
    // A lictord is a client of other lictord, too.
    let (server, server_key) = issue("lictord", hosts, vec![ServerAuth, ClientAuth])?;
    let (client, client_key) = issue("lictor-client", &[], vec![ClientAuth])?;
    let ca_key = ca_key.serialize_pem();
    Ok([ca, ca_key, server, server_key, client, client_key])
}

fn params(name: &str, hosts: &[String], days: u16) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(hosts)
        .with_context(|| format!("{} cannot be names of a server", hosts.join(", ")))?;
    params.distinguished_name.push(DnType::CommonName, name);
    let now = OffsetDateTime::now_utc();
    params.not_before = now - BACKDATED;
    params.not_after = now + Duration::days(days.into());
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use lictor_tls::{ClientAuth, ClientTls, Identity, ServerTls};
    use tempfile::TempDir;

    use super::*;

    fn args(dir: &Path) -> InitArgs {
        InitArgs {
            dir: dir.join("tls"),
            hosts: vec!["lictor-1".to_owned()],
            days: 30,
        }
    }

    #[test]
    fn what_is_made_can_be_served_with_and_read_by_nobody_else() {
        let dir = TempDir::new().unwrap();
        let args = args(dir.path());
        init(&args, Format::Json).unwrap();
        let made = Made::at(&args.dir, vec![]);
        for file in made.files() {
            let permissions = fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(permissions & 0o777, 0o600, "{}", file.display());
        }
        let server = ServerTls {
            identity: Identity {
                cert_file: made.cert_file,
                key_file: made.key_file,
            },
            client_auth: ClientAuth::Required(made.ca_file.clone()),
        };
        assert_eq!(server.read().unwrap().facts.subject, "CN=lictord");
        let client = ClientTls {
            ca_file: Some(made.ca_file),
            identity: Some(Identity {
                cert_file: made.client_cert_file,
                key_file: made.client_key_file,
            }),
        };
        assert!(client.config().is_ok());
    }

    #[test]
    fn nothing_is_overwritten_and_then_nothing_is_made() {
        let dir = TempDir::new().unwrap();
        let args = args(dir.path());
        fs::create_dir(&args.dir).unwrap();
        fs::write(args.dir.join("client.pem"), "mine").unwrap();
        let said = init(&args, Format::Json).unwrap_err().to_string();
        assert!(said.contains("client.pem exists"), "{said}");
        assert_eq!(fs::read_dir(&args.dir).unwrap().count(), 1);
        let kept = fs::read_to_string(args.dir.join("client.pem")).unwrap();
        assert_eq!(kept, "mine");
    }
}
