//! Recoveries: in a line each, and as a story.

use lictor_view::{Candidate, Phase, Recovery, RecoveryKind, RecoveryState, RecoverySummary};

use super::{cluster, long, short};
use crate::output::{Paint, Tone, View, moment, or_dash, plain, time};

/// How much of an id a list shows: the time in it, as a UUID of version 7 begins.
const SHORT_ID: usize = 13;

const fn tone(summary: &RecoverySummary) -> Tone {
    match summary.state {
        RecoveryState::Done => Tone::Good,
        RecoveryState::Aborted => Tone::Bad,
        RecoveryState::Running | RecoveryState::Unknown => Tone::Doubtful,
    }
}

/// How it ended, or that it runs.
fn outcome(summary: &RecoverySummary) -> String {
    let (old, new) = (&summary.old_primary, summary.new_primary.as_deref());
    match (summary.state, new, &summary.abort_reason) {
        (RecoveryState::Done, Some(new), _) => format!("{new} took over from {old}"),
        (RecoveryState::Aborted, _, Some(reason)) => format!("given up: {reason}"),
        (RecoveryState::Running, Some(new), _) => format!("under way from {old} to {new}"),
        (state, _, _) => format!("{state}, old primary {old}"),
    }
}

/// How it ended, in a word: how long nobody could write, when it went well.
fn result(summary: &RecoverySummary) -> (String, Tone) {
    let unwritable = summary.write_pause_us.or(summary.time_to_writable_us);
    let text = match (summary.state, unwritable) {
        (RecoveryState::Done, Some(us)) => format!("in {}", time(us)),
        (state, _) => state.to_string(),
    };
    (text, tone(summary))
}

/// The time in its id, to the millisecond: enough to find it by.
fn short_id(summary: &RecoverySummary) -> &str {
    summary.id.get(..SHORT_ID).unwrap_or(&summary.id)
}

impl View for Vec<RecoverySummary> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "There was no recovery.".to_owned();
        }
        let row = |summary: &RecoverySummary| {
            vec![
                plain(short_id(summary)),
                plain(or_dash(summary.started_at.map(short))),
                plain(&summary.verdict),
                plain(&summary.old_primary),
                plain(or_dash(summary.new_primary.clone())),
                result(summary),
            ]
        };
        paint.table(
            &["ID", "BEGAN (UTC)", "VERDICT", "FROM", "TO", "WRITABLE"],
            self.iter().map(row),
        )
    }
}

/// What an election found about a replica, as an item of a list.
pub(super) fn candidate(candidate: &Candidate, paint: Paint) -> String {
    match candidate.rank {
        Some(rank) => format!("  {rank}. {}: {}", candidate.node, candidate.reason),
        None => format!(
            "  {} {}: {}",
            paint.tone("x.", Tone::Bad),
            candidate.node,
            candidate.rejections.join("; ")
        ),
    }
}

fn phase(phase: &Phase, paint: Paint) -> String {
    let name = format!("{:<13}", phase.name.as_str().replace('_', " "));
    let head = format!("  {}{:>11}", paint.bold(&name), time(phase.took_us));
    let steps = phase.steps.iter().map(|step| {
        let took = step.took_us.map_or_else(|| "running".to_owned(), time);
        let began = format!("+{}", moment(step.began_us));
        format!("  {began:>13}{took:>11}  {}", step.sentence)
    });
    std::iter::once(head)
        .chain(steps)
        .collect::<Vec<_>>()
        .join("\n")
}

