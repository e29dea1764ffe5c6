//! Recoveries: in a line each, and as a story.

use lictor_wire::v1;
use serde::Serialize;

use super::cluster::Problem;
use super::{At, epoch, word};
use crate::output::{Paint, Tone, View, moment, or_dash, plain, time};

/// How much of an id a list shows: the time in it, as a UUID of version 7 begins.
const SHORT_ID: usize = 13;

/// A recovery in one line.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) id: String,
    cluster: String,
    kind: String,
    epoch: String,
    started_at: Option<At>,
    old_primary: String,
    new_primary: Option<String>,
    state: String,
    abort_reason: Option<String>,
    verdict: String,
    time_to_writable_us: Option<u64>,
    write_pause_us: Option<u64>,
}

impl From<v1::RecoverySummary> for Summary {
    fn from(summary: v1::RecoverySummary) -> Self {
        Self {
            id: summary.id,
            cluster: summary.cluster,
            kind: word(
                summary.kind,
                v1::RecoveryKind::as_str_name,
                "RECOVERY_KIND_",
            ),
            epoch: epoch(summary.epoch.as_ref()),
            started_at: At::read(summary.started_at.as_ref()),
            old_primary: summary.old_primary,
            new_primary: summary.new_primary,
            state: word(
                summary.state,
                v1::RecoveryState::as_str_name,
                "RECOVERY_STATE_",
            ),
            abort_reason: summary.abort_reason,
            verdict: summary.verdict_code,
            time_to_writable_us: summary.time_to_writable_us,
            write_pause_us: summary.write_pause_us,
        }
    }
}

impl Summary {
    fn tone(&self) -> Tone {
        match self.state.as_str() {
            "done" => Tone::Good,
            "aborted" => Tone::Bad,
            _ => Tone::Doubtful,
        }
    }

    /// How it ended, or that it runs.
    fn outcome(&self) -> String {
        let new = self.new_primary.as_deref();
        match (self.state.as_str(), new, &self.abort_reason) {
            ("done", Some(new), _) => format!("{} took over from {}", new, self.old_primary),
            ("aborted", _, Some(reason)) => format!("given up: {reason}"),
            ("running", Some(new), _) => {
                format!("under way from {} to {new}", self.old_primary)
            }
            (state, _, _) => format!("{state}, old primary {}", self.old_primary),
        }
    }

    /// How it ended, in a word: how long nobody could write, when it went well.
    fn result(&self) -> (String, Tone) {
        let unwritable = self.write_pause_us.or(self.time_to_writable_us);
        let text = match (self.state.as_str(), unwritable) {
            ("done", Some(us)) => format!("in {}", time(us)),
            (state, _) => state.to_owned(),
        };
        (text, self.tone())
    }

    fn began(&self) -> String {
        or_dash(self.started_at.map(At::text))
    }

    /// The time in its id, to the millisecond: enough to find it by.
    fn short_id(&self) -> &str {
        self.id.get(..SHORT_ID).unwrap_or(&self.id)
    }
}

/// Several recoveries.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Summaries(pub(crate) Vec<Summary>);

impl View for Summaries {
    fn text(&self, paint: Paint) -> String {
        if self.0.is_empty() {
            return "There was no recovery.".to_owned();
        }
        let row = |summary: &Summary| {
            vec![
                plain(summary.short_id()),
                plain(or_dash(summary.started_at.map(At::short))),
                plain(&summary.verdict),
                plain(&summary.old_primary),
                plain(or_dash(summary.new_primary.clone())),
                summary.result(),
            ]
        };
        paint.table(
            &["ID", "BEGAN (UTC)", "VERDICT", "FROM", "TO", "WRITABLE"],
            self.0.iter().map(row),
        )
    }
}

/// A recovery in full.
#[derive(Debug, Serialize)]
pub(crate) struct Story {
    #[serde(flatten)]
    summary: Summary,
    problem: Option<Problem>,
    fencing: Option<Fencing>,
    candidates: Vec<Candidate>,
    phases: Vec<Phase>,
}

#[derive(Debug, Serialize)]
struct Fencing {
    proof: String,
    sentence: String,
}

/// What the election found about one replica.
#[derive(Debug, Serialize)]
pub(crate) struct Candidate {
    node: String,
    rank: Option<u32>,
    reason: String,
    rejections: Vec<String>,
    received: String,
}

