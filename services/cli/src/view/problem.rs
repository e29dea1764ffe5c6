//! The kinds of problems there are.

use lictor_view::ProblemKind;

use super::of_severity;
use crate::output::{Paint, View, plain};

impl View for ProblemKind {
    fn text(&self, paint: Paint) -> String {
        let tone = of_severity(self.severity);
        format!(
            "{}  {}\n{}\n{}",
            paint.bold(&self.code),
            paint.tone(self.severity.as_str(), tone),
            self.meaning,
            self.response
        )
    }
}

impl View for Vec<ProblemKind> {
    fn text(&self, paint: Paint) -> String {
        let row = |kind: &ProblemKind| {
            let severity = (kind.severity.to_string(), of_severity(kind.severity));
            vec![plain(&kind.code), severity, plain(&kind.meaning)]
        };
        paint.table(&["CODE", "SEVERITY", "MEANING"], self.iter().map(row))
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;

    use super::*;

    #[test]
    fn a_kind_is_explained_with_what_is_done_about_it() {
        let kind = ProblemKind::from(v1::ProblemKind {
            code: "DeadPrimary".to_owned(),
            severity: v1::Severity::Critical.into(),
            meaning: "It is gone.".to_owned(),
            response: "Lictor fails over.".to_owned(),
        });
        assert_eq!(
            kind.text(Paint::off()),
            "DeadPrimary  critical\nIt is gone.\nLictor fails over."
        );
    }
}
