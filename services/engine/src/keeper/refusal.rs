//! Why a lost primary is not failed over: a problem that stands until what it
//! depended on changes.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_domain::{
    AbortReason, Cluster, Evidence, Mode, Mono, NodeName, Now, Problem, ProblemCode, Recovery,
    Severity,
};

use super::Keeper;

/// A blocked failover is tried again after this even if nothing changed that can
/// be seen: a receiver that could not be stopped in time may have stopped since.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// Each further pause is twice as long, up to this.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Why a lost primary is not failed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) problem: Problem,
    /// What was known then; another attempt needs it to change.
    pub(super) known: Known,
    pub(super) at: Mono,
    /// How long until another attempt is made all the same.
    pub(super) pause: Duration,
}

/// What a blocked failover depended on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    answering: BTreeSet<NodeName>,
    refused: bool,
    /// Its policy, and what its operators say of its nodes.
    cluster: Cluster,
    /// Whether the budget was used up.
    spent: bool,
}

impl Refusal {
    /// Whether nothing is to be tried again yet. What a failover could do may
    /// change unseen; what would be done where Lictor may not act is told once.
    pub(super) fn stands(&self, known: &Known, now: Mono) -> bool {
        let waits = known.cluster.mode() != Mode::Auto || now.since(self.at) < self.pause;
        self.known == *known && waits
    }
}

impl Keeper {
    pub(super) fn refuse(&mut self, record: &Recovery, reason: &AbortReason, now: Now) {
        let code = match reason {
            AbortReason::PrimaryAnswered | AbortReason::LeadershipLost => return,
            AbortReason::OnlyObserved => ProblemCode::ActionWithheld,
            AbortReason::NoViableCandidate { .. } => ProblemCode::NoViableCandidate,
            _ => ProblemCode::FailoverBlocked,
        };
        let before = self.refusal.as_ref().map(|refusal| refusal.pause * 2);
        self.refusal = Some(Refusal {
            pause: before.map_or(FIRST_PAUSE, |pause| pause.min(LONGEST_PAUSE)),
            problem: Problem {
                code,
                severity: Severity::Critical,
                node: Some(record.old_primary.clone()),
                sentence: format!(
                    "{} is lost, and no failover is done: {reason}",
                    record.old_primary
                ),
                response: refusal_response(reason).to_owned(),
                evidence: evidence(record),
            },
            known: self.known(now),
            at: now.mono,
        });
    }

    pub(super) fn known(&self, now: Now) -> Known {
        let answering = self
            .view
            .replicas()
            .filter(|(_, replica)| replica.silence.is_none())
            .map(|(node, _)| node.name.clone());
        Known {
            answering: answering.collect(),
            refused: self.view.primary().refused(),
            cluster: self.view.cluster.clone(),
            spent: self.budget_spent(now).is_some(),
        }
    }
}

/// What the verdict rests on, and what speaks against each replica.
fn evidence(record: &Recovery) -> Vec<Evidence> {
    let unfit = record.candidates.iter();
    let unfit = unfit.filter(|candidate| !candidate.rejections.is_empty());
    let unfit = unfit.map(|candidate| Evidence::CannotBePromoted {
        replica: candidate.node.clone(),
        reason: candidate.reason.clone(),
    });
    record
        .verdict
        .evidence
        .iter()
        .cloned()
        .chain(unfit)
        .collect()
}

const fn refusal_response(reason: &AbortReason) -> &'static str {
    match reason {
        AbortReason::OnlyObserved => {
            "the cluster's mode does not let Lictor act by itself: in mode manual order it with \
             `lictor cluster failover`, or set the mode to auto"
        }
        _ => {
            "Lictor tries again when what it knows changes, and now and then: start the nodes that \
             do not answer; to go on without them, `lictor cluster failover --force --reason …`"
        }
    }
}
