//! Who is made primary, as operators wish it: promotion rules and zones.

use anyhow::{Context, Result, bail, ensure};
use lictor_integration::{Load, PATIENCE, Scene};
use lictor_lab::{APP, Node, Server, eventually};
use lictor_wire::v1;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

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

/// Number 3 holds the most when the primary is killed, since number 2 did not
/// receive; writers go on all the time.
async fn saved_by_number_three(scene: &Scene) -> Result<Load> {
    let cluster = scene.lab.cluster("orders");
    let (primary, behind, saviour) = (cluster.node(1), cluster.node(2), cluster.node(3));
    Load::prepare(primary).await?;
    let client = scene.client("writers").await?;
    let load = Load::start(&client, "orders", 2, 1);
    load.writes(10).await?;
    behind.sql("STOP REPLICA IO_THREAD").await?;
    load.writes(50).await?;
    primary.kill()?;
    eventually("the failover", PATIENCE, || async {
        let failovers = scene.recoveries("orders").await?;
        let failover = failovers.last().context("none began")?;
        let winner = failover.new_primary.as_deref();
        ensure!(winner == Some(saviour.name()), "{winner:?} is chosen");
        Ok(())
    })
    .await?;
    Ok(load)
}

/// The second step made number 2 the primary, no statement failed and no
/// acknowledged write is lost; and what is told of it.
async fn number_two_took_over(scene: &Scene, load: Load, why: &str) -> Result<()> {
    let cluster = scene.lab.cluster("orders");
    let (better, saviour) = (cluster.node(2), cluster.node(3));
    eventually("the second step", PATIENCE, || async {
        let recoveries = scene.recoveries("orders").await?;
        let [second, _] = &recoveries[..] else {
            bail!("{} recoveries", recoveries.len());
        };
        let done = second.state() == v1::RecoveryState::Done;
        ensure!(done, "it is not done: {second:?}");
        Ok(())
    })
    .await?;
    load.writes(10).await?;
    let ledger = load.stop().await;
    let view = scene.cluster("orders").await?;
    ensure!(view.primary == better.name(), "{}", view.primary);
    ledger.is_whole_on(better).await?;
    ensure!(
        scene.rejoined("orders", saviour.name()).await?,
        "quarantined"
    );
    ensure!(scene.writable_nodes("orders").await? == [better.name()]);

    let story = scene.lictor_ok(&["recovery", "show", "last"]).await?;
    for told in [
        format!("{} held the most and saved the data", saviour.name()),
        format!("{} is better placed: {why}", better.name()),
        "Switchover of orders".to_owned(),
    ] {
        ensure!(story.contains(&told), "{told} is not in {story}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_in_the_lost_primarys_zone_takes_over_once_it_has_caught_up() {
    let scene = Scene::with_orders(2).await.unwrap();
    let cluster = scene.lab.cluster("orders");
    for (number, zone) in [(1, "eu-1"), (2, "eu-1"), (3, "eu-2")] {
        let name = cluster.node(number).name();
        set(&scene, name, &["--zone", zone]).await.unwrap();
    }
    let mut reader = long_reader(cluster.node(3)).await.unwrap();
    let load = saved_by_number_three(&scene).await.unwrap();
    eventually("what holds it back to be told", PATIENCE, || async {
        let problems = scene.cluster("orders").await?.problems;
        let told = problems.iter().find(|p| p.code == "BetterPlacedReplica");
        let told = told.with_context(|| format!("{problems:?}"))?;
        let why = |evidence: &v1::Evidence| evidence.sentence.contains("open for");
        ensure!(told.evidence.iter().any(why), "{told:?}");
        Ok(())
    })
    .await
    .unwrap();
    reader.query_drop("COMMIT").await.unwrap();
    let why = format!("it is in the zone of {}", cluster.node(1).name());
    number_two_took_over(&scene, load, &why).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_winner_that_is_no_gladly_chosen_primary_stays_while_the_policy_says_so() {
    let scene = Scene::with_orders(2).await.unwrap();
    let cluster = scene.lab.cluster("orders");
    let (better, saviour) = (cluster.node(2), cluster.node(3));
    let prefer_not = ["--promotion-rule", "prefer-not"];
    set(&scene, saviour.name(), &prefer_not).await.unwrap();
    better_placed(&scene, "stay").await.unwrap();
    let load = saved_by_number_three(&scene).await.unwrap();
    // What a second step waits for has come about, and none is taken.
    assert!(scene.rejoined("orders", better.name()).await.unwrap());
    load.writes(100).await.unwrap();
    assert_eq!(scene.recoveries("orders").await.unwrap().len(), 1);
    let view = scene.cluster("orders").await.unwrap();
    assert_eq!(view.primary, saviour.name());

    better_placed(&scene, "switch").await.unwrap();
    let why = "its promotion rule is neutral, and not prefer_not";
    number_two_took_over(&scene, load, why).await.unwrap();
}

/// A client that reads from one snapshot for longer than a moment.
async fn long_reader(node: &Node) -> Result<Conn> {
    let mut reader = node.connect(APP).await?;
    reader
        .query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        .await?;
    let old = "SELECT COUNT(*) FROM information_schema.INNODB_TRX \
               JOIN information_schema.PROCESSLIST p ON p.ID = trx_mysql_thread_id \
               WHERE p.USER <> 'system user' AND trx_started < NOW() - INTERVAL 1 SECOND";
    eventually("the transaction to be an old one", PATIENCE, || async {
        ensure!(node.value(old).await? == "1", "it is not");
        Ok(())
    })
    .await?;
    Ok(reader)
}

async fn better_placed(scene: &Scene, what: &str) -> Result<()> {
    let args = [
        "cluster",
        "set",
        "orders",
        "--better-placed",
        what,
        "--reason",
        "why",
    ];
    scene.lictor_ok(&args).await?;
    let shown = scene.lictor_ok(&["cluster", "show", "orders"]).await?;
    ensure!(shown.contains(&format!("better-placed {what}")), "{shown}");
    Ok(())
}
