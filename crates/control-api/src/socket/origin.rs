//! Which pages may open a WebSocket: browsers send no preflight for one, so the server has to look at `Origin`
//! (RFC 6455 §10.2).

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

use crate::addresses::Addresses;

/// Whether the request comes from a page of this server, or from no page at all.
pub(crate) fn is_own(headers: &HeaderMap, addresses: &Addresses) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Some(origin) = origin.to_str().ok().and_then(authority) else { return false };
    let public = addresses.public_url.as_deref().and_then(authority);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    public == Some(origin.clone()) || host == Some(origin)
}

fn authority(url: &str) -> Option<Authority> {
    url.parse::<Uri>().ok()?.authority().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addresses::RtmpPort;

    fn check(origin: Option<&str>, expect: bool) {
        let addresses = Addresses {
            public_url: Some("https://live.example".to_owned()),
            rtmp_public_url: None,
            rtmp_port: RtmpPort::Plain(1935),
        };
        let mut headers = HeaderMap::from_iter([(header::HOST, "10.0.0.7:8080".parse().unwrap())]);
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(is_own(&headers, &addresses), expect, "{origin:?}");
    }

    #[test]
    fn only_pages_of_this_server_may() {
        check(None, true);
        check(Some("http://10.0.0.7:8080"), true);
        check(Some("https://live.example"), true);
        check(Some("https://evil.example"), false);
        check(Some("http://10.0.0.7:9090"), false);
        check(Some("null"), false);
        check(Some(""), false);
    }
}
