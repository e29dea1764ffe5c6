//! Routes, what changes in them, and who receives them.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use lictor_view::{At, Reader, Route, RouteState, RoutingTable, Subscriber};
use lictor_wire::domain::{self, Changes, ClusterRoute, Endpoint};
use serde::Serialize;

use crate::output::{Paint, Tone, View, count, or_dash, plain, time};

const fn tone(state: RouteState) -> Tone {
    match state {
        RouteState::Serving => Tone::Good,
        RouteState::Held => Tone::Doubtful,
        RouteState::NoPrimary | RouteState::Unknown => Tone::Bad,
    }
}

impl View for RoutingTable {
    fn text(&self, paint: Paint) -> String {
        let row = |route: &Route| {
            let writer = route.writer.as_ref();
            let readers: Vec<_> = route.readers.iter().map(reader).collect();
            vec![
                plain(&route.cluster),
                plain(&route.epoch),
                (route.state.as_str().replace('_', " "), tone(route.state)),
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
        let clusters = paint.table(&header, self.clusters.iter().map(row));
        let configured = [
            (!self.keyspaces.is_empty()).then(|| self.keyspaces.text(paint)),
            (!self.hostgroups.is_empty()).then(|| self.hostgroups.text(paint)),
            (!self.query_rules.is_empty()).then(|| self.query_rules.text(paint)),
        ];
        let parts = [title, clusters].into_iter();
        let parts: Vec<_> = parts.chain(configured.into_iter().flatten()).collect();
        parts.join("\n\n")
    }
}

fn reader(reader: &Reader) -> String {
    if reader.weight == 1 {
        reader.node.clone()
    } else {
        format!("{} x{}", reader.node, reader.weight)
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
    pub(crate) fn snapshot(
        at: DateTime<Utc>,
        before: &domain::RoutingTable,
        now: &domain::RoutingTable,
    ) -> Self {
        Self::update(at, "snapshot", before, now)
    }

    /// A change arrived.
    pub(crate) fn delta(
        at: DateTime<Utc>,
        before: &domain::RoutingTable,
        now: &domain::RoutingTable,
    ) -> Self {
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
        before: &domain::RoutingTable,
        now: &domain::RoutingTable,
    ) -> Self {
        let difference = before.diff(now);
        let clusters = difference.clusters;
        let changed = clusters
            .changed
            .values()
            .map(|route| sentence(before.clusters.get(&route.name), route));
        let removed = clusters
            .removed
            .iter()
            .map(|name| format!("{name} is no longer routed"));
        let configured = [
            told("keyspace", &difference.keyspaces),
            told("hostgroup", &difference.hostgroups),
            told("query rule", &difference.query_rules),
        ];
        let sentences = changed.chain(removed);
        Self {
            at: At(at),
            kind,
            revision: Some(now.revision.to_string()),
            sentences: sentences.chain(configured.into_iter().flatten()).collect(),
            changed: clusters.changed.values().map(Into::into).collect(),
            removed: clusters.removed.iter().map(ToString::to_string).collect(),
        }
    }
}

impl View for Event {
    fn text(&self, paint: Paint) -> String {
        let clock = self.at.0.format("%H:%M:%S%.3fZ").to_string();
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

/// What changed among other things, each by its name.
fn told<K: Ord + Display, V>(what: &str, changes: &Changes<K, V>) -> Vec<String> {
    let other = changes.changed.keys();
    let other = other.map(|key| format!("{what} {key} is different"));
    let gone = changes.removed.iter();
    let gone = gone.map(|key| format!("{what} {key} is gone"));
    other.chain(gone).collect()
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

fn state_sentence(before: Option<&Endpoint>, now: &domain::RouteState) -> String {
    let was = |text: String| match before {
        Some(before) => format!("{text} (was {})", before.node),
        None => text,
    };
    match now {
        domain::RouteState::Serving { writer } => {
            was(format!("writer {} at {}", writer.node, writer.address))
        }
        domain::RouteState::Held => was("writes are held".to_owned()),
        domain::RouteState::NoPrimary => was("no primary".to_owned()),
    }
}

fn readers_sentence(readers: &[domain::Reader]) -> String {
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

/// What a subscriber wants, in few words.
fn wants(subscriber: &Subscriber) -> String {
    let groups = subscriber.hostgroups.iter().map(ToString::to_string);
    let parts = [
        ("", subscriber.clusters.clone()),
        ("keyspace ", subscriber.keyspaces.clone()),
        ("hostgroup ", groups.collect()),
    ];
    let named = parts.iter().filter(|(_, names)| !names.is_empty());
    let texts: Vec<_> = named
        .map(|(what, names)| format!("{what}{}", names.join(" ")))
        .collect();
    if texts.is_empty() {
        return "everything".to_owned();
    }
    texts.join(", ")
}

impl View for Vec<Subscriber> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "Nobody is subscribed.".to_owned();
        }
        let row = |subscriber: &Subscriber| {
            let nacks = subscriber.nacks > 0;
            vec![
                plain(&subscriber.id),
                plain(subscriber.kind.as_str()),
                plain(&subscriber.version),
                plain(&subscriber.address),
                plain(&subscriber.instance),
                plain(wants(subscriber)),
                plain(or_dash(subscriber.sent.clone())),
                (
                    or_dash(subscriber.acked.clone()),
                    if subscriber.behind {
                        Tone::Doubtful
                    } else {
                        Tone::Good
                    },
                ),
                plain(or_dash(subscriber.ack_delay_us.map(time))),
                plain(subscriber.pools.to_string()),
                (
                    subscriber.nacks.to_string(),
                    if nacks { Tone::Bad } else { Tone::Plain },
                ),
            ]
        };
        let header = [
            "ID", "KIND", "VERSION", "ADDRESS", "AT", "WANTS", "SENT", "ACKED", "DELAY", "POOLS",
            "NACKS",
        ];
        let table = paint.table(&header, self.iter().map(row));
        let refusals = self.iter().filter_map(|subscriber| {
            let nack = subscriber.last_nack.as_ref()?;
            let revision = or_dash(nack.revision.clone());
            Some(format!(
                "{} refused revision {revision}: {}",
                subscriber.id, nack.reason
            ))
        });
        std::iter::once(format!("{table}\n\n{}", count(self.len(), "subscriber")))
            .chain(refusals)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::domain::{
        ClusterName, Epoch, NodeName, Reader, Revision, RouteState, RoutingTable, Term,
    };
    use lictor_wire::v1;

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
            ..RoutingTable::default()
        }
    }

    fn line(before: &RoutingTable, now: &RoutingTable) -> String {
        Event::delta(DateTime::UNIX_EPOCH, before, now).text(Paint::off())
    }

    #[test]
    fn a_table_is_shown_with_writers_and_readers() {
        assert_eq!(
            lictor_view::RoutingTable::from(&table(4, Some(1), &[1, 2])).text(Paint::off()),
            "\
revision 1.4

CLUSTER  EPOCH  STATE    WRITER                     READERS
orders   1.4    serving  orders-1 (127.0.0.1:3306)  orders-1, orders-2 x2"
        );
        assert_eq!(
            lictor_view::RoutingTable::from(&RoutingTable::default()).text(Paint::off()),
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
        let shown = vec![Subscriber::from(v1::Subscriber {
            id: "shop-1".to_owned(),
            kind: v1::SubscriberKind::Client.into(),
            version: "lictor-client/0.1.0".to_owned(),
            clusters: vec!["orders".to_owned()],
            keyspaces: vec!["shop".to_owned(), "carts".to_owned()],
            hostgroups: vec![10],
            address: "127.0.0.1:50000".to_owned(),
            instance: "lictord-1".to_owned(),
            sent: Some(v1::Revision { term: 1, n: 4 }),
            acked: Some(v1::Revision { term: 1, n: 3 }),
            ack_delay_us: Some(420),
            pools: 1,
            nacks: 1,
            last_nack: Some(v1::Nack {
                revision: Some(v1::Revision { term: 1, n: 4 }),
                reason: "it cannot be read".to_owned(),
            }),
            ..v1::Subscriber::default()
        })]
        .text(Paint::off());
        assert_eq!(
            shown,
            "\
ID      KIND    VERSION              ADDRESS          AT         WANTS                                      SENT  ACKED  DELAY   POOLS  NACKS
shop-1  client  lictor-client/0.1.0  127.0.0.1:50000  lictord-1  orders, keyspace shop carts, hostgroup 10  1.4   1.3    0.4 ms  1      1

1 subscriber
shop-1 refused revision 1.4: it cannot be read"
        );
    }
}
