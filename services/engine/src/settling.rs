//! The end of a recovery, from the moment the new primary is open: the world is
//! told, the others follow, the new primary forgets its old source. All of it
//! runs side by side. Nothing of it is undone, and nothing waits for it longer
//! than it has patience: who does not follow by then is tended later.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_domain::{Endpoint, Epoch, GtidSet, Mono, Node, NodeName, Now, Phase};

use crate::message::{Act, Done};
use crate::story::{Running, Story};

/// What is still awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settling {
    new_primary: Endpoint,
    /// All it held when it was opened.
    history: GtidSet,
    publishing: Option<Running>,
    detaching: Option<Running>,
    repointing: BTreeMap<NodeName, Running>,
    ends: Mono,
}

impl Settling {
    /// Begins with telling the world.
    pub(crate) fn begin(
        story: &mut Story,
        new_primary: Endpoint,
        history: GtidSet,
        patience: Duration,
        now: Now,
    ) -> (Self, Act) {
        let epoch: Epoch = story.record.epoch;
        let node = &new_primary.node;
        // A later leader knows from the record what was demanded of it.
        let candidates = story.record.candidates.iter_mut();
        for candidate in candidates.filter(|candidate| candidate.node == *node) {
            candidate.received.clone_from(&history);
        }
        let sentence = format!("publish {node} as the primary of epoch {epoch}");
        let publishing = story.begin(Phase::Publish, sentence, now);
        let primary = new_primary.clone();
        let settling = Self {
            new_primary,
            history,
            publishing: Some(publishing),
            detaching: None,
            repointing: BTreeMap::new(),
            ends: now.mono + patience,
        };
        (settling, Act::Publish { epoch, primary })
    }

    /// The new primary.
    pub(crate) const fn new_primary(&self) -> &Endpoint {
        &self.new_primary
    }

    /// All that the new primary held when it was opened.
    pub(crate) const fn history(&self) -> &GtidSet {
        &self.history
    }

    /// When it is over whatever is still awaited.
    pub(crate) const fn ends(&self) -> Mono {
        self.ends
    }

    /// A replica follows the new primary.
    pub(crate) fn repoint(&mut self, story: &mut Story, node: &NodeName, now: Now) -> Act {
        let sentence = format!("point {node} at the new primary");
        self.follows(story, node, sentence, now);
        Act::Repoint {
            node: node.clone(),
            source: self.new_primary.address.clone(),
        }
    }

    /// A replica goes on below another. It is pointed there once more: whom it
    /// follows by now is certain only then.
    pub(crate) fn stay(&mut self, story: &mut Story, node: &Node, source: &Node, now: Now) -> Act {
        let sentence = format!("let {} follow {} as before", node.name, source.name);
        self.follows(story, &node.name, sentence, now);
        Act::Repoint {
            node: node.name.clone(),
            source: source.address.clone(),
        }
    }

    /// The old primary, which lives, follows the new one.
    pub(crate) fn demote(&mut self, story: &mut Story, node: &NodeName, now: Now) -> Act {
        let sentence = format!("{node} follows the new primary and leaves its settings");
        self.follows(story, node, sentence, now);
        Act::Demote {
            node: node.clone(),
            source: self.new_primary.address.clone(),
        }
    }

    fn follows(&mut self, story: &mut Story, node: &NodeName, sentence: String, now: Now) {
        let step = story.begin(Phase::Repoint, sentence, now);
        self.repointing.insert(node.clone(), step);
    }

    /// The new primary forgets its old source.
    pub(crate) fn detach(&mut self, story: &mut Story, now: Now) -> Act {
        let node = self.new_primary.node.clone();
        let sentence = format!("{node} forgets its old source");
        self.detaching = Some(story.begin(Phase::Repoint, sentence, now));
        Act::Detach { node }
    }

    /// Takes in the end of one of its commands.
    pub(crate) fn finished(&mut self, story: &mut Story, done: &Done, now: Now) {
        let (step, result) = match done {
            Done::Published { subscribers } => {
                let step = self.publishing.take();
                if let Some(step) = step {
                    story.append(step, &format!(" to {}", told(*subscribers)));
                }
                (step, &Ok(()))
            }
            Done::Repointed { node, result } => (self.repointing.remove(node), result),
            Done::Detached(result) => (self.detaching.take(), result),
            _ => return,
        };
        if let Some(step) = step {
            story.conclude(step, result, now);
        }
    }

    /// Whether nothing is awaited any more, or for long enough.
    pub(crate) fn is_over(&self, now: Mono) -> bool {
        let awaited =
            self.publishing.is_some() || self.detaching.is_some() || !self.repointing.is_empty();
        !awaited || now >= self.ends
    }
}

fn told(subscribers: u32) -> String {
    match subscribers {
        1 => "1 subscriber".to_owned(),
        many => format!("{many} subscribers"),
    }
}
