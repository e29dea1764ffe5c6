//! A laboratory of three `lictord`, a cluster, and a writer on `lictor-client`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::{select_ok, try_join_all};
use lictor_integration::{Connection, Load, PATIENCE, Scene};
use lictor_lab::{Lab, Lictord, Node, Server, eventually};
use lictor_wire::v1;
use lictor_wire::v1::cluster_service_client::ClusterServiceClient;
use lictor_wire::v1::control_plane_service_client::ControlPlaneServiceClient;

use crate::figures::{Missed, Takeover};

/// How long a lease is by default, and here.
const LEASE: Duration = Duration::from_millis(1500);

/// A control plane of three with a cluster, and a writer at work.
pub(crate) struct Ours {
    scene: Scene,
    load: Load,
}

impl Ours {
    /// Starts the laboratory and the writer.
    pub(crate) async fn start() -> Result<Self> {
        let scene = Scene::start_in(Lab::builder().lictords(3), &[("orders", 2)]).await?;
        scene.register("orders").await?;
        scene.lift_budget("orders").await?;
        Load::prepare(scene.lab.cluster("orders").primary().await?).await?;
        let client = scene.client("bench").await?;
        let load = Load::start(&client, "orders", 1, 1);
        let ours = Self { scene, load };
        ours.settled().await?;
        Ok(ours)
    }

    /// Kills the leader, and waits for the next one.
    pub(crate) async fn kill_leader(&self) -> Result<Takeover> {
        let leader = self.scene.lab.leader().await?;
        let others = self.others(leader).await?;
        let free = others.lease_left().await?;
        let begun = Instant::now();
        leader.kill()?;
        let (leads, able) = others.one_able_to_act().await?;
        self.heal(leader).await?;
        Ok(Takeover {
            free,
            leads: leads - begun,
            able: able - begun,
        })
    }

    /// Kills the leader and the primary, and waits for the writer.
    pub(crate) async fn kill_leader_and_primary(&self) -> Result<Missed> {
        let leader = self.scene.lab.leader().await?;
        let old = self.scene.lab.cluster("orders").primary().await?;
        let others = self.others(leader).await?;
        let free = others.lease_left().await?;
        let begun = Instant::now();
        leader.kill()?;
        old.kill()?;
        old.gone(PATIENCE).await?;
        let dead = Instant::now();
        let acked = eventually("an acknowledged write", PATIENCE, || async {
            self.load.ledger().first_after(dead).context("not yet")
        });
        let (acked, (leads, able)) = tokio::try_join!(acked, others.one_able_to_act())?;
        self.heal(leader).await?;
        self.bring_back(old).await?;
        Ok(Missed {
            takeover: Takeover {
                free,
                leads: leads - begun,
                able: able - begun,
            },
            acked: acked - begun,
        })
    }

    /// Acknowledged writes that the primary does not have.
    pub(crate) async fn lost_writes(self) -> Result<usize> {
        let primary = self.scene.lab.cluster("orders").primary().await?;
        let ledger = self.load.stop().await;
        let failures = ledger.failures();
        ensure!(failures.is_empty(), "writers failed: {failures:?}");
        Ok(ledger.missing_on(primary).await?.len())
    }

    /// Connections to every `lictord` but the leader.
    async fn others(&self, leader: &Lictord) -> Result<Others> {
        let lictords = self.scene.lab.lictords().iter();
        let others = lictords.filter(|it| it.name() != leader.name());
        let channels = others.map(|other| self.scene.channel_to(other));
        Ok(Others(try_join_all(channels).await?))
    }

    /// Starts the dead leader again, as a follower.
    async fn heal(&self, dead: &Lictord) -> Result<()> {
        dead.gone(PATIENCE).await?;
        self.scene.lab.restart(dead.name()).await?;
        self.settled().await
    }

    /// Brings the old primary back as a replica; one with errant transactions
    /// gets another one's data.
    async fn bring_back(&self, old: &Node) -> Result<()> {
        old.start().await?;
        if !self.scene.rejoined("orders", old.name()).await? {
            self.scene
                .rebuild(old, "the next round needs every node")
                .await?;
        }
        self.settled().await
    }

    /// Waits until writes flow and nothing is wrong, or nothing but what a lost
    /// node leaves behind.
    async fn settled(&self) -> Result<()> {
        let before = self.load.ledger().count();
        eventually("writes to flow", PATIENCE, || async {
            ensure!(self.load.ledger().count() > before + 20, "not yet");
            Ok(())
        })
        .await?;
        eventually("a healthy cluster", PATIENCE, || async {
            let view = self.scene.cluster("orders").await?;
            let nodes = self.scene.lab.cluster("orders").nodes();
            let whole = nodes.iter().all(|node| node.pid().is_some());
            ensure!(!whole || view.problems.is_empty(), "{:?}", view.problems);
            Ok(())
        })
        .await
    }
}

/// Those that do not lead.
struct Others(Vec<Connection>);

impl Others {
    /// How long no other may lead yet: until either has seen both records
    /// unchanged for a whole lease.
    async fn lease_left(&self) -> Result<Duration> {
        let mut soonest = LEASE;
        for channel in &self.0 {
            let status = status(channel).await?;
            ensure!(
                status.leases.len() == 2,
                "a lease is missing: {:?}",
                status.leases
            );
            let ages = status.leases.iter().filter_map(|lease| lease.age_us);
            let age = ages.min().context("a lease was never read")?;
            soonest = soonest.min(LEASE.saturating_sub(Duration::from_micros(age)));
        }
        Ok(soonest)
    }

    /// When one of them led, and when it was able to act.
    async fn one_able_to_act(&self) -> Result<(Instant, Instant)> {
        let able = self.0.iter().map(|channel| Box::pin(able_to_act(channel)));
        Ok(select_ok(able).await?.0)
    }
}

async fn able_to_act(channel: &Connection) -> Result<(Instant, Instant)> {
    let leads = eventually("this one to lead", PATIENCE, || async {
        ensure!(status(channel).await?.leader, "it does not lead");
        Ok(Instant::now())
    })
    .await?;
    let able = eventually("this one to be able to act", PATIENCE, || async {
        let status = status(channel).await?;
        ensure!(status.leader && status.ready, "{:?}", status.sentences);
        change(channel).await?;
        Ok(Instant::now())
    });
    Ok((leads, able.await?))
}

async fn status(channel: &Connection) -> Result<v1::GetStatusResponse> {
    let mut api = ControlPlaneServiceClient::new(channel.clone());
    Ok(api.get_status(v1::GetStatusRequest {}).await?.into_inner())
}

/// A change that changes nothing: the budget is what it was.
async fn change(channel: &Connection) -> Result<()> {
    let mut api = ClusterServiceClient::new(channel.clone());
    api.update_policy(Scene::lifted_budget("orders")).await?;
    Ok(())
}
