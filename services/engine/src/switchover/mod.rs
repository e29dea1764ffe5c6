//! One switchover: from the order to the last replica.
//!
//! `Storing → (Clearing) → Nearing → Holding → Closing → CatchingUp → Opening → Settling →
//! Done`, and from anywhere before the opening to `Aborted`, by way of `Undoing`
//! once the old primary may have been closed.
//!
//! - nobody holds before the intent is stored, long transactions are gone, and
//!   the candidate has applied what the primary had committed when it was last
//!   seen: a candidate that does not apply costs no pause;
//! - the candidate is opened only with a [`Fenced`](crate::fencing::Fenced), which is the answer of the
//!   closed old primary, and after it has applied all that one had committed;
//! - from the hold to the opening passes no more than the pause allowed; then
//!   everything is undone;
//! - the old primary is opened again only when the candidate is closed for sure:
//!   it was never told to open, it was closed, its process is gone and boots
//!   closed, or nobody follows it and it needs an acknowledgement;
//! - the loss of the old primary ends it for a failover to follow, except while
//!   the candidate may be open, or a hand may still open the old primary: then it
//!   is brought to an end first.
//!
//! Commands are idempotent, and those to one node are carried out in order.

mod pausing;
mod preflight;
mod preparing;
mod settling;
mod undoing;

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_domain::{
    AbortReason, Epoch, Mono, NodeAddress, NodeName, Now, Order, Phase, Preflight, Problem,
    ProblemCode, Recovery, RecoveryId, RecoveryKind, RecoveryOutcome,
};

use self::pausing::{Closed, Pause};
pub use self::preflight::{Facts, preflight};
use crate::message::{Act, Command, Done};
use crate::operation::{Next, Operation, Progress};
use crate::settling::Settling;
use crate::story::{Running, Story};
use crate::view::ClusterView;

/// What is done about its cause.
pub(crate) const RESPONSE: &str = "Lictor holds writes for a moment and changes the primary";
/// How long the end waits for the others to follow. The old primary takes a
/// second to leave its settings, while clients are connected to it.
const SETTLING: Duration = Duration::from_secs(5);
/// How often opening or closing a node is tried.
const ATTEMPTS: u32 = 3;
/// Between two attempts to close a candidate that does not answer.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// A switchover under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switchover {
    story: Story,
    order: Order,
    candidate: NodeName,
    /// Replicas of the candidate whose receivers were stopped to undo it.
    freed: BTreeSet<NodeName>,
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// The intent is being stored.
    Storing(Running),
    /// Long transactions come to their end.
    Clearing(Running),
    /// The candidate applies what it is behind with.
    Nearing(Running),
    /// Subscribers are asked to hold.
    Holding { pause: Pause, step: Running },
    /// The old primary is being closed.
    Closing { pause: Pause, step: Running },
    /// The candidate applies what the closed primary had committed.
    CatchingUp {
        pause: Pause,
        step: Running,
        closed: Closed,
    },
    /// The candidate is being opened.
    Opening {
        pause: Pause,
        step: Running,
        closed: Closed,
        attempt: u32,
    },
    /// The candidate is open; the world is told.
    Settling(Settling),
    /// It is given up; what was done is undone.
    Undoing { reason: AbortReason, undo: Undo },
}

/// What is being undone.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Undo {
    /// The candidate may be open: it is being closed.
    Withdrawing {
        step: Running,
        attempt: u32,
        /// When to try again; `None` while an attempt is under way.
        again_at: Option<Mono>,
    },
    /// The old primary is being opened again.
    Reopening {
        step: Running,
        attempt: u32,
        /// The candidate was withdrawn, and has to follow anew.
        withdrawn: bool,
    },
}

/// What a switchover begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Its identity.
    pub id: RecoveryId,
    /// The epoch it will make.
    pub epoch: Epoch,
    /// What was ordered.
    pub order: Order,
    /// Why, for the record.
    pub cause: Problem,
    /// Who becomes the primary.
    pub candidate: NodeName,
    /// What was found before.
    pub preflight: Preflight,
}

