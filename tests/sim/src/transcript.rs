//! What is written down of a run, for a person to read.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use lictor_domain::{GtidSet, NodeName, NodeReport, ProbeOutcome, Replication};
use lictor_engine::message::{Command, Event};

use crate::agenda::{Micros, SECOND};
use crate::words;

/// How a run is written down.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: Option<Vec<String>>,
    /// How the last answer of each node was told; the same is not told twice.
    told: BTreeMap<(NodeName, Asked), String>,
}

/// What a node was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Probe,
    Knock,
}

impl Transcript {
    /// Writes nothing down: telling a seed again costs less.
    #[must_use]
    pub const fn silent() -> Self {
        Self {
            lines: None,
            told: BTreeMap::new(),
        }
    }

    /// Writes everything down.
    #[must_use]
    pub const fn detailed() -> Self {
        Self {
            lines: Some(Vec::new()),
            told: BTreeMap::new(),
        }
    }

    /// Writes a line down; it is only made if it is wanted.
    pub fn note(&mut self, now: Micros, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{} {}", Stamp(now), line()));
        }
    }

    /// Writes an event down, unless it is a probe that saw nothing new.
    pub fn event(&mut self, now: Micros, event: &Event) {
        if self.lines.is_none() {
            return;
        }
        let line = match event {
            Event::Tick => return,
            Event::Probed { node, outcome } => {
                let line = probe(node, outcome);
                let key = (node.clone(), Asked::Probe);
                if self.told.get(&key) == Some(&line) {
                    return;
                }
                self.told.insert(key, line.clone());
                line
            }
            Event::Knocked { node, knock } => {
                let line = format!("knock at {node}: {knock:?}");
                let key = (node.clone(), Asked::Knock);
                if self.told.get(&key) == Some(&line) {
                    return;
                }
                self.told.insert(key, line.clone());
                line
            }
            other => words::event(other),
        };
        self.note(now, || format!("  → {line}"));
    }

    /// Writes a command down, unless it is one of the many questions.
    pub fn command(&mut self, now: Micros, of: &Command) {
        if !matches!(of, Command::Probe { .. } | Command::Knock { .. }) {
            self.note(now, || format!("  ← {}", words::command(of)));
        }
    }

    /// The lines written down.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}

/// A virtual time as seconds with six places.
#[derive(Clone, Copy, Debug)]
pub struct Stamp(pub Micros);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>4}.{:06}", self.0 / SECOND, self.0 % SECOND)
    }
}

fn probe(node: &NodeName, outcome: &ProbeOutcome) -> String {
    match outcome {
        ProbeOutcome::Answered { report, .. } => format!("{node} answers: {}", state(report)),
        other => format!("probe of {node}: {other:?}"),
    }
}

/// A report in few words; how many commits it made is told only roughly.
fn state(report: &NodeReport) -> String {
    let channel = report
        .replication
        .as_ref()
        .map_or_else(String::new, |r: &Replication| {
            let applier = if r.applier_running {
                ""
            } else {
                ", applier stopped"
            };
            format!(", {:?} to {}{applier}", r.receiver, r.source)
        });
    format!("{:?}{channel}", report.writability)
}

/// A set of GTIDs with each server's number in place of its UUID.
#[must_use]
pub fn short(set: &GtidSet) -> String {
    let mut text = String::new();
    for (source, intervals) in set.sources() {
        for interval in intervals {
            let number = source.uuid.as_u128();
            // Writing to a String cannot fail.
            let _ = write!(text, " {number}:{}-{}", interval.start(), interval.end());
        }
    }
    format!("{{{}}}", text.trim_start())
}
