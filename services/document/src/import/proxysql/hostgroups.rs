//! Hostgroups of the rows of `mysql_servers` and `mysql_replication_hostgroups`.

use std::collections::{BTreeMap, BTreeSet};

use lictor_domain::hostgroup::{
    Capacity, Hostgroup, HostgroupId, HostgroupKind, Members, Role, Server, ServerStatus,
};
use lictor_domain::names::{ClusterName, HostgroupName, NodeAddress};

use super::super::{Clusters, Notes, count, label, list, shown};
use super::tables::{Row, Tables};
use crate::error::DocumentError;

/// The columns of `mysql_servers`.
pub(super) const COLUMNS: &[&str] = &[
    "hostgroup_id",
    "hostname",
    "port",
    "gtid_port",
    "status",
    "weight",
    "compression",
    "max_connections",
    "max_replication_lag",
    "use_ssl",
    "max_latency_ms",
    "comment",
];

/// The columns of `mysql_replication_hostgroups`. What ProxySQL checks to tell
/// writers from readers is Lictor's to know.
pub(super) const PAIR_COLUMNS: &[&str] = &[
    "writer_hostgroup",
    "reader_hostgroup",
    "check_type",
    "comment",
];

/// A hostgroup for writers, and the one for its readers.
struct Pair {
    writer: HostgroupId,
    reader: HostgroupId,
    comment: Option<String>,
}

impl Pair {
    fn about(&self) -> String {
        format!("hostgroups {} and {}", self.writer, self.reader)
    }
}

/// The servers of each hostgroup, in order of address.
type Servers = BTreeMap<HostgroupId, BTreeMap<NodeAddress, Server>>;

/// What the tables say of hostgroups.
pub(super) struct Hostgroups {
    servers: Servers,
    pairs: Vec<Pair>,
}

impl Hostgroups {
    pub(super) fn read(tables: &Tables, notes: &mut Notes) -> Result<Self, DocumentError> {
        let rows = tables.rows("mysql_replication_hostgroups");
        let pairs = rows.iter().map(|row| {
            Ok(Pair {
                writer: HostgroupId(row.needed_number("writer_hostgroup")?),
                reader: HostgroupId(row.needed_number("reader_hostgroup")?),
                comment: row.text("comment").map(ToOwned::to_owned),
            })
        });
        let rows = tables.rows("mysql_servers");
        extras(rows, notes);
        Ok(Self {
            pairs: pairs.collect::<Result<_, DocumentError>>()?,
            servers: servers(rows, notes)?,
        })
    }

    /// The hostgroups, by role where a known cluster has their servers.
    pub(super) fn assign(
        self,
        clusters: &Clusters,
        notes: &mut Notes,
    ) -> BTreeMap<HostgroupId, Hostgroup> {
        let mut names = Names::default();
        let mut whole = BTreeMap::new();
        for pair in &self.pairs {
            for (id, kind, members) in self.pair(pair, clusters, notes) {
                let name = match members {
                    Members::ByRole {
                        ref cluster, role, ..
                    } => by_role_name(cluster, role),
                    Members::Listed(_) => pair
                        .comment
                        .as_deref()
                        .and_then(label)
                        .map_or_else(|| format!("{kind}-{id}"), |name| format!("{name}-{kind}")),
                };
                let hostgroup = Hostgroup {
                    name: names.unique(&name, id),
                    ..unnamed(id, kind, members)
                };
                whole.insert(id, hostgroup);
            }
        }
        for (id, servers) in self.servers {
            whole.entry(id).or_insert_with(|| {
                let members = Members::Listed(servers.into_values().collect());
                let hostgroup = unnamed(id, HostgroupKind::Custom, members);
                notes.taken(format!("hostgroup {id}"), "its servers are listed");
                hostgroup
            });
        }
        whole
    }

