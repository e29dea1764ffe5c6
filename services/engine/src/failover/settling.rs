//! After the opening: the world is told, the others follow, the new primary
//! forgets its old source. Nothing of it is undone, and nothing waits for it.

use std::collections::BTreeMap;

use lictor_domain::{AbortReason, Endpoint, NodeName, Now, Phase, RecoveryOutcome};

use super::{Chosen, Failover, SETTLING, Stage};
use crate::message::{Act, Command};
use crate::operation::{Next, Progress};
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
        let sentence = format!(
            "publish {name} as the primary of epoch {}",
            self.record().epoch
        );
        let publishing = self.story.begin(Phase::Publish, sentence, now);
        let mut acts = vec![Act::Publish {
            epoch: self.record().epoch,
            primary: new_primary.clone(),
        }];
        let mut repointing = BTreeMap::new();
        for replica in chosen.followers.iter().filter(|replica| *replica != name) {
            repointing.insert(replica.clone(), self.begin_repoint(replica, now));
            acts.push(Act::Repoint {
                node: replica.clone(),
                source: new_primary.address.clone(),
            });
        }
        let sentence = format!("{name} forgets its old source");
        let detaching = self.story.begin(Phase::Repoint, sentence, now);
        acts.push(Act::Detach { node: name.clone() });
        self.stage = Stage::Settling {
            new_primary,
            history: chosen.winner.holds.clone(),
            publishing: Some(publishing),
            detaching: Some(detaching),
            repointing,
            since: now.mono,
        };
        self.going(acts)
    }

    pub(super) fn published(&mut self, subscribers: u32, now: Now) {
        let Stage::Settling { publishing, .. } = &mut self.stage else {
            return;
        };
        if let Some(step) = publishing.take() {
            self.story.end(step, None, now);
            self.story
                .append(step, &format!(" to {subscribers} subscriber(s)"));
        }
    }

    pub(super) fn repointed(&mut self, node: &NodeName, result: Result<(), String>, now: Now) {
        let Stage::Settling { repointing, .. } = &mut self.stage else {
            return;
        };
        if let Some(step) = repointing.remove(node) {
            self.story.end(step, result.err().as_deref(), now);
        }
    }

    pub(super) fn detached(&mut self, result: Result<(), String>, now: Now) {
        let Stage::Settling { detaching, .. } = &mut self.stage else {
            return;
        };
        if let Some(step) = detaching.take() {
            self.story.end(step, result.err().as_deref(), now);
        }
    }

    /// Done when nothing is awaited any more, or for long enough. A replica that
    /// could not be repointed is tended later, like any that follows the wrong
    /// source.
    pub(super) fn settled(self, now: Now) -> Next {
        let waiting = match &self.stage {
            Stage::Settling {
                publishing,
                detaching,
                repointing,
                since,
                ..
            } => {
                let unfinished =
                    publishing.is_some() || detaching.is_some() || !repointing.is_empty();
                unfinished && now.mono.since(*since) < SETTLING
            }
            _ => true,
        };
        if waiting {
            return self.going(vec![]);
        }
        let record = Box::new(self.story.close(RecoveryOutcome::Done, now));
        let commands = vec![Command::Record(record.clone())];
        (Progress::Over(record), commands)
    }
}
