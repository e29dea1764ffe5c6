//! One failover: from the verdict to the last replica.
//!
//! `Announcing → Fencing → (Electing) → (Gathering) → CatchingUp → Promoting → Settling →
//! Done | Aborted`.
//! Electing takes no time of its own: it happens when the last needed receiver
//! has stopped. Publishing and repointing run side by side in `Settling`.
//!
//! - `Announcing → Fencing` when a store has the intent: a receiver stopped before
//!   would look, to a next leader, as if its operator had stopped it;
//! - `Fencing → CatchingUp` when the fencing proof holds and a winner is elected;
//! - `Fencing → Gathering` when it holds and only a replica that may not be promoted
//!   holds everything; with what that one gives, the election is held again;
//! - `CatchingUp → Promoting` when the winner has applied all it received and
//!   the record that names it is stored in at least one store;
//! - `Promoting → Settling` when the winner accepts writes;
//! - `Settling → Done` when everyone follows, or after a second: who is slower is
//!   tended later, for the new primary may need help before;
//! - any before `Promoting → Aborted`, starting the stopped receivers again;
//!   once a winner may be stored, by way of `Withdrawing`, which first stores
//!   that it is given up. A next leader relies on that: while a stored record
//!   runs and names a winner, the old primary is fenced (`keeper::heritage`).
//!
//! Nothing is opened without a [`Fenced`](crate::fencing::Fenced), and after it is opened nothing is
//! undone. Commands are idempotent; a command that failed to open is repeated a
//! few times, because it may have half succeeded.

mod electing;
mod gathering;
mod giving_up;
mod ordered;
mod promoting;
mod settling;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lictor_domain::{
    AbortReason, Epoch, Mono, NodeAddress, NodeName, Now, Phase, Problem, Recovery, RecoveryId,
    RecoveryKind, RecoveryOutcome, Standing,
};

use self::ordered::Ordered;
use self::promoting::Chosen;
use crate::candidate::{Failed, Stopped};
use crate::message::{Act, Command, Done};
use crate::operation::{Next, Operation, Progress};
use crate::settling::Settling;
use crate::story::{Running, Story};
use crate::timing::deadline;
use crate::view::ClusterView;

/// How long a quorum waits for receivers that are slow to stop.
const STRAGGLERS: Duration = Duration::from_millis(250);
/// How long the end waits for the others to follow: a replica that is slower is
/// tended later, and the new primary may need help before.
const SETTLING: Duration = Duration::from_secs(1);
/// How often opening the candidate is tried.
const PROMOTE_ATTEMPTS: u32 = 3;

/// A failover under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failover {
    story: Story,
    /// The storing of the record that names nobody yet; nobody waits for it.
    begun: Option<Running>,
    intent: Intent,
    /// Set if an operator ordered it.
    ordered: Option<Ordered>,
    /// Replicas whose receivers it stops, but for those an operator had stopped.
    asked: BTreeSet<NodeName>,
    /// Those of them that follow the primary, or another of its replicas: they are
    /// started again when it gives up. Any other source may be a primary deposed before, which must not
    /// get an acknowledging replica back.
    following: BTreeSet<NodeName>,
    /// Who was pointed at another replica, and at what it is pointed again when it
    /// gives up.
    moved: BTreeMap<NodeName, NodeAddress>,
    /// Who did not get what it lacks.
    failed: Failed,
    stage: Stage,
}

/// Whether the record that names the winner is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Intent {
    /// Nobody is chosen yet.
    Unnamed,
    Storing(Running),
    Stored,
    Failed(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// A primary that answers is being closed, by an operator's order.
    Closing { step: Running },
    /// A store has to know of it before it touches a node.
    Announcing,
    /// Receivers are being stopped.
    Fencing {
        pending: BTreeMap<NodeName, Running>,
        stopped: Stopped,
        since: Mono,
        /// When the lease of the old primary's agent has run out, once that is
        /// waited for.
        lease_ends: Option<Mono>,
    },
    /// A replica gets what it lacks from one that may not be promoted.
    Gathering {
        pending: gathering::Pending,
        step: Running,
    },
    /// The winner applies what it received.
    CatchingUp {
        chosen: Chosen,
        step: Running,
        /// How much it had applied when it was told to.
        applied: u128,
    },
    /// The winner has applied everything; the storing of its name is awaited.
    Ready { chosen: Chosen },
    /// The winner is being opened.
    Promoting {
        chosen: Chosen,
        step: Running,
        attempt: u32,
    },
    /// The winner is open; the world is told.
    Settling(Settling),
    /// It is given up, and a store has to know that before anything is undone.
    Withdrawing {
        reason: AbortReason,
        step: Running,
        /// When it is tried again; `None` while a try is under way.
        retry_at: Option<Mono>,
    },
}

/// What a failover begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Its identity.
    pub id: RecoveryId,
    /// The epoch it will make.
    pub epoch: Epoch,
    /// Why.
    pub verdict: Problem,
    /// When the first sign was seen.
    pub first_sign: Mono,
}

impl Beginning {
    /// The record as it is at the beginning.
    #[must_use]
    pub fn record(self, view: &ClusterView, now: Now) -> Recovery {
        let detected_in = now.mono.since(self.first_sign);
        Recovery {
            id: self.id,
            cluster: view.cluster.name.clone(),
            kind: RecoveryKind::Failover,
            epoch: self.epoch,
            started_at: now.wall - detected_in,
            old_primary: view.cluster.primary.clone(),
            new_primary: None,
            fencing: None,
            candidates: vec![],
            steps: vec![lictor_domain::Step {
                phase: Phase::Detect,
                began: Duration::ZERO,
                took: Some(detected_in),
                sentence: self.verdict.sentence.clone(),
            }],
            verdict: self.verdict,
            outcome: RecoveryOutcome::Running,
        }
    }
}

