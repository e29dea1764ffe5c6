//! The second step after a failover. The winner is who held the most; where another
//! replica is better placed, by its promotion rule or by the lost primary's zone,
//! that one takes over when it has caught up: by an ordinary switchover, with every
//! check of an operator's.
//!
//! - It is taken at most once after a failover. One that was undone is not tried
//!   again: what hindered it would hinder it again, and each try keeps writers
//!   waiting.
//! - It begins within [`LIMIT`] of the failover's end, in mode auto; until then it
//!   waits. Later a primary that changes would surprise more than it helps.
//! - It never goes to the primary that was lost, nor to a node that became better
//!   placed only after the failover: that is an operator's to order.
//! - A long transaction holds it back: nobody is waiting for it.
//! - After a failover whose winner an operator named there is none.
//!
//! A next leader reads the plan from the record of the failover that made the
//! primacy, and from those that were given up whether the step was tried.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lictor_domain::evidence::human;
use lictor_domain::{
    BetterPlaced, Cluster, Epoch, Evidence, LongTransactions, Mode, Mono, Node, NodeName, Now,
    Order, Problem, ProblemCode, Recovery, RecoveryId, RecoveryKind, RecoveryOutcome, Rejection,
    Zone,
};

use super::Keeper;
use crate::candidate::{self, Placement};
use crate::message::Command;
use crate::switchover::{self, Facts};
use crate::view::ClusterView;

/// It begins so long after its failover, or not at all.
pub(super) const LIMIT: Duration = Duration::from_mins(10);
/// What was found on the primary counts for so long, and is looked for no sooner
/// again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A look of which nothing was heard for so long is made again.
const FORGOTTEN: Duration = Duration::from_secs(10);
/// Who orders it.
const ACTOR: &str = "lictor";
/// What is found before anybody has looked.
static NOTHING: Facts = Facts {
    transactions: Ok(vec![]),
    subscribers: 1,
};

/// What a failover left to be set right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SecondStep {
    failover: RecoveryId,
    epoch: Epoch,
    /// The primary that was lost, and where it stood.
    lost: NodeName,
    zone: Option<Zone>,
    /// Who were better placed than the winner when the failover ended.
    better: BTreeSet<NodeName>,
    /// When it is too late.
    ends: DateTime<Utc>,
    /// Why it was undone, once it was.
    undone: Option<String>,
    looked: Option<(Facts, Mono)>,
    /// Set while a hand looks.
    looking: Option<Mono>,
}

/// How it stands with the second step.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outlook {
    /// Nothing known stands in its way.
    Clear,
    /// This does.
    HeldBack(Vec<String>),
    /// It is the operator's to order.
    Withheld,
    /// It came to nothing, and why.
    Over(String),
}

impl SecondStep {
    /// What is left to be done after a failover that is done, if anything.
    fn after(cluster: &Cluster, record: &Recovery) -> Option<Self> {
        let lost = &record.old_primary;
        let zone = cluster.node(lost).and_then(|node| node.zone.clone());
        let winner = cluster.node(record.new_primary.as_ref()?)?;
        let winner = Placement::of(winner, zone.as_ref());
        let better =
            |node: &&Node| node.name != *lost && Placement::of(node, zone.as_ref()) > winner;
        let better = cluster.nodes.iter().filter(better);
        let better: BTreeSet<_> = better.map(|node| node.name.clone()).collect();
        if better.is_empty() {
            return None;
        }
        Some(Self {
            failover: record.id,
            epoch: record.epoch,
            lost: lost.clone(),
            ends: record.finished_at()? + LIMIT,
            zone,
            better,
            undone: None,
            looked: None,
            looking: None,
        })
    }

