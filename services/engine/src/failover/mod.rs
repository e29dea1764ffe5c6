//! One failover: from the verdict to the last replica.
//!
//! `Announcing → Fencing → (Electing) → CatchingUp → Promoting → Settling → Done |
//! Aborted`.
//! Electing takes no time of its own: it happens when the last needed receiver
//! has stopped. Publishing and repointing run side by side in `Settling`.
//!
//! - `Announcing → Fencing` when a store has the intent: a receiver stopped before
//!   would look, to a next leader, as if its operator had stopped it;
//! - `Fencing → CatchingUp` when the fencing proof holds and a winner is elected;
//! - `CatchingUp → Promoting` when the winner has applied all it received and
//!   the record that names it is stored in at least one store;
//! - `Promoting → Settling` when the winner accepts writes;
//! - `Settling → Done` when everyone follows, or after a second: who is slower is
//!   tended later, for the new primary may need help before;
//! - any of the first four `→ Aborted`, starting the stopped receivers again;
//!   once a winner may be stored, by way of `Withdrawing`, which first stores
//!   that it is given up. A next leader relies on that: while a stored record
//!   runs and names a winner, the old primary is fenced (`keeper::heritage`).
//!
//! Nothing is opened without a [`Fenced`], and after it is opened nothing is
//! undone. Commands are idempotent; a command that failed to open is repeated a
//! few times, because it may have half succeeded.

mod giving_up;
mod ordered;
mod settling;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lictor_domain::{
    AbortReason, Endpoint, Epoch, Evidence, GtidRole, GtidSet, Mono, NodeName, Now, Phase, Problem,
    Recovery, RecoveryId, RecoveryKind, RecoveryOutcome, Standing,
};

use self::ordered::Ordered;
use crate::candidate::{self, Stopped, Winner};
use crate::fencing::{self, Fenced};
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
    /// Those of them that follow the primary: they are started again when it
    /// gives up. Another source may be a primary deposed before, which must not
    /// get an acknowledging replica back.
    following: BTreeSet<NodeName>,
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
    },
    /// The winner applies what it received.
    CatchingUp { chosen: Chosen, step: Running },
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