    fn pair(
        &self,
        pair: &Pair,
        clusters: &Clusters,
        notes: &mut Notes,
    ) -> [(HostgroupId, HostgroupKind, Members); 2] {
        let sides = [
            (pair.writer, HostgroupKind::Writer, Role::Primary),
            (pair.reader, HostgroupKind::Reader, Role::Replica),
        ];
        let addresses: BTreeSet<_> = sides.iter().flat_map(|(id, ..)| self.in_use(*id)).collect();
        match whose(&addresses, clusters) {
            Ok(cluster) => {
                notes.taken(
                    pair.about(),
                    format!(
                        "their servers are nodes of cluster {cluster}, which fills them by role: \
                         its primary the one, its readers the other"
                    ),
                );
                sides.map(|(id, kind, role)| {
                    let capacity = self.capacity(id, pair, notes);
                    let cluster = cluster.clone();
                    (
                        id,
                        kind,
                        Members::ByRole {
                            cluster,
                            role,
                            capacity,
                        },
                    )
                })
            }
            Err(why) => {
                let sentence =
                    format!("{why}; their servers are listed, and no failover changes that");
                notes.ask(pair.about(), sentence);
                sides.map(|(id, kind, _)| (id, kind, Members::Listed(self.listed(id))))
            }
        }
    }

    fn in_use(&self, id: HostgroupId) -> impl Iterator<Item = &NodeAddress> {
        let servers = self.servers.get(&id).into_iter().flatten();
        let used = servers.filter(|(_, server)| server.status != ServerStatus::OfflineHard);
        used.map(|(address, _)| address)
    }

    fn listed(&self, id: HostgroupId) -> Vec<Server> {
        let servers = self.servers.get(&id).into_iter().flatten();
        servers.map(|(_, server)| server.clone()).collect()
    }

    /// One capacity for whoever fills a hostgroup: the one that most servers have.
    fn capacity(&self, id: HostgroupId, pair: &Pair, notes: &mut Notes) -> Capacity {
        let mut servers = self.listed(id);
        if servers.is_empty() {
            servers = [pair.writer, pair.reader]
                .map(|id| self.listed(id))
                .concat();
        }
        let offline = servers
            .iter()
            .filter(|server| server.status != ServerStatus::Online);
        let offline: Vec<_> = offline.map(|server| &server.address).collect();
        if !offline.is_empty() {
            notes.changed(
                format!("hostgroup {id}"),
                format!(
                    "{} not online there; a node is taken out of its cluster's pools by `lictor \
                     node maintenance`",
                    list(offline) + " is"
                ),
            );
        }
        let alike = |one: &Server| {
            servers
                .iter()
                .filter(|other| other.capacity == one.capacity)
                .count()
        };
        let Some(usual) = servers.iter().max_by_key(|server| alike(server)) else {
            return Capacity::default();
        };
        let others = servers
            .iter()
            .filter(|server| server.capacity != usual.capacity);
        let others: Vec<_> = others.map(|server| &server.address).collect();
        if !others.is_empty() {
            notes.changed(
                format!("hostgroup {id}"),
                format!(
                    "whoever fills it has weight {}, max_connections {} and max_replication_lag \
                     {}; {} had others",
                    usual.capacity.weight,
                    usual.capacity.max_connections,
                    usual.capacity.max_replication_lag,
                    list(others)
                ),
            );
        }
        usual.capacity
    }
}

/// The cluster that has all of these servers, or why there is none.
fn whose(addresses: &BTreeSet<&NodeAddress>, clusters: &Clusters) -> Result<ClusterName, String> {
    let Some(first) = addresses.first() else {
        return Err(
            "they have no servers, so it is not known which cluster they are of".to_owned(),
        );
    };
    let touched = clusters.iter().filter(|(_, known)| {
        let mut addresses = addresses.iter();
        addresses.any(|address| known.contains(*address))
    });
    let touched: Vec<_> = touched.collect();
    match touched.as_slice() {
        [] => Err(format!(
            "no cluster that is known has {}; `lictor cluster add NAME --seed {first}` registers \
             it, and `--cluster NAME={}` here fills them by role",
            list(addresses),
            addresses
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(",")
        )),
        [(name, known)] => {
            let strangers = addresses
                .iter()
                .filter(|address| !known.contains(**address));
            let strangers: Vec<_> = strangers.collect();
            if strangers.is_empty() {
                return Ok((*name).clone());
            }
            Err(format!(
                "{} is no node of cluster {name}, as the others are",
                list(strangers)
            ))
        }
        several => Err(format!(
            "their servers are nodes of more than one cluster: {}",
            list(several.iter().map(|(name, _)| name))
        )),
    }
}