impl View for Recovery {
    fn text(&self, paint: Paint) -> String {
        let summary = &self.summary;
        let head = format!(
            "{} of {} at {}, epoch {}: {}.",
            paint.bold(&capitalised(summary.kind.as_str())),
            summary.cluster,
            or_dash(summary.started_at.map(long)),
            summary.epoch,
            paint.tone(&outcome(summary), tone(summary)),
        );
        let after_sign = |us| {
            let after = paint.bold(&time(us));
            format!("\nThe new primary took writes {after} after the first sign.")
        };
        let paused = |us| format!("\nNobody could write for {}.", paint.bold(&time(us)));
        let writable = match (summary.write_pause_us, summary.time_to_writable_us) {
            (Some(us), _) => Some(paused(us)),
            (None, us) => us.map(after_sign),
        };
        let list = |title: &str, lines: Vec<String>| {
            (!lines.is_empty()).then(|| format!("{title}:\n{}", lines.join("\n")))
        };
        let phases = self.phases.iter().map(|it| phase(it, paint)).collect();
        let candidates = self
            .candidates
            .iter()
            .map(|it| candidate(it, paint))
            .collect();
        let since = match summary.kind {
            RecoveryKind::Switchover => "What was done, since the order",
            _ => "What was done, since the first sign",
        };
        let parts = [
            Some(format!("{head}{}", writable.unwrap_or_default())),
            self.problem.as_ref().map(|it| cluster::problem(it, paint)),
            self.fencing.as_ref().map(|fencing| {
                format!("Fencing of {}: {}.", summary.old_primary, fencing.sentence)
            }),
            list(since, phases),
            list("Candidates", candidates),
            Some(format!("Id {}", summary.id)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

#[cfg(test)]
mod tests {
    use lictor_wire::{Timestamp, v1};

    use super::*;

    fn failover() -> v1::Recovery {
        let step = |phase: v1::Phase, began_us, took_us, sentence: &str| v1::Step {
            phase: phase.into(),
            began_us,
            took_us,
            sentence: sentence.to_owned(),
        };
        let span = |phase: v1::Phase, took_us| v1::PhaseSpan {
            phase: phase.into(),
            took_us,
        };
        v1::Recovery {
            summary: Some(v1::RecoverySummary {
                id: "0193a7b2-6c1e-7d3a-8f00-3b1c5d7e9f01".to_owned(),
                cluster: "orders".to_owned(),
                kind: v1::RecoveryKind::Failover.into(),
                epoch: Some(v1::Epoch { term: 2, n: 1 }),
                started_at: Some(Timestamp {
                    seconds: 0,
                    nanos: 5_000_000,
                }),
                old_primary: "orders-1".to_owned(),
                new_primary: Some("orders-3".to_owned()),
                state: v1::RecoveryState::Done.into(),
                abort_reason: None,
                verdict_code: "DeadPrimary".to_owned(),
                time_to_writable_us: Some(24_230),
                write_pause_us: None,
            }),
            verdict: Some(v1::Problem {
                code: "DeadPrimary".to_owned(),
                severity: v1::Severity::Critical.into(),
                node: Some("orders-1".to_owned()),
                sentence: "The process of orders-1 is gone.".to_owned(),
                response: "Failing over.".to_owned(),
                evidence: vec![v1::Evidence {
                    sentence: "the standing connection to orders-1 ended".to_owned(),
                }],
            }),
            fencing: Some(v1::FencingProof {
                code: "process_dead".to_owned(),
                sentence: "its process is dead: its host refuses connections".to_owned(),
            }),
            candidates: vec![
                v1::Candidate {
                    node: "orders-3".to_owned(),
                    received: "aaaa:1-9".to_owned(),
                    rank: Some(1),
                    rejections: vec![],
                    reason: "holds everything acknowledged".to_owned(),
                },
                v1::Candidate {
                    node: "orders-2".to_owned(),
                    received: "aaaa:1-8".to_owned(),
                    rank: None,
                    rejections: vec!["behind orders-3, missing aaaa:9".to_owned()],
                    reason: String::new(),
                },
            ],
            steps: vec![
                step(v1::Phase::Detect, 0, Some(4_000), "asked both replicas"),
                step(v1::Phase::Promote, 20_000, Some(4_230), "opened orders-3"),
                step(
                    v1::Phase::Repoint,
                    24_300,
                    None,
                    "pointed orders-2 at orders-3",
                ),
            ],
            phases: vec![
                span(v1::Phase::Detect, 4_000),
                span(v1::Phase::CatchUp, 120),
                span(v1::Phase::Promote, 4_230),
                span(v1::Phase::Repoint, 0),
            ],
        }
    }

    #[test]
    fn a_recovery_reads_as_a_story() {
        assert_eq!(
            Recovery::from(failover()).text(Paint::off()),
            "\
Failover of orders at 1970-01-01 00:00:00.005 UTC, epoch 2.1: orders-3 took over from orders-1.
The new primary took writes 24.2 ms after the first sign.

DeadPrimary: The process of orders-1 is gone.
  - the standing connection to orders-1 ended
  Failing over.

Fencing of orders-1: its process is dead: its host refuses connections.

What was done, since the first sign:
  detect            4.0 ms
        +0.0 ms     4.0 ms  asked both replicas
  catch up          0.1 ms
  promote           4.2 ms
       +20.0 ms     4.2 ms  opened orders-3
  repoint          <0.1 ms
       +24.3 ms    running  pointed orders-2 at orders-3

Candidates:
  1. orders-3: holds everything acknowledged
  x. orders-2: behind orders-3, missing aaaa:9

Id 0193a7b2-6c1e-7d3a-8f00-3b1c5d7e9f01"
        );
    }

    #[test]
    fn a_list_fits_a_terminal_and_says_how_each_ended() {
        let summary = |state: v1::RecoveryState| v1::RecoverySummary {
            state: state.into(),
            ..failover().summary.unwrap()
        };
        let all = [v1::RecoveryState::Done, v1::RecoveryState::Aborted].map(summary);
        assert_eq!(
            Vec::from(all.map(RecoverySummary::from)).text(Paint::off()),
            "\
ID             BEGAN (UTC)          VERDICT      FROM      TO        WRITABLE
0193a7b2-6c1e  1970-01-01 00:00:00  DeadPrimary  orders-1  orders-3  in 24.2 ms
0193a7b2-6c1e  1970-01-01 00:00:00  DeadPrimary  orders-1  orders-3  aborted"
        );
    }

    #[test]
    fn an_aborted_recovery_says_why() {
        let mut aborted = failover();
        let summary = aborted.summary.as_mut().unwrap();
        summary.state = v1::RecoveryState::Aborted.into();
        summary.abort_reason = Some("the primary gave a sign of life".to_owned());
        let story = Recovery::from(aborted).text(Paint::off());
        assert!(
            story.contains("given up: the primary gave a sign of life."),
            "{story}"
        );
    }
}
