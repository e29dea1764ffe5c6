//! The routing push: what subscribers see.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lictor_integration::{Connection, PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use lictor_wire::v1;
use lictor_wire::v1::routing_service_client::RoutingServiceClient;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tonic::Streaming;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A revision, as it orders.
pub(crate) type At = (u64, u64);

pub(crate) fn at(revision: Option<v1::Revision>) -> At {
    let revision = revision.unwrap_or_default();
    (revision.term, revision.n)
}

/// One stream, spoken by hand: what the wire carries, and nothing between.
pub(crate) struct Stream {
    requests: mpsc::Sender<v1::SubscribeRequest>,
    responses: Streaming<v1::SubscribeResponse>,
}

impl Stream {
    pub(crate) async fn open(scene: &Scene, id: &str, last: Option<At>) -> Result<Self> {
        Self::open_on(scene.channel().await?, id, last).await
    }

    /// The same at any instance.
    pub(crate) async fn open_on(channel: Connection, id: &str, last: Option<At>) -> Result<Self> {
        let (requests, inbox) = mpsc::channel(16);
        let hello = v1::Hello {
            id: id.to_owned(),
            kind: v1::SubscriberKind::Other.into(),
            version: "test".to_owned(),
            clusters: vec![],
            last_revision: last.map(|(term, n)| v1::Revision { term, n }),
            ..v1::Hello::default()
        };
        requests
            .send(request(v1::subscribe_request::Message::Hello(hello)))
            .await?;
        let mut api = RoutingServiceClient::new(channel);
        let inbox = tokio_stream::wrappers::ReceiverStream::new(inbox);
        let responses = api.subscribe(inbox).await?.into_inner();
        Ok(Self {
            requests,
            responses,
        })
    }

    pub(crate) async fn next(&mut self) -> Result<v1::subscribe_response::Message> {
        let response = tokio::time::timeout(PATIENCE, self.responses.message())
            .await
            .context("nothing came")??;
        response
            .and_then(|response| response.message)
            .context("the stream ended")
    }

    /// The next response's revision, acknowledged.
    pub(crate) async fn next_acked(&mut self) -> Result<At> {
        let revision = match self.next().await? {
            v1::subscribe_response::Message::Snapshot(table) => table.revision,
            v1::subscribe_response::Message::Delta(delta) => delta.to,
            other => bail!("nobody asked for {other:?}"),
        };
        self.ack(at(revision)).await?;
        Ok(at(revision))
    }

    pub(crate) async fn ack(&self, (term, n): At) -> Result<()> {
        let revision = Some(v1::Revision { term, n });
        let message = v1::subscribe_request::Message::Ack(v1::Ack { revision });
        Ok(self.requests.send(request(message)).await?)
    }
}

fn request(message: v1::subscribe_request::Message) -> v1::SubscribeRequest {
    v1::SubscribeRequest {
        message: Some(message),
    }
}

/// Two subscribers side by side, ours and one in Python.
pub(crate) struct Listener {
    ours: JoinHandle<()>,
    ours_seen: watch::Receiver<Vec<At>>,
    python: Child,
    python_seen: watch::Receiver<Vec<At>>,
}

/// What both saw, in order.
pub(crate) struct Seen {
    pub(crate) ours: Vec<At>,
    pub(crate) in_python: Vec<At>,
}

impl Listener {
    /// Starts both, and waits until both have their first table.
    pub(crate) async fn start(scene: &Scene) -> Result<Self> {
        let mut stream = Stream::open(scene, "ours", None).await?;
        let (ours_tell, ours_seen) = watch::channel(vec![]);
        let ours = tokio::spawn(async move {
            while let Ok(revision) = stream.next_acked().await {
                ours_tell.send_modify(|seen| seen.push(revision));
            }
        });
        let (python, python_seen) = python_subscriber(scene)?;
        let listener = Self {
            ours,
            ours_seen,
            python,
            python_seen,
        };
        eventually("both subscribers to have a table", PATIENCE, || async {
            let both = !listener.ours_seen.borrow().is_empty()
                && !listener.python_seen.borrow().is_empty();
            ensure!(both, "not yet");
            Ok(())
        })
        .await?;
        Ok(listener)
    }

    /// Waits until both have seen the same last revision, and stops them. What
    /// ours saw before the other one came is left out.
    pub(crate) async fn stop(mut self) -> Result<Seen> {
        eventually(
            "both subscribers to be at the same revision",
            PATIENCE,
            || async {
                let ours = self.ours_seen.borrow().last().copied();
                let theirs = self.python_seen.borrow().last().copied();
                ensure!(
                    ours == theirs,
                    "ours is at {ours:?}, the one in Python at {theirs:?}"
                );
                Ok(())
            },
        )
        .await?;
        self.ours.abort();
        self.python.kill().await?;
        let in_python = self.python_seen.borrow().clone();
        let first = in_python.first().copied().context("it saw nothing")?;
        let ours = self.ours_seen.borrow().clone();
        Ok(Seen {
            ours: ours
                .into_iter()
                .filter(|revision| *revision >= first)
                .collect(),
            in_python,
        })
    }
}

