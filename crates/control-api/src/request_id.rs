//! Request ids: each request has one, and so have its answer, its log lines and its problems.
//!
//! A client or a proxy may bring its own in `x-request-id`, so that one id leads through all of their logs. What could
//! not stand in a log line is replaced.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use genlock_store::EventId;

use crate::limits::REQUEST_ID_BYTES_MAX;
use crate::problem;

/// Name of the header that carries it, both ways.
pub(crate) const NAME: &str = "x-request-id";

const HEADER: HeaderName = HeaderName::from_static(NAME);

/// Gives the request an id, and its answer the same.
pub(crate) async fn identify(mut request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(random);
    request.headers_mut().insert(HEADER, id.clone());
    let mut response = problem::complete(next.run(request).await, text(&id));
    response.headers_mut().insert(HEADER, id);
    response
}

/// The id of a request that has passed [`identify`].
pub(crate) fn of(headers: &HeaderMap) -> &str {
    headers.get(HEADER).map_or("", text)
}

fn given(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(HEADER)?;
    let is_legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    let is_id =
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(is_legal);
    is_id.then(|| id.clone())
}

/// Made like every id here. Without randomness, which the system has always given before, requests have no id of
/// their own.
fn random() -> HeaderValue {
    let id = EventId::random().ok().and_then(|id| id.as_str().parse().ok());
    id.unwrap_or(HeaderValue::from_static("unknown"))
}

fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, believed: bool) {
        let headers = HeaderMap::from_iter([(HEADER, id.parse().unwrap())]);
        assert_eq!(given(&headers).is_some_and(|given| given == id), believed, "{id:?}");
    }

    #[test]
    fn ids_that_can_stand_in_a_log_line_are_believed() {
        check("8e03978e-40d5-43dd-bc93-6894a57f9324", true);
        check("Root=1-67891233-abcdef012345678912345678", true);
        check(&"x".repeat(REQUEST_ID_BYTES_MAX), true);
        check("", false);
        check(&"x".repeat(REQUEST_ID_BYTES_MAX + 1), false);
        check("a b", false);
        check("a\tlevel=error", false);
        check("\u{e4}", false);
        assert_eq!(given(&HeaderMap::new()), None);
        assert_ne!(random(), random());
    }
}
