//! Hostgroups, query rules, and where a statement goes.

use lictor_view::{Hostgroup, QueryRule, RuleStep, RuleTest, Server};
use lictor_wire::domain::rule;
use serde::Serialize;

use crate::output::{Paint, Tone, View, or_dash, plain};

/// What fills a hostgroup.
fn filling(hostgroup: &Hostgroup) -> String {
    match (&hostgroup.cluster, hostgroup.role) {
        (Some(cluster), Some(role)) => format!("{role} of {cluster}"),
        _ => "listed".to_owned(),
    }
}

impl View for Vec<Hostgroup> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "there is no hostgroup".to_owned();
        }
        let row = |it: &Hostgroup| {
            let servers: Vec<_> = it.servers.iter().map(|one| one.address.as_str()).collect();
            let (servers, tone) = if servers.is_empty() {
                ("nobody".to_owned(), Tone::Bad)
            } else {
                (servers.join(", "), Tone::Plain)
            };
            vec![
                plain(it.id.to_string()),
                plain(&it.name),
                plain(it.kind.as_str()),
                plain(filling(it)),
                (servers, tone),
            ]
        };
        let header = ["HOSTGROUP", "NAME", "KIND", "FILLED BY", "SERVERS"];
        paint.table(&header, self.iter().map(row))
    }
}

impl View for Hostgroup {
    fn text(&self, paint: Paint) -> String {
        let title = paint.bold(&format!("{} {}", self.id, self.name));
        let title = format!("{title}: {}, {}", self.kind, filling(self));
        if self.servers.is_empty() {
            return format!("{title}; nobody fills it now");
        }
        let row = |it: &Server| {
            vec![
                plain(&it.address),
                plain(it.status.as_str().replace('_', " ")),
                plain(it.weight.to_string()),
                plain(it.max_connections.to_string()),
                plain(it.max_replication_lag.to_string()),
            ]
        };
        let header = [
            "SERVER",
            "STATUS",
            "WEIGHT",
            "MAX CONNECTIONS",
            "MAX LAG (S)",
        ];
        format!(
            "{title}\n\n{}",
            paint.table(&header, self.servers.iter().map(row))
        )
    }
}

impl View for Vec<QueryRule> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "there is no query rule".to_owned();
        }
        let row = |rule: &QueryRule| {
            let not = if rule.negate_match_pattern {
                "not "
            } else {
                ""
            };
            let patterns = [
                ("digest", &rule.match_digest),
                ("text", &rule.match_pattern),
            ];
            let patterns = patterns.into_iter().filter_map(|(what, pattern)| {
                pattern
                    .as_ref()
                    .map(|pattern| format!("{what} {not}{pattern}"))
            });
            let names = [("user", &rule.username), ("schema", &rule.schemaname)];
            let names = names
                .into_iter()
                .filter_map(|(what, name)| name.as_ref().map(|name| format!("{what} {name}")));
            let conditions: Vec<_> = patterns.chain(names).collect();
            let conditions = Some(conditions.join(", ")).filter(|all| !all.is_empty());
            let (active, tone) = if rule.active {
                ("yes", Tone::Good)
            } else {
                ("no", Tone::Doubtful)
            };
            vec![
                plain(rule.rule_id.to_string()),
                (active.to_owned(), tone),
                plain(conditions.unwrap_or_else(|| "everything".to_owned())),
                plain(or_dash(rule.destination_hostgroup.map(|id| id.to_string()))),
                plain(if rule.apply { "yes" } else { "no" }),
            ]
        };
        let header = ["RULE", "ACTIVE", "MATCHES", "HOSTGROUP", "APPLY"];
        paint.table(&header, self.iter().map(row))
    }
}

/// Where it goes in the end.
fn end(test: &RuleTest, paint: Paint) -> String {
    let outcome = &test.outcome;
    if let Some(error) = &outcome.error_msg {
        return format!("It is refused: {error}");
    }
    let Some(id) = outcome.destination_hostgroup else {
        let Some(class) = &test.statement else {
            return "No rule says where it goes.".to_owned();
        };
        let who = if class.reads {
            "a replica can answer it"
        } else {
            "it goes to the primary"
        };
        return format!("No rule says where it goes; {who}: {}", class.sentence);
    };
    let by = outcome
        .chosen_by
        .map_or_else(String::new, |rule| format!(" by rule {rule}"));
    let name = outcome.hostgroup_name.as_deref().unwrap_or("unknown");
    let hostgroup = paint.bold(&format!("{id} {name}"));
    format!("It goes to hostgroup {hostgroup}{by}.")
}

impl View for RuleTest {
    fn text(&self, paint: Paint) -> String {
        let row = |step: &RuleStep| {
            let tone = if step.matched {
                Tone::Good
            } else {
                Tone::Plain
            };
            vec![
                plain(step.rule_id.to_string()),
                (step.sentence.clone(), tone),
            ]
        };
        let (digest, end) = (format!("digest: {}", self.digest), end(self, paint));
        if self.steps.is_empty() {
            return format!("{digest}\n\n{end}");
        }
        let table = paint.table(&["RULE", "WHY"], self.steps.iter().map(row));
        format!("{digest}\n\n{table}\n\n{end}")
    }
}

/// Query rules as a document has them.
#[derive(Debug, Serialize)]
pub(crate) struct Written {
    query_rules: Vec<rule::QueryRule>,
}

impl Written {
    /// These rules.
    pub(crate) const fn of(query_rules: Vec<rule::QueryRule>) -> Self {
        Self { query_rules }
    }
}

impl View for Written {
    fn text(&self, _: Paint) -> String {
        // A rule's fields are texts, numbers and truths: YAML has them all.
        let text = serde_norway::to_string(self).unwrap_or_default();
        text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;

    use super::*;

    #[test]
    fn a_tested_statement_is_told_with_every_rule() {
        let step = |rule_id, matched, sentence: &str| v1::RuleStep {
            rule_id,
            matched,
            code: String::new(),
            sentence: sentence.to_owned(),
        };
        let outcome = v1::RuleOutcome {
            destination_hostgroup: Some(10),
            chosen_by: Some(2),
            ..v1::RuleOutcome::default()
        };
        let steps = vec![
            step(1, false, "it is not active"),
            step(2, true, "it matches"),
        ];
        let tested = RuleTest::from(v1::TestRuleResponse {
            explanation: Some(v1::RuleExplanation {
                digest: "SELECT ?".to_owned(),
                steps,
                outcome: Some(outcome),
            }),
            hostgroup_name: Some("writer".to_owned()),
            statement: None,
        });
        assert_eq!(
            tested.text(Paint::off()),
            "digest: SELECT ?\n\nRULE  WHY\n1     it is not active\n2     it matches\n\n\
             It goes to hostgroup 10 writer by rule 2."
        );
    }

    #[test]
    fn a_statement_that_no_rule_sends_anywhere_goes_by_what_it_does() {
        let tested = RuleTest::from(v1::TestRuleResponse {
            explanation: Some(v1::RuleExplanation {
                digest: "SELECT ?".to_owned(),
                ..v1::RuleExplanation::default()
            }),
            hostgroup_name: None,
            statement: Some(v1::StatementClass {
                reads: true,
                code: "read".to_owned(),
                sentence: "it only reads".to_owned(),
            }),
        });
        assert_eq!(
            tested.text(Paint::off()),
            "digest: SELECT ?\n\nNo rule says where it goes; a replica can answer it: it only reads"
        );
    }
}
