//! Before the pause: the intent is stored, long transactions come to their end,
//! the candidate is brought near.

use lictor_domain::{AbortReason, LongTransactions, Now, Phase};

use super::{Stage, Switchover};
use crate::message::Act;
use crate::operation::Next;
use crate::timing::deadline;
use crate::view::ClusterView;

impl Switchover {
    pub(super) fn intent_stored(
        mut self,
        result: Result<(), String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::Storing(step) = self.stage else {
            return self.going(vec![]);
        };
        if let Err(error) = self.end(step, result, now) {
            return self.abort(AbortReason::NotDurable { error }, vec![], now);
        }
        let (node, older_than) = (self.old_primary(), self.order.older_than);
        let doing = match self.order.transactions {
            LongTransactions::Refuse => return self.near(view, now),
            LongTransactions::Wait => "wait for the end of",
            LongTransactions::Kill => "end",
        };
        let sentence = format!("{doing} long transactions on {node}");
        self.stage = Stage::Clearing(self.story.begin(Phase::Prepare, sentence, now));
        let act = Act::ClearTransactions {
            node,
            how: self.order.transactions,
            older_than,
            within: deadline::TRANSACTIONS,
        };
        self.going(vec![act])
    }

    pub(super) fn transactions_cleared(
        mut self,
        result: Result<(), String>,
        view: &ClusterView,
        now: Now,
    ) -> Next {
        let Stage::Clearing(step) = self.stage else {
            return self.going(vec![]);
        };
        match self.end(step, result, now) {
            Ok(()) => self.near(view, now),
            Err(error) => self.abort(AbortReason::TransactionsInTheWay { error }, vec![], now),
        }
    }

    fn near(mut self, view: &ClusterView, now: Now) -> Next {
        let node = self.candidate.clone();
        let sentence = format!("{node} applies what it is behind with");
        self.stage = Stage::Nearing(self.story.begin(Phase::Prepare, sentence, now));
        let primary = view.primary().report();
        let holds = primary.map(|report| report.executed.clone());
        let act = Act::CatchUp {
            node,
            holds: holds.unwrap_or_default(),
            within: deadline::NEARING,
        };
        self.going(vec![act])
    }
}
