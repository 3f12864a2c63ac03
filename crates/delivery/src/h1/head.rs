//! Which request heads are answered without hyper, and what they say (RFC 9112 §3, §5).
//!
//! A plain GET or HEAD of one of the origin's paths, without a body and without wishes for the connection. Whatever
//! else there is, malformed heads included, is left to hyper as it came. Pure.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use http::Method;
use httparse::{Header, Status};

use crate::fields::Fields;
use crate::limits::H1_FIELDS_MAX;
use crate::negotiate::takes_gzip;
use crate::path;

/// What the heads that are looked at begin with.
const BEGINNINGS: [&[u8]; 4] = [b"GET /hls", b"GET /p/", b"HEAD /hls", b"HEAD /p/"];

/// What the bytes at hand are.
#[derive(Debug)]
pub(super) enum Reading<'a> {
    /// Perhaps the beginning of a head that is answered here.
    Unfinished,
    /// A head that is answered here.
    Ours(Head<'a>),
    /// Anything else.
    Others,
}

/// A request.
#[derive(Debug)]
pub(super) struct Head<'a> {
    /// GET or HEAD.
    pub(super) method: Method,
    /// The playback token in the path.
    pub(super) token: Option<&'a str>,
    /// What comes after `/hls/`.
    pub(super) path: Cow<'a, str>,
    pub(super) query: Option<&'a str>,
    pub(super) fields: Fields<'a>,
    /// The client wants no other answer on this connection.
    pub(super) last: bool,
    /// Bytes of the head.
    pub(super) length: usize,
}

/// Reads the head at the beginning of `bytes`.
pub(super) fn read(bytes: &[u8]) -> Reading<'_> {
    let fits = |beginning: &&[u8]| bytes.iter().zip(*beginning).all(|(is, should)| is == should);
    if !BEGINNINGS.iter().any(fits) {
        return Reading::Others;
    }
    if bytes.is_empty() {
        return Reading::Unfinished;
    }
    let mut fields = [const { MaybeUninit::uninit() }; H1_FIELDS_MAX];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Partial) => Reading::Unfinished,
        Ok(Status::Complete(length)) => {
            head(&request, length).map_or(Reading::Others, Reading::Ours)
        }
        Err(_) => Reading::Others,
    }
}

fn head<'a>(request: &httparse::Request<'_, 'a>, length: usize) -> Option<Head<'a>> {
    let method = match (request.method?, request.version?) {
        ("GET", 1) => Method::GET,
        ("HEAD", 1) => Method::HEAD,
        _ => return None,
    };
    let target = request.path.filter(|target| target.bytes().all(is_uri_byte))?;
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let (token, path) = path::split(path)?;
    let (fields, last) = fields(request.headers)?;
    Some(Head { method, token, path, query, fields, last, length })
}

/// What the fields say, and whether this is the connection's last request; `None` if they say something that is
/// hyper's business.
fn fields<'a>(all: &[Header<'a>]) -> Option<(Fields<'a>, bool)> {
    let (mut known, mut last, mut if_range) = (Fields::default(), false, false);
    let (mut agent, mut codings) = (None, false);
    for Header { name, value } in all {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("user-agent") {
            agent = agent.or(Some(*value));
        } else if is("accept-encoding") {
            codings = true;
        } else if is("range") {
            known.range = known.range.or(Some(std::str::from_utf8(value).ok()?));
        } else if is("if-range") {
            if_range = true;
        } else if is("connection") {
            last = match value {
                close if close.eq_ignore_ascii_case(b"close") => true,
                stay if stay.eq_ignore_ascii_case(b"keep-alive") => last,
                _ => return None,
            };
        } else if BODIES_AND_PROTOCOLS.iter().any(|other| is(other)) {
            return None;
        }
    }
    known.agent = agent.unwrap_or_default();
    known.range = known.range.filter(|_| !if_range);
    known.gzip = codings && takes_gzip(values(all, "accept-encoding"));
    Some((known, last))
}

/// Fields by which more belongs to a request than its head.
const BODIES_AND_PROTOCOLS: [&str; 4] =
    ["content-length", "transfer-encoding", "expect", "upgrade"];

/// The values of all fields of a name that are text.
fn values<'a>(all: &[Header<'a>], name: &str) -> impl Iterator<Item = &'a str> {
    let named = all.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    named.filter_map(|field| std::str::from_utf8(field.value).ok())
}

