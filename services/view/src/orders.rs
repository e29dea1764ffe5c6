//! What was found before an order was carried out, and what was begun.

use lictor_wire::v1;

use crate::all;
use crate::problem::Finding;
use crate::recovery::Candidate;

words! {
    /// How a check before a switchover ended.
    CheckFinding from CheckFinding {
        /// As it should be.
        Ok = "ok",
        /// Worth knowing; it stands in nobody's way.
        Warning = "warning",
        /// There is no switchover with it.
        Blocker = "blocker",
    }
}

shown! {
    /// One check made before a switchover.
    pub struct PreflightCheck {
        /// Stable name of what was looked at, such as `CandidateLag`.
        pub code: String,
        /// How it ended.
        pub finding: CheckFinding,
        /// What was found.
        pub sentence: String,
    }

    /// What was found before a switchover, and what was begun.
    pub struct SwitchoverReport {
        /// Whether nothing stands in the way.
        pub clear: bool,
        /// Name of the node that is to be made primary; null when there is none.
        pub candidate: Option<String>,
        /// Every check.
        pub checks: Vec<PreflightCheck>,
        /// Every replica with its rank or why it has none, the best first.
        pub candidates: Vec<Candidate>,
        /// Id of the recovery that began; null when nothing was begun.
        pub operation: Option<String>,
    }

    /// What was found before a failover, and what was begun.
    pub struct FailoverReport {
        /// Name of the replica that is to be made primary; null when there is none.
        pub candidate: Option<String>,
        /// What stands in the way, each with how to override it.
        pub blockers: Vec<Finding>,
        /// What is done, or would be, in order.
        pub steps: Vec<String>,
        /// What was found about each replica, the best first.
        pub candidates: Vec<Candidate>,
        /// Id of the recovery that began; null when nothing was begun.
        pub operation: Option<String>,
    }
}

impl From<v1::Check> for PreflightCheck {
    fn from(check: v1::Check) -> Self {
        Self {
            finding: CheckFinding::read(check.finding),
            code: check.code,
            sentence: check.sentence,
        }
    }
}

impl From<v1::SwitchoverClusterResponse> for SwitchoverReport {
    fn from(response: v1::SwitchoverClusterResponse) -> Self {
        let checks: Vec<PreflightCheck> = all(response.checks);
        let harmless = |check: &PreflightCheck| {
            matches!(check.finding, CheckFinding::Ok | CheckFinding::Warning)
        };
        Self {
            clear: checks.iter().all(harmless),
            candidate: response.candidate,
            checks,
            candidates: all(response.candidates),
            operation: response.recovery,
        }
    }
}

impl From<v1::FailoverClusterResponse> for FailoverReport {
    fn from(found: v1::FailoverClusterResponse) -> Self {
        Self {
            candidate: found.candidate,
            blockers: all(found.blockers),
            steps: found.steps,
            candidates: all(found.candidates),
            operation: found.recovery,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_that_nobody_knows_stands_in_the_way() {
        let clear = |finding: i32| {
            let checks = vec![v1::Check {
                finding,
                ..v1::Check::default()
            }];
            SwitchoverReport::from(v1::SwitchoverClusterResponse {
                checks,
                ..v1::SwitchoverClusterResponse::default()
            })
            .clear
        };
        assert!(clear(v1::CheckFinding::Ok.into()));
        assert!(clear(v1::CheckFinding::Warning.into()));
        assert!(!clear(v1::CheckFinding::Blocker.into()));
        assert!(!clear(99));
    }
}
