//! Errors of use cases as gRPC statuses. A status has a sentence for people, a
//! stable reason for programs (`google.rpc.ErrorInfo`, domain `lictor`), and
//! details where there are any; what is the server's own trouble goes to the
//! log with its causes.

use std::collections::HashMap;
use std::error::Error;

use http::{HeaderMap, HeaderValue};
use lictor_domain::switchover::Check;
use lictor_domain::{Blocker, ClusterName, NodeAddress, NodeName, Scope};
use lictor_engine::admission::Objection;
use lictor_store::StoreError;
use lictor_wire::{WireError, refusal, v1};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::access::tokens::TokenError;
use crate::access::{Identity, Need, Unknown};
use crate::bulletin::TooManyReaders;
use crate::causes::with_sources;
use crate::hub::TooMany;
use crate::nodes::NodeError;
use crate::registration::RegistrationError;

const DOMAIN: &str = "lictor";

/// A status with its stable reason.
fn status(code: Code, reason: &str, sentence: impl Into<String>) -> Status {
    with_facts(code, reason, sentence, HashMap::new())
}

fn with_facts(
    code: Code,
    reason: &str,
    sentence: impl Into<String>,
    facts: HashMap<String, String>,
) -> Status {
    let details = ErrorDetails::with_error_info(reason, DOMAIN, facts);
    Status::with_error_details(code, sentence, details)
}

/// A field of the request makes no sense.
pub(super) fn invalid(error: WireError) -> Status {
    let field = error.field().to_owned();
    let sentence = Status::from(error).message().to_owned();
    let mut details = ErrorDetails::with_bad_request_violation(field, &sentence);
    details.set_error_info("INVALID_FIELD", DOMAIN, HashMap::new());
    Status::with_error_details(Code::InvalidArgument, sentence, details)
}

/// The messages of a stream do not follow one another as they should.
pub(super) fn out_of_protocol(sentence: impl Into<String>) -> Status {
    status(Code::InvalidArgument, "OUT_OF_PROTOCOL", sentence)
}

/// A message is larger than is taken.
pub(super) fn too_large(length: usize, most: usize) -> Status {
    let sentence = format!("the message has {length} bytes, and at most {most} are taken");
    status(Code::OutOfRange, "TOO_LARGE", sentence)
}

/// The subscriber did not say who it is in time.
pub(super) fn no_hello(sentence: impl Into<String>) -> Status {
    status(Code::DeadlineExceeded, "NO_HELLO", sentence)
}

/// The instance is ending.
pub(super) fn shutting_down() -> Status {
    status(
        Code::Unavailable,
        "SHUTTING_DOWN",
        "this instance is shutting down",
    )
}

/// No routing table is known here yet.
pub(super) fn no_table() -> Status {
    let sentence = "no routing table is known here yet: no leader has begun its term";
    status(Code::Unavailable, "NO_TABLE", sentence)
}

/// Only the leader can do it.
pub(super) fn not_leading(leader: Option<String>) -> Status {
    let sentence = leader.as_ref().map_or_else(
        || "this instance does not lead, and it knows no leader".to_owned(),
        |leader| format!("this instance does not lead; the leader is at {leader}"),
    );
    let facts = leader.map(|leader| ("leader".to_owned(), leader));
    with_facts(
        Code::Unavailable,
        "NOT_LEADING",
        sentence,
        facts.into_iter().collect(),
    )
}

/// The leader is known and was not reached, so that nothing was done.
pub(super) fn unreachable_leader(leader: String) -> Status {
    let sentence = format!(
        "this instance does not lead, and cannot reach the leader at {leader}: nothing was done"
    );
    let facts = HashMap::from([("leader".to_owned(), leader)]);
    with_facts(Code::Unavailable, "NOT_LEADING", sentence, facts)
}

/// What a stream told came from a leader that is lost, or leads no more.
pub(super) fn leader_lost() -> Status {
    let sentence = "the leader that this stream came from is lost, or leads no more: begin again";
    status(Code::Unavailable, "NOT_LEADING", sentence)
}

/// The leader was asked for a change, and nobody knows whether it was made.
pub(super) fn outcome_unknown(why: &str) -> Status {
    let sentence = format!("{why}: what was asked may have been done, or not; look first");
    status(Code::Unknown, "OUTCOME_UNKNOWN", sentence)
}

/// A request that is to be passed on cannot be read whole.
pub(super) fn unread(most: usize) -> Status {
    let sentence = format!("the request broke off, or has more than {most} bytes");
    status(Code::OutOfRange, "TOO_LARGE", sentence)
}

/// A status as the trailers of an answer that has begun.
pub(super) fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if let Err(status) = status.add_header(&mut trailers) {
        tracing::error!(%status, "a status cannot be told");
        trailers.insert("grpc-status", HeaderValue::from_static("13"));
    }
    trailers
}

/// The caller shows nothing that says who it is, or nothing that is good.
pub(super) fn unauthenticated() -> Status {
    let sentence = "this needs a token: `authorization: Bearer lictor_...`";
    status(Code::Unauthenticated, "NO_TOKEN", sentence)
}

