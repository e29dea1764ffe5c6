//! What is found before a switchover, and how it goes on.

use lictor_view::{CheckFinding, PreflightCheck, Recovery, SwitchoverReport};
use serde::Serialize;

use super::recovery::candidate;
use crate::output::{Paint, Tone, View};

fn line(check: &PreflightCheck, paint: Paint) -> String {
    let tone = match check.finding {
        CheckFinding::Ok => Tone::Good,
        CheckFinding::Warning => Tone::Doubtful,
        CheckFinding::Blocker | CheckFinding::Unknown => Tone::Bad,
    };
    let finding = paint.tone(&format!("{:<9}", check.finding), tone);
    format!("  {finding}{:<18}{}", check.code, check.sentence)
}

impl View for SwitchoverReport {
    fn text(&self, paint: Paint) -> String {
        let checks = self.checks.iter().map(|check| line(check, paint));
        let mut lines = vec![paint.bold("Before a switchover:")];
        lines.extend(checks);
        lines.push("Candidates:".to_owned());
        lines.extend(self.candidates.iter().map(|it| candidate(it, paint)));
        lines.push(match (&self.candidate, self.clear) {
            (Some(candidate), true) => format!("Nothing stands in the way of {candidate}."),
            _ => paint.tone("There is no switchover with a blocker.", Tone::Bad),
        });
        lines.join("\n")
    }
}

/// A switchover that was done or given up.
#[derive(Debug, Serialize)]
pub(crate) struct Switchover {
    /// What was found before.
    pub(crate) preflight: SwitchoverReport,
    /// What was done.
    pub(crate) story: Recovery,
}

impl View for Switchover {
    fn text(&self, paint: Paint) -> String {
        self.story.text(paint)
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;

    use super::*;

    fn check(code: &str, finding: v1::CheckFinding, sentence: &str) -> v1::Check {
        v1::Check {
            code: code.to_owned(),
            finding: finding.into(),
            sentence: sentence.to_owned(),
        }
    }

    #[test]
    fn every_check_is_shown_and_a_blocker_is_said() {
        let mut response = v1::SwitchoverClusterResponse {
            checks: vec![check("Mode", v1::CheckFinding::Ok, "the mode is auto")],
            candidate: Some("orders-2".to_owned()),
            candidates: vec![],
            recovery: None,
        };
        let clear = SwitchoverReport::from(response.clone());
        assert_eq!(
            clear.text(Paint::off()),
            "Before a switchover:\n  \
             ok       Mode              the mode is auto\n\
             Candidates:\n\
             Nothing stands in the way of orders-2."
        );
        let lag = "how far orders-2 is behind is unknown";
        let unknown = check("CandidateLag", v1::CheckFinding::Blocker, lag);
        response.checks.push(unknown);
        let blocked = SwitchoverReport::from(response);
        assert!(!blocked.clear);
        let text = blocked.text(Paint::off());
        assert!(
            text.contains("blocker  CandidateLag      how far"),
            "{text}"
        );
        assert!(
            text.ends_with("There is no switchover with a blocker."),
            "{text}"
        );
    }
}
