//! Nodes and their health.

use lictor_view::{
    At, Check, CheckStatus, Guard, Node, NodePlacement, PromotionRule, Quarantine, ReceiverState,
    Writability,
};

use super::{long, upkeep};
use crate::output::{Paint, Tone, View, or_dash, plain, time};

/// Its health in a word.
pub(crate) fn health(node: &Node) -> (String, Tone) {
    if node.quarantine.is_some() {
        return ("quarantined".to_owned(), Tone::Bad);
    }
    if node.maintenance.is_some() {
        return ("maintenance".to_owned(), Tone::Doubtful);
    }
    match node.checks.iter().map(of_check).max() {
        None => ("unknown".to_owned(), Tone::Doubtful),
        Some(Tone::Bad) => ("critical".to_owned(), Tone::Bad),
        Some(Tone::Doubtful) => ("warning".to_owned(), Tone::Doubtful),
        Some(_) => ("passing".to_owned(), Tone::Good),
    }
}

/// Whether what is known of it is what it said when it last answered.
fn silent(node: &Node) -> bool {
    node.last_seen.is_some() && node.latency_us.is_none()
}

/// Who may write there, in a word.
fn writes(node: &Node) -> (String, Tone) {
    let (word, tone) = match node.writability {
        Writability::Writable => ("open", Tone::Plain),
        Writability::ReadOnly => ("privileged", Tone::Doubtful),
        Writability::SuperReadOnly => ("closed", Tone::Plain),
        Writability::Unknown => ("unknown", Tone::Plain),
    };
    (word.to_owned(), tone)
}

fn lag(node: &Node) -> String {
    match (node.lag_us, &node.source) {
        (Some(0), _) => "0 ms".to_owned(),
        (Some(us), _) => time(us),
        (None, Some(_)) => "unknown".to_owned(),
        (None, None) => "-".to_owned(),
    }
}

fn quarantined(quarantine: &Quarantine) -> String {
    let mut text = quarantine.reason.clone();
    if !text.contains(&quarantine.errant) {
        text = format!("{text}; errant: {}", quarantine.errant);
    }
    if quarantine.incomplete {
        text.push_str("; its data is incomplete until it is rebuilt");
    }
    text
}

/// How its agent stands, in a word.
fn agent(guard: &Guard) -> (String, Tone) {
    let (word, tone) = match (guard.lease_ends, guard.last_heard) {
        (Some(_), _) => ("bound", Tone::Good),
        (None, Some(_)) => ("free", Tone::Plain),
        (None, None) => ("unheard", Tone::Doubtful),
    };
    (word.to_owned(), tone)
}

fn guarded(guard: &Guard) -> String {
    let Some(heard) = guard.last_heard else {
        return "not heard in this term".to_owned();
    };
    let heard = format!("heard {}", long(heard));
    guard.lease_ends.map_or_else(
        || format!("{heard}, not bound to a lease"),
        |ends| {
            let ends = long(ends);
            format!("{heard}; kills the server by {ends} unless its lease is renewed")
        },
    )
}

fn of_check(check: &Check) -> Tone {
    match check.status {
        CheckStatus::Passing => Tone::Good,
        CheckStatus::Critical => Tone::Bad,
        CheckStatus::Warning | CheckStatus::Unknown => Tone::Doubtful,
    }
}

/// A promotion rule, and until when it holds.
fn held(rule: PromotionRule, until: Option<At>) -> String {
    until.map_or_else(
        || rule.to_string(),
        |until| format!("{rule} until {}, then neutral", long(until)),
    )
}

impl View for NodePlacement {
    fn text(&self, _: Paint) -> String {
        let zone = self.zone.as_ref();
        let zone = zone.map_or_else(String::new, |zone| format!("; zone {zone}"));
        let held = held(self.promotion, self.promotion_until);
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
    let agent = |node: &Node| node.guard.as_ref().map_or_else(|| plain("-"), agent);
    let row = |node: &Node| {
        let columns = vec![
            plain(&node.name),
            plain(node.role.as_str()),
            plain(source(nodes, node)),
            plain(&node.address),
            writes(node),
            health(node),
            plain(lag(node)),
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
        let (health, tone) = health(self);
        let head = format!(
            "{}  {}  {} of {} at {}",
            paint.bold(&self.name),
            paint.tone(&health, tone),
            self.role,
            self.cluster,
            self.address
        );
        let last_seen = self.last_seen.map_or_else(|| "never".to_owned(), long);
        let quarantine = self.quarantine.as_ref();
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let known = Some(self.writability).filter(|it| *it != Writability::Unknown);
        let stored = [
            ("last seen", Some(last_seen)),
            ("quarantine", quarantine.map(quarantined)),
            (
                "rebuild",
                self.rebuild
                    .as_ref()
                    .map(|it| upkeep::stand(it, &self.name)),
            ),
            ("agent", self.guard.as_ref().map(guarded)),
            ("server uuid", said(&self.server_uuid)),
            ("to follow", self.follows.clone()),
            ("zone", self.zone.clone()),
            (
                "promotion",
                Some(held(self.promotion, self.promotion_until)),
            ),
        ];
        let gtids = self.gtid_executed.replace('\n', "");
        let seen = [
            ("version", said(&self.version)),
            ("writability", known.map(|it| it.to_string())),
            ("replication", replication(self)),
            ("response", self.latency_us.map(time)),
            ("gtid executed", said(&gtids)),
        ];
        let lines = |lines: Vec<(&'static str, Option<String>)>| {
            lines
                .into_iter()
                .filter_map(|(name, value)| Some(format!("  {name:<15}{}", value?)))
        };
        let then =
            silent(self).then(|| paint.tone("It does not answer; when last seen:", Tone::Doubtful));
        let checks = self.checks.iter().map(|check| {
            format!(
                "  {:<15}{}: {}",
                check.kind.as_str(),
                paint.tone(check.status.as_str(), of_check(check)),
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

fn replication(node: &Node) -> Option<String> {
    let source = node.source.as_ref()?;
    let applier = match node.applier_running {
        Some(true) => "running",
        Some(false) => "stopped",
        None => "unknown",
    };
    let receiver = node.receiver.unwrap_or(ReceiverState::Unknown);
    Some(format!(
        "from {source}, receiver {receiver}, applier {applier}, lag {}",
        lag(node)
    ))
}

impl View for Vec<Node> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "There is no node.".to_owned();
        }
        nodes_table(self, paint)
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;

    use super::*;

    fn replica() -> v1::NodeView {
        v1::NodeView {
            name: "orders-2".to_owned(),
            cluster: "orders".to_owned(),
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
            Node::from(replica()).text(Paint::off()),
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
        let text = Node::from(silent).text(Paint::off());
        let then = text.find("It does not answer; when last seen:").unwrap();
        assert!(text.find("9.7.4").unwrap() > then, "{text}");
        assert!(text.find("promotion").unwrap() < then, "{text}");
    }

    #[test]
    fn an_agent_is_shown_where_there_is_one() {
        let without = nodes_table(&[Node::from(replica())], Paint::off());
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
            let node = Node::from(guarded);
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
        assert_eq!(
            NodePlacement::new("orders-2".to_owned(), set).text(Paint::off()),
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
        let node = Node::from(unseen);
        assert_eq!(lag(&node), "unknown");
        assert_eq!(health(&node), ("unknown".to_owned(), Tone::Doubtful));
    }
}
