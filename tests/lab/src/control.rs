//! How `lab kill` and its like reach the running laboratory: one line of JSON
//! there, one line back, over a unix socket in the laboratory's directory.

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Subcommand;
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use lictor_lab::{Block, Kind, Lab, Server, Standing, State};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// How long a command may take.
const DEADLINE: Duration = Duration::from_mins(2);

/// How many commands are served at once, and how long one may be, in bytes.
const CLIENTS: usize = 16;
const LINE: u64 = 64 * 1024;

/// What the leading one of several is called where something is broken.
const LICTORD: &str = "lictord";

/// How long a server may take to tell its role.
const ROLE: Duration = Duration::from_secs(1);

/// What the laboratory is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Status,
    Fault(Fault),
}

/// What may be done to a server. Where something is broken, a cluster's name
/// means its current primary, and `lictord` the leading one of several; where it
/// is mended that would be another.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
pub(crate) enum Fault {
    /// Kill a server (SIGKILL)
    Kill {
        /// A server, a cluster for its current primary, or lictord for the one that leads
        target: String,
    },
    /// Stop a server (SIGSTOP): it stays connected and answers nothing
    Freeze {
        /// A server, a cluster for its current primary, or lictord for the one that leads
        target: String,
    },
    /// Let a frozen server go on
    Thaw {
        /// A server
        target: String,
    },
    /// Start a server again on the data it has
    Restart {
        /// A server
        target: String,
    },
    /// Wipe a node and start it empty
    Rebuild {
        /// A node
        target: String,
    },
    /// Stop replication on a node
    StopReplication {
        /// A node
        target: String,
    },
    /// Start replication on a node
    StartReplication {
        /// A node
        target: String,
    },
    /// Make a replica apply everything late; seen once something is written
    Lag {
        /// A node
        target: String,
        /// By how much; 0 ends it
        seconds: u32,
    },
    /// Drop every packet to and from a node's port
    Block {
        /// A node, or a cluster for its current primary
        target: String,
    },
    /// Let packets through again
    Unblock {
        /// A node
        target: String,
    },
}

impl Fault {
    /// The name of the server meant.
    async fn meant(&self, lab: &Lab) -> Result<String> {
        match self {
            Self::Kill { target } | Self::Freeze { target } | Self::Block { target } => {
                let cluster = lab.clusters().iter().find(|it| it.name() == target);
                if let Some(cluster) = cluster {
                    return Ok(cluster.primary().await?.name().to_owned());
                }
                if target == LICTORD && lab.lictords().len() > 1 {
                    return Ok(lab.leader().await?.name().to_owned());
                }
                Ok(lab.server(target)?.name().to_owned())
            }
            Self::Thaw { target }
            | Self::Restart { target }
            | Self::Rebuild { target }
            | Self::StopReplication { target }
            | Self::StartReplication { target }
            | Self::Lag { target, .. }
            | Self::Unblock { target } => Ok(lab.server(target)?.name().to_owned()),
        }
    }
}

/// What the laboratory answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Status(Vec<ServerStatus>),
    /// What was done, as a sentence.
    Done(String),
}

/// One server of the laboratory.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ServerStatus {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// What it is for; none when it does not say.
    pub(crate) role: Option<String>,
    pub(crate) state: State,
    pub(crate) pid: Option<u32>,
    pub(crate) address: SocketAddrV4,
    pub(crate) log: PathBuf,
}

/// Where the laboratory on that block listens.
pub(crate) fn socket_of(block: Block) -> PathBuf {
    block.dir().join("control.sock")
}

/// Whether a laboratory listens there.
pub(crate) async fn is_served(socket: &Path) -> bool {
    UnixStream::connect(socket).await.is_ok()
}

/// Asks the laboratory that listens there.
///
/// # Errors
/// When none runs, or what it says went wrong.
pub(crate) async fn ask(socket: &Path, request: &Request) -> Result<Answer> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|_| anyhow!("no laboratory runs: start one with 'make demo'"))?;
    let asked = tokio::time::timeout(DEADLINE, async {
        let (reader, mut writer) = stream.into_split();
        writer.write_all(&line(request)?).await?;
        let mut answer = String::new();
        BufReader::new(reader).read_line(&mut answer).await?;
        let answer: Result<Answer, String> =
            serde_json::from_str(&answer).context("the laboratory ended")?;
        answer.map_err(anyhow::Error::msg)
    });
    asked.await.context("the laboratory does not answer")?
}

