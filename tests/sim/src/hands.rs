//! A model of the hands: one command at a time for each node, each with its
//! deadline, over a network that delays and loses.
//!
//! A command that finds its node hung or cut off fails at its deadline, and may
//! still be carried out when the node goes on or the way is mended: by then its
//! leader has long given it up. An answer can be lost too.

use std::collections::VecDeque;

use lictor_domain::{Epoch, GtidSet, NodeName, ReceiverState, RecoveryId};
use lictor_engine::message::{Act, Care, Done, Event};
use lictor_engine::timing::deadline;

use crate::agenda::{MS, Micros, SECOND, micros};
use crate::conduct;
use crate::flaw::Flaw;
use crate::invariants::{self, Premise};
use crate::leader::Reign;
use crate::mysqld::Process;
use crate::network::{Place, Way};
use crate::world::{Happening, World};

/// How often a node that waits to have applied everything looks.
const WAIT: Micros = 5 * MS;

/// A connection that has lost something is found broken within this.
const KEEPALIVE: Micros = 5 * SECOND;

/// The hand of one node.
#[derive(Debug, Default)]
pub struct Hand {
    queue: VecDeque<Job>,
    busy: bool,
}

/// A command on its way to a node.
#[derive(Clone, Debug)]
pub struct Job {
    /// Who sent it.
    pub reign: Reign,
    /// To whom.
    pub place: Place,
    /// What to do.
    pub work: Work,
    /// The epoch that an opening begins.
    pub epoch: Epoch,
    /// The life of the node that its session is with.
    life: u64,
    /// How many replicas a commit waits for when this opens the node.
    acks: usize,
    /// The first of its statements was carried out.
    begun: bool,
    deadline: Micros,
}

/// What a command does.
#[derive(Clone, Debug)]
pub enum Work {
    /// For a recovery.
    Act(RecoveryId, Act),
    /// Outside any.
    Care(NodeName, Care),
}

impl World {
    /// A recovery's command is put in its node's queue.
    pub fn send_act(&mut self, reign: Reign, recovery: RecoveryId, act: Act) {
        let breach = invariants::promoted_only_fenced::at_command(self, reign, &act)
            .or_else(|| conduct::intent_first::at_command(self, reign, &act));
        if let Some(breach) = breach {
            self.break_off(breach);
        }
        let patience = act.deadline();
        let (Act::StopReceiver { node }
        | Act::CatchUp { node, .. }
        | Act::Gather { node, .. }
        | Act::Close { node, .. }
        | Act::ClearTransactions { node, .. }
        | Act::CloseForcibly { node }
        | Act::Reopen { node, .. }
        | Act::Promote { node, .. }
        | Act::Repoint { node, .. }
        | Act::Demote { node, .. }
        | Act::Follow { node, .. }
        | Act::Detach { node }
        | Act::StartReceiver { node }) = &act
        else {
            return;
        };
        let Some(place) = self.place(node) else {
            return;
        };
        let epoch = self.leader_of(reign).and_then(|leader| {
            let recovery = leader.keeper.recovery()?;
            match act {
                Act::Reopen { .. } => Some(leader.keeper.cluster().epoch),
                _ => Some(recovery.epoch),
            }
        });
        let acks = self.acks_at_opening(reign);
        self.queue(Job {
            reign,
            place,
            work: Work::Act(recovery, act),
            epoch: epoch.unwrap_or_default(),
            life: 0,
            acks,
            begun: false,
            deadline: self.agenda.now() + micros(patience),
        });
    }

