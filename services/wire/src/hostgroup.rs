//! Hostgroups as they are filled. What is sent reads back as the same value.

use lictor_domain as domain;

use crate::error::{WireError, convert_all, parse};
use crate::v1;
use crate::v1::hostgroup_route::Filling;

impl From<domain::HostgroupKind> for v1::HostgroupKind {
    fn from(kind: domain::HostgroupKind) -> Self {
        match kind {
            domain::HostgroupKind::Writer => Self::Writer,
            domain::HostgroupKind::Reader => Self::Reader,
            domain::HostgroupKind::Custom => Self::Custom,
        }
    }
}

impl From<domain::Role> for v1::ClusterRole {
    fn from(role: domain::Role) -> Self {
        match role {
            domain::Role::Primary => Self::Primary,
            domain::Role::Replica => Self::Replica,
        }
    }
}

impl From<domain::ServerStatus> for v1::ServerStatus {
    fn from(status: domain::ServerStatus) -> Self {
        match status {
            domain::ServerStatus::Online => Self::Online,
            domain::ServerStatus::OfflineSoft => Self::OfflineSoft,
            domain::ServerStatus::OfflineHard => Self::OfflineHard,
        }
    }
}

fn kind(kind: i32) -> Result<domain::HostgroupKind, WireError> {
    match v1::HostgroupKind::try_from(kind) {
        Ok(v1::HostgroupKind::Writer) => Ok(domain::HostgroupKind::Writer),
        Ok(v1::HostgroupKind::Reader) => Ok(domain::HostgroupKind::Reader),
        Ok(v1::HostgroupKind::Custom) => Ok(domain::HostgroupKind::Custom),
        Ok(v1::HostgroupKind::Unspecified) => Err(WireError::missing("kind")),
        Err(unknown) => Err(WireError::invalid("kind", unknown)),
    }
}

fn role(role: i32) -> Result<domain::Role, WireError> {
    match v1::ClusterRole::try_from(role) {
        Ok(v1::ClusterRole::Primary) => Ok(domain::Role::Primary),
        Ok(v1::ClusterRole::Replica) => Ok(domain::Role::Replica),
        Ok(v1::ClusterRole::Unspecified) => Err(WireError::missing("role")),
        Err(unknown) => Err(WireError::invalid("role", unknown)),
    }
}

fn status(status: i32) -> Result<domain::ServerStatus, WireError> {
    match v1::ServerStatus::try_from(status) {
        Ok(v1::ServerStatus::Online) => Ok(domain::ServerStatus::Online),
        Ok(v1::ServerStatus::OfflineSoft) => Ok(domain::ServerStatus::OfflineSoft),
        Ok(v1::ServerStatus::OfflineHard) => Ok(domain::ServerStatus::OfflineHard),
        Ok(v1::ServerStatus::Unspecified) => Err(WireError::missing("status")),
        Err(unknown) => Err(WireError::invalid("status", unknown)),
    }
}

impl From<domain::Server> for v1::Server {
    fn from(server: domain::Server) -> Self {
        Self {
            address: server.address.into(),
            status: v1::ServerStatus::from(server.status).into(),
            weight: server.capacity.weight,
            max_connections: server.capacity.max_connections,
            max_replication_lag: server.capacity.max_replication_lag,
        }
    }
}

impl TryFrom<v1::Server> for domain::Server {
    type Error = WireError;

    fn try_from(server: v1::Server) -> Result<Self, WireError> {
        let capacity = domain::Capacity {
            weight: server.weight,
            max_connections: server.max_connections,
            max_replication_lag: server.max_replication_lag,
        };
        Ok(Self {
            address: parse(&server.address, "address")?,
            status: status(server.status)?,
            capacity: capacity
                .checked()
                .map_err(|error| WireError::invalid("capacity", error))?,
        })
    }
}

impl From<domain::HostgroupRoute> for v1::HostgroupRoute {
    fn from(route: domain::HostgroupRoute) -> Self {
        let filled_by = route.filled_by.map(|filling| Filling {
            cluster: filling.cluster.into(),
            role: v1::ClusterRole::from(filling.role).into(),
        });
        Self {
            id: route.id.0,
            name: route.name.into(),
            kind: v1::HostgroupKind::from(route.kind).into(),
            filled_by,
            servers: route.servers.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::HostgroupRoute> for domain::HostgroupRoute {
    type Error = WireError;

    fn try_from(route: v1::HostgroupRoute) -> Result<Self, WireError> {
        let filled_by = route.filled_by.map(|filling| {
            Ok(domain::Filling {
                cluster: parse(&filling.cluster, "filled_by.cluster")?,
                role: role(filling.role).map_err(|error| error.within("filled_by"))?,
            })
        });
        Ok(Self {
            id: domain::HostgroupId(route.id),
            name: parse(&route.name, "name")?,
            kind: kind(route.kind)?,
            filled_by: filled_by.transpose()?,
            servers: convert_all(route.servers, "servers")?,
        })
    }
}