/// An operator's order as the recovery's cause.
#[must_use]
pub fn ordered(order: &Order, candidate: &NodeName) -> Problem {
    let Order { actor, reason, .. } = order;
    let why = reason.as_ref();
    let why = why.map_or_else(String::new, |reason| format!(": {reason}"));
    Problem {
        code: ProblemCode::SwitchoverOrdered,
        severity: ProblemCode::SwitchoverOrdered.severity(),
        node: Some(candidate.clone()),
        sentence: format!("{actor} wants {candidate} to be the primary{why}"),
        response: RESPONSE.to_owned(),
        evidence: vec![],
    }
}

impl Beginning {
    fn record(&self, view: &ClusterView, now: Now) -> Recovery {
        Recovery {
            id: self.id,
            cluster: view.cluster.name.clone(),
            kind: RecoveryKind::Switchover,
            epoch: self.epoch,
            started_at: now.wall,
            old_primary: view.cluster.primary.clone(),
            new_primary: Some(self.candidate.clone()),
            verdict: self.cause.clone(),
            fencing: None,
            candidates: self.preflight.candidates.clone(),
            steps: vec![],
            outcome: RecoveryOutcome::Running,
        }
    }
}

impl Switchover {
    /// Begins: stores the intent, which names the candidate.
    #[must_use]
    pub fn begin(beginning: Beginning, view: &ClusterView, now: Now) -> (Self, Vec<Command>) {
        let mut story = Story::new(beginning.record(view, now), now.mono);
        let step = story.begin(Phase::Prepare, "store the intent".to_owned(), now);
        let act = Act::StoreIntent(Box::new(story.record.clone()));
        let switchover = Self {
            story,
            order: beginning.order,
            candidate: beginning.candidate,
            freed: BTreeSet::new(),
            stage: Stage::Storing(step),
        };
        let commands = switchover.commands(vec![act]);
        (switchover, commands)
    }

    /// Its record so far.
    #[must_use]
    pub const fn record(&self) -> &Recovery {
        &self.story.record
    }

    /// The old primary, once it may have been closed: when this is given up and
    /// it is found closed after all, it is Lictor's to open it. And the replicas
    /// whose receivers were stopped.
    #[must_use]
    pub fn touched(&self) -> Vec<NodeName> {
        match &self.stage {
            Stage::Storing(_) | Stage::Clearing(_) | Stage::Nearing(_) | Stage::Holding { .. } => {
                vec![]
            }
            _ => {
                let old = std::iter::once(&self.record().old_primary);
                old.chain(&self.freed).cloned().collect()
            }
        }
    }

    /// Its end, once that has begun.
    pub(crate) const fn settling(&self) -> Option<&Settling> {
        match &self.stage {
            Stage::Settling(settling) => Some(settling),
            _ => None,
        }
    }

    /// Whether subscribers are to hold their writes now.
    #[must_use]
    pub const fn holds_writes(&self) -> bool {
        !matches!(
            self.stage,
            Stage::Storing(_) | Stage::Clearing(_) | Stage::Nearing(_) | Stage::Settling(_)
        )
    }

    /// When it must be looked at although nothing happens.
    #[must_use]
    pub fn wake_at(&self) -> Option<Mono> {
        match &self.stage {
            Stage::Holding { pause, .. }
            | Stage::Closing { pause, .. }
            | Stage::CatchingUp { pause, .. }
            | Stage::Opening { pause, .. } => Some(pause.ends),
            Stage::Settling(settling) => Some(settling.ends()),
            Stage::Undoing {
                undo: Undo::Withdrawing { again_at, .. },
                ..
            } => *again_at,
            Stage::Storing(_) | Stage::Clearing(_) | Stage::Nearing(_) | Stage::Undoing { .. } => {
                None
            }
        }
    }

    /// Whether the loss of the old primary ends it: not while the candidate may
    /// be open, nor while a hand may still open the old primary.
    #[must_use]
    pub const fn gives_way(&self) -> bool {
        !matches!(self.stage, Stage::Opening { .. } | Stage::Undoing { .. })
    }

