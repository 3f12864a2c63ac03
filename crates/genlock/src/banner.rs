//! What the person who starts the server sees first.

use std::io::{self, Write};
use std::net::SocketAddr;

use genlock_store::AdminToken;

use crate::ports::Bound;

/// Prints the addresses; the token and how to begin, if the token is new.
pub(crate) fn print(bound: &Bound, token: Option<&AdminToken>) {
    say(&text(bound, token));
}

/// Writes to standard output. It may be closed, as behind `| head -1`: then the server runs all the same.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        let hint = "a new admin token was to be shown there: set one with --admin-token";
        tracing::warn!(%error, hint, "cannot write to standard output");
    }
}

fn text(bound: &Bound, token: Option<&AdminToken>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let ports = [
        ("http", bound.http, ""),
        ("https", bound.https, ""),
        ("rtmp", bound.rtmp, "/live"),
        ("rtmps", bound.rtmps, "/live"),
    ];
    let mut addresses = format!("genlock {version}\n");
    for (scheme, port, path) in ports {
        if let Some(port) = port {
            let port = reachable(port);
            addresses.push_str(&format!("  {scheme:<7} {scheme}://{port}{path}\n"));
        }
    }
    let Some(token) = token.map(AdminToken::reveal) else { return addresses };
    let (scheme, port) = match (bound.http, bound.https) {
        (Some(port), _) => ("http", port),
        (None, Some(port)) => ("https", port),
        (None, None) => return addresses,
    };
    let api = format!("{scheme}://{}/api/events", reachable(port));
    let event = post(&api, token, "", "Wedding");
    let camera = post(&api, token, "/EVENT_ID/cameras", "Altar");
    format!(
        "{addresses}  token   {token}   (the administrator's; shown this once)\n\n\
         Make an event, then a camera in it; the answer holds its stream key:\n\n  {event}\n  {camera}\n\n"
    )
}

fn post(api: &str, token: &str, path: &str, name: &str) -> String {
    format!(
        "curl -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n       \
         -d '{{\"name\":\"{name}\"}}' {api}{path}"
    )
}

/// An address that can be opened on this machine: the loopback one for "all interfaces".
pub(crate) fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => [127, 0, 0, 1].into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        other => other.ip(),
    };
    SocketAddr::new(ip, bound.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_open_port_is_told_by_an_address_that_opens_here() {
        let bound = Bound {
            http: None,
            https: Some(([0, 0, 0, 0], 8443).into()),
            rtmp: Some(([192, 0, 2, 7], 1935).into()),
            rtmps: Some(([0, 0, 0, 0], 1936).into()),
        };
        let told = text(&bound, None);
        let lines: Vec<_> = told.lines().skip(1).map(str::trim).collect();
        assert_eq!(
            lines,
            [
                "https   https://127.0.0.1:8443",
                "rtmp    rtmp://192.0.2.7:1935/live",
                "rtmps   rtmps://127.0.0.1:1936/live"
            ]
        );
        let token = AdminToken::parse("a-token-of-my-own").unwrap();
        let begin = text(&bound, Some(&token));
        assert!(begin.contains("https://127.0.0.1:8443/api/events/EVENT_ID/cameras"), "{begin}");
    }
}
