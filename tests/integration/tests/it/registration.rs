//! `lictor cluster add`, and what it refuses.

use lictor_integration::Scene;
use lictor_lab::Server;

#[tokio::test(flavor = "multi_thread")]
async fn any_node_is_a_good_seed_and_gives_the_same_names() {
    let scene = Scene::start(&[("orders", 2)]).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let replica = scene.lab.cluster("orders").node(3);
    let seed = replica.address().to_string();
    scene
        .lictor_ok(&["cluster", "add", "orders", "--seed", &seed])
        .await
        .unwrap();
    let view = scene.cluster("orders").await.unwrap();
    assert_eq!(view.primary, primary.name());
    for node in scene.lab.cluster("orders").nodes() {
        let shown = view.nodes.iter().find(|shown| shown.name == node.name());
        assert_eq!(shown.unwrap().address, node.address().to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn adding_a_cluster_again_changes_nothing_and_says_so() {
    let scene = Scene::with_orders(2).await.unwrap();
    let before = scene.cluster("orders").await.unwrap();
    let seed = scene.lab.cluster("orders").node(2).address().to_string();
    let said = scene
        .lictor_ok(&["cluster", "add", "orders", "--seed", &seed])
        .await
        .unwrap();
    assert!(said.contains("already"), "{said}");
    let after = scene.cluster("orders").await.unwrap();
    assert_eq!(before.policy, after.policy);
    assert_eq!(before.epoch, after.epoch);
    assert_eq!(before.nodes.len(), after.nodes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clusters_cannot_share_a_node() {
    let scene = Scene::with_orders(2).await.unwrap();
    let seed = scene.lab.cluster("orders").node(2).address().to_string();
    let output = scene
        .lictor(&["cluster", "add", "users", "--seed", &seed])
        .await
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(error.contains("orders"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_without_replicas_is_admitted_with_a_warning() {
    let scene = Scene::start(&[("lonely", 0)]).await.unwrap();
    let node = scene.lab.cluster("lonely").node(1);
    node.open_alone().await.unwrap();
    let seed = node.address().to_string();
    let args = [
        "cluster",
        "add",
        "lonely",
        "--seed",
        &seed,
        "--durability",
        "async",
    ];
    let output = scene.lictor(&args).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("replica"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_privileges_are_named_with_the_grant_that_helps() {
    let scene = Scene::start(&[("orders", 2)]).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    let revoke = "REVOKE REPLICATION_SLAVE_ADMIN ON *.* FROM 'lictor'@'%'";
    primary.sql(revoke).await.unwrap();
    let seed = primary.address().to_string();
    let output = scene
        .lictor(&["cluster", "add", "orders", "--seed", &seed])
        .await
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(error.contains("REPLICATION_SLAVE_ADMIN"), "{error}");
    assert!(error.contains("GRANT"), "{error}");
    let list = scene
        .lictor_ok(&["cluster", "list", "-o", "json"])
        .await
        .unwrap();
    assert!(
        !list.contains("orders"),
        "a refused cluster was stored: {list}"
    );
}
