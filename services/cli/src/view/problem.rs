//! The kinds of problems there are.

use lictor_wire::v1;
use serde::Serialize;

use super::word;
use crate::output::{Paint, Tone, View, plain};

/// One kind of problem.
#[derive(Debug, Serialize)]
pub(crate) struct ProblemKind {
    code: String,
    severity: String,
    meaning: String,
    response: String,
}

impl ProblemKind {
    /// Whether it is the kind of that code, however it is written.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code)
    }

    fn severity(&self) -> (String, Tone) {
        let tone = match self.severity.as_str() {
            "critical" => Tone::Bad,
            "warning" => Tone::Doubtful,
            _ => Tone::Plain,
        };
        (self.severity.clone(), tone)
    }
}

impl From<v1::ProblemKind> for ProblemKind {
    fn from(kind: v1::ProblemKind) -> Self {
        Self {
            severity: word(kind.severity, v1::Severity::as_str_name, "SEVERITY_"),
            code: kind.code,
            meaning: kind.meaning,
            response: kind.response,
        }
    }
}

impl View for ProblemKind {
    fn text(&self, paint: Paint) -> String {
        let (severity, tone) = self.severity();
        format!(
            "{}  {}\n{}\n{}",
            paint.bold(&self.code),
            paint.tone(&severity, tone),
            self.meaning,
            self.response
        )
    }
}

/// Every kind.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ProblemKinds(pub(crate) Vec<ProblemKind>);

impl View for ProblemKinds {
    fn text(&self, paint: Paint) -> String {
        let row =
            |kind: &ProblemKind| vec![plain(&kind.code), kind.severity(), plain(&kind.meaning)];
        paint.table(&["CODE", "SEVERITY", "MEANING"], self.0.iter().map(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_however_its_code_is_written() {
        let kind = ProblemKind::from(v1::ProblemKind {
            code: "DeadPrimary".to_owned(),
            severity: v1::Severity::Critical.into(),
            meaning: "It is gone.".to_owned(),
            response: "Lictor fails over.".to_owned(),
        });
        assert!(kind.is("deadprimary"));
        assert_eq!(
            kind.text(Paint::off()),
            "DeadPrimary  critical\nIt is gone.\nLictor fails over."
        );
    }
}
