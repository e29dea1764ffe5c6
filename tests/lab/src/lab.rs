//! A whole laboratory: what is in it, how it starts, and that it ends.

mod links;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::future::{join_all, try_join_all};

use crate::access::Access;
use crate::block::{Block, Lease};
use crate::cluster::Cluster;
use crate::consul::{Consul, Tokens};
use crate::lictord::{Around, Lictord, Standing, sibling};
use crate::mysqld::{Agent, Surroundings};
use crate::network::Network;
use crate::node::Node;
use crate::postgres::Postgres;
use crate::server::Server;
use crate::tls::Authority;
use crate::tools::{Program, Tools};

/// Last octets of the addresses. The clusters' nodes start at 11, 21, ...
const CONSUL: u8 = 2;
const POSTGRES: u8 = 3;
const LICTORD: u8 = 4;
const LICTORDS: u8 = 3;
const MORE_CONSULS: [u8; 2] = [7, 8];
const STANDBY: u8 = 9;
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
    reason = "each is one thing to be had or not"
)]
#[derive(Default)]
pub struct LabBuilder {
    place: Place,
    clusters: Vec<(String, u8)>,
    consuls: Vec<u8>,
    postgres: bool,
    standby: bool,
    lictords: u8,
    agents: bool,
    tls: bool,
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
        if self.consuls.is_empty() {
            self.consuls.push(CONSUL);
        }
        self
    }

    /// With three Consul servers, `consul-1`, `consul-2` and `consul-3`, which
    /// elect a leader.
    #[must_use]
    pub fn three_consuls(mut self) -> Self {
        self.consuls = [CONSUL].into_iter().chain(MORE_CONSULS).collect();
        self
    }

    /// With Postgres.
    #[must_use]
    pub fn postgres(mut self) -> Self {
        self.postgres = true;
        self
    }

    /// With Postgres and a standby of it.
    #[must_use]
    pub fn standby(mut self) -> Self {
        self.standby = true;
        self.postgres()
    }

    /// With `lictord`, and so with Consul and Postgres.
    #[must_use]
    pub fn lictord(self) -> Self {
        let one = self.lictords.max(1);
        self.lictords(one)
    }

    /// With so many `lictord`; the first leads to begin with. A single one is
    /// called `lictord`, several `lictord-1`, `lictord-2`, …
    #[must_use]
    pub fn lictords(mut self, count: u8) -> Self {
        self.lictords = count;
        self.consul().postgres()
    }

    /// With `lictor-agent` as the parent of each `MySQL` server: killing or
    /// freezing a node is then done to its agent.
    #[must_use]
    pub fn agents(mut self) -> Self {
        self.agents = true;
        self
    }

    /// With TLS between all of it, by an authority of the laboratory's own.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
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
        ensure!(
            self.lictords <= LICTORDS,
            "a laboratory has room for {LICTORDS} lictord"
        );
        let tools = Tools::find()?;
        let lictord = (self.lictords > 0).then(Lictord::find).transpose()?;
        let agent = || sibling("lictor-agent", "LICTOR_AGENT_BIN");
        let agent = self.agents.then(agent).transpose()?;
        let agent = agent.map(Program::of_system);
        let lease = match self.place {
            Place::On(block) => Lease::of(block)?,
            Place::Anywhere => Lease::any()?,
            Place::Networked => Lease::any_networked()?,
        };
        let (block, dir) = (lease.block(), lease.block().dir());
        let authority = self
            .tls
            .then(|| Authority::new(&dir.join("tls"), "laboratory"))
            .transpose()?
            .map(Arc::new);
        let access = Access::new(&dir.join("access"))?;
        let tls = authority.as_deref();
        let urls = self.lictord_octets();
        let servers: Vec<_> = urls.map(|last| Lictord::url_at(block, last, tls)).collect();
        let around = Surroundings {
            agent: agent.map(|program| Agent {
                program,
                servers,
                token_file: access.agents_token_file(),
            }),
            authority: authority.clone(),
        };
        let network = matches!(self.place, Place::Networked)
            .then(|| Network::lay(block, &self.hosts()))
            .transpose()?;
        let clusters = try_join_all(self.clusters.iter().zip(1_u8..).map(
            |((name, replicas), tens)| {
                let what = format!("cluster {name}: 1 primary, {replicas} replicas");
                let first = tens * 10 + 1;
                self.timed(
                    what,
                    Cluster::start(tools, block, first, name, *replicas, &dir, &around),
                )
            },
        ));
        let consuls = self.timed(
            words_for(self.consuls.len(), "Consul"),
            self.start_consuls(tools, block, tls),
        );
        let postgres = self.timed("Postgres".to_owned(), async {
            let postgres = Postgres::new(tools, block, POSTGRES, &dir, tls).await?;
            postgres.start().await?;
            let standby = when(self.standby, async {
                let standby = Postgres::standby(&postgres, block, STANDBY, &dir, tls).await?;
                standby.start().await?;
                Ok(standby)
            });
            let standby = standby.await?;
            Ok((postgres, standby))
        });
        let (clusters, consuls, postgres) = tokio::try_join!(
            clusters,
            when(!self.consuls.is_empty(), consuls),
            when(self.postgres, postgres)
        )?;
        let (postgres, standby) = postgres.unzip();
        let mut lab = Lab {
            clusters,
            consuls: consuls.unwrap_or_default(),
            postgres,
            standby: standby.flatten(),
            lictords: vec![],
            access,
            network,
            authority,
            lease,
        };
        if let (Some(program), [consul, ..], Some(postgres)) =
            (lictord, &lab.consuls[..], &lab.postgres)
        {
            let url = match &lab.standby {
                None => postgres.url(),
                Some(standby) => postgres.url_with(standby),
            };
            let start = self.start_lictords(&program, &lab, consul, &url);
            let what = words_for(self.lictords.into(), "lictord");
            lab.lictords = self.timed(what, start).await?;
        }
        Ok(lab)
    }

    async fn start_consuls(
        &self,
        tools: &'static Tools,
        block: Block,
        tls: Option<&Authority>,
    ) -> Result<Vec<Consul>> {
        let tokens = Tokens::new();
        let named = self.consuls.iter().zip(1..).map(|(last, number)| {
            let name = match self.consuls.len() {
                1 => "consul".to_owned(),
                _ => format!("consul-{number}"),
            };
            let place = (*last, &self.consuls[..]);
            Consul::new(&name, tools, block, place, &block.dir(), &tokens, tls)
        });
        let consuls = named.collect::<Result<Vec<_>>>()?;
        try_join_all(consuls.iter().map(Consul::start)).await?;
        if let Some(one) = consuls.first() {
            let clusters = self.clusters.iter().map(|(name, _)| name.as_str());
            one.admit(clusters).await?;
        }
        Ok(consuls)
    }

    /// The first is ready, and so leads, before the others start.
    async fn start_lictords(
        &self,
        program: &Program,
        lab: &Lab,
        consul: &Consul,
        postgres: &str,
    ) -> Result<Vec<Lictord>> {
        let block = lab.block();
        let around = Around {
            access: &lab.access,
            tls: lab.authority(),
        };
        let named = self.lictord_octets().zip(1..).map(|(last, number)| {
            let name = match self.lictords {
                1 => "lictord".to_owned(),
                _ => format!("lictord-{number}"),
            };
            Lictord::new(&name, program, block, last, consul, postgres, around)
        });
        let lictords = named.collect::<Result<Vec<_>>>()?;
        if let Some((first, others)) = lictords.split_first() {
            first.start().await?;
            first.wait_ready().await?;
            first.wait_serving().await?;
            if self.agents {
                let token = first.make_token("agents", "agent").await?;
                lab.access.admit_agents(&token)?;
            }
            try_join_all(others.iter().map(async |other| {
                other.start().await?;
                other.wait_serving().await
            }))
            .await?;
        }
        Ok(lictords)
    }

    fn lictord_octets(&self) -> impl Iterator<Item = u8> {
        LICTORD..LICTORD + self.lictords
    }

    /// The last octets of every server's address.
    fn hosts(&self) -> Vec<u8> {
        let nodes = self
            .clusters
            .iter()
            .zip(1_u8..)
            .flat_map(|((_, replicas), tens)| (1..=replicas + 1).map(move |n| tens * 10 + n));
        [CONSUL, POSTGRES, STANDBY]
            .into_iter()
            .chain(MORE_CONSULS)
            .chain(self.lictord_octets())
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

/// `lictord`, or `3 lictord`.
fn words_for(count: usize, what: &str) -> String {
    match count {
        1 => what.to_owned(),
        _ => format!("{count} {what}"),
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
    consuls: Vec<Consul>,
    postgres: Option<Postgres>,
    standby: Option<Postgres>,
    lictords: Vec<Lictord>,
    access: Access,
    network: Option<Network>,
    authority: Option<Arc<Authority>>,
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

    /// Whose certificates its servers have, where it was built with TLS.
    #[must_use]
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_deref()
    }

    /// The text of an admin's token, for its `lictord`.
    #[must_use]
    pub fn token(&self) -> &str {
        self.access.token()
    }

    /// The file that has this token.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        self.access.token_file()
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

    /// Consul; of several servers, the one that `lictord` asks.
    ///
    /// # Panics
    /// When the laboratory was built without it.
    #[must_use]
    pub fn consul(&self) -> &Consul {
        let Some(consul) = self.consuls.first() else {
            panic!("the laboratory has no Consul");
        };
        consul
    }

    /// Every Consul server.
    #[must_use]
    pub fn consuls(&self) -> &[Consul] {
        &self.consuls
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

    /// The standby of Postgres.
    ///
    /// # Panics
    /// When the laboratory was built without it.
    #[must_use]
    pub fn standby(&self) -> &Postgres {
        let Some(standby) = &self.standby else {
            panic!("the laboratory has no standby of Postgres");
        };
        standby
    }

    /// The control plane; of several, the first one.
    ///
    /// # Panics
    /// When the laboratory was built without it.
    #[must_use]
    pub fn lictord(&self) -> &Lictord {
        let Some(lictord) = self.lictords.first() else {
            panic!("the laboratory has no lictord");
        };
        lictord
    }

    /// Every instance of the control plane.
    #[must_use]
    pub fn lictords(&self) -> &[Lictord] {
        &self.lictords
    }

    /// The `lictord` that says that it leads, and has looked at every cluster.
    ///
    /// # Errors
    /// When none says so, or more than one does.
    pub async fn leader(&self) -> Result<&Lictord> {
        let leading = self.lictords.iter().map(async |lictord| {
            // One that does not answer does not say so.
            matches!(lictord.standing().await, Ok(Standing::Leads)).then_some(lictord)
        });
        let leaders: Vec<_> = join_all(leading).await.into_iter().flatten().collect();
        match leaders[..] {
            [leader] => Ok(leader),
            [] => bail!("no lictord leads"),
            [one, other, ..] => bail!("both {} and {} lead", one.name(), other.name()),
        }
    }

    /// Everything in it.
    #[must_use]
    pub fn servers(&self) -> Vec<&dyn Server> {
        let mut servers: Vec<&dyn Server> = Vec::new();
        servers.extend(self.consuls.iter().map(|server| server as &dyn Server));
        let postgres = self.postgres.iter().chain(&self.standby);
        servers.extend(postgres.map(|server| server as &dyn Server));
        servers.extend(self.lictords.iter().map(|server| server as &dyn Server));
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

    /// Keeps its directory, with every log, when it is dropped.
    pub fn keep(&self) {
        self.lease.keep();
    }

    /// Starts the server of that name on the data it has, after killing it if
    /// it runs.
    pub async fn restart(&self, name: &str) -> Result<()> {
        let is_it = |server: &dyn Server| server.name() == name;
        let mut postgres = self.postgres.iter().chain(&self.standby);
        if let Some(consul) = self.consuls.iter().find(|it| is_it(*it)) {
            consul.start().await
        } else if let Some(postgres) = postgres.find(|it| is_it(*it)) {
            postgres.start().await
        } else if let Some(lictord) = self.lictords.iter().find(|it| is_it(*it)) {
            lictord.start().await?;
            match self.lictords.len() {
                1 => lictord.wait_ready().await,
                _ => lictord.wait_serving().await,
            }
        } else {
            self.node(name)?.start().await
        }
    }
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
