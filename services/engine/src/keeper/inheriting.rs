//! Taking up what another leader left: `heritage` says what became of it, and
//! here that is acted upon, in an epoch of this leader's own.

use std::time::Duration;

use lictor_domain::{
    AbortReason, Cluster, FailoverOrder, Mono, NodeName, Now, Phase, ProblemCode, ReceiverState,
    Recovery, RecoveryKind, RecoveryOutcome,
};

use super::Keeper;
use super::heritage::{self, Fate};
use super::tending::Tending;
use crate::message::{Care, Command};
use crate::replica::leads_to_primary;

/// What a recovery that was given up so long ago has stopped or closed is taken
/// for an operator's doing: no command is under way for as long.
pub const LATELY: Duration = Duration::from_mins(10);

/// The nodes that a recovery which another leader gave up may have left stopped
/// or closed: also when a command of its comes so late that it finds this leader.
pub(super) fn left_behind(cluster: &Cluster, given_up: &[Recovery]) -> Vec<NodeName> {
    let acted = |record: &Recovery| record.steps.iter().any(|step| step.phase > Phase::Detect);
    // Its epoch may have been given a newer number since.
    let of_this_primary = |record: &Recovery| record.old_primary == cluster.primary;
    let mut given_up = given_up.iter();
    if !given_up.any(|record| acted(record) && of_this_primary(record)) {
        return vec![];
    }
    cluster.nodes.iter().map(|node| node.name.clone()).collect()
}

/// Whether an operator said who was to win: of a failover that he ordered its record
/// does not tell, and he is taken to have.
pub(super) fn names_its_winner(record: &Recovery) -> bool {
    record.verdict.code == ProblemCode::FailoverOrdered
}

impl Keeper {
    /// Takes up what another leader left: a node it had opened is the primary,
    /// and what is still to be done is care; otherwise the recovery is void and
    /// the old primary goes on. Receivers that were stopped are started.
    pub(super) fn inherit(&mut self, now: Now) -> Vec<Command> {
        let Some(record) = self.inherited.take() else {
            return vec![];
        };
        let Ok(fate) = heritage::fate(&self.view, &record) else {
            self.inherited = Some(record);
            return vec![];
        };
        let record = self.settle_heritage(record, fate, AbortReason::LeadershipLost, now);
        let mut commands = self.resume_stopped();
        commands.push(record);
        commands
    }

    /// Takes it for undone although nobody can know, as an operator wants: the old
    /// primary is the primary.
    pub(super) fn give_up_heritage(&mut self, order: &FailoverOrder, now: Now) -> Vec<Command> {
        let Some(record) = self.inherited.take() else {
            return vec![];
        };
        let (operator, reason) = (order.operator.clone(), order.reason.clone());
        let given_up = AbortReason::GivenUp { operator, reason };
        vec![self.settle_heritage(record, Fate::Void, given_up, now)]
    }

    /// Ends it in an epoch of this leader's; the record to be written.
    fn settle_heritage(
        &mut self,
        mut record: Recovery,
        fate: Fate,
        reason: AbortReason,
        now: Now,
    ) -> Command {
        let term = self.term;
        let primary = self.view.cluster.primary.clone();
        let undone = RecoveryOutcome::Aborted { reason };
        let (outcome, how) = match fate {
            Fate::Over if self.view.cluster.epoch == record.epoch => {
                record.new_primary = Some(primary.clone());
                (RecoveryOutcome::Done, format!("{primary} is its primary"))
            }
            Fate::Over if record.new_primary.as_ref() == Some(&primary) => {
                (RecoveryOutcome::Done, format!("{primary} is the primary"))
            }
            Fate::Over => (undone, format!("{primary} is the primary of a later epoch")),
            Fate::Adopted(node) => {
                self.begin_own_epoch(node.clone(), now.mono);
                self.view.remember_opening(record.chosen_with());
                if record.kind == RecoveryKind::Failover {
                    self.charge_budget(now);
                }
                let epoch = self.last_epoch;
                let how = format!("{node} goes on as the primary, in epoch {epoch}");
                (RecoveryOutcome::Done, how)
            }
            Fate::Void => {
                self.begin_own_epoch(primary.clone(), now.mono);
                let epoch = self.last_epoch;
                (undone, format!("{primary} goes on, in epoch {epoch}"))
            }
        };
        let how = format!("another leader, of term {term}, ended it: {how}");
        // Whatever the other leader had begun is brought to its end, also what an
        // order of its may still stop or close.
        let nodes = self.view.cluster.nodes.iter();
        self.entrust(nodes.map(|node| node.name.clone()).collect(), now.mono);
        let record = heritage::ended(record, outcome, how, now);
        self.plan_second_step(&record, names_its_winner(&record));
        Command::Record(Box::new(record))
    }

    /// The epoch of an unfinished failover may have been seen by someone, with
    /// another primary than it is now taken for: it is never used again.
    fn begin_own_epoch(&mut self, primary: NodeName, now: Mono) {
        let epoch = self.next_epoch();
        self.view.take_over_epoch(epoch, primary, now);
    }

    pub(super) fn resume_stopped(&mut self) -> Vec<Command> {
        let stopped = |report: &lictor_domain::NodeReport| {
            let replication = report.replication.as_ref();
            leads_to_primary(&self.view, report)
                && replication.is_some_and(|r| r.receiver == ReceiverState::Stopped)
        };
        let nodes: Vec<NodeName> = self
            .view
            .replicas()
            .filter(|(node, _)| self.is_ours(&node.name))
            .filter(|(_, replica)| replica.report().is_some_and(stopped))
            .map(|(node, _)| node.name.clone())
            .collect();
        let care = |node: NodeName| Command::Tend {
            node,
            care: Care::Resume,
        };
        for node in &nodes {
            self.tending.insert(node.clone(), Tending::Running);
        }
        nodes.into_iter().map(care).collect()
    }
}