    /// Care for a node is put in its queue.
    pub fn send_care(&mut self, reign: Reign, node: &NodeName, care: Care) {
        let patience = match &care {
            Care::Close => deadline::CLOSE,
            Care::Reopen { .. }
            | Care::Enforce(_)
            | Care::StopWaiting
            | Care::LetClientsIn
            | Care::CommitNothing => deadline::OPEN,
            Care::Acknowledge { .. }
            | Care::Follow { .. }
            | Care::Move { .. }
            | Care::Detach
            | Care::Resume => deadline::REPOINT,
            Care::Quarantine(_) => {
                let (node, result) = (node.clone(), Ok(()));
                self.agenda
                    .plan(0, Happening::Tell(reign, Event::Tended { node, result }));
                return;
            }
        };
        let Some(place) = self.place(node) else {
            return;
        };
        let epoch = self
            .leader_of(reign)
            .map(|leader| leader.keeper.cluster().epoch);
        let acks = self.acks_at_opening(reign);
        self.queue(Job {
            reign,
            place,
            work: Work::Care(node.clone(), care),
            epoch: epoch.unwrap_or_default(),
            life: 0,
            acks,
            begun: false,
            deadline: self.agenda.now() + micros(patience),
        });
    }

    fn queue(&mut self, job: Job) {
        let (reign, place) = (job.reign, job.place);
        if let Some(leader) = self.leader_of(reign) {
            leader.hands[place].queue.push_back(job);
            self.send_next(reign, place);
        }
    }

    fn send_next(&mut self, reign: Reign, place: Place) {
        let now = self.now();
        let Some(leader) = self.leader_of(reign) else {
            return;
        };
        let hand = &mut leader.hands[place];
        if hand.busy {
            return;
        }
        let Some(mut job) = hand.queue.pop_front() else {
            return;
        };
        hand.busy = true;
        if !self.may_act(reign) {
            self.fail(job, "no valid lease", 0);
            return;
        }
        if let Some(breach) = conduct::one_leader::at_command(self, reign) {
            self.break_off(breach);
        }
        job.life = self.nodes[place].life;
        if now >= job.deadline {
            self.fail(job, "no session in time", 0);
            return;
        }
        if let Some(held) = self.pretend(&job) {
            self.end(job, Ok(Some(held)));
            return;
        }
        let hop = self.slow_stop(&job).unwrap_or_else(|| self.way_to(place));
        self.agenda.plan(hop, Happening::Effect(Box::new(job)));
    }

    /// A flawed leader reports what it has not done; what the node holds.
    fn pretend(&mut self, job: &Job) -> Option<GtidSet> {
        let Work::Act(_, act) = &job.work else {
            return None;
        };
        let (place, node) = (job.place, &self.nodes[job.place]);
        match (self.flaw, act) {
            (Flaw::SkipsTheFencing, Act::StopReceiver { .. }) => Some(node.holds()),
            (Flaw::PromotesBeforeFencing, Act::StopReceiver { .. }) => {
                let held = node.holds();
                self.agenda.plan(300 * MS, Happening::StopLate(place));
                Some(held)
            }
            (Flaw::OpensBeforeClosing, Act::Close { .. }) => {
                let held = node.executed.clone();
                self.agenda.plan(300 * MS, Happening::CloseLate(place));
                Some(held)
            }
            (Flaw::LeavesReplicasBehind, Act::Repoint { .. } | Act::Follow { .. }) => {
                Some(node.holds())
            }
            _ => None,
        }
    }

    /// How long a command is under way; where leaders are paused in the midst of
    /// things, at times so long that its leader is deposed meanwhile.
    fn way_to(&mut self, place: Place) -> Micros {
        if !self.contenders.is_empty() && self.dice.percent(3) {
            return self.dice.time(300 * MS..=4 * SECOND);
        }
        self.hop_at(place)
    }

    /// Stopping a receiver that is connecting to a silent source takes long.
    fn slow_stop(&mut self, job: &Job) -> Option<Micros> {
        if !matches!(job.work, Work::Act(_, Act::StopReceiver { .. })) {
            return None;
        }
        let channel = self.nodes[job.place].channel.as_ref()?;
        let source = self.nodes[channel.source].process;
        let connecting = channel.receiver == ReceiverState::Connecting;
        (connecting && source != Process::Dead && self.dice.percent(60)).then_some(2_000 * MS)
    }

