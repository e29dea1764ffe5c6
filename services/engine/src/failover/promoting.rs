//! From the winner to the open primary: it applies what it received, its name is
//! stored, it is opened.

use std::collections::BTreeSet;

use lictor_domain::{AbortReason, Evidence, GtidRole, NodeName, Now, Phase};

use super::{Failover, Intent, PROMOTE_ATTEMPTS, Stage};
use crate::candidate::Winner;
use crate::fencing::Fenced;
use crate::message::Act;
use crate::operation::Next;
use crate::timing::deadline;
use crate::view::ClusterView;

/// The winner with the proof it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) fenced: Fenced,
    pub(super) winner: Winner,
    /// Replicas to point at it. One that holds more than the winner has
    /// diverged: it is not made to follow, but looked at when all is over.
    pub(super) followers: BTreeSet<NodeName>,
}

impl Failover {
    pub(super) fn winner_stored(mut self, result: Result<(), String>, now: Now) -> Next {
        if let Intent::Storing(step) = self.intent {
            self.story.conclude(step, &result, now);
        }
        self.intent = match result {
            Ok(()) => Intent::Stored,
            Err(error) => Intent::Failed(error),
        };
        self.promote_if_ready(now)
    }

    pub(super) fn catch_up(mut self, chosen: Chosen, view: &ClusterView, now: Now) -> Next {
        let Winner { node, holds } = chosen.winner.clone();
        self.story.record.new_primary = Some(node.clone());
        let received = Evidence::Gtids {
            node: node.clone(),
            role: GtidRole::Received,
            set: holds.clone(),
        };
        self.story
            .note(Phase::Elect, format!("{node} is elected; {received}"), now);
        let sentence = format!("{node} applies all it received");
        let step = self.story.begin(Phase::CatchUp, sentence, now);
        let applied = applied(view, &node);
        self.stage = Stage::CatchingUp {
            chosen,
            step,
            applied,
        };
        let sentence = format!("store that {node} is chosen");
        let storing = self.story.begin(Phase::CatchUp, sentence, now);
        self.intent = Intent::Storing(storing);
        let chosen = Box::new(self.story.record.clone());
        let catch_up = Act::CatchUp {
            node,
            holds,
            within: deadline::CATCH_UP,
        };
        self.going(vec![Act::StoreIntent(chosen), catch_up])
    }

    /// One that has not applied everything in time but goes on applying is waited
    /// for: nobody else holds more.
    pub(super) fn caught_up(
        mut self,
        result: Result<(), String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::CatchingUp {
            chosen,
            step,
            applied,
        } = &mut self.stage
        else {
            return self.going(vec![]);
        };
        let (step, before) = (*step, *applied);
        let Winner { node, holds } = chosen.winner.clone();
        *applied = self::applied(view, &node);
        if result.is_err() && *applied > before {
            let within = deadline::CATCH_UP;
            return self.going(vec![Act::CatchUp {
                node,
                holds,
                within,
            }]);
        }
        let chosen = chosen.clone();
        self.story.conclude(step, &result, now);
        self.stage = Stage::Ready { chosen };
        match result {
            Ok(()) => self.promote_if_ready(now),
            Err(error) => self.abort(AbortReason::PromotionFailed { error }, now),
        }
    }

    fn promote_if_ready(mut self, now: Now) -> Next {
        let Stage::Ready { chosen } = &self.stage else {
            return self.going(vec![]);
        };
        match &self.intent {
            Intent::Unnamed | Intent::Storing(_) => self.going(vec![]),
            Intent::Failed(error) => {
                let reason = AbortReason::NotDurable {
                    error: error.clone(),
                };
                self.abort(reason, now)
            }
            Intent::Stored => {
                let chosen = chosen.clone();
                let sentence = format!("open {} for writes", chosen.winner.node);
                let step = self.story.begin(Phase::Promote, sentence, now);
                self.stage = Stage::Promoting {
                    chosen,
                    step,
                    attempt: 1,
                };
                self.send_promote()
            }
        }
    }

    fn send_promote(self) -> Next {
        let Stage::Promoting { chosen, .. } = &self.stage else {
            return self.going(vec![]);
        };
        let act = Act::Promote {
            node: chosen.winner.node.clone(),
            fenced: chosen.fenced.clone(),
        };
        self.going(vec![act])
    }

    pub(super) fn opened_or_not(
        mut self,
        result: Result<(), String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::Promoting {
            chosen,
            step,
            attempt,
        } = self.stage.clone()
        else {
            return self.going(vec![]);
        };
        match result {
            Ok(()) => {
                self.story.end(step, None, now);
                self.settle(&chosen, view, now)
            }
            Err(_) if attempt < PROMOTE_ATTEMPTS => {
                self.stage = Stage::Promoting {
                    chosen,
                    step,
                    attempt: attempt + 1,
                };
                self.send_promote()
            }
            Err(error) => {
                self.story.end(step, Some(&error), now);
                self.abort(AbortReason::PromotionFailed { error }, now)
            }
        }
    }
}

/// How many transactions a node has committed, as it last said.
fn applied(view: &ClusterView, node: &NodeName) -> u128 {
    let report = view.node(node).report();
    report.map_or(0, |report| report.executed.count())
}
