//! What an ordered failover found before it began.

use lictor_view::FailoverReport;
use serde::Serialize;

use super::finding;
use super::recovery::candidate;
use crate::output::{Paint, Tone, View};

/// What was done at once, and began no recovery.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Done(pub(crate) FailoverReport);

impl View for Done {
    fn text(&self, _: Paint) -> String {
        let steps = self.0.steps.iter().map(|step| format!("  - {step}"));
        let lines: Vec<_> = ["Done:".to_owned()].into_iter().chain(steps).collect();
        lines.join("\n")
    }
}

impl View for FailoverReport {
    fn text(&self, paint: Paint) -> String {
        if let Some(recovery) = &self.operation {
            return format!("Recovery {recovery} has begun:");
        }
        let steps = self.steps.iter().map(|step| format!("  - {step}"));
        let mut lines = vec![];
        if self.blockers.is_empty() {
            lines.push("Nothing stands in the way. A failover would:".to_owned());
        } else {
            lines.push(paint.tone("Nothing would be done:", Tone::Bad));
            lines.extend(self.blockers.iter().map(finding));
            lines.push("Without that, a failover would:".to_owned());
        }
        lines.extend(steps);
        lines.push("Candidates:".to_owned());
        lines.extend(self.candidates.iter().map(|it| candidate(it, paint)));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;

    use super::*;

    #[test]
    fn a_rehearsal_names_what_stands_in_the_way_and_how_to_override_it() {
        let found = FailoverReport::from(v1::FailoverClusterResponse {
            candidate: None,
            candidates: vec![v1::Candidate {
                node: "orders-3".to_owned(),
                rejections: vec!["no answer: it was silent before".to_owned()],
                ..v1::Candidate::default()
            }],
            steps: vec!["stop the receiver of orders-2".to_owned()],
            blockers: vec![v1::Finding {
                code: "NotFenced".to_owned(),
                node: None,
                sentence: "the old primary could not be fenced: orders-3 could not be".to_owned(),
                remedy: "start it, or use --force".to_owned(),
            }],
            recovery: None,
        });
        assert_eq!(
            found.text(Paint::off()),
            "Nothing would be done:\n  \
               - the old primary could not be fenced: orders-3 could not be\n    \
                 Remedy: start it, or use --force\n\
             Without that, a failover would:\n  \
               - stop the receiver of orders-2\n\
             Candidates:\n  \
               x. orders-3: no answer: it was silent before"
        );
    }
}
