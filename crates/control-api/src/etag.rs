//! Entity tags: whether what a client knows is what is there (RFC 9110 §8.8.3, §13.1).
//!
//! The tag of an event or a camera is that of its kept part: what a client may change. Who is on air, viewers and
//! health change by themselves, and a change of a name must not fail for them. That is enough for `if-match`, which
//! keeps one client from overwriting what another has just changed, and too little for `if-none-match`,
//! which these calls therefore do not know.

use std::convert::Infallible;
use std::fmt;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use genlock_store::{Camera, CameraId, Event, EventId, Store};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::openapi;
use crate::problem::{Problem, ProblemCode};

/// Bytes of a version: two that meet by chance need 2^40 changes.
const VERSION_BYTES: usize = 10;

/// In the description of the API.
const EXAMPLE: &str = "\"1f3a5c7e9b0d2f4a6c8e\"";

/// What tells a state from others of the same thing: letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Version(String);

impl Version {
    /// Of an event's name, life, policy, lock and playback.
    pub(crate) fn of_event(event: &Event) -> Self {
        // Takes change these two, clients do not.
        Self::of(&Event { intent: None, on_air: None, ..event.clone() })
    }

    /// Of a camera's name, place, offset and key.
    pub(crate) fn of_camera(camera: &Camera) -> Self {
        Self::of(camera)
    }

    fn of(kept: &impl Serialize) -> Self {
        let text = serde_json::to_vec(kept).expect("documents of the store are plain data");
        let digest = Sha256::digest(text);
        Self(digest.iter().take(VERSION_BYTES).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The header `etag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Etag(String);

impl Etag {
    /// The tag with this text: printable, without quotes.
    pub(crate) fn new(text: impl fmt::Display) -> Self {
        Self(format!("\"{text}\""))
    }
}

impl IntoResponseParts for Etag {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        if let Ok(value) = HeaderValue::try_from(self.0) {
            response.headers_mut().insert(header::ETAG, value);
        }
        Ok(response)
    }
}

/// What is told with its version.
pub(crate) trait Versioned: Serialize {
    /// The version that is told.
    fn version(&self) -> &Version;
}

/// A JSON body with the `etag` of what it tells.
#[derive(Debug)]
pub(crate) struct Tagged<T>(pub(crate) T);

impl<T: Versioned> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Self(told) = self;
        (Etag::new(told.version()), Json(told)).into_response()
    }
}

/// The header `if-match`: the call is for one of these states only.
#[derive(Debug, Clone)]
pub(crate) struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// A call that is for any state.
    pub(crate) const fn any() -> Self {
        Self(None)
    }

    /// The same of a camera as it is kept.
    pub(crate) async fn check_camera(
        &self,
        store: &dyn Store,
        event: &EventId,
        id: &CameraId,
    ) -> Result<(), Problem> {
        if self.0.is_none() {
            return Ok(());
        }
        let camera = store.camera(event, id).await?.ok_or_else(Problem::camera_not_found)?;
        self.check(&Version::of_camera(&camera))
    }

    /// Refuses the call if it is for another state than `now`. By strong comparison (RFC 9110 §13.1.1).
    pub(crate) fn check(&self, now: &Version) -> Result<(), Problem> {
        let now = Etag::new(now);
        let meant = |tag: &String| tag == "*" || *tag == now.0;
        if self.0.as_ref().is_none_or(|tags| tags.iter().any(meant)) {
            return Ok(());
        }
        let detail = format!("it has changed; its `etag` is {} now", now.0);
        Err(Problem::new(ProblemCode::PreconditionFailed, detail))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(tags(&parts.headers, header::IF_MATCH)))
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "the `etag` of the state that the call is for; of any state without it";
        vec![openapi::header(header::IF_MATCH.as_str(), description, None, EXAMPLE)]
    }
}

impl IntoParams for IfNoneMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "the `etag` that the client has";
        vec![openapi::header(header::IF_NONE_MATCH.as_str(), description, None, EXAMPLE)]
    }
}

/// The header `if-none-match`: these states are known.
#[derive(Debug, Clone)]
pub(crate) struct IfNoneMatch(Option<Vec<String>>);

impl IfNoneMatch {
    /// Whether the client knows this state. By weak comparison (RFC 9110 §13.1.2).
    pub(crate) fn knows(&self, now: &Etag) -> bool {
        let meant = |tag: &String| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == now.0;
        self.0.iter().flatten().any(meant)
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(tags(&parts.headers, header::IF_NONE_MATCH)))
    }
}

/// The tags of a header, `None` without it. Tags of others may hold commas; ours do not, so one in pieces is still
/// none of ours.
fn tags(headers: &HeaderMap, name: HeaderName) -> Option<Vec<String>> {
    headers.contains_key(&name).then(|| {
        let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().to_owned()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: HeaderName, lines: &[&str]) -> Option<Vec<String>> {
        let headers = lines.iter().map(|line| (name.clone(), line.parse().unwrap()));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, line)| {
            map.append(name, line);
        });
        tags(&map, name)
    }

    fn matches(lines: &[&str]) -> bool {
        let now = Version("ab12".to_owned());
        IfMatch(given(header::IF_MATCH, lines)).check(&now).is_ok()
    }

    #[test]
    fn a_call_is_for_the_states_that_it_names() {
        assert!(matches(&[]));
        assert!(matches(&["\"ab12\""]));
        assert!(matches(&["\"x\", \"ab12\""]));
        assert!(matches(&["\"x\"", "\"ab12\""]));
        assert!(matches(&["*"]));
        assert!(!matches(&["\"x\""]));
        assert!(!matches(&["ab12"]));
        assert!(!matches(&[""]));
        assert!(!matches(&["W/\"ab12\""]), "a weak tag is equal to nothing");
    }

    #[test]
    fn a_known_state_is_known_by_a_weak_tag_too() {
        let knows = |lines: &[&str]| {
            IfNoneMatch(given(header::IF_NONE_MATCH, lines)).knows(&Etag::new("ab12"))
        };
        assert!(knows(&["\"ab12\""]));
        assert!(knows(&["W/\"ab12\", \"x\""]));
        assert!(knows(&["*"]));
        assert!(!knows(&["\"x\""]));
        assert!(!knows(&[]));
    }
}
