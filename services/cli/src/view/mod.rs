//! Answers as they are shown: structures with stable names for JSON and YAML,
//! and their text for people.

pub(crate) mod cluster;
pub(crate) mod failover;
pub(crate) mod node;
pub(crate) mod problem;
pub(crate) mod recovery;
pub(crate) mod routing;
pub(crate) mod status;
pub(crate) mod switchover;
pub(crate) mod upkeep;

use chrono::{DateTime, SecondsFormat, Utc};
use lictor_wire::{Timestamp, instant, v1};
use serde::{Serialize, Serializer};

/// An enum value's word: `MODE_AUTO` is `auto`; `unknown` when it is not said,
/// or newer than this program.
fn word<E: TryFrom<i32>>(number: i32, name: fn(&E) -> &'static str, prefix: &str) -> String {
    let value = E::try_from(number).ok();
    let word = value
        .as_ref()
        .and_then(|value| name(value).strip_prefix(prefix))
        .filter(|word| *word != "UNSPECIFIED");
    word.unwrap_or("UNKNOWN").to_lowercase()
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(pub(crate) DateTime<Utc>);

impl At {
    /// The time of day in a message; none when there is none, or it makes no
    /// sense.
    fn read(timestamp: Option<&Timestamp>) -> Option<Self> {
        timestamp.and_then(|at| instant(at, "").ok()).map(Self)
    }

    fn text(self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
    }

    /// To the second, for a column that says it is UTC.
    fn short(self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Only the time, for lines that follow each other.
    fn clock(self) -> String {
        self.0.format("%H:%M:%S%.3fZ").to_string()
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// An epoch as text, such as `2.1`; a dash when there is none.
fn epoch(epoch: Option<&v1::Epoch>) -> String {
    epoch.map_or_else(
        || "-".to_owned(),
        |epoch| format!("{}.{}", epoch.term, epoch.n),
    )
}

/// A revision as text, such as `2.7`.
fn revision(revision: &v1::Revision) -> String {
    format!("{}.{}", revision.term, revision.n)
}

/// Something found while a request was judged.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    code: String,
    node: Option<String>,
    sentence: String,
    remedy: String,
}

impl From<v1::Finding> for Finding {
    fn from(finding: v1::Finding) -> Self {
        Self {
            code: finding.code,
            node: finding.node,
            sentence: finding.sentence,
            remedy: finding.remedy,
        }
    }
}

impl Finding {
    /// It as an item of a list, with its remedy. The node is not said twice.
    pub(crate) fn text(&self) -> String {
        let node = match &self.node {
            Some(node) if !self.sentence.contains(node) => format!("{node}: "),
            _ => String::new(),
        };
        if self.remedy.is_empty() {
            format!("  - {node}{}", self.sentence)
        } else {
            format!("  - {node}{}\n    Remedy: {}", self.sentence, self.remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enum_value_is_a_word_and_a_newer_one_is_unknown() {
        let mode = |number| word(number, v1::Mode::as_str_name, "MODE_");
        assert_eq!(mode(v1::Mode::Auto.into()), "auto");
        assert_eq!(mode(0), "unknown");
        assert_eq!(mode(99), "unknown");
    }
}
