//! A failover by an operator's order: what stands in its way, what it would do,
//! and its beginning. It works in every mode but `observe`, asks no budget, and
//! needs no verdict: that the primary is to go is the operator's judgement. What
//! is done still needs a proof and an election, or `--force`.

use lictor_domain::{
    Blocker, FailoverOrder, GtidSet, Mode, NodeName, Now, Problem, ProblemCode, RecoveryId,
    Rehearsal,
};

use super::Keeper;
use super::heritage;
use super::tending::Tending;
use crate::candidate::{self, Gathering, Stopped, Wish};
use crate::failover::{Beginning, Failover};
use crate::fencing;
use crate::message::Command;
use crate::operation::Operation;
use crate::replica::current;
use crate::verdict::{self, Verdict};

impl Keeper {
    /// What an ordered failover would find, by what is known now. Nothing is
    /// done.
    #[must_use]
    pub fn rehearse_failover(&self, order: &FailoverOrder) -> Rehearsal {
        let view = &self.view;
        let primary = current(view.primary());
        let closed: Option<GtidSet> = primary.map(|report| report.executed.clone());
        let stopped: Stopped = view
            .replicas()
            .filter_map(|(node, replica)| Some((node, current(replica)?)))
            .map(|(node, report)| (node.name.clone(), Ok(report.holds())))
            .collect();
        let wish = Wish {
            to: order.to.as_ref(),
            force: order.force,
            closed: closed.as_ref(),
            failed: None,
        };
        let election = candidate::elect_as(view, &stopped, &wish);
        let answering = stopped.keys().cloned().collect();
        let proof = fencing::prove_ordered(view, &answering, closed.is_some(), order);
        let mut blockers = self.in_the_way(order);
        if self.only_gives_up(order) {
            return self.giving_up(order, blockers);
        }
        let accepted = fencing::accepted_unfenced(view).filter(|_| proof.is_err());
        let runs_out = fencing::lease_ends(view).filter(|_| proof.is_err());
        let missing = proof.err();
        let missing = missing.filter(|_| accepted.is_none() && runs_out.is_none());
        blockers.extend(missing.map(|missing| Blocker::NotFenced(missing.0)));
        let candidate = match election.elected() {
            Ok(node) => Some(node),
            Err(why) => {
                blockers.push(Blocker::NoCandidate(why));
                None
            }
        };
        let mut steps: Vec<String> = self.given_up(order).into_iter().collect();
        steps.extend(self.would_do(closed.is_some(), stopped.keys()));
        steps.extend(runs_out.map(|_| self.would_wait()));
        let accepted = accepted.filter(|_| runs_out.is_none());
        steps.extend(accepted.map(|unfenced| format!("go on: {}", unfenced.proof())));
        if let Some(gathering) = &election.gathering {
            let Gathering { node, from, .. } = gathering;
            steps.push(format!("{node} receives from {from} what it lacks"));
        }
        steps.extend(candidate.iter().flat_map(promotion));
        let overridden = election.overridden.into_iter();
        steps.extend(overridden.map(|what| format!("override: {what}")));
        Rehearsal {
            candidate,
            candidates: election.verdicts,
            steps,
            blockers,
        }
    }

    /// Begins a failover by an operator's order, or says what stands in its way.
    pub fn order_failover(
        &mut self,
        order: FailoverOrder,
        now: Now,
        fresh: RecoveryId,
    ) -> (Rehearsal, Vec<Command>) {
        let rehearsal = self.rehearse_failover(&order);
        if !rehearsal.blockers.is_empty() {
            return (rehearsal, vec![]);
        }
        let only_gives_up = self.only_gives_up(&order);
        let mut commands = self.give_up_heritage(&order, now);
        if only_gives_up {
            commands.extend(self.resume_stopped());
            return (rehearsal, commands);
        }
        let beginning = Beginning {
            id: fresh,
            epoch: self.next_epoch(),
            verdict: self.ordered_because(&order, now),
            first_sign: now.mono,
        };
        let (failover, begun) = Failover::begin_ordered(beginning, order, &self.view, now);
        self.operation = Some(Operation::Failover(Box::new(failover)));
        commands.extend(begun);
        (rehearsal, commands)
    }

