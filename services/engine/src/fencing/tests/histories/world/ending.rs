//! The end of a history: the primary is lost, receivers are stopped, the engine
//! judges, and then everything happens that can still do harm.

use std::time::Duration;

use lictor_domain::report::Knock;
use lictor_domain::{FencingProof, GtidSet, ProbeOutcome};

use super::{Ending, Flaw, Happening, Judgement, World, node, up_to};
use crate::candidate::{self, Stopped};
use crate::fencing;
use crate::fixture::name;
use crate::view::LATE;

impl World {
    pub(super) fn lose(&mut self, killed: bool) {
        for place in 0..self.known() {
            self.look_if_unseen(place);
        }
        if self.primary.by_hand.is_unseen() {
            self.sees(0);
        }
        self.at = self.at + Duration::from_millis(1);
        self.lost = true;
        self.primary.lives = !killed;
        if killed {
            self.view.knocked(&name(1), &Knock::Refused, self.at);
        } else {
            self.view.probed(&name(1), ProbeOutcome::TimedOut, self.at);
        }
    }

    /// Stops the receivers of those that answer, while everything else goes on.
    pub(super) fn stops_receivers(&mut self, ending: &Ending) -> Stopped {
        let mut meanwhile = ending.meanwhile.iter();
        let mut stopped = Stopped::new();
        let places = (0..self.known()).zip(&ending.stops);
        for (place, (answers, _)) in places.clone() {
            match (self.replicas[place].lives, answers) {
                (true, 0) => self
                    .view
                    .probed(&node(place), ProbeOutcome::TimedOut, self.at),
                (false, 0..4) => self
                    .view
                    .probed(&node(place), ProbeOutcome::Refused, self.at),
                _ => {}
            }
        }
        for (place, (_, stops)) in places {
            for happening in meanwhile.by_ref().take(3) {
                self.goes_on(happening);
            }
            if self.view.node(&node(place)).silence.is_none() {
                stopped.insert(node(place), self.stops_receiver(place, *stops));
            }
        }
        stopped
    }

    /// Only what no hand does, and Lictor neither: it has begun a failover.
    fn goes_on(&mut self, happening: &Happening) {
        if let Happening::Write
        | Happening::Fetch(_)
        | Happening::AckArrives(_)
        | Happening::Enforces
        | Happening::EnforcesLate = happening
        {
            self.happens(happening);
        }
    }

    fn stops_receiver(&mut self, place: usize, how: u8) -> Result<GtidSet, String> {
        // One hand for each node: what it was at comes first.
        if how.is_multiple_of(2) {
            self.moves(place);
        }
        let replica = &mut self.replicas[place];
        match how {
            _ if !replica.lives => Err("gone".to_owned()),
            4 => Err("too late".to_owned()),
            5 => {
                replica.receives = false;
                Err("its answer was lost".to_owned())
            }
            _ => {
                replica.receives = false;
                Ok(up_to(match self.flaw {
                    Flaw::ComparesApplied => replica.applied,
                    _ => replica.received,
                }))
            }
        }
    }

    pub(super) fn judge(mut self, stopped: &Stopped) -> Judgement {
        let mut stopped = stopped.clone();
        if self.flaw == Flaw::IgnoresSinceWhenIdle
            && let Some(last) = self.view.primary().answer.clone()
        {
            let mut answer = last;
            (answer.at, answer.latency) = (self.at + LATE, Duration::ZERO);
            let acks = self.view.effective_acks();
            self.view = self.view.with_last_words(Some(answer), acks);
        }
        if self.flaw == Flaw::OneTooFew {
            let ackers = fencing::possible_ackers(&self.view);
            let left = ackers
                .into_iter()
                .find(|node| !matches!(stopped.get(node), Some(Ok(_))));
            stopped.extend(left.map(|node| (node, Ok(GtidSet::default()))));
        }
        let answered = stopped.iter().filter(|(_, holds)| holds.is_ok());
        let answered = answered.map(|(node, _)| node.clone()).collect();
        let proof = fencing::prove(&self.view, &answered).ok();
        let winner = candidate::elect(&self.view, &stopped).winner.ok();
        let proof = proof.map(|fenced| fenced.proof().clone());
        let before = self.primary.written;
        self.does_its_worst();
        let committed = self.primary.committed;
        let winner = proof.as_ref().and(winner);
        let lost = winner.as_ref().map(|winner| {
            let lost = up_to(committed).subtract(&winner.holds);
            (!lost.is_empty()).then(|| format!("{} lacks acknowledged {lost}", winner.node))
        });
        let revoked = matches!(proof, Some(FencingProof::QuorumRevoked { .. }));
        let went_on = (revoked && committed > before)
            .then(|| format!("{committed} is acknowledged, begun after {before}"));
        Judgement {
            replicas: self.known(),
            proof,
            elected: winner.is_some(),
            breach: lost.flatten().or(went_on),
        }
    }

    /// Whatever can still make the old primary acknowledge something.
    fn does_its_worst(&mut self) {
        self.enforces();
        while !self.primary.late.is_empty() {
            self.enforces_late();
        }
        for _ in 0..2 {
            for place in 0..self.replicas.len() {
                self.fetch(place);
                while !self.replicas[place].acks.is_empty() {
                    self.ack_arrives(place);
                }
            }
            self.write();
        }
        for place in 0..self.replicas.len() {
            self.fetch(place);
            while !self.replicas[place].acks.is_empty() {
                self.ack_arrives(place);
            }
        }
    }
}
