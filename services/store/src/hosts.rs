//! The servers that the URL names, and the connections to the one that takes
//! writes.
//!
//! sqlx knows one server. Where the URL names several, one task keeps a
//! connection to the one that takes writes and asks it again and again; when it
//! does not say yes any more, all are asked, and the first in the URL's order
//! that does is gone to. Which one is written to, every instance decides alike.
//!
//! Invariant: all connections go to one server. When another one is gone to,
//! those to the old one are closed: what it says may be old.

use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::error::StoreError;
use crate::tls;

/// Connections kept for the lease and the recoveries: one each.
const VITAL_CONNECTIONS: u32 = 2;
/// How often the server that takes writes is asked whether it still does.
const EVERY: Duration = Duration::from_secs(1);
/// How long a server may take to say so, its connection included.
const ANSWER: Duration = Duration::from_secs(1);
/// Between two rounds that found none.
const PAUSE: Duration = Duration::from_millis(100);
/// What libpq calls the choice of a server, and the choices that Lictor can use.
const ATTRIBUTES: &str = "target_session_attrs";
const WANTED: [&str; 2] = ["read-write", "primary"];

/// The servers, and the connections to the one in use.
#[derive(Clone)]
pub(crate) struct Hosts {
    shared: Arc<Shared>,
    /// Ends with the last clone.
    _scout: Arc<JoinSet<()>>,
}

/// The connections to one server.
#[derive(Clone)]
pub(crate) struct Connections {
    /// How to make another one, without a bound to what it is asked.
    pub(crate) options: PgConnectOptions,
    /// For everything else.
    pub(crate) common: PgPool,
    /// For the lease and the recoveries.
    pub(crate) vital: PgPool,
}

struct Shared {
    hosts: Vec<PgConnectOptions>,
    max_connections: NonZeroU32,
    deadline: Duration,
    used: RwLock<(usize, Connections)>,
    doubt: Notify,
}

impl Hosts {
    /// Reads the URL, without connecting. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Denied`] when the URL cannot be read, or asks for a server
    /// that takes no writes.
    pub(crate) fn new(
        url: &SecretString,
        max_connections: NonZeroU32,
        deadline: Duration,
    ) -> Result<Self, StoreError> {
        let hosts = hosts_of(url.expose_secret())?;
        let [first, others @ ..] = &hosts[..] else {
            return Err(StoreError::Denied("it names no host".into()));
        };
        let used = connections(first, max_connections, deadline);
        let several = !others.is_empty();
        let shared = Arc::new(Shared {
            used: RwLock::new((0, used)),
            doubt: Notify::new(),
            hosts,
            max_connections,
            deadline,
        });
        let mut scout = JoinSet::new();
        if several {
            scout.spawn(keep_to_the_writable(shared.clone()));
        }
        Ok(Self {
            shared,
            _scout: Arc::new(scout),
        })
    }

    /// The connections to the server in use.
    pub(crate) fn used(&self) -> Connections {
        let used = &self.shared.used;
        let used = used.read().unwrap_or_else(PoisonError::into_inner);
        used.1.clone()
    }

    /// A call failed: the server is asked at once whether it takes writes.
    pub(crate) fn doubt(&self) {
        self.shared.doubt.notify_one();
    }
}

fn connections(
    host: &PgConnectOptions,
    max_connections: NonZeroU32,
    deadline: Duration,
) -> Connections {
    // The server too gives up after the deadline, so that a leader cut off
    // in the middle of a write does not hold its locks against the next.
    let millis = deadline.as_millis().max(1).to_string();
    let bounded = host.clone().options([
        ("statement_timeout", &millis),
        ("idle_in_transaction_session_timeout", &millis),
    ]);
    // No minimum: the library's upkeep of one sits on the connections'
    // permits for minutes while Postgres is away.
    let pool = |connections| {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(deadline)
            .connect_lazy_with(bounded.clone())
    };
    Connections {
        options: host.clone(),
        common: pool(max_connections.get()),
        vital: pool(VITAL_CONNECTIONS),
    }
}

async fn keep_to_the_writable(shared: Arc<Shared>) {
    loop {
        match shared.writable().await {
            Some((host, connection)) => {
                shared.go_to(host);
                shared.stay(connection).await;
            }
            None => sleep(PAUSE).await,
        }
    }
}

impl Shared {
    /// The first that takes writes, with a connection to it. All are asked at
    /// once, so a dead one costs its deadline and no more.
    async fn writable(&self) -> Option<(usize, PgConnection)> {
        let ask = |options: &PgConnectOptions| {
            let options = options.clone();
            tokio::spawn(async move { timeout(ANSWER, ask(&options)).await.ok()? })
        };
        let asked: Vec<_> = self.hosts.iter().map(ask).collect();
        for (host, answer) in asked.into_iter().enumerate() {
            if let Ok(Some(connection)) = answer.await {
                return Some((host, connection));
            }
        }
        None
    }

