//! What a request says: its path, its query and its body, read into types. What
//! cannot be read is refused with the name of the field, and nothing was done.

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::refusal::Refusal;

const JSON: &str = "application/json";

/// The names in the path.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let read = read.map_err(|why| Refusal::field("path", why.body_text()))?;
        Ok(Self(read.0))
    }
}

/// The query; a name may come again where the type is a list.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let read = serde_path_to_error::deserialize(serde_html_form::Deserializer::new(pairs));
        read.map(Self).map_err(|error| refused(&error))
    }
}

/// A value of the query that was said: the empty text is none of a number's, a
/// word's or a time's, and must not pass for nothing.
pub(super) fn said<'de, D, T>(value: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(value).map(Some)
}

/// The body, in JSON.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case(JSON) {
            let sentence = format!("the body must be {JSON}, and say so in Content-Type");
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Refusal::new(status, "UNSUPPORTED_MEDIA_TYPE", sentence));
        }
        let bytes = whole(request).await?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let read = serde_path_to_error::deserialize(&mut json).map_err(|error| refused(&error))?;
        json.end()
            .map_err(|why| Refusal::field("", why.to_string()))?;
        Ok(Self(read))
    }
}

/// The bytes of a body that is not too large.
pub(super) async fn whole(request: Request) -> Result<Bytes, Refusal> {
    let read: Result<Bytes, _> = request.extract().await;
    read.map_err(|why| {
        let code = match why.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "TOO_LARGE",
            _ => "UNREADABLE",
        };
        Refusal::new(why.status(), code, why.body_text())
    })
}

fn refused<E: std::error::Error>(error: &serde_path_to_error::Error<E>) -> Refusal {
    let path = error.path().to_string();
    let field = path.trim_start_matches('.');
    let field = if field == "?" { "" } else { field };
    Refusal::field(field, error.inner().to_string())
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::response::IntoResponse;
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        name: String,
        #[serde(default)]
        times: Vec<u8>,
        #[serde(default, deserialize_with = "said")]
        once: Option<u8>,
    }

    async fn told(refusal: Refusal) -> Value {
        let body = to_bytes(refusal.into_response().into_body(), 10_000).await;
        serde_json::from_slice(&body.unwrap()).unwrap()
    }

    async fn body(kind: &str, text: &str) -> Result<Asked, Refusal> {
        let request = http::Request::builder().header(CONTENT_TYPE, kind);
        let request = request
            .body(axum::body::Body::from(text.to_owned()))
            .unwrap();
        Body::<Asked>::from_request(request, &())
            .await
            .map(|body| body.0)
    }

    async fn query(text: &str) -> Result<Asked, Refusal> {
        let request = http::Request::builder().uri(format!("/x?{text}"));
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let read = Query::<Asked>::from_request_parts(&mut parts, &()).await;
        read.map(|query| query.0)
    }

    #[tokio::test]
    async fn a_body_is_json_that_says_so() {
        let read = body(
            "application/json; charset=utf-8",
            r#"{"name":"a","times":[1]}"#,
        );
        let read = read.await.unwrap();
        assert_eq!((read.name.as_str(), read.times), ("a", vec![1]));
        let refused = told(body("text/plain", "{}").await.unwrap_err()).await;
        assert_eq!(refused["status"], 415);
    }

    #[tokio::test]
    async fn a_field_that_makes_no_sense_is_named() {
        let text = r#"{"name":"a","times":[1,900]}"#;
        let refused = told(body(JSON, text).await.unwrap_err()).await;
        assert_eq!(refused["status"], 400);
        assert_eq!(refused["errors"][0]["field"], "times[1]");
        for wrong in ["{}", r#"{"name":"a","nome":1}"#, r#"{"name":"a"} 2"#, ""] {
            let refused = told(body(JSON, wrong).await.unwrap_err()).await;
            assert_eq!(refused["code"], "INVALID_FIELD", "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_query_may_name_one_thing_again() {
        let read = query("name=a&times=1&times=2").await.unwrap();
        assert_eq!(read.times, [1, 2]);
        assert_eq!(query("name=a&once=7").await.unwrap().once, Some(7));
        query("name=a&once=").await.unwrap_err();
        let refused = told(query("name=a&times=x").await.unwrap_err()).await;
        assert_eq!(refused["status"], 400);
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("times"), "{detail}");
    }
}
