//! One `MySQL` server.

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, SslOpts, Value};

use crate::accounts::{Account, REPLICATION, ROOT};
use crate::block::Block;
use crate::disk;
use crate::firewall::{self, Blocked};
use crate::mysqld::{self, Agent, Surroundings};
use crate::server::{Kind, Server, Slot};
use crate::tls::Identity;
use crate::tools::Tools;
use crate::words;

/// How long any one statement of the laboratory may take.
const STATEMENT: Duration = Duration::from_secs(20);

/// One `MySQL` server of a cluster. Clones are handles to the same server; they
/// start and stop it, and do not keep it alive.
#[derive(Clone, Debug)]
pub struct Node {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    slot: Slot,
    block: Block,
    server_uuid: String,
    /// How often it was built anew.
    built: AtomicU32,
    tools: &'static Tools,
    agent: Option<Agent>,
    tls: Option<Identity>,
}

impl Server for Node {
    fn slot(&self) -> &Slot {
        &self.shared.slot
    }
}

impl Node {
    /// A node with a fresh data directory; it does not run yet.
    pub(crate) async fn new(
        tools: &'static Tools,
        block: Block,
        last_octet: u8,
        name: &str,
        lab: &Path,
        around: &Surroundings,
    ) -> Result<Self> {
        let address = SocketAddrV4::new(block.address(last_octet), mysqld::PORT);
        let authority = around.authority.as_ref();
        let tls = authority.map(|it| it.issue(name, &[address.ip().to_string()]));
        let node = Self {
            shared: Arc::new(Shared {
                slot: Slot::new(Kind::Mysql, name, address, lab)?,
                block,
                server_uuid: uuid::Uuid::new_v4().to_string(),
                built: AtomicU32::new(0),
                tools,
                agent: around.agent.clone(),
                tls: tls.transpose()?,
            }),
        };
        node.lay().await?;
        Ok(node)
    }

    /// Its identity in GTIDs; it survives [`Node::rebuild`].
    #[must_use]
    pub fn server_uuid(&self) -> &str {
        &self.shared.server_uuid
    }

    async fn lay(&self) -> Result<()> {
        let node = self.clone();
        tokio::task::spawn_blocking(move || {
            let Shared {
                tools, server_uuid, ..
            } = &*node.shared;
            mysqld::lay(tools, node.slot().dir(), server_uuid)
        })
        .await?
    }

    /// Starts it on the data it has, after killing it if it runs, and waits
    /// until it accepts a login. It comes up read-only and does not replicate.
    ///
    /// # Errors
    /// When it does not come up; the error shows the end of its log.
    pub async fn start(&self) -> Result<()> {
        let slot = self.slot();
        let Shared {
            tools,
            built,
            agent,
            tls,
            ..
        } = &*self.shared;
        let own = mysqld::Own {
            address: *self.address().ip(),
            built: built.load(Ordering::Relaxed),
            tls: tls.as_ref(),
        };
        let recipe = mysqld::recipe(tools, slot.dir(), own, agent.as_ref(), self.log_path())?;
        slot.launch(recipe).await?;
        slot.until_ready(async || self.connect(ROOT).await.map(drop))
            .await
    }

    /// Kills it, wipes its data and starts it empty, with the same identity and
    /// no GTID. Its `server_id` is another one: a replica passes over events of
    /// its own `server_id`, so it could never get back what it once wrote.
    pub async fn rebuild(&self) -> Result<()> {
        self.slot().vacate().await?;
        self.shared.built.fetch_add(1, Ordering::Relaxed);
        self.lay().await?;
        self.start().await
    }

    /// The same, with its binary log on a disk of its own of so many MiB from now
    /// on; see [`disks_or_skip`](crate::disks_or_skip).
    pub async fn rebuild_on_small_disk(&self, mib: u32) -> Result<()> {
        self.slot().vacate().await?;
        disk::mount(&self.small_disk(), mib)?;
        self.rebuild().await
    }

    /// Fills its small disk up.
    pub fn fill_disk(&self) -> Result<()> {
        disk::fill(&self.small_disk())
    }

    /// Makes room on its small disk again.
    pub fn free_disk(&self) -> Result<()> {
        Ok(disk::free(&self.small_disk())?)
    }

    fn small_disk(&self) -> PathBuf {
        mysqld::small_disk(self.slot().dir())
    }

    /// How to connect to it as that account.
    #[must_use]
    pub fn opts(&self, account: Account) -> OptsBuilder {
        OptsBuilder::default()
            .ip_or_hostname(self.address().ip().to_string())
            .tcp_port(self.address().port())
            .user(Some(account.user))
            .pass(Some(account.password))
            .prefer_socket(false)
            .ssl_opts(self.shared.tls.as_ref().map(|tls| {
                SslOpts::default()
                    .with_root_certs(vec![tls.ca_file.clone().into()])
                    .with_disable_built_in_roots(true)
            }))
    }