    /// Who is to take over: the best of those that are still better placed, and that
    /// nothing keeps from it but what may pass by itself.
    fn target<'a>(&self, view: &'a ClusterView) -> Option<&'a Node> {
        let zone = self.zone.as_ref();
        let primary = Placement::of(view.primary_node()?, zone);
        let mut ranked = candidate::planned_near(view, zone).into_iter();
        let best = ranked.find(|verdict| {
            let node = view.cluster.node(&verdict.node);
            self.better.contains(&verdict.node)
                && node.is_some_and(|node| Placement::of(node, zone) > primary)
                && verdict.rejections.iter().all(passes)
        })?;
        view.cluster.node(&best.node)
    }

    /// Why this one is to take over, as a sentence.
    fn why(&self, view: &ClusterView, target: &Node) -> String {
        let zone = self.zone.as_ref();
        let (target_is, name) = (Placement::of(target, zone), &target.name);
        let rule = view.primary_node().map(|node| node.promotion.rule);
        let better = match rule {
            Some(rule) if rule != target_is.rule => {
                format!("its promotion rule is {}, and not {rule}", target_is.rule)
            }
            _ => format!("it is in the zone of {}", self.lost),
        };
        format!(
            "{} held the most and saved the data in recovery {}; {name} is better placed: {better}",
            view.cluster.primary, self.failover
        )
    }

    /// What was found on the primary, while it counts.
    fn fresh(&self, now: Mono) -> Option<Facts> {
        let (facts, at) = self.looked.as_ref()?;
        (now.since(*at) < LOOK_EVERY).then(|| facts.clone())
    }

    fn is_looking(&self, now: Mono) -> bool {
        self.looking.is_some_and(|at| now.since(at) < FORGOTTEN)
    }
}

/// Whether it may pass without an operator.
const fn passes(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::NoAnswer { .. } | Rejection::ApplierBroken { .. }
    )
}

fn order(to: &NodeName) -> Order {
    Order {
        to: Some(to.clone()),
        pause: Order::USUAL_PAUSE,
        transactions: LongTransactions::Refuse,
        older_than: Order::USUAL_AGE,
        actor: ACTOR.to_owned(),
        reason: None,
    }
}

impl Keeper {
    /// Takes in that a recovery has ended; `named` if an operator said who was to be
    /// the primary.
    pub(super) fn plan_second_step(&mut self, record: &Recovery, named: bool) {
        match &record.outcome {
            RecoveryOutcome::Running => {}
            RecoveryOutcome::Done => {
                let anew = record.kind == RecoveryKind::Failover && !named;
                let plan = || SecondStep::after(&self.view.cluster, record);
                self.second_step = anew.then(plan).flatten();
            }
            RecoveryOutcome::Aborted { reason } => {
                let second = record.verdict.code == ProblemCode::BetterPlacedReplica;
                let plan = self.second_step.as_mut().filter(|_| second);
                if let Some(plan) = plan.filter(|plan| record.epoch > plan.epoch) {
                    plan.undone = Some(reason.to_string());
                }
            }
        }
    }

    /// Takes in what a hand has found on the primary.
    pub(super) fn looked(&mut self, node: &NodeName, facts: Facts, now: Mono) {
        let ours = *node == self.view.cluster.primary;
        if let Some(plan) = self.second_step.as_mut().filter(|_| ours) {
            plan.looked = Some((facts, now));
            plan.looking = None;
        }
    }

    /// Has the primary looked at when all else is well, and begins when that is, too.
    pub(super) fn take_second_step(&mut self, now: Now, fresh: RecoveryId) -> Vec<Command> {
        let Some((plan, target)) = self.next_step() else {
            return vec![];
        };
        let (order, facts) = (order(&target.name), plan.fresh(now.mono));
        let known = facts.as_ref().unwrap_or(&NOTHING);
        if self.outlook(plan, target, known, now) != Outlook::Clear {
            return vec![];
        }
        let Some(facts) = facts else {
            return self.look(order.older_than, now.mono);
        };
        let cause = Problem {
            code: ProblemCode::BetterPlacedReplica,
            severity: ProblemCode::BetterPlacedReplica.severity(),
            node: Some(target.name.clone()),
            sentence: plan.why(&self.view, target),
            response: switchover::RESPONSE.to_owned(),
            evidence: vec![],
        };
        let (_, commands) = self.switch_over_because(order, &facts, |_, _| cause, now, fresh);
        commands
    }