/// Serves requests until it is dropped.
pub(crate) async fn serve(lab: &Lab) -> Result<()> {
    let listener =
        UnixListener::bind(socket_of(lab.block())).context("cannot make the control socket")?;
    stream::unfold(listener, async |listener| {
        let accepted = listener.accept().await;
        Some((accepted, listener))
    })
    .for_each_concurrent(CLIENTS, async |accepted| {
        if let Ok((stream, _)) = accepted
            && let Err(error) = converse(lab, stream).await
        {
            eprintln!("lab: a command was not answered: {error:#}");
        }
    })
    .await;
    Ok(())
}

async fn converse(lab: &Lab, stream: UnixStream) -> Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut request = String::new();
    let mut reader = BufReader::new(reader).take(LINE);
    tokio::time::timeout(DEADLINE, reader.read_line(&mut request)).await??;
    let answer = match serde_json::from_str(&request) {
        Ok(request) => obey(lab, request).await,
        Err(error) => Err(error.into()),
    };
    let answer = answer.map_err(|error| format!("{error:#}"));
    writer.write_all(&line(&answer)?).await?;
    Ok(())
}

async fn obey(lab: &Lab, request: Request) -> Result<Answer> {
    match request {
        Request::Status => Ok(Answer::Status(status(lab).await)),
        Request::Fault(fault) => Ok(Answer::Done(inject(lab, fault).await?)),
    }
}

async fn status(lab: &Lab) -> Vec<ServerStatus> {
    join_all(lab.servers().into_iter().map(async |server| ServerStatus {
        name: server.name().to_owned(),
        kind: server.kind(),
        role: role(lab, server).await.map(ToOwned::to_owned),
        state: server.state(),
        pid: server.pid(),
        address: server.address(),
        log: server.log_path().to_owned(),
    }))
    .await
}

async fn role(lab: &Lab, server: &dyn Server) -> Option<&'static str> {
    match server.kind() {
        Kind::Consul => Some("catalog"),
        Kind::Postgres => Some("store"),
        Kind::Lictord | Kind::Mysql if server.state() != State::Running => None,
        Kind::Lictord => {
            let mut lictords = lab.lictords().iter();
            let lictord = lictords.find(|it| it.name() == server.name())?;
            let standing = tokio::time::timeout(ROLE, lictord.standing()).await;
            Some(match standing.ok()?.ok()? {
                Standing::Follows => "follower",
                Standing::Begins | Standing::Leads => "leader",
            })
        }
        Kind::Mysql => {
            let node = lab.node(server.name()).ok()?;
            let writable = tokio::time::timeout(ROLE, node.is_writable()).await;
            let writable = writable.ok()?.ok()?;
            Some(if writable { "primary" } else { "replica" })
        }
    }
}

async fn inject(lab: &Lab, fault: Fault) -> Result<String> {
    let name = fault.meant(lab).await?;
    let (server, node) = (lab.server(&name)?, lab.node(&name));
    let what = match fault {
        Fault::Kill { .. } => {
            server.kill()?;
            "killed".to_owned()
        }
        Fault::Freeze { .. } => {
            server.freeze()?;
            "froze".to_owned()
        }
        Fault::Thaw { .. } => {
            ensure!(server.state() == State::Frozen, "{name} is not frozen");
            server.thaw()?;
            "thawed".to_owned()
        }
        Fault::Restart { .. } => {
            lab.restart(&name).await?;
            "restarted".to_owned()
        }
        Fault::Rebuild { .. } => {
            node?.rebuild().await?;
            "rebuilt".to_owned()
        }
        Fault::StopReplication { .. } => {
            node?.stop_replication().await?;
            "stopped replication on".to_owned()
        }
        Fault::StartReplication { .. } => {
            node?.start_replication().await?;
            "started replication on".to_owned()
        }
        Fault::Lag { seconds, .. } => {
            node?.lag(Duration::from_secs(seconds.into())).await?;
            format!("set a lag of {seconds} s on")
        }
        Fault::Block { .. } => {
            node?.block_port()?;
            "blocked the port of".to_owned()
        }
        Fault::Unblock { .. } => {
            node?.unblock()?;
            "unblocked the port of".to_owned()
        }
    };
    Ok(format!("{what} {name} at {}", server.address()))
}

fn line(message: &impl Serialize) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}
