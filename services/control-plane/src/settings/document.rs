//! What may be written about settings, and how file, environment and flags
//! become one document.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::util::nest;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use lictor_domain::ClusterName;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use super::error::SettingsError;
use super::secret::{masked, variable};
use crate::access::{AccessLimits, AccessSettings};
use crate::args::Flags;

const PREFIX: &str = "LICTOR_";
/// Settings outside any section. Another variable with the prefix and without a
/// section is another program's: the CLI's `LICTOR_SERVER`, or what a container
/// platform makes up for a service named `lictor`.
const WITHOUT_SECTION: [&str; 3] = ["listen", "advertise", "instance"];
/// Secrets that may not stand in a settings file.
const NOT_IN_A_FILE: [&str; 3] = [
    "mysql.password",
    "mysql.replication_password",
    "consul.token",
];

/// All there is to say.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Document {
    /// Where to serve.
    pub(crate) listen: SocketAddr,
    /// The URL at which others reach this instance; `https://<listen>`, or `http`
    /// without TLS, unless it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advertise: Option<String>,
    /// Its name; host and port of `advertise` unless it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance: Option<String>,
    /// How it is served.
    pub(crate) tls: TlsSection,
    /// Postgres.
    pub(crate) postgres: PostgresSection,
    /// Consul.
    pub(crate) consul: ConsulSection,
    /// The accounts on the MySQL nodes.
    pub(crate) mysql: MysqlSection,
    /// Who may call.
    pub(crate) access: AccessSection,
    /// The times of the leadership leases.
    pub(crate) lease: LeaseSection,
    /// The agents beside the servers.
    pub(crate) agent: AgentSection,
    /// The routing push.
    pub(crate) push: PushSection,
    /// What happened to the clusters.
    pub(crate) history: HistorySection,
    /// The log.
    pub(crate) log: LogSection,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 7400).into(),
            advertise: None,
            instance: None,
            tls: TlsSection::default(),
            postgres: PostgresSection::default(),
            consul: ConsulSection::default(),
            mysql: MysqlSection::default(),
            access: AccessSection::default(),
            lease: LeaseSection::default(),
            agent: AgentSection::default(),
            push: PushSection::default(),
            history: HistorySection::default(),
            log: LogSection::default(),
        }
    }
}

/// TLS at the port.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsSection {
    /// The certificate of this instance, with what leads to its authority (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cert_file: Option<PathBuf>,
    /// Its private key (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_file: Option<PathBuf>,
    /// The authorities of other instances' certificates (PEM), instead of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ca_file: Option<PathBuf>,
    /// Whether a client has to show a certificate.
    pub(super) client_auth: ClientAuthWord,
    /// The authorities of clients' certificates (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_ca_file: Option<PathBuf>,
    /// Serve without TLS, also where others can listen.
    #[serde(deserialize_with = "flag")]
    pub(super) plaintext: bool,
}

/// Whether a client has to show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientAuthWord {
    /// It is not asked for one.
    #[default]
    None,
    /// One that it shows has to be right.
    Optional,
    /// It has to.
    Required,
}

/// Postgres.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PostgresSection {
    /// `postgres://role:password@host:port/database`; of several hosts,
    /// `a:5432,b:5432`, the first that takes writes is used.
    #[serde(serialize_with = "masked", skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<SecretString>,
    /// A file that holds the URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url_file: Option<PathBuf>,
    /// Connections at most.
    #[serde(deserialize_with = "count")]
    pub(super) max_connections: NonZeroU32,
}

impl Default for PostgresSection {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            max_connections: number(8),
        }
    }
}

/// Consul.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ConsulSection {
    /// URL of an agent's HTTP API.
    pub(super) address: String,
    /// The ACL token; by the environment only.
    #[serde(serialize_with = "masked", skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<SecretString>,
    /// A file that holds the ACL token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_file: Option<PathBuf>,
    /// The authorities to trust at an https address (PEM), instead of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ca_file: Option<PathBuf>,
    /// A certificate to show there (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cert_file: Option<PathBuf>,
    /// Its private key (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_file: Option<PathBuf>,
    /// Send the token without TLS, also where others can listen.
    #[serde(deserialize_with = "flag")]
    pub(super) plaintext: bool,
}

impl Default for ConsulSection {
    fn default() -> Self {
        Self {
            address: "http://127.0.0.1:8500".to_owned(),
            token: None,
            token_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            plaintext: false,
        }
    }
}

