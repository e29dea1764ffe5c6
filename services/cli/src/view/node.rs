//! Nodes and their health.

use lictor_wire::domain::NodeName;
use lictor_wire::v1;
use serde::Serialize;

use super::upkeep::{Maintenance, Rebuild};
use super::{At, word};
use crate::output::{Paint, Tone, View, or_dash, plain, time};

/// A node.
#[derive(Debug, Serialize)]
pub(crate) struct Node {
    pub(crate) name: String,
    cluster: String,
    address: String,
    server_uuid: String,
    version: String,
    role: String,
    writability: String,
    checks: Vec<Check>,
    lag_us: Option<u64>,
    latency_us: Option<u64>,
    receiver: Option<String>,
    applier_running: Option<bool>,
    source: Option<String>,
    follows: Option<String>,
    gtid_executed: String,
    quarantine: Option<Quarantine>,
    zone: Option<String>,
    promotion: String,
    promotion_until: Option<At>,
    last_seen: Option<At>,
    maintenance: Option<Maintenance>,
    pub(crate) rebuild: Option<Rebuild>,
    guard: Option<Guard>,
}

#[derive(Debug, Serialize)]
struct Check {
    kind: String,
    status: String,
    sentence: String,
}

#[derive(Debug, Serialize)]
struct Quarantine {
    reason: String,
    errant: String,
    incomplete: bool,
}

/// The agent that has started its server.
#[derive(Debug, Serialize)]
struct Guard {
    instance: String,
    last_heard: Option<At>,
    lease_ends: Option<At>,
}

impl Node {
    /// A node of this cluster.
    pub(crate) fn new(cluster: &str, view: v1::NodeView) -> Self {
        let receiver = (view.source.is_some()).then(|| {
            word(
                view.receiver,
                v1::ReceiverState::as_str_name,
                "RECEIVER_STATE_",
            )
        });
        Self {
            name: view.name,
            cluster: cluster.to_owned(),
            address: view.address,
            server_uuid: view.server_uuid,
            version: view.version,
            role: word(view.role, v1::NodeRole::as_str_name, "NODE_ROLE_"),
            writability: word(
                view.writability,
                v1::Writability::as_str_name,
                "WRITABILITY_",
            ),
            checks: view.checks.into_iter().map(Into::into).collect(),
            lag_us: view.lag_us,
            latency_us: view.latency_us,
            receiver,
            applier_running: view.applier_running,
            source: view.source,
            follows: view.follows,
            gtid_executed: view.gtid_executed,
            quarantine: view.quarantine.map(|quarantine| Quarantine {
                reason: quarantine.reason,
                errant: quarantine.errant,
                incomplete: quarantine.incomplete,
            }),
            zone: view.zone,
            promotion: rule(view.promotion),
            promotion_until: At::read(view.promotion_until.as_ref()),
            last_seen: At::read(view.last_seen.as_ref()),
            maintenance: view.maintenance.map(Into::into),
            rebuild: view.rebuild.map(Into::into),
            guard: view.guard.map(|guard| Guard {
                instance: guard.instance,
                last_heard: At::read(guard.last_heard.as_ref()),
                lease_ends: At::read(guard.lease_ends.as_ref()),
            }),
        }
    }

    /// Its health in a word.
    pub(crate) fn health(&self) -> (String, Tone) {
        if self.quarantine.is_some() {
            return ("quarantined".to_owned(), Tone::Bad);
        }
        if self.maintenance.is_some() {
            return ("maintenance".to_owned(), Tone::Doubtful);
        }
        match self.checks.iter().map(Check::tone).max() {
            None => ("unknown".to_owned(), Tone::Doubtful),
            Some(Tone::Bad) => ("critical".to_owned(), Tone::Bad),
            Some(Tone::Doubtful) => ("warning".to_owned(), Tone::Doubtful),
            Some(_) => ("passing".to_owned(), Tone::Good),
        }
    }

