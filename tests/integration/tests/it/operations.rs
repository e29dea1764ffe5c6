//! Operations as the command line shows and follows them.

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene, supervise};
use lictor_lab::{Server, eventually};
use serde_json::Value;

/// Every operation, the newest first.
async fn operations(scene: &Scene) -> Result<Vec<Value>> {
    let listed = scene.lictor_ok(&["operation", "list", "-o", "json"]);
    Ok(serde_json::from_str(&listed.await?)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_followed_to_its_end_and_one_that_fails_is_a_failure() {
    let scene = Scene::with_orders(2).await.unwrap();
    let switch = ["cluster", "switchover", "orders", "--to", "orders-2"];
    scene.lictor_ok(&switch).await.unwrap();
    let told = scene.lictor_ok(&["operation", "watch", "last"]);
    let told = told.await.unwrap();
    assert!(
        told.ends_with("switchover of orders: orders-2 took over from orders-1.\n"),
        "{told}"
    );
    assert!(told.lines().count() > 3, "no steps: {told}");

    let node = scene.lab.cluster("orders").node(3);
    let rebuild = ["node", "rebuild", node.name(), "--force"];
    let rehearsal = [&rebuild[..], &["--dry-run"]].concat();
    eventually("the old primary to acknowledge", PATIENCE, || {
        scene.lictor_ok(&rehearsal)
    })
    .await
    .unwrap();
    let rebuild = [&rebuild[..], &["--detach"]].concat();
    scene.lictor_ok(&rebuild).await.unwrap();
    let running = &operations(&scene).await.unwrap()[0];
    assert_eq!(
        (&running["kind"], &running["state"], &running["node"]),
        (&"rebuild".into(), &"running".into(), &node.name().into())
    );
    let watch = ["operation", "watch", running["id"].as_str().unwrap()];
    let followed = tokio::try_join!(scene.lictor_ok(&watch), supervise(node));
    let (told, ()) = followed.unwrap();
    assert!(told.contains("restarting"), "{told}");
    assert!(told.ends_with("takes part again.\n"), "{told}");

    let set = ["cluster", "set", "orders", "--mode", "observe"];
    scene
        .lictor_ok(&[&set[..], &["--reason", "a test"]].concat())
        .await
        .unwrap();
    scene.lab.node("orders-2").unwrap().kill().unwrap();
    let withheld = eventually("a failover to be withheld", PATIENCE, || async {
        let newest = operations(&scene).await?.into_iter().next();
        let newest = newest.context("there is none")?;
        ensure!(newest["state"] == "failed", "{newest}");
        Ok(newest)
    })
    .await
    .unwrap();
    let id = withheld["id"].as_str().unwrap();
    let output = scene.lictor(&["operation", "watch", id]).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains(withheld["sentence"].as_str().unwrap()),
        "{error}"
    );
    let shown = scene.lictor_ok(&["operation", "show", "last"]).await;
    assert!(shown.unwrap().contains("failed"));
}
