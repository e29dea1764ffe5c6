//! Why a request was refused, as RFC 9457 has it: what gRPC says in a status, in
//! JSON. It decides nothing but the number in the first line.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use lictor_view::{ApiProblem, FieldError};
use lictor_wire::{detail, objections, v1};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use utoipa::openapi::{Content, RefOr, Response as Described, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// The media type of a problem.
const PROBLEM: &str = "application/problem+json";
/// The code of a request that makes no sense.
const INVALID_FIELD: &str = "INVALID_FIELD";

/// Fields that are called otherwise in every message than in REST; one without a
/// name is no field of its own there.
const RENAMED: [(&str, &str); 7] = [
    ("text", "q"),
    ("before", "after"),
    ("clusters", "cluster"),
    ("keyspaces", "keyspace"),
    ("hostgroups", "hostgroup"),
    ("kinds", "kind"),
    ("change", ""),
];

/// A request was refused.
#[derive(Debug)]
pub(in crate::api) struct Refusal(Box<ApiProblem>);

impl Refusal {
    /// One with its stable code, as gRPC's reasons are written.
    pub(in crate::api) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(ApiProblem {
            r#type: format!("urn:lictor:problem:{}", code.to_lowercase()),
            title: title(code),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
            errors: vec![],
            findings: vec![],
            conflict: None,
            leader: None,
        }))
    }

    /// A field of the request makes no sense.
    pub(in crate::api) fn field(field: &str, why: impl Into<String>) -> Self {
        let why = why.into();
        let named = if field.is_empty() {
            why.clone()
        } else {
            format!("field `{field}`: {why}")
        };
        let mut refusal = Self::new(StatusCode::BAD_REQUEST, INVALID_FIELD, named);
        refusal.0.errors.push(FieldError {
            field: field.to_owned(),
            detail: why,
            line: None,
            column: None,
        });
        refusal
    }

    /// The same, where a field of the message is called otherwise in REST.
    fn renamed(mut self, names: &[(&str, &str)]) -> Self {
        // A document's fields are its own.
        if self.0.code != INVALID_FIELD {
            return self;
        }
        for error in &mut self.0.errors {
            let end = error.field.find(['.', '[']).unwrap_or(error.field.len());
            let (head, tail) = error.field.split_at(end);
            let Some((_, name)) = names.iter().find(|(it, _)| head == *it) else {
                continue;
            };
            let field = format!("{name}{tail}");
            let field = field.trim_start_matches('.').to_owned();
            let (was, is) = (format!("`{}`", error.field), format!("`{field}`"));
            error.detail = error.detail.replacen(&was, &is, 1);
            self.0.detail = self.0.detail.replacen(&was, &is, 1);
            error.field = field;
        }
        self
    }

    /// Of a request whose path names the cluster.
    pub(in crate::api) fn of_cluster(status: Status) -> Self {
        Self::from(status).renamed(&[("name", "cluster")])
    }

    /// Whether the configuration has moved since.
    pub(in crate::api) fn is_conflict(&self) -> bool {
        self.0.conflict.is_some()
    }

    /// The same with another number in the first line.
    pub(in crate::api) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status.as_u16();
        self
    }
}

