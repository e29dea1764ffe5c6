//! Connections to the servers of a hostgroup.
//!
//! One that is filled by a cluster's primary is that cluster's writer, with all
//! that belongs to it: a failover is waited out, and a hold is kept. Of any other
//! the servers take turns by weight.

use lictor_domain::{
    Capacity, ClusterName, Filling, HostgroupId, HostgroupRoute, Role, RoutingTable, Server,
    ServerStatus,
};
use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::error::{CheckoutError, ClientError};
use crate::lictor::{Lictor, PAUSE, Wait};
use crate::turns::{Weighted, in_turn};

impl Weighted for Server {
    fn weight(&self) -> u32 {
        self.capacity.weight
    }
}

/// Whether anything new goes to the server.
pub(crate) fn is_used(server: &Server) -> bool {
    let Capacity {
        weight,
        max_connections,
        ..
    } = server.capacity;
    server.status == ServerStatus::Online && weight > 0 && max_connections > 0
}

/// Where a hostgroup's statements go now.
#[derive(Debug, PartialEq)]
enum Way {
    /// To the writer of this cluster.
    Writer(ClusterName),
    /// To one of these servers, which are of this cluster, or of none.
    Servers(Vec<Server>, Option<ClusterName>),
}

fn way(table: &RoutingTable, id: HostgroupId) -> Result<Way, ClientError> {
    let hostgroup = table.hostgroups.get(&id);
    let HostgroupRoute {
        filled_by, servers, ..
    } = hostgroup.ok_or(ClientError::UnknownHostgroup(id))?;
    let used = || servers.iter().filter(|it| is_used(it)).cloned().collect();
    Ok(match filled_by {
        Some(Filling {
            cluster,
            role: Role::Primary,
        }) => Way::Writer(cluster.clone()),
        Some(Filling {
            cluster,
            role: Role::Replica,
        }) => Way::Servers(used(), Some(cluster.clone())),
        None => Way::Servers(used(), None),
    })
}

impl Lictor {
    /// A connection to a server of the hostgroup.
    pub(crate) async fn server_of(
        &self,
        id: HostgroupId,
        wait: Wait,
    ) -> Result<Connection, ClientError> {
        let mut changes = self.routes.changes();
        loop {
            let failure = match self.routes.with_table(|table| way(table, id))? {
                Way::Writer(cluster) => {
                    let (_, connection) = self.writer_within(&cluster, wait).await?;
                    return Ok(connection);
                }
                Way::Servers(servers, cluster) => {
                    match self.any_server(&servers, cluster.as_ref(), wait).await {
                        Ok(connection) => return Ok(connection),
                        Err(failure) => failure,
                    }
                }
            };
            match failure {
                Some((server, CheckoutError::Denied(source))) => {
                    let node = server.address;
                    return Err(ClientError::Denied { node, source });
                }
                failure if wait.is_over() => {
                    return Err(ClientError::NoServer {
                        hostgroup: id,
                        waited: wait.waited(),
                        last: failure.map(|(server, why)| Box::new((server.address, why))),
                    });
                }
                _ => {}
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep(PAUSE) => {}
            }
        }
    }

    /// Tries each server once; the last failure, if there was a server.
    async fn any_server(
        &self,
        servers: &[Server],
        cluster: Option<&ClusterName>,
        wait: Wait,
    ) -> Result<Connection, Option<(Server, CheckoutError)>> {
        let mut failure = None;
        for server in in_turn(servers, self.next_turn()) {
            let within = self.config.pool.login_timeout;
            let deadline = wait.deadline.min(Instant::now() + within);
            match self.fleet.pool(&server.address).checkout(deadline).await {
                Ok(connection) => {
                    return Ok(match cluster {
                        Some(cluster) => connection.of(cluster),
                        None => connection,
                    });
                }
                Err(error) => failure = Some((server.clone(), error)),
            }
        }
        Err(failure)
    }
}

#[cfg(test)]
mod tests {
    use lictor_domain::HostgroupKind;

    use super::*;

    const TEN: HostgroupId = HostgroupId(10);

    fn table(filled_by: Option<Filling>, servers: Vec<Server>) -> RoutingTable {
        let route = HostgroupRoute {
            id: TEN,
            name: "reports".parse().unwrap(),
            kind: HostgroupKind::Custom,
            filled_by,
            servers,
        };
        RoutingTable {
            hostgroups: [(TEN, route)].into(),
            ..RoutingTable::default()
        }
    }

    fn server(address: &str, status: ServerStatus, weight: u32, max_connections: u32) -> Server {
        Server {
            address: address.parse().unwrap(),
            status,
            capacity: Capacity {
                weight,
                max_connections,
                ..Capacity::default()
            },
        }
    }

    #[test]
    fn only_servers_that_are_online_and_may_carry_something_are_used() {
        let servers = vec![
            server("10.0.0.1:3306", ServerStatus::Online, 1, 1),
            server("10.0.0.2:3306", ServerStatus::OfflineSoft, 1, 1),
            server("10.0.0.3:3306", ServerStatus::OfflineHard, 1, 1),
            server("10.0.0.4:3306", ServerStatus::Online, 0, 1),
            server("10.0.0.5:3306", ServerStatus::Online, 1, 0),
        ];
        let first = servers[..1].to_vec();
        let found = way(&table(None, servers), TEN).unwrap();
        assert_eq!(found, Way::Servers(first, None));
    }

    #[test]
    fn one_filled_by_the_primary_is_the_clusters_writer() {
        let orders: ClusterName = "orders".parse().unwrap();
        let filling = Filling {
            cluster: orders.clone(),
            role: Role::Primary,
        };
        let table = table(Some(filling), vec![]);
        assert_eq!(way(&table, TEN).unwrap(), Way::Writer(orders));
        let unknown = way(&table, HostgroupId(11)).unwrap_err();
        assert!(unknown.to_string().contains("hostgroup 11"), "{unknown}");
    }
}
