//! Routing tables and deltas. What is sent reads back as the same value.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use lictor_domain as domain;

use crate::error::{WireError, convert, convert_all, parse, required};
use crate::v1;
use crate::v1::cluster_route::{Held, NoPrimary, Serving, State};

impl From<domain::Endpoint> for v1::Endpoint {
    fn from(endpoint: domain::Endpoint) -> Self {
        Self {
            node: endpoint.node.into(),
            address: endpoint.address.into(),
        }
    }
}

impl TryFrom<v1::Endpoint> for domain::Endpoint {
    type Error = WireError;

    fn try_from(endpoint: v1::Endpoint) -> Result<Self, WireError> {
        Ok(Self {
            node: parse(&endpoint.node, "node")?,
            address: parse(&endpoint.address, "address")?,
        })
    }
}

impl From<domain::Reader> for v1::Reader {
    fn from(reader: domain::Reader) -> Self {
        Self {
            endpoint: Some(reader.endpoint.into()),
            weight: reader.weight,
        }
    }
}

impl TryFrom<v1::Reader> for domain::Reader {
    type Error = WireError;

    fn try_from(reader: v1::Reader) -> Result<Self, WireError> {
        if reader.weight == 0 {
            return Err(WireError::invalid("weight", "0, and at least 1 is needed"));
        }
        Ok(Self {
            endpoint: convert(reader.endpoint, "endpoint")?,
            weight: reader.weight,
        })
    }
}

impl From<domain::RouteState> for State {
    fn from(state: domain::RouteState) -> Self {
        match state {
            domain::RouteState::Serving { writer } => Self::Serving(Serving {
                writer: Some(writer.into()),
            }),
            domain::RouteState::Held => Self::Held(Held {}),
            domain::RouteState::NoPrimary => Self::NoPrimary(NoPrimary {}),
        }
    }
}

impl TryFrom<State> for domain::RouteState {
    type Error = WireError;

    fn try_from(state: State) -> Result<Self, WireError> {
        match state {
            State::Serving(serving) => Ok(Self::Serving {
                writer: convert(serving.writer, "serving.writer")?,
            }),
            State::Held(_) => Ok(Self::Held),
            State::NoPrimary(_) => Ok(Self::NoPrimary),
        }
    }
}