impl Failover {
    /// Begins: stores the intent.
    #[must_use]
    pub fn begin(beginning: Beginning, view: &ClusterView, now: Now) -> (Self, Vec<Command>) {
        let (failover, intent) = Self::start(beginning, view, now);
        let commands = failover.commands(vec![intent]);
        (failover, commands)
    }

    /// A failover that has done nothing yet, and the storing of its intent.
    fn start(beginning: Beginning, view: &ClusterView, now: Now) -> (Self, Act) {
        let first_sign = beginning.first_sign;
        let mut story = Story::new(beginning.record(view, now), first_sign);
        let begun = story.begin(Phase::Fence, "store the intent".to_owned(), now);
        let intent = Act::StoreIntent(Box::new(story.record.clone()));
        let failover = Self {
            story,
            begun: Some(begun),
            intent: Intent::Unnamed,
            ordered: None,
            asked: BTreeSet::new(),
            following: BTreeSet::new(),
            moved: BTreeMap::new(),
            failed: Failed::new(),
            stage: Stage::Announcing,
        };
        (failover, intent)
    }

    /// Its record so far.
    #[must_use]
    pub const fn record(&self) -> &Recovery {
        &self.story.record
    }

    /// The replicas whose receivers it stops, which no operator had stopped.
    pub fn asked(&self) -> impl Iterator<Item = &NodeName> {
        self.asked.iter()
    }

    /// Its end, once that has begun.
    pub(crate) const fn settling(&self) -> Option<&Settling> {
        match &self.stage {
            Stage::Settling(settling) => Some(settling),
            _ => None,
        }
    }

    /// When it must be looked at although nothing happens.
    #[must_use]
    pub fn wake_at(&self) -> Option<Mono> {
        match &self.stage {
            Stage::Fencing {
                pending,
                since,
                lease_ends,
                ..
            } if pending.is_empty() => Some(lease_ends.unwrap_or(*since + deadline::PROOF)),
            Stage::Fencing { since, .. } => Some(*since + STRAGGLERS),
            Stage::Settling(settling) => Some(settling.ends()),
            Stage::Withdrawing { retry_at, .. } => *retry_at,
            _ => None,
        }
    }

    /// Takes in the end of a command.
    #[must_use]
    pub fn finished(mut self, done: Done, view: &ClusterView, now: Now) -> Next {
        match done {
            Done::IntentStored { standing, result } => match standing {
                Standing::Begun => self.begin_stored(result, view, now),
                Standing::Chosen => self.winner_stored(result, now),
                Standing::Ended => self.withdrawn(&result, now),
            },
            Done::ReceiverStopped { node, holds } => self.receiver_stopped(&node, holds, view, now),
            Done::Gathered { node, holds } => self.gathered(node, holds, view, now),
            Done::CaughtUp(result) => self.caught_up(result, view, now),
            Done::Closed { result, .. } => self.primary_closed(result, view, now),
            Done::Opened(result) => self.opened_or_not(result, view, now),
            Done::Published { .. } | Done::Repointed { .. } | Done::Detached(_) => {
                if let Stage::Settling(settling) = &mut self.stage {
                    settling.finished(&mut self.story, &done, now);
                }
                self.settled(now)
            }
            // A switchover's.
            Done::TransactionsCleared(_) | Done::Held { .. } | Done::Reopened(_) => {
                self.going(vec![])
            }
        }
    }

    /// Takes in that time has passed.
    #[must_use]
    pub fn ticked(self, view: &ClusterView, now: Now) -> Next {
        match self.stage {
            Stage::Fencing { .. } => self.elect(view, now),
            Stage::Settling(_) => self.settled(now),
            Stage::Withdrawing { retry_at, .. } if retry_at.is_some_and(|at| at <= now.mono) => {
                self.send_withdrawal(now)
            }
            _ => self.going(vec![]),
        }
    }

    /// Takes in that the old primary gave a sign of life: before anything is
    /// opened, that ends the failover.
    #[must_use]
    pub fn primary_answered(self, now: Now) -> Next {
        if self.ordered.is_some() {
            return self.going(vec![]);
        }
        match self.stage {
            Stage::Announcing
            | Stage::Fencing { .. }
            | Stage::Gathering { .. }
            | Stage::CatchingUp { .. }
            | Stage::Ready { .. } => self.abort(AbortReason::PrimaryAnswered, now),
            Stage::Closing { .. }
            | Stage::Promoting { .. }
            | Stage::Settling(_)
            | Stage::Withdrawing { .. } => self.going(vec![]),
        }
    }

    fn commands(&self, acts: Vec<Act>) -> Vec<Command> {
        Command::recover(self.record().id, acts)
    }

    fn going(self, acts: Vec<Act>) -> Next {
        let commands = self.commands(acts);
        let running = Operation::Failover(Box::new(self));
        (Progress::Running(running), commands)
    }

    /// From now on a next leader knows that stopped receivers are Lictor's.
    fn begin_stored(mut self, result: Result<(), String>, view: &ClusterView, now: Now) -> Next {
        if let Some(step) = self.begun.take() {
            self.story.conclude(step, &result, now);
        }
        match (&self.stage, result) {
            (Stage::Announcing, Ok(())) => self.close_or_fence(view, now),
            (Stage::Announcing, Err(error)) => self.abort(AbortReason::NotDurable { error }, now),
            _ => self.going(vec![]),
        }
    }
}

#[cfg(test)]
mod tests;
