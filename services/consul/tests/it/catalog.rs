//! Registration, the flip, and drift.

use std::collections::BTreeSet;

use lictor_consul::{ConsulError, Difference, Drift, Instance, Role, Status, drift};
use lictor_domain::Term;
use serde_json::{Value, json};

use crate::fixture::{Fixture, cluster, entry, led_by, trio};

#[tokio::test]
async fn a_registered_cluster_is_found_by_role_in_dns() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    fixture
        .consul
        .register(&guard, &trio("orders"))
        .await
        .unwrap();

    assert_eq!(fixture.found("primary.orders.service.consul.").await, [1]);
    assert_eq!(
        fixture.found("replica.orders.service.consul.").await,
        [2, 3]
    );
    assert_eq!(
        fixture.found("eu-1.orders.service.consul.").await,
        [1, 2, 3]
    );
    assert_eq!(fixture.found("primary.users.service.consul.").await, [0; 0]);
    let dns = fixture.lab.consul();
    assert_eq!(
        dns.dns_srv("primary.orders.service.consul.").await.unwrap(),
        [("mysql-orders-1.node.dc1.consul.".to_owned(), 3306)]
    );
}

#[tokio::test]
async fn what_was_registered_reads_back_without_drift() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let (orders, users) = (trio("orders"), trio("users"));
    fixture.consul.register(&guard, &orders).await.unwrap();
    fixture.consul.register(&guard, &users).await.unwrap();

    let observed = fixture.consul.observed(&cluster("orders")).await.unwrap();
    assert_eq!(drift(&orders, &observed), []);
    assert_eq!(observed[0].checks["connect"].output, "All is well.");
    let nodes = fixture.consul.observed_nodes().await.unwrap();
    let expected: BTreeSet<_> = orders
        .iter()
        .chain(&users)
        .map(|e| e.node.clone())
        .collect();
    assert_eq!(nodes, expected);
}

#[tokio::test]
async fn more_nodes_than_one_transaction_holds_are_all_registered() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let nodes: Vec<_> = (1..=40)
        .map(|number| entry("orders", number, Role::Replica))
        .collect();
    fixture.consul.register(&guard, &nodes).await.unwrap();

    let observed = fixture.consul.observed(&cluster("orders")).await.unwrap();
    assert_eq!(drift(&nodes, &observed), []);
    let error = fixture.consul.flip(&guard, &nodes).await.unwrap_err();
    assert!(
        matches!(
            error,
            ConsulError::TooLarge {
                operations: 161,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn registering_the_same_again_wakes_no_watcher() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let nodes = trio("orders");
    fixture.consul.register(&guard, &nodes).await.unwrap();
    let before = index(&fixture).await;
    fixture.consul.register(&guard, &nodes).await.unwrap();
    fixture.consul.flip(&guard, &nodes).await.unwrap();
    assert_eq!(index(&fixture).await, before);
    fixture
        .consul
        .flip(&guard, &led_by(2, &nodes))
        .await
        .unwrap();
    assert!(index(&fixture).await > before);
}

/// The index a watcher of the service would wait on.
async fn index(fixture: &Fixture) -> u64 {
    let url = format!("{}/v1/health/service/orders", fixture.lab.consul().url());
    let answer = reqwest::get(url).await.unwrap();
    answer.headers()["x-consul-index"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn no_reader_ever_sees_two_primaries_or_none_during_flips() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let nodes = trio("orders");
    fixture.consul.register(&guard, &nodes).await.unwrap();

    let flips = async {
        for round in 0..30 {
            let turned = led_by(1 + round % 3, &nodes);
            fixture.consul.flip(&guard, &turned).await.unwrap();
        }
    };
    let mut leaders = BTreeSet::new();
    let watch = async {
        loop {
            let observed = fixture.consul.observed(&cluster("orders")).await.unwrap();
            let primaries = primaries(&observed);
            assert_eq!(primaries.len(), 1, "{primaries:?}");
            leaders.extend(primaries);
        }
    };
    tokio::select! {
        () = flips => {}
        () = watch => {}
    }
    assert!(leaders.len() > 1, "only {leaders:?} was ever seen");
    assert_eq!(fixture.found("primary.orders.service.consul.").await, [3]);
}

fn primaries(observed: &[Instance]) -> Vec<String> {
    observed
        .iter()
        .filter(|instance| instance.tags.contains("primary"))
        .map(|instance| instance.consul_node.clone())
        .collect()
}

#[tokio::test]
async fn a_deposed_leader_changes_nothing() {
    let fixture = Fixture::start().await;
    let deposed = fixture.guard(1).await;
    let nodes = trio("orders");
    fixture.consul.register(&deposed, &nodes).await.unwrap();
    let current = fixture.guard(2).await;
    assert_eq!(current.term(), Term(2));

    let consul = &fixture.consul;
    let turned = led_by(2, &nodes);
    let refusals = [
        consul.flip(&deposed, &turned).await,
        consul.register(&deposed, &turned).await,
        consul.set_checks(&deposed, &turned).await,
        consul.deregister(&deposed, &nodes[0].node).await,
        consul
            .remove_check(&deposed, &nodes[0].node, "connect")
            .await,
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert!(matches!(error, ConsulError::StaleTerm { .. }), "{error}");
    }
    let observed = consul.observed(&cluster("orders")).await.unwrap();
    assert_eq!(drift(&nodes, &observed), []);
    consul.flip(&current, &turned).await.unwrap();
}

#[tokio::test]
async fn a_flip_that_cannot_move_all_moves_none() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let nodes = trio("orders");
    fixture.consul.register(&guard, &nodes[..2]).await.unwrap();

    let turned = led_by(2, &nodes);
    let error = fixture.consul.flip(&guard, &turned).await.unwrap_err();
    assert!(matches!(error, ConsulError::Conflict { .. }), "{error}");
    assert!(error.to_string().contains("mysql-orders-3"), "{error}");
    let observed = fixture.consul.observed(&cluster("orders")).await.unwrap();
    assert_eq!(drift(&nodes[..2], &observed), []);
}

#[tokio::test]
async fn dns_hides_a_critical_node_and_shows_a_warned_one() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let mut nodes = trio("orders");
    fixture.consul.register(&guard, &nodes).await.unwrap();
    nodes[1].checks[0].status = Status::Critical;
    nodes[2].checks[2].status = Status::Warning;
    fixture.consul.set_checks(&guard, &nodes).await.unwrap();

    assert_eq!(fixture.found("replica.orders.service.consul.").await, [3]);
    let observed = fixture.consul.observed(&cluster("orders")).await.unwrap();
    assert_eq!(drift(&nodes, &observed), []);
}

#[tokio::test]
async fn a_deregistered_node_is_gone_and_can_be_deregistered_again() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let nodes = trio("orders");
    fixture.consul.register(&guard, &nodes).await.unwrap();
    for _ in 0..2 {
        fixture
            .consul
            .deregister(&guard, &nodes[1].node)
            .await
            .unwrap();
    }
    assert_eq!(fixture.found("replica.orders.service.consul.").await, [3]);
    let left = fixture.consul.observed_nodes().await.unwrap();
    assert!(
        !left.contains(&nodes[1].node) && left.len() == 2,
        "{left:?}"
    );
}

