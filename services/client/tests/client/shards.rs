//! A keyspace over two real clusters: keys find their shard, a held shard holds
//! its writers, and a scatter sees all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, join};
use lictor_client::domain::keyspace::{Function, HashAlgorithm, KeyType, Position, Ranges, Span};
use lictor_client::domain::{Keyspace, RoutingTable, Shard, Writes};
use lictor_client::mysql_async::prelude::Queryable;
use lictor_client::{
    AnyLag, ClientError, Idempotent, Lictor, ScatterError, ScatterPolicy, ScatterRows,
};
use lictor_lab::{Server, eventually};

use crate::control_plane::{ControlPlane, Heard, PATIENCE, revision};
use crate::stage::{SHORT, Stage, connections, table};

const CUSTOMERS: u64 = 40;

/// Keyspace shop: four shards, in this order on these clusters.
fn shop(clusters: [&str; 4], held: &[&str]) -> Arc<Keyspace> {
    let bounds = ["40", "80", "c0"].map(|bound| bound.parse::<Position>().unwrap());
    let shards = clusters.iter().enumerate().map(|(n, cluster)| {
        let name = format!("s{n}");
        let writes = if held.contains(&name.as_str()) {
            Writes::Held
        } else {
            Writes::Serving
        };
        let shard = Shard {
            name: name.parse().unwrap(),
            cluster: cluster.parse().unwrap(),
            writes,
        };
        let from = n.checked_sub(1).map(|before| bounds[before]);
        (shard, Span::new(from, bounds.get(n).copied()))
    });
    Arc::new(Keyspace {
        name: "shop".parse().unwrap(),
        function: Function::Hash {
            algorithm: HashAlgorithm::Xxh3,
            key: KeyType::Unsigned,
            ranges: Ranges::new(shards.collect()).unwrap(),
        },
    })
}

const BOTH: [&str; 4] = ["orders", "orders", "users", "users"];

fn with_shop(stage: &Stage, n: u64, clusters: [&str; 4], held: &[&str]) -> RoutingTable {
    let shop = shop(clusters, held);
    RoutingTable {
        keyspaces: [(shop.name.clone(), shop)].into(),
        ..table(&stage.lab, n)
    }
}

async fn publish(stage: &Stage, lictor: &Lictor, table: RoutingTable) {
    let wanted = Some(table.revision);
    stage.plane.publish(table);
    let mut changes = lictor.routes().changes();
    let reached = changes.wait_for(|held| *held == wanted);
    tokio::time::timeout(PATIENCE, reached)
        .await
        .unwrap()
        .unwrap();
}

/// Two clusters with keyspace shop, and a row of each customer where it belongs.
async fn stage(replicas: u8) -> (Stage, Lictor) {
    let stage = Stage::with(&[("orders", replicas), ("users", replicas)]).await;
    for cluster in ["orders", "users"] {
        stage
            .create(cluster, "t (customer BIGINT UNSIGNED PRIMARY KEY, n INT)")
            .await;
    }
    let lictor = stage.client().await;
    publish(&stage, &lictor, with_shop(&stage, 2, BOTH, &[])).await;
    for customer in 0..CUSTOMERS {
        let shard = lictor.shard("shop", customer).unwrap();
        let sql = format!("INSERT INTO t VALUES ({customer}, 1)");
        shard
            .with_writer(Idempotent::No, |conn| conn.query_drop(sql.clone()))
            .await
            .unwrap();
    }
    (stage, lictor)
}

fn all() -> BTreeSet<u64> {
    (0..CUSTOMERS).collect()
}

#[tokio::test]
async fn rows_are_where_the_map_says_and_a_scatter_sees_each_once() {
    let (stage, lictor) = stage(0).await;
    let mut resolver = lictor.routes().resolver();
    let mut by_cluster = BTreeMap::<String, BTreeSet<u64>>::new();
    for customer in 0..CUSTOMERS {
        let shard = lictor.shard("shop", customer).unwrap();
        let found = resolver.shard("shop", &customer.into()).unwrap();
        assert_eq!(found, shard.shard());
        let cluster = shard.cluster().to_string();
        by_cluster.entry(cluster).or_default().insert(customer);
    }
    for (cluster, customers) in &by_cluster {
        let node = stage.lab.cluster(cluster).node(1);
        let rows = node.sql("SELECT customer FROM app.t").await.unwrap();
        let rows: BTreeSet<u64> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
        assert_eq!(rows, *customers, "on {cluster}");
    }

    let scatter = lictor.scatter("shop", "SELECT customer FROM t WHERE n = ?", (1,));
    let gathered = scatter.collect::<u64>().await.unwrap();
    assert_eq!(gathered.rows.len() as u64, CUSTOMERS);
    let rows: BTreeSet<u64> = gathered
        .rows
        .iter()
        .map(|(_, customer)| *customer)
        .collect();
    assert_eq!(rows, all());
    for (from, customer) in &gathered.rows {
        assert!(by_cluster[from.cluster.as_str()].contains(customer));
    }
    let answered: BTreeSet<_> = gathered
        .report
        .answered
        .iter()
        .map(|a| a.origin.to_string())
        .collect();
    let both = ["orders (s0, s1)".to_owned(), "users (s2, s3)".to_owned()];
    assert_eq!(answered, both.into());
    assert!(gathered.report.is_complete());
}

