//! The cluster under load: suffers a fault, is mended, and becomes whole again.

mod switchover;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lictor_client::Lictor;
use lictor_integration::{Ledger, Load, PATIENCE, Scene};
use lictor_lab::{Lab, Node, Server, eventually};
use lictor_wire::v1;

use crate::checker::Findings;
use crate::deck::{Fault, Kind};
use crate::primacies::Primacies;
use crate::stubborn::Stubborn;

const CLUSTER: &str = "orders";
/// Writers that find the primary through Lictor, and their pace.
const WRITERS: u64 = 2;
const PAUSE: Duration = Duration::from_millis(30);
/// Writes that show that the cluster works without what is away.
const SOME_WRITES: usize = 20;

/// A cluster under load.
pub(crate) struct Arena {
    scene: Scene,
    client: Arc<Lictor>,
    load: Load,
    stubborn: Stubborn,
    primacies: Primacies,
}

/// The cluster as a fault finds it.
struct Roles<'a> {
    primary: &'a Node,
    /// In order of name, the one that the fault is for first.
    replicas: Vec<&'a Node>,
}

impl Roles<'_> {
    fn replica(&self) -> Result<&Node> {
        self.replicas.first().copied().context("no replica")
    }

    fn replicas(&self) -> Vec<&dyn Server> {
        servers(&self.replicas)
    }
}

fn servers<'a>(nodes: &[&'a Node]) -> Vec<&'a dyn Server> {
    nodes.iter().map(|node| *node as &dyn Server).collect()
}

impl Arena {
    /// Starts everything; the cluster is whole and written to.
    pub(crate) async fn start(replicas: u8, networked: bool) -> Result<Self> {
        let plan = if networked {
            Lab::builder().networked()
        } else {
            Lab::builder()
        };
        let scene = Scene::start_in(plan, &[(CLUSTER, replicas)]).await?;
        scene.register(CLUSTER).await?;
        scene.lift_budget(CLUSTER).await?;
        let cluster = scene.lab.cluster(CLUSTER);
        Load::prepare(cluster.primary().await?).await?;
        let client = scene.client("chaos").await?;
        let primacies = Primacies::listen(&client, CLUSTER);
        let load = Load::start_paced(&client, CLUSTER, WRITERS, 1, PAUSE);
        let stubborn = Stubborn::start(cluster.nodes());
        Ok(Self {
            scene,
            client,
            load,
            stubborn,
            primacies,
        })
    }

    /// Where the logs are.
    pub(crate) fn dir(&self) -> PathBuf {
        self.scene.lab.block().dir()
    }

    /// Keeps the logs.
    pub(crate) fn keep(&self) {
        self.scene.lab.keep();
    }

    /// The cluster and its last recovery, as an operator sees them.
    pub(crate) async fn story(&self) -> String {
        let mut story = String::new();
        for args in [
            &["cluster", "show", CLUSTER][..],
            &["recovery", "list"],
            &["recovery", "show", "last"],
        ] {
            let told = self.scene.lictor_ok(args).await;
            story += &told.unwrap_or_else(|error| format!("{error:#}\n"));
        }
        story
    }

    /// The longest time without an acknowledged write since `from`.
    pub(crate) fn longest_gap(&self, from: Instant) -> Duration {
        let acknowledged = self.load.ledger().acknowledged();
        let moments = acknowledged.iter().map(|write| write.at);
        let mut last = from;
        let mut longest = Duration::ZERO;
        for at in moments.filter(|at| *at > from).chain([Instant::now()]) {
            longest = longest.max(at.duration_since(last));
            last = at;
        }
        longest
    }

    /// Waits until the cluster is whole; says which nodes were built anew.
    pub(crate) async fn recover(&self) -> Result<String> {
        let whole = self.scene.whole(CLUSTER, &self.client).await?;
        if whole.quarantined.is_empty() {
            return Ok(String::new());
        }
        self.scene
            .whole_with_everyone(CLUSTER, &self.client)
            .await?;
        Ok(format!("; built anew: {}", whole.quarantined.join(", ")))
    }

    /// Stops the writers and looks at every acknowledged write; the logs are
    /// kept unless all is as it must be.
    pub(crate) async fn check(self) -> Result<Findings> {
        let Self {
            scene,
            client,
            load,
            stubborn,
            primacies,
        } = self;
        let ledgers = [load.stop().await, stubborn.stop().await];
        let findings = look(&scene, &client, &ledgers, &primacies).await;
        if !findings.as_ref().is_ok_and(|found| found.verdict().is_ok()) {
            scene.lab.keep();
        }
        findings
    }