#[derive(Debug, Serialize)]
struct Phase {
    name: String,
    took_us: u64,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
struct Step {
    began_us: u64,
    took_us: Option<u64>,
    sentence: String,
}

impl From<v1::Recovery> for Story {
    fn from(recovery: v1::Recovery) -> Self {
        let (candidates, steps) = (recovery.candidates.into_iter(), &recovery.steps);
        let phases = recovery.phases.iter().map(|span| Phase {
            name: word(span.phase, v1::Phase::as_str_name, "PHASE_"),
            took_us: span.took_us,
            steps: steps
                .iter()
                .filter(|step| step.phase == span.phase)
                .map(Step::from)
                .collect(),
        });
        Self {
            phases: phases.collect(),
            summary: recovery.summary.unwrap_or_default().into(),
            problem: recovery.verdict.map(Into::into),
            fencing: recovery.fencing.map(|proof| Fencing {
                proof: proof.code,
                sentence: proof.sentence,
            }),
            candidates: candidates.map(Into::into).collect(),
        }
    }
}

impl From<v1::Candidate> for Candidate {
    fn from(candidate: v1::Candidate) -> Self {
        Self {
            node: candidate.node,
            rank: candidate.rank,
            reason: candidate.reason,
            rejections: candidate.rejections,
            received: candidate.received,
        }
    }
}

impl From<&v1::Step> for Step {
    fn from(step: &v1::Step) -> Self {
        Self {
            began_us: step.began_us,
            took_us: step.took_us,
            sentence: step.sentence.clone(),
        }
    }
}

impl Candidate {
    /// It as an item of a list.
    pub(crate) fn line(&self, paint: Paint) -> String {
        match self.rank {
            Some(rank) => format!("  {rank}. {}: {}", self.node, self.reason),
            None => format!(
                "  {} {}: {}",
                paint.tone("x.", Tone::Bad),
                self.node,
                self.rejections.join("; ")
            ),
        }
    }
}

impl Phase {
    fn lines(&self, paint: Paint) -> String {
        let name = format!("{:<13}", self.name.replace('_', " "));
        let head = format!("  {}{:>11}", paint.bold(&name), time(self.took_us));
        let steps = self.steps.iter().map(|step| {
            let took = step.took_us.map_or_else(|| "running".to_owned(), time);
            let began = format!("+{}", moment(step.began_us));
            format!("  {began:>13}{took:>11}  {}", step.sentence)
        });
        std::iter::once(head)
            .chain(steps)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl View for Story {
    fn text(&self, paint: Paint) -> String {
        let summary = &self.summary;
        let head = format!(
            "{} of {} at {}, epoch {}: {}.",
            paint.bold(&capitalised(&summary.kind)),
            summary.cluster,
            summary.began(),
            summary.epoch,
            paint.tone(&summary.outcome(), summary.tone()),
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
        let phases = self.phases.iter().map(|phase| phase.lines(paint)).collect();
        let candidates = self.candidates.iter().map(|one| one.line(paint)).collect();
        let since = match summary.kind.as_str() {
            "switchover" => "What was done, since the order",
            _ => "What was done, since the first sign",
        };
        let parts = [
            Some(format!("{head}{}", writable.unwrap_or_default())),
            self.problem.as_ref().map(|problem| problem.text(paint)),
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
    use lictor_wire::Timestamp;

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
            Story::from(failover()).text(Paint::off()),
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
            Summaries(all.map(Summary::from).into()).text(Paint::off()),
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
        let story = Story::from(aborted).text(Paint::off());
        assert!(
            story.contains("given up: the primary gave a sign of life."),
            "{story}"
        );
    }

    #[test]
    fn json_names_are_stable() {
        let json = serde_json::to_value(Story::from(failover())).unwrap();
        assert_eq!(json["epoch"], "2.1");
        assert_eq!(json["started_at"], "1970-01-01T00:00:00.005Z");
        assert_eq!(json["time_to_writable_us"], 24_230);
        assert_eq!(json["phases"][1]["name"], "catch_up");
        assert_eq!(json["phases"][0]["steps"][0]["took_us"], 4_000);
        assert_eq!(
            json["problem"]["evidence"][0],
            "the standing connection to orders-1 ended"
        );
        assert_eq!(json["candidates"][1]["rank"], serde_json::Value::Null);
    }
}
