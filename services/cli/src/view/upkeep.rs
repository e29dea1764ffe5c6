//! What operators do with nodes and clusters: maintenance, pauses, rebuilds.

use chrono::{DateTime, Utc};
use lictor_wire::domain::NodeName;
use lictor_wire::v1;
use serde::Serialize;

use super::{At, word};
use crate::output::{Paint, View};

/// Something that an operator took out of Lictor's hands.
#[derive(Debug, Serialize)]
pub(crate) struct Maintenance {
    owner: String,
    reason: String,
    until: Option<At>,
}

impl From<v1::Maintenance> for Maintenance {
    fn from(maintenance: v1::Maintenance) -> Self {
        Self {
            owner: maintenance.owner,
            reason: maintenance.reason,
            until: At::read(maintenance.until.as_ref()),
        }
    }
}

impl From<v1::Pause> for Maintenance {
    fn from(pause: v1::Pause) -> Self {
        Self {
            owner: pause.owner,
            reason: pause.reason,
            until: At::read(pause.until.as_ref()),
        }
    }
}

impl Maintenance {
    /// It in a line, with the time left.
    pub(crate) fn text(&self) -> String {
        self.text_at(Utc::now())
    }

    fn text_at(&self, now: DateTime<Utc>) -> String {
        let Self { owner, reason, .. } = self;
        let left = match self.until {
            None => "until it is ended".to_owned(),
            Some(At(until)) => {
                let left = (until - now).num_seconds().max(0).cast_unsigned();
                let left = std::time::Duration::from_secs(left);
                format!("{} left", humantime::format_duration(left))
            }
        };
        format!("by {owner}, {left}: {reason}")
    }
}

/// A node that was put into maintenance or taken out of it.
#[derive(Debug, Serialize)]
pub(crate) struct Maintained {
    node: String,
    maintenance: Option<Maintenance>,
}

impl Maintained {
    /// Of that node.
    pub(crate) fn new(node: &NodeName, maintenance: Option<v1::Maintenance>) -> Self {
        Self {
            node: node.to_string(),
            maintenance: maintenance.map(Into::into),
        }
    }
}

impl View for Maintained {
    fn text(&self, _: Paint) -> String {
        let node = &self.node;
        match &self.maintenance {
            Some(maintenance) => format!(
                "{node} is in maintenance {}.\nIt serves no reads, is never promoted, and is \
                 left alone until then.",
                maintenance.text()
            ),
            None => format!("The maintenance of {node} is over; Lictor brings it up again."),
        }
    }
}

/// A rebuild of a node.
#[derive(Debug, Serialize)]
pub(crate) struct Rebuild {
    pub(crate) id: String,
    donor: String,
    actor: String,
    state: String,
    started_at: Option<At>,
    finished_at: Option<At>,
    stage: String,
    copied_bytes: u64,
    estimated_bytes: u64,
    restart_by_hand: bool,
    failure: String,
}

impl From<v1::Rebuild> for Rebuild {
    fn from(rebuild: v1::Rebuild) -> Self {
        Self {
            id: rebuild.id,
            donor: rebuild.donor,
            actor: rebuild.actor,
            state: word(
                rebuild.state,
                v1::RebuildState::as_str_name,
                "REBUILD_STATE_",
            ),
            started_at: At::read(rebuild.started_at.as_ref()),
            finished_at: At::read(rebuild.finished_at.as_ref()),
            stage: rebuild.stage,
            copied_bytes: rebuild.copied_bytes,
            estimated_bytes: rebuild.estimated_bytes,
            restart_by_hand: rebuild.restart_by_hand,
            failure: rebuild.failure,
        }
    }
}

impl Rebuild {
    /// Why it failed, if it did.
    pub(crate) fn failure(&self) -> Option<&str> {
        (self.state == "failed").then_some(self.failure.as_str())
    }

