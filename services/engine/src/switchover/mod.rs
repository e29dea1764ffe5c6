//! One switchover: from the order to the last replica.
//!
//! `Storing → (Clearing) → Nearing → Holding → Closing → CatchingUp → Opening → Settling →
//! Done`, and from anywhere before the opening to `Aborted`, by way of `Undoing`
//! once the old primary may have been closed.
//!
//! - nobody holds before the intent is stored, long transactions are gone, and
//!   the candidate has applied what the primary had committed when it was last
//!   seen: a candidate that does not apply costs no pause;
//! - the candidate is opened only with a [`Fenced`], which is the answer of the
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

mod preflight;
mod undoing;

use std::time::Duration;

use lictor_domain::{
    AbortReason, Endpoint, Epoch, GtidSet, LongTransactions, Mono, NodeAddress, NodeName, Now,
    Order, Phase, Preflight, Problem, ProblemCode, Recovery, RecoveryId, RecoveryKind,
    RecoveryOutcome, Severity,
};

pub use self::preflight::{Facts, preflight};
use crate::fencing::Fenced;
use crate::message::{Act, Command, Done};
use crate::operation::{Next, Operation, Progress};
use crate::settling::Settling;
use crate::story::{Running, Story};
use crate::timing::deadline;
use crate::view::ClusterView;

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

/// The time in which nobody can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pause {
    ends: Mono,
}

impl Pause {
    fn left(self, now: Now) -> Duration {
        self.ends.since(now.mono)
    }
}

/// A closed primary, and what it had committed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Closed {
    fenced: Fenced,
    committed: GtidSet,
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
    /// Who becomes the primary.
    pub candidate: NodeName,
    /// What was found before.
    pub preflight: Preflight,
}

