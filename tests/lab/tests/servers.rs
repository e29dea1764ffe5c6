//! The laboratory does what it says, with real servers.

use std::time::Duration;

use anyhow::{Result, ensure};
use lictor_lab::{APP, CONTROL, Lab, Node, Server, State, eventually};
use mysql_async::prelude::Queryable;

const SOON: Duration = Duration::from_secs(20);

/// Writes a row as the application does.
async fn write(node: &Node, number: u32) -> Result<()> {
    let mut conn = node.connect(APP).await?;
    let table = "CREATE TABLE IF NOT EXISTS app.rows_written (number INT PRIMARY KEY)";
    conn.query_drop(table).await?;
    conn.exec_drop("INSERT INTO app.rows_written VALUES (?)", (number,))
        .await?;
    Ok(conn.disconnect().await?)
}

/// Waits until the node holds exactly that many rows.
async fn holds(node: &Node, rows: u32) -> Result<()> {
    eventually(
        &format!("{rows} rows on {}", node.name()),
        SOON,
        async || {
            let count = node.value("SELECT COUNT(*) FROM app.rows_written").await?;
            ensure!(count == rows.to_string(), "{count} rows");
            Ok(())
        },
    )
    .await
}

async fn status(node: &Node, variable: &str) -> Result<String> {
    let rows = node
        .sql(&format!("SHOW GLOBAL STATUS LIKE '{variable}'"))
        .await?;
    Ok(rows.concat().pop().unwrap_or_default())
}

#[tokio::test]
async fn a_cluster_replicates_and_every_write_is_acknowledged() -> Result<()> {
    let lab = Lab::builder().cluster("orders", 2).start().await?;
    let cluster = lab.cluster("orders");
    let primary = cluster.primary().await?;
    assert_eq!(primary.name(), "orders-1");
    assert_eq!(primary.gtid_executed().await?, "");

    write(primary, 1).await?;
    for node in cluster.nodes() {
        holds(node, 1).await?;
    }
    assert_eq!(status(primary, "Rpl_semi_sync_source_yes_tx").await?, "2");
    assert_eq!(status(primary, "Rpl_semi_sync_source_no_tx").await?, "0");
    for replica in &cluster.nodes()[1..] {
        let error = write(replica, 2).await.unwrap_err();
        assert!(format!("{error:#}").contains("read-only"), "{error:#}");
        let uuid = primary.server_uuid();
        assert_eq!(replica.gtid_executed().await?, format!("{uuid}:1-2"));
    }
    Ok(())
}

