//! What is found before a switchover, and how it goes on.

use lictor_wire::v1;
use serde::Serialize;

use super::recovery::{Candidate, Story};
use super::word;
use crate::output::{Paint, Tone, View};

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Preflight {
    /// Whether nothing stands in the way.
    pub(crate) clear: bool,
    candidate: Option<String>,
    checks: Vec<Check>,
    candidates: Vec<Candidate>,
}

#[derive(Debug, Serialize)]
struct Check {
    code: String,
    finding: String,
    sentence: String,
}

impl From<v1::SwitchoverClusterResponse> for Preflight {
    fn from(response: v1::SwitchoverClusterResponse) -> Self {
        let checks: Vec<_> = response.checks.into_iter().map(Check::from).collect();
        Self {
            clear: checks.iter().all(|check| check.finding != "blocker"),
            candidate: response.candidate,
            checks,
            candidates: response.candidates.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<v1::Check> for Check {
    fn from(check: v1::Check) -> Self {
        Self {
            finding: word(
                check.finding,
                v1::CheckFinding::as_str_name,
                "CHECK_FINDING_",
            ),
            code: check.code,
            sentence: check.sentence,
        }
    }
}

impl Check {
    fn line(&self, paint: Paint) -> String {
        let tone = match self.finding.as_str() {
            "ok" => Tone::Good,
            "warning" => Tone::Doubtful,
            _ => Tone::Bad,
        };
        let finding = paint.tone(&format!("{:<9}", self.finding), tone);
        format!("  {finding}{:<18}{}", self.code, self.sentence)
    }
}

impl View for Preflight {
    fn text(&self, paint: Paint) -> String {
        let checks = self.checks.iter().map(|check| check.line(paint));
        let mut lines = vec![paint.bold("Before a switchover:")];
        lines.extend(checks);
        lines.push("Candidates:".to_owned());
        lines.extend(self.candidates.iter().map(|one| one.line(paint)));
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
    pub(crate) preflight: Preflight,
    /// What was done.
    pub(crate) story: Story,
}

impl View for Switchover {
    fn text(&self, paint: Paint) -> String {
        self.story.text(paint)
    }
}

#[cfg(test)]
mod tests {
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
        let clear = Preflight::from(response.clone());
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
        let blocked = Preflight::from(response);
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
