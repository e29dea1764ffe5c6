//! Operations: in a line each, whole, and what is new of one.

use lictor_view::{Operation, OperationState, Step};

use super::short;
use super::upkeep::megabytes;
use crate::output::{Paint, Tone, View, moment, or_dash, plain, time};

/// So much of an id tells operations apart.
const SHORT_ID: usize = 13;

const fn tone(state: OperationState) -> Tone {
    match state {
        OperationState::Running => Tone::Plain,
        OperationState::Done => Tone::Good,
        OperationState::Failed => Tone::Bad,
        OperationState::Unknown => Tone::Doubtful,
    }
}

/// What it is at, with how much is copied.
fn stage(operation: &Operation) -> Option<String> {
    let stage = operation.stage.as_ref()?.replace('_', " ");
    let copied = operation.copied_bytes.zip(operation.estimated_bytes);
    Some(match copied.filter(|(_, of)| *of > 0) {
        Some((copied, of)) => format!("{stage}, {} of {} MB", megabytes(copied), megabytes(of)),
        None => stage,
    })
}

/// What is new of an operation, a line each: its steps, or what it is at where it
/// has none.
pub(crate) fn progress(before: Option<&Operation>, now: &Operation) -> Vec<String> {
    let told = before.map_or(0, |before| before.steps.len());
    let steps = now.steps.iter().skip(told);
    let mut lines: Vec<_> = steps.map(|step| format!("  {}", step.sentence)).collect();
    if now.steps.is_empty() && stage(now) != before.and_then(stage) {
        lines.extend(stage(now).map(|stage| format!("  {stage}")));
    }
    lines
}

impl View for Vec<Operation> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "There was no operation.".to_owned();
        }
        let row = |it: &Operation| {
            let id = it.id.get(..SHORT_ID).unwrap_or(&it.id);
            vec![
                plain(id),
                plain(or_dash(it.started_at.map(short))),
                (it.state.to_string(), tone(it.state)),
                plain(or_dash(stage(it))),
                plain(&it.sentence),
            ]
        };
        let header = ["ID", "BEGAN (UTC)", "STATE", "AT", "WHAT"];
        paint.table(&header, self.iter().map(row))
    }
}

impl View for Operation {
    fn text(&self, paint: Paint) -> String {
        let head = paint.bold(&self.sentence);
        let facts = [
            (
                "state",
                Some(paint.tone(self.state.as_str(), tone(self.state))),
            ),
            ("at", stage(self)),
            ("began", self.started_at.map(short)),
            ("over", self.finished_at.map(short)),
            ("by", self.actor.clone()),
            ("id", Some(self.id.clone())),
        ];
        let facts = facts
            .into_iter()
            .filter_map(|(name, fact)| Some(format!("  {name:<6}  {}", fact?)));
        let steps = self.steps.iter().map(step);
        let lines = std::iter::once(head).chain(facts).chain(steps);
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn step(step: &Step) -> String {
    let took = step.took_us.map_or_else(|| "runs".to_owned(), time);
    let began = format!("+{}", moment(step.began_us));
    format!("  {began:>10}  {took:>9}  {}", step.sentence)
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;

    use super::*;

    fn rebuild(stage: &str, copied: u64) -> Operation {
        v1::Operation {
            kind: v1::OperationKind::Rebuild.into(),
            state: v1::OperationState::Running.into(),
            stage: Some(stage.to_owned()),
            copied_bytes: (stage == "copying").then_some(copied),
            estimated_bytes: (stage == "copying").then_some(89_000_000),
            sentence: "rebuild of orders-3: its data is replaced by orders-2's".to_owned(),
            ..v1::Operation::default()
        }
        .into()
    }

    fn failover(steps: &[&str]) -> Operation {
        let step = |sentence: &&str| v1::Step {
            sentence: (*sentence).to_owned(),
            began_us: 4_000,
            ..v1::Step::default()
        };
        v1::Operation {
            id: "0193a7b2-6c1e-7000-8000-000000000001".to_owned(),
            state: v1::OperationState::Running.into(),
            stage: Some("catch_up".to_owned()),
            steps: steps.iter().map(step).collect(),
            sentence: "failover of orders: nobody yet".to_owned(),
            ..v1::Operation::default()
        }
        .into()
    }

    #[test]
    fn only_what_is_new_is_told() {
        let (one, two) = (failover(&["fence"]), failover(&["fence", "elect"]));
        assert_eq!(progress(None, &one), ["  fence"]);
        assert_eq!(progress(Some(&one), &two), ["  elect"]);
        assert!(progress(Some(&two), &two).is_empty());

        let (begun, later) = (rebuild("copying", 1), rebuild("copying", 2_000_001));
        assert_eq!(progress(None, &begun), ["  copying, 1 of 89 MB"]);
        assert_eq!(progress(Some(&begun), &later), ["  copying, 3 of 89 MB"]);
        let same = rebuild("copying", 2_000_002);
        assert!(progress(Some(&later), &same).is_empty());
        assert_eq!(
            progress(Some(&later), &rebuild("rejoining", 0)),
            ["  rejoining"]
        );
    }

    #[test]
    fn an_operation_is_a_line_of_a_list_and_is_shown_whole() {
        let all = vec![failover(&[])];
        assert_eq!(
            all.text(Paint::off()),
            "ID             BEGAN (UTC)  STATE    AT        WHAT\n\
             0193a7b2-6c1e  -            running  catch up  failover of orders: nobody yet"
        );
        assert_eq!(
            failover(&["fence"]).text(Paint::off()),
            "failover of orders: nobody yet\n  \
               state   running\n  \
               at      catch up\n  \
               id      0193a7b2-6c1e-7000-8000-000000000001\n     \
                 +4.0 ms       runs  fence"
        );
    }
}
