//! From the intent to the winner: receivers are stopped, and once they prove that
//! the old primary can acknowledge nothing any more, the best replica is elected.

use std::collections::{BTreeMap, BTreeSet};

use lictor_domain::evidence::human;
use lictor_domain::{AbortReason, GtidSet, Mono, NodeName, Now, Phase};

use super::promoting::Chosen;
use super::{Failover, STRAGGLERS, Stage};
use crate::candidate::{self, Election, Stopped, Winner, Wish};
use crate::fencing::{self, Fenced, NotFenced};
use crate::message::Act;
use crate::operation::Next;
use crate::replica::leads_to_primary;
use crate::timing::deadline;
use crate::view::ClusterView;

impl Failover {
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
            lease_ends: None,
        };
        acts
    }

    /// Stops every receiver that answers.
    pub(super) fn fence(mut self, view: &ClusterView, now: Now) -> Next {
        let acts = self.stop_receivers(view, now);
        if acts.is_empty() {
            return self.elect(view, now);
        }
        self.going(acts)
    }

    pub(super) fn receiver_stopped(
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
                self.story.conclude(step, &holds, now);
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
    /// stragglers had their time. Where no other proof is to be had, it waits for
    /// the lease of the old primary's agent to run out. Without a proof it goes on
    /// only where the policy accepts that, and when a proof had its time to come.
    pub(super) fn elect(mut self, view: &ClusterView, now: Now) -> Next {
        let Stage::Fencing {
            pending,
            stopped,
            since,
            ..
        } = &self.stage
        else {
            return self.going(vec![]);
        };
        let (since, stopped) = (*since, stopped.clone());
        let patient = now.mono.since(since) < STRAGGLERS;
        let all_answered = pending.is_empty();
        let (proof, election) = self.judge(&stopped, view);
        let proof = proof.or_else(|missing| fencing::lease_expired(view, now.mono).ok_or(missing));
        if !all_answered && (patient || proof.is_err() || election.winner.is_err()) {
            return self.going(vec![]);
        }
        let ends = fencing::lease_ends(view).filter(|ends| now.mono < *ends);
        if let (Err(missing), Some(ends)) = (&proof, ends) {
            return self.await_lease(missing, ends, now);
        }
        let accepted = fencing::accepted_unfenced(view).filter(|_| proof.is_err());
        if accepted.is_some() && now.mono.since(since) < deadline::PROOF {
            return self.going(vec![]);
        }
        let (fenced, fence) = match (proof, accepted) {
            (Ok(fenced), _) => {
                let fence = format!("the old primary is fenced: {}", fenced.proof());
                (fenced, fence)
            }
            (Err(missing), Some(unfenced)) => {
                let fence = format!("no proof: {}; {}", missing.0, unfenced.proof());
                (unfenced, fence)
            }
            (Err(missing), None) => {
                self.story.record.candidates = election.verdicts;
                let reason = AbortReason::NotFenced { missing: missing.0 };
                return self.abort(reason, now);
            }
        };
        self.story.record.fencing = Some(fenced.proof().clone());
        self.story.note(Phase::Fence, fence, now);
        self.decide(election, fenced, stopped, view, now)
    }

    /// The old primary's agent kills it when its lease ends: that is waited for.
    fn await_lease(mut self, missing: &NotFenced, ends: Mono, now: Now) -> Next {
        if let Stage::Fencing { lease_ends, .. } = &mut self.stage
            && lease_ends.replace(ends).is_none()
        {
            let left = human(ends.since(now.mono));
            let why = &missing.0;
            let note = format!("no proof yet: {why}; its agent kills it within {left}");
            self.story.note(Phase::Fence, note, now);
        }
        self.going(vec![])
    }

    /// The proof and the election, by what was stopped and what has been tried.
    pub(super) fn judge(
        &self,
        stopped: &Stopped,
        view: &ClusterView,
    ) -> (Result<Fenced, NotFenced>, Election) {
        let answered: BTreeSet<NodeName> = stopped
            .iter()
            .filter(|(_, holds)| holds.is_ok())
            .map(|(node, _)| node.clone())
            .collect();
        if let Some(ordered) = &self.ordered {
            return ordered.judge(view, &answered, stopped, &self.failed);
        }
        let wish = Wish {
            failed: Some(&self.failed),
            ..Wish::default()
        };
        let election = candidate::elect_as(view, stopped, &wish);
        (fencing::prove(view, &answered), election)
    }

    /// Goes on with whoever the election gave, behind a fenced primary.
    pub(super) fn decide(
        mut self,
        election: Election,
        fenced: Fenced,
        stopped: Stopped,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        self.story.record.candidates = election.verdicts;
        if let Some(gathering) = election.gathering {
            return self.gather(gathering, fenced, stopped, view, now);
        }
        self.note_overridden(&election.overridden, now);
        match election.winner {
            Err(blocker) => self.abort(AbortReason::NoViableCandidate { blocker }, now),
            Ok(winner) => {
                let chosen = Chosen {
                    followers: within(&stopped, &winner),
                    fenced,
                    winner,
                };
                self.catch_up(chosen, view, now)
            }
        }
    }
}

fn following(view: &ClusterView, asked: &BTreeSet<NodeName>) -> BTreeSet<NodeName> {
    let follows = |node: &&NodeName| {
        let report = view.node(node).report();
        report.is_some_and(|report| leads_to_primary(view, report))
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