/// The winner with the proof it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chosen {
    fenced: Fenced,
    winner: Winner,
    /// Replicas to point at it. One that holds more than the winner has
    /// diverged: it is not made to follow, but looked at when all is over.
    followers: BTreeSet<NodeName>,
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
            stage: Stage::Announcing,
        };
        (failover, intent)
    }

    fn stop_receivers(&mut self, view: &ClusterView, now: Now) -> Vec<Act> {
        let mut acts = vec![];
        let mut pending = BTreeMap::new();
        let mut asked = BTreeSet::new();
        for (node, replica) in view.replicas() {
            // Also a quarantined one: it may have been made to receive since.
            if replica.silence.is_some() {
                continue;
            }
            let sentence = format!("stop the receiver of {}", node.name);
            let step = self.story.begin(Phase::Fence, sentence, now);
            pending.insert(node.name.clone(), step);
            if node.quarantine.is_none() && !replica.stopped_by_operator() {
                asked.insert(node.name.clone());
            }
            acts.push(Act::StopReceiver {
                node: node.name.clone(),
            });
        }
        self.following = following(view, &asked);
        self.asked.extend(asked);
        self.stage = Stage::Fencing {
            pending,
            stopped: Stopped::new(),
            since: now.mono,
        };
        acts
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

    /// When it must be looked at although nothing happens.
    #[must_use]
    pub fn wake_at(&self) -> Option<Mono> {
        match &self.stage {
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
            Done::CaughtUp(result) => self.caught_up(result, now),
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
            | Stage::CatchingUp { .. }
            | Stage::Ready { .. } => self.abort(AbortReason::PrimaryAnswered, now),
            Stage::Closing { .. }
            | Stage::Promoting { .. }
            | Stage::Settling(_)
            | Stage::Withdrawing { .. } => self.going(vec![]),
        }
    }

    fn commands(&self, acts: Vec<Act>) -> Vec<Command> {
        let recovery = self.story.record.id;
        acts.into_iter()
            .map(|act| Command::Recover { recovery, act })
            .collect()
    }

    fn going(self, acts: Vec<Act>) -> Next {
        let commands = self.commands(acts);
        let running = Operation::Failover(Box::new(self));
        (Progress::Running(running), commands)
    }

    /// From now on a next leader knows that stopped receivers are Lictor's.
    fn begin_stored(mut self, result: Result<(), String>, view: &ClusterView, now: Now) -> Next {
        if let Some(step) = self.begun.take() {
            let failure = result.as_ref().err().map(String::as_str);
            self.story.end(step, failure, now);
        }
        match (&self.stage, result) {
            (Stage::Announcing, Ok(())) => self.fence(view, now),
            (Stage::Announcing, Err(error)) => self.abort(AbortReason::NotDurable { error }, now),
            _ => self.going(vec![]),
        }
    }

    /// Stops every receiver that answers.
    fn fence(mut self, view: &ClusterView, now: Now) -> Next {
        let acts = self.stop_receivers(view, now);
        if acts.is_empty() {
            return self.elect(view, now);
        }
        self.going(acts)
    }

    fn winner_stored(mut self, result: Result<(), String>, now: Now) -> Next {
        if let Intent::Storing(step) = self.intent {
            self.story
                .end(step, result.as_ref().err().map(String::as_str), now);
        }
        self.intent = match result {
            Ok(()) => Intent::Stored,
            Err(error) => Intent::Failed(error),
        };
        self.promote_if_ready(now)
    }

    fn receiver_stopped(
        mut self,
        node: &NodeName,
        holds: Result<GtidSet, String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        if let Stage::Fencing {
            pending, stopped, ..
        } = &mut self.stage
        {
            if let Some(step) = pending.remove(node) {
                self.story
                    .end(step, holds.as_ref().err().map(String::as_str), now);
            }
            stopped.insert(node.clone(), holds);
            return self.elect(view, now);
        }
        // A straggler: it follows the new primary once that is open.
        match &mut self.stage {
            Stage::Settling(settling)
                if holds.is_ok_and(|holds| holds.is_subset_of(settling.history())) =>
            {
                let act = settling.repoint(&mut self.story, node, now);
                self.going(vec![act])
            }
            _ => self.going(vec![]),
        }
    }

    /// Elects once every asked replica has answered, or a quorum has and the
    /// stragglers had their time.
    fn elect(mut self, view: &ClusterView, now: Now) -> Next {
        let Stage::Fencing {
            pending,
            stopped,
            since,
        } = &self.stage
        else {
            return self.going(vec![]);
        };
        let patient = now.mono.since(*since) < STRAGGLERS;
        let answered: BTreeSet<NodeName> = stopped
            .iter()
            .filter(|(_, holds)| holds.is_ok())
            .map(|(node, _)| node.clone())
            .collect();
        let (proof, election) = match &self.ordered {
            Some(ordered) => ordered.judge(view, &answered, stopped),
            None => (
                fencing::prove(view, &answered),
                candidate::elect(view, stopped),
            ),
        };
        if !pending.is_empty() && (patient || proof.is_err() || election.winner.is_err()) {
            return self.going(vec![]);
        }
        let followers = election
            .winner
            .as_ref()
            .map(|winner| within(stopped, winner));
        let followers = followers.unwrap_or_default();
        self.story.record.candidates = election.verdicts;
        let fenced = match proof {
            Ok(fenced) => fenced,
            Err(missing) => {
                let reason = AbortReason::NotFenced { missing: missing.0 };
                return self.abort(reason, now);
            }
        };
        self.story.record.fencing = Some(fenced.proof().clone());
        let fence = format!("the old primary is fenced: {}", fenced.proof());
        self.story.note(Phase::Fence, fence, now);
        self.note_overridden(&election.overridden, now);
        match election.winner {
            Err(blocker) => self.abort(AbortReason::NoViableCandidate { blocker }, now),
            Ok(winner) => self.catch_up(
                Chosen {
                    fenced,
                    winner,
                    followers,
                },
                now,
            ),
        }
    }

    fn catch_up(mut self, chosen: Chosen, now: Now) -> Next {
        let Winner { node, holds } = chosen.winner.clone();
        self.story.record.new_primary = Some(node.clone());
        let received = Evidence::Gtids {
            node: node.clone(),
            role: GtidRole::Received,
            set: holds.clone(),
        };
        self.story
            .note(Phase::Elect, format!("{node} is elected; {received}"), now);
        let sentence = format!("{node} applies all it received");
        let step = self.story.begin(Phase::CatchUp, sentence, now);
        self.stage = Stage::CatchingUp { chosen, step };
        let sentence = format!("store that {node} is chosen");
        let storing = self.story.begin(Phase::CatchUp, sentence, now);
        self.intent = Intent::Storing(storing);
        let chosen = Box::new(self.story.record.clone());
        let catch_up = Act::CatchUp {
            node,
            holds,
            within: deadline::CATCH_UP,
        };
        self.going(vec![Act::StoreIntent(chosen), catch_up])
    }

    fn caught_up(mut self, result: Result<(), String>, now: Now) -> Next {
        let Stage::CatchingUp { chosen, step } = self.stage.clone() else {
            return self.going(vec![]);
        };
        self.story
            .end(step, result.as_ref().err().map(String::as_str), now);
        self.stage = Stage::Ready { chosen };
        match result {
            Ok(()) => self.promote_if_ready(now),
            Err(error) => self.abort(AbortReason::PromotionFailed { error }, now),
        }
    }

    fn promote_if_ready(mut self, now: Now) -> Next {
        let Stage::Ready { chosen } = &self.stage else {
            return self.going(vec![]);
        };
        match &self.intent {
            Intent::Unnamed | Intent::Storing(_) => self.going(vec![]),
            Intent::Failed(error) => {
                let reason = AbortReason::NotDurable {
                    error: error.clone(),
                };
                self.abort(reason, now)
            }
            Intent::Stored => {
                let chosen = chosen.clone();
                let sentence = format!("open {} for writes", chosen.winner.node);
                let step = self.story.begin(Phase::Promote, sentence, now);
                self.stage = Stage::Promoting {
                    chosen,
                    step,
                    attempt: 1,
                };
                self.send_promote()
            }
        }
    }

    fn send_promote(self) -> Next {
        let Stage::Promoting { chosen, .. } = &self.stage else {
            return self.going(vec![]);
        };
        let act = Act::Promote {
            node: chosen.winner.node.clone(),
            fenced: chosen.fenced.clone(),
        };
        self.going(vec![act])
    }

    fn opened_or_not(mut self, result: Result<(), String>, view: &ClusterView, now: Now) -> Next {
        let Stage::Promoting {
            chosen,
            step,
            attempt,
        } = self.stage.clone()
        else {
            return self.going(vec![]);
        };
        match result {
            Ok(()) => {
                self.story.end(step, None, now);
                self.settle(&chosen, view, now)
            }
            Err(_) if attempt < PROMOTE_ATTEMPTS => {
                self.stage = Stage::Promoting {
                    chosen,
                    step,
                    attempt: attempt + 1,
                };
                self.send_promote()
            }
            Err(error) => {
                self.story.end(step, Some(&error), now);
                self.abort(AbortReason::PromotionFailed { error }, now)
            }
        }
    }
}

fn following(view: &ClusterView, asked: &BTreeSet<NodeName>) -> BTreeSet<NodeName> {
    let follows = |node: &&NodeName| {
        let report = view.node(node).report();
        report.is_some_and(|report| view.follows_primary(report))
    };
    asked.iter().filter(follows).cloned().collect()
}

/// The replicas that hold nothing the winner lacks.
fn within(stopped: &Stopped, winner: &Winner) -> BTreeSet<NodeName> {
    let within = |holds: &Result<GtidSet, String>| {
        holds
            .as_ref()
            .is_ok_and(|holds| holds.is_subset_of(&winner.holds))
    };
    stopped
        .iter()
        .filter(|(_, holds)| within(holds))
        .map(|(node, _)| node.clone())
        .collect()
}

#[cfg(test)]
mod tests;
