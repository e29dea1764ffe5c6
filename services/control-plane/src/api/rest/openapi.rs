//! The `OpenAPI` document, and the pages to browse it, out of lictord's memory.

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi as Document, RefOr, Required};
use utoipa_swagger_ui::{Config, SwaggerUi};

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
    components(schemas(
        lictor_view::ApiProblem,
        lictor_view::RoutingChanged,
        lictor_view::SubscriberCounts,
        lictor_view::WatchHello,
    ))
)]
struct Frame;

/// What every mutation takes beside its body.
const HEADERS: [(&str, &str, usize, &str); 2] = [
    (
        super::once::KEY,
        "Happen once: asked again under the same key, the same is answered. Kept for a day.",
        super::once::KEY_MAX,
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
    for item in document.paths.paths.values_mut() {
        let mutations = [
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in mutations.into_iter().flatten() {
            let taken = operation.parameters.get_or_insert_default();
            taken.extend(HEADERS.map(header));
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
