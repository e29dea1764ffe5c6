//! After the opening: who follows the new primary, and when it is done.

use lictor_domain::{AbortReason, Endpoint, Now, RecoveryOutcome};

use super::{Chosen, Failover, SETTLING, Stage};
use crate::message::Command;
use crate::operation::{Next, Progress};
use crate::settling::Settling;
use crate::tree;
use crate::view::ClusterView;

impl Failover {
    pub(super) fn settle(mut self, chosen: &Chosen, view: &ClusterView, now: Now) -> Next {
        let name = &chosen.winner.node;
        let Some(node) = view.cluster.node(name) else {
            let error = format!("{name} is no longer part of the cluster");
            return self.abort(AbortReason::PromotionFailed { error }, now);
        };
        let new_primary = Endpoint {
            node: node.name.clone(),
            address: node.address.clone(),
        };
        let (story, history) = (&mut self.story, chosen.winner.holds.clone());
        let (mut settling, publish) = Settling::begin(story, new_primary, history, SETTLING, now);
        let mut acts = vec![publish];
        let mut others = chosen.followers.clone();
        others.remove(name);
        for (replica, source) in tree::staying(view, &others, name) {
            others.remove(&replica.name);
            acts.push(settling.stay(story, replica, source, now));
        }
        for replica in &others {
            acts.push(settling.repoint(story, replica, now));
        }
        acts.push(settling.detach(story, now));
        self.stage = Stage::Settling(settling);
        self.going(acts)
    }

    /// Done when nothing is awaited any more, or for long enough.
    pub(super) fn settled(self, now: Now) -> Next {
        match &self.stage {
            Stage::Settling(settling) if settling.is_over(now.mono) => {}
            _ => return self.going(vec![]),
        }
        let record = Box::new(self.story.close(RecoveryOutcome::Done, now));
        let commands = vec![Command::Record(record.clone())];
        (Progress::Over(record), commands)
    }
}
