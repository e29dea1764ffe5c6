use lictor_domain::{Actor, Draft, Mode, Policy, PromotionRule, Zone};
use lictor_store::{AuditEntry, AuditFilter, ConfigVersion, Conflict, Kind, Store, StoreError};

use crate::database::Database;
use crate::fixture::{ONE, TWO, cluster, entry, name, node, node_name, with_hostgroup};

/// A store that leads in term one and knows the cluster `orders`, hosts 1, 2:
/// version 1.
async fn with_orders() -> (Database, Store) {
    let (database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let orders = cluster("orders", 1);
    store
        .cluster_add(ONE, &orders, &entry("cluster.add"))
        .await
        .unwrap();
    (database, store)
}

async fn head(store: &Store) -> ConfigVersion {
    store.config_head().await.unwrap().unwrap()
}

async fn apply(
    store: &Store,
    base: u64,
    document: &Draft,
) -> Result<Option<ConfigVersion>, StoreError> {
    store
        .config_apply(ONE, base, document, &[], &entry("config.apply"))
        .await
}

#[tokio::test]
async fn the_first_version_is_made_once_and_of_what_exists() {
    let (database, store) = with_orders().await;
    database.sql("DELETE FROM config_version").await;
    assert_eq!(store.config_head().await.unwrap(), None);
    let upgrade = AuditEntry {
        actor: Actor::lictor(),
        ..entry("config.begin")
    };
    let first = store.config_begin(ONE, &upgrade).await.unwrap();
    let made = (first.version, first.author.as_str(), first.action.as_str());
    assert_eq!(made, (1, "lictor", "config.begin"));
    let orders = &first.document.clusters[&name("orders")];
    assert_eq!(orders.policy, Policy::default());
    assert_eq!(store.config_begin(ONE, &upgrade).await.unwrap(), first);
    assert_eq!(store.config_list(9, None).await.unwrap(), [first]);
}

#[tokio::test]
async fn every_change_of_a_cluster_makes_a_version_with_its_audit_entry() {
    let (_database, store) = with_orders().await;
    let billing = cluster("billing", 11);
    store
        .cluster_add(ONE, &billing, &entry("cluster.add"))
        .await
        .unwrap();
    let policy = Policy {
        mode: Mode::Auto,
        ..Policy::default()
    };
    let orders = name("orders");
    store
        .cluster_set_policy(ONE, &orders, &policy, &entry("cluster.set"))
        .await
        .unwrap();
    let (second, zone): (_, Zone) = (node_name("orders-2"), "eu".parse().unwrap());
    let placed = entry("node.set");
    let rule = PromotionRule::Prefer.into();
    store
        .node_set_placement(ONE, &second, rule, Some(&zone), &placed)
        .await
        .unwrap();
    // It says where a node stands, so it differs when that node moves.
    let mut moved = node("orders", 2, 7);
    moved.promotion = rule;
    moved.zone = Some(zone.clone());
    store
        .node_update(ONE, &orders, &moved, &entry("cluster.add"))
        .await
        .unwrap();
    // It says nothing of nodes without a placement.
    let third = node("orders", 3, 8);
    store
        .node_add(ONE, &orders, &third, &entry("cluster.add"))
        .await
        .unwrap();

    let versions = store.config_list(9, None).await.unwrap();
    let made: Vec<_> = versions
        .iter()
        .map(|it| (it.version, &*it.action))
        .collect();
    assert_eq!(
        made,
        [
            (5, "cluster.add"),
            (4, "node.set"),
            (3, "cluster.set"),
            (2, "cluster.add"),
            (1, "cluster.add"),
        ]
    );
    assert_eq!(
        store
            .audit_list(&AuditFilter::default(), 9, None)
            .await
            .unwrap()
            .len(),
        6
    );
    let newest = &versions[0];
    assert_eq!(newest.author, "ada");
    assert_eq!(newest.reason.as_deref(), Some("a test"));
    let orders = &newest.document.clusters[&orders];
    assert_eq!(orders.policy.mode, Mode::Auto);
    let at = &orders.nodes[&moved.address];
    assert_eq!(
        (at.promotion, &at.zone),
        (PromotionRule::Prefer, &Some(zone))
    );
    newest.config().unwrap();
    let page = store.config_list(2, Some(3)).await.unwrap();
    assert_eq!(page, versions[3..]);
    assert_eq!(store.config_get(4).await.unwrap(), versions[1]);
}

#[tokio::test]
async fn a_change_that_changes_nothing_configured_makes_no_version() {
    let (_database, store) = with_orders().await;
    let before = head(&store).await;
    let same = Policy::default();
    store
        .cluster_set_policy(ONE, &name("orders"), &same, &entry("cluster.set"))
        .await
        .unwrap();
    assert_eq!(head(&store).await, before);
    let applied = apply(&store, 1, &before.document).await.unwrap();
    assert_eq!(applied, None);
    assert_eq!(head(&store).await, before);
}

#[tokio::test]
async fn applying_changes_clusters_nodes_and_document_together() {
    let (_database, store) = with_orders().await;
    let mut orders = cluster("orders", 1);
    orders.policy.mode = Mode::Auto;
    orders.nodes[1].promotion = PromotionRule::MustNot.into();
    let entry = entry("config.apply");
    let draft = with_hostgroup(10);
    let orders = [orders];
    let applied = store.config_apply(ONE, 1, &draft, &orders, &entry);
    let applied = applied.await.unwrap().unwrap();
    let [orders] = orders;
    assert_eq!(applied, head(&store).await);
    assert_eq!(applied.version, 2);
    assert_eq!(applied.document.hostgroups, draft.hostgroups);
    assert_eq!(applied.document.clusters[&orders.name], (&orders).into());
    assert_eq!(store.cluster_get(&orders.name).await.unwrap(), orders);
    // What changes a cluster leaves the rest as it was applied.
    store
        .cluster_set_policy(ONE, &orders.name, &Policy::default(), &entry)
        .await
        .unwrap();
    assert_eq!(head(&store).await.document.hostgroups, draft.hostgroups);
}

#[tokio::test]
async fn what_was_made_from_an_older_version_is_a_conflict_and_changes_nothing() {
    let (database, store) = with_orders().await;
    apply(&store, 1, &with_hostgroup(10)).await.unwrap();
    let before = database.content().await;
    let mut orders = cluster("orders", 1);
    orders.policy.mode = Mode::Auto;
    let (orders, empty, entry) = ([orders], Draft::default(), entry("config.apply"));
    for base in [0, 1, 3] {
        let late = store.config_apply(ONE, base, &empty, &orders, &entry);
        let conflict = match late.await {
            Err(StoreError::Conflict(conflict)) => conflict,
            other => panic!("no conflict but {other:?}"),
        };
        assert_eq!(conflict, Conflict::ConfigMoved { base, head: 2 });
    }
    assert_eq!(database.content().await, before);
}

#[tokio::test]
async fn what_fails_on_the_way_or_comes_from_an_older_term_changes_nothing() {
    let (database, store) = with_orders().await;
    let before = database.content().await;
    let mut orders = cluster("orders", 1);
    orders.policy.mode = Mode::Auto;
    orders.nodes[1].name = node_name("orders-9");
    let entry = entry("config.apply");
    let draft = with_hostgroup(10);
    let applied = store.config_apply(ONE, 1, &draft, &[orders], &entry).await;
    assert!(matches!(
        applied,
        Err(StoreError::NotFound {
            kind: Kind::Node,
            ..
        })
    ));
    assert_eq!(database.content().await, before);

    store.term_advance(TWO).await.unwrap();
    let before = database.content().await;
    let deposed = apply(&store, 1, &draft).await;
    assert!(matches!(deposed, Err(StoreError::StaleTerm { .. })));
    assert_eq!(database.content().await, before);
}

#[tokio::test]
async fn of_two_that_apply_at_once_from_one_version_one_wins() {
    let (_database, store) = with_orders().await;
    let (a, b) = (with_hostgroup(1), with_hostgroup(2));
    let (left, right) = tokio::join!(apply(&store, 1, &a), apply(&store, 1, &b));
    assert_ne!(left.is_ok(), right.is_ok());
    let lost = left.and(right).unwrap_err();
    let moved = Conflict::ConfigMoved { base: 1, head: 2 };
    assert!(matches!(lost, StoreError::Conflict(it) if it == moved));
}

#[tokio::test]
async fn clusters_that_change_at_once_are_both_in_the_newest_version() {
    let (_database, store) = with_orders().await;
    let (billing, users) = (cluster("billing", 11), cluster("users", 21));
    let entry = entry("cluster.add");
    let (left, right) = tokio::join!(
        store.cluster_add(ONE, &billing, &entry),
        store.cluster_add(ONE, &users, &entry)
    );
    left.and(right).unwrap();
    let newest = head(&store).await;
    assert_eq!(newest.version, 3);
    assert_eq!(newest.document.clusters.len(), 3);
}

#[tokio::test]
async fn an_unknown_version_is_not_found_and_a_damaged_one_is_told() {
    let (database, store) = with_orders().await;
    for version in [0, 2, u64::MAX] {
        let got = store.config_get(version).await;
        let Err(StoreError::NotFound { kind, name }) = got else {
            panic!("found {version}");
        };
        assert_eq!((kind, name), (Kind::Version, version.to_string()));
    }
    let halves = "UPDATE config_version SET document =
        '{\"hostgroups\": [{\"id\": 1, \"name\": \"a\", \"kind\": \"writer\",
           \"cluster\": \"users\", \"role\": \"primary\"}]}'";
    database.sql(halves).await;
    let config = head(&store).await.config();
    assert!(matches!(config, Err(StoreError::Corrupt { .. })));
    let damage = "UPDATE config_version SET document = '{\"hostgroup\": []}'";
    database.sql(damage).await;
    assert!(matches!(
        store.config_head().await,
        Err(StoreError::Corrupt {
            table: "config_version",
            column: "document",
            ..
        })
    ));
}