impl Beginning {
    fn record(&self, view: &ClusterView, now: Now) -> Recovery {
        let Order { actor, reason, .. } = &self.order;
        let why = reason.as_ref();
        let why = why.map_or_else(String::new, |reason| format!(": {reason}"));
        Recovery {
            id: self.id,
            cluster: view.cluster.name.clone(),
            kind: RecoveryKind::Switchover,
            epoch: self.epoch,
            started_at: now.wall,
            old_primary: view.cluster.primary.clone(),
            new_primary: Some(self.candidate.clone()),
            verdict: Problem {
                code: ProblemCode::SwitchoverOrdered,
                severity: Severity::Info,
                node: Some(self.candidate.clone()),
                sentence: format!("{actor} wants {} to be the primary{why}", self.candidate),
                response: "Lictor holds writes for a moment and changes the primary".to_owned(),
                evidence: vec![],
            },
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
    /// it is found closed after all, it is Lictor's to open it.
    #[must_use]
    pub fn touched(&self) -> Vec<NodeName> {
        match &self.stage {
            Stage::Storing(_) | Stage::Clearing(_) | Stage::Nearing(_) | Stage::Holding { .. } => {
                vec![]
            }
            _ => vec![self.record().old_primary.clone()],
        }
    }

    /// The new primary, once it accepts writes.
    #[must_use]
    pub const fn opened(&self) -> Option<&Endpoint> {
        match self.settling() {
            Some(settling) => Some(settling.new_primary()),
            None => None,
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
            Done::ReceiverStopped { .. } => self.going(vec![]),
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
        let recovery = self.record().id;
        acts.into_iter()
            .map(|act| Command::Recover { recovery, act })
            .collect()
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
        let failure = result.as_ref().err().map(String::as_str);
        self.story.end(step, failure, now);
        result
    }

    fn intent_stored(mut self, result: Result<(), String>, view: &ClusterView, now: Now) -> Next {
        let Stage::Storing(step) = self.stage else {
            return self.going(vec![]);
        };
        if let Err(error) = self.end(step, result, now) {
            return self.abort(AbortReason::NotDurable { error }, vec![], now);
        }
        let (node, older_than) = (self.old_primary(), self.order.older_than);
        let doing = match self.order.transactions {
            LongTransactions::Refuse => return self.near(view, now),
            LongTransactions::Wait => "wait for the end of",
            LongTransactions::Kill => "end",
        };
        let sentence = format!("{doing} long transactions on {node}");
        self.stage = Stage::Clearing(self.story.begin(Phase::Prepare, sentence, now));
        let act = Act::ClearTransactions {
            node,
            how: self.order.transactions,
            older_than,
            within: deadline::TRANSACTIONS,
        };
        self.going(vec![act])
    }

    fn transactions_cleared(
        mut self,
        result: Result<(), String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::Clearing(step) = self.stage else {
            return self.going(vec![]);
        };
        match self.end(step, result, now) {
            Ok(()) => self.near(view, now),
            Err(error) => self.abort(AbortReason::TransactionsInTheWay { error }, vec![], now),
        }
    }

    fn near(mut self, view: &ClusterView, now: Now) -> Next {
        let node = self.candidate.clone();
        let sentence = format!("{node} applies what it is behind with");
        self.stage = Stage::Nearing(self.story.begin(Phase::Prepare, sentence, now));
        let primary = view.primary().report();
        let holds = primary.map(|report| report.executed.clone());
        let act = Act::CatchUp {
            node,
            holds: holds.unwrap_or_default(),
            within: deadline::NEARING,
        };
        self.going(vec![act])
    }

    /// Half the pause at most is for those who hold; who has not by then is
    /// refused by the closed primary.
    fn hold(mut self, now: Now) -> Next {
        let sentence = "subscribers hold their writes".to_owned();
        let step = self.story.begin(Phase::Hold, sentence, now);
        let pause = Pause {
            ends: now.mono + self.order.pause,
        };
        self.stage = Stage::Holding { pause, step };
        let within = self.order.pause / 2;
        self.going(vec![Act::Hold { within }])
    }

    fn held(mut self, acked: u32, of: u32, view: &ClusterView, now: Now) -> Next {
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

    fn closed(mut self, result: Result<GtidSet, String>, now: Now) -> Next {
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

    fn caught_up(mut self, result: Result<(), String>, now: Now) -> Next {
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

    fn opened_or_not(mut self, result: Result<(), String>, view: &ClusterView, now: Now) -> Next {
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

    fn settle(mut self, history: GtidSet, view: &ClusterView, now: Now) -> Next {
        let name = self.candidate.clone();
        let Some(address) = address(view, &name) else {
            let error = format!("{name} is no longer part of the cluster");
            return self.give_up(AbortReason::PromotionFailed { error }, now);
        };
        let old = self.old_primary();
        let story = &mut self.story;
        let new_primary = Endpoint {
            node: name.clone(),
            address,
        };
        let (mut settling, publish) = Settling::begin(story, new_primary, history, SETTLING, now);
        let mut acts = vec![publish];
        for node in followers(view, &name) {
            acts.push(settling.repoint(story, &node, now));
        }
        acts.push(settling.demote(story, &old, now));
        acts.push(settling.detach(story, now));
        self.stage = Stage::Settling(settling);
        self.going(acts)
    }

    /// Done when nothing is awaited any more, or for long enough.
    fn settled(self, now: Now) -> Next {
        match &self.stage {
            Stage::Settling(settling) if settling.is_over(now.mono) => {
                self.over(RecoveryOutcome::Done, vec![], now)
            }
            _ => self.going(vec![]),
        }
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

/// The replicas that follow the old primary and are fit to follow the new one.
fn followers(view: &ClusterView, new_primary: &NodeName) -> Vec<NodeName> {
    let replicas = view.replicas().filter(|(node, replica)| {
        let report = replica.report().filter(|_| replica.silence.is_none());
        node.name != *new_primary
            && node.quarantine.is_none()
            && !replica.stopped_by_operator()
            && report.is_some_and(|report| view.follows_primary(report))
    });
    replicas.map(|(node, _)| node.name.clone()).collect()
}

#[cfg(test)]
mod tests;