fn by_role_name(cluster: &ClusterName, role: Role) -> String {
    match role {
        Role::Primary => format!("{cluster}-writer"),
        Role::Replica => format!("{cluster}-readers"),
    }
}

/// Names that were given.
#[derive(Default)]
struct Names(BTreeSet<HostgroupName>);

impl Names {
    /// This name, or with the number where another hostgroup has it.
    fn unique(&mut self, name: &str, id: HostgroupId) -> HostgroupName {
        let free = |name: &HostgroupName| !self.0.contains(name);
        let name = name
            .parse()
            .ok()
            .filter(free)
            .unwrap_or_else(|| numbered(id));
        self.0.insert(name.clone());
        name
    }
}

/// `hostgroup-30`.
#[expect(
    clippy::expect_used,
    reason = "letters, a hyphen and at most ten digits are a DNS label"
)]
fn numbered(id: HostgroupId) -> HostgroupName {
    format!("hostgroup-{id}")
        .parse()
        .expect("it is a DNS label")
}

/// A hostgroup named by its number.
pub(super) fn unnamed(id: HostgroupId, kind: HostgroupKind, members: Members) -> Hostgroup {
    Hostgroup {
        id,
        name: numbered(id),
        kind,
        members,
    }
}

fn servers(rows: &[Row], notes: &mut Notes) -> Result<Servers, DocumentError> {
    let mut servers = Servers::new();
    for row in rows {
        let id = HostgroupId(row.number("hostgroup_id")?.unwrap_or(0));
        let (host, port) = (row.needed("hostname")?, row.number("port")?.unwrap_or(3306));
        if port == 0 {
            notes.left_out(
                format!("server {} of hostgroup {id}", shown(host)),
                "it is a socket; Lictor knows servers by host and port",
            );
            continue;
        }
        let address = NodeAddress::new(host, port)
            .map_err(|error| row.wrong("hostname", error.to_string()))?;
        let server = Server {
            status: status(row, &address, notes)?,
            capacity: capacity(row)?,
            address,
        };
        let others = servers.entry(id).or_default();
        if others
            .insert(server.address.clone(), server.clone())
            .is_some()
        {
            notes.changed(
                format!("server {} of hostgroup {id}", server.address),
                "it is there more than once; the last row is taken",
            );
        }
    }
    Ok(servers)
}

fn status(
    row: &Row,
    address: &NodeAddress,
    notes: &mut Notes,
) -> Result<ServerStatus, DocumentError> {
    let status = row.text("status").unwrap_or("ONLINE").to_ascii_lowercase();
    if status == "shunned" {
        notes.changed(
            format!("server {address}"),
            "ProxySQL has shunned it for a while; it is taken as online",
        );
        return Ok(ServerStatus::Online);
    }
    status.parse().map_err(|_| {
        let why = format!(
            "`{}` is none of ONLINE, SHUNNED, OFFLINE_SOFT and OFFLINE_HARD",
            shown(&status)
        );
        row.wrong("status", why)
    })
}

fn capacity(row: &Row) -> Result<Capacity, DocumentError> {
    let usual = Capacity::default();
    let capacity = Capacity {
        weight: row.number("weight")?.unwrap_or(usual.weight),
        max_connections: row
            .number("max_connections")?
            .unwrap_or(usual.max_connections),
        max_replication_lag: row
            .number("max_replication_lag")?
            .unwrap_or(usual.max_replication_lag),
    };
    capacity
        .checked()
        .map_err(|error| row.wrong("weight", error.to_string()))
}

/// What is said of servers that Lictor's hostgroups do not have.
fn extras(rows: &[Row], notes: &mut Notes) {
    for (column, why) in [
        ("use_ssl", "whether to encrypt is the client's to say"),
        ("compression", "whether to compress is the client's to say"),
        (
            "max_latency_ms",
            "servers are not left out by their latency",
        ),
        (
            "gtid_port",
            "reads of one's own writes wait for the GTID on the server itself",
        ),
        ("comment", "servers have no comments"),
    ] {
        let said = rows.iter().filter(|row| row.says(column)).count();
        if said > 0 {
            notes.left_out(
                format!("mysql_servers.{column} of {}", count(said, "server")),
                why,
            );
        }
    }
}