    /// Takes in the end of a command. One that was given up meanwhile changes
    /// nothing.
    #[must_use]
    pub fn finished(mut self, done: Done, view: &ClusterView, now: Now) -> Next {
        match done {
            Done::IntentStored { result, .. } => self.intent_stored(result, view, now),
            Done::TransactionsCleared(result) => self.transactions_cleared(result, view, now),
            Done::Held { acked, of } => self.held(acked, of, view, now),
            Done::Closed { node, result } if node == self.candidate => {
                self.withdrawn(result, view, now)
            }
            Done::Closed { result, .. } => self.closed(result, now),
            Done::CaughtUp(result) => self.caught_up(result, now),
            Done::Opened(result) => self.opened_or_not(result, view, now),
            Done::Reopened(result) => self.reopened(result, view, now),
            Done::Published { .. } | Done::Repointed { .. } | Done::Detached(_) => {
                if let Stage::Settling(settling) = &mut self.stage {
                    settling.finished(&mut self.story, &done, now);
                }
                self.settled(now)
            }
            Done::ReceiverStopped { .. } | Done::Gathered { .. } => self.going(vec![]),
        }
    }

    /// Takes in that time has passed.
    #[must_use]
    pub fn ticked(self, view: &ClusterView, now: Now) -> Next {
        let (pause, during) = match &self.stage {
            Stage::Holding { pause, .. } => (*pause, Phase::Hold),
            Stage::Closing { pause, .. } => (*pause, Phase::Close),
            Stage::CatchingUp { pause, .. } => (*pause, Phase::CatchUp),
            Stage::Opening { pause, .. } => (*pause, Phase::Promote),
            Stage::Settling(_) => return self.settled(now),
            Stage::Undoing { .. } => return self.withdraw_again(view, now),
            Stage::Storing(_) | Stage::Clearing(_) | Stage::Nearing(_) => {
                return self.going(vec![]);
            }
        };
        if !pause.left(now).is_zero() {
            return self.going(vec![]);
        }
        let reason = AbortReason::PauseExceeded {
            pause: self.order.pause,
            during,
        };
        self.give_up(reason, now)
    }

    /// Takes in that the old primary is lost: nothing of it can be restored, and
    /// a failover is to follow. One whose candidate is open already is done.
    #[must_use]
    pub fn primary_lost(self, now: Now) -> Next {
        match self.stage {
            Stage::Settling(_) => self.over(RecoveryOutcome::Done, vec![], now),
            _ if self.gives_way() => self.abort(AbortReason::PrimaryLost, vec![], now),
            _ => self.going(vec![]),
        }
    }

    fn commands(&self, acts: Vec<Act>) -> Vec<Command> {
        Command::recover(self.record().id, acts)
    }

    fn going(self, acts: Vec<Act>) -> Next {
        let commands = self.commands(acts);
        let running = Operation::Switchover(Box::new(self));
        (Progress::Running(running), commands)
    }

    fn old_primary(&self) -> NodeName {
        self.record().old_primary.clone()
    }

    /// Writes down how a step ended, and hands on its failure.
    fn end<T>(&mut self, step: Running, result: Result<T, String>, now: Now) -> Result<T, String> {
        self.story.conclude(step, &result, now);
        result
    }

    fn abort(self, reason: AbortReason, acts: Vec<Act>, now: Now) -> Next {
        self.over(RecoveryOutcome::Aborted { reason }, acts, now)
    }

    fn over(self, outcome: RecoveryOutcome, acts: Vec<Act>, now: Now) -> Next {
        let mut commands = self.commands(acts);
        let record = Box::new(self.story.close(outcome, now));
        commands.push(Command::Record(record.clone()));
        (Progress::Over(record), commands)
    }
}

fn address(view: &ClusterView, name: &NodeName) -> Option<NodeAddress> {
    view.cluster.node(name).map(|node| node.address.clone())
}

#[cfg(test)]
mod tests;