impl From<domain::ClusterRoute> for v1::ClusterRoute {
    fn from(route: domain::ClusterRoute) -> Self {
        Self {
            name: route.name.into(),
            epoch: Some(route.epoch.into()),
            state: Some(route.state.into()),
            readers: route.readers.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::ClusterRoute> for domain::ClusterRoute {
    type Error = WireError;

    fn try_from(route: v1::ClusterRoute) -> Result<Self, WireError> {
        Ok(Self {
            name: parse(&route.name, "name")?,
            epoch: required(route.epoch, "epoch")?.into(),
            state: required(route.state, "state")?.try_into()?,
            readers: convert_all(route.readers, "readers")?,
        })
    }
}

impl From<domain::RoutingTable> for v1::RoutingTable {
    fn from(table: domain::RoutingTable) -> Self {
        Self {
            revision: Some(table.revision.into()),
            clusters: table.clusters.into_values().map(Into::into).collect(),
            hostgroups: values(table.hostgroups),
            keyspaces: shared(&table.keyspaces),
            query_rules: values(table.query_rules),
        }
    }
}

impl TryFrom<v1::RoutingTable> for domain::RoutingTable {
    type Error = WireError;

    fn try_from(table: v1::RoutingTable) -> Result<Self, WireError> {
        Ok(Self {
            revision: required(table.revision, "revision")?.into(),
            clusters: keyed(table.clusters, "clusters", cluster_name)?,
            keyspaces: shared_keyed(table.keyspaces, "keyspaces")?,
            hostgroups: keyed(table.hostgroups, "hostgroups", hostgroup_id)?,
            query_rules: keyed(table.query_rules, "query_rules", domain::QueryRule::id)?,
        })
    }
}

impl From<domain::RoutingDelta> for v1::RoutingDelta {
    fn from(delta: domain::RoutingDelta) -> Self {
        let (hostgroups, rules) = (delta.hostgroups, delta.query_rules);
        let keyspaces = delta.keyspaces;
        Self {
            from: Some(delta.from.into()),
            to: Some(delta.to.into()),
            changed: values(delta.clusters.changed),
            removed: delta.clusters.removed.into_iter().map(Into::into).collect(),
            changed_hostgroups: values(hostgroups.changed),
            removed_hostgroups: hostgroups.removed.into_iter().map(|id| id.0).collect(),
            changed_query_rules: values(rules.changed),
            removed_query_rules: rules.removed.into_iter().map(|id| id.0).collect(),
            changed_keyspaces: shared(&keyspaces.changed),
            removed_keyspaces: keyspaces.removed.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::RoutingDelta> for domain::RoutingDelta {
    type Error = WireError;

    fn try_from(delta: v1::RoutingDelta) -> Result<Self, WireError> {
        let removed_hostgroups = delta.removed_hostgroups.into_iter();
        let removed_rules = delta.removed_query_rules.into_iter();
        Ok(Self {
            from: required(delta.from, "from")?.into(),
            to: required(delta.to, "to")?.into(),
            clusters: domain::Changes {
                changed: keyed(delta.changed, "changed", cluster_name)?,
                removed: names(&delta.removed, "removed")?,
            },
            keyspaces: domain::Changes {
                changed: shared_keyed(delta.changed_keyspaces, "changed_keyspaces")?,
                removed: names(&delta.removed_keyspaces, "removed_keyspaces")?,
            },
            hostgroups: domain::Changes {
                changed: keyed(delta.changed_hostgroups, "changed_hostgroups", hostgroup_id)?,
                removed: removed_hostgroups.map(domain::HostgroupId).collect(),
            },
            query_rules: domain::Changes {
                changed: keyed(
                    delta.changed_query_rules,
                    "changed_query_rules",
                    domain::QueryRule::id,
                )?,
                removed: removed_rules.map(domain::RuleId).collect(),
            },
        })
    }
}

fn cluster_name(route: &domain::ClusterRoute) -> domain::ClusterName {
    route.name.clone()
}

const fn hostgroup_id(route: &domain::HostgroupRoute) -> domain::HostgroupId {
    route.id
}

/// Keyspaces are shared by tables, for they are large.
fn shared(keyspaces: &BTreeMap<domain::KeyspaceName, Arc<domain::Keyspace>>) -> Vec<v1::Keyspace> {
    keyspaces.values().map(|one| one.as_ref().into()).collect()
}

fn shared_keyed(
    messages: Vec<v1::Keyspace>,
    field: &str,
) -> Result<BTreeMap<domain::KeyspaceName, Arc<domain::Keyspace>>, WireError> {
    let name = |keyspace: &domain::Keyspace| keyspace.name.clone();
    let keyspaces = keyed(messages, field, name)?.into_iter();
    Ok(keyspaces.map(|(name, one)| (name, Arc::new(one))).collect())
}

fn names<T>(texts: &[String], field: &str) -> Result<BTreeSet<T>, WireError>
where
    T: Ord + FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let texts = texts.iter().enumerate();
    texts
        .map(|(at, text)| parse(text, format!("{field}[{at}]")))
        .collect()
}

fn values<K, V, M: From<V>>(map: BTreeMap<K, V>) -> Vec<M> {
    map.into_values().map(Into::into).collect()
}

/// A repeated field, each element converted, by its key; none may be there
/// twice.
fn keyed<M, K, V>(
    messages: Vec<M>,
    field: &str,
    key: impl Fn(&V) -> K,
) -> Result<BTreeMap<K, V>, WireError>
where
    K: Ord + std::fmt::Display,
    V: TryFrom<M, Error = WireError>,
{
    let mut map = BTreeMap::new();
    for (at, value) in convert_all(messages, field)?.into_iter().enumerate() {
        let key = key(&value);
        if map.contains_key(&key) {
            let twice = format!("{key} is there twice");
            return Err(WireError::invalid(format!("{field}[{at}]"), twice));
        }
        map.insert(key, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use domain::{ClusterName, Epoch, NodeAddress, NodeName, Revision, RouteState, Term};
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    fn endpoints(name: ClusterName) -> impl Strategy<Value = domain::Endpoint> {
        (1..9_u32, 1..=u16::MAX, any::<bool>()).prop_map(move |(number, port, v6)| {
            let host = if v6 { "::1" } else { "db.example.org" };
            domain::Endpoint {
                node: NodeName::numbered(&name, number),
                address: NodeAddress::new(host, port).unwrap(),
            }
        })
    }

    fn states(name: ClusterName) -> impl Strategy<Value = RouteState> {
        prop_oneof![
            endpoints(name).prop_map(|writer| RouteState::Serving { writer }),
            Just(RouteState::Held),
            Just(RouteState::NoPrimary),
        ]
    }

    fn routes() -> impl Strategy<Value = domain::ClusterRoute> {
        let names = "[a-z]([a-z0-9-]{0,8}[a-z0-9])?"
            .prop_filter_map("reserved", |name| name.parse::<ClusterName>().ok());
        names.prop_flat_map(|name| {
            let reader = (endpoints(name.clone()), 1..=u32::MAX)
                .prop_map(|(endpoint, weight)| domain::Reader { endpoint, weight });
            let readers = proptest::collection::vec(reader, 0..4);
            (any::<(u64, u64)>(), states(name.clone()), readers).prop_map(
                move |((term, n), state, readers)| domain::ClusterRoute {
                    name: name.clone(),
                    epoch: Epoch {
                        term: Term(term),
                        n,
                    },
                    state,
                    readers,
                },
            )
        })
    }

    fn servers() -> impl Strategy<Value = domain::Server> {
        let status = proptest::sample::select(domain::ServerStatus::ALL);
        let numbers = (0..=10_000_000_u32, any::<u32>(), 0..=126_144_000_u32);
        (1..=u16::MAX, status, numbers).prop_map(|(port, status, numbers)| domain::Server {
            address: NodeAddress::new("db.example.org", port).unwrap(),
            status,
            capacity: domain::Capacity {
                weight: numbers.0,
                max_connections: numbers.1,
                max_replication_lag: numbers.2,
            },
        })
    }

    fn hostgroups() -> impl Strategy<Value = domain::HostgroupRoute> {
        let role = proptest::sample::select(domain::Role::ALL);
        let filled_by = role.prop_map(|role| domain::Filling {
            cluster: "orders".parse().unwrap(),
            role,
        });
        let kind = proptest::sample::select(domain::HostgroupKind::ALL);
        let servers = proptest::collection::vec(servers(), 0..4);
        (any::<u32>(), kind, proptest::option::of(filled_by), servers).prop_map(
            |(id, kind, filled_by, servers)| domain::HostgroupRoute {
                id: domain::HostgroupId(id),
                name: "some-group".parse().unwrap(),
                kind,
                filled_by,
                servers,
            },
        )
    }

    fn rules() -> impl Strategy<Value = domain::QueryRule> {
        let to = proptest::option::of(any::<u32>());
        (1..99_u32, any::<bool>(), to).prop_map(|(id, apply, to)| {
            let fields = domain::RuleFields {
                apply,
                destination_hostgroup: to.map(domain::HostgroupId),
                ..domain::RuleFields::new(domain::RuleId(id))
            };
            domain::QueryRule::new(fields).unwrap()
        })
    }

    fn keyspaces() -> impl Strategy<Value = domain::Keyspace> {
        ("[a-c]", 1..9_u32).prop_map(|(name, modulo)| {
            let slots: Vec<_> = (0..modulo).collect();
            let keyspaces = serde_json::json!({name: {
                "function": "md5_mod", "key": "string", "modulo": modulo,
                "shards": [{"name": "all", "cluster": "orders", "slots": slots}],
            }});
            let keyspaces: domain::Keyspaces = serde_json::from_value(keyspaces).unwrap();
            keyspaces.iter().next().unwrap().clone()
        })
    }

    fn tables() -> impl Strategy<Value = domain::RoutingTable> {
        let routes = proptest::collection::vec(routes(), 0..6);
        let groups = proptest::collection::vec(hostgroups(), 0..4);
        let rules = proptest::collection::vec(rules(), 0..4);
        let keyspaces = proptest::collection::vec(keyspaces(), 0..4);
        (any::<(u64, u64)>(), routes, groups, rules, keyspaces).prop_map(
            |((term, n), routes, groups, rules, keyspaces)| domain::RoutingTable {
                revision: Revision {
                    term: Term(term),
                    n,
                },
                clusters: routes.into_iter().map(|r| (r.name.clone(), r)).collect(),
                keyspaces: keyspaces
                    .into_iter()
                    .map(|k| (k.name.clone(), Arc::new(k)))
                    .collect(),
                hostgroups: groups.into_iter().map(|g| (g.id, g)).collect(),
                query_rules: rules.into_iter().map(|r| (r.id(), r)).collect(),
            },
        )
    }

    fn over_the_wire<M: Message + Default>(message: &M) -> M {
        M::decode(message.encode_to_vec().as_slice()).unwrap()
    }

    proptest! {
        #[test]
        fn a_table_reads_back_as_sent(table in tables()) {
            let sent = v1::RoutingTable::from(table.clone());
            let read = domain::RoutingTable::try_from(over_the_wire(&sent)).unwrap();
            prop_assert_eq!(read, table);
        }

        #[test]
        fn a_delta_reads_back_as_sent(a in tables(), b in tables()) {
            let delta = a.diff(&b);
            let sent = v1::RoutingDelta::from(delta.clone());
            let read = domain::RoutingDelta::try_from(over_the_wire(&sent)).unwrap();
            prop_assert_eq!(read, delta);
        }

        #[test]
        fn garbage_is_an_error_and_never_a_panic(bytes in any::<Vec<u8>>()) {
            if let Ok(table) = v1::RoutingTable::decode(bytes.as_slice()) {
                let _ = domain::RoutingTable::try_from(table);
            }
        }
    }

    fn orders() -> v1::ClusterRoute {
        let endpoint = |node: &str| v1::Endpoint {
            node: node.to_owned(),
            address: "127.0.0.1:3306".to_owned(),
        };
        v1::ClusterRoute {
            name: "orders".to_owned(),
            epoch: Some(v1::Epoch { term: 1, n: 1 }),
            state: Some(State::Serving(Serving {
                writer: Some(endpoint("orders-1")),
            })),
            readers: vec![v1::Reader {
                endpoint: Some(endpoint("orders-2")),
                weight: 1,
            }],
        }
    }

    fn wrong_field(routes: Vec<v1::ClusterRoute>) -> String {
        let table = v1::RoutingTable {
            revision: Some(v1::Revision { term: 1, n: 1 }),
            clusters: routes,
            ..v1::RoutingTable::default()
        };
        let error = domain::RoutingTable::try_from(table).unwrap_err();
        error.field().to_owned()
    }

    #[test]
    fn an_error_names_the_field_it_is_about() {
        let changed = |change: fn(&mut v1::ClusterRoute)| {
            let mut route = orders();
            change(&mut route);
            wrong_field(vec![route])
        };
        assert_eq!(changed(|route| route.name.clear()), "clusters[0].name");
        assert_eq!(changed(|route| route.epoch = None), "clusters[0].epoch");
        assert_eq!(changed(|route| route.state = None), "clusters[0].state");
        assert_eq!(
            changed(|route| route.state = Some(State::Serving(Serving { writer: None }))),
            "clusters[0].serving.writer"
        );
        assert_eq!(
            changed(|route| route.readers[0].weight = 0),
            "clusters[0].readers[0].weight"
        );
        assert_eq!(
            changed(|route| route.readers[0].endpoint = None),
            "clusters[0].readers[0].endpoint"
        );
        assert_eq!(wrong_field(vec![orders(), orders()]), "clusters[1]");
    }
}
