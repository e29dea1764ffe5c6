//! Routes, what changes in them, and who receives them.

use chrono::{DateTime, Utc};
use lictor_wire::domain::{ClusterRoute, Endpoint, Reader, RouteState, RoutingTable};
use lictor_wire::v1;
use serde::Serialize;

use super::{At, revision, word};
use crate::output::{Paint, Tone, View, count, or_dash, plain, time};

/// The routing table.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    revision: String,
    clusters: Vec<Route>,
}

/// Where one cluster's traffic goes.
#[derive(Debug, Serialize)]
pub(crate) struct Route {
    cluster: String,
    epoch: String,
    state: &'static str,
    writer: Option<Node>,
    readers: Vec<ReaderNode>,
}

#[derive(Debug, Serialize)]
struct Node {
    node: String,
    address: String,
}

#[derive(Debug, Serialize)]
struct ReaderNode {
    node: String,
    address: String,
    weight: u32,
}

impl From<&RoutingTable> for Table {
    fn from(table: &RoutingTable) -> Self {
        Self {
            revision: table.revision.to_string(),
            clusters: table.clusters.values().map(Into::into).collect(),
        }
    }
}

impl From<&ClusterRoute> for Route {
    fn from(route: &ClusterRoute) -> Self {
        let readers = route.readers.iter().map(|reader| ReaderNode {
            node: reader.endpoint.node.to_string(),
            address: reader.endpoint.address.to_string(),
            weight: reader.weight,
        });
        Self {
            cluster: route.name.to_string(),
            epoch: route.epoch.to_string(),
            state: match route.state {
                RouteState::Serving { .. } => "serving",
                RouteState::Held => "held",
                RouteState::NoPrimary => "no_primary",
            },
            writer: route.writer().map(|writer| Node {
                node: writer.node.to_string(),
                address: writer.address.to_string(),
            }),
            readers: readers.collect(),
        }
    }
}

impl Route {
    fn tone(&self) -> Tone {
        match self.state {
            "serving" => Tone::Good,
            "held" => Tone::Doubtful,
            _ => Tone::Bad,
        }
    }
}

impl View for Table {
    fn text(&self, paint: Paint) -> String {
        let row = |route: &Route| {
            let writer = route.writer.as_ref();
            let readers: Vec<_> = route.readers.iter().map(ReaderNode::text).collect();
            vec![
                plain(&route.cluster),
                plain(&route.epoch),
                (route.state.replace('_', " "), route.tone()),
                plain(or_dash(writer.map(|writer| {
                    format!("{} ({})", writer.node, writer.address)
                }))),
                plain(or_dash(
                    Some(readers.join(", ")).filter(|all| !all.is_empty()),
                )),
            ]
        };
        let header = ["CLUSTER", "EPOCH", "STATE", "WRITER", "READERS"];
        let title = format!("revision {}", paint.bold(&self.revision));
        if self.clusters.is_empty() {
            return format!("{title}: no cluster is routed");
        }
        format!(
            "{title}\n\n{}",
            paint.table(&header, self.clusters.iter().map(row))
        )
    }
}

impl ReaderNode {
    fn text(&self) -> String {
        if self.weight == 1 {
            self.node.clone()
        } else {
            format!("{} x{}", self.node, self.weight)
        }
    }
}

/// Something that happened on the stream of routes.
#[derive(Debug, Serialize)]
pub(crate) struct Event {
    at: At,
    kind: &'static str,
    revision: Option<String>,
    /// What happened, in a sentence each.
    sentences: Vec<String>,
    /// The routes that are new or different.
    changed: Vec<Route>,
    /// Clusters that are gone.
    removed: Vec<String>,
}

impl Event {
    /// The whole table arrived, where `before` was held.
    pub(crate) fn snapshot(at: DateTime<Utc>, before: &RoutingTable, now: &RoutingTable) -> Self {
        Self::update(at, "snapshot", before, now)
    }

    /// A change arrived.
    pub(crate) fn delta(at: DateTime<Utc>, before: &RoutingTable, now: &RoutingTable) -> Self {
        Self::update(at, "delta", before, now)
    }

    /// Something about the stream itself.
    pub(crate) fn stream(at: DateTime<Utc>, kind: &'static str, sentence: String) -> Self {
        Self {
            at: At(at),
            kind,
            revision: None,
            sentences: vec![sentence],
            changed: vec![],
            removed: vec![],
        }
    }

    fn update(
        at: DateTime<Utc>,
        kind: &'static str,
        before: &RoutingTable,
        now: &RoutingTable,
    ) -> Self {
        let difference = before.diff(now);
        let changed = difference
            .changed
            .iter()
            .map(|route| sentence(before.clusters.get(&route.name), route));
        let removed = difference
            .removed
            .iter()
            .map(|name| format!("{name} is no longer routed"));
        Self {
            at: At(at),
            kind,
            revision: Some(now.revision.to_string()),
            sentences: changed.chain(removed).collect(),
            changed: difference.changed.iter().map(Into::into).collect(),
            removed: difference.removed.iter().map(ToString::to_string).collect(),
        }
    }
}

