//! Who serves reads: the route that is pushed and Consul's DNS are two views of
//! one decision, whatever the policy says.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lictor_client::{Lictor, MaxLag};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Node, Server, eventually};

/// `orders`, its primary, its replicas, and a subscriber.
struct Pool {
    scene: Scene,
    client: std::sync::Arc<Lictor>,
}

impl Pool {
    async fn of(replicas: u8) -> Result<Self> {
        let scene = Scene::with_orders(replicas).await?;
        let client = scene.client("reader of the route").await?;
        Ok(Self { scene, client })
    }

    async fn primary(&self) -> Result<&Node> {
        self.scene.lab.cluster("orders").primary().await
    }

    async fn replicas(&self) -> Result<Vec<&Node>> {
        let primary = self.primary().await?.name();
        let nodes = self.scene.lab.cluster("orders").nodes().iter();
        Ok(nodes.filter(|node| node.name() != primary).collect())
    }

    async fn set(&self, options: &[&str]) -> Result<()> {
        let args = ["cluster", "set", "orders", "--reason", "a test"];
        self.scene.lictor_ok(&[&args[..], options].concat()).await?;
        Ok(())
    }

    /// Waits until the route sends readers to such nodes, and DNS to the same.
    async fn settles(&self, what: &str, fits: impl Fn(&BTreeSet<&str>) -> bool) -> Result<()> {
        let consul = self.scene.lab.consul();
        eventually(what, PATIENCE, || async {
            let route = self.client.routes().route("orders")?;
            let readers = route.readers.iter();
            let readers: BTreeSet<_> = readers.map(|r| r.endpoint.node.as_str()).collect();
            ensure!(fits(&readers), "the route has {readers:?}");
            let mut sent: BTreeSet<Ipv4Addr> = BTreeSet::new();
            for node in &readers {
                sent.insert(*self.scene.lab.node(node)?.address().ip());
            }
            let named = consul.dns_a("replica.orders.service.consul").await?;
            let named: BTreeSet<_> = named.into_iter().collect();
            ensure!(named == sent, "DNS names {named:?}, the route {readers:?}");
            Ok(())
        })
        .await
    }

    async fn settles_at(&self, readers: &[&Node]) -> Result<()> {
        let readers: BTreeSet<_> = readers.iter().map(|node| node.name()).collect();
        self.settles(&format!("the readers to be {readers:?}"), |found| {
            *found == readers
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lagging_replicas_leave_the_readers_as_the_policy_says() {
    let pool = Pool::of(2).await.unwrap();
    let (primary, replicas) = (
        pool.primary().await.unwrap(),
        pool.replicas().await.unwrap(),
    );
    pool.set(&["--max-read-lag", "2s"]).await.unwrap();
    pool.settles_at(&replicas).await.unwrap();

    for replica in &replicas {
        replica.sql("STOP REPLICA SQL_THREAD").await.unwrap();
    }
    primary
        .sql("CREATE TABLE app.t (id INT PRIMARY KEY)")
        .await
        .unwrap();
    pool.settles_at(&[]).await.unwrap();
    pool.set(&["--no-readers", "primary"]).await.unwrap();
    pool.settles_at(&[primary]).await.unwrap();
    pool.set(&["--keep-readers", "50%"]).await.unwrap();
    let one_replica =
        |readers: &BTreeSet<&str>| readers.len() == 1 && !readers.contains(primary.name());
    pool.settles("one replica to be kept", one_replica)
        .await
        .unwrap();

    for replica in &replicas {
        replica.sql("START REPLICA SQL_THREAD").await.unwrap();
    }
    pool.settles_at(&replicas).await.unwrap();
    replicas[0].lag(Duration::from_mins(1)).await.unwrap();
    pool.settles_at(&replicas[1..]).await.unwrap();
    let problems = pool.scene.cluster("orders").await.unwrap().problems;
    let delayed = problems.iter().find(|p| p.code == "DelayedReplica");
    let delayed = delayed.with_context(|| format!("{problems:?}")).unwrap();
    assert_eq!(delayed.severity(), lictor_wire::v1::Severity::Info);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_replicas_serve_reads_than_the_policy_lets_and_one_in_reserve_takes_over() {
    let pool = Pool::of(3).await.unwrap();
    let replicas = pool.replicas().await.unwrap();
    pool.settles_at(&replicas).await.unwrap();
    pool.set(&["--max-readers", "50%"]).await.unwrap();
    pool.settles_at(&replicas[..2]).await.unwrap();

    replicas[0].kill().unwrap();
    pool.settles_at(&replicas[1..]).await.unwrap();
    // Who serves stays: a member gives its place to nobody.
    replicas[0].start().await.unwrap();
    let rejoined = pool.scene.rejoined("orders", replicas[0].name());
    assert!(rejoined.await.unwrap());
    pool.settles_at(&replicas[1..]).await.unwrap();

    pool.set(&["--max-readers", "100%"]).await.unwrap();
    pool.settles_at(&replicas).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_whose_lag_is_unknown_or_that_hangs_is_named_to_no_reader() {
    let pool = Pool::of(2).await.unwrap();
    let replicas = pool.replicas().await.unwrap();
    pool.set(&["--max-read-lag", "2s"]).await.unwrap();
    pool.settles_at(&replicas).await.unwrap();
    // It may be kept only if it is known how far it is behind.
    pool.set(&["--keep-readers", "100%"]).await.unwrap();
    replicas[0].sql("STOP REPLICA IO_THREAD").await.unwrap();
    pool.settles_at(&replicas[1..]).await.unwrap();
    replicas[1].freeze().unwrap();
    pool.settles_at(&[]).await.unwrap();
    replicas[1].thaw().unwrap();
    replicas[0].sql("START REPLICA IO_THREAD").await.unwrap();
    pool.settles_at(&replicas).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_with_a_limit_goes_to_the_replica_that_is_known_to_be_within_it() {
    let pool = Pool::of(2).await.unwrap();
    let (primary, replicas) = (
        pool.primary().await.unwrap(),
        pool.replicas().await.unwrap(),
    );
    // However far behind, it stays among the readers.
    pool.set(&["--max-read-lag", "1h"]).await.unwrap();
    pool.settles_at(&replicas).await.unwrap();
    let within = MaxLag(Duration::from_secs(2));
    let served = || async {
        let mut served = BTreeSet::new();
        for _ in 0..2 {
            let read = pool.client.reader("orders", within).never_the_writer();
            served.insert(read.await?.node().to_string());
        }
        anyhow::Ok(served)
    };
    let addresses = |nodes: &[&Node]| -> BTreeSet<String> {
        nodes
            .iter()
            .map(|node| node.address().to_string())
            .collect()
    };
    let serve = async |nodes: &[&Node]| {
        eventually("those within the limit to serve", PATIENCE, || async {
            let served = served().await?;
            ensure!(served == addresses(nodes), "{served:?} serve");
            Ok(())
        })
        .await
    };
    serve(&replicas).await.unwrap();

    replicas[0].sql("STOP REPLICA SQL_THREAD").await.unwrap();
    let create = "CREATE TABLE app.t (id INT PRIMARY KEY)";
    primary.sql(create).await.unwrap();
    serve(&replicas[1..]).await.unwrap();
    replicas[0].sql("START REPLICA SQL_THREAD").await.unwrap();
    serve(&replicas).await.unwrap();
}
