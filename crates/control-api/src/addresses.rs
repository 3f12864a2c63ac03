//! The addresses that answers name.
//!
//! Absolute where the server's own address is known: from the configuration, else from the request's
//! `Host` (the client reached us by it), with `https` if it came by TLS that ends here. Behind a proxy that ends TLS the
//! public address has to be configured; no `Forwarded` or `X-Forwarded-*` header is believed, since anybody can send one.
//! Where nothing is known (HTTP/1.0, calls inside the process) HLS addresses are relative and
//! ingest addresses are missing.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::{Authority, Scheme};
use axum::http::{Uri, header};
use genlock_store::{CameraId, EventId};

use crate::state::Shared;

/// Path of the RTMP application that cameras publish to.
const RTMP_APPLICATION: &str = "live";

/// The addresses by which clients reach the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// `https://live.example`, without a slash at its end; `None` takes it from each request.
    pub public_url: Option<String>,
    /// `rtmp://live.example/live`, without a slash at its end; `None` derives it from the HTTP address.
    pub rtmp_public_url: Option<String>,
    /// Port for cameras, where the address is derived.
    pub rtmp_port: RtmpPort,
}

/// A port for cameras, and how it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RtmpPort {
    /// RTMP.
    Plain(u16),
    /// RTMPS.
    Tls(u16),
}

/// The addresses as the client of one request should use them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Links {
    /// What paths are appended to; empty for relative addresses.
    http: String,
    rtmp: Option<String>,
}

impl Links {
    fn new(addresses: &Addresses, requested: Option<&Requested>) -> Self {
        let http = match (&addresses.public_url, requested) {
            (Some(url), _) => url.clone(),
            (None, Some(Requested { scheme, authority })) => format!("{scheme}://{authority}"),
            (None, None) => String::new(),
        };
        let rtmp = addresses.rtmp_public_url.clone().or_else(|| {
            let uri: Uri = http.parse().ok()?;
            let (scheme, port) = match addresses.rtmp_port {
                RtmpPort::Plain(port) => ("rtmp", port),
                RtmpPort::Tls(port) => ("rtmps", port),
            };
            Some(format!("{scheme}://{}:{port}/{RTMP_APPLICATION}", uri.host()?))
        });
        Self { http, rtmp }
    }

    /// For messages that answer no request: absolute only by the configuration.
    pub(crate) fn without_request(addresses: &Addresses) -> Self {
        Self::new(addresses, None)
    }

    /// The same addresses with `path` in front of theirs.
    pub(crate) fn below(&self, path: &str) -> Self {
        Self { http: format!("{}{path}", self.http), rtmp: self.rtmp.clone() }
    }

    /// The multivariant playlist of an event's programme.
    pub(crate) fn program_hls(&self, event: &EventId) -> String {
        format!("{}/hls/{event}/program/index.m3u8", self.http)
    }

    /// The same as MPEG-TS.
    pub(crate) fn program_ts(&self, event: &EventId) -> String {
        format!("{}/hls/{event}/program/ts.m3u8", self.http)
    }

    /// The viewer's page.
    pub(crate) fn watch(&self, event: &EventId) -> String {
        format!("{}/watch/{event}", self.http)
    }

    /// The multivariant playlist of a camera.
    pub(crate) fn camera_hls(&self, event: &EventId, camera: &CameraId) -> String {
        format!("{}/hls/{event}/{camera}/index.m3u8", self.http)
    }

    /// A picture of what there is to watch.
    pub(crate) fn poster(&self, event: &EventId) -> String {
        format!("{}/watch/{event}/poster.jpg", self.http)
    }

    /// The playlist of a recording, for viewers.
    pub(crate) fn rewatch(&self, event: &str, recording: &str) -> String {
        format!("{}/watch/{event}/recordings/{recording}/index.m3u8", self.http)
    }

    /// Something of a recording.
    pub(crate) fn recording(&self, event: &str, recording: &str, file: &str) -> String {
        format!("{}/api/events/{event}/recordings/{recording}/{file}", self.http)
    }

    /// The server that cameras publish to, without a key.
    pub(crate) fn ingest(&self) -> Option<String> {
        self.rtmp.clone()
    }
}

impl FromRequestParts<Arc<Shared>> for Links {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<Self, Infallible> {
        Ok(Self::new(&shared.addresses, Requested::of(parts).as_ref()))
    }
}

/// How the client reached us.
struct Requested {
    /// [`Scheme::HTTPS`] if whoever accepted the connection says so by that extension of the request.
    scheme: Scheme,
    authority: Authority,
}

impl Requested {
    /// Whom the client wanted to reach: the request target's authority (HTTP/2, absolute form), else `Host`
    /// (RFC 9110 §7.2). One with user information in it is not believed.
    fn of(parts: &Parts) -> Option<Self> {
        let of_target = parts.uri.authority().cloned();
        let authority = of_target.or_else(|| {
            let host = parts.headers.get(header::HOST)?.to_str().ok()?;
            host.parse().ok()
        })?;
        let scheme = parts.extensions.get::<Scheme>().cloned().unwrap_or(Scheme::HTTP);
        let believed = !authority.as_str().contains('@') && !authority.host().is_empty();
        believed.then_some(Self { scheme, authority })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        Addresses { public_url: None, rtmp_public_url: None, rtmp_port: RtmpPort::Plain(1935) }
    }

    fn check(addresses: &Addresses, host: Option<&str>, http: &str, rtmp: Option<&str>) {
        let mut request = axum::http::Request::builder().uri("/api/events");
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let links = Links::new(addresses, Requested::of(&parts).as_ref());
        assert_eq!(links.http, http);
        assert_eq!(links.rtmp.as_deref(), rtmp);
    }

    #[test]
    fn the_host_of_the_request_is_used() {
        let addresses = addresses();
        check(&addresses, Some("a.b:8080"), "http://a.b:8080", Some("rtmp://a.b:1935/live"));
        check(&addresses, Some("[::1]:80"), "http://[::1]:80", Some("rtmp://[::1]:1935/live"));
    }

    #[test]
    fn whoever_came_by_tls_stays_there() {
        let addresses = Addresses { rtmp_port: RtmpPort::Tls(1936), ..addresses() };
        let mut request = axum::http::Request::builder().header(header::HOST, "a.b:8443");
        // What the client says of it counts for nothing.
        request = request.uri("http://a.b:8443/api/events").header("x-forwarded-proto", "http");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Scheme::HTTPS);
        let links = Links::new(&addresses, Requested::of(&parts).as_ref());
        assert_eq!(links.http, "https://a.b:8443");
        assert_eq!(links.rtmp.as_deref(), Some("rtmps://a.b:1936/live"));
    }

    #[test]
    fn without_a_host_addresses_are_relative() {
        check(&addresses(), None, "", None);
        check(&addresses(), Some(""), "", None);
        check(&addresses(), Some("evil@a.b"), "", None);
        check(&addresses(), Some("a b\"><script>"), "", None);
    }

    #[test]
    fn the_configuration_wins_over_the_request() {
        let public = Addresses { public_url: Some("https://x.example".to_owned()), ..addresses() };
        let derived = Some("rtmp://x.example:1935/live");
        check(&public, Some("a.b"), "https://x.example", derived);
        let both =
            Addresses { rtmp_public_url: Some("rtmps://in.example/live".to_owned()), ..public };
        check(&both, Some("a.b"), "https://x.example", Some("rtmps://in.example/live"));
    }
}