    /// A command reaches its node.
    pub fn effect(&mut self, job: Job) {
        let place = job.place;
        let now = self.now();
        if self.leader().is_some_and(|newest| newest.reign > job.reign) {
            self.ledger.premises.saw(Premise::CommandOutlivedLeader);
        }
        let passes = self.passes(Way::Lictor(place));
        let silent = matches!(self.nodes[place].process, Process::Hung | Process::Off);
        if !passes || silent {
            if !passes {
                self.ledger.premises.saw(Premise::CutOffFromLictor);
            }
            if self.nodes[place].lives() && self.dice.percent(50) {
                self.stuck.push((Way::Lictor(place), job.clone()));
            } else {
                self.ledger.premises.saw(Premise::CommandLost);
            }
            let left = job.deadline.saturating_sub(now);
            self.fail(job, "no answer in time", left);
            return;
        }
        let died = self.nodes[place].life != job.life;
        if died || self.nodes[place].process == Process::Dead {
            self.fail(job, "the connection was lost", MS);
            return;
        }
        if let Work::Act(_, Act::CatchUp { holds, .. }) = &job.work {
            let applied = holds.is_subset_of(&self.nodes[place].executed);
            if !applied && self.flaw != Flaw::SkipsCatchingUp {
                if now >= job.deadline {
                    self.fail(job, "not applied in time", 0);
                } else {
                    self.agenda.plan(WAIT, Happening::Effect(Box::new(job)));
                }
                return;
            }
        }
        if matches!(job.work, Work::Act(_, Act::Gather { .. })) {
            return self.gather(job);
        }
        let commits_wait = !self.nodes[place].pending.is_empty();
        if commits_wait && matches!(job.work, Work::Act(_, Act::Close { .. })) {
            if now >= job.deadline {
                self.fail(job, "behind running statements", 0);
            } else {
                self.agenda.plan(WAIT, Happening::Effect(Box::new(job)));
            }
            return;
        }
        let held = self.carry_out(&job);
        if self.flaw == Flaw::ResumesTwice && matches!(job.work, Work::Act(..)) {
            let later = self.dice.time(SECOND..=4 * SECOND);
            self.agenda
                .plan(later, Happening::Again(Box::new(job.clone())));
        }
        if self.dice.percent(2) {
            let left = job.deadline.saturating_sub(now).min(KEEPALIVE);
            self.ledger.premises.saw(Premise::AnswerLost);
            self.fail(job, "the answer was lost", left);
        } else {
            self.end(job, Ok(held));
        }
    }

    /// A node gets from another one what it lacks, and receives no more then. It is
    /// broken off where its leader is deposed.
    fn gather(&mut self, mut job: Job) {
        let Work::Act(_, Act::Gather { from, holds, .. }) = &job.work else {
            return;
        };
        let place = job.place;
        if job.begun && (self.leader_of(job.reign).is_none() || !self.may_act(job.reign)) {
            return self.fail(job, "no valid lease", 0);
        }
        if !job.begun {
            job.begun = true;
            if let Some(donor) = self.place_at(&from.address) {
                self.nodes[place].repoint(donor);
            }
            let hop = self.dice.hop();
            self.agenda.plan(hop, Happening::Fetch(place));
        }
        let applied = holds.is_subset_of(&self.nodes[place].executed);
        if !applied && self.now() < job.deadline {
            self.agenda.plan(WAIT, Happening::Effect(Box::new(job)));
            return;
        }
        self.nodes[place].stop_receiver();
        if applied {
            self.ledger.premises.saw(Premise::Gathered);
            let held = self.nodes[place].holds();
            self.end(job, Ok(Some(held)));
        } else {
            self.fail(job, "not received and applied in time", 0);
        }
    }

    /// What was stuck on its way to a node that goes on, or on a way that is
    /// mended, is carried out now, unless a newer leader has ended its session.
    pub fn release_stuck(&mut self) {
        let stuck = std::mem::take(&mut self.stuck);
        for (way, job) in stuck {
            let node = &self.nodes[job.place];
            if !node.lives() {
                continue;
            }
            if !self.passes(way) || !node.runs() {
                self.stuck.push((way, job));
                continue;
            }
            let name = node.name.clone();
            if self.leader().is_some_and(|newest| newest.reign > job.reign) {
                self.ledger.premises.saw(Premise::CommandOutlivedLeader);
            }
            self.ledger.premises.saw(Premise::CommandLate);
            self.note(|| format!("a late command reaches {name}: {}", job.work));
            self.carry_out(&job);
        }
    }

