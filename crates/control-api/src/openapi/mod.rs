//! `/api/openapi.json`: the description of the API (OpenAPI 3.1), generated from the code.
//!
//! What every call can answer (no token, no such event, a bad body, …), its headers and its examples follow from its
//! shape and are added here to all of them, so that no call forgets any.
//!
//! | module | adds |
//! |---|---|
//! | [`problems`] | answers that are problems, with their codes |
//! | [`headers`] | headers that all answers have |
//! | [`examples`] | examples of bodies, made of those of their fields |
//! | [`links`] | where calls that make something lead |

mod examples;
mod headers;
mod links;
mod problems;

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr, Required, SecurityRequirement};
use utoipa::{OpenApi as _, PartialSchema as _, ToSchema};

use crate::problem::{ProblemCode, ProblemDetails};
use crate::service;
use crate::state::Shared;
use crate::updates::Message;
use crate::updates::tally::Tally;

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
        (name = "recordings", description = "what was recorded, to watch, download and remove"),
        (name = "playback", description = "who may watch: signed paths and their keys"),
        (name = "tokens", description = "what owners hand to others: a guest operator, a tally page"),
        (name = "compatible", description = "the same under the paths of the NGINX-RTMP plan"),
        (name = "hooks", description = "deliveries to other systems"),
        (name = "system", description = "for whoever runs the server")
    )
)]
struct Base;

/// What every id looks like.
const ID_PATTERN: &str = "^[A-Za-z0-9_-]{1,64}$";

/// Name for people: 1 to 200 characters, something to see among them, and no control characters.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 200,
    pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$",
    example = "Altar"
)]
#[expect(dead_code, reason = "stands for names in the description only")]
pub(crate) struct Name(String);

/// An id: letters, digits, `_` and `-`.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "k5x2mhd7qpa3vtye")]
#[expect(dead_code, reason = "stands for ids in the description only")]
pub(crate) struct Id(String);

/// An id in a path.
pub(crate) fn path_id(name: &str, description: &str, example: &str) -> Parameter {
    path_text(name, description, ID_PATTERN, example)
}

/// What stands in a path and is more than an id.
pub(crate) fn path_text(name: &str, description: &str, pattern: &str, example: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(text))
        .example(Some(example.into()))
        .build()
}

/// A header that a call may have.
pub(crate) fn header(
    name: &str,
    description: &str,
    pattern: Option<&str>,
    example: &str,
) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(pattern).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .example(Some(example.into()))
        .build()
}

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

/// Adds the security scheme, and what follows from the shape of each call.
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
        (Tally::name(), Tally::schema()),
    ] {
        components.schemas.insert(name.into_owned(), schema);
    }
    let mut of_messages = Vec::new();
    Message::schemas(&mut of_messages);
    Tally::schemas(&mut of_messages);
    components.schemas.extend(of_messages);
    for (path, item) in &mut document.paths.paths {
        if asks_for_token(path) {
            let requirement = SecurityRequirement::new(TOKEN, [] as [&str; 0]);
            operations(item)
                .for_each(|operation| operation.security = Some(vec![requirement.clone()]));
        }
    }
    problems::add(&mut document);
    headers::add(&mut document);
    examples::add(&mut document);
    links::add(&mut document);
    document
}

/// Whether the calls at `path` need a token.
fn asks_for_token(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/ws/")
}

/// What stands here, `None` if it stands elsewhere.
fn inline<T>(here: &mut RefOr<T>) -> Option<&mut T> {
    match here {
        RefOr::T(here) => Some(here),
        RefOr::Ref(_) => None,
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    [get, post, put, patch, delete].into_iter().flatten()
}