    /// Lets a fault happen, waits until it has told, and mends it; says what
    /// became of it.
    pub(crate) async fn suffer(&self, fault: Fault) -> Result<String> {
        let roles = self.roles(fault.replica).await?;
        let (lab, primary) = (&self.scene.lab, roles.primary);
        match fault.kind {
            Kind::KillPrimary => self.kill_primary(primary).await,
            Kind::HangPrimary => {
                primary.freeze()?;
                let told = self.failed_over(primary).await?;
                primary.thaw()?;
                Ok(told)
            }
            Kind::KillReplica => {
                let replica = roles.replica()?;
                replica.kill()?;
                let told = self.problem("UnreachableReplica", replica).await?;
                replica.start().await?;
                Ok(told)
            }
            Kind::HangReplica => {
                let replica = roles.replica()?;
                replica.freeze()?;
                let told = self.problem("UnreachableReplica", replica).await?;
                replica.thaw()?;
                Ok(told)
            }
            Kind::StopReceiver => {
                let replica = roles.replica()?;
                let told = self.stop_receiver(replica).await?;
                replica.sql("START REPLICA IO_THREAD").await?;
                Ok(told)
            }
            Kind::BreakReplication => self.break_replication(&roles).await,
            Kind::KillLictord => {
                lab.lictord().kill()?;
                self.goes_on_without("lictord").await
            }
            Kind::KillLictordAndPrimary => {
                lab.lictord().kill()?;
                primary.kill()?;
                lab.restart("lictord").await?;
                self.failed_over_and_back(primary).await
            }
            Kind::RestartConsul => {
                lab.consul().kill()?;
                self.goes_on_without("consul").await
            }
            Kind::RestartPostgres => {
                lab.postgres().kill()?;
                self.goes_on_without("postgres").await
            }
            Kind::KillPrimaryWithoutConsul => {
                lab.consul().kill()?;
                let told = self.kill_primary(primary).await?;
                lab.restart("consul").await?;
                Ok(told)
            }
            Kind::KillPrimaryWithoutPostgres => {
                lab.postgres().kill()?;
                let told = self.kill_primary(primary).await?;
                lab.restart("postgres").await?;
                Ok(told)
            }
            Kind::SwitchOver => self.switch_over(&roles).await,
            Kind::InSwitchover(blow) => self.strike(blow, fault.after, &roles).await,
            Kind::CutPrimaryFromServers
            | Kind::CutPrimaryFromAll
            | Kind::CutPrimaryFromLictord
            | Kind::CutReplicaFromPrimary
            | Kind::CutHalves => {
                let told = self.cut(fault.kind, &roles).await?;
                lab.heal()?;
                Ok(told)
            }
        }
    }

    async fn cut(&self, kind: Kind, roles: &Roles<'_>) -> Result<String> {
        let (lab, primary) = (&self.scene.lab, roles.primary);
        let keepers: [&dyn Server; 3] = [lab.lictord(), lab.consul(), lab.postgres()];
        let others = [roles.replicas(), keepers.to_vec()].concat();
        match kind {
            Kind::CutPrimaryFromLictord => {
                lab.cut(&[primary], &[lab.lictord()])?;
                self.no_failover(primary).await
            }
            Kind::CutReplicaFromPrimary => {
                let replica = roles.replica()?;
                lab.cut(&[primary], &[replica])?;
                self.problem("ReceiverDown", replica).await
            }
            Kind::CutHalves => {
                let ours: [&dyn Server; 2] = [primary, roles.replica()?];
                lab.cut(&ours, &others[1..])?;
                self.no_failover(primary).await
            }
            Kind::CutPrimaryFromAll => {
                lab.cut_from_outside(&[primary])?;
                lab.cut(&[primary], &others)?;
                self.failed_over(primary).await
            }
            _ => {
                lab.cut(&[primary], &others)?;
                self.failed_over(primary).await
            }
        }
    }