    /// What is shown while it waits, and when it came to nothing.
    pub(super) fn second_step_problem(&self, now: Now) -> Option<Problem> {
        let (plan, target) = self.next_step()?;
        let facts = plan.looked.as_ref().map_or(&NOTHING, |(facts, _)| facts);
        let (cluster, name) = (&self.view.cluster, &target.name);
        let by_hand = format!(
            "lictor cluster switchover {} --to {name}; to leave it: lictor cluster set {} \
             --better-placed stay --reason …",
            cluster.name, cluster.name
        );
        let until = plan.ends.format("%H:%M:%S UTC");
        let by_itself = format!(
            "Lictor switches over to {name} once nothing stands in the way, until {until}; at \
             once, or later: {by_hand}"
        );
        let (then, response, blockers) = match self.outlook(plan, target, facts, now) {
            Outlook::Clear => (", and takes over".to_owned(), by_itself, vec![]),
            Outlook::HeldBack(why) => (", and cannot take over yet".to_owned(), by_itself, why),
            Outlook::Withheld => (
                format!(
                    ", and Lictor does nothing by itself in mode {}",
                    cluster.mode()
                ),
                by_hand,
                vec![],
            ),
            Outlook::Over(why) => (
                format!("; {why}"),
                format!("Lictor does not try it again: {by_hand}"),
                vec![],
            ),
        };
        let evidence = |reason| Evidence::CannotBePromoted {
            replica: name.clone(),
            reason,
        };
        Some(Problem {
            code: ProblemCode::BetterPlacedReplica,
            severity: ProblemCode::BetterPlacedReplica.severity(),
            node: Some(name.clone()),
            sentence: format!("{}{then}", plan.why(&self.view, target)),
            response,
            evidence: blockers.into_iter().map(evidence).collect(),
        })
    }

    /// The step that is left to be taken, and who is to take over; unless the policy
    /// wants none.
    fn next_step(&self) -> Option<(&SecondStep, &Node)> {
        let policy = &self.view.cluster.policy;
        let wanted = policy.better_placed == BetterPlaced::Switch && policy.mode != Mode::Observe;
        let idle = self.operation.is_none() && self.inherited.is_none();
        let plan = self.second_step.as_ref().filter(|_| wanted && idle)?;
        Some((plan, plan.target(&self.view)?))
    }

    fn outlook(&self, plan: &SecondStep, target: &Node, facts: &Facts, now: Now) -> Outlook {
        if let Some(why) = &plan.undone {
            return Outlook::Over(format!("the switchover to it was undone: {why}"));
        }
        if now.wall >= plan.ends {
            let limit = human(LIMIT);
            return Outlook::Over(format!("it was not ready within {limit} of the failover"));
        }
        if self.view.cluster.mode() != Mode::Auto {
            return Outlook::Withheld;
        }
        let preflight = self.preflight(&order(&target.name), facts, now.mono);
        let blockers = preflight.blockers().map(|check| check.sentence.clone());
        let blockers: Vec<_> = blockers.collect();
        if blockers.is_empty() {
            return Outlook::Clear;
        }
        Outlook::HeldBack(blockers)
    }

    fn look(&mut self, older_than: Duration, now: Mono) -> Vec<Command> {
        let node = self.view.cluster.primary.clone();
        let plan = self.second_step.as_mut();
        let Some(plan) = plan.filter(|plan| !plan.is_looking(now)) else {
            return vec![];
        };
        plan.looking = Some(now);
        vec![Command::Look { node, older_than }]
    }
}
