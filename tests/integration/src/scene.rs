//! A laboratory in which Lictor keeps real clusters.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lictor_client::{ClientConfig, Credentials, Lictor, TokenSource};
use lictor_lab::{
    APP, APP_DATABASE, Authority, Lab, LabBuilder, Lictord, Node, Server, State, eventually,
    sibling,
};
use lictor_tls::ClientTls;
use lictor_wire::{Bearer, v1};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

/// How long a condition may take to come true. Generous: the machine may be
/// busy, and no test is about time.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// A new primary first applies all it received, and that may be much.
const BACKLOG: Duration = Duration::from_mins(3);

/// Waits until a node has shut down after it got another one's data, and starts
/// it again, as a supervisor would.
pub async fn supervise(node: &Node) -> Result<()> {
    eventually("the node to shut down", PATIENCE, || async {
        ensure!(node.state() != State::Running, "it runs");
        Ok(())
    })
    .await?;
    node.start().await
}

/// Who runs `lictor`, as the audit log has it.
pub const OPERATOR: &str = "ada@laboratory";

/// A connection to the API that shows the laboratory's token.
pub type Connection = InterceptedService<Channel, Bearer>;

/// A laboratory with `lictord`.
pub struct Scene {
    /// The servers.
    pub lab: Lab,
    lictor: PathBuf,
}

impl Scene {
    /// Starts clusters of one primary and so many replicas, Consul, Postgres
    /// and `lictord`, which knows none of the clusters yet.
    pub async fn start(clusters: &[(&str, u8)]) -> Result<Self> {
        Self::start_in(Lab::builder(), clusters).await
    }

    /// The same in a laboratory that was planned already.
    pub async fn start_in(plan: LabBuilder, clusters: &[(&str, u8)]) -> Result<Self> {
        let mut builder = plan.lictord();
        for (name, replicas) in clusters {
            builder = builder.cluster(name, *replicas);
        }
        let lab = builder.start().await?;
        lab.lictord().wait_ready().await?;
        Ok(Self {
            lab,
            lictor: sibling("lictor", "LICTOR_BIN")?,
        })
    }

    /// The same with the cluster `orders` registered, in mode auto with the
    /// profile `fast`.
    pub async fn with_orders(replicas: u8) -> Result<Self> {
        let scene = Self::start(&[("orders", replicas)]).await?;
        scene.register("orders").await?;
        Ok(scene)
    }

    /// Registers a cluster from its first node, in mode auto.
    pub async fn register(&self, cluster: &str) -> Result<()> {
        let seed = self.lab.cluster(cluster).node(1).address().to_string();
        self.lictor_ok(&[
            "cluster",
            "add",
            cluster,
            "--seed",
            &seed,
            "--mode",
            "auto",
            "--profile",
            "fast",
        ])
        .await?;
        Ok(())
    }

    /// Lets a cluster fail over as often as it must.
    pub async fn lift_budget(&self, cluster: &str) -> Result<()> {
        let mut api = v1::cluster_service_client::ClusterServiceClient::new(self.channel().await?);
        api.update_policy(Self::lifted_budget(cluster)).await?;
        Ok(())
    }

    /// The request that lets a cluster fail over as often as it must.
    #[must_use]
    pub fn lifted_budget(cluster: &str) -> v1::UpdatePolicyRequest {
        let budget = v1::Budget {
            failovers: 10_000,
            window_secs: 600,
        };
        v1::UpdatePolicyRequest {
            name: cluster.to_owned(),
            change: Some(v1::PolicyChange {
                budget: Some(budget),
                ..Default::default()
            }),
            reason: "many failovers in a row are what is measured".to_owned(),
        }
    }

    /// The URL of `lictord`; of several, of the one that leads, once one does.
    pub async fn server(&self) -> Result<String> {
        if let [only] = self.lab.lictords() {
            return Ok(only.url());
        }
        let leader = eventually("a leader", PATIENCE, || async {
            Ok::<_, anyhow::Error>(self.lab.leader().await?.url())
        });
        leader.await
    }

