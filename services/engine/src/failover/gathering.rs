//! Nobody who holds everything may be promoted: a fit replica gets what it lacks
//! from one that may not.
//!
//! It happens before a winner is named. So a next leader finds a record that
//! names nobody, has opened nobody, and begins anew: what the replica has
//! received meanwhile is not lost. Afterwards the election is held again, on what
//! each holds then; a replica that got nothing is not tried a second time.

use lictor_domain::{AbortReason, Endpoint, GtidSet, NodeName, Now, Phase, Rejection};

use super::{Failover, Stage};
use crate::candidate::{Gathering, Stopped};
use crate::fencing::Fenced;
use crate::message::Act;
use crate::operation::Next;
use crate::timing::deadline;
use crate::view::ClusterView;

/// A gathering under way, and what the election goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    gathering: Gathering,
    fenced: Fenced,
    stopped: Stopped,
}

impl Failover {
    pub(super) fn gather(
        mut self,
        gathering: Gathering,
        fenced: Fenced,
        stopped: Stopped,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let (node, from) = (gathering.node.clone(), gathering.from.clone());
        let ends = view.cluster.node(&from).zip(view.primary_node());
        let Some((donor, primary)) = ends else {
            let blocker = format!("{from} is no longer part of the cluster");
            return self.abort(AbortReason::NoViableCandidate { blocker }, now);
        };
        let elected =
            format!("{from} alone holds everything and may not be promoted: {node} gets it there");
        self.story.note(Phase::Elect, elected, now);
        let missing = gathering.missing.summary(4);
        let sentence = format!("{node} receives from {from} and applies what it lacks: {missing}");
        let step = self.story.begin(Phase::CatchUp, sentence, now);
        self.asked.insert(node.clone());
        self.moved.insert(node.clone(), primary.address.clone());
        let act = Act::Gather {
            node,
            from: Endpoint {
                node: from,
                address: donor.address.clone(),
            },
            donor_waits: gathering.donor_waits,
            holds: gathering.holds.clone(),
            within: deadline::GATHER,
        };
        let pending = Pending {
            gathering,
            fenced,
            stopped,
        };
        self.stage = Stage::Gathering { pending, step };
        self.going(vec![act])
    }

    pub(super) fn gathered(
        mut self,
        node: NodeName,
        holds: Result<GtidSet, String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::Gathering { pending, step } = self.stage.clone() else {
            return self.going(vec![]);
        };
        self.story.conclude(step, &holds, now);
        let Pending {
            gathering,
            fenced,
            mut stopped,
        } = pending;
        match holds {
            Ok(holds) => {
                stopped.insert(node, Ok(holds));
            }
            Err(reason) => {
                let from = gathering.from;
                self.failed
                    .insert(node, Rejection::NotGathered { from, reason });
            }
        }
        let (_, election) = self.judge(&stopped, view);
        self.decide(election, fenced, stopped, view, now)
    }
}
