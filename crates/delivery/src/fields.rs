//! What the header fields of a request say to the origin.

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, IF_RANGE, RANGE, USER_AGENT};

use crate::negotiate::takes_gzip;

/// The fields that an answer depends on, however the request came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fields<'a> {
    /// The client takes gzip.
    pub(crate) gzip: bool,
    /// `Range`. Without a validator to compare, an `If-Range` never holds, and the range is ignored (RFC 9110
    /// §13.1.5).
    pub(crate) range: Option<&'a str>,
    /// `User-Agent`, or nothing.
    pub(crate) agent: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let codings = headers.get_all(ACCEPT_ENCODING).iter();
        let range = headers.get(RANGE).filter(|_| !headers.contains_key(IF_RANGE));
        Self {
            gzip: takes_gzip(codings.filter_map(|value| value.to_str().ok())),
            range: range.and_then(|range| range.to_str().ok()),
            agent: headers.get(USER_AGENT).map_or(&[][..], |agent| agent.as_bytes()),
        }
    }
}