    fn go_to(&self, host: usize) {
        let mut used = self.used.write().unwrap_or_else(PoisonError::into_inner);
        if used.0 == host {
            return;
        }
        let next = connections(&self.hosts[host], self.max_connections, self.deadline);
        let (_, left) = std::mem::replace(&mut *used, (host, next));
        for pool in [left.common, left.vital] {
            tokio::spawn(async move { timeout(ANSWER, pool.close()).await });
        }
    }

    /// Returns when the server does not say any more that it takes writes.
    async fn stay(&self, mut connection: PgConnection) {
        loop {
            let _ = timeout(EVERY, self.doubt.notified()).await;
            let answer = timeout(ANSWER, takes_writes(&mut connection)).await;
            if !matches!(answer, Ok(Ok(true))) {
                return;
            }
        }
    }
}

/// A connection to a server that takes writes.
async fn ask(options: &PgConnectOptions) -> Option<PgConnection> {
    let mut connection = PgConnection::connect_with(options).await.ok()?;
    let writable = takes_writes(&mut connection).await.ok()?;
    writable.then_some(connection)
}

/// As libpq finds out what `read-write` is: a standby, too, only reads.
async fn takes_writes(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let read_only: String = sqlx::query_scalar("SHOW transaction_read_only")
        .fetch_one(connection)
        .await?;
    Ok(read_only == "off")
}

/// Takes a URL of several hosts, `postgres://role@a:5432,b:5432/database`,
/// apart; see "Specifying Multiple Hosts" in libpq's manual.
fn hosts_of(url: &str) -> Result<Vec<PgConnectOptions>, StoreError> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(StoreError::Denied("it has no scheme".into()));
    };
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (role, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let rest = without_attributes(rest)?;
    let hosts: Vec<_> = hosts.split(',').collect();
    if hosts.len() > 1 && hosts.iter().any(|host| host.is_empty()) {
        return Err(StoreError::Denied("one of its hosts has no name".into()));
    }
    let hosts = hosts.into_iter().map(|host| {
        let options: PgConnectOptions = format!("{scheme}://{role}{host}{rest}").parse()?;
        tls::protected(options.application_name("lictord"), url)
    });
    hosts.collect()
}

/// The path and the options without the choice of a server, which sqlx does not
/// know, and which Lictor makes anyway.
fn without_attributes(rest: &str) -> Result<String, StoreError> {
    let Some((path, options)) = rest.split_once('?') else {
        return Ok(rest.to_owned());
    };
    let mut kept = vec![];
    for option in options.split('&') {
        match option.split_once('=') {
            Some((ATTRIBUTES, wanted)) if WANTED.contains(&wanted) => {}
            Some((ATTRIBUTES, _)) => {
                let why = format!("{ATTRIBUTES} must be read-write: Lictor writes");
                return Err(StoreError::Denied(why.into()));
            }
            _ => kept.push(option),
        }
    }
    Ok(match kept[..] {
        [] => path.to_owned(),
        _ => format!("{path}?{}", kept.join("&")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<(String, u16)> {
        let hosts = hosts_of(url).unwrap().into_iter();
        hosts
            .map(|host| (host.get_host().to_owned(), host.get_port()))
            .collect()
    }

    #[test]
    fn each_host_of_a_url_has_its_port_and_all_the_rest() {
        let url = "postgres://lictor:a%40b@one:5433,two,[::1]:5434/db?sslmode=disable\
                   &target_session_attrs=read-write";
        assert_eq!(
            hosts(url),
            [
                ("one".to_owned(), 5433),
                ("two".to_owned(), 5432),
                ("[::1]".to_owned(), 5434)
            ]
        );
        for host in hosts_of(url).unwrap() {
            assert_eq!(host.get_username(), "lictor");
            assert_eq!(host.get_database(), Some("db"));
        }
        assert_eq!(
            hosts("postgres://one/db?target_session_attrs=primary").len(),
            1
        );
    }

    #[test]
    fn a_server_that_takes_no_writes_is_not_to_be_asked_for() {
        let refused = |url: &str| match hosts_of(url) {
            Err(StoreError::Denied(why)) => why.to_string(),
            other => panic!("{other:?}"),
        };
        let any = refused("postgres://a,b/db?target_session_attrs=any");
        assert!(any.contains("read-write"), "{any}");
        let nameless = refused("postgres://a,,b/db");
        assert!(nameless.contains("no name"), "{nameless}");
    }
}
