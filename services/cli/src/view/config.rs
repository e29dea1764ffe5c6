//! Versions of the configuration, what they changed, and what a change did.

use lictor_view::{ConfigChange, ConfigDiff, ConfigEdit, ConfigField, ConfigOutcome, ConfigStep};
use serde_json::Value;

use super::{long, short};
use crate::output::{Paint, Tone, View, count, or_dash, plain};

/// A change with each of its fields on a line of its own.
fn change(change: &ConfigChange, paint: Paint) -> String {
    let (sign, tone) = match change.edit {
        ConfigEdit::Added => ("+", Tone::Good),
        ConfigEdit::Removed => ("-", Tone::Bad),
        ConfigEdit::Changed | ConfigEdit::Unknown => ("~", Tone::Doubtful),
    };
    let head = format!("{sign} {} {}", change.kind.replace('_', " "), change.key);
    let mut lines = vec![paint.tone(&head, tone)];
    lines.extend(change.fields.iter().map(field));
    let moves = change.moves.iter().map(|step| {
        let copied = if step.changes_cluster {
            "; its rows are yours to copy"
        } else {
            ""
        };
        format!("    moves {}{copied}", step.sentence)
    });
    lines.extend(moves);
    let redivided = change.redivided.iter();
    lines.extend(redivided.map(|why| format!("    any key may move: {why}")));
    lines.join("\n")
}

fn field(field: &ConfigField) -> String {
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let ConfigField {
        field: path,
        from,
        to,
    } = field;
    match (from.as_ref().map(shown), to.as_ref().map(shown)) {
        (None, Some(to)) => format!("    {path}: {to}"),
        (Some(from), None) => format!("    {path}: {from} → nothing"),
        (from, to) => format!("    {path}: {} → {}", or_dash(from), or_dash(to)),
    }
}

fn listed(changes: &[ConfigChange], paint: Paint) -> String {
    let lines: Vec<_> = changes.iter().map(|it| change(it, paint)).collect();
    lines.join("\n")
}

impl View for ConfigDiff {
    fn text(&self, paint: Paint) -> String {
        if self.changes.is_empty() {
            return format!("nothing differs from version {}", self.from);
        }
        listed(&self.changes, paint)
    }
}

impl View for ConfigStep {
    fn text(&self, paint: Paint) -> String {
        let version = &self.version;
        let title = format!("Version {}", version.version);
        let at = version
            .at
            .map_or_else(String::new, |at| format!(" at {}", long(at)));
        let reason = version.reason.as_deref();
        let reason = reason.map_or_else(String::new, |why| format!(": {why}"));
        format!(
            "{}{at} by {} ({}){reason}\n\n{}",
            paint.bold(&title),
            version.author,
            version.action,
            listed(&self.changes, paint)
        )
    }
}

impl View for Vec<ConfigStep> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "there is no version".to_owned();
        }
        let row = |step: &ConfigStep| {
            let version = &step.version;
            vec![
                plain(version.version.to_string()),
                plain(or_dash(version.at.map(short))),
                plain(&version.author),
                plain(&version.action),
                plain(summary(&step.changes)),
                plain(or_dash(version.reason.clone())),
            ]
        };
        let header = ["VERSION", "AT (UTC)", "AUTHOR", "BY", "CHANGED", "REASON"];
        paint.table(&header, self.iter().map(row))
    }
}

/// The items that changed, by name while they are few.
fn summary(changes: &[ConfigChange]) -> String {
    const FEW: usize = 3;
    if changes.len() > FEW {
        return count(changes.len(), "item");
    }
    let names = changes.iter();
    let names: Vec<_> = names
        .map(|it| format!("{} {}", it.kind.replace('_', " "), it.key))
        .collect();
    or_dash(Some(names.join(", ")).filter(|names| !names.is_empty()))
}

impl View for ConfigOutcome {
    fn text(&self, paint: Paint) -> String {
        if self.changes.is_empty() {
            return format!("version {} says the same: nothing to change", self.base);
        }
        let changes = listed(&self.changes, paint);
        let Some(made) = &self.made else {
            return format!(
                "{changes}\n\nNothing was changed: this would follow version {}.",
                self.base
            );
        };
        let version = paint.bold(&format!("version {}", made.version));
        let revision = self.revision.as_deref().unwrap_or("-");
        let subscribers = usize::try_from(self.subscribers).unwrap_or(usize::MAX);
        format!(
            "{changes}\n\nThis is {version}, in force with revision {revision}; {} of {} have it.",
            self.acked,
            count(subscribers, "subscriber")
        )
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;

    use super::*;

    fn change() -> v1::ConfigChange {
        v1::ConfigChange {
            kind: "hostgroup".to_owned(),
            key: "10".to_owned(),
            edit: v1::ConfigEdit::Changed.into(),
            fields: vec![
                v1::ConfigFieldChange {
                    field: "weight".to_owned(),
                    from: Some("1".to_owned()),
                    to: Some("5".to_owned()),
                },
                v1::ConfigFieldChange {
                    field: "name".to_owned(),
                    from: None,
                    to: Some("\"reports\"".to_owned()),
                },
            ],
            ..v1::ConfigChange::default()
        }
    }

    #[test]
    fn a_change_is_told_with_what_it_did_and_who_has_it() {
        let outcome = v1::ConfigOutcome {
            base: 4,
            made: Some(v1::ConfigVersion {
                version: 5,
                ..v1::ConfigVersion::default()
            }),
            changes: vec![change()],
            revision: Some(v1::Revision { term: 1, n: 8 }),
            subscribers: 2,
            acked: 1,
        };
        let text = ConfigOutcome::from(outcome).text(Paint::off());
        assert_eq!(
            text,
            "~ hostgroup 10\n    weight: 1 → 5\n    name: reports\n\n\
             This is version 5, in force with revision 1.8; 1 of 2 subscribers have it."
        );
    }

    #[test]
    fn what_changes_nothing_says_so() {
        let outcome = v1::ConfigOutcome {
            base: 4,
            ..v1::ConfigOutcome::default()
        };
        let text = ConfigOutcome::from(outcome).text(Paint::off());
        assert_eq!(text, "version 4 says the same: nothing to change");
    }

    #[test]
    fn the_history_names_what_changed_while_that_is_little() {
        let step = |changes: usize| {
            ConfigStep::from(v1::ConfigStep {
                version: Some(v1::ConfigVersion {
                    version: 2,
                    at: None,
                    author: "ada".to_owned(),
                    action: "config.apply".to_owned(),
                    reason: None,
                }),
                changes: vec![change(); changes],
            })
        };
        let text = vec![step(1), step(4)].text(Paint::off());
        assert!(text.contains("hostgroup 10"), "{text}");
        assert!(text.contains("4 items"), "{text}");
    }
}
