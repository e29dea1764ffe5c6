//! A node's variables beside what they should be.

use lictor_view::{Variable, VariableVerdict};

use crate::output::{Paint, Tone, View, or_dash, plain};

/// What is not as it should be comes first.
const fn place(verdict: VariableVerdict) -> (u8, Tone) {
    match verdict {
        VariableVerdict::Differs => (0, Tone::Bad),
        VariableVerdict::Unknown => (1, Tone::Doubtful),
        VariableVerdict::Ok => (2, Tone::Good),
    }
}

impl View for Vec<Variable> {
    fn text(&self, paint: Paint) -> String {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_by_key(|it| place(it.verdict).0);
        let row = |it: &Variable| {
            vec![
                plain(&it.name),
                plain(or_dash(it.value.clone())),
                plain(&it.recommended),
                (it.verdict.to_string(), place(it.verdict).1),
                plain(&it.sentence),
            ]
        };
        let header = ["VARIABLE", "VALUE", "RECOMMENDED", "VERDICT", "WHY"];
        paint.table(&header, all.into_iter().map(row))
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;

    use super::*;

    #[test]
    fn what_differs_comes_first_and_the_rest_stays_in_order() {
        let variable = |name: &str, verdict: v1::VariableVerdict| {
            Variable::from(v1::Variable {
                name: name.to_owned(),
                verdict: verdict.into(),
                recommended: "1".to_owned(),
                sentence: "why".to_owned(),
                ..v1::Variable::default()
            })
        };
        let all = vec![
            variable("a", v1::VariableVerdict::Ok),
            variable("b", v1::VariableVerdict::Unknown),
            variable("c", v1::VariableVerdict::Ok),
            variable("d", v1::VariableVerdict::Differs),
        ];
        assert_eq!(
            all.text(Paint::off()),
            "VARIABLE  VALUE  RECOMMENDED  VERDICT  WHY\n\
             d         -      1            differs  why\n\
             b         -      1            unknown  why\n\
             a         -      1            ok       why\n\
             c         -      1            ok       why"
        );
    }
}
