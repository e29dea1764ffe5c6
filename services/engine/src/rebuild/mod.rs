//! Rebuilds: a node's data is replaced by a donor's, beside everything else that
//! happens to the cluster. One runs at a time, and none keeps a failover waiting.
//!
//! `Checking → Copying → Restarting → Rejoining → Done`, from each `→ Failed`.
//!
//! Invariant: before the first byte is replaced it is stored that the node's
//! data is incomplete. So whatever happens to the node, to its donor or to the
//! leader, no GTID set lets it back: only its own word that it runs on a whole
//! copy does. What then makes it follow is [`crate::rejoin`], as for any node.

pub mod fitness;
pub mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lictor_domain::{
    CopyProgress, Mode, Mono, NodeAddress, NodeName, Now, Problem, ProblemCode, Quarantine,
    Rebuild, RebuildId, RebuildPolicy, RebuildState, Severity,
};

pub use self::plan::{Order, Plan, Refusal, plan};
use crate::message::{Care, Command};
use crate::timing::Timing;
use crate::view::ClusterView;

/// How long a server may take to run on its copy, started by hand or not.
const RESTART_PATIENCE: Duration = Duration::from_hours(1);
/// How long it may take to follow the primary after that.
const REJOIN_PATIENCE: Duration = Duration::from_mins(10);
/// Who is said to want what the policy starts.
const BY_POLICY: &str = "lictor";

/// A step of a rebuild for a hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RebuildAct {
    /// Ask both servers whether they can; ends in `Checked`.
    Check {
        /// Gets the data.
        node: NodeName,
        /// Gives it.
        donor: NodeName,
    },
    /// Store the rebuild and the quarantine it needs; ends in `Begun`.
    Begin {
        /// The rebuild.
        record: Box<Rebuild>,
        /// Why the node is kept out from now on.
        quarantine: Quarantine,
    },
    /// Replace the node's data; tells its `Progress`, and ends in `Copied`.
    Copy {
        /// Gets the data.
        node: NodeName,
        /// Where its donor listens.
        donor: NodeAddress,
    },
    /// Ask the node what it runs on; ends in `Inspected`.
    Inspect {
        /// The node.
        node: NodeName,
    },
    /// Write down how it stands; nobody waits for it.
    Save(Box<Rebuild>),
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RebuildDone {
    /// Both servers can, or why not.
    Checked(Result<(), String>),
    /// It is stored.
    Begun(Result<(), String>),
    /// The copy goes on.
    Progress(CopyProgress),
    /// The copy is whole and its server shuts down.
    Copied(Result<Restarter, String>),
    /// What the node said it runs on.
    Inspected(Result<RunsOn, String>),
}

/// Who starts a server again that has shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restarter {
    /// Its supervisor.
    Supervisor,
    /// Somebody.
    Somebody,
}

/// What a server runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunsOn {
    /// Not on the copy yet: it goes on, or the server has not restarted.
    Unfinished,
    /// On the whole copy.
    Copy,
    /// On what a failed copy has left.
    FailedCopy(String),
}

/// The rebuilds of one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    running: Option<Running>,
    /// The last one of each node that is over.
    over: BTreeMap<NodeName, Rebuild>,
    /// Nodes that the policy does not rebuild again before they took part: once
    /// by itself is enough.
    tried: BTreeSet<NodeName>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Running {
    record: Rebuild,
    /// When it came into its state.
    since: Mono,
    /// A hand asks the node what it runs on.
    inspecting: bool,
}

impl Desk {
    /// Takes over what another leader left. The hand that watched the copy is
    /// gone, and how far it came is not known: the node itself says what became
    /// of it. An older leader's session, and so its copy, is ended by then.
    pub(crate) fn inherit(unfinished: Option<Rebuild>, now: Now) -> Self {
        let running = unfinished.map(|mut record| {
            let by_hand = matches!(record.state, RebuildState::Restarting { by_hand: true });
            record.state = RebuildState::Restarting { by_hand };
            Running {
                record,
                since: now.mono,
                inspecting: false,
            }
        });
        Self {
            running,
            ..Self::default()
        }
    }

    /// The rebuild under way.
    #[must_use]
    pub fn running(&self) -> Option<&Rebuild> {
        self.running.as_ref().map(|running| &running.record)
    }

