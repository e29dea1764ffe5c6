//! The pause, from the hold to the opening of the candidate.

use std::time::Duration;

use lictor_domain::{AbortReason, GtidSet, Mono, Now, Phase};

use super::{ATTEMPTS, Stage, Switchover};
use crate::fencing::Fenced;
use crate::message::Act;
use crate::operation::Next;
use crate::story::Running;
use crate::view::ClusterView;

/// The time in which nobody can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) ends: Mono,
}

impl Pause {
    pub(super) fn left(self, now: Now) -> Duration {
        self.ends.since(now.mono)
    }
}

/// A closed primary, and what it had committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) fenced: Fenced,
    committed: GtidSet,
}

impl Switchover {
    /// Half the pause at most is for those who hold; who has not by then is
    /// refused by the closed primary.
    pub(super) fn hold(mut self, now: Now) -> Next {
        let sentence = "subscribers hold their writes".to_owned();
        let step = self.story.begin(Phase::Hold, sentence, now);
        let pause = Pause {
            ends: now.mono + self.order.pause,
        };
        self.stage = Stage::Holding { pause, step };
        let within = self.order.pause / 2;
        self.going(vec![Act::Hold { within }])
    }

    pub(super) fn held(mut self, acked: u32, of: u32, view: &ClusterView, now: Now) -> Next {
        let Stage::Holding { pause, step } = self.stage else {
            return self.going(vec![]);
        };
        self.story.end(step, None, now);
        self.story.append(step, &format!(": {acked} of {of}"));
        if view.node(&self.candidate).silence.is_some() {
            return self.abort(AbortReason::CandidateLost, vec![], now);
        }
        let node = self.old_primary();
        let sentence = format!("close {node} for writes");
        let step = self.story.begin(Phase::Close, sentence, now);
        self.stage = Stage::Closing { pause, step };
        let within = pause.left(now);
        self.going(vec![Act::Close { node, within }])
    }

    pub(super) fn closed(mut self, result: Result<GtidSet, String>, now: Now) -> Next {
        let Stage::Closing { pause, step } = self.stage else {
            return self.going(vec![]);
        };
        let committed = match self.end(step, result, now) {
            Ok(committed) => committed,
            Err(error) => return self.give_up(AbortReason::NotClosed { error }, now),
        };
        let fenced = Fenced::closed(&committed);
        self.story.record.fencing = Some(fenced.proof().clone());
        let node = self.candidate.clone();
        let sentence = format!("{node} applies all that {} committed", self.old_primary());
        let step = self.story.begin(Phase::CatchUp, sentence, now);
        let act = Act::CatchUp {
            node,
            holds: committed.clone(),
            within: pause.left(now),
        };
        self.stage = Stage::CatchingUp {
            pause,
            step,
            closed: Closed { fenced, committed },
        };
        self.going(vec![act])
    }

    pub(super) fn caught_up(mut self, result: Result<(), String>, now: Now) -> Next {
        if let Stage::Nearing(step) = self.stage {
            return match self.end(step, result, now) {
                Ok(()) => self.hold(now),
                Err(error) => self.abort(AbortReason::NotCaughtUp { error }, vec![], now),
            };
        }
        let Stage::CatchingUp {
            pause,
            step,
            closed,
        } = self.stage.clone()
        else {
            return self.going(vec![]);
        };
        if let Err(error) = self.end(step, result, now) {
            return self.give_up(AbortReason::NotCaughtUp { error }, now);
        }
        let sentence = format!("open {} for writes", self.candidate);
        let step = self.story.begin(Phase::Promote, sentence, now);
        self.open(pause, step, closed, 1)
    }

    fn open(mut self, pause: Pause, step: Running, closed: Closed, attempt: u32) -> Next {
        let act = Act::Promote {
            node: self.candidate.clone(),
            fenced: closed.fenced.clone(),
        };
        self.stage = Stage::Opening {
            pause,
            step,
            closed,
            attempt,
        };
        self.going(vec![act])
    }

    pub(super) fn opened_or_not(
        mut self,
        result: Result<(), String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::Opening {
            pause,
            step,
            closed,
            attempt,
        } = self.stage.clone()
        else {
            return self.going(vec![]);
        };
        match result {
            Ok(()) => {
                self.story.end(step, None, now);
                self.settle(closed.committed, view, now)
            }
            Err(_) if attempt < ATTEMPTS => self.open(pause, step, closed, attempt + 1),
            Err(error) => {
                self.story.end(step, Some(&error), now);
                self.give_up(AbortReason::PromotionFailed { error }, now)
            }
        }
    }
}