    /// Whether what is known of it is what it said when it last answered.
    fn silent(&self) -> bool {
        self.last_seen.is_some() && self.latency_us.is_none()
    }

    /// Who may write there, in a word.
    fn writes(&self) -> (String, Tone) {
        let (word, tone) = match self.writability.as_str() {
            "writable" => ("open", Tone::Plain),
            "read_only" => ("privileged", Tone::Doubtful),
            "super_read_only" => ("closed", Tone::Plain),
            _ => ("unknown", Tone::Plain),
        };
        (word.to_owned(), tone)
    }

    fn lag(&self) -> String {
        match (self.lag_us, &self.source) {
            (Some(0), _) => "0 ms".to_owned(),
            (Some(us), _) => time(us),
            (None, Some(_)) => "unknown".to_owned(),
            (None, None) => "-".to_owned(),
        }
    }
}

impl Quarantine {
    fn text(&self) -> String {
        let mut text = self.reason.clone();
        if !text.contains(&self.errant) {
            text = format!("{text}; errant: {}", self.errant);
        }
        if self.incomplete {
            text.push_str("; its data is incomplete until it is rebuilt");
        }
        text
    }
}

impl Guard {
    fn word(&self) -> (String, Tone) {
        let (word, tone) = match (self.lease_ends, self.last_heard) {
            (Some(_), _) => ("bound", Tone::Good),
            (None, Some(_)) => ("free", Tone::Plain),
            (None, None) => ("unheard", Tone::Doubtful),
        };
        (word.to_owned(), tone)
    }

    fn text(&self) -> String {
        let Some(heard) = self.last_heard else {
            return "not heard in this term".to_owned();
        };
        let heard = format!("heard {}", heard.text());
        self.lease_ends.map_or_else(
            || format!("{heard}, not bound to a lease"),
            |ends| {
                let ends = ends.text();
                format!("{heard}; kills the server by {ends} unless its lease is renewed")
            },
        )
    }
}

impl From<v1::HealthCheck> for Check {
    fn from(check: v1::HealthCheck) -> Self {
        Self {
            kind: word(check.kind, v1::CheckKind::as_str_name, "CHECK_KIND_"),
            status: word(check.status, v1::CheckStatus::as_str_name, "CHECK_STATUS_"),
            sentence: check.sentence,
        }
    }
}

impl Check {
    fn tone(&self) -> Tone {
        match self.status.as_str() {
            "passing" => Tone::Good,
            "critical" => Tone::Bad,
            _ => Tone::Doubtful,
        }
    }
}

fn rule(promotion: i32) -> String {
    word(promotion, v1::PromotionRule::as_str_name, "PROMOTION_RULE_")
}

/// A promotion rule, and until when it holds.
fn held(rule: &str, until: Option<At>) -> String {
    until.map_or_else(
        || rule.to_owned(),
        |until| format!("{rule} until {}, then neutral", until.text()),
    )
}

/// What is stored of a node that was changed.
#[derive(Debug, Serialize)]
pub(crate) struct Placed {
    node: String,
    promotion: String,
    promotion_until: Option<At>,
    zone: Option<String>,
}

impl Placed {
    /// Of that node.
    pub(crate) fn new(node: &NodeName, set: v1::SetNodeResponse) -> Self {
        Self {
            node: node.to_string(),
            promotion: rule(set.promotion),
            promotion_until: At::read(set.promotion_until.as_ref()),
            zone: set.zone,
        }
    }
}

impl View for Placed {
    fn text(&self, _: Paint) -> String {
        let zone = self.zone.as_ref();
        let zone = zone.map_or_else(String::new, |zone| format!("; zone {zone}"));
        let held = held(&self.promotion, self.promotion_until);
        format!("{}: promotion rule {held}{zone}.", self.node)
    }
}

/// Whom it follows, as these nodes call it.
fn source(nodes: &[Node], node: &Node) -> String {
    let Some(source) = &node.source else {
        return "-".to_owned();
    };
    let known = nodes.iter().find(|one| one.address == *source);
    known.map_or(source, |node| &node.name).clone()
}

