//! The writing of a recovery's record: which step began when, and how long it
//! took. It decides nothing.

use std::time::Duration;

use lictor_domain::{Mono, Now, Phase, Recovery, RecoveryOutcome, Step};

/// A recovery's record and its clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) record: Recovery,
    began: Mono,
}

/// A step that runs; given back to [`Story::end`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Running(usize);

impl Story {
    /// A record whose first sign was seen at `began`.
    pub(crate) const fn new(record: Recovery, began: Mono) -> Self {
        Self { record, began }
    }

    fn elapsed(&self, now: Now) -> Duration {
        now.mono.since(self.began)
    }

    /// Writes down a step that runs from now on.
    pub(crate) fn begin(&mut self, phase: Phase, sentence: String, now: Now) -> Running {
        self.record.steps.push(Step {
            phase,
            began: self.elapsed(now),
            took: None,
            sentence,
        });
        Running(self.record.steps.len() - 1)
    }

    /// Writes down how a step ended.
    pub(crate) fn end(&mut self, step: Running, failure: Option<&str>, now: Now) {
        let elapsed = self.elapsed(now);
        if let Some(step) = self.record.steps.get_mut(step.0) {
            step.took = Some(elapsed.saturating_sub(step.began));
            if let Some(why) = failure {
                step.sentence = format!("{}: failed: {why}", step.sentence);
            }
        }
    }

    /// Writes down that a step ended, and why it failed if it did.
    pub(crate) fn conclude<T>(&mut self, step: Running, result: &Result<T, String>, now: Now) {
        let failure = result.as_ref().err().map(String::as_str);
        self.end(step, failure, now);
    }

    /// Adds what became known at the end of a step.
    pub(crate) fn append(&mut self, step: Running, more: &str) {
        if let Some(step) = self.record.steps.get_mut(step.0) {
            step.sentence.push_str(more);
        }
    }

    /// Writes down a step that took no time of its own.
    pub(crate) fn note(&mut self, phase: Phase, sentence: String, now: Now) {
        let step = self.begin(phase, sentence, now);
        self.end(step, None, now);
    }

    /// The finished record. Steps nobody waited for are closed.
    pub(crate) fn close(mut self, outcome: RecoveryOutcome, now: Now) -> Recovery {
        let elapsed = self.elapsed(now);
        for step in &mut self.record.steps {
            step.took
                .get_or_insert_with(|| elapsed.saturating_sub(step.began));
        }
        self.record.outcome = outcome;
        self.record
    }
}
