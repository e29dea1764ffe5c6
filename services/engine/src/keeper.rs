//! The keeper of one cluster: takes every event, keeps the view, and decides
//! what is done next. It is the whole of what a leader knows and wants of a
//! cluster; the hands around it only obey.
//!
//! `Watching ⇄ Operating`. While it watches, a verdict of loss begins a failover
//! if mode, budget and what blocked the last attempt allow; otherwise the
//! refusal stands as a problem. An operator's order begins a switchover, which
//! gives way to a failover when the primary is lost on the way. While either
//! runs nothing else touches the cluster's nodes.

mod asking;
mod budget;
mod guarding;
mod handover;
mod heritage;
mod inheriting;
mod ordered;
mod refusal;
mod second_step;
mod tending;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain::{
    AbortReason, Cluster, ClusterRoute, Epoch, Mode, Mono, NodeName, Now, Order, Preflight,
    ProbeOutcome, Problem, Rebuild, RebuildId, Recovery, RecoveryId, RecoveryKind, RecoveryOutcome,
    Term,
};

use self::asking::Asking;
pub use self::inheriting::LATELY;
use self::refusal::Refusal;
use self::second_step::SecondStep;
use self::tending::Tending;
use crate::analysis;
use crate::candidate;
use crate::failover::{Beginning, Failover};
use crate::maintenance;
use crate::message::{Act, Care, Command, Done, Event};
use crate::operation::{Next, Operation, Progress};
use crate::pool;
use crate::rebuild::Desk;
use crate::routing;
use crate::switchover::{self, Facts, Switchover};
use crate::timing::Timing;
use crate::verdict::{self, Verdict};
use crate::view::ClusterView;

/// A keeper is never asleep for longer.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// One cluster's keeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeper {
    view: ClusterView,
    timing: Timing,
    term: Term,
    operation: Option<Operation>,
    /// A recovery that another leader left unfinished.
    inherited: Option<Recovery>,
    /// The highest epoch ever given out, also to a failover that was given up.
    last_epoch: Epoch,
    /// When failovers were done, those that counted for the budget at the last one.
    done_at: Vec<DateTime<Utc>>,
    refusal: Option<Refusal>,
    second_step: Option<SecondStep>,
    asking: Asking,
    tending: BTreeMap<NodeName, Tending>,
    readers: BTreeSet<NodeName>,
    rebuilds: Desk,
    /// Nodes that an operator wants back or that a recovery has touched: tended in
    /// mode manual too until they take part.
    readmitted: BTreeSet<NodeName>,
}

/// What is known when a keeper takes over a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inheritance {
    /// The cluster as stored.
    pub cluster: Cluster,
    /// A recovery that runs according to the store.
    pub unfinished: Option<Recovery>,
    /// When failovers were done within the budget's window.
    pub done_at: Vec<DateTime<Utc>>,
    /// Recoveries that were given up within [`LATELY`].
    pub given_up: Vec<Recovery>,
    /// The recovery that made the last primacy, if one did.
    pub last_done: Option<Recovery>,
    /// A rebuild that runs according to the store.
    pub rebuild: Option<Rebuild>,
}

impl Keeper {
    /// Takes over a cluster in `term`.
    #[must_use]
    pub fn new(inheritance: Inheritance, term: Term, now: Now) -> Self {
        let Inheritance {
            mut cluster,
            unfinished,
            done_at,
            given_up,
            last_done,
            rebuild,
        } = inheritance;
        let unfinished_epoch = unfinished.as_ref().map(|recovery| recovery.epoch);
        // Primacies that were not written down before it began are in it.
        let newer = |recovery: &&Recovery| recovery.epoch > cluster.epoch;
        if let Some(recovery) = unfinished.as_ref().filter(newer) {
            cluster.primary = recovery.old_primary.clone();
            cluster.epoch = before(recovery.epoch);
        }
        let left_behind = inheriting::left_behind(&cluster, &given_up);
        let mut keeper = Self {
            timing: Timing::of(cluster.policy.profile),
            term,
            operation: None,
            last_epoch: unfinished_epoch.unwrap_or_default().max(cluster.epoch),
            inherited: unfinished,
            done_at,
            refusal: None,
            second_step: None,
            asking: Asking::default(),
            tending: BTreeMap::new(),
            readers: BTreeSet::new(),
            rebuilds: Desk::inherit(rebuild, now),
            readmitted: BTreeSet::new(),
            view: ClusterView::new(cluster, now.mono),
        };
        keeper.entrust(left_behind, now.mono);
        let made_it =
            |last: &&Recovery| last.new_primary.as_ref() == Some(&keeper.view.cluster.primary);
        let last_done = last_done.as_ref().filter(made_it);
        keeper
            .view
            .remember_opening(last_done.and_then(Recovery::chosen_with));
        let ended = last_done.into_iter().chain(&given_up);
        for record in ended {
            keeper.plan_second_step(record, inheriting::names_its_winner(record));
        }
        keeper
    }