/// Registers a trio, lets someone meddle, and returns the drift seen, after
/// checking that what we own is repaired by registering again.
async fn seen_and_repaired(call: &str, body: Value) -> Vec<Drift> {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let nodes = trio("orders");
    fixture.consul.register(&guard, &nodes).await.unwrap();
    fixture.meddle(call, &body).await;

    let orders = cluster("orders");
    let observed = fixture.consul.observed(&orders).await.unwrap();
    let seen = drift(&nodes, &observed);
    fixture.consul.register(&guard, &nodes).await.unwrap();
    for drift in &seen {
        if let Drift::UnexpectedCheck { node, check_id, .. } = drift {
            fixture
                .consul
                .remove_check(&guard, node, check_id)
                .await
                .unwrap();
        }
    }
    let repaired = fixture.consul.observed(&orders).await.unwrap();
    assert_eq!(drift(&nodes, &repaired), []);
    seen
}

#[tokio::test]
async fn a_service_deleted_behind_our_back_is_seen_and_repaired() {
    let body = json!({"Node": "mysql-orders-1", "ServiceID": "orders"});
    let seen = seen_and_repaired("deregister", body).await;
    let [Drift::Differs { node, difference }] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(node.as_str(), "orders-1");
    assert_eq!(*difference, Difference::Missing);
}

#[tokio::test]
async fn a_service_edited_behind_our_back_is_seen_and_repaired() {
    let body = json!({
        "Node": "mysql-orders-2",
        "Address": "127.9.9.200",
        "NodeMeta": {"external-node": "true", "external-probe": "true"},
        "Service": {"ID": "orders", "Service": "orders", "Port": 3306, "Tags": ["primary"]},
        "Check": {"CheckID": "other", "Name": "other", "Status": "critical"},
    });
    let seen = seen_and_repaired("register", body).await;
    let said: Vec<String> = seen.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "orders-2: address is 127.9.9.200:3306, should be 127.9.9.2:3306",
            "orders-2: tags are primary, should be eu-1, replica",
            "orders-2: meta epoch is absent, should be 1.1",
            "orders-2: meta node is absent, should be orders-2",
            "orders-2: meta version is absent, should be 9.7.0",
            "orders-2: meta external-probe is true, should be false",
            "orders-2: check other (critical) is not ours",
        ]
    );
}

#[tokio::test]
async fn an_instance_of_someone_else_is_foreign_and_left_alone() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let nodes = trio("orders");
    fixture.consul.register(&guard, &nodes).await.unwrap();
    let body = json!({
        "Node": "web-1",
        "Address": "127.9.9.100",
        "Service": {"Service": "orders", "Port": 80},
    });
    fixture.meddle("register", &body).await;

    let observed = fixture.consul.observed(&cluster("orders")).await.unwrap();
    let seen = drift(&nodes, &observed);
    assert!(
        matches!(seen.as_slice(), [Drift::Foreign { .. }]),
        "{seen:?}"
    );
    assert_eq!(fixture.consul.observed_nodes().await.unwrap().len(), 3);
}
