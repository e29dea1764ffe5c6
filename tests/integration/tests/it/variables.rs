//! A node's variables beside what they should be.

use std::collections::BTreeMap;

use anyhow::Result;
use lictor_integration::Scene;
use lictor_lab::Server;
use lictor_wire::v1;
use lictor_wire::v1::node_service_client::NodeServiceClient;
use tonic::Status;

type Variables = BTreeMap<String, v1::Variable>;

async fn variables(scene: &Scene, node: &str) -> Result<Result<Variables, Status>> {
    let mut api = NodeServiceClient::new(scene.channel().await?);
    let node = node.to_owned();
    let told = api.get_node_variables(v1::GetNodeVariablesRequest { node });
    Ok(told.await.map(|told| {
        let variables = told.into_inner().variables.into_iter();
        variables.map(|one| (one.name.clone(), one)).collect()
    }))
}

fn other_than_ok(variables: &Variables) -> Vec<&str> {
    let others = variables.values();
    let others = others.filter(|one| one.verdict() != v1::VariableVerdict::Ok);
    others.map(|one| one.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nodes_variables_stand_beside_what_they_should_be() {
    let scene = Scene::with_orders(1).await.unwrap();
    let cluster = scene.lab.cluster("orders");
    let (primary, replica) = (cluster.node(1), cluster.node(2));
    for node in [primary, replica] {
        let told = variables(&scene, node.name()).await.unwrap().unwrap();
        assert_eq!(other_than_ok(&told), Vec::<&str>::new(), "{}", node.name());
        let read_only = told["super_read_only"].value.as_deref();
        let expected = if node.name() == primary.name() {
            "OFF"
        } else {
            "ON"
        };
        assert_eq!(read_only, Some(expected));
    }

    replica.sql("SET GLOBAL sync_binlog = 100").await.unwrap();
    let told = variables(&scene, replica.name()).await.unwrap().unwrap();
    assert_eq!(other_than_ok(&told), ["sync_binlog"]);
    let wrong = &told["sync_binlog"];
    assert_eq!(
        (
            wrong.verdict(),
            wrong.value.as_deref(),
            wrong.recommended.as_str()
        ),
        (v1::VariableVerdict::Differs, Some("100"), "1")
    );

    let show = ["node", "variables", replica.name()];
    let table = scene.lictor_ok(&show).await.unwrap();
    let first = table.lines().nth(1).unwrap();
    assert!(first.starts_with("sync_binlog "), "{table}");

    replica.freeze().unwrap();
    let silent = variables(&scene, replica.name()).await.unwrap();
    let silent = silent.unwrap_err();
    assert_eq!(silent.code(), tonic::Code::Unavailable);
    assert!(silent.message().contains("no answer within"), "{silent:?}");
    let details = String::from_utf8_lossy(silent.details());
    assert!(details.contains("NODE_FAILED"), "{silent:?}");
    let nowhere = variables(&scene, "orders-9").await.unwrap().unwrap_err();
    assert_eq!(nowhere.code(), tonic::Code::NotFound);
}