    async fn roles(&self, replica: usize) -> Result<Roles<'_>> {
        let view = self.scene.cluster(CLUSTER).await?;
        let primary = self.scene.lab.node(&view.primary)?;
        let nodes = self.scene.lab.cluster(CLUSTER).nodes();
        let mut replicas: Vec<&Node> = nodes
            .iter()
            .filter(|node| node.name() != primary.name())
            .collect();
        let first = replica % replicas.len().max(1);
        replicas.rotate_left(first);
        Ok(Roles { primary, replicas })
    }

    async fn kill_primary(&self, primary: &Node) -> Result<String> {
        primary.kill()?;
        self.failed_over_and_back(primary).await
    }

    async fn failed_over_and_back(&self, old: &Node) -> Result<String> {
        let told = self.failed_over(old).await?;
        old.start().await?;
        Ok(told)
    }

    async fn failed_over(&self, old: &Node) -> Result<String> {
        let new = self.scene.new_primary(CLUSTER, old.name()).await?;
        Ok(format!("{} took over from {}", new.name(), old.name()))
    }

    /// Right after a recovery that was given up Lictor takes a stopped receiver
    /// for its own doing, and starts it.
    async fn stop_receiver(&self, replica: &Node) -> Result<String> {
        eventually("a stopped receiver to be told", PATIENCE, || async {
            replica.sql("STOP REPLICA IO_THREAD").await?;
            self.look_for("ReceiverDown", replica).await
        })
        .await
    }

    /// Its source refuses the replica until it is told the password again.
    async fn break_replication(&self, roles: &Roles<'_>) -> Result<String> {
        let replica = roles.replica()?;
        eventually("the password to be wrong", PATIENCE, || async {
            replica.stop_replication().await?;
            let wrong = "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = 'wrong'";
            replica.sql(wrong).await
        })
        .await?;
        replica.start_replication().await?;
        let told = self.problem("ReceiverDown", replica).await?;
        replica.replicate_from(roles.primary).await?;
        Ok(told)
    }

    async fn goes_on_without(&self, server: &str) -> Result<String> {
        let ledger = self.load.ledger();
        let goal = ledger.count() + SOME_WRITES;
        eventually("writes meanwhile", PATIENCE, || async {
            let count = ledger.count();
            ensure!(count >= goal, "{count} of {goal}");
            Ok(())
        })
        .await?;
        self.scene.lab.restart(server).await?;
        Ok("writes went on without it".to_owned())
    }

    /// Lictor must see that it cannot reach the primary, and leave it at that:
    /// it may still acknowledge writes.
    async fn no_failover(&self, primary: &Node) -> Result<String> {
        let told = eventually("the refusal to fail over", PATIENCE, || async {
            let view = self.scene.cluster(CLUSTER).await?;
            ensure!(view.primary == primary.name(), "{} leads", view.primary);
            let is_refusal = |problem: &&v1::Problem| {
                ["UnreachablePrimary", "NoViableCandidate"].contains(&problem.code.as_str())
            };
            let problem = view.problems.iter().find(is_refusal);
            let problem = problem.with_context(|| format!("{:?}", view.problems))?;
            Ok(problem.code.clone())
        })
        .await?;
        Ok(format!("no failover, {told}"))
    }

    async fn problem(&self, code: &str, node: &Node) -> Result<String> {
        let what = format!("{code} of {}", node.name());
        eventually(&what, PATIENCE, || self.look_for(code, node)).await
    }

    async fn look_for(&self, code: &str, node: &Node) -> Result<String> {
        let problems = self.scene.cluster(CLUSTER).await?.problems;
        let told = problems
            .iter()
            .any(|problem| problem.code == code && problem.node.as_deref() == Some(node.name()));
        ensure!(told, "{problems:?}");
        Ok(format!("{code} of {}", node.name()))
    }
}

/// Every node holds the same in the end, and that is every acknowledged write.
async fn look(
    scene: &Scene,
    client: &Lictor,
    ledgers: &[Arc<Ledger>],
    primacies: &Primacies,
) -> Result<Findings> {
    let primary = scene.whole_with_everyone(CLUSTER, client).await?;
    let written = primary.gtid_executed().await?;
    for node in scene.lab.cluster(CLUSTER).nodes() {
        let what = format!("{} to hold exactly what the primary holds", node.name());
        eventually(&what, PATIENCE, || async {
            let holds = node.gtid_executed().await?;
            ensure!(holds == written, "{holds} instead of {written}");
            Ok(())
        })
        .await?;
    }
    let mut findings = Findings {
        epochs: primacies.count(),
        ..Findings::default()
    };
    for ledger in ledgers {
        let lost = ledger.missing_on(primary).await?;
        let stale = primacies.stale(&ledger.acknowledged());
        findings.acknowledged += ledger.count();
        findings.lost += lost.len();
        findings.stale += stale.len();
        for id in lost.iter().take(10) {
            println!("lost: {id}");
        }
        for write in stale.iter().take(10) {
            println!("stale: {write}");
        }
    }
    Ok(findings)
}