/// Whether a byte may stand in a path or a query (RFC 3986 §3.3, §3.4).
const fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b':' | b'@' | b'/' | b'?')
        || matches!(
            byte,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAYLIST: &str =
        "GET /hls/e/program/media.m3u8?_HLS_msn=7&_HLS_part=1 HTTP/1.1\r\nHost: h\r\n";

    /// The head with further fields, read.
    fn with(fields: &str) -> Reading<'static> {
        read(format!("{PLAYLIST}{fields}\r\n").leak().as_bytes())
    }

    fn ours(reading: Reading<'_>) -> Head<'_> {
        match reading {
            Reading::Ours(head) => head,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_reload_is_read() {
        let head = ours(with(
            "User-Agent: p\r\nRange: bytes=0-1\r\nACCEPT-ENCODING: br\r\naccept-encoding: gzip\r\n",
        ));
        assert_eq!(
            (&*head.path, head.query),
            ("e/program/media.m3u8", Some("_HLS_msn=7&_HLS_part=1"))
        );
        let fields = Fields { gzip: true, range: Some("bytes=0-1"), agent: b"p" };
        assert_eq!((head.method, head.token, head.fields), (Method::GET, None, fields));
        assert!(!head.last);
    }

    #[test]
    fn signed_and_compatible_paths_are_ours() {
        let signed = ours(read(b"HEAD /p/to.ken/hls/e/c/s1.m4s HTTP/1.1\r\n\r\n"));
        assert_eq!((signed.token, &*signed.path), (Some("to.ken"), "e/c/s1.m4s"));
        assert_eq!(signed.method, Method::HEAD);
        let compatible = ours(read(b"GET /hls_output/output_e/output.m3u8 HTTP/1.1\r\n\r\n"));
        assert_eq!(&*compatible.path, "e/program/index.m3u8");
    }

    #[test]
    fn a_range_with_a_condition_is_none() {
        assert_eq!(ours(with("Range: bytes=0-1\r\nIf-Range: \"x\"\r\n")).fields.range, None);
    }

    #[test]
    fn the_connection_may_stay_or_close_and_nothing_else() {
        assert!(ours(with("Connection: Close\r\n")).last);
        assert!(!ours(with("connection: keep-alive\r\n")).last);
        assert!(matches!(with("Connection: upgrade, keep-alive\r\n"), Reading::Others));
    }

    #[test]
    fn whatever_has_a_body_or_changes_the_protocol_is_for_hyper() {
        for fields in [
            "Content-Length: 0\r\n",
            "transfer-encoding: chunked\r\n",
            "Expect: 100-continue\r\n",
            "Upgrade: h2c\r\n",
            "folded: a\r\n b\r\n",
            "sp ace: a\r\n",
        ] {
            assert!(matches!(with(fields), Reading::Others), "{fields}");
        }
    }

    #[test]
    fn other_requests_are_for_hyper_from_their_first_bytes_on() {
        for bytes in
            ["PRI * HTTP/2.0", "POST", "GET /api", "GET http", "\r\nGET", "\x16\x03", "OPT"]
        {
            assert!(matches!(read(bytes.as_bytes()), Reading::Others), "{bytes}");
        }
        for head in [
            "GET /hls/e/c/x HTTP/1.0\r\n\r\n",
            "GET /hls HTTP/1.1\r\n\r\n",
            "GET /hlsx/e/c/x HTTP/1.1\r\n\r\n",
            "GET /p/token HTTP/1.1\r\n\r\n",
            "GET /hls/e/c/x#y HTTP/1.1\r\n\r\n",
            "GET /hls/e/c/\u{e4} HTTP/1.1\r\n\r\n",
        ] {
            assert!(matches!(read(head.as_bytes()), Reading::Others), "{head}");
        }
    }

    #[test]
    fn too_many_fields_are_for_hyper() {
        assert!(matches!(with(&"a: b\r\n".repeat(H1_FIELDS_MAX)), Reading::Others));
    }

    proptest! {
        #[test]
        fn every_beginning_of_a_head_is_unfinished(end in 0..PLAYLIST.len()) {
            prop_assert!(matches!(read(&PLAYLIST.as_bytes()[..end]), Reading::Unfinished));
        }

        #[test]
        fn what_follows_a_head_does_not_change_it(rest in prop::collection::vec(any::<u8>(), 0..64)) {
            let alone = format!("{PLAYLIST}\r\n");
            let bytes = [alone.as_bytes(), &rest].concat();
            prop_assert_eq!(ours(read(&bytes)).length, alone.len());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&[b"GET /hls/", &bytes[..]].concat());
        }
    }
}