    /// A connection as that account.
    ///
    /// # Errors
    /// When the login fails or takes longer than any statement may.
    pub async fn connect(&self, account: Account) -> Result<Conn> {
        tokio::time::timeout(STATEMENT, Conn::new(self.opts(account)))
            .await
            .map_err(|_| anyhow!("{} accepts no login in {STATEMENT:?}", self.name()))?
            .with_context(|| format!("cannot log in to {}", self.name()))
    }

    /// Runs one statement as root; the rows come as text, NULL as `NULL`.
    pub async fn sql(&self, statement: &str) -> Result<Vec<Vec<String>>> {
        let statement = &words::spoken(statement, self.shared.tools.mysql_version);
        let mut conn = self.connect(ROOT).await?;
        let rows: Vec<Row> = tokio::time::timeout(STATEMENT, conn.query(statement))
            .await
            .map_err(|_| anyhow!("{}: no answer in {STATEMENT:?}: {statement}", self.name()))?
            .with_context(|| format!("{}: {statement}", self.name()))?;
        let _ = tokio::time::timeout(STATEMENT, conn.disconnect()).await;
        Ok(rows
            .into_iter()
            .map(|row| row.unwrap().iter().map(text).collect())
            .collect())
    }

    /// The first column of the first row.
    ///
    /// # Errors
    /// When there is none, too.
    pub async fn value(&self, statement: &str) -> Result<String> {
        let rows = self.sql(statement).await?;
        rows.into_iter()
            .flatten()
            .next()
            .with_context(|| format!("{}: no row: {statement}", self.name()))
    }

    async fn all(&self, statements: &[&str]) -> Result<()> {
        for statement in statements {
            self.sql(statement).await?;
        }
        Ok(())
    }

    /// Whether it takes writes.
    pub async fn is_writable(&self) -> Result<bool> {
        Ok(self.value("SELECT @@global.read_only").await? == "0")
    }

    /// The GTIDs it has executed.
    pub async fn gtid_executed(&self) -> Result<String> {
        let gtids = self.value("SELECT @@global.gtid_executed").await?;
        Ok(gtids.replace('\n', ""))
    }

    /// Makes it a replica of `source` and starts replication.
    pub async fn replicate_from(&self, source: &Node) -> Result<()> {
        // From its own address, so that a firewall can tell replicas from clients.
        let change = format!(
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST='{host}', SOURCE_PORT={port}, \
             SOURCE_BIND='{bind}', SOURCE_USER='{user}', SOURCE_PASSWORD='{password}', \
             SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1, \
             SOURCE_RETRY_COUNT=86400, SOURCE_HEARTBEAT_PERIOD=0.2, SOURCE_SSL={tls}",
            host = source.address().ip(),
            port = source.address().port(),
            bind = self.address().ip(),
            user = REPLICATION.user,
            password = REPLICATION.password,
            tls = u8::from(self.shared.tls.is_some()),
        );
        self.all(&["STOP REPLICA", &change, "START REPLICA"]).await
    }

    /// Opens it for writes that wait for one replica's acknowledgement.
    pub async fn open(&self) -> Result<()> {
        self.sql("SET GLOBAL rpl_semi_sync_source_enabled = ON")
            .await?;
        self.open_alone().await
    }

    /// Opens it for writes that wait for nobody.
    pub async fn open_alone(&self) -> Result<()> {
        self.all(&[
            "SET GLOBAL super_read_only = OFF",
            "SET GLOBAL read_only = OFF",
        ])
        .await
    }

    /// Stops receiving and applying.
    pub async fn stop_replication(&self) -> Result<()> {
        self.all(&["STOP REPLICA"]).await
    }

    /// Starts receiving and applying.
    pub async fn start_replication(&self) -> Result<()> {
        self.all(&["START REPLICA"]).await
    }

    /// Applies every transaction so many whole seconds after it was committed;
    /// zero ends it.
    pub async fn lag(&self, behind: Duration) -> Result<()> {
        ensure!(behind.subsec_nanos() == 0, "lag is set in whole seconds");
        let change = format!(
            "CHANGE REPLICATION SOURCE TO SOURCE_DELAY={}",
            behind.as_secs()
        );
        self.all(&[
            "STOP REPLICA SQL_THREAD",
            &change,
            "START REPLICA SQL_THREAD",
        ])
        .await
    }

    /// Drops every packet to and from its port: to clients, replicas and the
    /// control plane it is unreachable, and nothing is refused.
    pub fn block_port(&self) -> Result<()> {
        firewall::block(self.shared.block, self.address(), Blocked::All)
    }

    /// Like [`Node::block_port`], but its replicas still reach it, as long as
    /// they replicate as [`Node::replicate_from`] set it up.
    pub fn block_clients(&self) -> Result<()> {
        firewall::block(self.shared.block, self.address(), Blocked::Clients)
    }

    /// Ends [`Node::block_port`] and [`Node::block_clients`].
    pub fn unblock(&self) -> Result<()> {
        firewall::unblock(self.shared.block, self.address())
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::NULL => "NULL".to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.as_sql(true),
    }
}
