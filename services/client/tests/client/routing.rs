//! Statements by the query rules, and by whether they only read.

use std::collections::BTreeSet;

use lictor_client::domain::{
    Capacity, Filling, HostgroupId, HostgroupKind, HostgroupRoute, QueryRule, Role, RoutingTable,
    RuleFields, RuleId, Server, ServerStatus,
};
use lictor_client::mysql_async::prelude::Queryable;
use lictor_client::{CheckoutError, ClientError, Destination, Lictor};
use lictor_lab::{Lab, Server as _};

use crate::control_plane::PATIENCE;
use crate::stage::{SHORT, Stage, table};

const WRITER: HostgroupId = HostgroupId(10);
const REPORTS: HostgroupId = HostgroupId(30);

fn hostgroup(
    id: HostgroupId,
    filled_by: Option<Filling>,
    servers: Vec<Server>,
) -> (HostgroupId, HostgroupRoute) {
    let route = HostgroupRoute {
        id,
        name: format!("group-{id}").parse().unwrap(),
        kind: HostgroupKind::Custom,
        filled_by,
        servers,
    };
    (id, route)
}

fn rule(number: u32, change: impl FnOnce(&mut RuleFields)) -> (RuleId, QueryRule) {
    let mut fields = RuleFields::new(RuleId(number));
    fields.apply = true;
    change(&mut fields);
    (fields.rule_id, QueryRule::new(fields).unwrap())
}

/// The table with a hostgroup of the writer of orders and one of listed servers,
/// and rules that send to both.
fn ruled(lab: &Lab, n: u64, reports: &[(String, ServerStatus)]) -> RoutingTable {
    let listed = reports
        .iter()
        .map(|(address, status)| server(address, *status));
    let primary = Filling {
        cluster: "orders".parse().unwrap(),
        role: Role::Primary,
    };
    RoutingTable {
        hostgroups: [
            hostgroup(WRITER, Some(primary), vec![]),
            hostgroup(REPORTS, None, listed.collect()),
        ]
        .into(),
        query_rules: [
            rule(1, |it| {
                it.match_digest = Some("FOR UPDATE$".to_owned());
                it.destination_hostgroup = Some(WRITER);
            }),
            rule(2, |it| {
                it.match_pattern = Some(r"/\* report \*/".to_owned());
                it.destination_hostgroup = Some(REPORTS);
            }),
            rule(3, |it| {
                it.match_digest = Some("^DROP".to_owned());
                it.error_msg = Some("not here".to_owned());
            }),
        ]
        .into(),
        ..table(lab, n)
    }
}

fn server(address: &str, status: ServerStatus) -> Server {
    Server {
        address: address.parse().unwrap(),
        status,
        capacity: Capacity::default(),
    }
}

fn address(stage: &Stage, node: &str) -> String {
    stage.lab.node(node).unwrap().address().to_string()
}

async fn stage(connection_timeout: std::time::Duration) -> (Stage, Lictor) {
    let stage = Stage::with(&[("orders", 1), ("users", 1)]).await;
    let listed = ["users-1", "users-2"].map(|node| (address(&stage, node), ServerStatus::Online));
    stage.plane.publish(ruled(&stage.lab, 2, &listed));
    let mut config = stage.config();
    config.default_cluster = Some("orders".parse().unwrap());
    config.pool.connection_timeout = connection_timeout;
    let lictor = Lictor::connect(config).await.unwrap();
    let mut changes = lictor.routes().changes();
    let reached = changes.wait_for(|held| held.is_some_and(|held| held.n == 2));
    tokio::time::timeout(PATIENCE, reached)
        .await
        .unwrap()
        .unwrap();
    (stage, lictor)
}

#[tokio::test]
async fn a_statement_goes_where_its_rule_says_and_else_reads_are_split_from_writes() {
    let (stage, lictor) = stage(PATIENCE).await;
    let goes = async |sql: &str| {
        let connection = lictor.route(sql).await.unwrap();
        connection.node().to_string()
    };
    let (writer, reader) = (address(&stage, "orders-1"), address(&stage, "orders-2"));
    assert_eq!(
        goes("SELECT id FROM t WHERE id = 1 FOR UPDATE").await,
        writer
    );
    assert_eq!(goes("INSERT INTO t VALUES (1)").await, writer);
    assert_eq!(goes("BEGIN").await, writer);
    assert_eq!(goes("SELECT LAST_INSERT_ID()").await, writer);
    assert_eq!(goes("SELECT id FROM t").await, reader);

    let mut reports = BTreeSet::new();
    for _ in 0..4 {
        reports.insert(goes("SELECT 1 /* report */").await);
    }
    let both = ["users-1", "users-2"].map(|node| address(&stage, node));
    assert_eq!(reports, both.into(), "they take turns");

    let error = lictor.route("DROP TABLE t").await.unwrap_err();
    assert!(error.to_string().contains("not here"), "{error}");
    let mut writer = lictor.route("DO 1").await.unwrap();
    writer.query_drop("DO 1").await.unwrap();
}

#[tokio::test]
async fn a_hostgroup_without_a_server_that_answers_is_named_with_the_reason() {
    let (stage, lictor) = stage(SHORT).await;
    for node in ["users-1", "users-2"] {
        stage.lab.node(node).unwrap().kill().unwrap();
    }
    let error = lictor.route("SELECT 1 /* report */").await.unwrap_err();
    let ClientError::NoServer { last, .. } = &error else {
        panic!("{error}");
    };
    let (_, why) = &**last.as_ref().unwrap();
    assert!(matches!(why, CheckoutError::Failed(_)), "{why}");
    assert!(error.to_string().contains("hostgroup 30"), "{error}");

    let offline =
        ["users-1", "users-2"].map(|node| (address(&stage, node), ServerStatus::OfflineSoft));
    stage.plane.publish(ruled(&stage.lab, 3, &offline));
    let mut changes = lictor.routes().changes();
    let reached = changes.wait_for(|held| held.is_some_and(|held| held.n == 3));
    tokio::time::timeout(PATIENCE, reached)
        .await
        .unwrap()
        .unwrap();
    let error = lictor.route("SELECT 1 /* report */").await.unwrap_err();
    assert!(error.to_string().contains("none that is used"), "{error}");
}

#[tokio::test]
async fn without_a_rule_and_a_default_several_clusters_are_an_error() {
    let (stage, _) = stage(PATIENCE).await;
    let lictor = stage.client().await;
    let mut router = lictor.router();
    let error = router.decide("SELECT id FROM t").unwrap_err();
    assert!(matches!(error, ClientError::NoDestination), "{error}");
    let decision = router.decide("SELECT id FROM t FOR UPDATE").unwrap();
    assert!(matches!(
        decision.destination,
        Destination::Hostgroup(WRITER, _)
    ));
}