    /// The rebuild of this node: the one under way, or the last one.
    #[must_use]
    pub fn of(&self, node: &NodeName) -> Option<&Rebuild> {
        let running = self.running().filter(|record| record.node == *node);
        running.or_else(|| self.over.get(node))
    }

    /// Whether nobody else may touch this node.
    #[must_use]
    pub fn holds(&self, node: &NodeName) -> bool {
        self.running().is_some_and(|record| {
            record.node == *node && !matches!(record.state, RebuildState::Rejoining)
        })
    }

    /// Whether this node is to be made to follow, whatever the mode.
    #[must_use]
    pub fn rejoins(&self, node: &NodeName) -> bool {
        self.running()
            .is_some_and(|record| record.node == *node && record.state == RebuildState::Rejoining)
    }

    /// Begins what is wanted, or notes why not; `busy` while a failover runs.
    pub(crate) fn order(
        &mut self,
        order: &Order,
        id: RebuildId,
        (view, timing): (&ClusterView, &Timing),
        busy: bool,
        now: Now,
    ) -> Vec<Command> {
        let planned = match self.running() {
            Some(running) => Err(vec![Refusal::AnotherRuns(running.node.clone())]),
            None if busy => Err(vec![Refusal::FailoverRuns]),
            None => plan(view, order, timing, now.mono),
        };
        let record = |donor| Rebuild {
            id,
            cluster: view.cluster.name.clone(),
            node: order.node.clone(),
            donor,
            actor: order.actor.clone(),
            started_at: now.wall,
            finished_at: None,
            state: RebuildState::Checking,
        };
        match planned {
            Ok(Plan { node, donor, .. }) => {
                self.running = Some(Running {
                    record: record(donor.clone()),
                    since: now.mono,
                    inspecting: false,
                });
                vec![act(id, RebuildAct::Check { node, donor })]
            }
            Err(refusals) => {
                let each: Vec<String> = refusals.iter().map(ToString::to_string).collect();
                let donor = order.donor.clone().unwrap_or_else(|| order.node.clone());
                let reason = each.join("; ");
                let record = ended(record(donor), RebuildState::Failed { reason }, now);
                // The record of one that runs is not covered by it.
                if self.running.is_none() {
                    self.over.insert(order.node.clone(), record.clone());
                }
                vec![act(id, RebuildAct::Save(Box::new(record)))]
            }
        }
    }

    /// Begins what the policy wants: one quarantined node after the other, each
    /// once, while the primary is known to be well.
    pub(crate) fn begin_by_policy(
        &mut self,
        id: RebuildId,
        view: &ClusterView,
        timing: &Timing,
        now: Now,
    ) -> Vec<Command> {
        let policy = &view.cluster.policy;
        if policy.rebuild != RebuildPolicy::Auto || view.cluster.mode() != Mode::Auto {
            return vec![];
        }
        let primary = view
            .primary()
            .fresh_report(now.mono, timing.reader_patience);
        if self.running.is_some() || !primary.is_some_and(|p| p.writability.accepts_writes()) {
            return vec![];
        }
        let wanted = |node: &NodeName| Order {
            node: node.clone(),
            donor: None,
            force: false,
            actor: BY_POLICY.to_owned(),
        };
        let mut quarantined = view
            .replicas()
            .filter(|(node, _)| node.quarantine.is_some() && node.maintenance.is_none())
            .filter(|(node, _)| !self.tried.contains(&node.name));
        let order = quarantined.find_map(|(node, _)| {
            let order = wanted(&node.name);
            plan(view, &order, timing, now.mono)
                .is_ok()
                .then_some(order)
        });
        let Some(order) = order else {
            return vec![];
        };
        self.tried.insert(order.node.clone());
        self.order(&order, id, (view, timing), false, now)
    }