    /// The cluster as it stands: epoch and primary included.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        &self.view.cluster
    }

    /// What is known of its nodes.
    #[must_use]
    pub const fn view(&self) -> &ClusterView {
        &self.view
    }

    /// The times it is watched by.
    #[must_use]
    pub const fn timing(&self) -> &Timing {
        &self.timing
    }

    /// The failover or switchover under way.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        self.operation.as_ref().map(Operation::record)
    }

    /// The recovery that another leader left unfinished, until it is settled.
    #[must_use]
    pub const fn inherited(&self) -> Option<&Recovery> {
        self.inherited.as_ref()
    }

    /// The rebuilds of its nodes.
    #[must_use]
    pub const fn rebuilds(&self) -> &Desk {
        &self.rebuilds
    }

    /// Where its traffic goes.
    #[must_use]
    pub fn route(&self, now: Mono) -> ClusterRoute {
        let serving = self.serving(now);
        let mut route = routing::route(&self.view, &self.timing, serving, &self.readers, now);
        let told = self.operation.as_ref().and_then(Operation::route_state);
        if let Some(state) = told {
            route.state = state;
        }
        route
    }

    /// Everything that is not as it should be.
    #[must_use]
    pub fn problems(&self, now: Now) -> Vec<Problem> {
        let mut problems = analysis::problems(&self.view, &self.timing, now.mono);
        problems.extend(self.refusal.iter().map(|refusal| refusal.problem.clone()));
        problems.extend(self.budget_problem(now));
        problems.extend(self.second_step_problem(now));
        let inherited = self.inherited.as_ref();
        problems.extend(inherited.and_then(|record| heritage::problem(&self.view, record)));
        problems.extend(self.rebuilds.problems(&self.view));
        maintenance::of_operators(&self.view, problems, now)
    }

    /// When it must be told of the time although nothing happens.
    #[must_use]
    pub fn wake_at(&self, now: Mono) -> Mono {
        let soonest = now + Duration::from_millis(1);
        let watched = || asking::wake_at(&self.view, &self.timing, now);
        let wishes = match &self.operation {
            Some(operation) if operation.gives_way() => {
                let due = watched();
                Some(operation.wake_at().map_or(due, |at| at.min(due)))
            }
            Some(operation) => operation.wake_at(),
            None => Some(watched()),
        };
        let latest = now + LONGEST_SLEEP;
        wishes
            .filter(|at| *at > now)
            .map_or(latest, |at| at.min(latest))
            .max(soonest)
    }

    /// Takes in one event. `fresh` is an identity no recovery has had.
    #[must_use]
    pub fn step(&mut self, event: Event, now: Now, fresh: RecoveryId) -> Vec<Command> {
        maintenance::expire(&mut self.view, now);
        let mut commands = self.absorb(event, now);
        // Time passes with every event: one that comes when something is due
        // takes the place of the waking.
        commands.extend(self.advance(now, |operation, view| operation.ticked(view, now)));
        commands.extend(self.rebuilds.ticked(now));
        if self.operation.is_none() {
            commands.extend(self.inherit(now));
        }
        commands.extend(self.judge(now, fresh));
        commands.extend(self.take_second_step(now, fresh));
        if self.operation.is_none() {
            commands.extend(self.tend(now));
            commands.extend(self.rebuild_by_policy(now, fresh));
        }
        self.note_moves(&commands);
        self.readers = pool::readers(&self.view, &self.timing, &self.readers, now.mono);
        commands
    }

    /// Takes in an operator's order for another primary: what was found, and, if
    /// nothing stands in the way, how the switchover begins.
    #[must_use]
    pub fn switch_over(
        &mut self,
        order: Order,
        facts: &Facts,
        now: Now,
        fresh: RecoveryId,
    ) -> (Preflight, Vec<Command>) {
        self.switch_over_because(order, facts, switchover::ordered, now, fresh)
    }

    fn switch_over_because(
        &mut self,
        order: Order,
        facts: &Facts,
        cause: impl FnOnce(&Order, &NodeName) -> Problem,
        now: Now,
        fresh: RecoveryId,
    ) -> (Preflight, Vec<Command>) {
        let preflight = self.preflight(&order, facts, now.mono);
        let Some(candidate) = preflight.cleared().cloned() else {
            return (preflight, vec![]);
        };
        let beginning = switchover::Beginning {
            id: fresh,
            epoch: self.next_epoch(),
            cause: cause(&order, &candidate),
            order,
            candidate,
            preflight: preflight.clone(),
        };
        let (switchover, commands) = Switchover::begin(beginning, &self.view, now);
        self.operation = Some(Operation::Switchover(Box::new(switchover)));
        (preflight, commands)
    }

    /// What would be found if this were ordered now.
    #[must_use]
    pub fn preflight(&self, order: &Order, facts: &Facts, now: Mono) -> Preflight {
        let under_way = self.recovery().or(self.inherited.as_ref());
        switchover::preflight(&self.view, order, facts, under_way, &self.timing, now)
    }

    /// An epoch that nobody has had.
    fn next_epoch(&mut self) -> Epoch {
        self.last_epoch = self.last_epoch.max(self.view.cluster.epoch).next(self.term);
        self.last_epoch
    }

    /// A node that is told to receive may acknowledge from now on.
    fn note_moves<'a>(&mut self, commands: impl IntoIterator<Item = &'a Command>) {
        for command in commands {
            match command {
                Command::Recover {
                    act:
                        Act::Repoint { node, .. }
                        | Act::StartReceiver { node }
                        | Act::Demote { node, .. }
                        | Act::Follow { node, .. },
                    ..
                }
                | Command::Tend {
                    node,
                    care: Care::Follow { .. } | Care::Move { .. } | Care::Resume,
                } => self.view.move_begins(node),
                Command::Recover {
                    act: Act::Promote { .. },
                    ..
                } => self.view.opening_begins(),
                Command::Tend {
                    care: Care::Enforce(enforcement),
                    ..
                } => self.view.enforcing_begins(enforcement.acks),
                _ => {}
            }
        }
    }

    fn absorb(&mut self, event: Event, now: Now) -> Vec<Command> {
        match event {
            Event::Tick => vec![],
            Event::Probed { node, outcome } => self.probed(&node, outcome, now),
            Event::Knocked { node, knock } => {
                self.asking.knocked(&node, now.mono);
                self.view.knocked(&node, &knock, now.mono);
                vec![]
            }
            Event::Witnessed {
                member,
                node,
                asked,
                word,
            } => {
                self.view.witnesses.heard(member, node, asked, word);
                vec![]
            }
            Event::ConnectionLost { node } => {
                self.view.connection_lost(&node, now.mono);
                vec![]
            }
            Event::Finished { recovery, done } => self.finished(recovery, done, now),
            Event::Tended { node, result } => {
                self.view.move_ends(&node, now.mono);
                if node == self.view.cluster.primary {
                    self.view.enforcing_ends(result.is_ok(), now.mono);
                }
                self.tended(node, &result, now.mono);
                vec![]
            }
            Event::Redefined(mut cluster) => {
                cluster.expire(now.wall);
                self.redefine(cluster, now.mono);
                vec![]
            }
            Event::Readmitted { node } => {
                self.readmitted.insert(node);
                vec![]
            }
            Event::RebuildOrdered { id, order } => {
                // Nobody's data is dropped while it is asked who holds what.
                let busy = self.operation.is_some() || self.inherited.is_some();
                let scene = (&self.view, &self.timing);
                self.rebuilds.order(&order, id, scene, busy, now)
            }
            Event::Looked { node, facts } => {
                self.looked(&node, facts, now.mono);
                vec![]
            }
            Event::Rebuilding { id, done } => self.rebuilds.finished(id, done, &mut self.view, now),
        }
    }

    fn probed(&mut self, node: &NodeName, outcome: ProbeOutcome, now: Now) -> Vec<Command> {
        self.asking.probed(node, now.mono);
        let answered = matches!(outcome, ProbeOutcome::Answered { .. });
        self.view.probed(node, outcome, now.mono);
        let mut commands = vec![];
        if answered {
            commands.extend(self.rebuilds.answered(node));
        }
        if answered && *node == self.view.cluster.primary {
            self.refusal = None;
            commands.extend(self.advance(now, |operation, _| operation.primary_answered(now)));
        }
        commands
    }

    fn finished(&mut self, recovery: RecoveryId, done: Done, now: Now) -> Vec<Command> {
        if let Done::Repointed { node, .. } = &done {
            self.view.move_ends(node, now.mono);
        }
        if self.recovery().map(|record| record.id) != Some(recovery) {
            // Stopped too late for its failover, or perhaps not started after it:
            // it is ours to start again.
            if let Done::ReceiverStopped { node, .. }
            | Done::Gathered { node, .. }
            | Done::Repointed {
                node,
                result: Err(_),
            } = &done
            {
                self.view.entrust(node, now.mono);
            }
            return vec![];
        }
        self.advance(now, |operation, view| operation.finished(done, view, now))
    }

    /// Moves the operation on, and takes over what it has brought about.
    fn advance(
        &mut self,
        now: Now,
        step: impl FnOnce(Operation, &ClusterView) -> Next,
    ) -> Vec<Command> {
        let Some(operation) = self.operation.take() else {
            return vec![];
        };
        let was_open = operation.opened().is_some();
        let touched = operation.touched();
        let named = operation.names_its_winner();
        let (progress, mut commands) = step(operation, &self.view);
        match progress {
            Progress::Running(operation) => {
                let settling = operation.settling().filter(|_| !was_open);
                if let Some(settling) = settling {
                    let node = settling.new_primary().node.clone();
                    let (epoch, holds) = (operation.record().epoch, settling.history().clone());
                    self.view.begin_epoch(epoch, node.clone(), holds, now.mono);
                    commands.push(Command::Probe { node });
                }
                self.operation = Some(operation);
            }
            Progress::Over(record) => {
                self.entrust(touched, now.mono);
                if record.outcome == RecoveryOutcome::Done {
                    self.readmitted.insert(record.old_primary.clone());
                }
                self.plan_second_step(&record, named);
                self.over(&record, now);
            }
        }
        commands
    }

    /// What a recovery may have stopped or closed is Lictor's to start or open.
    fn entrust(&mut self, nodes: Vec<NodeName>, now: Mono) {
        for node in &nodes {
            self.view.entrust(node, now);
        }
        self.readmitted.extend(nodes);
    }

    fn over(&mut self, record: &Recovery, now: Now) {
        match (&record.outcome, record.kind) {
            (RecoveryOutcome::Aborted { .. }, RecoveryKind::Switchover) => {}
            (RecoveryOutcome::Aborted { reason }, RecoveryKind::Failover) => {
                self.refuse(record, reason, now);
            }
            (RecoveryOutcome::Done | RecoveryOutcome::Running, kind) => {
                if kind == RecoveryKind::Failover {
                    self.charge_budget(now);
                }
                self.refusal = None;
            }
        }
        self.ask_anew(now.mono);
    }

    /// What a node said before this may not hold any more: it is tended by what it
    /// says from now on.
    fn ask_anew(&mut self, now: Mono) {
        for node in &self.view.cluster.nodes {
            let tending = self.tending.entry(node.name.clone());
            let tending = tending.or_insert(Tending::Since(now));
            if !tending.is_running() {
                *tending = Tending::Since(now);
            }
        }
    }

    fn redefine(&mut self, cluster: Cluster, now: Mono) {
        let released = maintenance::released(&self.view.cluster, &cluster);
        let (epoch, primary) = (self.view.cluster.epoch, self.view.cluster.primary.clone());
        self.timing = Timing::of(cluster.policy.profile);
        self.view.redefine(cluster);
        maintenance::give_back(&mut self.view, &released, now);
        // The keeper, not the definition, says who is primary.
        self.view.cluster.epoch = epoch;
        self.view.cluster.primary = primary;
        self.ask_anew(now);
    }

    fn judge(&mut self, now: Now, fresh: RecoveryId) -> Vec<Command> {
        let busy = |operation: &Operation| !operation.gives_way();
        if self.inherited.is_some() || self.operation.as_ref().is_some_and(busy) {
            return vec![];
        }
        match verdict::of_primary(&self.view, &self.timing, now.mono) {
            Verdict::Alive => vec![],
            Verdict::Suspect | Verdict::Withheld(_) => {
                self.asking.ask(&self.view, &self.timing, now.mono)
            }
            Verdict::Lost(problem) => {
                let mut commands = self.advance(now, |operation, _| operation.primary_lost(now));
                commands.extend(self.lost(problem, now, fresh));
                commands
            }
        }
    }

    fn lost(&mut self, verdict: Problem, now: Now, fresh: RecoveryId) -> Vec<Command> {
        let known = self.known(now);
        let refusal = self.refusal.as_ref();
        let refused = refusal.is_some_and(|refusal| refusal.stands(&known, now.mono));
        // A hand that is late may still open the one that was lost again.
        let opening = self.tending.get(&self.view.cluster.primary) == Some(&Tending::Opening);
        if refused || opening {
            return self.asking.ask(&self.view, &self.timing, now.mono);
        }
        let spent = self.budget_spent(now);
        if let Some(evidence) = spent {
            self.refuse_by_budget(&verdict, evidence, known, now.mono);
            return vec![];
        }
        let first_sign = verdict::first_sign(&self.view, &self.timing, now.mono);
        let beginning = Beginning {
            id: fresh,
            epoch: self.next_epoch(),
            verdict,
            first_sign: first_sign.unwrap_or(now.mono),
        };
        match self.view.cluster.mode() {
            Mode::Auto => {
                let (failover, commands) = Failover::begin(beginning, &self.view, now);
                self.operation = Some(Operation::Failover(Box::new(failover)));
                commands
            }
            Mode::Observe | Mode::Manual => self.only_observe(beginning, now),
        }
    }

    /// Writes down what would have been done.
    fn only_observe(&mut self, beginning: Beginning, now: Now) -> Vec<Command> {
        let mut record = beginning.record(&self.view, now);
        let seen = self.view.replicas().filter_map(|(node, replica)| {
            let report = replica.fresh_report(now.mono, self.timing.reader_patience)?;
            Some((node.name.clone(), Ok(report.holds())))
        });
        let election = candidate::elect(&self.view, &seen.collect());
        let elected = election.elected();
        record.candidates = election.verdicts;
        let reason = match elected {
            Ok(node) => {
                record.new_primary = Some(node);
                AbortReason::OnlyObserved
            }
            Err(blocker) => AbortReason::NoViableCandidate { blocker },
        };
        self.refuse(&record, &reason, now);
        record.outcome = RecoveryOutcome::Aborted { reason };
        vec![Command::Record(Box::new(record))]
    }

    fn rebuild_by_policy(&mut self, now: Now, fresh: RecoveryId) -> Vec<Command> {
        if self.inherited.is_some() {
            return vec![];
        }
        let (view, timing) = (&self.view, &self.timing);
        let id = RebuildId(fresh.0);
        self.rebuilds.begin_by_policy(id, view, timing, now)
    }

    /// Whether writers are sent to the primary: unless it is known to be lost
    /// for good, or known to refuse writes.
    fn serving(&self, now: Mono) -> bool {
        if self.operation.is_some() {
            return true;
        }
        let closed = self
            .view
            .primary()
            .fresh_report(now, self.timing.reader_patience)
            .is_some_and(|report| !report.writability.accepts_writes());
        self.refusal.is_none() && !closed
    }
}

/// The epoch just before; nobody else can have had it, and later ones rise.
const fn before(epoch: Epoch) -> Epoch {
    Epoch {
        term: epoch.term,
        n: epoch.n.saturating_sub(1),
    }
}

#[cfg(test)]
mod tests;
