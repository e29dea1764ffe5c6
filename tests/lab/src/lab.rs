//! A whole laboratory: what is in it, how it starts, and that it ends.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::future::try_join_all;

use crate::block::{Block, Lease};
use crate::cluster::Cluster;
use crate::consul::Consul;
use crate::lictord::{Lictord, sibling};
use crate::mysqld::Agent;
use crate::network::Network;
use crate::node::Node;
use crate::postgres::Postgres;
use crate::server::Server;
use crate::tools::{Program, Tools};

/// Last octets of the addresses. The clusters' nodes start at 11, 21, ...
const CONSUL: u8 = 2;
const POSTGRES: u8 = 3;
const LICTORD: u8 = 4;
const NODES_A_CLUSTER: u8 = 9;
const CLUSTERS: usize = 24;

type Progress = Box<dyn Fn(&str, Duration) + Send + Sync>;

/// Where a laboratory is laid.
#[derive(Clone, Copy, Default)]
enum Place {
    /// On any free block of loopback addresses.
    #[default]
    Anywhere,
    /// On that block.
    On(Block),
    /// On a network of its own.
    Networked,
}

/// What a laboratory will hold.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one kind of server that there may be"
)]
#[derive(Default)]
pub struct LabBuilder {
    place: Place,
    clusters: Vec<(String, u8)>,
    consul: bool,
    postgres: bool,
    lictord: bool,
    agents: bool,
    progress: Option<Progress>,
}

impl fmt::Debug for LabBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabBuilder")
            .field("clusters", &self.clusters)
            .finish_non_exhaustive()
    }
}

