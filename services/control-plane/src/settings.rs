//! The settings of lictord: what the file, the environment and the flags say,
//! in that order, the last one winning.
//!
//! [`Document`] is what may be written, [`Settings`] what came of it: complete,
//! checked, secrets read from their files. A key that nobody knows is an error,
//! and a secret is shown nowhere, in no error and no `Debug`.

mod document;
mod error;
mod secret;
mod tls;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use lictor_consul::{ConsulConfig, Url};
use lictor_domain::ClusterName;
use lictor_engine::leadership::LeaseTiming;
use lictor_mysql::Account;
use lictor_store::StoreConfig;
use lictor_tls::ClientTls;
use secrecy::SecretString;

use self::document::{ClusterAccounts, Document};
pub(crate) use self::document::{HistorySection, LogFormat, LogSection};
pub(crate) use self::error::SettingsError;
use self::secret::{one_of, optional};
pub(crate) use self::tls::OwnTls;
use crate::access::AccessSettings;
use crate::args::Args;

/// The longest lease of an agent: ten minutes.
const AGENT_LEASE_MAX_MS: u32 = 600_000;

/// How one lictord is set up.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where gRPC and HTTP are served.
    pub(crate) listen: SocketAddr,
    /// The URL at which others reach this instance.
    pub(crate) advertise: String,
    /// Its name among the members of the control plane.
    pub(crate) instance: String,
    /// How TLS is spoken; nothing where it is served in plaintext.
    pub(crate) tls: Option<OwnTls>,
    /// Postgres.
    pub(crate) postgres: Postgres,
    /// Consul.
    pub(crate) consul: Consul,
    /// The accounts on the MySQL nodes.
    pub(crate) mysql: Mysql,
    /// Who may call.
    pub(crate) access: AccessSettings,
    /// The times of the leadership leases.
    pub(crate) lease: LeaseTiming,
    /// How long a lease of an agent lasts.
    pub(crate) agent_lease: Duration,
    /// Subscribers of the routing push at most.
    pub(crate) max_subscribers: NonZeroU32,
    /// The history.
    pub(crate) history: HistorySection,
    /// The log.
    pub(crate) log: LogSection,
    shown: String,
}

/// How to reach Postgres.
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    url: SecretString,
    max_connections: NonZeroU32,
}

impl Postgres {
    /// What the store needs to know.
    pub(crate) fn config(&self) -> StoreConfig {
        StoreConfig {
            max_connections: self.max_connections,
            ..StoreConfig::new(self.url.clone())
        }
    }
}

/// How to reach Consul.
#[derive(Clone, Debug)]
pub(crate) struct Consul {
    address: Url,
    token: Option<SecretString>,
    tls: ClientTls,
}

impl Consul {
    /// What Consul's client needs to know.
    pub(crate) fn config(&self) -> ConsulConfig {
        ConsulConfig {
            token: self.token.clone(),
            tls: self.tls.clone(),
            ..ConsulConfig::new(self.address.clone())
        }
    }
}

/// The accounts on the MySQL nodes.
#[derive(Clone, Debug)]
pub(crate) struct Mysql {
    all: Accounts,
    own: BTreeMap<ClusterName, Accounts>,
}

#[derive(Clone, Debug)]
struct Accounts {
    control: Account,
    replication: Account,
}

impl Mysql {
    /// The account that Lictor itself logs in as, on that cluster's nodes.
    pub(crate) fn control_account(&self, cluster: &ClusterName) -> Account {
        self.of(cluster).control.clone()
    }

    /// The account that replicas of that cluster log in to their source as.
    pub(crate) fn replication_account(&self, cluster: &ClusterName) -> Account {
        self.of(cluster).replication.clone()
    }

    fn of(&self, cluster: &ClusterName) -> &Accounts {
        self.own.get(cluster).unwrap_or(&self.all)
    }
}