    /// Takes in how a step went.
    pub(crate) fn finished(
        &mut self,
        id: RebuildId,
        done: RebuildDone,
        view: &mut ClusterView,
        now: Now,
    ) -> Vec<Command> {
        let Some(running) = self.running.as_mut().filter(|it| it.record.id == id) else {
            return vec![];
        };
        let state = &mut running.record.state;
        match (state, done) {
            (RebuildState::Checking, RebuildDone::Checked(Ok(()))) => self.begin(view, now),
            (RebuildState::Copying { .. }, RebuildDone::Begun(Ok(()))) => self.copy(view),
            (RebuildState::Copying { progress }, RebuildDone::Progress(told)) => {
                *progress = told;
                vec![]
            }
            (RebuildState::Copying { .. }, RebuildDone::Copied(Ok(restarter))) => {
                let by_hand = restarter == Restarter::Somebody;
                self.enter(RebuildState::Restarting { by_hand }, now);
                self.save()
            }
            (RebuildState::Restarting { .. }, RebuildDone::Inspected(found)) => {
                running.inspecting = false;
                self.inspected(found, view, now)
            }
            (RebuildState::Copying { .. }, RebuildDone::Begun(Err(why))) => {
                let mut commands = self.spare(view);
                commands.extend(self.fail(why, now));
                commands
            }
            (RebuildState::Checking, RebuildDone::Checked(Err(why)))
            | (RebuildState::Copying { .. }, RebuildDone::Copied(Err(why))) => self.fail(why, now),
            _ => vec![],
        }
    }

    fn begin(&mut self, view: &mut ClusterView, now: Now) -> Vec<Command> {
        let progress = CopyProgress::default();
        self.enter(RebuildState::Copying { progress }, now);
        let Some(Running { record, .. }) = &self.running else {
            return vec![];
        };
        let errant = crate::errant::errant(view, &record.node).unwrap_or_default();
        let quarantine = Quarantine {
            reason: format!("its data is replaced by that of {}", record.donor),
            errant,
            incomplete: true,
        };
        view.quarantine(&record.node, Some(quarantine.clone()));
        let record = Box::new(record.clone());
        vec![act(record.id, RebuildAct::Begin { record, quarantine })]
    }

    /// Nothing was replaced: the node is no more incomplete than it was. What was to
    /// be stored of it may come to be stored all the same, but before this.
    fn spare(&self, view: &mut ClusterView) -> Vec<Command> {
        let Some(Running { record, .. }) = &self.running else {
            return vec![];
        };
        let node = record.node.clone();
        let known = view
            .cluster
            .node(&node)
            .and_then(|node| node.quarantine.clone());
        let errant = known.filter(|known| !known.errant.is_empty());
        let quarantine = errant.map(|known| Quarantine {
            reason: "it holds transactions that the primary never had".to_owned(),
            incomplete: false,
            ..known
        });
        view.quarantine(&node, quarantine.clone());
        let care = Care::Quarantine(quarantine);
        vec![Command::Tend { node, care }]
    }

    /// The donor may have been lost since it was chosen: the copy then fails.
    fn copy(&mut self, view: &ClusterView) -> Vec<Command> {
        let Some(Running { record, .. }) = &self.running else {
            return vec![];
        };
        let Some(donor) = view.cluster.node(&record.donor) else {
            return vec![];
        };
        let (node, donor) = (record.node.clone(), donor.address.clone());
        vec![act(record.id, RebuildAct::Copy { node, donor })]
    }

    fn inspected(
        &mut self,
        found: Result<RunsOn, String>,
        view: &mut ClusterView,
        now: Now,
    ) -> Vec<Command> {
        match found {
            // It answers a probe and not this: asked again at its next answer.
            Err(_) | Ok(RunsOn::Unfinished) => vec![],
            Ok(RunsOn::FailedCopy(why)) => self.fail(why, now),
            Ok(RunsOn::Copy) => {
                let Some(record) = self.running().cloned() else {
                    return vec![];
                };
                let known = view.cluster.node(&record.node);
                let quarantine = known.and_then(|node| node.quarantine.clone());
                let whole = quarantine.map(|quarantine| Quarantine {
                    incomplete: false,
                    ..quarantine
                });
                view.quarantine(&record.node, whole);
                self.enter(RebuildState::Rejoining, now);
                self.save()
            }
        }
    }

    /// The node answered a probe.
    pub(crate) fn answered(&mut self, node: &NodeName) -> Vec<Command> {
        let Some(running) = self.running.as_mut() else {
            return vec![];
        };
        let restarting = matches!(running.record.state, RebuildState::Restarting { .. });
        if running.record.node != *node || !restarting || running.inspecting {
            return vec![];
        }
        running.inspecting = true;
        let node = node.clone();
        vec![act(running.record.id, RebuildAct::Inspect { node })]
    }

