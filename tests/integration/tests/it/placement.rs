//! Who is made primary, as operators wish it: promotion rules and zones.

use anyhow::{Context, Result, ensure};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{Server, eventually};
use lictor_wire::v1;

async fn set(scene: &Scene, node: &str, what: &[&str]) -> Result<String> {
    let args = [&["node", "set", node, "--reason", "why"], what].concat();
    scene.lictor_ok(&args).await
}

async fn rule(scene: &Scene, name: &str) -> Result<v1::PromotionRule> {
    let view = scene.cluster("orders").await?;
    let node = view.nodes.iter().find(|node| node.name == name);
    let node = node.context("the cluster does not have the node")?;
    Ok(node.promotion())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_rule_keeps_a_node_from_being_primary_until_it_ends_by_itself() {
    let scene = Scene::with_orders(2).await.unwrap();
    let primary = scene.lab.cluster("orders").primary().await.unwrap();
    // Number 2 would win the election.
    let second = scene.lab.cluster("orders").node(2).name().to_owned();
    let must_not = ["--promotion-rule", "must-not"];

    for wrong in [&["--for", "31d"][..], &["--zone", "eu 1"]] {
        let args = [
            &["node", "set", &second, "--reason", "why"],
            &must_not[..],
            wrong,
        ]
        .concat();
        let refused = scene.lictor(&args).await.unwrap();
        assert!(!refused.status.success(), "{wrong:?} was taken");
    }
    let neutral = v1::PromotionRule::Neutral;
    assert_eq!(rule(&scene, &second).await.unwrap(), neutral);

    let hour = [&must_not[..], &["--for", "1h"]].concat();
    let said = set(&scene, &second, &hour).await.unwrap();
    assert!(said.contains("must_not until"), "{said}");
    let elected = async || {
        let rehearsal = ["cluster", "failover", "orders", "--dry-run", "-o", "json"];
        let said = scene.lictor_ok(&rehearsal).await?;
        let found: serde_json::Value = serde_json::from_str(&said)?;
        let candidate = found["candidate"].as_str().context("nobody is elected")?;
        Ok::<_, anyhow::Error>(candidate.to_owned())
    };
    eventually("the rule to count", PATIENCE, || async {
        ensure!(elected().await? != second, "{second} would be elected");
        Ok(())
    })
    .await
    .unwrap();

    // Its time is shortened, and it is the default again without another word.
    let moment = [&must_not[..], &["--for", "1s"]].concat();
    set(&scene, &second, &moment).await.unwrap();
    eventually("the rule to end", PATIENCE, || async {
        let rule = rule(&scene, &second).await?;
        ensure!(rule == neutral, "it is {rule:?}");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(elected().await.unwrap(), second);
    primary.kill().unwrap();
    let new = scene.new_primary("orders", primary.name()).await.unwrap();
    assert_eq!(new.name(), second);
}

/// Number 3 must not be primary, and alone has the last writes.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_node_holds_that_must_not_be_primary_is_not_lost() {
    let scene = Scene::with_orders(2).await.unwrap();
    let cluster = scene.lab.cluster("orders");
    let (primary, heir, keeper) = (cluster.node(1), cluster.node(2), cluster.node(3));
    let must_not = ["--promotion-rule", "must-not"];
    set(&scene, keeper.name(), &must_not).await.unwrap();

    Load::prepare(primary).await.unwrap();
    let client = scene.client("writers").await.unwrap();
    let load = Load::start(&client, "orders", 2, 1);
    written(&load, 10).await.unwrap();
    heir.sql("STOP REPLICA IO_THREAD").await.unwrap();
    written(&load, 50).await.unwrap();
    primary.kill().unwrap();
    let new = scene.new_primary("orders", primary.name()).await.unwrap();
    assert_eq!(new.name(), heir.name());
    written(&load, 10).await.unwrap();
    let ledger = load.stop().await;
    let missing = ledger.missing_on(heir).await.unwrap();
    assert!(missing.is_empty(), "lost: {missing:?}");
    assert!(scene.rejoined("orders", keeper.name()).await.unwrap());

    let shown = ["recovery", "show", "last"];
    let story = scene.lictor_ok(&shown).await.unwrap();
    let told = format!(
        "{} receives from {} and applies what it lacks",
        heir.name(),
        keeper.name()
    );
    assert!(story.contains(&told), "{story}");
}

/// Waits until so many more writes are acknowledged.
async fn written(load: &Load, more: usize) -> Result<()> {
    let goal = load.ledger().count() + more;
    eventually("more acknowledged writes", PATIENCE, || async {
        let count = load.ledger().count();
        ensure!(count >= goal, "{count} of {goal}");
        Ok(())
    })
    .await
}
