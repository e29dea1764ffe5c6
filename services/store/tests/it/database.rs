//! One server for all tests of this program, one database for each of them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lictor_lab::Lab;
use lictor_store::{Store, StoreConfig};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

/// The server. It ends with this program.
async fn lab() -> &'static Lab {
    static LAB: OnceCell<Lab> = OnceCell::const_new();
    LAB.get_or_init(async || laboratory().await).await
}

/// A server of one test's own.
pub(crate) async fn laboratory() -> Lab {
    Box::pin(Lab::builder().postgres().start()).await.unwrap()
}

/// A database of one test's own.
pub(crate) struct Database {
    url: String,
}

impl Database {
    /// An empty one.
    pub(crate) async fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let postgres = lab().await.postgres();
        let admin = Self {
            url: postgres.admin_url(),
        };
        // With the schema and what else the role of lictord needs.
        let create = format!("CREATE DATABASE {name} TEMPLATE lictor");
        admin.sql(&create).await;
        let server = postgres.url();
        let (server, _) = server.rsplit_once('/').unwrap();
        Self {
            url: format!("{server}/{name}"),
        }
    }

    /// One with the schema, and a store on it.
    pub(crate) async fn with_store() -> (Self, Store) {
        let database = Self::empty().await;
        let store = store(database.url());
        store.migrate().await.unwrap();
        (database, store)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The same for the server's superuser.
    pub(crate) fn as_admin(&self) -> Self {
        Self {
            url: self.url.replace("//lictor@", "//postgres@"),
        }
    }

    /// Where its server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let (_, rest) = self.url.split_once('@').unwrap();
        rest.split_once('/').unwrap().0.parse().unwrap()
    }

    /// Its URL with another address to reach it at.
    pub(crate) fn url_through(&self, other: SocketAddr) -> String {
        self.url
            .replace(&self.address().to_string(), &other.to_string())
    }

    /// Runs statements behind the store's back.
    pub(crate) async fn sql(&self, statements: &str) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements))
            .execute(&mut connection)
            .await
            .unwrap();
    }

    /// The first column of a query's only row, as text.
    pub(crate) async fn text(&self, query: &str) -> String {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// Everything that is stored.
    pub(crate) async fn content(&self) -> String {
        let rows = [
            "lease",
            "control_term",
            "cluster",
            "node",
            "recovery",
            "audit",
            "config_version",
            "token",
        ]
        .map(|table| format!("SELECT '{table}' AS of, t::text AS line FROM {table} t"));
        let all = rows.join(" UNION ALL ");
        self.text(&format!(
            "SELECT string_agg(of || line, E'\\n' ORDER BY of, line) FROM ({all}) AS a"
        ))
        .await
    }
}

/// A store that waits for a busy machine.
pub(crate) fn store(url: &str) -> Store {
    let mut config = StoreConfig::new(SecretString::from(url));
    config.deadline = Duration::from_secs(30);
    Store::new(&config).unwrap()
}
