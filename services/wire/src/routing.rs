//! Routing tables and deltas. What is sent reads back as the same value.

use std::collections::BTreeMap;

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
        }
    }
}

impl TryFrom<v1::RoutingTable> for domain::RoutingTable {
    type Error = WireError;

    fn try_from(table: v1::RoutingTable) -> Result<Self, WireError> {
        let routes: Vec<domain::ClusterRoute> = convert_all(table.clusters, "clusters")?;
        let mut clusters = BTreeMap::new();
        for (at, route) in routes.into_iter().enumerate() {
            if let Some(twice) = clusters.insert(route.name.clone(), route) {
                return Err(WireError::invalid(
                    format!("clusters[{at}].name"),
                    format!("cluster {} is there twice", twice.name),
                ));
            }
        }
        Ok(Self {
            revision: required(table.revision, "revision")?.into(),
            clusters,
        })
    }
}

impl From<domain::RoutingDelta> for v1::RoutingDelta {
    fn from(delta: domain::RoutingDelta) -> Self {
        Self {
            from: Some(delta.from.into()),
            to: Some(delta.to.into()),
            changed: delta.changed.into_iter().map(Into::into).collect(),
            removed: delta.removed.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::RoutingDelta> for domain::RoutingDelta {
    type Error = WireError;

    fn try_from(delta: v1::RoutingDelta) -> Result<Self, WireError> {
        let removed = delta.removed.iter().enumerate();
        Ok(Self {
            from: required(delta.from, "from")?.into(),
            to: required(delta.to, "to")?.into(),
            changed: convert_all(delta.changed, "changed")?,
            removed: removed
                .map(|(at, name)| parse(name, format!("removed[{at}]")))
                .collect::<Result<_, _>>()?,
        })
    }
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

    fn tables() -> impl Strategy<Value = domain::RoutingTable> {
        let routes = proptest::collection::vec(routes(), 0..6);
        (any::<(u64, u64)>(), routes).prop_map(|((term, n), routes)| domain::RoutingTable {
            revision: Revision {
                term: Term(term),
                n,
            },
            clusters: routes.into_iter().map(|r| (r.name.clone(), r)).collect(),
        })
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
        assert_eq!(wrong_field(vec![orders(), orders()]), "clusters[1].name");
    }
}
