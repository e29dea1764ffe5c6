//! When a cluster is whole: every view of it names the same primary, which
//! alone takes writes, and everyone else follows it.

use anyhow::{Context, Result, ensure};
use lictor_client::Lictor;
use lictor_lab::{Node, Server, State, eventually};
use lictor_wire::v1;

use crate::scene::{PATIENCE, Scene};

/// A cluster that is whole but for the nodes that Lictor keeps out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its primary.
    pub primary: String,
    /// Nodes in quarantine.
    pub quarantined: Vec<String>,
}

impl Scene {
    /// Waits until a cluster is whole; `client` is whose route must agree.
    pub async fn whole(&self, cluster: &str, client: &Lictor) -> Result<Whole> {
        eventually("the cluster to be whole", PATIENCE, || async {
            self.look_whole(cluster, client).await
        })
        .await
    }

    /// Waits until a cluster is whole, and builds anew whatever is quarantined
    /// in it, until nothing is. Returns the primary.
    pub async fn whole_with_everyone(&self, cluster: &str, client: &Lictor) -> Result<&Node> {
        loop {
            let whole = self.whole(cluster, client).await?;
            if whole.quarantined.is_empty() {
                return self.lab.node(&whole.primary);
            }
            for name in &whole.quarantined {
                self.lab.node(name)?.rebuild().await?;
                self.let_back(cluster, name).await?;
            }
        }
    }

    /// Waits until a node built anew is no longer quarantined.
    async fn let_back(&self, cluster: &str, node: &str) -> Result<()> {
        let what = format!("the quarantine of {node} to end");
        eventually(&what, PATIENCE, || async {
            let view = self.cluster(cluster).await?;
            let seen = view.nodes.iter().find(|seen| seen.name == node);
            let seen = seen.with_context(|| format!("{cluster} has no node {node}"))?;
            ensure!(seen.quarantine.is_none(), "{:?}", seen.quarantine);
            Ok(())
        })
        .await
    }

    async fn look_whole(&self, cluster: &str, client: &Lictor) -> Result<Whole> {
        let view = self.cluster(cluster).await?;
        let primary = self.lab.node(&view.primary)?;
        let mut quarantined = vec![];
        for node in &view.nodes {
            if node.name == view.primary {
                leads(node)?;
            } else if node.quarantine.is_some() {
                quarantined.push(node.name.clone());
            } else {
                follows(node, &primary.address().to_string())?;
            }
        }
        self.one_takes_writes(cluster, primary).await?;
        self.everyone_acknowledges(primary, view.nodes.len() - 1 - quarantined.len())
            .await?;
        self.names_agree(cluster, primary, client).await?;
        let recoveries = self.recoveries(cluster).await?;
        let running =
            |recovery: &&v1::RecoverySummary| recovery.state() == v1::RecoveryState::Running;
        if let Some(recovery) = recoveries.iter().find(running) {
            anyhow::bail!("a recovery still runs: {recovery:?}");
        }
        Ok(Whole {
            primary: view.primary,
            quarantined,
        })
    }

    /// Asked of the servers themselves.
    async fn one_takes_writes(&self, cluster: &str, primary: &Node) -> Result<()> {
        for node in self.lab.cluster(cluster).nodes() {
            ensure!(
                node.state() == State::Running,
                "{} is {}",
                node.name(),
                node.state()
            );
        }
        let writable = self.writable_nodes(cluster).await?;
        ensure!(writable == [primary.name()], "{writable:?} take writes");
        Ok(())
    }

    /// A replica that has just come back counts twice for a moment.
    async fn everyone_acknowledges(&self, primary: &Node, replicas: usize) -> Result<()> {
        let clients = "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_clients'";
        let rows = primary.sql(clients).await?;
        let count = rows.first().and_then(|row| row.get(1)).cloned();
        ensure!(
            count.as_deref() == Some(replicas.to_string().as_str()),
            "{count:?} of {replicas} replicas acknowledge"
        );
        Ok(())
    }

    /// Consul's DNS and the client's route.
    async fn names_agree(&self, cluster: &str, primary: &Node, client: &Lictor) -> Result<()> {
        let name = format!("primary.{cluster}.service.consul");
        let answer = self.lab.consul().dns_a(&name).await?;
        ensure!(answer == [*primary.address().ip()], "DNS says {answer:?}");
        let route = client.routes().route(cluster)?;
        let writer = route.writer().context("the route has no writer")?;
        ensure!(
            writer.node.as_str() == primary.name(),
            "the route says {}",
            writer.node
        );
        Ok(())
    }
}

fn leads(node: &v1::NodeView) -> Result<()> {
    let writable = node.writability() == v1::Writability::Writable;
    ensure!(writable && node.source.is_none(), "not yet: {node:?}");
    Ok(())
}

fn follows(node: &v1::NodeView, primary: &str) -> Result<()> {
    let follows = node.source.as_deref() == Some(primary)
        && node.lag_us.is_some()
        && node.receiver() == v1::ReceiverState::Running
        && node.applier_running == Some(true)
        && node.writability() == v1::Writability::SuperReadOnly;
    ensure!(follows, "not yet: {node:?}");
    Ok(())
}