impl LabBuilder {
    /// On that block of addresses instead of any free one.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.place = Place::On(block);
        self
    }

    /// With a cluster of a primary and so many replicas.
    #[must_use]
    pub fn cluster(mut self, name: &str, replicas: u8) -> Self {
        self.clusters.push((name.to_owned(), replicas));
        self
    }

    /// With Consul.
    #[must_use]
    pub fn consul(mut self) -> Self {
        self.consul = true;
        self
    }

    /// With Postgres.
    #[must_use]
    pub fn postgres(mut self) -> Self {
        self.postgres = true;
        self
    }

    /// With `lictord`, and so with Consul and Postgres.
    #[must_use]
    pub fn lictord(mut self) -> Self {
        self.lictord = true;
        self.consul().postgres()
    }

    /// With `lictor-agent` as the parent of each `MySQL` server: killing or
    /// freezing a node is then done to its agent.
    #[must_use]
    pub fn agents(mut self) -> Self {
        self.agents = true;
        self
    }

    /// With each server on a host of its own, so that links can be cut; see
    /// [`networks_or_skip`](crate::networks_or_skip).
    #[must_use]
    pub fn networked(mut self) -> Self {
        self.place = Place::Networked;
        self
    }

    /// Tells each step that is done and how long it took.
    #[must_use]
    pub fn progress(mut self, tell: impl Fn(&str, Duration) + Send + Sync + 'static) -> Self {
        self.progress = Some(Box::new(tell));
        self
    }

    /// Starts everything, as much of it at once as can be, and returns when
    /// all of it serves.
    ///
    /// # Errors
    /// A sentence saying what could not start; nothing is left running.
    pub async fn start(self) -> Result<Lab> {
        // Boxed: it holds the state of many starts, and its callers' futures hold it.
        Box::pin(self.start_all()).await
    }

    async fn start_all(self) -> Result<Lab> {
        ensure!(
            self.clusters.len() <= CLUSTERS
                && self
                    .clusters
                    .iter()
                    .all(|(_, replicas)| *replicas < NODES_A_CLUSTER),
            "a laboratory has room for {CLUSTERS} clusters of {NODES_A_CLUSTER} nodes"
        );
        let tools = Tools::find()?;
        let lictord = self.lictord.then(Lictord::find).transpose()?;
        let agent = self
            .agents
            .then(|| sibling("lictor-agent", "LICTOR_AGENT_BIN"));
        let agent = agent.transpose()?.map(Program::of_system);
        let lease = match self.place {
            Place::On(block) => Lease::of(block)?,
            Place::Anywhere => Lease::any()?,
            Place::Networked => Lease::any_networked()?,
        };
        let (block, dir) = (lease.block(), lease.block().dir());
        let server = Lictord::url_at(block, LICTORD);
        let agent = agent.map(|program| Agent { program, server });
        let network = matches!(self.place, Place::Networked)
            .then(|| Network::lay(block, &self.hosts()))
            .transpose()?;
        let clusters = try_join_all(self.clusters.iter().zip(1_u8..).map(
            |((name, replicas), tens)| {
                let what = format!("cluster {name}: 1 primary, {replicas} replicas");
                let first = tens * 10 + 1;
                self.timed(
                    what,
                    Cluster::start(tools, block, first, name, *replicas, &dir, agent.as_ref()),
                )
            },
        ));
        let consul = self.timed("Consul".to_owned(), async {
            let consul = Consul::new(tools, block, CONSUL, &dir)?;
            consul.start().await?;
            Ok(consul)
        });
        let postgres = self.timed("Postgres".to_owned(), async {
            let postgres = Postgres::new(tools, block, POSTGRES, &dir).await?;
            postgres.start().await?;
            Ok(postgres)
        });
        let (clusters, consul, postgres) = tokio::try_join!(
            clusters,
            when(self.consul, consul),
            when(self.postgres, postgres)
        )?;
        let mut lab = Lab {
            clusters,
            consul,
            postgres,
            lictord: None,
            network,
            lease,
        };
        if let (Some(program), Some(consul), Some(postgres)) = (lictord, &lab.consul, &lab.postgres)
        {
            let lictord = self.timed("lictord".to_owned(), async {
                let lictord = Lictord::new(program, block, LICTORD, &dir, consul, postgres)?;
                lictord.start().await?;
                lictord.wait_ready().await?;
                Ok(lictord)
            });
            lab.lictord = Some(lictord.await?);
        }
        Ok(lab)
    }

    /// The last octets of every server's address.
    fn hosts(&self) -> Vec<u8> {
        let nodes = self
            .clusters
            .iter()
            .zip(1_u8..)
            .flat_map(|((_, replicas), tens)| (1..=replicas + 1).map(move |n| tens * 10 + n));
        [CONSUL, POSTGRES, LICTORD]
            .into_iter()
            .chain(nodes)
            .collect()
    }

    async fn timed<T>(&self, what: String, work: impl Future<Output = Result<T>>) -> Result<T> {
        let from = Instant::now();
        let done = work.await.with_context(|| format!("cannot start {what}"))?;
        if let Some(tell) = &self.progress {
            tell(&what, from.elapsed());
        }
        Ok(done)
    }
}

async fn when<T>(wanted: bool, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
    if wanted {
        work.await.map(Some)
    } else {
        Ok(None)
    }
}

/// A running laboratory. Dropping it kills every server it started, gives its
/// addresses back and removes its directory (unless `LAB_KEEP=1`).
#[derive(Debug)]
pub struct Lab {
    clusters: Vec<Cluster>,
    consul: Option<Consul>,
    postgres: Option<Postgres>,
    lictord: Option<Lictord>,
    network: Option<Network>,
    lease: Lease,
}

impl Lab {
    /// An empty plan.
    #[must_use]
    pub fn builder() -> LabBuilder {
        LabBuilder::default()
    }

    /// Its addresses and its directory.
    #[must_use]
    pub fn block(&self) -> Block {
        self.lease.block()
    }

    /// Its clusters, in the order they were asked for.
    #[must_use]
    pub fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// The cluster of that name.
    ///
    /// # Panics
    /// When the laboratory was built without it.
    #[must_use]
    pub fn cluster(&self, name: &str) -> &Cluster {
        let found = self.clusters.iter().find(|cluster| cluster.name() == name);
        found.unwrap_or_else(|| panic!("the laboratory has no cluster {name}"))
    }