    fn in_the_way(&self, order: &FailoverOrder) -> Vec<Blocker> {
        let mut blockers = vec![];
        if self.view.cluster.policy.mode == Mode::Observe {
            blockers.push(Blocker::OnlyObserved);
        }
        blockers.extend(self.recovery().map(|record| Blocker::UnderWay(record.id)));
        blockers.extend(self.unfinished(order));
        let primary = &self.view.cluster.primary;
        if self.tending.get(primary) == Some(&Tending::Opening) {
            blockers.push(Blocker::BeingOpened(primary.clone()));
        }
        let is_replica = |name: &NodeName| self.view.replicas().any(|(node, _)| node.name == *name);
        let stranger = order.to.as_ref().filter(|to| !is_replica(to));
        let stranger = stranger.filter(|_| !self.only_gives_up(order));
        blockers.extend(stranger.cloned().map(Blocker::NoSuchReplica));
        blockers
    }

    /// What another leader left, unless the order gives it up.
    fn unfinished(&self, order: &FailoverOrder) -> Option<Blocker> {
        let record = self.inherited()?;
        let waited_for = heritage::waited_for(&self.view, record);
        if order.force && waited_for.is_some() {
            return None;
        }
        let unseen = || "not every node has been looked at".to_owned();
        Some(Blocker::Unfinished {
            recovery: record.id,
            why: waited_for.map_or_else(unseen, |(_, why)| why),
        })
    }

    /// What the order gives up, and what that may cost, as a sentence.
    fn given_up(&self, order: &FailoverOrder) -> Option<String> {
        let record = self.inherited().filter(|_| order.force)?;
        let (winner, why) = heritage::waited_for(&self.view, record)?;
        Some(format!(
            "override: recovery {} is given up. {why}: what no other node holds is lost, and if \
             {winner} lives, it may still take writes that will be lost",
            record.id
        ))
    }

    /// Whether the order ends what another leader left, and leaves the primacy
    /// where it was.
    fn only_gives_up(&self, order: &FailoverOrder) -> bool {
        let stays = order.to.as_ref() == Some(&self.view.cluster.primary);
        stays && self.given_up(order).is_some()
    }

    fn giving_up(&self, order: &FailoverOrder, blockers: Vec<Blocker>) -> Rehearsal {
        let primary = &self.view.cluster.primary;
        let stays = format!("leave {primary} the primary, and start receivers that were stopped");
        Rehearsal {
            candidate: Some(primary.clone()),
            candidates: vec![],
            steps: self.given_up(order).into_iter().chain([stays]).collect(),
            blockers,
        }
    }

    fn would_do<'a>(
        &self,
        closes: bool,
        receivers: impl Iterator<Item = &'a NodeName>,
    ) -> Vec<String> {
        let primary = &self.view.cluster.primary;
        let mut steps = vec![];
        if closes {
            steps.push(format!(
                "close {primary} for writes; clients whose commits wait are cut off"
            ));
        }
        steps.extend(receivers.map(|node| format!("stop the receiver of {node}")));
        steps
    }

    fn would_wait(&self) -> String {
        let primary = &self.view.cluster.primary;
        format!("wait until the agent of {primary} has killed it: it is granted no lease any more")
    }

    /// The order as the recovery's cause; what is known of the primary is its
    /// evidence.
    fn ordered_because(&self, order: &FailoverOrder, now: Now) -> Problem {
        let (operator, reason) = (&order.operator, &order.reason);
        let evidence = match verdict::of_primary(&self.view, &self.timing, now.mono) {
            Verdict::Lost(problem) => problem.evidence,
            _ => vec![],
        };
        Problem {
            code: ProblemCode::FailoverOrdered,
            severity: ProblemCode::FailoverOrdered.severity(),
            node: Some(self.view.cluster.primary.clone()),
            sentence: format!("{operator} ordered a failover: {reason}"),
            response: "Lictor fails over as it was ordered".to_owned(),
            evidence,
        }
    }
}

fn promotion(candidate: &NodeName) -> [String; 2] {
    [
        format!("open {candidate} for writes, and publish it"),
        format!("point the others at {candidate}"),
    ]
}
