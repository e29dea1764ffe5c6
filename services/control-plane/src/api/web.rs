//! The web UI: files that were built before lictord was, out of its memory.
//!
//! The UI knows its own pages, so any path that is no file and that a browser asks
//! for as a page gets the first one. Nothing may be loaded from anywhere else, and
//! nobody may frame it.

use axum::extract::Request;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

const INDEX: &str = "index.html";
/// Their names change with what they hold.
const HASHED: &str = "assets/";
const FOREVER: &str = "public, max-age=31536000, immutable";
const POLICY: &str = "default-src 'self'; style-src 'self'; img-src 'self' data:; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// What other parts of lictord answer is never a page of the UI.
const NOT_PAGES: [&str; 6] = ["v1", "docs", "openapi.json", "healthz", "readyz", "metrics"];
const ABSENT: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><title>lictord</title>
<h1>This lictord has no web UI</h1>
<p>It was built without Node. Run <code>npm ci && npm run build</code> in <code>web</code>, then build
lictord again.</p>
<p>It serves gRPC <code>lictor.v1</code> on this port, and <code>/healthz</code>, <code>/readyz</code>
and <code>/metrics</code>.</p>
</html>
";

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web"]
struct Built;

/// The file or page that is asked for; none when it is neither.
pub(super) fn answer(request: &Request) -> Option<Response> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let path = request.uri().path().trim_start_matches('/');
    let found = match Built::get(path) {
        Some(file) => serve(path, &file, request.headers()),
        None if is_page(path, request.headers()) => index(request.headers()),
        None => return None,
    };
    Some(guarded(found))
}

/// A browser that goes somewhere asks for HTML; the first page is one for anybody.
fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let asks = accept.is_some_and(|accept| accept.contains("text/html"));
    path.is_empty() || asks && !NOT_PAGES.contains(&first) && !path.starts_with(HASHED)
}

fn index(headers: &HeaderMap) -> Response {
    match Built::get(INDEX) {
        Some(file) => serve(INDEX, &file, headers),
        None => ([(CONTENT_TYPE, "text/html; charset=utf-8")], ABSENT).into_response(),
    }
}

fn serve(path: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = tag(file);
    let cache = if path.starts_with(HASHED) {
        FOREVER
    } else {
        "no-cache"
    };
    let fixed = [(ETAG, tag.clone()), (CACHE_CONTROL, cache.to_owned())];
    if is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    let kind = file.metadata.mimetype();
    let kind = if kind.starts_with("text/") {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_owned()
    };
    (fixed, [(CONTENT_TYPE, kind)], file.data.to_vec()).into_response()
}

/// Weak, because the same file travels compressed as well.
fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let half = hash
        .first_chunk()
        .map_or(0, |half| u128::from_be_bytes(*half));
    format!("W/\"{half:032x}\"")
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH);
    let known = known.and_then(|known| known.to_str().ok());
    known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag))
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn asked(method: &str, path: &str, accept: &str) -> Option<Response> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(ACCEPT, accept).body(Body::empty());
        answer(&request.unwrap())
    }

    #[test]
    fn a_page_is_what_a_browser_goes_to_and_nothing_else() {
        for path in ["/", "/clusters/orders", "/recoveries"] {
            let page = asked("GET", path, "text/html,*/*").unwrap();
            assert_eq!(page.status(), StatusCode::OK, "{path}");
            assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        }
        for path in ["/v1/nothing", "/docs", "/healthz/x", "/assets/gone.js"] {
            assert!(asked("GET", path, "text/html").is_none(), "{path}");
        }
        assert!(asked("GET", "/clusters", "application/json").is_none());
        assert!(asked("POST", "/clusters", "text/html").is_none());
    }

    #[test]
    fn every_page_may_load_from_here_alone() {
        let page = asked("GET", "/", "text/html").unwrap();
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn what_the_caller_has_already_is_not_sent_again() {
        let file = EmbeddedFile {
            data: b"let it = 1;".as_slice().into(),
            metadata: rust_embed::Metadata::__rust_embed_new(
                [7; 32],
                None,
                None,
                "text/javascript",
            ),
        };
        let fresh = serve("assets/it-1.js", &file, &HeaderMap::new());
        assert_eq!(fresh.headers()[CACHE_CONTROL], FOREVER);
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, fresh.headers()[ETAG].clone());
        let again = serve("assets/it-1.js", &file, &headers);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let page = serve("favicon.svg", &file, &HeaderMap::new());
        assert_eq!(page.headers()[CACHE_CONTROL], "no-cache");
    }
}