/// The token that the caller shows lets nobody in.
pub(super) fn bad_token(why: Unknown) -> Status {
    let sentence = match why {
        Unknown::Unread => {
            let sentence = "no token is known here yet: Postgres was not read, or holds none";
            return status(Code::Unavailable, "STORE_UNAVAILABLE", sentence);
        }
        Unknown::Nobody => "there is no such token",
        Unknown::Revoked => "the token was revoked",
        Unknown::Expired => "the token has expired",
    };
    status(Code::Unauthenticated, "BAD_TOKEN", sentence)
}

/// The session that the browser shows is none, or is over.
pub(super) fn no_session() -> Status {
    let sentence = "the session is over: log in";
    status(Code::Unauthenticated, "BAD_TOKEN", sentence)
}

/// A change under a session that may come from another site's page.
pub(super) fn no_csrf(header: &str) -> Status {
    let sentence = format!("a session changes nothing without the header {header}");
    status(Code::PermissionDenied, "NO_CSRF", sentence)
}

/// The stream was open under a token that is in force no more.
pub(super) fn token_ended() -> Status {
    let sentence = "the token of this stream was revoked, or has expired";
    status(Code::Unauthenticated, "BAD_TOKEN", sentence)
}

/// The caller is known, and may not.
pub(super) fn not_allowed(identity: &Identity, need: Need) -> Status {
    let own = match identity {
        Identity::Holder(token) => format!("{} is of the role {}", token.name, token.role),
        Identity::Member => "the caller is another instance".to_owned(),
    };
    let sentence = format!("this takes {}; {own}", need.wants());
    status(Code::PermissionDenied, "NOT_ALLOWED", sentence)
}

/// The caller asks for too much at once.
pub(super) fn too_many(what: &str) -> Status {
    let sentence = format!("too many {what} this token; try again a moment later");
    status(Code::ResourceExhausted, "TOO_MANY_REQUESTS", sentence)
}

/// The caller's token is not good for that cluster.
pub(super) fn out_of_scope(cluster: &ClusterName) -> Status {
    let sentence = format!("this token is not good for cluster {cluster}");
    status(Code::PermissionDenied, "OUT_OF_SCOPE", sentence)
}

/// The caller's token is limited to clusters, and this is more than those.
pub(super) fn limited(scope: &Scope) -> Status {
    let clusters: Vec<_> = scope.clusters().map(ClusterName::as_str).collect();
    let clusters = clusters.join(", ");
    let sentence = format!(
        "this token is limited to clusters {clusters}, and what was asked for is not only theirs"
    );
    status(Code::PermissionDenied, "OUT_OF_SCOPE", sentence)
}

/// There is no such thing.
pub(super) fn not_found(sentence: impl Into<String>) -> Status {
    status(Code::NotFound, "NOT_FOUND", sentence)
}

/// Nobody keeps the cluster at this moment.
pub(super) fn not_kept(sentence: impl Into<String>) -> Status {
    status(Code::Unavailable, "NOT_KEPT", sentence)
}

/// A use case ended without an answer.
pub(super) fn broken_off(error: &dyn Error) -> Status {
    tracing::error!(error = %with_sources(error), "a use case broke off");
    status(
        Code::Internal,
        "INTERNAL",
        "the request broke off; the log says why",
    )
}

impl From<TooMany> for Problem {
    fn from(error: TooMany) -> Self {
        Self(status(
            Code::ResourceExhausted,
            "TOO_MANY_SUBSCRIBERS",
            error.to_string(),
        ))
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::NotLeading(error) => Self(not_leading(error.leader)),
            TokenError::Store(error) => error.into(),
        }
    }
}

impl From<TooManyReaders> for Problem {
    fn from(error: TooManyReaders) -> Self {
        Self(status(
            Code::ResourceExhausted,
            "TOO_MANY_READERS",
            error.to_string(),
        ))
    }
}

/// A status made of an error.
pub(super) struct Problem(Status);

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        problem.0
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let sentence = error.to_string();
        Self(match &error {
            StoreError::NotFound { .. } => status(Code::NotFound, "NOT_FOUND", sentence),
            StoreError::Conflict(_) => status(Code::AlreadyExists, "TAKEN", sentence),
            StoreError::StaleTerm { .. } => not_leading(None),
            StoreError::Unavailable(_) | StoreError::Denied(_) => {
                tracing::warn!(error = %with_sources(&error), "Postgres did not serve a request");
                status(Code::Unavailable, "STORE_UNAVAILABLE", sentence)
            }
            StoreError::Corrupt { .. } | StoreError::Internal(_) => {
                tracing::error!(error = %with_sources(&error), "a request met a defect");
                status(Code::Internal, "INTERNAL", sentence)
            }
        })
    }
}

