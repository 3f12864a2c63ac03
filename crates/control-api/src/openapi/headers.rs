//! Headers that follow from an answer's status.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Object, SchemaType, Type};
use utoipa::openapi::{Header, OpenApi, Ref, RefOr, Response};

use super::{inline, operations};
use crate::request_id;

/// Names, types and meanings.
const HEADERS: [(&str, Type, &str); 4] = [
    (
        request_id::NAME,
        Type::String,
        "the request's id: its own, if it brought one of up to 128 letters, digits and `-_.:/+=`",
    ),
    ("etag", Type::String, "`version` in quotes, for `if-match`"),
    ("retry-after", Type::Integer, "seconds after which tokens are looked at again"),
    ("www-authenticate", Type::String, "the scheme that would help"),
];

/// Adds them to every answer that has them.
pub(super) fn add(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for (name, kind, description) in HEADERS {
        components.headers.insert(name.to_owned(), header(kind, description).into());
    }
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(describe);
    }
}

fn describe(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let Some(response) = inline(response) else { continue };
        let of_status = match status.as_str() {
            "429" => Some("retry-after"),
            "401" => Some("www-authenticate"),
            _ => None,
        };
        let of_body = is_tagged(response).then_some("etag");
        for name in [request_id::NAME].into_iter().chain(of_status).chain(of_body) {
            let header = Ref::new(format!("#/components/headers/{name}"));
            response.headers.insert(name.to_owned(), RefOr::Ref(header));
        }
    }
}

/// Whether the answer tells an event or a camera.
fn is_tagged(response: &Response) -> bool {
    let Some(RefOr::T(content)) = response.content.get("application/json") else { return false };
    let Some(RefOr::Ref(schema)) = &content.schema else { return false };
    let name = schema.ref_location.rsplit('/').next().unwrap_or_default();
    ["Event", "EventWithCameras", "Camera", "CameraWithKey"].contains(&name)
}

fn header(kind: Type, description: &str) -> Header {
    let schema = Object::with_type(SchemaType::Type(kind));
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}