impl Settings {
    /// Reads the file that the flags name, the environment, and the flags, and
    /// checks what comes of it.
    ///
    /// # Errors
    /// [`SettingsError`], about the first thing that is not right.
    pub(crate) fn load(args: &Args) -> Result<Self, SettingsError> {
        Self::new(Document::load(&args.flags)?)
    }

    /// The settings in force, as a file would say them, secrets masked.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Checks a document, and reads the files it names.
    fn new(document: Document) -> Result<Self, SettingsError> {
        let document = document.completed();
        let agent_lease = agent_lease(&document)?;
        Ok(Self {
            shown: toml::to_string(&document)?,
            advertise: advertise(&document)?,
            instance: instance(document.instance.unwrap_or_default())?,
            tls: tls::own(document.tls, document.listen)?,
            postgres: postgres(document.postgres)?,
            consul: consul(document.consul)?,
            mysql: mysql(document.mysql)?,
            access: document.access.into(),
            agent_lease,
            lease: lease(&document.lease)?,
            max_subscribers: document.push.max_subscribers,
            history: history(document.history)?,
            log: log(document.log)?,
            listen: document.listen,
        })
    }
}

fn advertise(document: &Document) -> Result<String, SettingsError> {
    const KEY: &str = "advertise";
    let url = document.advertise.clone().unwrap_or_default();
    let wrong = |why: &str| SettingsError::wrong(KEY, format!("`{url}` {why}"));
    let parsed: Uri = url
        .parse()
        .map_err(|_| wrong("is no URL such as https://lictor-1:7400"))?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return Err(wrong("does not start with https:// or http://"));
    }
    let everywhere = ["0.0.0.0", "[::]"];
    if parsed.host().is_none_or(|host| everywhere.contains(&host)) {
        return Err(wrong(
            "is no address at which others reach this instance; set it to one they can use",
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// It goes into lease records, logs and the service's id in Consul.
fn instance(name: String) -> Result<String, SettingsError> {
    const MAX: usize = 64;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:[]".contains(c);
    if name.is_empty() || name.len() > MAX || !name.chars().all(allowed) {
        return Err(SettingsError::wrong(
            "instance",
            format!("it must be 1 to {MAX} characters of a-z, A-Z, 0-9 and -_.:[]"),
        ));
    }
    Ok(name)
}

fn postgres(section: document::PostgresSection) -> Result<Postgres, SettingsError> {
    Ok(Postgres {
        url: one_of("postgres.url", section.url, section.url_file.as_deref())?,
        max_connections: section.max_connections,
    })
}

fn consul(section: document::ConsulSection) -> Result<Consul, SettingsError> {
    let address: Url = section.address.parse().map_err(|_| {
        let example = "is no URL such as http://127.0.0.1:8500";
        SettingsError::wrong("consul.address", format!("`{}` {example}", section.address))
    })?;
    let file = section.token_file.as_deref();
    let token = optional("consul.token", section.token, file)?;
    if token.is_some() && !section.plaintext && is_overheard(&address) {
        let why = format!(
            "`{address}` is plaintext, and others can hear the token; use https://, or say \
             `consul.plaintext = true`"
        );
        return Err(SettingsError::wrong("consul.address", why));
    }
    let keys = ["consul.cert_file", "consul.key_file"];
    let tls = ClientTls {
        ca_file: section.ca_file,
        identity: tls::identity(keys, section.cert_file, section.key_file)?,
    };
    Ok(Consul {
        address,
        token,
        tls,
    })
}

/// Whether what is sent there can be heard by others.
fn is_overheard(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    let local = host.parse::<IpAddr>().map(|host| host.is_loopback());
    address.scheme() == "http" && !local.unwrap_or(host == "localhost")
}

fn mysql(section: document::MysqlSection) -> Result<Mysql, SettingsError> {
    let (of_control, of_replicas) = tls::of_mysql(&section)?;
    let user = |key, user: Option<String>| {
        user.filter(|user| !user.is_empty())
            .ok_or_else(|| SettingsError::wrong(key, "it is not set, and there is no default"))
    };
    let file = section.replication_password_file.as_deref();
    let all = Accounts {
        control: Account {
            user: user("mysql.user", section.user)?,
            password: one_of(
                "mysql.password",
                section.password,
                section.password_file.as_deref(),
            )?,
            tls: of_control,
        },
        replication: Account {
            user: user("mysql.replication_user", section.replication_user)?,
            password: one_of(
                "mysql.replication_password",
                section.replication_password,
                file,
            )?,
            tls: of_replicas,
        },
    };
    let own = section.clusters.into_iter();
    let own = own.map(|(cluster, said)| Ok((cluster, of_cluster(said, &all)?)));
    Ok(Mysql {
        own: own.collect::<Result<_, SettingsError>>()?,
        all,
    })
}

/// The accounts of a cluster that has its own.
fn of_cluster(said: ClusterAccounts, all: &Accounts) -> Result<Accounts, SettingsError> {
    let keys = ["mysql.clusters.*.user", "mysql.clusters.*.password_file"];
    let control = own_account(keys, said.user, said.password_file, &all.control)?;
    let keys = [
        "mysql.clusters.*.replication_user",
        "mysql.clusters.*.replication_password_file",
    ];
    let (user, file) = (said.replication_user, said.replication_password_file);
    Ok(Accounts {
        control,
        replication: own_account(keys, user, file, &all.replication)?,
    })
}

/// A user and the file of its password, of which neither is of use alone.
fn own_account(
    keys: [&'static str; 2],
    user: Option<String>,
    file: Option<PathBuf>,
    other: &Account,
) -> Result<Account, SettingsError> {
    let missing = |key, with| {
        Err(SettingsError::wrong(
            key,
            format!("it is not set, and `{with}` is"),
        ))
    };
    match (user, file) {
        (None, None) => Ok(other.clone()),
        (Some(_), None) => missing(keys[1], keys[0]),
        (None, Some(_)) => missing(keys[0], keys[1]),
        (Some(user), Some(file)) => Ok(Account {
            user,
            password: one_of("mysql.clusters.*.password", None, Some(&file))?,
            tls: other.tls.clone(),
        }),
    }
}

fn lease(section: &document::LeaseSection) -> Result<LeaseTiming, SettingsError> {
    let millis = |number: NonZeroU32| Duration::from_millis(number.get().into());
    LeaseTiming::new(
        millis(section.duration_ms),
        millis(section.renew_ms),
        millis(section.poll_ms),
        millis(section.deadline_ms),
        millis(section.margin_ms),
    )
    .map_err(|error| SettingsError::wrong("lease", error.to_string()))
}

/// An agent outlives a change of leaders, which takes more than one lease of
/// theirs; and nobody waits for it much longer than people do.
fn agent_lease(document: &Document) -> Result<Duration, SettingsError> {
    let lease = document.agent.lease_ms.get();
    let at_least = document.lease.duration_ms.get().saturating_mul(2);
    if !(at_least..=AGENT_LEASE_MAX_MS).contains(&lease) {
        let why = format!(
            "`{lease}` is not from {at_least}, twice `lease.duration_ms`, to {AGENT_LEASE_MAX_MS}"
        );
        return Err(SettingsError::wrong("agent.lease_ms", why));
    }
    Ok(Duration::from_millis(lease.into()))
}

/// Beyond a century the calendar ends before the history.
fn history(section: HistorySection) -> Result<HistorySection, SettingsError> {
    const MOST: u32 = 36_500;
    let days = section.keep_days.get();
    if days > MOST {
        let why = format!("`{days}` is above {MOST}");
        return Err(SettingsError::wrong("history.keep_days", why));
    }
    Ok(section)
}

fn log(section: LogSection) -> Result<LogSection, SettingsError> {
    match section.level.parse::<tracing_subscriber::EnvFilter>() {
        Ok(_) => Ok(section),
        Err(error) => Err(SettingsError::wrong(
            "log.level",
            format!("`{}` is no level or filter: {error}", section.level),
        )),
    }
}

#[cfg(test)]
mod tests;
