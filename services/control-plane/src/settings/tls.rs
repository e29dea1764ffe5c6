//! What the settings say about TLS.
//!
//! Plaintext where others can listen is served only to who says so.

use std::net::SocketAddr;
use std::path::PathBuf;

use lictor_mysql::{Demand, Tls, Verify};
use lictor_tls::{ClientAuth, ClientTls, Identity, ServerTls};

use super::document::{ClientAuthWord, MysqlSection, MysqlTlsWord, ReplicationTlsWord, TlsSection};
use super::error::SettingsError;

/// How this instance speaks TLS with whom calls it, and with others like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnTls {
    /// For those who call.
    pub(crate) serving: ServerTls,
    /// For other instances, to whom it shows the same certificate.
    pub(crate) calling: ClientTls,
}

/// How the port is served: over TLS, or in plaintext.
pub(super) fn own(
    section: TlsSection,
    listen: SocketAddr,
) -> Result<Option<OwnTls>, SettingsError> {
    let wrong = |key, why: &str| Err(SettingsError::wrong(key, why));
    let keys = ["tls.cert_file", "tls.key_file"];
    let identity = identity(keys, section.cert_file, section.key_file)?;
    let client_auth = match (section.client_auth, section.client_ca_file) {
        (ClientAuthWord::None, None) => ClientAuth::None,
        (ClientAuthWord::Optional, Some(path)) => ClientAuth::Optional(path),
        (ClientAuthWord::Required, Some(path)) => ClientAuth::Required(path),
        (ClientAuthWord::None, Some(_)) => {
            let why = "with `tls.client_ca_file` it has to be `optional` or `required`";
            return wrong("tls.client_auth", why);
        }
        (_, None) => {
            let why = "it is not set: whose certificates of clients are right?";
            return wrong("tls.client_ca_file", why);
        }
    };
    match (identity, section.plaintext) {
        (Some(identity), false) => Ok(Some(OwnTls {
            calling: ClientTls {
                ca_file: section.ca_file,
                identity: Some(identity.clone()),
            },
            serving: ServerTls {
                identity,
                client_auth,
            },
        })),
        (Some(_), true) => wrong("tls.plaintext", "there is a certificate to serve with"),
        (None, _) if client_auth != ClientAuth::None => wrong(
            "tls.cert_file",
            "it is not set, and only TLS knows certificates of clients",
        ),
        (None, _) if section.ca_file.is_some() => wrong(
            "tls.cert_file",
            "it is not set, and only with TLS others are trusted by theirs",
        ),
        (None, false) if !listen.ip().is_loopback() => {
            let why = format!(
                "it is not set, and {listen} can be reached by others: set it and `tls.key_file` \
                 (`lictor tls init` makes some to try), or say `tls.plaintext = true`"
            );
            wrong("tls.cert_file", &why)
        }
        (None, _) => Ok(None),
    }
}

/// How Lictor's own connections to the nodes are protected, and those of replicas
/// to their sources.
pub(super) fn of_mysql(section: &MysqlSection) -> Result<(Tls, Tls), SettingsError> {
    let of_control = Asked {
        tls: "mysql.tls",
        ca: ("mysql.ca_file", section.ca_file.clone()),
        identity: identity(
            ["mysql.cert_file", "mysql.key_file"],
            section.cert_file.clone(),
            section.key_file.clone(),
        )?,
    };
    let of_control = match section.tls {
        MysqlTlsWord::Disabled => of_control.nothing(Tls::Disabled),
        MysqlTlsWord::OffLoopback => of_control.nothing(Tls::OffLoopback),
        MysqlTlsWord::Required => of_control.demand(Verify::Nothing),
        MysqlTlsWord::VerifyCa => of_control.demand(Verify::Authority),
        MysqlTlsWord::VerifyIdentity => of_control.demand(Verify::Identity),
    }?;
    if let Tls::Demanded(demand) = &of_control {
        // Those of replicas are files on the nodes.
        let read = demand.files.pem();
        read.map_err(|error| SettingsError::wrong("mysql.tls", error.to_string()))?;
    }
    let of_replicas = Asked {
        tls: "mysql.replication_tls",
        ca: (
            "mysql.replication_ca_file",
            section.replication_ca_file.clone(),
        ),
        identity: identity(
            ["mysql.replication_cert_file", "mysql.replication_key_file"],
            section.replication_cert_file.clone(),
            section.replication_key_file.clone(),
        )?,
    };
    let of_replicas = match section.replication_tls {
        ReplicationTlsWord::Disabled => of_replicas.nothing(Tls::Disabled),
        ReplicationTlsWord::Required => of_replicas.demand(Verify::Nothing),
        ReplicationTlsWord::VerifyCa => of_replicas.demand(Verify::Authority),
        ReplicationTlsWord::VerifyIdentity => of_replicas.demand(Verify::Identity),
    }?;
    Ok((of_control, of_replicas))
}

/// The files that are said beside the word, and their keys.
struct Asked {
    tls: &'static str,
    ca: (&'static str, Option<PathBuf>),
    identity: Option<Identity>,
}

impl Asked {
    fn nothing(self, tls: Tls) -> Result<Tls, SettingsError> {
        if self.ca.1.is_none() && self.identity.is_none() {
            return Ok(tls);
        }
        let why = "it does not say that TLS is demanded, and files are given for it";
        Err(SettingsError::wrong(self.tls, why))
    }

    fn demand(self, verify: Verify) -> Result<Tls, SettingsError> {
        let (key, ca_file) = self.ca;
        match (verify, &ca_file) {
            (Verify::Nothing, Some(_)) => {
                let why = format!("`{key}` is given, and nothing is verified by it");
                Err(SettingsError::wrong(self.tls, why))
            }
            (Verify::Authority | Verify::Identity, None) => {
                let why = format!("it is not set, and `{}` verifies by it", self.tls);
                Err(SettingsError::wrong(key, why))
            }
            _ => Ok(Tls::Demanded(Demand {
                verify,
                files: ClientTls {
                    ca_file,
                    identity: self.identity,
                },
            })),
        }
    }
}

/// A certificate and its key, of which neither is of use alone.
pub(super) fn identity(
    keys: [&'static str; 2],
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
) -> Result<Option<Identity>, SettingsError> {
    match (cert_file, key_file) {
        (Some(cert_file), Some(key_file)) => Ok(Some(Identity {
            cert_file,
            key_file,
        })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(missing(keys[1], keys[0])),
        (None, Some(_)) => Err(missing(keys[0], keys[1])),
    }
}

fn missing(key: &'static str, with: &str) -> SettingsError {
    SettingsError::wrong(key, format!("it is not set, and `{with}` is"))
}
