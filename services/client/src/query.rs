//! Where a statement goes, by the query rules, and by whether it only reads
//! where no rule decides.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use arc_swap::cache::Cache;
use lictor_domain::rule::{Outcome, Query};
use lictor_domain::{ClusterName, HostgroupId, RuleId, Statement, WriteReason};
use tracing::instrument;

use crate::config::ClientConfig;
use crate::connection::Connection;
use crate::error::ClientError;
use crate::lictor::{Lictor, Wait};
use crate::read::AnyLag;
use crate::table::Snapshot;

/// Where a statement goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination<'t> {
    /// To a server of this hostgroup: this rule said so.
    Hostgroup(HostgroupId, RuleId),
    /// To a reader of the usual cluster: no rule decides, and it only reads.
    Reader(&'t ClusterName),
    /// To the writer of the usual cluster: no rule decides, and it may do more
    /// than read.
    Writer(&'t ClusterName, WriteReason),
}

/// What is to be done with a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'t> {
    /// Where it goes.
    pub destination: Destination<'t>,
    /// What else the rules say of it, such as for how long its result may be
    /// cached; that is for the caller to heed.
    pub rules: Outcome,
}

/// Decides about statements in a hot loop: one for each task, by
/// [`Lictor::router`]. It takes no lock, and never waits for an update of the
/// table.
///
/// ```no_run
/// # fn example(lictor: &lictor_client::Lictor) -> Result<(), lictor_client::ClientError> {
/// let mut router = lictor.router();
/// let decision = router.decide("SELECT * FROM orders WHERE id = 7")?;
/// println!("{:?}", decision.destination);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Router {
    cache: Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>,
    user: String,
    schema: String,
    usual: Option<ClusterName>,
    /// For digests; used again and again.
    buffer: Vec<u8>,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("user", &self.user)
            .field("schema", &self.schema)
            .field("usual", &self.usual)
            .finish_non_exhaustive()
    }
}

impl Router {
    fn new(held: Arc<ArcSwap<Snapshot>>, config: &ClientConfig) -> Self {
        Self {
            cache: Cache::new(held),
            user: config.credentials.user.clone(),
            schema: config.credentials.database.clone().unwrap_or_default(),
            usual: config.default_cluster.clone(),
            buffer: Vec::new(),
        }
    }

    /// For statements of another schema than the one that connections start in.
    #[must_use]
    pub fn in_schema(mut self, schema: &str) -> Self {
        schema.clone_into(&mut self.schema);
        self
    }

    /// Where the statement goes, by the table as it is now.
    ///
    /// It is looked at alone: statements of an open transaction, or of a session
    /// that has set something, go to the connection that the first of them got.
    ///
    /// Fails with [`ClientError::Refused`] when a rule says so, and with
    /// [`ClientError::NoDestination`] when no rule decides and it is not clear
    /// which cluster is the usual one.
    pub fn decide(&mut self, sql: &str) -> Result<Decision<'_>, ClientError> {
        let snapshot = self.cache.load();
        let query = Query {
            sql: sql.as_bytes(),
            username: &self.user,
            schemaname: &self.schema,
        };
        let rules = snapshot.rules.evaluate(&query, &mut self.buffer);
        if let Some(message) = &rules.error_msg {
            return Err(ClientError::Refused {
                message: message.to_string(),
            });
        }
        if let (Some(hostgroup), Some(rule)) = (rules.destination_hostgroup, rules.chosen_by) {
            return Ok(Decision {
                destination: Destination::Hostgroup(hostgroup, rule),
                rules,
            });
        }
        let mut all = snapshot.table.clusters.keys();
        let only = all.next().filter(|_| all.next().is_none());
        let usual = self.usual.as_ref().or(only);
        let usual = usual.ok_or(ClientError::NoDestination)?;
        let destination = match Statement::classify(sql.as_bytes()) {
            Statement::Read => Destination::Reader(usual),
            Statement::Write(reason) => Destination::Writer(usual, reason),
        };
        Ok(Decision { destination, rules })
    }
}

impl Lictor {
    /// Decides about statements without connecting.
    #[must_use]
    pub fn router(&self) -> Router {
        Router::new(self.routes.held(), &self.config)
    }

    /// A connection for the statement, to where the query rules send it: a server
    /// of their hostgroup, by weight. Where no rule decides, it goes to a reader
    /// of the usual cluster when it certainly only reads, and to the writer
    /// otherwise. The usual cluster is `default_cluster`, or the only one.
    ///
    /// What belongs together goes to one connection: send `BEGIN`, or the first
    /// statement of a transaction, and go on with the connection it gets.
    ///
    /// Fails as [`Router::decide`], [`writer`](Self::writer) and
    /// [`reader`](Self::reader) do, and with [`ClientError::NoServer`].
    ///
    /// ```no_run
    /// # use lictor_client::Lictor;
    /// # use mysql_async::prelude::Queryable;
    /// # async fn example(lictor: &Lictor) -> Result<(), Box<dyn std::error::Error>> {
    /// let sql = "SELECT name FROM customers WHERE id = 7";
    /// let name: Option<String> = lictor.route(sql).await?.query_first(sql).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[instrument(name = "lictor.route", level = "debug", skip_all)]
    pub async fn route(&self, sql: &str) -> Result<Connection, ClientError> {
        let wait = Wait::starting_now(self.config.pool.connection_timeout);
        let mut router = self.router();
        match router.decide(sql)?.destination {
            Destination::Hostgroup(hostgroup, _) => self.server_of(hostgroup, wait).await,
            Destination::Reader(cluster) => self.reader(cluster.as_str(), AnyLag).await,
            Destination::Writer(cluster, _) => {
                let cluster = cluster.clone();
                let (_, connection) = self.writer_within(&cluster, wait).await?;
                Ok(connection)
            }
        }
    }
}
