//! The configuration in the table, and filters by what it holds.

use lictor_domain::HostgroupId;

use super::*;

#[test]
fn a_filter_is_the_union_of_what_it_names_and_of_what_that_needs() {
    let routes = CLUSTERS.map(|cluster| route(cluster, 1, 1)).to_vec();
    let hub = Hub::new(1);
    hub.begin(Term(1), config(0), routes);
    let shown = |filter: Filter| {
        let table = filter.of_table(&hub.table().unwrap());
        let clusters: Vec<_> = table
            .clusters
            .keys()
            .map(|it| it.as_str().to_owned())
            .collect();
        let (keyspaces, rules) = (table.keyspaces.len(), table.query_rules.len());
        (clusters.join(""), keyspaces, table.hostgroups.len(), rules)
    };
    assert_eq!(shown(Filter::default()), ("abcd".to_owned(), 1, 1, 1));
    assert_eq!(shown(only(&["d", "b", "x"])), ("bd".to_owned(), 0, 0, 0));
    let shop = Filter {
        keyspaces: ["shop".parse().unwrap()].into(),
        ..Filter::default()
    };
    assert_eq!(shown(shop.clone()), ("ac".to_owned(), 1, 0, 0));
    let group = Filter {
        hostgroups: [HostgroupId(1)].into(),
        ..Filter::default()
    };
    assert_eq!(shown(group), ("a".to_owned(), 0, 1, 1));
    let unknown = Filter {
        hostgroups: [HostgroupId(9)].into(),
        ..shop
    };
    assert_eq!(shown(unknown), ("ac".to_owned(), 1, 0, 1));
}

#[test]
fn a_filter_lets_nothing_through_that_lies_elsewhere() {
    let routes = CLUSTERS.map(|cluster| route(cluster, 1, 1)).to_vec();
    let hub = Hub::new(1);
    hub.begin(Term(1), config(0), routes);
    let shown = |within: &[&str], wanted: Filter| {
        let filter = Filter {
            within: within.iter().map(|it| name(it)).collect(),
            ..wanted
        };
        let table = filter.of_table(&hub.table().unwrap());
        let clusters: String = table.clusters.keys().map(ToString::to_string).collect();
        let (keyspaces, rules) = (table.keyspaces.len(), table.query_rules.len());
        (clusters, keyspaces, table.hostgroups.len(), rules)
    };
    // The hostgroup is filled by `a`, and the keyspace lies in `a` and `c`.
    let all = Filter::default;
    assert_eq!(shown(&["a", "c"], all()), ("ac".to_owned(), 1, 1, 1));
    assert_eq!(shown(&["a", "b"], all()), ("ab".to_owned(), 0, 1, 1));
    assert_eq!(shown(&["b", "c"], all()), ("bc".to_owned(), 0, 0, 0));
    let shop = Filter {
        keyspaces: ["shop".parse().unwrap()].into(),
        hostgroups: [HostgroupId(1)].into(),
        ..only(&["d", "b"])
    };
    assert_eq!(shown(&["b", "c"], shop.clone()), ("bc".to_owned(), 0, 0, 0));
    assert_eq!(shown(&["a", "b"], shop), ("ab".to_owned(), 0, 1, 1));
}

#[test]
fn an_update_of_another_cluster_never_comes_to_a_limited_subscriber() {
    let routes = CLUSTERS.map(|cluster| route(cluster, 1, 1)).to_vec();
    let hub = Hub::new(1);
    hub.begin(Term(1), config(0), routes);
    let limited = Filter {
        within: [name("b")].into(),
        ..Filter::default()
    };
    let mut subscription = hub.subscribe(who("s"), limited, None).unwrap();
    all(&mut subscription);
    assert_eq!(hub.publish(Term(1), route("a", 2, 2)).subscribers, 0);
    assert!(all(&mut subscription).is_empty());
    assert_eq!(hub.publish(Term(1), route("b", 2, 2)).subscribers, 1);
    assert_eq!(all(&mut subscription).len(), 1);
}

#[test]
fn when_a_shard_moves_the_cluster_it_moves_to_comes_with_it() {
    let hub = Hub::new(1);
    let routes = CLUSTERS.map(|cluster| route(cluster, 1, 1)).to_vec();
    hub.begin(Term(1), config(0), routes);
    let shop = Filter {
        keyspaces: ["shop".parse().unwrap()].into(),
        ..Filter::default()
    };
    let mut subscription = hub.subscribe(who("s"), shop, None).unwrap();
    all(&mut subscription);
    assert_eq!(hub.publish(Term(1), route("b", 2, 2)).subscribers, 0);
    hub.configure(Term(1), config(1));
    let updates = all(&mut subscription);
    let [Update::Delta(delta)] = updates.as_slice() else {
        panic!("{updates:?}");
    };
    let came: Vec<_> = delta.clusters.changed.keys().collect();
    let went: Vec<_> = delta.clusters.removed.iter().collect();
    assert_eq!((came, went), (vec![&name("b")], vec![&name("a")]));
    assert_eq!(hub.publish(Term(1), route("b", 3, 3)).subscribers, 1);
    assert_eq!(hub.concerned(&name("b")), 1);
    assert_eq!(hub.concerned(&name("a")), 0);
}

#[test]
fn a_configuration_makes_a_revision_only_where_it_changes_the_table() {
    let draft = r#"{"clusters":{"a":{}},"hostgroups":[
        {"id":1,"name":"a-writer","kind":"writer","cluster":"a","role":"primary"},
        {"id":2,"name":"c","kind":"custom","servers":[]}]}"#;
    let draft: lictor_domain::Draft = serde_json::from_str(draft).unwrap();
    let config: Arc<Config> = Arc::new(draft.try_into().unwrap());
    let hub = begun();
    let before = hub.revision().unwrap();
    let after = hub.configure(Term(1), config.clone()).revision;
    assert!(after > before);
    assert_eq!(hub.configure(Term(1), config).revision, after);
    let servers = |hub: &Hub| {
        let table = hub.table().unwrap();
        let group = &table.hostgroups[&lictor_domain::HostgroupId(1)];
        let addresses = group.servers.iter().map(|it| it.address.clone());
        addresses.collect::<Vec<_>>()
    };
    assert_eq!(servers(&hub).len(), 1);
    hub.publish(
        Term(1),
        ClusterRoute {
            state: RouteState::NoPrimary,
            ..route("a", 2, 1)
        },
    );
    assert_eq!(servers(&hub), [], "the route fills it");
}
