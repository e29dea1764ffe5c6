use lictor_domain::{Maintenance, Mode, Node, Pause, Policy, Promotion, PromotionRule, Quarantine};
use lictor_store::{AuditFilter, Conflict, Kind, Store, StoreError};

use crate::database::Database;
use crate::fixture::{ONE, cluster, entry, epoch, minute, name, node, node_name};

/// A store that leads in term one and knows the cluster `orders`, hosts 1, 2.
async fn with_orders() -> (Database, Store) {
    let (database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    store
        .cluster_add(ONE, &cluster("orders", 1), &entry("cluster.add"))
        .await
        .unwrap();
    (database, store)
}

fn conflict(result: Result<(), StoreError>) -> Conflict {
    match result {
        Err(StoreError::Conflict(conflict)) => conflict,
        other => panic!("no conflict but {other:?}"),
    }
}

fn missing(result: Result<(), StoreError>) -> (Kind, String) {
    match result {
        Err(StoreError::NotFound { kind, name }) => (kind, name),
        other => panic!("not missing but {other:?}"),
    }
}

#[tokio::test]
async fn the_schema_applies_to_an_empty_database_and_once_more_without_effect() {
    let database = Database::empty().await;
    let store = crate::database::store(database.url());
    store.migrate().await.unwrap();
    store.term_advance(ONE).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.cluster_list().await.unwrap(), []);
    store.audit_append(ONE, &entry("note")).await.unwrap();
}

#[tokio::test]
async fn instances_that_start_together_apply_the_schema_once() {
    let database = Database::empty().await;
    let stores: Vec<_> = (0..4)
        .map(|_| crate::database::store(database.url()))
        .collect();
    let (a, b, c, d) = tokio::join!(
        stores[0].migrate(),
        stores[1].migrate(),
        stores[2].migrate(),
        stores[3].migrate()
    );
    for migrated in [a, b, c, d] {
        migrated.unwrap();
    }
}