#[tokio::test]
async fn the_writers_of_a_held_shard_wait_and_go_to_where_it_moved() {
    let (mut stage, lictor) = stage(0).await;
    let customers: Vec<u64> = (0..CUSTOMERS)
        .filter(|customer| lictor.shard("shop", *customer).unwrap().name().as_str() == "s1")
        .collect();
    let (held, other) = (
        lictor.shard("shop", customers[0]).unwrap(),
        (0..CUSTOMERS).find(|c| !customers.contains(c)).unwrap(),
    );
    // A writer is at work when the hold comes: it is not acknowledged yet.
    let mut writer = held.writer().await.unwrap();
    writer.query_drop("BEGIN").await.unwrap();
    let update = format!("UPDATE t SET n = n + 1 WHERE customer = {}", customers[0]);
    writer.query_drop(update.as_str()).await.unwrap();
    while stage.plane.hears().await != Heard::Ack(revision(2)) {}
    publish(&stage, &lictor, with_shop(&stage, 3, BOTH, &["s1"])).await;

    // Another shard of the same cluster is not held.
    let free = lictor.shard("shop", other).unwrap();
    let touch = free.with_writer(Idempotent::No, |conn| conn.query_drop("DO 1"));
    touch.await.unwrap();
    assert!(
        tokio::time::timeout(SHORT, stage.plane.hears())
            .await
            .is_err(),
        "the hold is acknowledged while a writer is in use"
    );
    writer.query_drop("COMMIT").await.unwrap();
    drop(writer);
    assert_eq!(stage.plane.hears().await, Heard::Ack(revision(3)));

    // Moved: copied, then released where it is now.
    let waiting = held.with_writer(Idempotent::No, |conn| conn.query_drop(update.clone()));
    let moving = async {
        let rows = stage
            .lab
            .cluster("orders")
            .node(1)
            .sql("SELECT customer, n FROM app.t")
            .await
            .unwrap();
        for row in rows
            .iter()
            .filter(|row| customers.contains(&row[0].parse().unwrap()))
        {
            let copy = format!("INSERT INTO app.t VALUES ({}, {})", row[0], row[1]);
            stage.lab.cluster("users").node(1).sql(&copy).await.unwrap();
        }
        let moved = ["orders", "users", "users", "users"];
        stage.plane.publish(with_shop(&stage, 4, moved, &[]));
    };
    let (done, ()) = join!(waiting, moving);
    done.unwrap();
    let count = format!("SELECT n FROM app.t WHERE customer = {}", customers[0]);
    let on = async |cluster| {
        stage
            .lab
            .cluster(cluster)
            .node(1)
            .value(&count)
            .await
            .unwrap()
    };
    assert_eq!(
        (on("orders").await, on("users").await),
        ("2".to_owned(), "3".to_owned())
    );
}

#[tokio::test]
async fn a_shard_that_stays_held_is_named() {
    let (stage, _) = stage(0).await;
    let mut config = stage.config();
    config.pool.connection_timeout = SHORT;
    let lictor = Lictor::connect(config).await.unwrap();
    publish(
        &stage,
        &lictor,
        with_shop(&stage, 3, BOTH, &["s0", "s1", "s2", "s3"]),
    )
    .await;
    let shard = lictor.shard("shop", 7_u64).unwrap();
    let error = shard.writer().await.unwrap_err();
    assert!(matches!(error, ClientError::ShardHeld { .. }), "{error}");
    assert!(error.to_string().contains(shard.name().as_str()), "{error}");
    shard.reader(AnyLag).await.unwrap();

    let error = lictor.shard("shop", "seven").unwrap_err();
    assert!(matches!(error, ClientError::Unresolved(_)), "{error}");
    let error = lictor.shard("market", 7_u64).unwrap_err();
    assert!(error.to_string().contains("`market`"), "{error}");
}