    /// Whether nothing more will happen.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "done" | "failed")
    }

    /// How the rebuild of that node stands, in a line.
    pub(crate) fn text(&self, node: &str) -> String {
        let Self { donor, .. } = self;
        match self.state.as_str() {
            "checking" => format!("asking {node} and {donor} whether they can"),
            "copying" if self.stage.is_empty() => format!("copying the data of {donor}"),
            "copying" => {
                let (copied, of) = (
                    megabytes(self.copied_bytes),
                    megabytes(self.estimated_bytes),
                );
                let stage = self.stage.to_lowercase();
                format!("copying the data of {donor}: {stage}, {copied} of {of} MB")
            }
            "restarting" if self.restart_by_hand => {
                format!(
                    "copied; {node} has shut down and no supervisor starts it: start its mysqld"
                )
            }
            "restarting" => format!("copied; {node} restarts on its new data"),
            "rejoining" => format!("{node} runs on its new data and is made to follow the primary"),
            "done" => format!("done, from {donor}"),
            "failed" => format!("failed: {}", self.failure),
            other => other.to_owned(),
        }
    }
}

/// Whole megabytes, rounded up: a little is not nothing.
const fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// What came of letting a node back.
#[derive(Debug, Serialize)]
pub(crate) struct Rejoined {
    sentence: String,
    injected: String,
}

impl From<v1::RejoinNodeResponse> for Rejoined {
    fn from(response: v1::RejoinNodeResponse) -> Self {
        Self {
            sentence: response.sentence,
            injected: response.injected,
        }
    }
}

impl View for Rejoined {
    fn text(&self, _: Paint) -> String {
        format!("{}.", self.sentence)
    }
}

/// A node that is to follow another.
#[derive(Debug, Serialize)]
pub(crate) struct Repointed {
    sentence: String,
}

impl From<v1::RepointNodeResponse> for Repointed {
    fn from(response: v1::RepointNodeResponse) -> Self {
        Self {
            sentence: response.sentence,
        }
    }
}

impl View for Repointed {
    fn text(&self, _: Paint) -> String {
        format!("{}.", self.sentence)
    }
}

/// A rebuild that has begun, or would.
#[derive(Debug, Serialize)]
pub(crate) struct Rebuilding {
    /// Empty after a dry run.
    pub(crate) id: String,
    node: String,
    donor: String,
    loses: String,
}

impl Rebuilding {
    /// Of that node.
    pub(crate) fn new(node: &NodeName, response: v1::RebuildNodeResponse) -> Self {
        Self {
            id: response.id,
            node: node.to_string(),
            donor: response.donor,
            loses: response.loses,
        }
    }
}

impl View for Rebuilding {
    fn text(&self, _: Paint) -> String {
        let Self { node, donor, .. } = self;
        let what = if self.id.is_empty() {
            format!("{node} would be rebuilt from {donor}")
        } else {
            format!("{node} is rebuilt from {donor}")
        };
        if self.loses.is_empty() {
            format!("{what}; it holds nothing that the primary lacks.")
        } else {
            format!("{what}. Lost is what only {node} holds: {}", self.loses)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_time_left_is_said_in_whole_seconds_and_never_negative() {
        let end = DateTime::UNIX_EPOCH + Duration::from_hours(2);
        let maintenance = Maintenance {
            owner: "ada".to_owned(),
            reason: "a new disk".to_owned(),
            until: Some(At(end)),
        };
        for (now, text) in [
            (0, "by ada, 2h left: a new disk"),
            (9_000, "by ada, 0s left: a new disk"),
        ] {
            let now = DateTime::UNIX_EPOCH + Duration::from_secs(now);
            assert_eq!(maintenance.text_at(now), text);
        }
    }

    #[test]
    fn a_rebuild_tells_how_far_it_is_and_whom_it_waits_for() {
        let rebuild = |change: fn(&mut v1::Rebuild)| {
            let mut rebuild = v1::Rebuild {
                donor: "orders-3".to_owned(),
                state: v1::RebuildState::Copying.into(),
                stage: "FILE COPY".to_owned(),
                copied_bytes: 44_000_001,
                estimated_bytes: 135_000_000,
                ..v1::Rebuild::default()
            };
            change(&mut rebuild);
            Rebuild::from(rebuild)
        };
        assert_eq!(
            rebuild(|_| {}).text("orders-1"),
            "copying the data of orders-3: file copy, 45 of 135 MB"
        );
        let waits = rebuild(|rebuild| {
            rebuild.state = v1::RebuildState::Restarting.into();
            rebuild.restart_by_hand = true;
        });
        assert!(waits.text("orders-1").contains("start its mysqld"));
        let failed = rebuild(|rebuild| {
            rebuild.state = v1::RebuildState::Failed.into();
            rebuild.failure = "no room".to_owned();
        });
        assert_eq!(failed.failure(), Some("no room"));
        assert!(failed.is_over());
    }
}
