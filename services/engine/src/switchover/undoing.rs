//! Giving up before the candidate is known to be open: what was done is undone,
//! the candidate's side first. The old primary is opened again only when the
//! candidate is closed for sure. One that does not answer is powerless when too few
//! follow it to acknowledge: the replicas it has in the tree are stopped for that.

use lictor_domain::{AbortReason, GtidSet, NodeName, Now, Phase, ReceiverState};

use super::{ATTEMPTS, RETRY_PAUSE, Stage, Switchover, Undo, address};
use crate::fencing::Fenced;
use crate::message::Act;
use crate::operation::Next;
use crate::view::ClusterView;

impl Switchover {
    /// Gives up before the candidate is known to be open.
    pub(super) fn give_up(self, reason: AbortReason, now: Now) -> Next {
        match &self.stage {
            Stage::Opening { .. } => self.withdraw(reason, 1, now),
            Stage::Closing { .. } | Stage::CatchingUp { .. } => self.reopen(reason, 1, false, now),
            _ => self.abort(reason, vec![], now),
        }
    }

    fn withdraw(mut self, reason: AbortReason, attempt: u32, now: Now) -> Next {
        let node = self.candidate.clone();
        let sentence = format!("close {node} again");
        let step = self.story.begin(Phase::Undo, sentence, now);
        let undo = Undo::Withdrawing {
            step,
            attempt,
            again_at: None,
        };
        self.stage = Stage::Undoing { reason, undo };
        self.going(vec![Act::CloseForcibly { node }])
    }

    pub(super) fn withdrawn(
        mut self,
        result: Result<GtidSet, String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::Undoing {
            reason,
            undo: Undo::Withdrawing { step, attempt, .. },
        } = self.stage.clone()
        else {
            return self.going(vec![]);
        };
        let closed = self.end(step, result, now).is_ok();
        let followers = followers_of(view, &self.candidate);
        let acks = view.cluster.policy.durability.acks() as usize;
        let last = attempt >= ATTEMPTS;
        let powerless = last && followers.len() < acks;
        if closed || powerless || view.node(&self.candidate).refused() {
            return self.reopen(reason, 1, true, now);
        }
        let undo = Undo::Withdrawing {
            step,
            attempt,
            again_at: Some(now.mono + RETRY_PAUSE),
        };
        self.stage = Stage::Undoing { reason, undo };
        if !last || acks == 0 {
            return self.going(vec![]);
        }
        self.freed.extend(followers.iter().cloned());
        let stop = |node| Act::StopReceiver { node };
        self.going(followers.into_iter().map(stop).collect())
    }

    pub(super) fn withdraw_again(self, view: &ClusterView, now: Now) -> Next {
        let Stage::Undoing {
            reason,
            undo:
                Undo::Withdrawing {
                    attempt,
                    again_at: Some(again_at),
                    ..
                },
        } = self.stage.clone()
        else {
            return self.going(vec![]);
        };
        if view.node(&self.candidate).refused() {
            return self.reopen(reason, 1, true, now);
        }
        if now.mono < again_at {
            return self.going(vec![]);
        }
        self.withdraw(reason, attempt + 1, now)
    }

    fn reopen(mut self, reason: AbortReason, attempt: u32, withdrawn: bool, now: Now) -> Next {
        let node = self.old_primary();
        let sentence = format!("open {node} again");
        let step = self.story.begin(Phase::Undo, sentence, now);
        let undo = Undo::Reopening {
            step,
            attempt,
            withdrawn,
        };
        self.stage = Stage::Undoing { reason, undo };
        let fenced = Fenced::nobody_else();
        self.going(vec![Act::Reopen { node, fenced }])
    }

    /// A primary that does not open is tended when this is over, or failed over
    /// when it is lost.
    pub(super) fn reopened(
        mut self,
        result: Result<(), String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::Undoing {
            reason,
            undo:
                Undo::Reopening {
                    step,
                    attempt,
                    withdrawn,
                },
        } = self.stage.clone()
        else {
            return self.going(vec![]);
        };
        let silent = view.primary().silence.is_some();
        if self.end(step, result, now).is_err() && attempt < ATTEMPTS && !silent {
            return self.reopen(reason, attempt + 1, withdrawn, now);
        }
        let source = address(view, &self.old_primary()).filter(|_| withdrawn);
        let node = self.candidate.clone();
        let again = source.map(|source| Act::Follow { node, source });
        self.abort(reason, again.into_iter().collect(), now)
    }
}

/// Who may receive from this node, by its own last word.
fn followers_of(view: &ClusterView, name: &NodeName) -> Vec<NodeName> {
    let address = view.cluster.node(name).map(|node| &node.address);
    let receiving = view.replicas().filter(|(_, seen)| {
        let replication = seen.report().and_then(|report| report.replication.as_ref());
        replication.is_some_and(|replication| {
            replication.receiver != ReceiverState::Stopped && Some(&replication.source) == address
        })
    });
    receiving.map(|(node, _)| node.name.clone()).collect()
}
