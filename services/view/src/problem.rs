//! What is not as it should be: problems of clusters, what is found while a request
//! is judged, and why a request was refused.

use lictor_wire::v1;

use crate::config::ConfigConflict;

words! {
    /// How much a problem matters.
    Severity from Severity {
        /// Worth knowing.
        Info = "info",
        /// Redundancy or freshness suffers.
        Warning = "warning",
        /// Writes or data are in danger.
        Critical = "critical",
    }
}

shown! {
    /// Something about a cluster that is not as it should be.
    pub struct Problem {
        /// Stable name of its kind, such as `DeadPrimary`.
        pub code: String,
        /// How much it matters.
        pub severity: Severity,
        /// The node it is about, where it is about one.
        pub node: Option<String>,
        /// What is wrong.
        pub sentence: String,
        /// What Lictor does about it, or what the operator can do.
        pub response: String,
        /// The facts it rests on.
        pub evidence: Vec<String>,
    }

    /// One kind of problem.
    pub struct ProblemKind {
        /// Its stable name, such as `DeadPrimary`.
        pub code: String,
        /// How much it matters.
        pub severity: Severity,
        /// What it means.
        pub meaning: String,
        /// What Lictor does about it in mode auto, and what is left to the operator.
        pub response: String,
    }

    /// Something found while a request was judged.
    pub struct Finding {
        /// Stable name of its kind, such as `Objection` or `NotFenced`.
        pub code: String,
        /// The node or address it is about, where it is about one.
        pub node: Option<String>,
        /// What was found.
        pub sentence: String,
        /// What to do about it; empty when there is nothing to do.
        pub remedy: String,
    }

    /// One thing that is wrong with a request or a document.
    pub struct FieldError {
        /// The field, as a path through the request or the document; empty when it
        /// is about the whole.
        pub field: String,
        /// What is wrong with it, and what is allowed.
        pub detail: String,
        /// The line in a document's text, from 1.
        pub line: Option<u32>,
        /// The column in that line, from 1.
        pub column: Option<u32>,
    }

    /// Why a request was refused: RFC 9457, `application/problem+json`.
    pub struct ApiProblem {
        /// `urn:lictor:problem:` and the code in lower case.
        pub r#type: String,
        /// The code in words.
        pub title: String,
        /// The HTTP status.
        pub status: u16,
        /// What is wrong, for people.
        pub detail: String,
        /// The stable reason, as gRPC's `ErrorInfo.reason`: `NOT_FOUND`,
        /// `INVALID_FIELD`, `NOT_LEADING` and so on.
        pub code: String,
        /// What is wrong with which field.
        pub errors: Vec<FieldError>,
        /// What stands in the way, each with its remedy.
        pub findings: Vec<Finding>,
        /// What came between, where the configuration has moved.
        pub conflict: Option<ConfigConflict>,
        /// URL of the instance that leads, where that is known and not this one.
        pub leader: Option<String>,
    }
}

impl From<v1::Problem> for Problem {
    fn from(problem: v1::Problem) -> Self {
        let evidence = problem.evidence.into_iter();
        Self {
            code: problem.code,
            severity: Severity::read(problem.severity),
            node: problem.node,
            sentence: problem.sentence,
            response: problem.response,
            evidence: evidence.map(|fact| fact.sentence).collect(),
        }
    }
}

impl From<v1::ProblemKind> for ProblemKind {
    fn from(kind: v1::ProblemKind) -> Self {
        Self {
            severity: Severity::read(kind.severity),
            code: kind.code,
            meaning: kind.meaning,
            response: kind.response,
        }
    }
}

impl From<v1::Finding> for Finding {
    fn from(finding: v1::Finding) -> Self {
        Self {
            code: finding.code,
            node: finding.node,
            sentence: finding.sentence,
            remedy: finding.remedy,
        }
    }
}

impl From<v1::ConfigFault> for FieldError {
    fn from(fault: v1::ConfigFault) -> Self {
        Self {
            field: fault.field,
            detail: fault.sentence,
            line: fault.line,
            column: fault.column,
        }
    }
}
