//! Problems and their evidence, as people read them.

use lictor_domain as domain;

use crate::v1;

impl From<domain::Severity> for v1::Severity {
    fn from(severity: domain::Severity) -> Self {
        match severity {
            domain::Severity::Info => Self::Info,
            domain::Severity::Warning => Self::Warning,
            domain::Severity::Critical => Self::Critical,
        }
    }
}

impl From<&domain::Evidence> for v1::Evidence {
    fn from(evidence: &domain::Evidence) -> Self {
        Self {
            sentence: evidence.to_string(),
        }
    }
}

impl From<domain::ProblemCode> for v1::ProblemKind {
    fn from(code: domain::ProblemCode) -> Self {
        Self {
            code: code.as_str().to_owned(),
            severity: v1::Severity::from(code.severity()).into(),
            meaning: code.meaning().to_owned(),
            response: code.response().to_owned(),
        }
    }
}

impl From<&domain::Problem> for v1::Problem {
    fn from(problem: &domain::Problem) -> Self {
        Self {
            code: problem.code.as_str().to_owned(),
            severity: v1::Severity::from(problem.severity).into(),
            node: problem.node.as_ref().map(ToString::to_string),
            sentence: problem.sentence.clone(),
            response: problem.response.clone(),
            evidence: problem.evidence.iter().map(Into::into).collect(),
        }
    }
}