    /// Runs the command line `lictor`.
    pub async fn lictor(&self, args: &[&str]) -> Result<Output> {
        self.lictor_as(self.lab.token(), args).await
    }

    /// The same under this token.
    pub async fn lictor_as(&self, token: &str, args: &[&str]) -> Result<Output> {
        let mut run = Command::new(&self.lictor)
            .args(["--server", &self.server().await?])
            .args(args)
            .env("LICTOR_ACTOR", OPERATOR)
            .env("LICTOR_TOKEN", token)
            .envs(self.trust().ca_file.map(|file| ("LICTOR_CA_FILE", file)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("lictor cannot be run")?;
        let mut said = run.stdout.take().context("no standard output")?;
        let mut erred = run.stderr.take().context("no standard error")?;
        let (mut stdout, mut stderr) = (vec![], vec![]);
        let ended = tokio::time::timeout(PATIENCE, async {
            tokio::try_join!(
                said.read_to_end(&mut stdout),
                erred.read_to_end(&mut stderr)
            )?;
            run.wait().await
        })
        .await;
        let Ok(status) = ended else {
            bail!(
                "lictor {args:?} did not end; it said: {}{}",
                String::from_utf8_lossy(&stdout),
                String::from_utf8_lossy(&stderr)
            );
        };
        Ok(Output {
            status: status?,
            stdout,
            stderr,
        })
    }

    /// The same, when it must succeed: what it printed.
    pub async fn lictor_ok(&self, args: &[&str]) -> Result<String> {
        let output = self.lictor(args).await?;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = String::from_utf8(output.stdout)?;
        ensure!(
            output.status.success(),
            "lictor {args:?} failed: {error}{said}"
        );
        Ok(said)
    }

    /// Whom to trust where `lictord` speaks TLS; nothing is said where it does not.
    #[must_use]
    pub fn trust(&self) -> ClientTls {
        ClientTls {
            ca_file: self.lab.authority().map(Authority::ca_file),
            identity: None,
        }
    }

    /// Where the laboratory's token is, an admin's.
    #[must_use]
    pub fn token(&self) -> TokenSource {
        TokenSource::File(self.lab.token_file())
    }

    /// A connection to the API; of several `lictord`, to the one that leads.
    pub async fn channel(&self) -> Result<Connection> {
        self.channel_at(&self.server().await?, &self.trust()).await
    }

    /// A connection to the API of that one.
    pub async fn channel_to(&self, lictord: &Lictord) -> Result<Connection> {
        self.channel_at(&lictord.url(), &self.trust()).await
    }

    /// A connection to the API at that URL, by whom this trusts.
    pub async fn channel_at(&self, url: &str, trust: &ClientTls) -> Result<Connection> {
        let channel = lictor_wire::endpoint(url, trust)?.connect().await?;
        Ok(InterceptedService::new(channel, self.token().read()?))
    }

    /// A client of REST that shows the laboratory's token, to be built.
    pub fn http(&self) -> Result<reqwest::ClientBuilder> {
        let mut shown = HeaderValue::from_str(&format!("Bearer {}", self.lab.token()))?;
        shown.set_sensitive(true);
        let headers = [(AUTHORIZATION, shown)].into_iter().collect();
        let client = reqwest::Client::builder().default_headers(headers);
        match self.lab.authority() {
            Some(authority) => authority.http(client),
            None => Ok(client),
        }
    }

    /// How that one says that it stands.
    pub async fn status_of(&self, lictord: &Lictord) -> Result<v1::GetStatusResponse> {
        use v1::control_plane_service_client::ControlPlaneServiceClient;
        let mut api = ControlPlaneServiceClient::new(self.channel_to(lictord).await?);
        Ok(api.get_status(v1::GetStatusRequest {}).await?.into_inner())
    }

    /// What the API shows of a cluster.
    pub async fn cluster(&self, name: &str) -> Result<v1::ClusterView> {
        let mut api = v1::cluster_service_client::ClusterServiceClient::new(self.channel().await?);
        let request = v1::GetClusterRequest {
            name: name.to_owned(),
        };
        let answer = api.get_cluster(request).await?.into_inner();
        answer.cluster.context("the answer has no cluster")
    }

    /// The recoveries of a cluster, newest first.
    pub async fn recoveries(&self, cluster: &str) -> Result<Vec<v1::RecoverySummary>> {
        let channel = self.channel().await?;
        let mut api = v1::recovery_service_client::RecoveryServiceClient::new(channel);
        let request = v1::ListRecoveriesRequest {
            cluster: Some(cluster.to_owned()),
            ..Default::default()
        };
        Ok(api.list_recoveries(request).await?.into_inner().recoveries)
    }

    /// The newest recovery of a cluster, whole.
    pub async fn last_recovery(&self, cluster: &str) -> Result<v1::Recovery> {
        let newest = self.recoveries(cluster).await?.into_iter().next();
        let id = newest.context("there was no recovery")?.id;
        let channel = self.channel().await?;
        let mut api = v1::recovery_service_client::RecoveryServiceClient::new(channel);
        let answer = api.get_recovery(v1::GetRecoveryRequest { id }).await?;
        answer.into_inner().recovery.context("it is empty")
    }

    /// An application's client.
    pub async fn client(&self, id: &str) -> Result<Arc<Lictor>> {
        let credentials = Credentials {
            user: APP.user.to_owned(),
            password: APP.password.into(),
            database: Some(APP_DATABASE.to_owned()),
        };
        let servers = self.lab.lictords().iter().map(Lictord::url).collect();
        let mut config = ClientConfig::new(id, servers, credentials);
        config.pool.connection_timeout = PATIENCE;
        config.subscribe.tls = self.trust();
        config.subscribe.token = Some(self.token());
        config.mysql_tls = Some(self.trust()).filter(ClientTls::is_said);
        Ok(Arc::new(Lictor::connect(config).await?))
    }

    /// Waits until the primary of a cluster is another node than `old`, and
    /// accepts writes; returns it.
    pub async fn new_primary(&self, cluster: &str, old: &str) -> Result<&Node> {
        let name = eventually("another primary", BACKLOG, || async {
            let view = self.cluster(cluster).await?;
            ensure!(view.primary != old, "{old} is still the primary");
            let node = self.lab.node(&view.primary)?;
            ensure!(
                node.is_writable().await?,
                "{} is not writable",
                view.primary
            );
            Ok(view.primary)
        })
        .await?;
        self.lab.node(&name)
    }

    /// Waits until a node follows, or is quarantined; which of the two.
    pub async fn rejoined(&self, cluster: &str, node: &str) -> Result<bool> {
        eventually(
            "the node to rejoin or to be quarantined",
            PATIENCE,
            || async {
                let view = self.cluster(cluster).await?;
                let seen = view.nodes.iter().find(|seen| seen.name == node);
                let seen = seen.context("the cluster does not have the node")?;
                let following = seen.receiver() == v1::ReceiverState::Running
                    && seen.applier_running == Some(true)
                    && seen.writability() == v1::Writability::SuperReadOnly;
                ensure!(following || seen.quarantine.is_some(), "not yet: {seen:?}");
                Ok(seen.quarantine.is_none())
            },
        )
        .await
    }

    /// Rebuilds a node with another one's data; what `lictor` said.
    pub async fn rebuild(&self, node: &Node, reason: &str) -> Result<String> {
        let args = ["node", "rebuild", node.name(), "--reason", reason];
        let (said, ()) = tokio::try_join!(self.lictor_ok(&args), supervise(node))?;
        Ok(said)
    }

    /// The running nodes of a cluster that accept writes.
    pub async fn writable_nodes(&self, cluster: &str) -> Result<Vec<String>> {
        let mut writable = vec![];
        for node in self.lab.cluster(cluster).nodes() {
            if node.state() == State::Running && node.is_writable().await? {
                writable.push(node.name().to_owned());
            }
        }
        Ok(writable)
    }
}
