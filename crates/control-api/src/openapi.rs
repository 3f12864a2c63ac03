//! `/api/openapi.json`: the description of the API (OpenAPI 3.1), generated from the code.
//!
//! What every call can answer (no token, no such event, a bad body, …) follows from its shape and is
//! added here to all of them, so that no call forgets it.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, SecurityRequirement,
};
use utoipa::{OpenApi as _, PartialSchema as _, ToSchema as _};

use crate::problem::{MEDIA_TYPE, ProblemCode, ProblemDetails};
use crate::service;
use crate::state::Shared;
use crate::updates::Message;

/// Name of the security scheme.
const TOKEN: &str = "token";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Genlock",
        description = "Control plane of a multi-camera live server.\n\nErrors are problem details \
            (RFC 9457) with a stable `code`; times are RFC 3339 in UTC.",
        license(name = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "events", description = "what a creator makes and viewers watch"),
        (name = "cameras", description = "the publishers of an event"),
        (name = "takes", description = "putting cameras on air"),
        (name = "live", description = "following an event"),
        (name = "playback", description = "who may watch: signed paths and their keys"),
        (name = "tokens", description = "what owners hand to others: a guest operator, a tally page"),
        (name = "compatible", description = "the same under the paths of the NGINX-RTMP plan"),
        (name = "hooks", description = "deliveries to other systems"),
        (name = "system", description = "for whoever runs the server")
    )
)]
struct Base;

/// The document before any path is in it.
pub(crate) fn base() -> OpenApi {
    Base::openapi()
}

/// The description of the API.
#[must_use]
pub fn document() -> OpenApi {
    let (_, described) = service::restricted().merge(service::public()).split_for_parts();
    complete(described)
}

/// The route that serves the description.
pub(crate) fn route(described: OpenApi) -> Router<Arc<Shared>> {
    let text = complete(described).to_pretty_json().expect("the document is plain data");
    let text = Bytes::from(text);
    let answer = move || {
        let text = text.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], text).into_response() }
    };
    Router::new().route("/api/openapi.json", get(answer))
}

/// Adds the security scheme and the problems that follow from each call's shape.
fn complete(mut document: OpenApi) -> OpenApi {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("the administrator's token, a creator's JWT, or an access token"))
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    for (name, schema) in [
        (ProblemDetails::name(), ProblemDetails::schema()),
        (ProblemCode::name(), ProblemCode::schema()),
        (Message::name(), Message::schema()),
    ] {
        components.schemas.insert(name.into_owned(), schema);
    }
    let mut of_messages = Vec::new();
    Message::schemas(&mut of_messages);
    components.schemas.extend(of_messages);
    for (path, item) in &mut document.paths.paths {
        if path.starts_with("/api/") || path.starts_with("/ws/") {
            operations(item).for_each(|operation| describe(path, operation));
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    [get, post, put, patch, delete].into_iter().flatten()
}

fn describe(path: &str, operation: &mut Operation) {
    let requirement = SecurityRequirement::new(TOKEN, [] as [&str; 0]);
    operation.security = Some(vec![requirement]);
    add(operation, "401", "no token, or one that is not valid");
    add(operation, "403", "the token is valid but does not allow this");
    add(operation, "429", "too many wrong tokens came from this address");
    add(operation, "500", "the server has a fault; its log tells more");
    add(operation, "503", "the store does not answer, or the server is stopping");
    if path.contains('{') {
        add(operation, "404", "there is no such event or camera");
        add(operation, "400", "an id, a field or a parameter is not legal");
    }
    if operation.request_body.is_some() {
        add(operation, "400", "the body is not JSON, or a field is not legal");
        add(operation, "408", "the body did not arrive in time");
        add(operation, "413", "the body is too large");
        add(operation, "415", "the body is not declared as JSON");
    }
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response) {
            let problem = Ref::from_schema_name(ProblemDetails::name());
            let content = ContentBuilder::new().schema(Some(problem)).build();
            response.content.entry(MEDIA_TYPE.to_owned()).or_insert(content.into());
        }
    }
}

/// Adds an answer, unless the call says more about it itself.
fn add(operation: &mut Operation, status: &str, description: &str) {
    let response: Response = ResponseBuilder::new().description(description).build();
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.into());
}
