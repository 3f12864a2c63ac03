//! Answers of the origin: status, headers and body by the rules of HLS delivery.
//!
//! | answer | `Cache-Control` |
//! |---|---|
//! | init section, segment, part | `max-age=3600, immutable`: a URI never changes its bytes |
//! | playlist asked for as it is | `max-age=1`: less than half a target duration |
//! | playlist that a blocking reload waited for | `max-age` of six target durations (rfc8216bis-22 App. B) |
//! | anything else | `no-store`: a part that is not found now may exist in a moment |
//!
//! What a playback token opened is kept for no longer than the token lasts.
//!
//! Every answer, errors included, may be read by scripts of any origin (Fetch Standard §3.2).

use bytes::Bytes;
use genlock_packager::{ByteChain, Encoding};
use http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW,
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

use crate::body::MediaBody;
use crate::range::{self, Selection};

/// An answer of the origin.
pub(crate) type Reply = Response<MediaBody>;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=3600, immutable");
const PLAYLIST_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.apple.mpegurl");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// For how long a playlist may be kept by caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// The newest state, until the next part.
    Momentary,
    /// What this URL will always be answered with; seconds.
    Fulfilled(u64),
    /// Not even for a moment: the answer is not what was asked for.
    Never,
}

/// A playlist.
pub(crate) fn playlist(text: Bytes, encoding: Encoding, freshness: Freshness) -> Reply {
    let mut reply = base(StatusCode::OK, text.len(), MediaBody::from(text));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, PLAYLIST_TYPE);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if encoding == Encoding::Gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let caching = match freshness {
        Freshness::Momentary => HeaderValue::from_static("public, max-age=1"),
        Freshness::Fulfilled(seconds) => number("public, max-age=", seconds, ""),
        Freshness::Never => NO_STORE,
    };
    headers.insert(CACHE_CONTROL, caching);
    reply
}

/// An init section, a segment or a part, or the byte range of it that a `Range` header asks for.
pub(crate) fn resource(chain: ByteChain, content_type: &'static str, range: Option<&str>) -> Reply {
    let length = chain.len();
    let selection = range.map_or(Selection::Whole, |range| range::select(range, length as u64));
    let mut reply = match selection {
        Selection::Whole => base(StatusCode::OK, length, MediaBody::whole(chain)),
        Selection::Part { first, last } => partial(chain, first, last),
        Selection::Unsatisfiable => return unsatisfiable(length as u64),
    };
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, IMMUTABLE);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    reply
}

/// An answer that is a reason: every error.
pub(crate) fn refusal(status: StatusCode, reason: impl Into<Bytes>) -> Reply {
    let text = reason.into();
    let mut reply = base(status, text.len(), MediaBody::from(text));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, NO_STORE);
    match status {
        StatusCode::METHOD_NOT_ALLOWED => headers.insert(ALLOW, METHODS),
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"))
        }
        _ => None,
    };
    reply
}

/// The answer to OPTIONS, a CORS preflight or not.
pub(crate) fn options() -> Reply {
    let mut reply = Response::new(MediaBody::default());
    *reply.status_mut() = StatusCode::NO_CONTENT;
    let headers = reply.headers_mut();
    share(headers);
    headers.insert(ALLOW, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("range, if-range"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    reply
}

/// The answer to HEAD is the answer to GET without its bytes (RFC 9110 §9.3.2).
pub(crate) fn for_method(method: &Method, reply: Reply) -> Reply {
    if method == Method::HEAD { reply.map(|_| MediaBody::default()) } else { reply }
}

/// Lets no cache keep the answer for longer than `seconds`.
pub(crate) fn shorten(mut reply: Reply, seconds: u64) -> Reply {
    let kept = reply.headers().get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let digits = kept.and_then(|value| value.split_once("max-age=")).map(|(_, rest)| rest);
    let digits = digits.map(|rest| rest.split(',').next().unwrap_or(rest));
    if digits.and_then(|digits| digits.parse().ok()).is_some_and(|age: u64| age > seconds) {
        reply.headers_mut().insert(CACHE_CONTROL, number("public, max-age=", seconds, ""));
    }
    reply
}

fn partial(chain: ByteChain, first: u64, last: u64) -> Reply {
    let total = chain.len();
    let start = usize::try_from(first).unwrap_or(total);
    let length = usize::try_from(last - first + 1).unwrap_or(total);
    let body = MediaBody::run(chain, start, length);
    let mut reply = base(StatusCode::PARTIAL_CONTENT, length, body);
    let span = header_text(&format!("bytes {first}-{last}/{total}"));
    reply.headers_mut().insert(CONTENT_RANGE, span);
    reply
}

fn unsatisfiable(length: u64) -> Reply {
    let mut reply =
        refusal(StatusCode::RANGE_NOT_SATISFIABLE, "the range lies outside of the resource");
    reply.headers_mut().insert(CONTENT_RANGE, number("bytes */", length, ""));
    reply
}

fn base(status: StatusCode, length: usize, body: MediaBody) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.reserve(9);
    share(headers);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    reply
}

/// Viewers play from any site.
fn share(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("age, date, content-length, content-range"),
    );
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn number(before: &str, number: u64, after: &str) -> HeaderValue {
    header_text(&format!("{before}{number}{after}"))
}

fn header_text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("digits and our own words are visible ASCII")
}
