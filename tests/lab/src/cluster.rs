//! A primary and its replicas, as a laboratory starts them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::future::{join_all, try_join_all};

use crate::block::Block;
use crate::mysqld::Surroundings;
use crate::node::Node;
use crate::server::{Server, State};
use crate::tools::Tools;
use crate::wait::eventually;

/// How long replicas may take to connect.
const CONNECT: Duration = Duration::from_secs(30);

/// How long a node may take to say whether it is writable.
const ASK: Duration = Duration::from_secs(1);

/// A primary and its replicas.
#[derive(Debug)]
pub struct Cluster {
    name: String,
    nodes: Vec<Node>,
}

impl Cluster {
    /// Starts the nodes NAME-1, NAME-2, ... on consecutive addresses: the first
    /// is the primary, open for writes; the others replicate from it, semi-sync.
    pub(crate) async fn start(
        tools: &'static Tools,
        block: Block,
        first_octet: u8,
        name: &str,
        replicas: u8,
        lab: &Path,
        around: &Surroundings,
    ) -> Result<Self> {
        let nodes = (0..=replicas).map(|index| async move {
            let name = format!("{name}-{}", index + 1);
            let node = Node::new(tools, block, first_octet + index, &name, lab, around).await?;
            node.start().await?;
            anyhow::Ok(node)
        });
        let cluster = Self {
            name: name.to_owned(),
            nodes: try_join_all(nodes).await?,
        };
        cluster.replicate().await?;
        Ok(cluster)
    }

    async fn replicate(&self) -> Result<()> {
        let (primary, replicas) = self.nodes.split_first().context("a cluster has a node")?;
        try_join_all(replicas.iter().map(|node| node.replicate_from(primary))).await?;
        if replicas.is_empty() {
            return primary.open_alone().await;
        }
        primary.open().await?;
        eventually("the replicas to acknowledge", CONNECT, async || {
            let clients = "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_clients'";
            let rows = primary.sql(clients).await?;
            let connected = rows.first().and_then(|row| row.get(1)).cloned();
            ensure!(
                connected.as_deref() == Some(replicas.len().to_string().as_str()),
                "{connected:?} of {} connected",
                replicas.len()
            );
            Ok(())
        })
        .await
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its nodes, in the order of their addresses.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// NAME-`number`; the first is 1 and is the primary at the start.
    ///
    /// # Panics
    /// When it has fewer nodes.
    #[must_use]
    pub fn node(&self, number: usize) -> &Node {
        &self.nodes[number - 1]
    }

    /// The one node that takes writes now.
    ///
    /// # Errors
    /// When there is none, or more than one, among those that answer.
    pub async fn primary(&self) -> Result<&Node> {
        let asked = self.nodes.iter().map(|node| async move {
            if node.state() != State::Running {
                return None;
            }
            let writable = tokio::time::timeout(ASK, node.is_writable()).await;
            matches!(writable, Ok(Ok(true))).then_some(node)
        });
        let writable: Vec<&Node> = join_all(asked).await.into_iter().flatten().collect();
        match writable[..] {
            [node] => Ok(node),
            [] => bail!("no node of {} takes writes", self.name),
            _ => {
                let names: Vec<&str> = writable.iter().map(|node| node.name()).collect();
                bail!("{} all take writes", names.join(", "))
            }
        }
    }
}
