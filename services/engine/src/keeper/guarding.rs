//! Leases for the agents of the cluster's nodes. The primary's agent is bound to
//! one where Lictor acts by itself, so that it also opens the primary again; a
//! closed node's needs none. From the moment a failover begins, the old primary
//! gets none: what it holds runs out, and that is a proof.

use std::time::Duration;

use lictor_domain::{Mode, NodeName, Now, RecoveryId};

use super::Keeper;
use crate::guard::{Answer, Refusal, Renewal};
use crate::operation::Operation;

impl Keeper {
    /// Answers an agent that asks for a lease of its node's server. The answer
    /// may be given under a valid lease of this leader's only.
    pub fn renew(
        &mut self,
        node: &NodeName,
        renewal: &Renewal,
        lease: Duration,
        now: Now,
    ) -> Answer {
        let expected = self.view.node(node).guard.ok_or(Refusal::Unknown);
        if let Err(refusal) = expected.and_then(|guard| guard.expects(renewal)) {
            return Answer::Refused(refusal);
        }
        let answer = self.lease_of(node, lease);
        self.view.renewed(node, renewal, answer, now.mono);
        answer
    }

    fn lease_of(&self, node: &NodeName, lease: Duration) -> Answer {
        let cluster = &self.view.cluster;
        let theirs = cluster
            .node(node)
            .is_some_and(|node| node.maintenance.is_some());
        if cluster.mode() != Mode::Auto || theirs {
            return Answer::Free;
        }
        if let Some(recovery) = self.fencing(node) {
            return Answer::Refused(Refusal::Fencing(recovery));
        }
        if *node == cluster.primary {
            return Answer::Bound(lease);
        }
        if self.view.is_closed_in_epoch(node) {
            return Answer::Free;
        }
        Answer::Refused(Refusal::Deposed)
    }

    /// The failover that takes the primacy away from a node, until another one
    /// has it.
    fn fencing(&self, node: &NodeName) -> Option<RecoveryId> {
        match &self.operation {
            Some(Operation::Failover(failover)) => {
                let record = failover.record();
                let takes = record.old_primary == *node && *node == self.view.cluster.primary;
                takes.then_some(record.id)
            }
            _ => None,
        }
    }
}