impl View for Event {
    fn text(&self, paint: Paint) -> String {
        let clock = self.at.clock();
        let Some(revision) = &self.revision else {
            let what = self.sentences.join("; ");
            return format!("{clock}  {}", paint.tone(&what, Tone::Doubtful));
        };
        let head = format!("{clock}  revision {}", paint.bold(revision));
        if self.sentences.is_empty() {
            return format!("{head}  nothing changed");
        }
        // The lines of one update stand under each other.
        let margin = " ".repeat(clock.len() + "  revision ".len() + revision.len());
        let lines = self.sentences.join(&format!("\n{margin}  "));
        format!("{head}  {lines}")
    }
}

/// What changed for one cluster.
fn sentence(before: Option<&ClusterRoute>, now: &ClusterRoute) -> String {
    let mut parts = vec![];
    if before.map(|before| &before.state) != Some(&now.state) {
        parts.push(state_sentence(
            before.and_then(ClusterRoute::writer),
            &now.state,
        ));
    }
    if before.map(|before| &before.readers) != Some(&now.readers) {
        parts.push(readers_sentence(&now.readers));
    }
    if parts.is_empty() {
        parts.push("a new epoch".to_owned());
    }
    format!("{} epoch {}: {}", now.name, now.epoch, parts.join(", "))
}

fn state_sentence(before: Option<&Endpoint>, now: &RouteState) -> String {
    let was = |text: String| match before {
        Some(before) => format!("{text} (was {})", before.node),
        None => text,
    };
    match now {
        RouteState::Serving { writer } => {
            was(format!("writer {} at {}", writer.node, writer.address))
        }
        RouteState::Held => was("writes are held".to_owned()),
        RouteState::NoPrimary => was("no primary".to_owned()),
    }
}

fn readers_sentence(readers: &[Reader]) -> String {
    if readers.is_empty() {
        return "no readers".to_owned();
    }
    let names: Vec<_> = readers
        .iter()
        .map(|reader| reader.endpoint.node.as_str())
        .collect();
    let word = if names.len() == 1 {
        "reader"
    } else {
        "readers"
    };
    format!("{word} {}", names.join(" "))
}

/// Who is subscribed.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Subscribers(pub(crate) Vec<Subscriber>);

/// One subscriber.
#[derive(Debug, Serialize)]
pub(crate) struct Subscriber {
    id: String,
    kind: String,
    version: String,
    address: String,
    clusters: Vec<String>,
    connected_at: Option<At>,
    sent: Option<String>,
    acked: Option<String>,
    ack_delay_us: Option<u64>,
    nacks: u64,
    last_nack: Option<Nack>,
}

#[derive(Debug, Serialize)]
struct Nack {
    revision: Option<String>,
    reason: String,
}

impl From<v1::Subscriber> for Subscriber {
    fn from(subscriber: v1::Subscriber) -> Self {
        Self {
            id: subscriber.id,
            kind: word(
                subscriber.kind,
                v1::SubscriberKind::as_str_name,
                "SUBSCRIBER_KIND_",
            ),
            version: subscriber.version,
            address: subscriber.address,
            clusters: subscriber.clusters,
            connected_at: At::read(subscriber.connected_at.as_ref()),
            sent: subscriber.sent.as_ref().map(revision),
            acked: subscriber.acked.as_ref().map(revision),
            ack_delay_us: subscriber.ack_delay_us,
            nacks: subscriber.nacks,
            last_nack: subscriber.last_nack.map(|nack| Nack {
                revision: nack.revision.as_ref().map(revision),
                reason: nack.reason,
            }),
        }
    }
}

