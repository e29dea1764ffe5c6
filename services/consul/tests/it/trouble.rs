//! A Consul that is away, silent or not Consul.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_consul::{Consul, ConsulConfig, ConsulError, SelfService};
use lictor_domain::Term;
use lictor_lab::Server;
use tokio::net::TcpListener;

use crate::fixture::{Fixture, client, cluster, trio};

/// Every kind of call fails with an error that `is_it`.
async fn all_fail(consul: &Consul, is_it: fn(&ConsulError) -> bool) {
    let service = SelfService {
        name: "lictor".to_owned(),
        id: "lictor-1".to_owned(),
        address: "127.0.0.1".to_owned(),
        port: 7400,
        tags: Vec::new(),
        meta: BTreeMap::new(),
        ready: "http://127.0.0.1/readyz".parse().unwrap(),
    };
    let failures = [
        consul.leader().await.err(),
        consul.read_exact("k").await.err(),
        consul.compare_and_set("k", b"v", 0).await.err(),
        consul.advance_term("t", Term(1), "a").await.err(),
        consul.observed(&cluster("orders")).await.err(),
        consul.observed_nodes().await.err(),
        consul.register_self(&service).await.err(),
    ];
    for failure in failures {
        let error = failure.unwrap();
        assert!(is_it(&error), "{error:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let is_it = |error: &ConsulError| matches!(error, ConsulError::Unreachable { .. });
    all_fail(&client(&url), is_it).await;
}

#[tokio::test]
async fn a_silent_consul_times_out_within_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let consul = Consul::new(ConsulConfig {
        deadline: Duration::from_millis(50),
        ..ConsulConfig::new(url.parse().unwrap())
    });
    let is_it = |error: &ConsulError| matches!(error, ConsulError::TimedOut { .. });
    all_fail(&consul.unwrap(), is_it).await;
}

#[tokio::test]
async fn a_consul_that_dies_and_returns_is_used_again_and_still_guards() {
    let fixture = Fixture::start().await;
    let guard = fixture.guard(1).await;
    let nodes = trio("orders");
    fixture.consul.register(&guard, &nodes).await.unwrap();
    assert!(fixture.consul.leader().await.unwrap().is_some());

    fixture.lab.consul().kill().unwrap();
    let error = fixture.consul.flip(&guard, &nodes).await.unwrap_err();
    assert!(matches!(error, ConsulError::Unreachable { .. }), "{error}");

    fixture.lab.consul().start().await.unwrap();
    fixture.consul.flip(&guard, &nodes).await.unwrap();
    fixture.guard(2).await;
    let error = fixture.consul.flip(&guard, &nodes).await.unwrap_err();
    assert!(matches!(error, ConsulError::StaleTerm { .. }), "{error}");
}
