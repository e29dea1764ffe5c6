//! After the opening: the others follow the new primary, the old one among them.

use lictor_domain::{AbortReason, Endpoint, GtidSet, NodeName, Now, RecoveryOutcome};

use super::{SETTLING, Stage, Switchover, address};
use crate::operation::Next;
use crate::settling::Settling;
use crate::view::ClusterView;

impl Switchover {
    pub(super) fn settle(mut self, history: GtidSet, view: &ClusterView, now: Now) -> Next {
        let name = self.candidate.clone();
        let Some(address) = address(view, &name) else {
            let error = format!("{name} is no longer part of the cluster");
            return self.give_up(AbortReason::PromotionFailed { error }, now);
        };
        let old = self.old_primary();
        let story = &mut self.story;
        let new_primary = Endpoint {
            node: name.clone(),
            address,
        };
        let (mut settling, publish) = Settling::begin(story, new_primary, history, SETTLING, now);
        let mut acts = vec![publish];
        for node in followers(view, &name) {
            acts.push(settling.repoint(story, &node, now));
        }
        acts.push(settling.demote(story, &old, now));
        acts.push(settling.detach(story, now));
        self.stage = Stage::Settling(settling);
        self.going(acts)
    }

    /// Done when nothing is awaited any more, or for long enough.
    pub(super) fn settled(self, now: Now) -> Next {
        match &self.stage {
            Stage::Settling(settling) if settling.is_over(now.mono) => {
                self.over(RecoveryOutcome::Done, vec![], now)
            }
            _ => self.going(vec![]),
        }
    }
}

/// The replicas that follow the old primary and are fit to follow the new one.
fn followers(view: &ClusterView, new_primary: &NodeName) -> Vec<NodeName> {
    let replicas = view.replicas().filter(|(node, replica)| {
        let report = replica.report().filter(|_| replica.silence.is_none());
        node.name != *new_primary
            && node.quarantine.is_none()
            && !replica.stopped_by_operator()
            && report.is_some_and(|report| view.follows_primary(report))
    });
    replicas.map(|(node, _)| node.name.clone()).collect()
}
