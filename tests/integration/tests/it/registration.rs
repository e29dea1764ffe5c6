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
    let scene = Scene::start(&[("orders", 2), ("users", 0)]).await.unwrap();
    scene.register("orders").await.unwrap();
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
async fn a_cluster_that_consul_would_not_show_is_refused_with_the_right_that_is_missing() {
    let scene = Scene::start(&[("orders", 1)]).await.unwrap();
    let seed = scene.lab.cluster("orders").node(1).address().to_string();
    let add = ["cluster", "add", "strange", "--seed", &seed];
    let output = scene.lictor(&add).await.unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("access rules refuse"), "{error}");
    assert!(error.contains("service \"strange\""), "{error}");
    let listed = scene.lictor_ok(&["cluster", "list"]).await.unwrap();
    assert!(!listed.contains("strange"), "{listed}");
    scene.register("orders").await.unwrap();
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

/// On every node; as if its option file did not load it.
async fn without_clone_plugin(scene: &Scene) -> anyhow::Result<()> {
    for node in scene.lab.cluster("orders").nodes() {
        let closed = !node.is_writable().await?;
        node.sql("SET GLOBAL super_read_only = OFF").await?;
        node.sql("UNINSTALL PLUGIN clone").await?;
        if closed {
            node.sql("SET GLOBAL super_read_only = ON").await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_clone_plugin_is_a_warning_and_no_rebuild_begins_without_it() {
    let scene = Scene::start(&[("orders", 2)]).await.unwrap();
    without_clone_plugin(&scene).await.unwrap();
    let seed = scene.lab.cluster("orders").node(1).address().to_string();
    let add = [
        "cluster", "add", "orders", "--seed", &seed, "--mode", "auto",
    ];
    let added = scene.lictor(&add).await.unwrap();
    let said = [added.stdout, added.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(added.status.success(), "{said}");
    assert_eq!(
        said.matches("has no active clone plugin").count(),
        3,
        "{said}"
    );
    assert!(said.contains("INSTALL PLUGIN clone"), "{said}");

    let replica = scene.lab.cluster("orders").node(2);
    let rebuild = [
        "node",
        "rebuild",
        replica.name(),
        "--force",
        "--reason",
        "a test",
    ];
    let refused = scene.lictor(&rebuild).await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    assert_eq!(
        said.matches("has no active clone plugin").count(),
        2,
        "{said}"
    );
    assert!(said.contains("INSTALL PLUGIN clone"), "{said}");
    let rejoined = scene.rejoined("orders", replica.name()).await.unwrap();
    assert!(rejoined, "it takes part as before");
}
