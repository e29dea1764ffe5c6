//! What happened, on the wire.

use lictor_domain as domain;
use lictor_domain::access::Outcome;

use crate::policy::known;
use crate::{WireError, timestamp, v1};

impl From<domain::HappeningKind> for v1::HappeningKind {
    fn from(kind: domain::HappeningKind) -> Self {
        use domain::HappeningKind as Kind;
        match kind {
            Kind::ProblemOpened => Self::ProblemOpened,
            Kind::ProblemClosed => Self::ProblemClosed,
            Kind::NodeHealth => Self::NodeHealth,
            Kind::PrimaryChanged => Self::PrimaryChanged,
            Kind::Unavailable => Self::Unavailable,
            Kind::Available => Self::Available,
            Kind::Observation => Self::Observation,
        }
    }
}

impl v1::ListHappeningsRequest {
    /// The kinds it asks for.
    pub fn kinds_read(&self) -> Result<Vec<domain::HappeningKind>, WireError> {
        use domain::HappeningKind as Kind;
        let read = |number: &i32| {
            Ok(match known::<v1::HappeningKind>(*number, "kinds")? {
                v1::HappeningKind::Unspecified => return Err(WireError::missing("kinds")),
                v1::HappeningKind::ProblemOpened => Kind::ProblemOpened,
                v1::HappeningKind::ProblemClosed => Kind::ProblemClosed,
                v1::HappeningKind::NodeHealth => Kind::NodeHealth,
                v1::HappeningKind::PrimaryChanged => Kind::PrimaryChanged,
                v1::HappeningKind::Unavailable => Kind::Unavailable,
                v1::HappeningKind::Available => Kind::Available,
                v1::HappeningKind::Observation => Kind::Observation,
            })
        };
        self.kinds.iter().map(read).collect()
    }
}

/// The severity that a list is asked for; none for any.
pub fn severity(number: i32) -> Result<Option<domain::Severity>, WireError> {
    Ok(match known::<v1::Severity>(number, "severity")? {
        v1::Severity::Unspecified => None,
        v1::Severity::Info => Some(domain::Severity::Info),
        v1::Severity::Warning => Some(domain::Severity::Warning),
        v1::Severity::Critical => Some(domain::Severity::Critical),
    })
}

impl From<Outcome> for v1::AuditOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Refused => Self::Refused,
            Outcome::Denied => Self::Denied,
        }
    }
}

/// The outcome that a list is asked for; none for any.
pub fn outcome(number: i32) -> Result<Option<Outcome>, WireError> {
    Ok(match known::<v1::AuditOutcome>(number, "outcome")? {
        v1::AuditOutcome::Unspecified => None,
        v1::AuditOutcome::Done => Some(Outcome::Done),
        v1::AuditOutcome::Refused => Some(Outcome::Refused),
        v1::AuditOutcome::Denied => Some(Outcome::Denied),
    })
}

impl v1::Happening {
    /// A happening with its place.
    #[must_use]
    pub fn new(id: i64, happening: &domain::Happening) -> Self {
        Self {
            id,
            at: Some(timestamp(happening.at)),
            cluster: happening.cluster.to_string(),
            node: happening.node.as_ref().map(ToString::to_string),
            kind: v1::HappeningKind::from(happening.kind).into(),
            code: happening.code.clone(),
            severity: v1::Severity::from(happening.severity).into(),
            sentence: happening.sentence.clone(),
            evidence: happening.evidence.clone(),
            recovery: happening.recovery.map(|id| id.to_string()),
            planned: happening.planned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_reads_back_as_sent_and_a_newer_one_is_named() {
        for sent in Outcome::ALL {
            let number = v1::AuditOutcome::from(sent).into();
            assert_eq!(outcome(number).unwrap(), Some(sent));
        }
        assert_eq!(outcome(0).unwrap(), None);
        assert_eq!(outcome(99).unwrap_err().field(), "outcome");
    }

    #[test]
    fn a_kind_reads_back_as_sent_and_one_that_is_not_said_is_named() {
        let all = domain::HappeningKind::ALL;
        let sent = v1::ListHappeningsRequest {
            kinds: all
                .iter()
                .map(|kind| v1::HappeningKind::from(*kind).into())
                .collect(),
            ..v1::ListHappeningsRequest::default()
        };
        assert_eq!(sent.kinds_read().unwrap(), all);
        for wrong in [0, 99] {
            let sent = v1::ListHappeningsRequest {
                kinds: vec![wrong],
                ..v1::ListHappeningsRequest::default()
            };
            assert_eq!(sent.kinds_read().unwrap_err().field(), "kinds");
        }
    }
}