    /// A flawed leader resumes a recovery that was over: all of it once more.
    pub fn again(&mut self, job: &Job) {
        if self.nodes[job.place].runs() && self.passes(Way::Lictor(job.place)) {
            let name = self.nodes[job.place].name.clone();
            self.note(|| format!("a command reaches {name} again: {}", job.work));
            self.carry_out(job);
        }
    }

    /// Does what the command says; all that the node holds, if it says so.
    fn carry_out(&mut self, job: &Job) -> Option<GtidSet> {
        let place = job.place;
        let mut held = None;
        match &job.work {
            Work::Act(_, Act::StopReceiver { .. }) => {
                let skipped = self.flaw == Flaw::SkipsAReceiver && place == self.nodes.len() - 1;
                if !skipped {
                    self.nodes[place].stop_receiver();
                    let orphan = self.leader_of(job.reign).is_none();
                    self.nodes[place].looked_after |= orphan;
                }
                held = Some(match self.flaw {
                    Flaw::ComparesExecuted => self.nodes[place].executed.clone(),
                    _ => self.nodes[place].holds(),
                });
            }
            Work::Act(_, Act::Close { .. } | Act::CloseForcibly { .. }) => {
                self.nodes[place].close();
                held = Some(self.nodes[place].executed.clone());
            }
            Work::Act(_, Act::Promote { .. } | Act::Reopen { .. })
            | Work::Care(_, Care::Reopen { .. }) => {
                self.nodes[place].open(job.acks);
                self.opened(job);
            }
            Work::Act(_, Act::Repoint { source, .. }) => {
                if let Some(source) = self.place_at(source) {
                    self.nodes[place].repoint(source);
                }
            }
            Work::Care(_, Care::Move { .. }) if self.leaves_the_tree(place) => {}
            Work::Care(_, Care::Move { source }) => {
                if let Some(source) = self.place_at(source) {
                    self.nodes[place].repoint(source);
                    self.ledger.premises.saw(Premise::MovedInTheTree);
                }
            }
            Work::Act(_, Act::Demote { source, .. } | Act::Follow { source, .. })
            | Work::Care(_, Care::Follow { source }) => {
                if self.flaw == Flaw::LeavesReplicasBehind {
                    return held;
                }
                if let Some(source) = self.place_at(source) {
                    self.nodes[place].follow(source);
                }
            }
            Work::Act(_, Act::Detach { .. }) | Work::Care(_, Care::Detach) => {
                self.nodes[place].channel = None;
            }
            Work::Act(_, Act::StartReceiver { .. }) => self.nodes[place].start_receiver(false),
            Work::Care(_, Care::Resume) => self.nodes[place].start_receiver(true),
            Work::Care(_, Care::Close) => self.nodes[place].close(),
            Work::Care(_, Care::Enforce(enforcement)) => {
                let released = self.nodes[place].enforce(enforcement.acks as usize);
                self.tell_clients(place, released);
                self.ledger
                    .premises
                    .saw(if enforcement.acks < enforcement.was {
                        Premise::Loosened
                    } else {
                        Premise::Tightened
                    });
            }
            Work::Care(_, Care::StopWaiting) => self.nodes[place].waits_for = None,
            Work::Act(
                _,
                Act::CatchUp { .. }
                | Act::Gather { .. }
                | Act::ClearTransactions { .. }
                | Act::Hold { .. }
                | Act::StoreIntent(_)
                | Act::Publish { .. },
            )
            | Work::Care(
                _,
                Care::Quarantine(_)
                | Care::Acknowledge { .. }
                | Care::LetClientsIn
                | Care::CommitNothing,
            ) => {}
        }
        let hop = self.dice.hop();
        self.agenda.plan(hop, Happening::Fetch(place));
        held
    }

