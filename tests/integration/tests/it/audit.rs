//! What operators ask for stands in the audit log, also when it is refused
//! before anybody could look at it.

use anyhow::{Result, ensure};
use lictor_integration::{OPERATOR, Scene};
use sqlx::{Connection, PgConnection};

/// A cluster that is stored, and that no steward keeps: nobody told the leader.
const UNKEPT: &str = "
    INSERT INTO cluster (name, policy, epoch_term, epoch_n, primary_node)
        SELECT 'unkept', policy, 0, 0, 'unkept-1' FROM cluster WHERE name = 'orders';
    INSERT INTO node (name, cluster, address, server_uuid, promotion)
        VALUES ('unkept-1', 'unkept', '127.0.0.1:1', gen_random_uuid(), 'neutral');
";

/// Asks for something that is refused; what the audit log then says of it.
async fn told_of_refused(
    scene: &Scene,
    log: &mut PgConnection,
    args: &[&str],
) -> Result<Vec<(String, String)>> {
    let output = scene
        .lictor(&[args, &["--reason", "a test"]].concat())
        .await?;
    ensure!(!output.status.success(), "lictor {args:?} was not refused");
    let entries = "SELECT action, result FROM audit WHERE target = $1 ORDER BY id";
    let target = args.get(2).copied();
    Ok(sqlx::query_as(entries).bind(target).fetch_all(log).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nobody_can_take_is_in_the_audit_log() {
    let scene = Scene::with_orders(1).await.unwrap();
    let url = scene.lab.postgres().url();
    let mut log = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(UNKEPT).execute(&mut log).await.unwrap();
    for (noun, verb, target, why) in [
        ("cluster", "failover", "unkept", "not being kept"),
        ("cluster", "switchover", "unkept", "not being kept"),
        ("cluster", "failover", "nowhere", "no cluster `nowhere`"),
        ("cluster", "switchover", "nowhere", "no cluster `nowhere`"),
        ("node", "rejoin", "unkept-1", "no cluster has a node"),
        ("node", "rebuild", "nowhere-1", "no cluster has a node"),
    ] {
        let args = [noun, verb, target];
        let told = told_of_refused(&scene, &mut log, &args).await.unwrap();
        let (action, result) = told.last().unwrap();
        assert_eq!(*action, format!("{noun}.{verb}"));
        assert!(result.contains(why), "{result}");
        let rehearsal = [noun, verb, target, "--dry-run"];
        let after = told_of_refused(&scene, &mut log, &rehearsal).await.unwrap();
        assert_eq!(after, told, "a rehearsal is no deed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_names_who_ran_the_command() {
    let scene = Scene::with_orders(1).await.unwrap();
    let reason = ["--reason", "a test"];
    for deed in [
        &["cluster", "pause", "orders"][..],
        &["cluster", "set", "orders", "--rebuild", "auto"],
        &["node", "set", "orders-2", "--zone", "eu-1"],
    ] {
        scene.lictor_ok(&[deed, &reason].concat()).await.unwrap();
    }
    let url = scene.lab.postgres().url();
    let mut log = PgConnection::connect(&url).await.unwrap();
    // The laboratory itself makes its agents a token.
    let deeds = "SELECT action, actor FROM audit
                 WHERE token = 'bootstrap' AND action <> 'token.create' ORDER BY id";
    let told: Vec<(String, String)> = sqlx::query_as(deeds).fetch_all(&mut log).await.unwrap();
    let by_us = ["cluster.add", "cluster.pause", "cluster.set", "node.set"];
    let expected = by_us.map(|action| (action.to_owned(), OPERATOR.to_owned()));
    assert_eq!(told, expected);
}
