//! A cluster that prefers going on to a proof: only by its policy, and said aloud.

use anyhow::{Context, Result, ensure};
use lictor_integration::{PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use lictor_wire::v1;

async fn set(scene: &Scene, change: &[&str]) -> Result<String> {
    let set = ["cluster", "set", "orders", "--reason", "a test"];
    scene.lictor_ok(&[&set[..], change].concat()).await
}

/// What the cluster says of `code`, once it says so.
async fn problem(scene: &Scene, code: &str) -> Result<v1::Problem> {
    eventually(code, PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        let found = problems.into_iter().find(|problem| problem.code == code);
        found.with_context(|| format!("no {code} yet"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_async_cluster_fails_over_without_a_proof_only_where_that_is_accepted() {
    let scene = Scene::with_orders(2).await.unwrap();
    let refused = set(&scene, &["--accept-unfenced", "on"]).await.unwrap_err();
    assert!(
        format!("{refused:#}").contains("accept_unfenced"),
        "{refused:#}"
    );
    set(&scene, &["--durability", "async"]).await.unwrap();

    let old = scene.lab.cluster("orders").primary().await.unwrap();
    old.freeze().unwrap();
    let blocked = problem(&scene, "FailoverBlocked").await.unwrap();
    assert!(blocked.sentence.contains("async"), "{blocked:?}");
    assert_eq!(scene.cluster("orders").await.unwrap().primary, old.name());
    old.thaw().unwrap();
    eventually("the primary to be well again", PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        ensure!(problems.is_empty(), "{problems:?}");
        Ok(())
    })
    .await
    .unwrap();

    set(&scene, &["--accept-unfenced", "on"]).await.unwrap();
    let refused = set(&scene, &["--durability", "semi-sync"])
        .await
        .unwrap_err();
    assert!(format!("{refused:#}").contains("durability"), "{refused:#}");
    let shown = scene
        .lictor_ok(&["cluster", "show", "orders"])
        .await
        .unwrap();
    assert!(
        shown.contains("a failover without a proof is accepted"),
        "{shown}"
    );

    old.freeze().unwrap();
    scene.new_primary("orders", old.name()).await.unwrap();
    let warned = problem(&scene, "UnfencedPrimary").await.unwrap();
    assert_eq!(warned.node.as_deref(), Some(old.name()));
    let story = eventually("the story", PATIENCE, || async {
        let story = scene.lictor_ok(&["recovery", "show", "last"]).await?;
        ensure!(story.contains("NOT fenced"), "{story}");
        Ok(story)
    })
    .await
    .unwrap();
    assert!(story.contains("what the old one takes is lost"), "{story}");

    old.thaw().unwrap();
    scene.rejoined("orders", old.name()).await.unwrap();
    let writable = scene.writable_nodes("orders").await.unwrap();
    assert_eq!(writable.len(), 1, "{writable:?}");
    assert!(!writable.contains(&old.name().to_owned()), "{writable:?}");
    let problems = scene.cluster("orders").await.unwrap().problems;
    assert!(
        problems.iter().all(|p| p.code != "UnfencedPrimary"),
        "{problems:?}"
    );
}
