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