#[tokio::test]
async fn a_session_reads_its_write_to_a_shard_from_the_shards_replica() {
    let (stage, lictor) = stage(1).await;
    let session = lictor.session();
    let shard = session.shard("shop", 1_000_u64).unwrap();
    let write = shard.with_writer(Idempotent::No, |conn| {
        conn.query_drop("INSERT INTO t VALUES (1000, 5)")
    });
    write.await.unwrap();
    let read = shard.reader(AnyLag).never_the_writer();
    let mut reader = read.catching_up_within(PATIENCE).await.unwrap();
    let replica = stage.lab.cluster(shard.cluster().as_str()).node(2);
    assert_eq!(reader.node().to_string(), replica.address().to_string());
    let n: Option<u8> = reader
        .query_first("SELECT n FROM t WHERE customer = 1000")
        .await
        .unwrap();
    assert_eq!(n, Some(5));
}

async fn drain(mut rows: ScatterRows<'_>) -> (BTreeSet<u64>, ScatterRows<'_>) {
    let mut seen = BTreeSet::new();
    while let Some(row) = rows.try_next().await.unwrap() {
        seen.insert(row.row.get(0).unwrap());
    }
    (seen, rows)
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_fails_all_or_is_reported() {
    let (stage, _) = stage(0).await;
    stage.lab.cluster("users").node(1).kill().unwrap();
    let mut config = stage.config();
    config.pool.connection_timeout = SHORT;
    let lictor = Lictor::connect(config).await.unwrap();
    publish(&stage, &lictor, with_shop(&stage, 3, BOTH, &[])).await;

    let sql = "SELECT customer FROM t";
    let error = lictor
        .scatter("shop", sql, ())
        .collect::<u64>()
        .await
        .unwrap_err();
    let ScatterError::Incomplete(report) = &error else {
        panic!("{error}");
    };
    assert_eq!(report.failed[0].origin.cluster.as_str(), "users");
    assert!(
        error.to_string().contains("users (s2, s3): no connection"),
        "{error}"
    );

    let partial = lictor
        .scatter("shop", sql, ())
        .policy(ScatterPolicy::Partial);
    let (seen, rows) = drain(partial.stream().unwrap()).await;
    let orders: BTreeSet<u64> = (0..CUSTOMERS)
        .filter(|c| lictor.shard("shop", *c).unwrap().cluster().as_str() == "orders")
        .collect();
    assert_eq!(seen, orders);
    let report = rows.report();
    assert_eq!(report.answered[0].rows, orders.len() as u64);
    assert_eq!(report.failed.len(), 1);
    assert!(matches!(
        report.failed[0].error,
        ClientError::TimedOut { .. }
    ));

    let wrong = lictor.scatter("shop", "SELECT nothing FROM t", ());
    let error = wrong.collect::<u64>().await.unwrap_err();
    assert!(error.to_string().contains("nothing"), "{error}");
}

#[tokio::test]
async fn no_more_rows_are_read_than_are_taken_and_dropping_ends_the_work() {
    let (stage, lictor) = stage(0).await;
    let many = "SELECT REPEAT('x', 10000) FROM t a, t b, t c, t d";
    let rows = lictor
        .scatter("shop", many, ())
        .at_once(1)
        .stream()
        .unwrap();
    let mut rows = rows.take(100);
    let mut taken = 0;
    while let Some(row) = rows.next().await {
        assert_eq!(row.unwrap().row.len(), 1);
        taken += 1;
    }
    assert_eq!(taken, 100);
    let sending =
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT REPEAT%'";
    let sends = async |cluster| {
        stage
            .lab
            .cluster(cluster)
            .node(1)
            .value(sending)
            .await
            .unwrap()
    };
    assert_eq!(
        (
            sends("orders").await.as_str(),
            sends("users").await.as_str()
        ),
        ("1", "0")
    );
    drop(rows);
    eventually("the statement to end", PATIENCE, || async {
        match sends("orders").await.as_str() {
            "0" => Ok(()),
            other => Err(other.to_owned()),
        }
    })
    .await
    .unwrap();
    assert!(connections(stage.lab.cluster("orders").node(1)).await > 0);
}

#[tokio::test]
async fn an_unknown_keyspace_is_an_error_at_once() {
    let plane = ControlPlane::start(vec![RoutingTable {
        revision: revision(1),
        ..RoutingTable::default()
    }])
    .await;
    let credentials = lictor_client::Credentials {
        user: "app".to_owned(),
        password: "secret".into(),
        database: None,
    };
    let config = lictor_client::ClientConfig::new("shop-1", vec![plane.url()], credentials);
    let lictor = Lictor::connect(config).await.unwrap();
    let error = lictor.scatter("shop", "DO 1", ()).stream().unwrap_err();
    assert!(matches!(error, ClientError::UnknownKeyspace(_)), "{error}");
}