    /// The node takes part.
    pub(crate) fn took_part(&mut self, node: &NodeName, now: Now) -> Vec<Command> {
        self.tried.remove(node);
        if !self.rejoins(node) {
            return vec![];
        }
        self.end(RebuildState::Done, now)
    }

    /// The node was found to hold what the primary never had: its donor has lost the
    /// primacy meanwhile, and the copy is of no use.
    pub(crate) fn found_errant(&mut self, node: &NodeName, now: Now) -> Vec<Command> {
        if !self.rejoins(node) {
            return vec![];
        }
        let why = "its copy holds transactions that the primary never had";
        self.fail(why.to_owned(), now)
    }

    /// Gives up what has taken too long.
    pub(crate) fn ticked(&mut self, now: Now) -> Vec<Command> {
        let Some(Running { record, since, .. }) = &self.running else {
            return vec![];
        };
        let waited = now.mono.since(*since);
        let why = match record.state {
            RebuildState::Restarting { .. } if waited >= RESTART_PATIENCE => {
                "its server was not started again within an hour"
            }
            RebuildState::Rejoining if waited >= REJOIN_PATIENCE => {
                "it runs on its new data, but does not follow the primary after ten minutes"
            }
            _ => return vec![],
        };
        self.fail(why.to_owned(), now)
    }

    fn enter(&mut self, state: RebuildState, now: Now) {
        if let Some(running) = &mut self.running {
            running.record.state = state;
            running.since = now.mono;
            running.inspecting = false;
        }
    }

    fn save(&self) -> Vec<Command> {
        let record = self.running();
        let save = |record: &Rebuild| act(record.id, RebuildAct::Save(Box::new(record.clone())));
        record.map(save).into_iter().collect()
    }

    fn fail(&mut self, reason: String, now: Now) -> Vec<Command> {
        self.end(RebuildState::Failed { reason }, now)
    }

    fn end(&mut self, state: RebuildState, now: Now) -> Vec<Command> {
        let Some(Running { record, .. }) = self.running.take() else {
            return vec![];
        };
        let record = ended(record, state, now);
        self.over.insert(record.node.clone(), record.clone());
        vec![act(record.id, RebuildAct::Save(Box::new(record)))]
    }

    /// What the operator should know of it.
    pub(crate) fn problems(&self, view: &ClusterView) -> Vec<Problem> {
        let running = self.running().map(of_running);
        let quarantined = |record: &&Rebuild| {
            let node = view.cluster.node(&record.node);
            node.is_some_and(|node| node.quarantine.is_some())
                && self
                    .running()
                    .is_none_or(|running| running.node != record.node)
        };
        let failed = self.over.values().filter(quarantined).filter_map(of_failed);
        running.into_iter().chain(failed).collect()
    }
}

fn act(id: RebuildId, act: RebuildAct) -> Command {
    Command::Rebuild { id, act }
}

fn ended(mut record: Rebuild, state: RebuildState, now: Now) -> Rebuild {
    record.state = state;
    record.finished_at = Some(now.wall);
    record
}

fn problem(record: &Rebuild, severity: Severity, sentence: String, response: String) -> Problem {
    Problem {
        code: ProblemCode::NodeRebuild,
        severity,
        node: Some(record.node.clone()),
        sentence,
        response,
        evidence: vec![],
    }
}

fn of_running(record: &Rebuild) -> Problem {
    let (node, donor) = (&record.node, &record.donor);
    let sentence = format!("{node} is rebuilt from {donor}: {}", record.state.as_str());
    match &record.state {
        RebuildState::Restarting { by_hand: true } => problem(
            record,
            Severity::Warning,
            format!("{node} has shut down to run on its new data, and no supervisor starts it"),
            format!("start mysqld of {node}"),
        ),
        _ => problem(
            record,
            Severity::Info,
            sentence,
            format!("it takes part again when it is over; see lictor node show {node}"),
        ),
    }
}

fn of_failed(record: &Rebuild) -> Option<Problem> {
    let RebuildState::Failed { reason } = &record.state else {
        return None;
    };
    let node = &record.node;
    Some(problem(
        record,
        Severity::Warning,
        format!(
            "the last rebuild of {node} from {} failed: {reason}",
            record.donor
        ),
        format!("mend what it says, then: lictor node rebuild {node}"),
    ))
}

#[cfg(test)]
mod tests;