impl View for Subscribers {
    fn text(&self, paint: Paint) -> String {
        if self.0.is_empty() {
            return "Nobody is subscribed here.".to_owned();
        }
        let row = |subscriber: &Subscriber| {
            let behind = subscriber.sent != subscriber.acked;
            let nacks = subscriber.nacks > 0;
            vec![
                plain(&subscriber.id),
                plain(&subscriber.version),
                plain(&subscriber.address),
                plain(or_dash(subscriber.sent.clone())),
                (
                    or_dash(subscriber.acked.clone()),
                    if behind { Tone::Doubtful } else { Tone::Good },
                ),
                plain(or_dash(subscriber.ack_delay_us.map(time))),
                (
                    subscriber.nacks.to_string(),
                    if nacks { Tone::Bad } else { Tone::Plain },
                ),
            ]
        };
        let header = [
            "ID", "VERSION", "ADDRESS", "SENT", "ACKED", "DELAY", "NACKS",
        ];
        let table = paint.table(&header, self.0.iter().map(row));
        let refusals = self.0.iter().filter_map(|subscriber| {
            let nack = subscriber.last_nack.as_ref()?;
            let revision = or_dash(nack.revision.clone());
            Some(format!(
                "{} refused revision {revision}: {}",
                subscriber.id, nack.reason
            ))
        });
        std::iter::once(format!("{table}\n\n{}", count(self.0.len(), "subscriber")))
            .chain(refusals)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::domain::{ClusterName, Epoch, NodeName, Revision, Term};

    use super::*;

    fn table(n: u64, state: Option<u32>, readers: &[u32]) -> RoutingTable {
        let name: ClusterName = "orders".parse().unwrap();
        let endpoint = |number: u32| Endpoint {
            node: NodeName::numbered(&name, number),
            address: format!("127.0.0.{number}:3306").parse().unwrap(),
        };
        let route = ClusterRoute {
            epoch: Epoch { term: Term(1), n },
            state: state.map_or(RouteState::NoPrimary, |number| RouteState::Serving {
                writer: endpoint(number),
            }),
            readers: readers
                .iter()
                .map(|number| Reader {
                    endpoint: endpoint(*number),
                    weight: *number,
                })
                .collect(),
            name: name.clone(),
        };
        RoutingTable {
            revision: Revision { term: Term(1), n },
            clusters: [(name, route)].into(),
        }
    }

    fn line(before: &RoutingTable, now: &RoutingTable) -> String {
        Event::delta(DateTime::UNIX_EPOCH, before, now).text(Paint::off())
    }

    #[test]
    fn a_table_is_shown_with_writers_and_readers() {
        assert_eq!(
            Table::from(&table(4, Some(1), &[1, 2])).text(Paint::off()),
            "\
revision 1.4

CLUSTER  EPOCH  STATE    WRITER                     READERS
orders   1.4    serving  orders-1 (127.0.0.1:3306)  orders-1, orders-2 x2"
        );
        assert_eq!(
            Table::from(&RoutingTable::default()).text(Paint::off()),
            "revision 0.0: no cluster is routed"
        );
    }

    #[test]
    fn a_change_is_told_in_one_line() {
        let before = table(1, Some(1), &[2, 3]);
        assert_eq!(
            line(&before, &table(2, None, &[2, 3])),
            "00:00:00.000Z  revision 1.2  orders epoch 1.2: no primary (was orders-1)"
        );
        assert_eq!(
            line(&before, &table(2, Some(3), &[2])),
            "00:00:00.000Z  revision 1.2  orders epoch 1.2: writer orders-3 at 127.0.0.3:3306 \
             (was orders-1), reader orders-2"
        );
        assert_eq!(
            line(&before, &RoutingTable::default()),
            "00:00:00.000Z  revision 0.0  orders is no longer routed"
        );
        assert_eq!(
            line(&before, &before),
            "00:00:00.000Z  revision 1.1  nothing changed"
        );
    }

    #[test]
    fn a_snapshot_is_told_in_a_line_for_each_cluster() {
        let mut now = table(2, Some(1), &[2]);
        let users: ClusterName = "users".parse().unwrap();
        let mut route = now.clusters.values().next().unwrap().clone();
        route.name = users.clone();
        now.clusters.insert(users, route);
        let all = Event::snapshot(DateTime::UNIX_EPOCH, &RoutingTable::default(), &now);
        assert_eq!(
            all.text(Paint::off()),
            "\
00:00:00.000Z  revision 1.2  orders epoch 1.2: writer orders-1 at 127.0.0.1:3306, reader orders-2
                             users epoch 1.2: writer orders-1 at 127.0.0.1:3306, reader orders-2"
        );
    }

    #[test]
    fn subscribers_are_shown_with_what_they_refused() {
        let shown = Subscribers(vec![
            v1::Subscriber {
                id: "shop-1".to_owned(),
                kind: v1::SubscriberKind::Client.into(),
                version: "lictor-client/0.1.0".to_owned(),
                address: "127.0.0.1:50000".to_owned(),
                sent: Some(v1::Revision { term: 1, n: 4 }),
                acked: Some(v1::Revision { term: 1, n: 3 }),
                ack_delay_us: Some(420),
                nacks: 1,
                last_nack: Some(v1::Nack {
                    revision: Some(v1::Revision { term: 1, n: 4 }),
                    reason: "it cannot be read".to_owned(),
                }),
                ..v1::Subscriber::default()
            }
            .into(),
        ])
        .text(Paint::off());
        assert_eq!(
            shown,
            "\
ID      VERSION              ADDRESS          SENT  ACKED  DELAY   NACKS
shop-1  lictor-client/0.1.0  127.0.0.1:50000  1.4   1.3    0.4 ms  1

1 subscriber
shop-1 refused revision 1.4: it cannot be read"
        );
    }
}
