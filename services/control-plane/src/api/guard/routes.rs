//! Which request asks for what.

use http::Method;
use matchit::Router;
use utoipa::openapi::{OpenApi, path::Operation};

use super::super::rest;
use crate::access::Need;

/// Where the methods of gRPC are.
const PACKAGE: &str = "/lictor.v1.";
/// Routes of no method: who they are is asked for, is told, or is forgotten there.
const REST_ALONE: [(&str, &str, Need); 3] = [
    ("POST", "/v1/session", Need::Open),
    ("DELETE", "/v1/session", Need::Open),
    ("GET", "/v1/config/schema", Need::Token),
];
/// What lasts as long as its caller wants.
const STREAMS: [&str; 3] = [
    "/lictor.v1.RoutingService/Subscribe",
    "/lictor.v1.EventService/Watch",
    "/v1/events",
];

/// What was found about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It asks for this.
    Need(Need),
    /// The path is there, for other methods.
    OtherMethods,
    /// There is no such path.
    Nothing,
}

/// Every route of REST, and what it asks for.
pub(super) struct Routes(Router<Vec<(Method, Need)>>);

/// Whether a request lasts, and is counted as long as it does.
pub(super) fn is_stream(path: &str) -> bool {
    STREAMS.contains(&path)
}

impl Routes {
    /// The routes of that document. One whose need nobody knows is none.
    pub(super) fn of(document: &OpenApi) -> Self {
        let mut router = Router::new();
        for (path, item) in &document.paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            let known = operations.into_iter().filter_map(|(method, operation)| {
                let need = need(&method, path, operation.as_ref()?)?;
                Some((method, need))
            });
            if let Err(error) = router.insert(path.clone(), known.collect()) {
                tracing::error!(%error, path, "a route is reached by nobody");
            }
        }
        Self(router)
    }

    /// What the request asks for.
    pub(super) fn find(&self, method: &Method, path: &str) -> Found {
        if let Some(method) = path.strip_prefix(PACKAGE) {
            return Need::of(method).map_or(Found::Nothing, Found::Need);
        }
        if path != rest::ROOT && !path.starts_with("/v1/") {
            return Found::Need(Need::Open);
        }
        let Ok(found) = self.0.at(path) else {
            return Found::Nothing;
        };
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let mut known = found.value.iter();
        known
            .find(|(known, _)| known == method)
            .map_or(Found::OtherMethods, |(_, need)| Found::Need(*need))
    }
}

/// What an operation asks for: what its method of gRPC does.
fn need(method: &Method, path: &str, operation: &Operation) -> Option<Need> {
    let extensions = operation.extensions.as_ref();
    let of_grpc = extensions.and_then(|all| all.get("x-grpc-method"));
    if let Some(of_grpc) = of_grpc.and_then(|name| name.as_str()) {
        return Need::of(of_grpc);
    }
    let mut alone = REST_ALONE.into_iter();
    let known = alone.find(|(its, at, _)| *its == method.as_str() && *at == path);
    known.map(|(_, _, need)| need)
}
