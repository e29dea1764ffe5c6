//! What operators do with nodes and clusters: maintenance, pauses, rebuilds.

use chrono::{DateTime, Utc};
use lictor_view::{
    At, Maintenance, NodeMaintenance, Rebuild, RebuildReport, RebuildState, RejoinReport,
    RepointReport,
};

use crate::output::{Paint, View};

/// A maintenance or a pause in a line, with the time left.
pub(crate) fn left(maintenance: &Maintenance) -> String {
    left_at(maintenance, Utc::now())
}

fn left_at(maintenance: &Maintenance, now: DateTime<Utc>) -> String {
    let Maintenance { owner, reason, .. } = maintenance;
    let left = match maintenance.until {
        None => "until it is ended".to_owned(),
        Some(At(until)) => {
            let left = (until - now).num_seconds().max(0).cast_unsigned();
            let left = std::time::Duration::from_secs(left);
            format!("{} left", humantime::format_duration(left))
        }
    };
    format!("by {owner}, {left}: {reason}")
}

impl View for NodeMaintenance {
    fn text(&self, _: Paint) -> String {
        let node = &self.node;
        match &self.maintenance {
            Some(maintenance) => format!(
                "{node} is in maintenance {}.\nIt serves no reads, is never promoted, and is \
                 left alone until then.",
                left(maintenance)
            ),
            None => format!("The maintenance of {node} is over; Lictor brings it up again."),
        }
    }
}

/// Why a rebuild failed, if it did.
pub(crate) fn failure(rebuild: &Rebuild) -> Option<&str> {
    (rebuild.state == RebuildState::Failed).then_some(rebuild.failure.as_str())
}

/// How the rebuild of that node stands, in a line.
pub(crate) fn stand(rebuild: &Rebuild, node: &str) -> String {
    let Rebuild { donor, .. } = rebuild;
    match rebuild.state {
        RebuildState::Checking => format!("asking {node} and {donor} whether they can"),
        RebuildState::Copying if rebuild.stage.is_empty() => {
            format!("copying the data of {donor}")
        }
        RebuildState::Copying => {
            let (copied, of) = (
                megabytes(rebuild.copied_bytes),
                megabytes(rebuild.estimated_bytes),
            );
            let stage = rebuild.stage.to_lowercase();
            format!("copying the data of {donor}: {stage}, {copied} of {of} MB")
        }
        RebuildState::Restarting if rebuild.restart_by_hand => {
            format!("copied; {node} has shut down and no supervisor starts it: start its mysqld")
        }
        RebuildState::Restarting => format!("copied; {node} restarts on its new data"),
        RebuildState::Rejoining => {
            format!("{node} runs on its new data and is made to follow the primary")
        }
        RebuildState::Done => format!("done, from {donor}"),
        RebuildState::Failed => format!("failed: {}", rebuild.failure),
        RebuildState::Unknown => "unknown".to_owned(),
    }
}

/// Whole megabytes, rounded up: a little is not nothing.
pub(super) const fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

impl View for RejoinReport {
    fn text(&self, _: Paint) -> String {
        format!("{}.", self.sentence)
    }
}

impl View for RepointReport {
    fn text(&self, _: Paint) -> String {
        format!("{}.", self.sentence)
    }
}

impl View for RebuildReport {
    fn text(&self, _: Paint) -> String {
        let Self { node, donor, .. } = self;
        let what = if self.operation.is_none() {
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

    use lictor_wire::v1;

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
            assert_eq!(left_at(&maintenance, now), text);
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
            stand(&rebuild(|_| {}), "orders-1"),
            "copying the data of orders-3: file copy, 45 of 135 MB"
        );
        let waits = rebuild(|rebuild| {
            rebuild.state = v1::RebuildState::Restarting.into();
            rebuild.restart_by_hand = true;
        });
        assert!(stand(&waits, "orders-1").contains("start its mysqld"));
        let failed = rebuild(|rebuild| {
            rebuild.state = v1::RebuildState::Failed.into();
            rebuild.failure = "no room".to_owned();
        });
        assert_eq!(failure(&failed), Some("no room"));
    }
}
