//! Mutations with an `Idempotency-Key` happen once: asked again they are answered
//! as the first time.
//!
//! The key is claimed in Postgres before anything is done, and what is done goes on
//! when the caller goes away. Without Postgres a request with a key is refused; one
//! without a key is carried out.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use lictor_domain::Term;
use lictor_store::Claim;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tonic::Status;

use super::super::grpc;
use super::super::problem::{self, Problem};
use super::BODY_MAX;
use super::extract::whole;
use super::refusal::Refusal;
use crate::access::Identity;
use crate::app::Shared;

/// The header.
pub(super) const KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// What is answered there holds a secret, which is kept nowhere. A token is not made
/// twice in any case: its name is taken.
pub(super) const NEVER_KEPT: [&str; 2] = ["/v1/session", "/v1/tokens"];
/// Characters in a key.
pub(super) const KEY_MAX: usize = 128;

/// An answer as it is kept.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    status: u16,
    kind: Option<String>,
    location: Option<String>,
    etag: Option<String>,
    body: String,
}

/// Carries a request out, or says what it was answered before.
pub(super) async fn once(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let never = NEVER_KEPT.contains(&request.uri().path());
    let key = request.headers().get(KEY);
    let Some(key) = key.filter(|_| !reads && !never).cloned() else {
        return next.run(request).await;
    };
    // Another instance refuses it, and says who leads.
    let Some(lease) = app.standing.lease() else {
        return next.run(request).await;
    };
    let done = keyed(app, lease.term(), &key, request, next).await;
    done.unwrap_or_else(Refusal::into_response)
}

async fn keyed(
    app: Shared,
    term: Term,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let key = read(key)?;
    let (parts, body) = request.into_parts();
    let body = whole(Request::from_parts(parts.clone(), body)).await?;
    let print = fingerprint(&parts, &body);
    let claim = app.store.once_claim(term, &key, print).await;
    match claim.map_err(|error| Status::from(Problem::from(error)))? {
        Claim::Fresh => {}
        Claim::Answered(kept) => return replayed(&kept),
        Claim::Running => {
            let sentence = "the request with this key is being carried out; ask again soon";
            return Err(conflict("IN_PROGRESS", sentence));
        }
        Claim::Lost => {
            let sentence = "the instance that took up the request with this key is lost, and \
                whether it was carried out is not known: look first, then use another key";
            return Err(conflict("OUTCOME_UNKNOWN", sentence));
        }
        Claim::Taken => {
            let sentence = "this key stands for another request already";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Refusal::new(status, "KEY_TAKEN", sentence));
        }
    }
    let request = Request::from_parts(parts, Body::from(body));
    let tasks = app.tasks.clone();
    let carried = tasks.spawn(async move {
        let response = next.run(request).await;
        keep(&app, term, &key, response).await
    });
    let done = carried.await;
    done.map_err(|error| problem::broken_off(&error).into())
}

/// The key, which any person can read.
fn read(key: &HeaderValue) -> Result<String, Refusal> {
    let text = key.to_str().unwrap_or_default();
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > KEY_MAX || !visible {
        let why = format!("it must be 1 to {KEY_MAX} visible ASCII characters");
        return Err(Refusal::field(KEY, why));
    }
    Ok(text.to_owned())
}

/// What tells one request from another: who asks, and for what.
fn fingerprint(parts: &Parts, body: &Bytes) -> [u8; 32] {
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .map_or(&b""[..], HeaderValue::as_bytes)
    };
    let uri = parts.uri.to_string();
    let mut digest = Sha256::new();
    let of_uri = [parts.method.as_str().as_bytes(), uri.as_bytes()];
    let token = parts.extensions.get::<Identity>().and_then(Identity::token);
    let token = token.map_or(&b""[..], |token| token.as_str().as_bytes());
    let of_headers = [header(IF_MATCH.as_str()), header(grpc::ACTOR), token];
    for part in of_uri.into_iter().chain(of_headers).chain([&body[..]]) {
        // Lengths keep parts apart.
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

fn conflict(code: &str, sentence: &str) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, code, sentence)
}

/// Keeps the answer, unless nothing was done.
async fn keep(app: &Shared, term: Term, key: &str, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX)
        .await
        .unwrap_or_default();
    let kept = if was_done(parts.status) {
        let answer = Kept::new(parts.status, &parts.headers, &body);
        // Texts and a number: they can always be written.
        let answer = serde_json::to_string(&answer).unwrap_or_default();
        app.store.once_answer(term, key, &answer).await
    } else {
        app.store.once_free(term, key).await
    };
    if let Err(error) = kept {
        tracing::warn!(%error, "the answer to a request with a key is not kept");
    }
    Response::from_parts(parts, Body::from(body))
}

/// Whether asking again may find it done. Who is asked to come again was not
/// served.
fn was_done(status: StatusCode) -> bool {
    !matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    )
}

impl Kept {
    fn new(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Self {
        let header = |name| {
            let value: Option<&HeaderValue> = headers.get(name);
            value.and_then(|it| it.to_str().ok()).map(ToOwned::to_owned)
        };
        Self {
            status: status.as_u16(),
            kind: header(CONTENT_TYPE),
            location: header(LOCATION),
            etag: header(ETAG),
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }
}

fn replayed(kept: &str) -> Result<Response, Refusal> {
    let kept: Kept = serde_json::from_str(kept).map_err(|error| problem::broken_off(&error))?;
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() =
        StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    let said = [
        (CONTENT_TYPE, kept.kind),
        (LOCATION, kept.location),
        (ETAG, kept.etag),
    ];
    for (name, value) in said {
        let value = value.and_then(|value| HeaderValue::try_from(value).ok());
        value.map(|value| headers.insert(name, value));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(method: &str, path: &str, actor: &str, body: &'static [u8]) -> [u8; 32] {
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header(grpc::ACTOR, actor).body(()).unwrap();
        fingerprint(&request.into_parts().0, &Bytes::from_static(body))
    }

    #[test]
    fn a_request_is_who_asks_for_what() {
        let one = print("POST", "/v1/a", "ada", b"{}");
        assert_eq!(one, print("POST", "/v1/a", "ada", b"{}"));
        for other in [
            print("PUT", "/v1/a", "ada", b"{}"),
            print("POST", "/v1/a?b", "ada", b"{}"),
            print("POST", "/v1/a", "bob", b"{}"),
            print("POST", "/v1/a", "ada", b"{} "),
            print("POST", "/v1/a", "ada{", b"}"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_key_is_short_and_visible() {
        let read = |text: &str| read(&HeaderValue::from_str(text).unwrap());
        assert_eq!(read("a-1").unwrap(), "a-1");
        for wrong in ["", "a b", &"x".repeat(KEY_MAX + 1)] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_is_the_same_again_and_says_that_it_is_not_the_first() {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_static("/v1/operations/1"));
        let kept = Kept::new(StatusCode::ACCEPTED, &headers, &Bytes::from_static(b"{}"));
        let text = serde_json::to_string(&kept).unwrap();
        let again = replayed(&text).unwrap();
        assert_eq!(again.status(), StatusCode::ACCEPTED);
        assert_eq!(again.headers()[LOCATION], "/v1/operations/1");
        assert_eq!(again.headers()[REPLAYED], "true");
    }

    #[test]
    fn who_is_asked_to_come_again_may_use_the_key_again() {
        assert!(!was_done(StatusCode::SERVICE_UNAVAILABLE));
        for done in [
            StatusCode::OK,
            StatusCode::CONFLICT,
            StatusCode::GATEWAY_TIMEOUT,
        ] {
            assert!(was_done(done));
        }
    }
}