/// Why a cluster was not added.
pub(super) fn not_added(
    name: &ClusterName,
    seed: &NodeAddress,
    error: RegistrationError,
) -> Status {
    let intro = format!("cluster {name} cannot be added:");
    match error {
        RegistrationError::NotLeading(error) => not_leading(error.leader),
        RegistrationError::Refused(objections) => {
            let findings = objections.into_iter();
            refusal(
                &intro,
                findings.map(|one| finding("Objection", one)).collect(),
            )
        }
        RegistrationError::Invalid(error) => invalid(error.within("policy")),
        RegistrationError::Taken { what } => status(Code::AlreadyExists, "TAKEN", what),
        RegistrationError::SeedUnreachable { sentence } => {
            let unreachable = v1::Finding {
                code: "SeedUnreachable".to_owned(),
                node: Some(seed.to_string()),
                sentence,
                remedy: "give the address of a node that runs, and let the control account in"
                    .to_owned(),
            };
            refusal(&intro, vec![unreachable])
        }
        RegistrationError::Unavailable { sentence } => {
            status(Code::Unavailable, "STORE_UNAVAILABLE", sentence)
        }
    }
}

/// Why something was not done with a node.
pub(super) fn of_node(node: &NodeName, error: NodeError) -> Status {
    match error {
        NodeError::NotLeading(error) => not_leading(error.leader),
        NodeError::NotKept(_) => not_kept(error.to_string()),
        NodeError::NotFound(_) => status(Code::NotFound, "NOT_FOUND", error.to_string()),
        NodeError::Refused(each) => {
            let findings = each.into_iter().map(|one| v1::Finding {
                code: one.code.to_owned(),
                node: Some(node.to_string()),
                sentence: one.sentence,
                remedy: one.remedy,
            });
            refusal(&format!("{node} stays as it is:"), findings.collect())
        }
        NodeError::Store(error) => Problem::from(error).into(),
        NodeError::Failed(sentence) => status(Code::Unavailable, "NODE_FAILED", sentence),
    }
}

/// Something found while a cluster was looked at.
pub(super) fn finding(code: &str, objection: Objection) -> v1::Finding {
    v1::Finding {
        code: code.to_owned(),
        node: objection.node.map(Into::into),
        sentence: objection.sentence,
        remedy: objection.remedy,
    }
}

/// What stands in the way of an ordered failover.
pub(super) fn blocker(blocker: &Blocker) -> v1::Finding {
    v1::Finding {
        code: blocker.code().to_owned(),
        node: None,
        sentence: blocker.to_string(),
        remedy: blocker.remedy().to_owned(),
    }
}

/// What stands in the way of a switchover; its sentence says what to do.
pub(super) fn check(check: &Check) -> v1::Finding {
    v1::Finding {
        code: check.code.as_str().to_owned(),
        node: None,
        sentence: check.sentence.clone(),
        remedy: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use lictor_store::Conflict;

    use super::*;

    fn reason(status: &Status) -> String {
        status.get_details_error_info().unwrap().reason
    }

    fn of_store(error: StoreError) -> Status {
        Problem::from(error).into()
    }

    #[test]
    fn an_invalid_field_is_named_in_the_sentence_and_in_the_details() {
        let error = "Orders".parse::<ClusterName>().unwrap_err();
        let status = invalid(WireError::invalid("name", error));
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains("`name`"), "{}", status.message());
        assert!(status.message().contains("Orders"), "{}", status.message());
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "name");
        assert_eq!(reason(&status), "INVALID_FIELD");
    }

    #[test]
    fn one_who_asks_a_follower_hears_where_the_leader_is() {
        let status = not_leading(Some("http://lictor-2:7400".to_owned()));
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains("http://lictor-2:7400"));
        let info = status.get_details_error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("NOT_LEADING", "lictor")
        );
        assert_eq!(info.metadata["leader"], "http://lictor-2:7400");
    }

    #[test]
    fn a_store_that_is_away_is_unavailable_and_tells_no_cause() {
        let status = of_store(StoreError::Unavailable("password=hunter2".into()));
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(reason(&status), "STORE_UNAVAILABLE");
        assert!(!status.message().contains("hunter2"));
    }

    #[test]
    fn a_conflict_is_told_as_it_is() {
        let name = "orders".parse().unwrap();
        let status = of_store(Conflict::ClusterExists { name }.into());
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(status.message(), "there is a cluster `orders` already");
    }

    #[test]
    fn objections_travel_as_details() {
        let (name, seed) = ("orders".parse().unwrap(), "127.0.0.1:3306".parse().unwrap());
        let objection = Objection {
            node: Some("127.0.0.2:3306".parse().unwrap()),
            sentence: "gtid_mode is OFF".to_owned(),
            remedy: "set it".to_owned(),
        };
        let status = not_added(&name, &seed, RegistrationError::Refused(vec![objection]));
        assert_eq!(status.code(), Code::FailedPrecondition);
        let found = lictor_wire::objections(&status);
        assert_eq!(found[0].node.as_deref(), Some("127.0.0.2:3306"));

        let sentence = "no MySQL there".to_owned();
        let status = not_added(
            &name,
            &seed,
            RegistrationError::SeedUnreachable { sentence },
        );
        assert_eq!(lictor_wire::objections(&status)[0].code, "SeedUnreachable");
    }
}