/// The accounts on the MySQL nodes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MysqlSection {
    /// The account that Lictor itself logs in as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    /// Its password; by the environment only.
    #[serde(serialize_with = "masked", skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<SecretString>,
    /// A file that holds its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password_file: Option<PathBuf>,
    /// The account that replicas log in to their source as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replication_user: Option<String>,
    /// Its password; by the environment only.
    #[serde(serialize_with = "masked", skip_serializing_if = "Option::is_none")]
    pub(super) replication_password: Option<SecretString>,
    /// A file that holds its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replication_password_file: Option<PathBuf>,
    /// How Lictor's own connections are protected.
    pub(super) tls: MysqlTlsWord,
    /// The authorities of the nodes' certificates (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ca_file: Option<PathBuf>,
    /// A certificate to show to the nodes (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cert_file: Option<PathBuf>,
    /// Its private key (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_file: Option<PathBuf>,
    /// How a replica that Lictor points at a source connects to it.
    pub(super) replication_tls: ReplicationTlsWord,
    /// The same for replicas; these are files on the nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replication_ca_file: Option<PathBuf>,
    /// A certificate that replicas show to their source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replication_cert_file: Option<PathBuf>,
    /// Its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replication_key_file: Option<PathBuf>,
    /// The accounts of clusters that have their own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) clusters: BTreeMap<ClusterName, ClusterAccounts>,
}

/// The accounts on the nodes of one cluster; those of all clusters, where one is not
/// said.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClusterAccounts {
    /// The account that Lictor itself logs in as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    /// A file that holds its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password_file: Option<PathBuf>,
    /// The account that replicas log in to their source as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replication_user: Option<String>,
    /// A file that holds its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replication_password_file: Option<PathBuf>,
}

/// Who may call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccessSection {
    /// The key that every instance has: 64 hexadecimal digits that nobody else can
    /// read. Made where there is no such file; copy it to the other instances.
    pub(super) key_file: PathBuf,
    /// Where the first token is, or is written by the instance that makes it; printed
    /// once unless this is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bootstrap_token_file: Option<PathBuf>,
    /// Requests that one token may make in a second.
    #[serde(deserialize_with = "count")]
    pub(super) requests_per_second: NonZeroU32,
    /// Streams that one token may have open.
    #[serde(deserialize_with = "count")]
    pub(super) streams_per_token: NonZeroU32,
}

impl Default for AccessSection {
    fn default() -> Self {
        Self {
            key_file: "/var/lib/lictor/key".into(),
            bootstrap_token_file: None,
            requests_per_second: number(2000),
            streams_per_token: number(20_000),
        }
    }
}

impl From<AccessSection> for AccessSettings {
    fn from(section: AccessSection) -> Self {
        Self {
            key_file: section.key_file,
            bootstrap_token_file: section.bootstrap_token_file,
            limits: AccessLimits {
                requests_per_second: section.requests_per_second,
                streams: section.streams_per_token,
            },
        }
    }
}

/// How connections to the nodes are protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MysqlTlsWord {
    /// They are not.
    Disabled,
    /// They are encrypted, except on this machine.
    #[default]
    OffLoopback,
    /// They are encrypted; nobody is verified.
    Required,
    /// Certificates are verified, for whatever name they are.
    VerifyCa,
    /// Certificates are verified, with their names.
    VerifyIdentity,
}

/// How replicas connect to their source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReplicationTlsWord {
    /// As the server does by itself: without TLS.
    #[default]
    Disabled,
    /// Encrypted; nobody is verified.
    Required,
    /// The source's certificate is verified, for whatever name it is.
    VerifyCa,
    /// The source's certificate is verified, with its name.
    VerifyIdentity,
}

/// The times of the leadership leases, in milliseconds: the same at every
/// instance. See `LeaseTiming::new` for what they mean.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "a setting's name ends with its unit"
)]
pub(crate) struct LeaseSection {
    #[serde(deserialize_with = "count")]
    pub(super) duration_ms: NonZeroU32,
    #[serde(deserialize_with = "count")]
    pub(super) renew_ms: NonZeroU32,
    #[serde(deserialize_with = "count")]
    pub(super) poll_ms: NonZeroU32,
    #[serde(deserialize_with = "count")]
    pub(super) deadline_ms: NonZeroU32,
    #[serde(deserialize_with = "count")]
    pub(super) margin_ms: NonZeroU32,
}

impl Default for LeaseSection {
    fn default() -> Self {
        Self {
            duration_ms: number(1500),
            renew_ms: number(400),
            poll_ms: number(200),
            deadline_ms: number(350),
            margin_ms: number(300),
        }
    }
}

/// The agents beside the servers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AgentSection {
    /// How long an agent's lease lasts, in milliseconds: a failover that has no
    /// other proof waits for its end, and without any lictord for so long the
    /// agent kills a primary.
    #[serde(deserialize_with = "count")]
    pub(super) lease_ms: NonZeroU32,
}

impl Default for AgentSection {
    fn default() -> Self {
        Self {
            lease_ms: number(6000),
        }
    }
}

/// The routing push.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PushSection {
    /// Subscribers at most; one more is told to ask another instance.
    #[serde(deserialize_with = "count")]
    pub(super) max_subscribers: NonZeroU32,
}

