//! Where work is to be done: on a cluster, or where a key's shard lives just
//! then.
//!
//! A key is resolved anew whenever something was waited for, so that what waited
//! out the move of a shard goes to where the shard is afterwards.

use std::fmt;
use std::sync::Arc;

use lictor_domain::{
    ClusterName, Endpoint, Key, Keyspace, KeyspaceName, RoutingTable, ShardName, Writes,
};
use tokio::time::timeout_at;

use crate::connection::Connection;
use crate::error::ClientError;
use crate::lictor::{Lictor, Wait};
use crate::uses::Subject;

#[derive(Clone, Debug)]
pub(crate) enum Place<'k> {
    Cluster(ClusterName),
    Key {
        keyspace: KeyspaceName,
        key: Key<'k>,
    },
}

/// Without the key, which may be somebody's name.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(cluster) => cluster.fmt(f),
            Self::Key { keyspace, .. } => keyspace.fmt(f),
        }
    }
}

/// A place as the table has it.
#[derive(Debug, PartialEq)]
pub(crate) struct Located {
    pub(crate) cluster: ClusterName,
    /// The shard, and whether its writes are held.
    shard: Option<(KeyspaceName, ShardName)>,
    held: bool,
}

impl Place<'_> {
    pub(crate) fn locate(&self, table: &RoutingTable) -> Result<Located, ClientError> {
        match self {
            Self::Cluster(cluster) => Ok(Located {
                cluster: cluster.clone(),
                shard: None,
                held: false,
            }),
            Self::Key { keyspace, key } => {
                let keyspace = keyspace_of(table, keyspace.as_str())?;
                let shard = keyspace.resolve(key)?;
                Ok(Located {
                    cluster: shard.cluster.clone(),
                    shard: Some((keyspace.name.clone(), shard.name.clone())),
                    held: shard.writes == Writes::Held,
                })
            }
        }
    }
}

pub(crate) fn keyspace_of<'t>(
    table: &'t RoutingTable,
    name: &str,
) -> Result<&'t Arc<Keyspace>, ClientError> {
    let keyspace = table.keyspaces.get(name);
    keyspace.ok_or_else(|| ClientError::UnknownKeyspace(name.to_owned()))
}

impl Lictor {
    /// The connection to the place's writer, and who that is.
    pub(crate) async fn writer_at(
        &self,
        place: &Place<'_>,
        wait: Wait,
    ) -> Result<(Endpoint, Connection), ClientError> {
        loop {
            let located = self.serving(place, wait).await?;
            let (writer, connection) = self.writer_within(&located.cluster, wait).await?;
            let Some((keyspace, shard)) = located.shard.clone() else {
                return Ok((writer, connection));
            };
            let begun = self.routes.begin(Subject::Shard(keyspace, shard));
            if place.locate(&self.routes.table())? == located {
                return Ok((writer, connection.used(begun)));
            }
        }
    }

    /// Waits while the place's writes are held.
    async fn serving(&self, place: &Place<'_>, wait: Wait) -> Result<Located, ClientError> {
        let mut changes = self.routes.changes();
        loop {
            let located = place.locate(&self.routes.table())?;
            if !located.held {
                return Ok(located);
            }
            let next = timeout_at(wait.deadline, changes.changed()).await;
            if let (Err(_), Some((keyspace, shard))) = (next, located.shard) {
                return Err(ClientError::ShardHeld {
                    keyspace,
                    shard,
                    waited: wait.waited(),
                });
            }
        }
    }
}
