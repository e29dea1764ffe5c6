//! A failover that an operator ordered, also of a primary that answers.
//!
//! One that answers is closed first, whatever hinders it: a commit that waits for
//! its acknowledgement is cut off from its client and stays behind as errant. So
//! the election goes by what the primary said *before*: what a cut commit left
//! was never acknowledged, and is demanded of nobody.

use std::collections::BTreeSet;

use lictor_domain::{FailoverOrder, GtidSet, NodeName, Now, Phase};

use super::{Beginning, Failover, Next, Stage};
use crate::candidate::{self, Election, Failed, Stopped, Wish};
use crate::fencing::{self, Fenced, NotFenced};
use crate::message::{Act, Command};
use crate::view::{Answer, ClusterView};

/// An order, and what came of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ordered {
    order: FailoverOrder,
    /// The primary's last answer before it was closed.
    last_words: Option<Answer>,
    /// How few acknowledgements its commits may have waited for since.
    acks: u32,
    /// All it has committed, once it is closed.
    closed: Option<GtidSet>,
}

impl Ordered {
    /// The proof and the election that the order allows.
    pub(super) fn judge(
        &self,
        view: &ClusterView,
        answered: &BTreeSet<NodeName>,
        stopped: &Stopped,
        failed: &Failed,
    ) -> (Result<Fenced, NotFenced>, Election) {
        let view = view.with_last_words(self.last_words.clone(), self.acks);
        let proof = fencing::prove_ordered(&view, answered, self.closed.is_some(), &self.order);
        let wish = Wish {
            to: self.order.to.as_ref(),
            force: self.order.force,
            closed: self.closed.as_ref(),
            failed: Some(failed),
        };
        (proof, candidate::elect_as(&view, stopped, &wish))
    }
}

impl Failover {
    /// Whether an operator said who is to win.
    #[must_use]
    pub fn names_its_winner(&self) -> bool {
        let ordered = self.ordered.as_ref();
        ordered.is_some_and(|ordered| ordered.order.to.is_some())
    }

    /// Begins as an operator orders it: a primary that answers is closed before
    /// the receivers are stopped.
    #[must_use]
    pub fn begin_ordered(
        beginning: Beginning,
        order: FailoverOrder,
        view: &ClusterView,
        now: Now,
    ) -> (Self, Vec<Command>) {
        let (mut failover, commands) = Self::begin(beginning, view, now);
        failover.ordered = Some(Ordered {
            order,
            last_words: view.primary().answer.clone(),
            acks: view.effective_acks(),
            closed: None,
        });
        (failover, commands)
    }

    /// A store has the intent: a primary that answers is closed, by order.
    pub(super) fn close_or_fence(mut self, view: &ClusterView, now: Now) -> Next {
        let Some(ordered) = &mut self.ordered else {
            return self.fence(view, now);
        };
        ordered.last_words.clone_from(&view.primary().answer);
        ordered.acks = view.effective_acks();
        if view.primary().silence.is_some() {
            return self.fence(view, now);
        }
        let node = view.cluster.primary.clone();
        let sentence = format!("close {node} for writes");
        let step = self.story.begin(Phase::Fence, sentence, now);
        self.asked.insert(node.clone());
        self.stage = Stage::Closing { step };
        self.going(vec![Act::CloseForcibly { node }])
    }

    /// The primary is closed, or could not be: then the receivers have to do.
    pub(super) fn primary_closed(
        mut self,
        result: Result<GtidSet, String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::Closing { step } = self.stage else {
            return self.going(vec![]);
        };
        self.story.conclude(step, &result, now);
        if let Some(ordered) = &mut self.ordered {
            ordered.closed = result.ok();
        }
        self.fence(view, now)
    }

    /// Writes down what the operator overrode.
    pub(super) fn note_overridden(&mut self, overridden: &[String], now: Now) {
        let Some(ordered) = &self.ordered else {
            return;
        };
        let FailoverOrder {
            operator, reason, ..
        } = &ordered.order;
        let sentences: Vec<_> = overridden
            .iter()
            .map(|what| format!("{operator} overrides ({reason}): {what}"))
            .collect();
        for sentence in sentences {
            self.story.note(Phase::Elect, sentence, now);
        }
    }
}
