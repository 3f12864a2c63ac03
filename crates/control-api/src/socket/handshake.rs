//! The server's side of the opening handshake (RFC 6455 §4.2). HTTP/1.1 only: RFC 8441 is not offered, so no client
//! tries it.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The only version there is (RFC 6455 §4.1).
const VERSION: &str = "13";

/// A request that wants to become a WebSocket.
#[derive(Debug)]
pub(super) struct Upgrade {
    accept_key: String,
    on_upgrade: OnUpgrade,
}

impl Upgrade {
    /// `None` for any other request.
    pub(super) fn of(parts: &mut Parts) -> Option<Self> {
        let headers = &parts.headers;
        let is_asked_for = parts.method == Method::GET
            && names(headers, &header::CONNECTION, "upgrade")
            && names(headers, &header::UPGRADE, "websocket")
            && names(headers, &header::SEC_WEBSOCKET_VERSION, VERSION);
        let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_asked_for)?;
        let accept_key = derive_accept_key(key.as_bytes());
        let on_upgrade = parts.extensions.remove()?;
        Some(Self { accept_key, on_upgrade })
    }

    /// The answer, after which the connection is `talk`'s.
    pub(super) fn accept<F>(self, talk: impl FnOnce(Upgraded) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { accept_key, on_upgrade } = self;
        tokio::spawn(async move {
            match on_upgrade.await {
                Ok(upgraded) => talk(upgraded).await,
                Err(error) => {
                    tracing::debug!(%error, "a client went away before its WebSocket was open")
                }
            }
        });
        let headers = [
            (header::CONNECTION, "upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_ACCEPT, &accept_key),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

/// Whether one of the values of `name`, which are separated by commas, is `wanted` in letters of any size.
fn names(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, value: &str, expect: bool) {
        let headers =
            HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())]);
        assert_eq!(names(&headers, &header::CONNECTION, "upgrade"), expect, "{name}: {value}");
    }

    #[test]
    fn a_header_names_what_is_in_its_list() {
        check("connection", "Upgrade", true);
        check("connection", "keep-alive, Upgrade", true);
        check("connection", "keep-alive", false);
        check("connection", "upgraded", false);
        check("upgrade", "upgrade", false);
    }
}