/// A line for each node.
pub(crate) fn nodes_table(nodes: &[Node], paint: Paint) -> String {
    let guarded = nodes.iter().any(|node| node.guard.is_some());
    let agent = |node: &Node| node.guard.as_ref().map_or_else(|| plain("-"), Guard::word);
    let row = |node: &Node| {
        let columns = vec![
            plain(&node.name),
            plain(&node.role),
            plain(source(nodes, node)),
            plain(&node.address),
            node.writes(),
            node.health(),
            plain(node.lag()),
            plain(or_dash(node.latency_us.map(time))),
        ];
        let agent = guarded.then(|| agent(node));
        columns.into_iter().chain(agent).collect()
    };
    let mut head = vec![
        "NODE", "ROLE", "SOURCE", "ADDRESS", "WRITES", "HEALTH", "LAG", "LATENCY",
    ];
    head.extend(guarded.then_some("AGENT"));
    paint.table(&head, nodes.iter().map(row))
}

impl View for Node {
    fn text(&self, paint: Paint) -> String {
        let (health, tone) = self.health();
        let head = format!(
            "{}  {}  {} of {} at {}",
            paint.bold(&self.name),
            paint.tone(&health, tone),
            self.role,
            self.cluster,
            self.address
        );
        let last_seen = self.last_seen.map_or_else(|| "never".to_owned(), At::text);
        let quarantine = self.quarantine.as_ref();
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let known = |word: &str| Some(word.to_owned()).filter(|word| word != "unknown");
        let stored = [
            ("last seen", Some(last_seen)),
            ("quarantine", quarantine.map(Quarantine::text)),
            (
                "rebuild",
                self.rebuild.as_ref().map(|it| it.text(&self.name)),
            ),
            ("agent", self.guard.as_ref().map(Guard::text)),
            ("server uuid", said(&self.server_uuid)),
            ("to follow", self.follows.clone()),
            ("zone", self.zone.clone()),
            (
                "promotion",
                Some(held(&self.promotion, self.promotion_until)),
            ),
        ];
        let gtids = self.gtid_executed.replace('\n', "");
        let seen = [
            ("version", said(&self.version)),
            ("writability", known(&self.writability)),
            ("replication", self.replication()),
            ("response", self.latency_us.map(time)),
            ("gtid executed", said(&gtids)),
        ];
        let lines = |lines: Vec<(&'static str, Option<String>)>| {
            lines
                .into_iter()
                .filter_map(|(name, value)| Some(format!("  {name:<15}{}", value?)))
        };
        let then = self
            .silent()
            .then(|| paint.tone("It does not answer; when last seen:", Tone::Doubtful));
        let checks = self.checks.iter().map(|check| {
            format!(
                "  {:<15}{}: {}",
                check.kind,
                paint.tone(&check.status, check.tone()),
                check.sentence
            )
        });
        std::iter::once(head)
            .chain(lines(stored.into()))
            .chain(then)
            .chain(lines(seen.into()))
            .chain(std::iter::once("Checks:".to_owned()))
            .chain(checks)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Node {
    fn replication(&self) -> Option<String> {
        let source = self.source.as_ref()?;
        let applier = match self.applier_running {
            Some(true) => "running",
            Some(false) => "stopped",
            None => "unknown",
        };
        Some(format!(
            "from {source}, receiver {}, applier {applier}, lag {}",
            self.receiver.as_deref().unwrap_or("unknown"),
            self.lag()
        ))
    }
}

/// Several nodes.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Nodes(pub(crate) Vec<Node>);

impl View for Nodes {
    fn text(&self, paint: Paint) -> String {
        if self.0.is_empty() {
            return "There is no node.".to_owned();
        }
        nodes_table(&self.0, paint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica() -> v1::NodeView {
        v1::NodeView {
            name: "orders-2".to_owned(),
            address: "127.0.0.2:3306".to_owned(),
            server_uuid: "00000000-0000-0000-0000-000000000002".to_owned(),
            version: "9.7.4".to_owned(),
            role: v1::NodeRole::Replica.into(),
            writability: v1::Writability::SuperReadOnly.into(),
            checks: vec![v1::HealthCheck {
                kind: v1::CheckKind::Lag.into(),
                status: v1::CheckStatus::Warning.into(),
                sentence: "How far it is behind is unknown.".to_owned(),
            }],
            receiver: v1::ReceiverState::Connecting.into(),
            applier_running: Some(true),
            source: Some("127.0.0.1:3306".to_owned()),
            gtid_executed: "aaaa:1-5".to_owned(),
            promotion: v1::PromotionRule::Neutral.into(),
            ..v1::NodeView::default()
        }
    }

    #[test]
    fn a_node_is_shown_with_its_checks() {
        assert_eq!(
            Node::new("orders", replica()).text(Paint::off()),
            "\
orders-2  warning  replica of orders at 127.0.0.2:3306
  last seen      never
  server uuid    00000000-0000-0000-0000-000000000002
  promotion      neutral
  version        9.7.4
  writability    super_read_only
  replication    from 127.0.0.1:3306, receiver connecting, applier running, lag unknown
  gtid executed  aaaa:1-5
Checks:
  lag            warning: How far it is behind is unknown."
        );
    }

    #[test]
    fn what_a_silent_node_last_said_does_not_look_current() {
        let silent = v1::NodeView {
            last_seen: Some(lictor_wire::Timestamp::default()),
            ..replica()
        };
        let text = Node::new("orders", silent).text(Paint::off());
        let then = text.find("It does not answer; when last seen:").unwrap();
        assert!(text.find("9.7.4").unwrap() > then, "{text}");
        assert!(text.find("promotion").unwrap() < then, "{text}");
    }

    #[test]
    fn an_agent_is_shown_where_there_is_one() {
        let without = nodes_table(&[Node::new("orders", replica())], Paint::off());
        assert!(!without.contains("AGENT"), "{without}");
        let at = || Some(lictor_wire::Timestamp::default());
        let shown = |last_heard, lease_ends| {
            let guard = v1::Guard {
                instance: "7".to_owned(),
                last_heard,
                lease_ends,
            };
            let guarded = v1::NodeView {
                guard: Some(guard),
                ..replica()
            };
            let node = Node::new("orders", guarded);
            let text = node.text(Paint::off());
            (nodes_table(&[node], Paint::off()), text)
        };
        let (table, text) = shown(at(), at());
        assert!(
            table.contains("AGENT") && table.contains("bound"),
            "{table}"
        );
        let agent = "agent          heard 1970-01-01 00:00:00.000 UTC; kills the server by \
                     1970-01-01 00:00:00.000 UTC unless its lease is renewed";
        assert!(text.contains(agent), "{text}");
        assert!(shown(at(), None).1.contains("not bound to a lease"));
        assert!(shown(None, None).0.contains("unheard"));
    }

    #[test]
    fn a_promotion_rule_says_until_when_it_holds() {
        let set = v1::SetNodeResponse {
            promotion: v1::PromotionRule::MustNot.into(),
            promotion_until: Some(lictor_wire::Timestamp::default()),
            zone: Some("eu-1".to_owned()),
        };
        let node = "orders-2".parse().unwrap();
        assert_eq!(
            Placed::new(&node, set).text(Paint::off()),
            "orders-2: promotion rule must_not until 1970-01-01 00:00:00.000 UTC, then neutral; \
             zone eu-1."
        );
    }

    #[test]
    fn unknown_lag_is_not_zero_and_unknown_health_is_not_passing() {
        let unseen = v1::NodeView {
            source: Some("127.0.0.1:3306".to_owned()),
            ..v1::NodeView::default()
        };
        let node = Node::new("orders", unseen);
        assert_eq!(node.lag(), "unknown");
        assert_eq!(node.health(), ("unknown".to_owned(), Tone::Doubtful));
    }
}