/// The example in Python, told to do this.
pub(crate) fn python(scene: &Scene, args: &[&str]) -> Result<Command> {
    let python = Path::new(ROOT).join(".lab/python/bin/python");
    ensure!(
        python.exists(),
        "{} is missing: run `make install-tools`",
        python.display()
    );
    let mut command = Command::new(python);
    command
        .arg(Path::new(ROOT).join("deploy/examples/python/subscriber.py"))
        .arg(scene.lab.lictord().address().to_string())
        .args(args)
        .env("LICTOR_TOKEN_FILE", scene.lab.token_file())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

fn python_subscriber(scene: &Scene) -> Result<(Child, watch::Receiver<Vec<At>>)> {
    let mut child = python(scene, &["watch"])?.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("no output")?;
    let (tell, seen) = watch::channel(vec![]);
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((term, n)) = line.split_once('.')
                && let (Ok(term), Ok(n)) = (term.parse(), n.parse())
            {
                tell.send_modify(|seen: &mut Vec<At>| seen.push((term, n)));
            }
        }
    });
    Ok((child, seen))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_comes_back_gets_what_it_missed() {
    let scene = Scene::with_orders(2).await.unwrap();
    let mut stream = Stream::open(&scene, "comes back", None).await.unwrap();
    let left_at = stream.next_acked().await.unwrap();
    drop(stream);

    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();

    let mut stream = Stream::open(&scene, "comes back", Some(left_at))
        .await
        .unwrap();
    let mut held = left_at;
    loop {
        match stream.next().await.unwrap() {
            v1::subscribe_response::Message::Snapshot(_) => panic!("it got everything anew"),
            v1::subscribe_response::Message::Delta(delta) => {
                assert_eq!(at(delta.from), held, "a delta does not fit");
                held = at(delta.to);
                if serves(&delta.changed, new.name()) {
                    return;
                }
            }
            other => panic!("it did not ask for {other:?}"),
        }
    }
}

pub(crate) fn serves(routes: &[v1::ClusterRoute], node: &str) -> bool {
    routes.iter().any(|route| match &route.state {
        Some(v1::cluster_route::State::Serving(serving)) => serving
            .writer
            .as_ref()
            .is_some_and(|writer| writer.node == node),
        _ => false,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_lictord_a_subscriber_gets_a_whole_table_of_a_higher_term() {
    let scene = Scene::with_orders(2).await.unwrap();
    let mut stream = Stream::open(&scene, "stays", None).await.unwrap();
    let before = stream.next_acked().await.unwrap();
    let lictord = scene.lab.lictord();
    lictord.kill().unwrap();
    lictord.start().await.unwrap();
    lictord.wait_ready().await.unwrap();
    let mut stream = Stream::open(&scene, "stays", Some(before)).await.unwrap();
    let v1::subscribe_response::Message::Snapshot(table) = stream.next().await.unwrap() else {
        panic!("a delta cannot fit a table of another term");
    };
    assert!(at(table.revision) > before);
    assert_eq!(table.clusters.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn route_watch_shows_a_failover_live() {
    let scene = Scene::with_orders(2).await.unwrap();
    let mut watch = Command::new(lictor_lab::sibling("lictor", "LICTOR_BIN").unwrap())
        .args(["--server", &scene.lab.lictord().url(), "route", "watch"])
        .env("LICTOR_TOKEN_FILE", scene.lab.token_file())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let old = scene.lab.cluster("orders").primary().await.unwrap();
    until_line_has(&mut lines, old.name()).await.unwrap();
    old.kill().unwrap();
    let new = scene.new_primary("orders", old.name()).await.unwrap();
    until_line_has(&mut lines, new.name()).await.unwrap();
}

async fn until_line_has(
    lines: &mut tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
    text: &str,
) -> Result<()> {
    loop {
        match tokio::time::timeout(PATIENCE, lines.next_line()).await?? {
            Some(line) if line.contains(text) => return Ok(()),
            Some(_) => {}
            None => bail!("the watch ended"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_oversized_messages_hurt_nobody_else() {
    let scene = Scene::with_orders(2).await.unwrap();
    let mut stream = Stream::open(&scene, "bystander", None).await.unwrap();
    stream.next_acked().await.unwrap();

    let mut garbage = tokio::net::TcpStream::connect(scene.lab.lictord().address())
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut garbage, &[0xff; 4096])
        .await
        .unwrap();

    let mut api = RoutingServiceClient::new(scene.channel().await.unwrap());
    let oversized = v1::GetTableRequest {
        clusters: vec!["x".repeat(8 * 1024 * 1024)],
        ..v1::GetTableRequest::default()
    };
    let refused = api.get_table(oversized).await.unwrap_err();
    assert!(
        matches!(
            refused.code(),
            tonic::Code::OutOfRange | tonic::Code::ResourceExhausted
        ),
        "{refused:?}"
    );

    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.kill().unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();
    stream.next_acked().await.unwrap();
    let health = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let url = format!("{}/healthz", scene.lab.lictord().url());
    assert!(health.get(url).send().await.unwrap().status().is_success());
}
