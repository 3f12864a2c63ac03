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
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};

use crate::body::MediaBody;
use crate::range::{self, Selection};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Most fields that an answer has.
const FIELDS_MAX: usize = 12;

/// An answer of the origin. What its head says is written down when it leaves, in a map for hyper or as bytes.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    caching: Caching,
    kind: Kind,
    /// Bytes of the body, or of the body that GET would have been answered with.
    length: usize,
    body: MediaBody,
}

/// What is answered.
#[derive(Debug)]
enum Kind {
    Playlist(Encoding),
    Resource {
        content_type: &'static str,
        run: Option<Run>,
    },
    /// A reason.
    Refusal,
    /// A reason, and the bytes that there are.
    Unsatisfiable {
        total: usize,
    },
    Options,
}

/// First and last byte of a range, both inclusive, of how many.
#[derive(Debug)]
struct Run {
    first: u64,
    last: u64,
    total: usize,
}

/// Who may keep an answer, for how long.
#[derive(Debug, Clone, Copy)]
enum Caching {
    /// Everybody, for so many seconds.
    Seconds(u64),
    /// Everybody, for ever: for an hour, without looking whether it has changed.
    Immutable,
    /// Nobody.
    Never,
}

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

/// What [`Caching::Immutable`] comes to in seconds.
const IMMUTABLE_SECONDS: u64 = 3600;

/// A playlist.
pub(crate) fn playlist(text: Bytes, encoding: Encoding, freshness: Freshness) -> Reply {
    let caching = match freshness {
        Freshness::Momentary => Caching::Seconds(1),
        Freshness::Fulfilled(seconds) => Caching::Seconds(seconds),
        Freshness::Never => Caching::Never,
    };
    Reply::new(StatusCode::OK, caching, Kind::Playlist(encoding), text.into())
}

/// An init section, a segment or a part, or the byte range of it that a `Range` header asks for.
pub(crate) fn resource(chain: ByteChain, content_type: &'static str, range: Option<&str>) -> Reply {
    let total = chain.len();
    let selection = range.map_or(Selection::Whole, |range| range::select(range, total as u64));
    let (status, run, body) = match selection {
        Selection::Whole => (StatusCode::OK, None, MediaBody::whole(chain)),
        Selection::Part { first, last } => {
            let start = usize::try_from(first).unwrap_or(total);
            let length = usize::try_from(last - first + 1).unwrap_or(total);
            let run = Run { first, last, total };
            (StatusCode::PARTIAL_CONTENT, Some(run), MediaBody::run(chain, start, length))
        }
        Selection::Unsatisfiable => return unsatisfiable(total),
    };
    Reply::new(status, Caching::Immutable, Kind::Resource { content_type, run }, body)
}

/// An answer that is a reason: every error.
pub(crate) fn refusal(status: StatusCode, reason: impl Into<Bytes>) -> Reply {
    Reply::new(status, Caching::Never, Kind::Refusal, reason.into().into())
}

fn unsatisfiable(total: usize) -> Reply {
    let reason = Bytes::from_static(b"the range lies outside of the resource");
    let kind = Kind::Unsatisfiable { total };
    Reply::new(StatusCode::RANGE_NOT_SATISFIABLE, Caching::Never, kind, reason.into())
}

/// The answer to OPTIONS, a CORS preflight or not.
pub(crate) fn options() -> Reply {
    Reply::new(StatusCode::NO_CONTENT, Caching::Never, Kind::Options, MediaBody::default())
}

impl Reply {
    fn new(status: StatusCode, caching: Caching, kind: Kind, body: MediaBody) -> Self {
        Self { status, caching, kind, length: body.length(), body }
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer to HEAD is the answer to GET without its bytes (RFC 9110 §9.3.2).
    pub(crate) fn for_method(self, method: &Method) -> Self {
        let body = if method == Method::HEAD { MediaBody::default() } else { self.body };
        Self { body, ..self }
    }

    /// Lets no cache keep the answer for longer than `seconds`.
    pub(crate) fn shorten(self, seconds: u64) -> Self {
        let caching = match self.caching {
            Caching::Seconds(longer) if longer > seconds => Caching::Seconds(seconds),
            Caching::Immutable if IMMUTABLE_SECONDS > seconds => Caching::Seconds(seconds),
            shorter => shorter,
        };
        Self { caching, ..self }
    }

    pub(crate) const fn body(&self) -> &MediaBody {
        &self.body
    }

    pub(crate) fn into_body(self) -> MediaBody {
        self.body
    }

    /// The answer for hyper.
    pub(crate) fn into_response(self) -> Response<MediaBody> {
        let mut response = Response::new(MediaBody::default());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.reserve(FIELDS_MAX);
        self.each_field(|name, value| {
            headers.insert(name, value);
        });
        response.map(|_| self.body)
    }

    /// What the head says besides the status.
    pub(crate) fn each_field(&self, mut say: impl FnMut(HeaderName, HeaderValue)) {
        let text = HeaderValue::from_static;
        // Viewers play from any site.
        say(ACCESS_CONTROL_ALLOW_ORIGIN, text("*"));
        say(ACCESS_CONTROL_EXPOSE_HEADERS, text("age, date, content-length, content-range"));
        say(CROSS_ORIGIN_RESOURCE_POLICY, text("cross-origin"));
        say(X_CONTENT_TYPE_OPTIONS, text("nosniff"));
        if let Kind::Options = self.kind {
            say(ALLOW, METHODS);
            say(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            say(ACCESS_CONTROL_ALLOW_HEADERS, text("range, if-range"));
            return say(ACCESS_CONTROL_MAX_AGE, text("86400"));
        }
        say(CONTENT_LENGTH, HeaderValue::from(self.length));
        say(CACHE_CONTROL, self.caching.value());
        match &self.kind {
            Kind::Playlist(encoding) => {
                say(CONTENT_TYPE, text("application/vnd.apple.mpegurl"));
                say(VARY, text("accept-encoding"));
                if *encoding == Encoding::Gzip {
                    say(CONTENT_ENCODING, text("gzip"));
                }
            }
            Kind::Resource { content_type, run } => {
                say(CONTENT_TYPE, text(content_type));
                say(ACCEPT_RANGES, text("bytes"));
                if let Some(Run { first, last, total }) = run {
                    say(CONTENT_RANGE, header_text(&format!("bytes {first}-{last}/{total}")));
                }
            }
            Kind::Refusal | Kind::Unsatisfiable { .. } | Kind::Options => {
                say(CONTENT_TYPE, text("text/plain; charset=utf-8"));
                if let Kind::Unsatisfiable { total } = self.kind {
                    say(CONTENT_RANGE, header_text(&format!("bytes */{total}")));
                }
            }
        }
        match self.status {
            StatusCode::METHOD_NOT_ALLOWED => say(ALLOW, METHODS),
            StatusCode::SERVICE_UNAVAILABLE => say(RETRY_AFTER, text("1")),
            _ => {}
        }
    }
}

impl Caching {
    fn value(self) -> HeaderValue {
        match self {
            Self::Seconds(1) => HeaderValue::from_static("public, max-age=1"),
            Self::Seconds(seconds) => header_text(&format!("public, max-age={seconds}")),
            Self::Immutable => HeaderValue::from_static("public, max-age=3600, immutable"),
            Self::Never => HeaderValue::from_static("no-store"),
        }
    }
}

fn header_text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("digits and our own words are visible ASCII")
}
