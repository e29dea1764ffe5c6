//! The `OpenAPI` document, and the pages to browse it, out of lictord's memory.

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi as Document, RefOr, Required};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::once::{KEY, KEY_MAX, NEVER_KEPT};

const SESSION: &str = "/v1/session";
/// Where the document is.
const DOCUMENT: &str = "/openapi.json";
/// The pages' own script adds styles to the page, and pictures as data.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lictor",
        description = "The control plane of MySQL clusters. Errors are RFC 9457 problems \
            with a stable `code`; times are RFC 3339 in UTC; a duration's unit ends its name.",
    ),
    modifiers(&Shown),
    components(schemas(
        lictor_view::ApiProblem,
        lictor_view::RoutingChanged,
        lictor_view::SubscriberCounts,
        lictor_view::WatchHello,
    ))
)]
struct Frame;

/// How a caller shows who it is.
struct Shown;

impl Modify for Shown {
    fn modify(&self, document: &mut Document) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("lictor_...");
        let session = ApiKey::Cookie(ApiKeyValue::new("lictor_session"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
        components.add_security_scheme("session", SecurityScheme::ApiKey(session));
        let either = ["token", "session"];
        let either = either.map(|name| SecurityRequirement::new(name, [""; 0]));
        document.security = Some(either.into());
    }
}

/// What every mutation takes beside its body.
const HEADERS: [(&str, &str, usize, &str); 2] = [
    (
        KEY,
        "Happen once: asked again under the same key, the same is answered. Kept for a day.",
        KEY_MAX,
        "^[!-~]+$",
    ),
    (
        super::super::grpc::ACTOR,
        "Who asks, for the audit log; the caller's address when it is not said.",
        super::super::grpc::ACTOR_MAX,
        "^[!-~]([ -~]*[!-~])?$",
    ),
];

/// The document before any route is in it.
pub(super) fn frame() -> Document {
    let mut document = Frame::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document
}

/// The document, whole.
pub(in crate::api) fn document() -> Document {
    super::parts().1
}

/// Says of each mutation which headers it takes.
pub(super) fn with_headers(mut document: Document) -> Document {
    for (path, item) in &mut document.paths.paths {
        let never_kept = NEVER_KEPT.contains(&path.as_str());
        // Nobody is known there yet.
        if path == SESSION {
            continue;
        }
        let mutations = [
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in mutations.into_iter().flatten() {
            let taken = operation.parameters.get_or_insert_default();
            let headers = HEADERS.into_iter();
            taken.extend(
                headers
                    .filter(|(name, ..)| !never_kept || *name != KEY)
                    .map(header),
            );
        }
    }
    document
}

fn header((name, description, most, pattern): (&str, &str, usize, &str)) -> RefOr<Parameter> {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(most))
        .pattern(Some(pattern));
    let header = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text));
    RefOr::T(header.build())
}

/// The document and its pages.
pub(super) fn pages(document: Document) -> Router {
    let config = Config::from(DOCUMENT).validator_url("none");
    let docs: Router = SwaggerUi::new("/docs").config(config).into();
    let header = |name: HeaderName, value| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    let docs = docs
        .layer(header(CONTENT_SECURITY_POLICY, POLICY))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"));
    let document = move || async move { Json(document).into_response() as Response };
    docs.route(DOCUMENT, get(document))
        .layer(CompressionLayer::new())
}
