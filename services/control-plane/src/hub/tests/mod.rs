//! What the hub promises; the laws are in `property`.

mod config;
mod following;
mod property;
mod relaying;
mod sharing;

use std::task::{Context, Poll, Waker};

use lictor_domain::{ClusterName, Endpoint, Epoch, NodeAddress, NodeName, RouteState};

use super::*;

const CLUSTERS: [&str; 4] = ["a", "b", "c", "d"];
const CONFIGS: usize = 4;

fn name(text: &str) -> ClusterName {
    text.parse().unwrap()
}

/// A route of `cluster` in epoch (1, `epoch`), written to at its node `writer`.
fn route(cluster: &str, epoch: u64, writer: u32) -> ClusterRoute {
    let cluster = name(cluster);
    ClusterRoute {
        epoch: Epoch {
            term: Term(1),
            n: epoch,
        },
        state: RouteState::Serving {
            writer: Endpoint {
                node: NodeName::numbered(&cluster, writer),
                address: NodeAddress::new("127.0.0.1", 3306).unwrap(),
            },
        },
        readers: vec![],
        name: cluster,
    }
}

fn only(clusters: &[&str]) -> Filter {
    Filter {
        clusters: clusters.iter().copied().map(name).collect(),
        ..Filter::default()
    }
}

fn rev(term: u64, n: u64) -> Revision {
    Revision {
        term: Term(term),
        n,
    }
}

fn who(id: &str) -> Introduction {
    Introduction {
        id: id.to_owned(),
        kind: SubscriberKind::Client,
        version: "test/1".to_owned(),
        address: "127.0.0.1:5".to_owned(),
        hints: false,
        pools: 0,
    }
}

fn begun() -> Hub {
    let hub = Hub::new(100);
    hub.begin(
        Term(1),
        Arc::default(),
        vec![route("a", 1, 1), route("b", 1, 1)],
    );
    hub
}

fn subscribe(hub: &Hub, last: Option<Revision>) -> Subscription {
    hub.subscribe(who("s"), Filter::default(), last).unwrap()
}

/// The next update, if it is there without waiting.
fn next(subscription: &mut Subscription) -> Option<Update> {
    let mut context = Context::from_waker(Waker::noop());
    match subscription.poll_next(&mut context) {
        Poll::Ready(Some(Next::Update(parcel))) => Some(parcel.content().clone()),
        Poll::Ready(other) => panic!("{other:?}"),
        Poll::Pending => None,
    }
}

/// Every update that is there without waiting.
fn all(subscription: &mut Subscription) -> Vec<Update> {
    std::iter::from_fn(|| next(subscription)).collect()
}

fn steps(updates: &[Update]) -> Vec<(Option<Revision>, Revision)> {
    let step = |update: &Update| match update {
        Update::Snapshot(table) => (None, table.revision),
        Update::Delta(delta) => (Some(delta.from), delta.to),
    };
    updates.iter().map(step).collect()
}

/// One of [`CONFIGS`]: a keyspace that moves from cluster to cluster, and
/// hostgroups and a rule that come and go.
fn config(number: usize) -> Arc<Config> {
    let (shop, group) = [("a", 1), ("b", 1), ("d", 2), ("a", 2)][number];
    let draft = format!(
        r#"{{"clusters":{{"a":{{}},"b":{{}},"c":{{}},"d":{{}}}},
        "keyspaces":{{"shop":{{"function":"lookup","key":"string","shards":[
            {{"name":"some","cluster":"c","values":["1"]}},
            {{"name":"rest","cluster":"{shop}","default":true}}]}}}},
        "hostgroups":[
            {{"id":{group},"name":"group","kind":"writer","cluster":"{shop}","role":"primary"}}],
        "query_rules":[{{"rule_id":{group},"active":true,"match_digest":"^SELECT",
            "destination_hostgroup":{group},"apply":true}}]}}"#
    );
    let draft: lictor_domain::Draft = serde_json::from_str(&draft).unwrap();
    Arc::new(draft.try_into().unwrap())
}
