//! The budget of failovers: when it is spent, until when, and what the operator
//! is told, before anything is lost as well as when something is.

use chrono::{DateTime, TimeDelta, Utc};
use lictor_domain::{Evidence, Mode, Mono, Now, Problem, ProblemCode};

use super::Keeper;
use super::refusal::{Known, LONGEST_PAUSE, Refusal};

impl Keeper {
    /// A failover is done. Those that count no more are forgotten.
    pub(super) fn charge_budget(&mut self, now: Now) {
        self.done_at = self.charged(now);
        self.done_at.push(now.wall);
    }

    /// When the failovers that count were done, the oldest first.
    fn charged(&self, now: Now) -> Vec<DateTime<Utc>> {
        let window = self.view.cluster.policy.budget.window();
        let counts = |at: &DateTime<Utc>| {
            let ago = (now.wall - *at).to_std();
            ago.map_or(true, |ago| ago < window)
        };
        let mut charged: Vec<_> = self.done_at.iter().copied().filter(counts).collect();
        charged.sort();
        charged
    }

    /// The failovers that used it up, and when the next is allowed.
    pub(super) fn budget_spent(&self, now: Now) -> Option<Evidence> {
        let budget = self.view.cluster.policy.budget;
        let window = TimeDelta::from_std(budget.window()).ok()?;
        let recent = self.charged(now);
        let done = u32::try_from(recent.len()).unwrap_or(u32::MAX);
        let surplus = done.checked_sub(budget.failovers)? as usize;
        Some(Evidence::BudgetSpent {
            done,
            allowed: budget.failovers,
            window: budget.window(),
            next_at: recent.get(surplus).map(|at| *at + window),
        })
    }

    /// The next loss will not be repaired by itself. Only where it would be
    /// otherwise: the other modes repair nothing by themselves anyway.
    pub(super) fn budget_problem(&self, now: Now) -> Option<Problem> {
        let told = self.refusal.as_ref().map(|refusal| refusal.problem.code);
        if self.view.cluster.mode() != Mode::Auto || told == Some(ProblemCode::FailoverBudgetSpent)
        {
            return None;
        }
        let spent = self.budget_spent(now)?;
        let cluster = &self.view.cluster;
        Some(Problem {
            code: ProblemCode::FailoverBudgetSpent,
            severity: ProblemCode::FailoverBudgetSpent.severity(),
            node: None,
            sentence: format!("if {} is lost now, no failover: {spent}", cluster.primary),
            response: self.budget_override(),
            evidence: vec![spent],
        })
    }

    /// The lost primary stays lost for now.
    pub(super) fn refuse_by_budget(
        &mut self,
        verdict: &Problem,
        spent: Evidence,
        known: Known,
        now: Mono,
    ) {
        let mut problem = verdict.clone();
        problem.code = ProblemCode::FailoverBudgetSpent;
        problem.severity = problem.code.severity();
        problem.sentence = format!("{}, and no failover is done: {spent}", verdict.sentence);
        problem.response = self.budget_override();
        problem.evidence.push(spent);
        self.refusal = Some(Refusal {
            problem,
            known,
            at: now,
            pause: LONGEST_PAUSE,
        });
    }

    fn budget_override(&self) -> String {
        let name = &self.view.cluster.name;
        format!(
            "raise the budget: lictor cluster set {name} --budget N/TIME --reason …; or order a \
             failover when it is needed: lictor cluster failover {name} --reason …"
        )
    }
}
