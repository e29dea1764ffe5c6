//! What happened, what is wrong now, and what was done.

use lictor_wire::{WireError, v1};

use crate::problem::{Problem, Severity};
use crate::time::At;

words! {
    /// What kind of happening.
    HappeningKind from HappeningKind {
        /// A problem was found; the code is the problem's.
        ProblemOpened = "problem_opened",
        /// It has not been found for a while.
        ProblemClosed = "problem_closed",
        /// A node's health is another one; the code says which.
        NodeHealth = "node_health",
        /// Another node takes the writes; the code says how.
        PrimaryChanged = "primary_changed",
        /// Nobody can write from now on; the code says why.
        Unavailable = "unavailable",
        /// Writes are taken again.
        Available = "available",
        /// Somebody begins to observe the cluster, or ceases to.
        Observation = "observation",
    }
}

words! {
    /// What came of a deed.
    AuditOutcome from AuditOutcome {
        /// It was done, or begun.
        Done = "done",
        /// It was looked at, and not done.
        Refused = "refused",
        /// Who asked may not.
        Denied = "denied",
    }
}

shown! {
    /// One thing that happened to a cluster.
    pub struct Happening {
        /// Its place: what was written down later has a greater one.
        pub id: i64,
        /// When it happened.
        pub at: At,
        /// To which cluster.
        pub cluster: String,
        /// To which node, where it is about one.
        pub node: Option<String>,
        /// What kind.
        pub kind: HappeningKind,
        /// Its stable name within the kind.
        pub code: String,
        /// How much it matters.
        pub severity: Severity,
        /// What happened.
        pub sentence: String,
        /// The facts it rests on.
        pub evidence: Vec<String>,
        /// Id of the recovery it belongs to.
        pub recovery: Option<String>,
        /// Whether somebody wanted it so.
        pub planned: bool,
    }

    /// One entry of the audit log.
    pub struct AuditRecord {
        /// Its place: a later one has a greater one.
        pub id: i64,
        /// When it was written.
        pub at: At,
        /// Who did it: an operator, as its caller says, or Lictor itself.
        pub actor: String,
        /// The name of the token that was shown; null of what Lictor did itself, and of
        /// callers without one.
        pub token: Option<String>,
        /// The address it was asked from; null where that is not known.
        pub from: Option<String>,
        /// What was done, such as `cluster.set`.
        pub action: String,
        /// To what.
        pub target: String,
        /// Why, in the actor's words.
        pub reason: Option<String>,
        /// How it ended.
        pub result: String,
        /// What came of it.
        pub outcome: AuditOutcome,
    }
}

/// A problem of a cluster.
#[derive(Clone, Debug, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct ClusterProblem {
    /// The cluster.
    pub cluster: String,
    /// Since when; null when nobody wrote it down.
    #[schema(required)]
    pub since: Option<At>,
    /// What is wrong.
    #[serde(flatten)]
    pub problem: Problem,
}

impl TryFrom<v1::Happening> for Happening {
    type Error = WireError;

    fn try_from(happening: v1::Happening) -> Result<Self, WireError> {
        Ok(Self {
            id: happening.id,
            at: At::said(happening.at.as_ref(), "at")?,
            cluster: happening.cluster,
            node: happening.node,
            kind: HappeningKind::read(happening.kind),
            code: happening.code,
            severity: Severity::read(happening.severity),
            sentence: happening.sentence,
            evidence: happening.evidence,
            recovery: happening.recovery,
            planned: happening.planned,
        })
    }
}

impl TryFrom<v1::AuditRecord> for AuditRecord {
    type Error = WireError;

    fn try_from(record: v1::AuditRecord) -> Result<Self, WireError> {
        Ok(Self {
            id: record.id,
            at: At::said(record.at.as_ref(), "at")?,
            outcome: record.outcome().into(),
            actor: record.actor,
            token: record.token,
            from: record.from,
            action: record.action,
            target: record.target,
            reason: record.reason,
            result: record.result,
        })
    }
}

impl From<v1::ClusterProblem> for ClusterProblem {
    fn from(found: v1::ClusterProblem) -> Self {
        Self {
            cluster: found.cluster,
            since: At::read(found.since.as_ref()),
            problem: found.problem.unwrap_or_default().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::Timestamp;

    use super::*;
    use crate::fields::assert_fields;

    const AT: Timestamp = Timestamp {
        seconds: 1,
        nanos: 0,
    };

    fn happening(kind: i32) -> Happening {
        let happening = v1::Happening {
            kind,
            at: Some(AT),
            ..v1::Happening::default()
        };
        happening.try_into().unwrap()
    }

    #[test]
    fn a_happening_an_entry_and_a_problem_have_the_fields_of_the_contract() {
        assert_fields(
            happening(0),
            "id at cluster node kind code severity sentence evidence recovery planned",
        );
        let record = v1::AuditRecord {
            at: Some(AT),
            ..v1::AuditRecord::default()
        };
        assert_fields(
            AuditRecord::try_from(record).unwrap(),
            "id at actor token from action target reason result outcome",
        );
        assert_fields(
            ClusterProblem::from(v1::ClusterProblem::default()),
            "cluster since code severity node sentence response evidence",
        );
    }

    #[test]
    fn a_kind_that_a_newer_peer_tells_of_is_unknown() {
        assert_eq!(happening(99).kind.as_str(), "unknown");
        let changed = v1::HappeningKind::PrimaryChanged.into();
        assert_eq!(happening(changed).kind.as_str(), "primary_changed");
    }

    #[test]
    fn what_happened_at_no_time_is_refused_by_name() {
        let error = Happening::try_from(v1::Happening::default()).unwrap_err();
        assert_eq!(error.field(), "at");
    }
}