    /// The node of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn node(&self, name: &str) -> Result<&Node> {
        let mut nodes = self.clusters.iter().flat_map(Cluster::nodes);
        nodes
            .find(|node| node.name() == name)
            .with_context(|| format!("the laboratory has no node {name}"))
    }

    /// Consul.
    ///
    /// # Panics
    /// When the laboratory was built without it.
    #[must_use]
    pub fn consul(&self) -> &Consul {
        let Some(consul) = &self.consul else {
            panic!("the laboratory has no Consul");
        };
        consul
    }

    /// Postgres.
    ///
    /// # Panics
    /// When the laboratory was built without it.
    #[must_use]
    pub fn postgres(&self) -> &Postgres {
        let Some(postgres) = &self.postgres else {
            panic!("the laboratory has no Postgres");
        };
        postgres
    }

    /// The control plane.
    ///
    /// # Panics
    /// When the laboratory was built without it.
    #[must_use]
    pub fn lictord(&self) -> &Lictord {
        let Some(lictord) = &self.lictord else {
            panic!("the laboratory has no lictord");
        };
        lictord
    }

    /// Everything in it.
    #[must_use]
    pub fn servers(&self) -> Vec<&dyn Server> {
        let mut servers: Vec<&dyn Server> = Vec::new();
        servers.extend(self.consul.as_ref().map(|server| server as &dyn Server));
        servers.extend(self.postgres.as_ref().map(|server| server as &dyn Server));
        servers.extend(self.lictord.as_ref().map(|server| server as &dyn Server));
        let nodes = self.clusters.iter().flat_map(Cluster::nodes);
        servers.extend(nodes.map(|node| node as &dyn Server));
        servers
    }

    /// The server of that name.
    ///
    /// # Errors
    /// When there is none; the error lists the names.
    pub fn server(&self, name: &str) -> Result<&dyn Server> {
        let servers = self.servers();
        if let Some(server) = servers.iter().find(|server| server.name() == name) {
            return Ok(*server);
        }
        let names: Vec<&str> = servers.iter().map(|server| server.name()).collect();
        bail!("no server is called {name}: there are {}", names.join(", "))
    }

    /// Cuts the links between each of `one` and each of `other`: packets are
    /// lost, and nobody is told.
    ///
    /// # Errors
    /// When the laboratory has no network of its own, too.
    pub fn cut(&self, one: &[&dyn Server], other: &[&dyn Server]) -> Result<()> {
        self.network()?.cut(&addresses(one), &addresses(other))
    }

    /// Cuts the links between each of these servers and this process.
    ///
    /// # Errors
    /// When the laboratory has no network of its own, too.
    pub fn cut_from_outside(&self, servers: &[&dyn Server]) -> Result<()> {
        let network = self.network()?;
        network.cut(&addresses(servers), &[network.outside()])
    }

    /// Heals every link.
    ///
    /// # Errors
    /// When the laboratory has no network of its own, too.
    pub fn heal(&self) -> Result<()> {
        self.network()?.heal()
    }

    fn network(&self) -> Result<&Network> {
        let network = self.network.as_ref();
        network.context("the laboratory has no network of its own")
    }

    /// Keeps its directory, with every log, when it is dropped.
    pub fn keep(&self) {
        self.lease.keep();
    }

    /// Starts the server of that name on the data it has, after killing it if
    /// it runs.
    pub async fn restart(&self, name: &str) -> Result<()> {
        let is_it = |server: &dyn Server| server.name() == name;
        if let Some(consul) = self.consul.as_ref().filter(|it| is_it(*it)) {
            consul.start().await
        } else if let Some(postgres) = self.postgres.as_ref().filter(|it| is_it(*it)) {
            postgres.start().await
        } else if let Some(lictord) = self.lictord.as_ref().filter(|it| is_it(*it)) {
            lictord.start().await?;
            lictord.wait_ready().await
        } else {
            self.node(name)?.start().await
        }
    }
}

fn addresses(servers: &[&dyn Server]) -> Vec<Ipv4Addr> {
    let addresses = servers.iter().map(|server| *server.address().ip());
    addresses.collect()
}

impl Drop for Lab {
    fn drop(&mut self) {
        let servers = self.servers();
        // All at once first: each takes a while to give its memory back.
        for server in &servers {
            let _ = server.kill();
        }
        for server in &servers {
            server.slot().evict();
        }
    }
}
