//! How a connection to a server is protected, ours or a replica's to its source.

use std::net::IpAddr;
use std::path::Path;

use lictor_domain::NodeAddress;
use lictor_tls::ClientTls;
use mysql_async::{ClientIdentity, SslOpts};

use crate::quoting::quoted;

/// Whether a connection is protected by TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// It is not.
    #[default]
    Disabled,
    /// It is encrypted to servers that are not on this machine; nobody is verified.
    OffLoopback,
    /// It is, always.
    Demanded(Demand),
}

/// What is demanded of a connection over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What of the server's certificate is verified.
    pub verify: Verify,
    /// The authorities to trust, and the certificate to show. For a replica's
    /// connection these are files on the nodes.
    pub files: ClientTls,
}

/// What of a server's certificate is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Nothing: it is encrypted, for whoever answers.
    Nothing,
    /// That an authority that is trusted gave it.
    Authority,
    /// That, and that it is for the host that was called.
    Identity,
}

impl Tls {
    /// For a connection of our own.
    pub(crate) fn options(&self, address: &NodeAddress) -> Option<SslOpts> {
        match self {
            Self::Disabled => None,
            Self::OffLoopback if is_loopback(address.host()) => None,
            Self::OffLoopback => Some(unverified()),
            Self::Demanded(demand) => Some(demand.options()),
        }
    }

    /// What it adds to the options of a channel, each with this prefix.
    pub(crate) fn of_channel(&self, prefix: &str) -> String {
        let Self::Demanded(Demand { verify, files }) = self else {
            return String::new();
        };
        let file = |option: &str, path: &Path| {
            format!(
                ", {prefix}_SSL_{option} = {}",
                quoted(&path.to_string_lossy())
            )
        };
        let mut options = format!(", {prefix}_SSL = 1");
        if let Some(path) = &files.ca_file {
            options += &file("CA", path);
        }
        if let Some(identity) = &files.identity {
            options += &file("CERT", &identity.cert_file);
            options += &file("KEY", &identity.key_file);
        }
        let verified = u8::from(*verify == Verify::Identity);
        options + &format!(", {prefix}_SSL_VERIFY_SERVER_CERT = {verified}")
    }

    /// Whether a server that gives its data away has to do so over TLS.
    pub(crate) const fn is_demanded(&self) -> bool {
        matches!(self, Self::Demanded(_))
    }
}

impl Demand {
    fn options(&self) -> SslOpts {
        let options = match self.verify {
            Verify::Nothing => unverified(),
            Verify::Authority => SslOpts::default().with_danger_skip_domain_validation(true),
            Verify::Identity => SslOpts::default(),
        };
        let options = match &self.files.ca_file {
            Some(path) => options
                .with_root_certs(vec![path.clone().into()])
                .with_disable_built_in_roots(true),
            None => options,
        };
        let identity = self.files.identity.clone();
        options.with_client_identity(identity.map(|identity| {
            ClientIdentity::new(identity.cert_file.into(), identity.key_file.into())
        }))
    }
}

fn unverified() -> SslOpts {
    SslOpts::default().with_danger_accept_invalid_certs(true)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use lictor_tls::Identity;

    use super::*;

    fn address(text: &str) -> NodeAddress {
        text.parse().unwrap()
    }

    #[test]
    fn only_this_machine_is_talked_to_in_the_clear_unless_it_is_said() {
        for (host, encrypted) in [
            ("127.0.0.9:3306", false),
            ("localhost:3306", false),
            ("[::1]:3306", false),
            ("10.0.0.9:3306", true),
            ("db-1:3306", true),
        ] {
            let options = Tls::OffLoopback.options(&address(host));
            assert_eq!(options.is_some(), encrypted, "{host}");
        }
        assert_eq!(Tls::Disabled.options(&address("10.0.0.9:3306")), None);
    }

    #[test]
    fn what_is_verified_is_what_was_demanded() {
        let options = |verify| {
            let files = ClientTls {
                ca_file: Some("/ca.pem".into()),
                identity: None,
            };
            let demand = Tls::Demanded(Demand { verify, files });
            demand.options(&address("127.0.0.1:3306")).unwrap()
        };
        let weak = |options: &SslOpts| {
            (
                options.accept_invalid_certs(),
                options.skip_domain_validation(),
            )
        };
        assert_eq!(weak(&options(Verify::Nothing)), (true, false));
        assert_eq!(weak(&options(Verify::Authority)), (false, true));
        let whole = options(Verify::Identity);
        assert_eq!(weak(&whole), (false, false));
        assert!(whole.disable_built_in_roots(), "only the authority named");
    }

    #[test]
    fn a_channel_is_told_its_files_quoted() {
        let demand = Tls::Demanded(Demand {
            verify: Verify::Identity,
            files: ClientTls {
                ca_file: Some("/it's/ca.pem".into()),
                identity: Some(Identity {
                    cert_file: "/c".into(),
                    key_file: "/k".into(),
                }),
            },
        });
        assert_eq!(
            demand.of_channel("SOURCE"),
            ", SOURCE_SSL = 1, SOURCE_SSL_CA = '/it''s/ca.pem', SOURCE_SSL_CERT = '/c', \
             SOURCE_SSL_KEY = '/k', SOURCE_SSL_VERIFY_SERVER_CERT = 1"
        );
        assert_eq!(Tls::Disabled.of_channel("SOURCE"), "");
    }
}
