//! The end of a failover that does not open anybody, or cannot know whether it
//! did: what it stopped is started again.
//!
//! Invariant: no receiver is started while a store may hold a running record
//! that names a winner. The next leader takes such a record for the proof that
//! the old primary is still fenced.

use std::time::Duration;

use lictor_domain::{AbortReason, Now, Phase, RecoveryOutcome};

use super::{Failover, Intent, Stage};
use crate::message::{Act, Command};
use crate::operation::{Next, Progress};

/// Between two tries to store that it is given up.
const WITHDRAW_PAUSE: Duration = Duration::from_millis(250);

impl Failover {
    /// Gives up; a winner that may be stored is withdrawn first.
    pub(super) fn abort(mut self, reason: AbortReason, now: Now) -> Next {
        if self.intent == Intent::Unnamed {
            return self.undo(reason, now);
        }
        let sentence = format!("store that it is given up: {reason}");
        let step = self.story.begin(Phase::Fence, sentence, now);
        self.stage = Stage::Withdrawing {
            reason,
            step,
            retry_at: None,
        };
        self.send_withdrawal(now)
    }

    pub(super) fn send_withdrawal(mut self, now: Now) -> Next {
        let Stage::Withdrawing {
            reason, retry_at, ..
        } = &mut self.stage
        else {
            return self.going(vec![]);
        };
        *retry_at = None;
        let outcome = RecoveryOutcome::Aborted {
            reason: reason.clone(),
        };
        let record = self.story.clone().close(outcome, now);
        self.going(vec![Act::StoreIntent(Box::new(record))])
    }

    /// Tried until a store has it: without one this leader does not lead for
    /// long, and the next one finds the record as it was.
    pub(super) fn withdrawn(mut self, result: &Result<(), String>, now: Now) -> Next {
        let Stage::Withdrawing {
            reason,
            step,
            retry_at,
        } = &mut self.stage
        else {
            return self.going(vec![]);
        };
        if result.is_err() {
            *retry_at = Some(now.mono + WITHDRAW_PAUSE);
            return self.going(vec![]);
        }
        let (reason, step) = (reason.clone(), *step);
        self.story.end(step, None, now);
        self.undo(reason, now)
    }

    /// What was stopped is started again, what happened is recorded.
    fn undo(self, reason: AbortReason, now: Now) -> Next {
        let stayed = self.following.iter();
        let stayed = stayed.filter(|node| !self.moved.contains_key(*node));
        let started = stayed.map(|node| Act::StartReceiver { node: node.clone() });
        let returned = self.moved.iter().map(|(node, source)| Act::Repoint {
            node: node.clone(),
            source: source.clone(),
        });
        let mut commands = self.commands(started.chain(returned).collect());
        let record = Box::new(self.story.close(RecoveryOutcome::Aborted { reason }, now));
        commands.push(Command::Record(record.clone()));
        (Progress::Over(record), commands)
    }
}
