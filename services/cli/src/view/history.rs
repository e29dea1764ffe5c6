//! What happened, what is wrong, what was done, and how available clusters were.

use lictor_view::{
    AuditOutcome, AuditRecord, Availability, ClusterAvailability, ClusterProblem, Happening,
};

use super::{of_severity, short};
use crate::output::{Paint, Tone, View, or_dash, plain};

impl View for Vec<Happening> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "nothing of that kind happened".to_owned();
        }
        let row = |it: &Happening| {
            vec![
                plain(short(it.at)),
                plain(it.node.as_ref().unwrap_or(&it.cluster)),
                plain(it.kind.as_str().replace('_', " ")),
                (it.code.clone(), of_severity(it.severity)),
                plain(&it.sentence),
            ]
        };
        let header = ["AT (UTC)", "OF", "KIND", "CODE", "WHAT HAPPENED"];
        paint.table(&header, self.iter().map(row))
    }
}

impl View for Vec<AuditRecord> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "nothing of that kind was done".to_owned();
        }
        let row = |it: &AuditRecord| {
            vec![
                plain(short(it.at)),
                plain(&it.actor),
                plain(or_dash(it.token.clone())),
                plain(or_dash(it.from.clone())),
                plain(&it.action),
                plain(&it.target),
                plain(it.reason.clone().unwrap_or_default()),
                (it.result.clone(), of_outcome(it.outcome)),
            ]
        };
        let header = [
            "AT (UTC)", "ACTOR", "BY TOKEN", "FROM", "ACTION", "TARGET", "REASON", "RESULT",
        ];
        paint.table(&header, self.iter().map(row))
    }
}

const fn of_outcome(outcome: AuditOutcome) -> Tone {
    match outcome {
        AuditOutcome::Done => Tone::Plain,
        AuditOutcome::Refused => Tone::Doubtful,
        AuditOutcome::Denied | AuditOutcome::Unknown => Tone::Bad,
    }
}

impl View for Vec<ClusterProblem> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "no problem is known".to_owned();
        }
        let row = |it: &ClusterProblem| {
            vec![
                plain(&it.cluster),
                (it.problem.code.clone(), of_severity(it.problem.severity)),
                plain(or_dash(it.since.map(short))),
                plain(&it.problem.sentence),
            ]
        };
        let header = ["CLUSTER", "CODE", "SINCE (UTC)", "WHAT IS WRONG"];
        paint.table(&header, self.iter().map(row))
    }
}

fn row(reached: &ClusterAvailability) -> Vec<(String, Tone)> {
    let time = |time: Option<f64>| time.map_or_else(|| "-".to_owned(), |it| format!("{it:.3} s"));
    let percent = reached.availability_percent;
    let percent = percent.map_or_else(|| "unknown".to_owned(), |it| format!("{it:.4} %"));
    let lost = match (reached.rpo_worst_secs, reached.rpo_sentence.as_str()) {
        (None, sentence) if sentence.starts_with("there was no") => "-".to_owned(),
        (None, _) => "unknown".to_owned(),
        (lost, _) => time(lost),
    };
    vec![
        plain(&reached.cluster),
        (percent, kept(reached.availability_met)),
        plain(time(Some(reached.unavailable_secs))),
        plain(reached.failures.to_string()),
        plain(time(reached.mtbf_secs)),
        plain(time(reached.mttr_secs)),
        (time(reached.rto_worst_secs), kept(reached.rto_met)),
        (lost, kept(reached.rpo_met)),
    ]
}

impl View for Availability {
    fn text(&self, paint: Paint) -> String {
        let header = [
            "CLUSTER",
            "AVAILABLE",
            "DOWN",
            "FAILURES",
            "MTBF",
            "MTTR",
            "RTO REACHED",
            "RPO REACHED",
        ];
        let table = paint.table(&header, self.clusters.iter().map(row));
        let range = format!("from {} to {} UTC", short(self.from), short(self.to));
        let formula = self.formula.join("\n");
        format!("{range}\n\n{table}\n\n{formula}")
    }
}

const fn kept(met: Option<bool>) -> Tone {
    match met {
        Some(true) => Tone::Good,
        Some(false) => Tone::Bad,
        None => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::{Timestamp, v1};

    use super::*;

    #[test]
    fn availability_is_shown_with_its_formula_and_what_is_unknown_stays_so() {
        let reached = v1::GetAvailabilityResponse {
            formula: vec!["availability = …".to_owned()],
            clusters: vec![v1::ClusterAvailability {
                cluster: "orders".to_owned(),
                observed_us: 1_000_000_000,
                unavailable_us: 10_000_000,
                availability_percent: Some(99.0),
                failures: 1,
                mttr_us: Some(10_000_000),
                rpo_sentence: "nobody knows".to_owned(),
                ..v1::ClusterAvailability::default()
            }],
            from: Some(Timestamp::default()),
            to: Some(Timestamp::default()),
        };
        let text = Availability::try_from(reached).unwrap().text(Paint::off());
        for part in [
            "orders",
            "99.0000 %",
            "10.000 s",
            "unknown",
            "availability = …",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
