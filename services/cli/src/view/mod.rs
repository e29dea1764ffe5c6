//! How answers look as text. What they are is said by `lictor-view`: JSON and YAML
//! are that.

pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod failover;
pub(crate) mod history;
pub(crate) mod keyspace;
pub(crate) mod node;
pub(crate) mod operation;
pub(crate) mod problem;
pub(crate) mod recovery;
pub(crate) mod routing;
pub(crate) mod rule;
pub(crate) mod status;
pub(crate) mod switchover;
pub(crate) mod token;
pub(crate) mod upkeep;
pub(crate) mod variable;

use lictor_view::{At, Finding, Severity};

use crate::output::Tone;

/// A time of day to the millisecond.
fn long(at: At) -> String {
    at.0.format("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}

/// A time of day to the second, for a column that says it is UTC.
fn short(at: At) -> String {
    at.0.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// How bad a problem is; what a newer peer says may be the worst.
const fn of_severity(severity: Severity) -> Tone {
    match severity {
        Severity::Info => Tone::Plain,
        Severity::Warning => Tone::Doubtful,
        Severity::Critical | Severity::Unknown => Tone::Bad,
    }
}

/// A finding as an item of a list, with its remedy. The node is not said twice.
pub(crate) fn finding(found: &Finding) -> String {
    let node = match &found.node {
        Some(node) if !found.sentence.contains(node) => format!("{node}: "),
        _ => String::new(),
    };
    if found.remedy.is_empty() {
        format!("  - {node}{}", found.sentence)
    } else {
        format!("  - {node}{}\n    Remedy: {}", found.sentence, found.remedy)
    }
}