#[tokio::test]
async fn a_cluster_reads_back_as_it_was_added() {
    let (_database, store) = with_orders().await;
    let mut billing = cluster("billing", 11);
    billing.policy.mode = Mode::Auto;
    billing.nodes[0].promotion = PromotionRule::Prefer.into();
    billing.nodes[0].zone = Some("eu-1".parse().unwrap());
    billing.nodes[1].quarantine = Some(Quarantine {
        reason: "holds transactions of its own".into(),
        errant: "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7"
            .parse()
            .unwrap(),
        incomplete: true,
    });
    store
        .cluster_add(ONE, &billing, &entry("cluster.add"))
        .await
        .unwrap();
    assert_eq!(store.cluster_get(&billing.name).await.unwrap(), billing);
    assert_eq!(
        store.cluster_list().await.unwrap(),
        [billing, cluster("orders", 1)]
    );
    assert_eq!(
        store
            .audit_list(&AuditFilter::default(), 9, None)
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn an_unknown_cluster_is_not_found() {
    let (_database, store) = with_orders().await;
    let unknown = name("unknown");
    assert!(matches!(
        store.cluster_get(&unknown).await,
        Err(StoreError::NotFound {
            kind: Kind::Cluster,
            ..
        })
    ));
    let policy = Policy::default();
    let set = store
        .cluster_set_policy(ONE, &unknown, &policy, &entry("policy"))
        .await;
    assert_eq!(missing(set), (Kind::Cluster, "unknown".into()));
    let added = store
        .node_add(ONE, &unknown, &node("unknown", 1, 9), &entry("node"))
        .await;
    assert_eq!(missing(added), (Kind::Cluster, "unknown".into()));
    let promoted = store
        .cluster_set_primary(ONE, &unknown, epoch(1, 2), &node_name("orders-2"))
        .await;
    assert_eq!(missing(promoted), (Kind::Cluster, "unknown".into()));
}

#[tokio::test]
async fn a_cluster_whose_primary_is_none_of_its_nodes_is_not_added() {
    let (_database, store) = with_orders().await;
    let mut headless = cluster("billing", 11);
    headless.primary = node_name("orders-1");
    let added = store.cluster_add(ONE, &headless, &entry("add")).await;
    assert_eq!(missing(added), (Kind::Node, "orders-1".into()));
}

#[tokio::test]
async fn a_taken_cluster_name_is_a_conflict() {
    let (_database, store) = with_orders().await;
    let again = store
        .cluster_add(ONE, &cluster("orders", 11), &entry("add"))
        .await;
    assert_eq!(
        conflict(again),
        Conflict::ClusterExists {
            name: name("orders")
        }
    );
}

#[tokio::test]
async fn two_clusters_that_share_a_node_are_a_conflict_naming_the_owner() {
    let (database, store) = with_orders().await;
    let before = database.content().await;
    let (owner, known) = (name("orders"), node("orders", 2, 2));

    let mut shared = cluster("billing", 11);
    shared.nodes[1].address = known.address.clone();
    let added = store.cluster_add(ONE, &shared, &entry("add")).await;
    let (address, server_uuid) = (known.address, known.server_uuid);
    assert_eq!(
        conflict(added),
        Conflict::AddressTaken {
            address,
            owner: owner.clone()
        }
    );

    let mut shared = cluster("billing", 11);
    shared.nodes[1].server_uuid = server_uuid;
    let added = store.cluster_add(ONE, &shared, &entry("add")).await;
    assert_eq!(
        conflict(added),
        Conflict::ServerTaken {
            server_uuid,
            owner: owner.clone()
        }
    );

    let mut shared = cluster("billing", 11);
    shared.nodes[1].name = known.name.clone();
    let added = store.cluster_add(ONE, &shared, &entry("add")).await;
    assert_eq!(
        conflict(added),
        Conflict::NodeExists {
            name: known.name,
            owner
        }
    );

    assert_eq!(database.content().await, before);
}

#[tokio::test]
async fn a_cluster_that_lists_one_server_twice_is_a_conflict_with_itself() {
    let (_database, store) = with_orders().await;
    let mut twice = cluster("billing", 11);
    twice.nodes[1].server_uuid = twice.nodes[0].server_uuid;
    let added = store.cluster_add(ONE, &twice, &entry("add")).await;
    let server_uuid = twice.nodes[0].server_uuid;
    let owner = name("billing");
    assert_eq!(
        conflict(added),
        Conflict::ServerTaken { server_uuid, owner }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_clusters_added_at_once_with_one_node_in_common_one_is_a_conflict() {
    let (_database, store) = with_orders().await;
    for host in (20..60).step_by(4) {
        let left = cluster(&format!("left{host}"), host);
        let right = cluster(&format!("right{host}"), host + 1);
        let add = entry("cluster.add");
        let (a, b) = tokio::join!(
            store.cluster_add(ONE, &left, &add),
            store.cluster_add(ONE, &right, &add)
        );
        let lost = if a.is_ok() { b } else { a };
        assert!(matches!(conflict(lost), Conflict::AddressTaken { .. }));
    }
}

#[tokio::test]
async fn a_node_moves_to_a_free_address_only() {
    let (_database, store) = with_orders().await;
    store
        .cluster_add(ONE, &cluster("billing", 11), &entry("add"))
        .await
        .unwrap();
    let orders = name("orders");
    let mut moved = node("orders", 2, 3);
    moved.zone = Some("eu-2".parse().unwrap());
    store
        .node_update(ONE, &orders, &moved, &entry("node"))
        .await
        .unwrap();
    assert_eq!(stored(&store, "orders-2").await, moved);

    let onto_another = node("orders", 2, 12);
    let refused = store
        .node_update(ONE, &orders, &onto_another, &entry("node"))
        .await;
    let (address, owner) = (onto_another.address, name("billing"));
    assert_eq!(conflict(refused), Conflict::AddressTaken { address, owner });
    assert_eq!(stored(&store, "orders-2").await, moved);
}

#[tokio::test]
async fn a_node_is_added_once_and_updated_only_in_its_own_cluster() {
    let (_database, store) = with_orders().await;
    store
        .cluster_add(ONE, &cluster("billing", 11), &entry("add"))
        .await
        .unwrap();
    let third = node("orders", 3, 3);
    store
        .node_add(ONE, &name("orders"), &third, &entry("node"))
        .await
        .unwrap();
    assert_eq!(stored(&store, "orders-3").await, third);
    let again = store
        .node_add(ONE, &name("orders"), &third, &entry("node"))
        .await;
    let owner = name("orders");
    assert_eq!(
        conflict(again),
        Conflict::NodeExists {
            name: third.name.clone(),
            owner
        }
    );
    let elsewhere = store
        .node_update(ONE, &name("billing"), &third, &entry("node"))
        .await;
    assert_eq!(missing(elsewhere), (Kind::Node, "orders-3".into()));
}

#[tokio::test]
async fn a_quarantine_lasts_until_it_is_lifted() {
    let (_database, store) = with_orders().await;
    let second = node("orders", 2, 2);
    let quarantine = Quarantine {
        reason: "errant".into(),
        errant: "3e11fa47-71ca-11e1-9e33-c80aa9429562:9".parse().unwrap(),
        incomplete: false,
    };
    store
        .node_set_quarantine(ONE, &second.name, Some(&quarantine))
        .await
        .unwrap();
    // An update made by who has not heard of it.
    store
        .node_update(ONE, &name("orders"), &second, &entry("node"))
        .await
        .unwrap();
    assert_eq!(
        stored(&store, "orders-2").await.quarantine,
        Some(quarantine)
    );
    store
        .node_set_quarantine(ONE, &second.name, None)
        .await
        .unwrap();
    assert_eq!(stored(&store, "orders-2").await.quarantine, None);
    let unknown = store
        .node_set_quarantine(ONE, &node_name("orders-9"), None)
        .await;
    assert_eq!(missing(unknown), (Kind::Node, "orders-9".into()));
}

async fn stored(store: &Store, node: &str) -> Node {
    let clusters = store.cluster_list().await.unwrap();
    let mut nodes = clusters.into_iter().flat_map(|cluster| cluster.nodes);
    nodes.find(|found| found.name.as_str() == node).unwrap()
}

#[tokio::test]
async fn a_new_policy_reads_back_and_is_in_the_audit_log() {
    let (_database, store) = with_orders().await;
    let policy = Policy {
        mode: Mode::Auto,
        durability: "semi-sync 2".parse().unwrap(),
        max_read_lag_secs: u64::MAX,
        ..Policy::default()
    };
    store
        .cluster_set_policy(ONE, &name("orders"), &policy, &entry("policy"))
        .await
        .unwrap();
    assert_eq!(
        store.cluster_get(&name("orders")).await.unwrap().policy,
        policy
    );
    let log = store
        .audit_list(&AuditFilter::default(), 1, None)
        .await
        .unwrap();
    assert_eq!(log[0].entry, entry("policy"));
}

#[tokio::test]
async fn a_primary_only_changes_in_a_higher_epoch() {
    let (_database, store) = with_orders().await;
    let (orders, one, two) = (name("orders"), node_name("orders-1"), node_name("orders-2"));
    store
        .cluster_set_primary(ONE, &orders, epoch(1, 2), &two)
        .await
        .unwrap();
    let current = epoch(1, 2);
    for (offered, primary) in [(epoch(1, 1), &one), (epoch(0, 9), &one), (current, &one)] {
        let refused = store
            .cluster_set_primary(ONE, &orders, offered, primary)
            .await;
        assert_eq!(
            conflict(refused),
            Conflict::EpochNotRising { offered, current }
        );
    }
    // Again the same, as after an answer that got lost.
    store
        .cluster_set_primary(ONE, &orders, current, &two)
        .await
        .unwrap();
    store
        .cluster_set_primary(ONE, &orders, epoch(2, 1), &one)
        .await
        .unwrap();
    let stored = store.cluster_get(&orders).await.unwrap();
    assert_eq!((stored.epoch, stored.primary), (epoch(2, 1), one));
}

#[tokio::test]
async fn only_a_node_of_the_cluster_becomes_its_primary() {
    let (_database, store) = with_orders().await;
    store
        .cluster_add(ONE, &cluster("billing", 11), &entry("add"))
        .await
        .unwrap();
    let set = store
        .cluster_set_primary(ONE, &name("orders"), epoch(1, 2), &node_name("billing-1"))
        .await;
    assert_eq!(missing(set), (Kind::Node, "billing-1".into()));
}

#[tokio::test]
async fn a_value_that_lictor_never_wrote_is_named_by_table_column_and_row() {
    for (sql, table, column, row) in [
        (
            "UPDATE node SET address = 'nowhere' WHERE name = 'orders-2'",
            "node",
            "address",
            "orders-2",
        ),
        (
            "UPDATE node SET promotion = 'maybe' WHERE name = 'orders-1'",
            "node",
            "promotion",
            "orders-1",
        ),
        (
            "UPDATE node SET quarantine_reason = 'x', quarantine_errant = 'y' WHERE name = 'orders-1'",
            "node",
            "quarantine_errant",
            "orders-1",
        ),
        (
            r#"UPDATE cluster SET policy = '{"mode": "asleep"}'"#,
            "cluster",
            "policy",
            "orders",
        ),
    ] {
        let (database, store) = with_orders().await;
        database.sql(sql).await;
        let error = store.cluster_list().await.unwrap_err();
        match error {
            StoreError::Corrupt {
                table: t,
                column: c,
                row: r,
                ..
            } => {
                assert_eq!((t, c, r.as_str()), (table, column, row));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_operators_take_out_of_our_hands_reads_back_and_is_in_the_audit_log() {
    let (_database, store) = with_orders().await;
    let (orders, second) = (name("orders"), node_name("orders-2"));
    let maintenance = Maintenance {
        owner: "ada".into(),
        reason: "a new disk".into(),
        until: minute(60),
    };
    let begun = entry("node.maintenance.begin");
    store
        .node_set_maintenance(ONE, &second, Some(&maintenance), &begun)
        .await
        .unwrap();
    assert_eq!(
        stored(&store, "orders-2").await.maintenance,
        Some(maintenance)
    );
    assert_eq!(
        store
            .audit_list(&AuditFilter::default(), 1, None)
            .await
            .unwrap()[0]
            .entry,
        begun
    );
    for until in [None, Some(minute(5))] {
        let pause = Pause {
            owner: "ada".into(),
            reason: "a network change".into(),
            until,
        };
        store
            .cluster_set_pause(ONE, &orders, Some(&pause), &entry("cluster.pause"))
            .await
            .unwrap();
        let cluster = store.cluster_get(&orders).await.unwrap();
        assert_eq!(cluster.pause, Some(pause));
    }
    let must_not = Promotion {
        rule: PromotionRule::MustNot,
        until: Some(minute(90)),
    };
    let (zone, set) = ("eu-1".parse().unwrap(), entry("node.set"));
    store
        .node_set_placement(ONE, &second, must_not, Some(&zone), &set)
        .await
        .unwrap();
    let node = stored(&store, "orders-2").await;
    assert_eq!((node.promotion, node.zone), (must_not, Some(zone)));
    assert_eq!(
        store
            .audit_list(&AuditFilter::default(), 1, None)
            .await
            .unwrap()[0]
            .entry,
        set
    );
    let ended = entry("ended");
    store
        .node_set_maintenance(ONE, &second, None, &ended)
        .await
        .unwrap();
    store
        .cluster_set_pause(ONE, &orders, None, &ended)
        .await
        .unwrap();
    let cluster = store.cluster_get(&orders).await.unwrap();
    assert_eq!(cluster.pause, None);
    assert!(cluster.nodes.iter().all(|node| node.maintenance.is_none()));
    let unknown = store
        .cluster_set_pause(ONE, &name("unknown"), None, &ended)
        .await;
    assert_eq!(missing(unknown), (Kind::Cluster, "unknown".into()));
}

#[tokio::test]
async fn whom_a_node_is_to_follow_is_kept_with_its_audit_entry() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let (first, second) = (node_name("orders-1"), node_name("orders-2"));
    let mut orders = cluster("orders", 1);
    // Written before the node that it is to follow.
    orders.nodes[0].follows = Some(second.clone());
    store
        .cluster_add(ONE, &orders, &entry("cluster.add"))
        .await
        .unwrap();
    assert_eq!(store.cluster_get(&orders.name).await.unwrap(), orders);
    let repoint = entry("node.repoint");
    for (node, follows) in [(&first, None), (&second, Some(&first))] {
        store
            .node_set_source(ONE, node, follows, &repoint)
            .await
            .unwrap();
        assert_eq!(
            stored(&store, node.as_str()).await.follows.as_ref(),
            follows
        );
        assert_eq!(
            store
                .audit_list(&AuditFilter::default(), 1, None)
                .await
                .unwrap()[0]
                .entry,
            repoint
        );
    }
    let stranger = node_name("users-1");
    let refused = store
        .node_set_source(ONE, &second, Some(&stranger), &repoint)
        .await;
    assert!(refused.is_err(), "{refused:?}");
}