#[tokio::test]
async fn the_control_account_may_do_what_a_failover_needs() -> Result<()> {
    let lab = Lab::builder().cluster("orders", 1).start().await?;
    let replica = lab.cluster("orders").node(2);
    let mut conn = replica.connect(CONTROL).await?;
    for statement in [
        "STOP REPLICA",
        "RESET REPLICA ALL",
        "SET GLOBAL rpl_semi_sync_source_enabled = ON",
        "SET GLOBAL super_read_only = OFF",
        "SET GLOBAL read_only = OFF",
        "SET GLOBAL offline_mode = OFF",
        "SELECT * FROM performance_schema.replication_connection_status",
        "SHOW REPLICA STATUS",
        "SHOW PROCESSLIST",
    ] {
        conn.query_drop(statement).await?;
    }
    let error = conn.query_drop("CREATE DATABASE other").await.unwrap_err();
    assert!(error.to_string().contains("denied"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_killed_node_starts_read_only_on_the_data_it_had() -> Result<()> {
    let lab = Lab::builder().cluster("orders", 1).start().await?;
    let cluster = lab.cluster("orders");
    let (primary, replica) = (cluster.node(1), cluster.node(2));
    write(primary, 1).await?;
    holds(replica, 1).await?;

    replica.kill()?;
    replica.gone(SOON).await?;
    assert_eq!(replica.pid(), None);
    replica.start().await?;
    holds(replica, 1).await?;
    assert!(!replica.is_writable().await?);

    replica.start_replication().await?;
    write(primary, 2).await?;
    holds(replica, 2).await
}

#[tokio::test]
async fn a_rebuilt_node_is_empty_and_the_same_server() -> Result<()> {
    let lab = Lab::builder().cluster("orders", 2).start().await?;
    let cluster = lab.cluster("orders");
    let replica = cluster.node(3);
    write(cluster.node(1), 1).await?;
    holds(replica, 1).await?;

    replica.rebuild().await?;
    assert_eq!(replica.gtid_executed().await?, "");
    assert_eq!(
        replica.value("SELECT @@global.server_uuid").await?,
        replica.server_uuid()
    );

    replica.replicate_from(cluster.node(1)).await?;
    holds(replica, 1).await
}

#[tokio::test]
async fn a_frozen_node_answers_nothing_until_it_is_thawed() -> Result<()> {
    let lab = Lab::builder().cluster("orders", 1).start().await?;
    let node = lab.cluster("orders").node(2);
    node.freeze()?;
    assert_eq!(node.state(), State::Frozen);
    let answer = tokio::time::timeout(Duration::from_millis(300), node.value("SELECT 1")).await;
    assert!(answer.is_err(), "a frozen server answered");
    node.thaw()?;
    assert_eq!(node.value("SELECT 1").await?, "1");
    Ok(())
}

#[tokio::test]
async fn a_stopped_replica_catches_up_when_started_and_a_lagging_one_is_late() -> Result<()> {
    let lab = Lab::builder().cluster("orders", 2).start().await?;
    let cluster = lab.cluster("orders");
    let (primary, stopped, late) = (cluster.node(1), cluster.node(2), cluster.node(3));
    write(primary, 1).await?;
    holds(stopped, 1).await?;
    holds(late, 1).await?;

    stopped.stop_replication().await?;
    late.lag(Duration::from_hours(1)).await?;
    write(primary, 2).await?;
    let received = format!(
        "SELECT GTID_SUBSET('{}', RECEIVED_TRANSACTION_SET) \
         FROM performance_schema.replication_connection_status",
        primary.gtid_executed().await?
    );
    eventually("the late one to receive", SOON, async || {
        ensure!(late.value(&received).await? == "1", "not received");
        Ok(())
    })
    .await?;
    holds(stopped, 1).await?;
    holds(late, 1).await?;

    stopped.start_replication().await?;
    late.lag(Duration::ZERO).await?;
    holds(stopped, 2).await?;
    holds(late, 2).await
}

#[tokio::test]
async fn a_blocked_port_is_silent_until_unblocked() -> Result<()> {
    let lab = Lab::builder().cluster("orders", 1).start().await?;
    let cluster = lab.cluster("orders");
    let (primary, replica) = (cluster.node(1), cluster.node(2));
    let silence = Duration::from_millis(300);

    primary.block_port()?;
    let answer = tokio::time::timeout(silence, primary.value("SELECT 1")).await;
    assert!(answer.is_err(), "a blocked server answered");
    assert_eq!(replica.value("SELECT 1").await?, "1");
    primary.unblock()?;
    assert_eq!(primary.value("SELECT 1").await?, "1");
    Ok(())
}

#[tokio::test]
async fn replicas_still_reach_a_node_blocked_for_clients() -> Result<()> {
    let lab = Lab::builder().cluster("orders", 1).start().await?;
    let cluster = lab.cluster("orders");
    let (primary, replica) = (cluster.node(1), cluster.node(2));
    write(primary, 1).await?;

    primary.block_clients()?;
    let silence = Duration::from_millis(300);
    let answer = tokio::time::timeout(silence, primary.value("SELECT 1")).await;
    assert!(answer.is_err(), "a blocked server answered");
    // A new connection of the replica, not only the one it had.
    replica.stop_replication().await?;
    replica.start_replication().await?;
    eventually("the replica to be connected", SOON, async || {
        let state = "SELECT SERVICE_STATE FROM performance_schema.replication_connection_status";
        ensure!(replica.value(state).await? == "ON", "not connected");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn consul_keeps_its_data_over_a_kill_and_answers_dns() -> Result<()> {
    let lab = Lab::builder().consul().start().await?;
    let consul = lab.consul();
    let service = serde_json::json!({
        "Node": "mysql-orders-1", "Address": "10.0.0.1", "SkipNodeUpdate": false,
        "Service": { "Service": "orders", "Tags": ["primary"], "Port": 3306 },
    });
    let register = format!("{}/v1/catalog/register", consul.url());
    let http = reqwest::Client::new();
    http.put(register)
        .json(&service)
        .send()
        .await?
        .error_for_status()?;

    for _ in 0..2 {
        let name = "primary.orders.service.consul";
        assert_eq!(
            consul.dns_a(name).await?,
            ["10.0.0.1".parse::<std::net::Ipv4Addr>()?]
        );
        assert_eq!(consul.dns_srv(name).await?[0].1, 3306);
        assert!(
            consul
                .dns_a("replica.orders.service.consul")
                .await?
                .is_empty()
        );
        consul.start().await?;
    }
    Ok(())
}

#[tokio::test]
async fn postgres_starts_again_after_a_kill() -> Result<()> {
    let lab = Lab::builder().postgres().start().await?;
    let postgres = lab.postgres();
    let first = postgres.pid();
    postgres.freeze()?;
    postgres.kill()?;
    postgres.start().await?;
    assert!(postgres.pid().is_some());
    assert_ne!(postgres.pid(), first);
    Ok(())
}