/// `NOT_FOUND` as `Not found`.
fn title(code: &str) -> String {
    let words = code.to_lowercase().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

const fn number(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::OutOfRange => StatusCode::PAYLOAD_TOO_LARGE,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => StatusCode::CONFLICT,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Ok | Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// The reason of a status that says none, such as tonic's own.
const fn fallback(code: Code) -> &'static str {
    match code {
        // Documents and those who come second are told of by details of their own.
        Code::InvalidArgument => "INVALID_DOCUMENT",
        Code::Aborted => "CONFLICT",
        Code::FailedPrecondition => "REFUSED",
        Code::NotFound => "NOT_FOUND",
        Code::DeadlineExceeded => "LATE",
        Code::Unavailable => "UNAVAILABLE",
        Code::Unimplemented => "UNIMPLEMENTED",
        _ => "INTERNAL",
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let info = status.get_details_error_info();
        let reason = info.as_ref().map(|info| info.reason.as_str());
        let code = reason.unwrap_or_else(|| fallback(status.code()));
        let mut refusal = Self::new(number(status.code()), code, status.message());
        let problem = &mut refusal.0;
        problem.errors = errors(&status);
        problem.findings = objections(&status).into_iter().map(Into::into).collect();
        problem.conflict = detail::<v1::ConfigConflict>(&status).map(Into::into);
        problem.leader = info.and_then(|mut info| info.metadata.remove("leader"));
        refusal.renamed(&RENAMED)
    }
}

/// What is wrong with which field of the request, or of the document in it.
fn errors(status: &Status) -> Vec<FieldError> {
    let faults = detail::<v1::ConfigFaults>(status).unwrap_or_default();
    let of_document = faults.faults.into_iter().map(FieldError::from);
    let violations = status.get_details_bad_request();
    let of_request = violations.into_iter().flat_map(|all| all.field_violations);
    let of_request = of_request.map(|violation| FieldError {
        field: violation.field,
        detail: violation.description,
        line: None,
        column: None,
    });
    of_document.chain(of_request).collect()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Texts, numbers and lists of them: they can always be written.
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let kind = HeaderValue::from_static(PROBLEM);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

impl IntoResponses for Refusal {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let schema = utoipa::openapi::Ref::from_schema_name(ApiProblem::name());
        let described = ResponseBuilder::new()
            .description("It was refused, and nothing was changed; why is said")
            .content(PROBLEM, Content::new(Some(schema)))
            .build();
        BTreeMap::from([("default".to_owned(), described.into())])
    }
}

#[cfg(test)]
mod tests {
    use lictor_wire::{WireError, moved_configuration, refusal, refused_document};

    use super::super::super::problem;
    use super::*;

    #[test]
    fn a_status_says_the_same_in_json() {
        let refused = Refusal::from(problem::not_leading(Some("http://b:7400".to_owned())));
        assert_eq!(
            (refused.0.status, refused.0.code.as_str()),
            (503, "NOT_LEADING")
        );
        assert_eq!(refused.0.title, "Not leading");
        assert_eq!(refused.0.r#type, "urn:lictor:problem:not_leading");
        assert_eq!(refused.0.leader.as_deref(), Some("http://b:7400"));

        let refused = Refusal::from(problem::invalid(WireError::missing("reason")));
        assert_eq!(
            (refused.0.status, refused.0.code.as_str()),
            (400, "INVALID_FIELD")
        );
        assert_eq!(refused.0.errors[0].field, "reason");
    }

    #[test]
    fn a_field_has_the_name_that_rest_gives_it() {
        let wrong = |field| problem::invalid(WireError::invalid(field, "it is wrong"));
        for (status, field) in [
            (Refusal::from(wrong("text")), "q"),
            (Refusal::from(wrong("before")), "after"),
            (Refusal::from(wrong("keyspaces[1]")), "keyspace[1]"),
            (
                Refusal::from(wrong("change.budget.failovers")),
                "budget.failovers",
            ),
            (Refusal::from(wrong("name")), "name"),
            (Refusal::of_cluster(wrong("name")), "cluster"),
        ] {
            assert_eq!(status.0.errors[0].field, field);
            let named = format!("`{field}`");
            assert!(status.0.detail.contains(&named), "{}", status.0.detail);
        }
    }

    #[test]
    fn what_stands_in_the_way_is_listed() {
        let finding = v1::Finding {
            code: "NotFenced".to_owned(),
            sentence: "db-1 still answers".to_owned(),
            ..v1::Finding::default()
        };
        let refused = Refusal::from(refusal("no failover:", vec![finding]));
        assert_eq!(refused.0.status, 409);
        assert_eq!(refused.0.findings[0].code, "NotFenced");
    }

    #[test]
    fn a_wrong_document_and_one_that_comes_second_have_codes_of_their_own() {
        let faults = v1::ConfigFaults {
            document: "shop.yaml".to_owned(),
            faults: vec![v1::ConfigFault {
                field: "hostgroups[0].id".to_owned(),
                sentence: "it is wrong".to_owned(),
                line: Some(3),
                column: Some(9),
            }],
        };
        let refused = Refusal::from(refused_document(&faults));
        assert_eq!(
            (refused.0.status, refused.0.code.as_str()),
            (400, "INVALID_DOCUMENT")
        );
        assert_eq!(refused.0.errors[0].line, Some(3));

        let conflict = v1::ConfigConflict {
            base: 1,
            head: 2,
            between: vec![],
        };
        let refused = Refusal::from(moved_configuration(&conflict));
        assert_eq!(
            (refused.0.status, refused.0.code.as_str()),
            (409, "CONFLICT")
        );
        assert!(refused.is_conflict());
    }

    #[test]
    fn every_status_has_a_number_that_says_refused() {
        for code in 1..=16 {
            let refused = Refusal::from(Status::new(Code::from(code), "no"));
            assert!(refused.0.status >= 400, "{code}");
            assert!(!refused.0.code.is_empty());
        }
    }
}