impl Default for PushSection {
    fn default() -> Self {
        Self {
            max_subscribers: number(20_000),
        }
    }
}

/// What happened to the clusters.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HistorySection {
    /// What is older than so many days is forgotten.
    #[serde(deserialize_with = "count")]
    pub(crate) keep_days: NonZeroU32,
    /// A directory of this lictord's own: what Postgres does not take waits
    /// there.
    pub(crate) spool_dir: PathBuf,
    /// So much waits there at most, in MiB.
    #[serde(deserialize_with = "count")]
    pub(crate) spool_max_mb: NonZeroU32,
}

impl Default for HistorySection {
    fn default() -> Self {
        Self {
            keep_days: number(400),
            spool_dir: "/var/lib/lictor/spool".into(),
            spool_max_mb: number(64),
        }
    }
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogSection {
    /// A level, or a filter such as `info,lictord::steward=debug`.
    pub(crate) level: String,
    /// How it is written.
    pub(crate) format: LogFormat,
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::default(),
        }
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Document {
    /// Reads the file that the flags name, the environment, and the flags.
    pub(crate) fn load(flags: &Flags) -> Result<Self, SettingsError> {
        let environment = Env::prefixed(PREFIX).split("__");
        let ours = environment
            .iter()
            .map(|(key, text)| (key.as_str().to_ascii_lowercase(), text))
            .filter(|(key, _)| key.contains('.') || WITHOUT_SECTION.contains(&key.as_str()));
        Self::from_sources(flags, ours)
    }

    /// The same, with the environment as keys and texts.
    pub(super) fn from_sources(
        flags: &Flags,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut figment = Figment::new();
        if let Some(path) = &flags.config {
            figment = figment.merge(file(path)?);
        }
        for (key, text) in environment {
            figment = figment.merge(Variable { key, text });
        }
        Ok(figment.merge(of_flags(flags)).extract()?)
    }

    /// With the defaults that follow from other settings.
    pub(super) fn completed(self) -> Self {
        let listen = self.listen;
        let scheme = self.tls.cert_file.as_ref().map_or("http", |_| "https");
        let advertise = self.advertise;
        let advertise = advertise.unwrap_or_else(|| format!("{scheme}://{listen}"));
        let authority = advertise.split("://").last().unwrap_or_default();
        let authority = authority.trim_end_matches('/').to_owned();
        Self {
            advertise: Some(advertise),
            instance: self.instance.or(Some(authority)),
            ..self
        }
    }
}

fn file(path: &Path) -> Result<Figment, SettingsError> {
    let text = fs::read_to_string(path).map_err(|source| SettingsError::File {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str::<toml::Table>(&text).map_err(|error| SettingsError::Syntax {
        path: path.to_owned(),
        why: where_and_what(&text, &error),
    })?;
    let file = Figment::from(Toml::file_exact(path));
    for key in NOT_IN_A_FILE {
        if file.contains(key) {
            let advice = format!(
                "it may not stand in the settings file; use `{key}_file` or {}",
                variable(key)
            );
            return Err(SettingsError::wrong(key, advice));
        }
    }
    Ok(file)
}

/// Never the line itself, which may hold a secret.
fn where_and_what(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.unwrap_or_default().matches('\n').count() + 1;
    format!("line {line}: {}", error.message())
}

fn of_flags(flags: &Flags) -> Figment {
    let mut figment = Figment::new();
    if let Some(listen) = flags.listen {
        figment = figment.merge(Serialized::default("listen", listen));
    }
    if let Some(format) = flags.log_format {
        figment = figment.merge(Serialized::default("log.format", format));
    }
    figment
}

/// One variable of the environment; its value is a text, for a password may
/// look like a number.
struct Variable {
    key: String,
    text: String,
}

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("environment variable {}", variable(&self.key)))
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let value = nest(&self.key, Value::from(self.text.as_str()));
        Ok(Profile::Default.collect(value.into_dict().unwrap_or_default()))
    }
}

/// A number of at least 1, which the environment says as a text.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NonZeroU32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NumberOrText {
        Number(NonZeroU32),
        Text(String),
    }
    let wrong = || serde::de::Error::custom("a whole number from 1 is needed");
    match NumberOrText::deserialize(deserializer) {
        Ok(NumberOrText::Number(number)) => Ok(number),
        Ok(NumberOrText::Text(text)) => text.parse().map_err(|_| wrong()),
        Err(_) => Err(wrong()),
    }
}

/// True or false, which the environment says as a text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum FlagOrText {
        Flag(bool),
        Text(String),
    }
    let wrong = || serde::de::Error::custom("true or false is needed");
    match FlagOrText::deserialize(deserializer) {
        Ok(FlagOrText::Flag(flag)) => Ok(flag),
        Ok(FlagOrText::Text(text)) => text.parse().map_err(|_| wrong()),
        Err(_) => Err(wrong()),
    }
}

const fn number(value: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(value - 1)
}
