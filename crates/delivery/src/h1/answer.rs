//! The head of an answer as bytes (RFC 9112 §4).

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use http::HeaderValue;

use crate::answer::unix_seconds;
use crate::reply::Reply;

/// Bytes of a usual head.
const USUAL_BYTES: usize = 512;

/// What the connection adds to an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Additions<'a> {
    /// `Strict-Transport-Security`.
    pub(super) hsts: Option<&'a HeaderValue>,
    /// The connection is closed behind it.
    pub(super) last: bool,
}

/// Status line and header fields, with the date (RFC 9110 §6.6.1), to the empty line; behind it there is `room` for what
/// follows.
pub(super) fn head(reply: &Reply, additions: Additions<'_>, room: usize) -> Vec<u8> {
    let mut head = Vec::with_capacity(USUAL_BYTES + room);
    let status = reply.status();
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(status.as_str().as_bytes());
    head.push(b' ');
    head.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    head.extend_from_slice(b"\r\n");
    reply.each_field(|name, value| push(&mut head, name.as_str(), value.as_bytes()));
    if let Some(hsts) = additions.hsts {
        push(&mut head, "strict-transport-security", hsts.as_bytes());
    }
    if additions.last {
        push(&mut head, "connection", b"close");
    }
    push_date(&mut head, unix_seconds());
    head.extend_from_slice(b"\r\n");
    head
}

fn push(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

/// A second and how it is written.
type Written = (u64, String);

thread_local! {
    /// Written once a second on each thread.
    static DATE: RefCell<Written> = const { RefCell::new((u64::MAX, String::new())) };
}

fn push_date(head: &mut Vec<u8>, now: u64) {
    DATE.with_borrow_mut(|(second, text)| {
        if *second != now {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
            (*second, *text) = (now, httpdate::fmt_http_date(time));
        }
        push(head, "date", text.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply;
    use http::StatusCode;

    #[test]
    fn a_head_says_what_the_reply_says_and_what_the_connection_adds() {
        let reply = reply::refusal(StatusCode::SERVICE_UNAVAILABLE, "later");
        let hsts = HeaderValue::from_static("max-age=1");
        let head = head(&reply, Additions { hsts: Some(&hsts), last: true }, 0);
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{head}");
        assert!(head.ends_with(" GMT\r\n\r\n"), "{head}");
        for line in [
            "content-length: 5",
            "retry-after: 1",
            "strict-transport-security: max-age=1",
            "connection: close",
        ] {
            assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
        }
    }

    #[test]
    fn the_date_follows_the_clock() {
        let written = |now| {
            let mut head = Vec::new();
            push_date(&mut head, now);
            String::from_utf8(head).unwrap()
        };
        assert_eq!(written(784_111_777), "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
        assert_eq!(written(784_111_778), "date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
    }
}