    fn leaves_the_tree(&self, place: Place) -> bool {
        let below = &self.scenario.below;
        self.flaw == Flaw::LeavesTheTreeAsItIs && below.iter().any(|(low, _)| *low == place)
    }

    /// A node was opened by a command whose leader has not given it up.
    fn opened(&mut self, job: &Job) {
        let name = self.nodes[job.place].name.clone();
        self.note(|| format!("{name} is open, for epoch {}", job.epoch));
        if self
            .nodes
            .iter()
            .any(|node| node.place != job.place && node.lives() && node.writable)
        {
            self.ledger.premises.saw(Premise::OpenedBesideAnother);
        }
        let current = match (self.leader(), &job.work) {
            (None, Work::Act(recovery, _)) => self.store.runs(*recovery),
            (None, Work::Care(..)) => true,
            (Some(leader), Work::Act(recovery, _)) => {
                leader.keeper.recovery().map(|record| record.id) == Some(*recovery)
            }
            (Some(leader), Work::Care(..)) => leader.reign == job.reign,
        };
        if !current {
            return;
        }
        let breach = invariants::no_lost_write::at_opening(self, job.place)
            .or_else(|| invariants::epochs_rise::at_opening(self, job.epoch, job.place));
        if let Some(breach) = breach {
            self.break_off(breach);
        }
        self.ledger.open(job.epoch, job.place);
    }

    fn fail(&mut self, job: Job, why: &str, after: Micros) {
        let stops = matches!(job.work, Work::Act(_, Act::StopReceiver { .. }));
        if stops && self.flaw == Flaw::TakesSilenceForStopped {
            let held = self.nodes[job.place].holds();
            return self.end(job, Ok(Some(held)));
        }
        let event = event(&job, Err(why.to_owned()));
        self.agenda
            .plan(after, Happening::Ends(Box::new(job), event));
    }

    fn end(&mut self, job: Job, result: Result<Option<GtidSet>, String>) {
        let event = event(&job, result);
        let hop = self.hop_at(job.place);
        self.agenda.plan(hop, Happening::Ends(Box::new(job), event));
    }

    /// A command's end is known: the next one is sent.
    pub fn ends(&mut self, job: &Job, event: Event) {
        if let Some(leader) = self.leader_of(job.reign) {
            leader.hands[job.place].busy = false;
            self.tell(job.reign, event);
            self.send_next(job.reign, job.place);
        }
    }
}

fn event(job: &Job, result: Result<Option<GtidSet>, String>) -> Event {
    let (recovery, act) = match &job.work {
        Work::Care(node, _) => {
            return Event::Tended {
                node: node.clone(),
                result: result.map(drop),
            };
        }
        Work::Act(recovery, act) => (*recovery, act.clone()),
    };
    let plain = |result: Result<Option<GtidSet>, String>| result.map(drop);
    let done = match act {
        Act::StopReceiver { node } => Done::ReceiverStopped {
            node,
            holds: result.map(Option::unwrap_or_default),
        },
        Act::Gather { node, .. } => Done::Gathered {
            node,
            holds: result.map(Option::unwrap_or_default),
        },
        Act::CatchUp { .. } => Done::CaughtUp(plain(result)),
        Act::Promote { .. } => Done::Opened(plain(result)),
        Act::Repoint { node, .. }
        | Act::Demote { node, .. }
        | Act::Follow { node, .. }
        | Act::StartReceiver { node } => Done::Repointed {
            node,
            result: plain(result),
        },
        Act::ClearTransactions { .. } => Done::TransactionsCleared(plain(result)),
        Act::Hold { .. } => Done::Held { acked: 0, of: 0 },
        Act::Close { node, .. } | Act::CloseForcibly { node } => Done::Closed {
            node,
            result: result.map(Option::unwrap_or_default),
        },
        Act::Reopen { .. } => Done::Reopened(plain(result)),
        Act::Detach { .. } => Done::Detached(plain(result)),
        Act::StoreIntent(record) => Done::IntentStored {
            standing: record.standing(),
            result: plain(result),
        },
        Act::Publish { .. } => Done::Published { subscribers: 0 },
    };
    Event::Finished { recovery, done }
}
