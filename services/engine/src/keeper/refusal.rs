//! Why a lost primary is not failed over: a problem that stands until what it
//! depended on changes.

use std::collections::BTreeSet;

use lictor_domain::{
    AbortReason, Evidence, Mode, Mono, NodeName, Now, Problem, ProblemCode, Recovery, Severity,
};

use super::Keeper;

/// Why a lost primary is not failed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) problem: Problem,
    /// What was known then; another attempt needs it to change.
    pub(super) known: Known,
    pub(super) at: Mono,
}

/// What a blocked failover depended on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    answering: BTreeSet<NodeName>,
    refused: bool,
    mode: Mode,
}

impl Keeper {
    pub(super) fn refuse(&mut self, record: &Recovery, reason: &AbortReason, now: Mono) {
        let code = match reason {
            AbortReason::PrimaryAnswered | AbortReason::LeadershipLost => return,
            AbortReason::OnlyObserved => ProblemCode::ActionWithheld,
            _ => ProblemCode::NoViableCandidate,
        };
        self.refusal = Some(Refusal {
            problem: Problem {
                code,
                severity: Severity::Critical,
                node: Some(record.old_primary.clone()),
                sentence: format!(
                    "{} is lost, and no failover is done: {reason}",
                    record.old_primary
                ),
                response: refusal_response(reason).to_owned(),
                evidence: record.verdict.evidence.clone(),
            },
            known: self.known(),
            at: now,
        });
    }

    pub(super) fn known(&self) -> Known {
        let answering = self
            .view
            .replicas()
            .filter(|(_, replica)| replica.silence.is_none())
            .map(|(node, _)| node.name.clone());
        Known {
            answering: answering.collect(),
            refused: self.view.primary().refused(),
            mode: self.view.cluster.mode(),
        }
    }

    pub(super) fn budget_spent(&self, now: Now) -> Option<Evidence> {
        let budget = self.view.cluster.policy.budget;
        let window = chrono::Duration::from_std(budget.window()).ok()?;
        let recent = self.done_at.iter().filter(|at| now.wall - **at < window);
        let done = u32::try_from(recent.count()).unwrap_or(u32::MAX);
        (done >= budget.failovers).then(|| Evidence::BudgetSpent {
            done,
            allowed: budget.failovers,
            window: budget.window(),
        })
    }
}

const fn refusal_response(reason: &AbortReason) -> &'static str {
    match reason {
        AbortReason::OnlyObserved => {
            "the cluster's mode does not let Lictor act by itself: in mode manual order it with \
             `lictor cluster failover`, or set the mode to auto"
        }
        _ => {
            "Lictor tries again when what it knows changes: start the nodes that do not answer; \
             to go on without them, `lictor cluster failover --force --reason …`"
        }
    }
}

pub(super) fn budget_refusal(
    verdict: &Problem,
    evidence: Evidence,
    known: Known,
    now: Mono,
) -> Refusal {
    let mut problem = verdict.clone();
    problem.code = ProblemCode::FailoverBudgetSpent;
    problem.sentence = format!("{}; {evidence}", verdict.sentence);
    "no failover: raise the budget, or wait until the window has passed"
        .clone_into(&mut problem.response);
    problem.evidence.push(evidence);
    Refusal {
        problem,
        known,
        at: now,
    }
}
